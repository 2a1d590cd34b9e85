"""Reading the ledger: balances now and as of a moment or a day, and the entries behind them.

Amounts are in the account's own side unless a name says debit positive: a credit account that holds money owed
to a member reads as a positive number. A running balance is never stored in effective order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from cagnotte.domain.chart import KINDS, Account, Side
from cagnotte.ledger.services import open_accounts
from cagnotte.platform.sql import load

SQL = load("ledger")

Connection = psycopg.Connection[Any]

_MEMBER_STATES = ("pending", "confirmed", "available", "held", "owing")


@dataclass(frozen=True, slots=True)
class MemberBalances:
    """What a wallet holds in one currency, in minor units; each is zero or more."""

    pending: int = 0
    confirmed: int = 0
    available: int = 0
    held: int = 0
    owing: int = 0

    @property
    def shown(self) -> int:
        """What the member sees as spendable: available less owing; may be negative."""
        return self.available - self.owing


@dataclass(frozen=True, slots=True)
class KindBalance:
    """The sum of all accounts of one kind and currency in a programme, in minor units."""

    kind: str
    currency: str
    accounts: int
    own_minor: int
    """In the kind's own side."""
    debit_minor: int
    """Debit positive; over all kinds of a currency these sum to zero."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One leg with the transaction it belongs to; the amount is debit positive."""

    transaction_id: UUID
    transaction_kind: str
    fact_id: UUID
    step: int
    book_id: UUID
    occurred_on: date
    effective_on: date
    recorded_at: datetime
    leg: int
    account_id: UUID
    kind: str
    owner_id: UUID
    currency: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Movement:
    """What one transaction changed in a wallet.

    `changes` are amounts in minor units by state ("pending", "available" …), each in its account's own side: money
    that comes to a state is positive. `fact_id` and `kind` lead to the explanation: the purchase's version, hold,
    payout … that caused it.
    """

    transaction_id: UUID
    kind: str
    fact_id: UUID
    step: int
    occurred_on: date
    effective_on: date
    recorded_at: datetime
    currency: str
    changes: dict[str, int]


def balance(
    connection: Connection,
    account: Account,
    *,
    as_of_recorded: datetime | None = None,
    as_of_effective: date | None = None,
) -> int:
    """Return an account's balance in its own side; zero for one that was never opened.

    `as_of_recorded` shows what stood in the books at a moment, `as_of_effective` what counts up to and with a
    day by the entries' effective dates; both together, what was known then about that day. The balance now, and
    the recorded view, take a few index reads; the effective view of an account all purchases touch reads the
    programme's entries.
    """
    sign = -1 if KINDS[account.kind].side is Side.CREDIT else 1
    if as_of_recorded is None and as_of_effective is None:
        query = SQL.balance_now
    elif as_of_effective is None:
        query = SQL.balance_as_recorded
    else:
        query = SQL.balance_as_effective
    parameters = {
        "account_id": account.id,
        "recorded": as_of_recorded,
        "effective": as_of_effective,
    }
    [(debit_minor,)] = connection.execute(query, parameters)
    return sign * int(debit_minor)


def balance_of_id(connection: Connection, account_id: UUID) -> int:
    """Return the balance now of the account with this id, in its own side."""
    row = connection.execute(SQL.balance_of_id, {"account_id": account_id}).fetchone()
    return int(row[0]) if row else 0


def balances_by_kind(connection: Connection, programme_id: UUID) -> list[KindBalance]:
    """Return the trial balance: one row per kind and currency, in the order of the chart of accounts."""
    with connection.cursor(row_factory=class_row(KindBalance)) as cursor:
        rows = cursor.execute(SQL.balances_by_kind, {"programme_id": programme_id}).fetchall()
    order = {name: place for place, name in enumerate(KINDS)}
    return sorted(rows, key=lambda row: (row.currency, order[row.kind]))


def member_balances(
    connection: Connection, wallet_ids: Iterable[UUID], programme_id: UUID, currency: str
) -> dict[UUID, MemberBalances]:
    """Return what each wallet holds, as an unlocked read; wallets without accounts hold nothing."""
    accounts = _member_accounts(wallet_ids, programme_id, currency)
    rows = connection.execute(SQL.row_balances, {"account_ids": list(accounts)}).fetchall()
    return _by_wallet(accounts, rows)


