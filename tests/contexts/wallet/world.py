"""A small world for the tests of spending: a programme, a shop, members with lots, and all that stands."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from cagnotte.domain.bookings.spending import Occasion, Purse
from cagnotte.domain.chart import Account
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.transactions import Transaction
from cagnotte.journeys import check_books
from cagnotte.ledger import checks, selectors
from cagnotte.ledger import services as ledger
from cagnotte.payouts import services as payouts
from cagnotte.payouts.selectors import PayoutRules
from cagnotte.payouts.services import MethodRow
from cagnotte.platform import database
from cagnotte.wallet import movements

Connection = psycopg.Connection[Any]

PROGRAMME = UUID("00000000-0000-7000-8000-000000000001")
SHOP = UUID("00000000-0000-7000-8000-000000000002")
BRAND = UUID("00000000-0000-7000-8000-000000000003")

TODAY = date(2026, 6, 10)
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)

IBANS = (
    "FR7630006000011234567890189",
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "BE68539007547034",
    "ES9121000418450200051332",
)

Lots = Sequence[tuple[int, date | None]]
"""Amount and last day of each lot."""


@dataclass
class World:
    """What tests do and see; `purse` gives the accounts of a wallet."""

    connection: Connection
    members: list[UUID] = field(default_factory=list, repr=False)
    debts: int = 0

    def wallet(self, lots: Lots = (), *, frozen: bool = False) -> UUID:
        """Open a wallet whose lots are made available, funded by the brand."""
        number = len(self.members) + 1
        wallet_id = named_id("test wallet", number)
        self.members.append(wallet_id)
        with self.connection.transaction():
            self.connection.execute(
                "INSERT INTO identity_wallet (id, programme_id, bucket, opened_at, frozen)"
                " VALUES (%s, %s, %s, %s, %s)",
                [wallet_id, PROGRAMME, bucket_of(wallet_id), NOON, frozen],
            )
            self.connection.execute(
                "INSERT INTO identity_member (id, programme_id, wallet_id, ref, name, email, country,"
                " locale, segments, joined_on) VALUES (%s, %s, %s, %s, '', '', '', 'fr', '{}', %s)",
                [named_id("test member", number), PROGRAMME, wallet_id, f"M{number}", TODAY],
            )
        for amount_minor, expires_on in lots:
            self.give(wallet_id, amount_minor, expires_on)
        return wallet_id

    def give(
        self,
        wallet_id: UUID,
        amount_minor: int,
        expires_on: date | None = None,
        *,
        gains: str = "programme.breakage",
    ) -> UUID:
        """Make money available: a lot and its booking; return the lot."""
        owner = BRAND if gains.startswith("funder.") else PROGRAMME
        with self.connection.transaction():
            row = self.connection.execute("SELECT count(*) FROM rewards_lot").fetchone()
            lot_id = named_id("test lot", row)
            self.connection.execute(
                "INSERT INTO rewards_lot (id, wallet_id, bucket, origin, currency, amount_minor,"
                " remaining_minor, expired_minor, available_on, expires_on, breakage_to, breakage_account)"
                " VALUES (%s, %s, %s, 'purchase_rebate', 'EUR', %s, %s, 0, %s, %s, 'programme', %s)",
                [
                    lot_id,
                    wallet_id,
                    bucket_of(wallet_id),
                    amount_minor,
                    amount_minor,
                    TODAY - timedelta(days=100),
                    expires_on,
                    Jsonb({"kind": gains, "owner_id": str(owner)}),
                ],
            )
            due = Account("funder.due", BRAND, PROGRAMME, "EUR")
            available = self.purse(wallet_id).member("available")
            self.book({due: amount_minor, available: -amount_minor}, wallet_id, lot_id)
        return lot_id

    def owe(self, wallet_id: UUID, amount_minor: int) -> None:
        """Make a member owe money, as a clawback of spent rewards does."""
        due = Account("funder.due", BRAND, PROGRAMME, "EUR")
        owing = self.purse(wallet_id).member("owing")
        self.debts += 1
        fact_id = named_id("owing", wallet_id, self.debts)
        with self.connection.transaction():
            self.book({owing: amount_minor, due: -amount_minor}, wallet_id, fact_id)

    def close(self, wallet_id: UUID) -> None:
        """Close the account, whatever stands in it."""
        with self.connection.transaction():
            self.connection.execute(
                "UPDATE identity_wallet SET closed_at = %s WHERE id = %s", [NOON, wallet_id]
            )

    def book(self, legs: dict[Account, int], wallet_id: UUID, fact_id: UUID) -> None:
        """Post legs as they are."""
        made = Transaction.of(
            legs.items(),
            programme_id=PROGRAMME,
            book_id=wallet_id,
            kind="given",
            fact_id=fact_id,
            occurred_on=TODAY,
            recorded_at=NOON,
        )
        assert made is not None
        ledger.post(self.connection, [made], batch_id=named_id("batch", fact_id))

    def occasion(self, *, days: int = 0, minutes: int = 0) -> Occasion:
        """A moment some days and minutes after noon of the first day."""
        now = NOON + timedelta(days=days, minutes=minutes)
        return Occasion(PROGRAMME, "EUR", now.date(), now.date(), now)

    def purse(self, wallet_id: UUID) -> Purse:
        return Purse(PROGRAMME, wallet_id, "EUR")

    def rules(self, **changes: Any) -> PayoutRules:
        """Save payout settings: a minimum of 20.00 EUR unless told otherwise."""
        given: dict[str, Any] = {
            "programme_id": PROGRAMME,
            "currency": "EUR",
            "rail": "sepa",
            "debtor_name": "Marché SAS",
            "debtor_iban": IBANS[0],
            "debtor_bic": "AGRIFRPP",
            "threshold_minor": 2000,
            **changes,
        }
        with self.connection.transaction():
            return payouts.save_settings(self.connection, PayoutRules(**given))

    def bank_account(
        self,
        wallet_id: UUID,
        iban: str = IBANS[1],
        *,
        holder: str = "Ana Müller",
        days_ago: int = 90,
    ) -> None:
        """Put a member's bank account on file."""
        row = MethodRow(wallet_id, holder, iban, changed_at=NOON - timedelta(days=days_ago))
        with self.connection.transaction():
            saved = payouts.save_methods(
                self.connection, [row], programme_id=PROGRAMME, now=NOON - timedelta(days=days_ago)
            )
        assert not saved.rejected

    def balances(self, wallet_id: UUID) -> tuple[int, int, int]:
        """Available, held, owing."""
        found = selectors.member_balances(self.connection, [wallet_id], PROGRAMME, "EUR")[wallet_id]
        self.connection.rollback()
        return found.available, found.held, found.owing

    def balance(self, kind: str, owner: UUID = PROGRAMME) -> int:
        """An account's balance, in its own side."""
        found = selectors.balance(self.connection, Account(kind, owner, PROGRAMME, "EUR"))
        self.connection.rollback()
        return found

    def lots(self, wallet_id: UUID) -> list[tuple[int, int, int, date | None]]:
        """Each lot as (amount, remaining, expired, last day), first-expiring first."""
        rows = self.connection.execute(
            "SELECT amount_minor, remaining_minor, expired_minor, expires_on FROM rewards_lot"
            " WHERE wallet_id = %s ORDER BY expires_on NULLS LAST, amount_minor, id",
            [wallet_id],
        ).fetchall()
        self.connection.rollback()
        return rows

    def rows(self, query: Any, *parameters: Any) -> list[Any]:
        found = self.connection.execute(query, parameters).fetchall()
        self.connection.rollback()
        return found

    def standing(self) -> list[Any]:
        """All money, holds and payouts, as one value to compare: to show that nothing moved."""
        return [
            self.rows(query)
            for query in (
                "SELECT * FROM ledger_balance ORDER BY account_id",
                "SELECT * FROM ledger_entry ORDER BY transaction_id, leg",
                "SELECT * FROM rewards_lot ORDER BY id",
                "SELECT * FROM wallet_hold ORDER BY id",
                "SELECT * FROM wallet_hold_allocation ORDER BY hold_id, lot_id",
                "SELECT * FROM wallet_capture ORDER BY id",
                "SELECT * FROM wallet_refund ORDER BY id",
                "SELECT * FROM payouts_payout ORDER BY id",
                "SELECT * FROM payouts_payoutstep ORDER BY id",
                "SELECT * FROM payouts_payoutbatch ORDER BY id",
                "SELECT * FROM identity_wallet ORDER BY id",
            )
        ]

    def assert_sound(self) -> None:
        """The books are right: lots are what is available, open holds what is held, the ledger verifies."""
        above = [check for check in check_books.CHECKS if check.name in {"lots", "holds", "owing"}]
        found = checks.verify(self.connection, extra=above)
        self.connection.rollback()
        assert [(one.check, one.sentence) for one in found if one.is_fault] == []


@contextmanager
def a_world() -> Iterator[World]:
    """A programme and an empty world, over a connection that works as the application."""
    with database.connect() as connection:
        world = World(connection)
        with connection.transaction():
            connection.execute(
                "INSERT INTO identity_programme (id, slug, name, currency, timezone, created_at)"
                " VALUES (%s, 'market', 'Market', 'EUR', 'Europe/Paris', %s)",
                [PROGRAMME, NOON],
            )
        yield world
        connection.rollback()


def occasion_now(connection: Connection) -> Occasion:
    """The occasion of the first day, with the books' first open day looked up."""
    return movements.occasion(
        connection, programme_id=PROGRAMME, currency="EUR", now=NOON, on=TODAY
    )
