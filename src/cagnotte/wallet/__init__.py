"""Spending from a cagnotte: holds, captures, refunds, and the lots the money comes from and goes back to.

May import: rewards, identity, ledger and below. Look next at `services` (holds) and `captures` (what spends and
refunds them), which other code calls, then at `movements`, where lots change; the queries are in
`sql/wallet.sql`.
"""
