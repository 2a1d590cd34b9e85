"""A programme with two shops and three members, in the test's own transaction, and clicks of any age."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import psycopg
from django.db import connection as django_connection

from cagnotte.domain.attribution import Candidate, Trace
from cagnotte.hooks.sources import TraceFound
from cagnotte.identity import services as identity
from cagnotte.identity.services import MemberFacts, PartyFacts
from cagnotte.tracking import selectors, services
from cagnotte.tracking.selectors import Sought
from cagnotte.tracking.services import NewClick

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOUGHT = datetime(2026, 3, 10, 18, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class World:
    """The programme "portal", its shops "verte" and "bleue", its members A, B and C."""

    connection: psycopg.Connection[Any]
    id: UUID

    @property
    def verte(self) -> UUID:
        return identity.party_id_of(self.id, "merchant", "verte")

    @property
    def bleue(self) -> UUID:
        return identity.party_id_of(self.id, "merchant", "bleue")

    def wallet(self, member: str) -> UUID:
        return identity.wallet_id_of(self.id, member)

    def click(
        self,
        days_before: float = 1,
        *,
        visit: UUID | None = None,
        merchant: UUID | None = None,
        **facts: Any,
    ) -> str:
        """Follow a link some days before the order; return the click's reference."""
        given = NewClick(
            programme_id=self.id,
            merchant_id=merchant or self.verte,
            visit_id=visit or uuid4(),
            clicked_at=BOUGHT - days_before * DAY,
            offer=("standard", 1),
            **facts,
        )
        return services.record_click(self.connection, given).ref

    def signed_in(self, member: str) -> UUID:
        """Return a visit of a member."""
        visit = uuid4()
        assert services.claim_visit(
            self.connection,
            programme_id=self.id,
            visit_id=visit,
            wallet_id=self.wallet(member),
            now=NOW,
        )
        return visit

    def found(
        self, *traces: tuple[Trace, str], merchant: UUID | None = None, bought: datetime = BOUGHT
    ) -> list[Candidate]:
        """Ask for one order with these traces."""
        told = [TraceFound(kind, value) for kind, value in traces]
        return self.ask([Sought(1, told, bought, merchant or self.verte)])[1]

    def ask(self, sought: Sequence[Sought]) -> dict[int, list[Candidate]]:
        return selectors.candidates(self.connection, self.id, sought)


def a_world() -> World:
    """Make the programme; asks for the fixture `db`."""
    identity.create_programme(
        slug="portal", name="A portal", currency="EUR", timezone="Europe/Paris", now=NOW
    )
    programme_id = identity.programme_id_of("portal")
    identity.save_parties(
        programme_id,
        [PartyFacts("merchant", ref, ref.title(), "FR") for ref in ("verte", "bleue")],
    )
    django_connection.ensure_connection()
    connection = cast("psycopg.Connection[Any]", django_connection.connection)
    identity.save_members(
        connection,
        programme_id,
        [
            MemberFacts(1, "A", "Ana", "ana@mail.example"),
            MemberFacts(2, "B", "Bob", "bob@mail.example"),
            MemberFacts(3, "C", "Cléo", "ana@mail.example"),
        ],
        now=NOW,
        today=date(2026, 3, 1),
    )
    return World(connection, programme_id)
