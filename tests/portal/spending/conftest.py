"""A coalition of three shops whose members have money to use, in the test's own transaction."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from django.utils import translation
from psycopg.types.json import Jsonb

from cagnotte.domain.chart import Account
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.transactions import Transaction
from cagnotte.identity import services as identity
from cagnotte.journeys import give, load_programme
from cagnotte.ledger import selectors as balances
from cagnotte.ledger import services as ledger
from cagnotte.payouts import services as payouts
from cagnotte.payouts.services import MethodRow
from cagnotte.platform.shared_connection import shared_connection
from tests.portal.accounts.proofs import prove
from tests.portal.people import Person, signed_in

NOW = datetime(2026, 6, 10, 10, tzinfo=UTC)
TODAY = date(2026, 6, 10)
IBAN = "FR1420041010050500013M02606"
OTHER_IBAN = "DE89370400440532013000"

PROGRAMME = """
    programme: {slug: market, name: Marché commun, currency: EUR, timezone: Europe/Paris}
    merchants:
      - {ref: jam, name: Confiture & Cie, site: "https://jam.example"}
      - {ref: tea, name: Thé du coin, site: "https://tea.example"}
      - {ref: far, name: Far away, site: "https://far.example"}
    networks: [{ref: net}]
    contracts:
      - {ref: jam, merchant: jam}
      - {ref: tea, merchant: tea, spending: {order_max_share: 50 %, order_max: "30.00"}}
      - {ref: far, merchant: far, network: net, commissions: [{rate: 8 %}], binding: click}
    payouts: {debtor_name: Marché SAS, iban: FR7630006000011234567890189, bic: AGRIFRPP, threshold: "10.00",
              fee: "0.50"}
"""

CHARITIES = """
    charities:
      - ref: sea
        name: Clean Seas
        cause: {en: Takes plastic out of the sea., fr: Retire le plastique de la mer.}
        site: https://sea.example
      - {ref: food, name: Food for all, cause: Meals for families.}
"""


@dataclass
class Market:
    """The coalition, and what its members hold."""

    folder: Path
    given: int = field(default=0)

    @property
    def id(self) -> UUID:
        return identity.programme_id_of("market")

    def load(self, text: str = PROGRAMME) -> None:
        path = self.folder / "programme.yaml"
        path.write_text(dedent(text), encoding="utf-8")
        load_programme.run(path, now=NOW)

    def charities(self, text: str = CHARITIES) -> None:
        path = self.folder / "charities.yaml"
        path.write_text(dedent(text), encoding="utf-8")
        give.load(shared_connection(), self.id, path)

    def member(
        self, ref: str = "ana", *, cents: int = 0, bank: bool = False, sure: bool = True
    ) -> Person:
        """Sign somebody in who has money. sure: they proved just now who they are."""
        with transaction.atomic():
            person = signed_in("market", ref, now=NOW, name="Ana Müller")
        if cents:
            self.give(person, cents)
        if bank:
            row = MethodRow(person.member.wallet_id, "Ana Müller", IBAN)
            connection = shared_connection()
            with connection.transaction():
                payouts.save_methods(
                    connection, [row], programme_id=self.id, now=NOW - timedelta(days=90)
                )
        if sure:
            prove(person, now=NOW)
        return person

    def give(self, person: Person, cents: int) -> None:
        """Make money available, as a released reward does."""
        with shared_connection().transaction():
            self._give(person.member.wallet_id, cents)

    def _give(self, wallet_id: UUID, cents: int) -> None:
        self.given += 1
        connection = shared_connection()
        lot_id = named_id("test lot", self.given)
        brand = identity.party_id_of(self.id, "merchant", "jam")
        connection.execute(
            "INSERT INTO rewards_lot (id, wallet_id, bucket, origin, currency, amount_minor,"
            " remaining_minor, expired_minor, available_on, breakage_to, breakage_account)"
            " VALUES (%s, %s, %s, 'purchase_rebate', 'EUR', %s, %s, 0, %s, 'programme', %s)",
            [
                lot_id,
                wallet_id,
                bucket_of(wallet_id),
                cents,
                cents,
                TODAY - timedelta(days=30),
                Jsonb({"kind": "programme.breakage", "owner_id": str(self.id)}),
            ],
        )
        due = Account("funder.due", brand, self.id, "EUR")
        available = Account("member.available", wallet_id, self.id, "EUR")
        made = Transaction.of(
            [(due, cents), (available, -cents)],
            programme_id=self.id,
            book_id=wallet_id,
            kind="given",
            fact_id=lot_id,
            occurred_on=TODAY,
            recorded_at=NOW,
        )
        assert made is not None
        ledger.post(connection, [made], batch_id=named_id("test batch", self.given))

    def holds(self, person: Person) -> tuple[int, int]:
        """Return what is available and what is held, in cents."""
        wallet_id = person.member.wallet_id
        found = balances.member_balances(shared_connection(), [wallet_id], self.id, "EUR")
        return found[wallet_id].available, found[wallet_id].held

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        row: Any = shared_connection().execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(row[0])


def opened(folder: Path) -> Iterator[Market]:
    """Give the coalition at noon of a day in June."""
    found = Market(folder)
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        found.load()
        yield found


@pytest.fixture
def market(db: None, tmp_path: Path) -> Iterator[Market]:
    """The coalition, in the test's own transaction."""
    yield from opened(tmp_path)
