"""A small world for the tests of the ledger: one programme, one funder, bookings with few words."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from cagnotte.domain.chart import Account
from cagnotte.domain.transactions import Transaction
from cagnotte.platform import database

Connection = psycopg.Connection[Any]

PROGRAMME = UUID("00000000-0000-7000-8000-000000000001")
FUNDER = UUID("00000000-0000-7000-8000-000000000002")
ANNA = UUID("00000000-0000-7000-8000-00000000000a")
BEN = UUID("00000000-0000-7000-8000-00000000000b")

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def patient(role: database.Role = "app") -> Connection:
    """A connection that waits for a lock, but not for ever: a deadlock of a test with itself ends too."""
    connection = database.connect(role)
    connection.execute("SET lock_timeout = '30s'")
    connection.commit()
    return connection


def member(state: str, wallet: UUID, currency: str = "EUR") -> Account:
    return Account(f"member.{state}", wallet, PROGRAMME, currency)


def funder(state: str, currency: str = "EUR") -> Account:
    return Account(f"funder.{state}", FUNDER, PROGRAMME, currency)


def programme(state: str, currency: str = "EUR") -> Account:
    return Account(f"programme.{state}", PROGRAMME, PROGRAMME, currency)


def booking(
    legs: Mapping[Account, int],
    *,
    kind: str = "tracked",
    fact: UUID | None = None,
    day: date = DAY,
    at: datetime = NOON,
    effective_on: date | None = None,
) -> Transaction:
    """A transaction of these legs, in the book of the first member among them, else the programme's."""
    wallets = [account.owner_id for account in legs if account.kind.startswith("member.")]
    made = Transaction.of(
        legs.items(),
        programme_id=PROGRAMME,
        book_id=wallets[0] if wallets else PROGRAMME,
        kind=kind,
        fact_id=fact or uuid4(),
        occurred_on=day,
        recorded_at=at,
        effective_on=effective_on,
    )
    assert made is not None
    return made


def tracked(wallet: UUID, amount_minor: int, **more: Any) -> Transaction:
    """A purchase tracked: the funder owes the member a reward that waits."""
    legs = {funder("accrued"): amount_minor, member("pending", wallet): -amount_minor}
    return booking(legs, **more)


def given(wallet: UUID, amount_minor: int, **more: Any) -> Transaction:
    """Money made available at once."""
    legs = {programme("promotions"): amount_minor, member("available", wallet): -amount_minor}
    return booking(legs, kind="goodwill", **more)


def spent(wallet: UUID, amount_minor: int, **more: Any) -> Transaction:
    """Available money put on hold."""
    legs = {member("available", wallet): amount_minor, member("held", wallet): -amount_minor}
    return booking(legs, kind="held", **more)


def later(days: int) -> datetime:
    return NOON + timedelta(days=days)


def standing(connection: Connection) -> list[tuple[Any, ...]]:
    """All that stands in the ledger, as one value to compare: to show that nothing moved."""
    connection.rollback()
    rows: list[tuple[Any, ...]] = []
    for query in (
        "SELECT 'account', count(*)::text FROM ledger_account",
        "SELECT 'batch', string_agg(b::text, ' ' ORDER BY batch_id) FROM ledger_batch b",
        "SELECT 'transaction', string_agg(t::text, ' ' ORDER BY id) FROM ledger_transaction t",
        "SELECT 'entry', string_agg(e::text, ' ' ORDER BY transaction_id, leg) FROM ledger_entry e",
        "SELECT 'balance', string_agg(b::text, ' ' ORDER BY account_id) FROM ledger_balance b",
        "SELECT 'delta', string_agg(d::text, ' ' ORDER BY account_id, x) FROM ledger_delta d",
        "SELECT 'period', string_agg(p::text, ' ' ORDER BY ends_on) FROM ledger_period p",
    ):
        rows.extend(connection.execute(query).fetchall())
    connection.rollback()
    return rows
