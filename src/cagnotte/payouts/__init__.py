"""Paying members: where they want the money, payouts and their events, batches for a bank, its answers.

May import: wallet, identity, ledger, hooks and below. Look next at `services`, then `selectors`; the queries are
in `sql/payouts.sql`, the verbs in `journeys.pay_out`.
"""