def lock_member_balances(
    connection: Connection, wallet_ids: Iterable[UUID], programme_id: UUID, currency: str
) -> dict[UUID, MemberBalances]:
    """Return what each wallet holds, its balance rows locked in key order until the transaction ends.

    Opens the accounts that are missing, so that two first spends of a wallet wait for one another. Comes after
    the locks on purchases, wallets, budgets, holds and lots.
    """
    accounts = _member_accounts(wallet_ids, programme_id, currency)
    open_accounts(connection, accounts.values())
    rows = connection.execute(SQL.lock_balances, {"account_ids": list(accounts)}).fetchall()
    return _by_wallet(accounts, rows)


def entries_of(
    connection: Connection, *, fact_ids: Sequence[UUID] = (), account: Account | None = None
) -> list[EntryRow]:
    """Return the entries that some facts caused, or those of a member's account, in the order of recording.

    With `account` alone: its entries only. With `fact_ids`: all legs of their transactions, and with both, the
    account's legs among them.
    """
    with connection.cursor(row_factory=class_row(EntryRow)) as cursor:
        if fact_ids:
            rows = cursor.execute(SQL.entries_of_facts, {"fact_ids": list(fact_ids)}).fetchall()
            return [row for row in rows if account is None or row.account_id == account.id]
        account_id = account.id if account else None
        return cursor.execute(SQL.entries_of_account, {"account_id": account_id}).fetchall()


def movements(
    connection: Connection,
    wallet_id: UUID,
    programme_id: UUID,
    currency: str,
    *,
    count: int = 20,
    before: UUID | None = None,
) -> list[Movement]:
    """Return a wallet's last `count` movements, newest first; with `before`, those that came before that one.

    For the next page, pass the `transaction_id` of the last movement of this one: pages neither skip nor repeat
    anything while new movements arrive. Movements recorded in the same millisecond stand in the order of their
    ids, always the same. The cost depends on `count` alone, not on how much the wallet holds.
    """
    accounts = _member_accounts([wallet_id], programme_id, currency)
    parameters = {"account_ids": list(accounts), "before": before, "count": count}
    with connection.cursor(row_factory=class_row(EntryRow)) as cursor:
        rows = cursor.execute(SQL.movements, parameters).fetchall()
    found: dict[UUID, Movement] = {}
    for row in rows:
        movement = found.get(row.transaction_id)
        if movement is None:
            movement = found[row.transaction_id] = _movement(row)
        sign = -1 if KINDS[row.kind].side is Side.CREDIT else 1
        state = row.kind.removeprefix("member.")
        movement.changes[state] = movement.changes.get(state, 0) + sign * row.amount_minor
    return list(found.values())


def _movement(row: EntryRow) -> Movement:
    return Movement(
        transaction_id=row.transaction_id,
        kind=row.transaction_kind,
        fact_id=row.fact_id,
        step=row.step,
        occurred_on=row.occurred_on,
        effective_on=row.effective_on,
        recorded_at=row.recorded_at,
        currency=row.currency,
        changes={},
    )


def _member_accounts(
    wallet_ids: Iterable[UUID], programme_id: UUID, currency: str
) -> dict[UUID, Account]:
    accounts = (
        Account(f"member.{state}", wallet_id, programme_id, currency)
        for wallet_id in wallet_ids
        for state in _MEMBER_STATES
    )
    return {account.id: account for account in accounts}


def _by_wallet(
    accounts: dict[UUID, Account], rows: Iterable[tuple[UUID, int]]
) -> dict[UUID, MemberBalances]:
    found: dict[UUID, dict[str, int]] = {account.owner_id: {} for account in accounts.values()}
    for account_id, amount_minor in rows:
        account = accounts[account_id]
        found[account.owner_id][account.kind.removeprefix("member.")] = amount_minor
    return {wallet_id: MemberBalances(**amounts) for wallet_id, amounts in found.items()}


def closed_until(connection: Connection, programme_id: UUID) -> date | None:
    """Return the last day of a programme's closed books, None when none are closed."""
    found: date | None
    [(found,)] = connection.execute(SQL.closed_until, {"programme_id": programme_id})
    return found
