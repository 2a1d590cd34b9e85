"""Questions to claims. Pages of a member always name the wallet; the programme's own commands leave it out."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import tuple_row

from cagnotte.domain.claims import UNDER_WAY, Actor, ClaimKind, ClaimState, who_acts
from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import public_id
from cagnotte.platform import sql

SQL = sql.load("claims")

Connection = psycopg.Connection[Any]

COUNTED = (*UNDER_WAY, ClaimState.ACCEPTED, ClaimState.DECLINED, ClaimState.EXPIRED)
"""A claim in one of these states stands against another about the same."""


class ClaimView(NamedTuple):
    """A claim as it stands. merchant, merchant_name: reference and name. Amounts in minor units of the currency."""

    id: UUID
    programme_id: UUID
    wallet_id: UUID
    number: str
    kind: ClaimKind
    state: ClaimState
    merchant_id: UUID
    merchant: str
    merchant_name: str
    visit_ref: str
    visited_at: datetime | None
    device: str
    promised: str
    purchase_id: UUID | None
    stood_minor: int | None
    order_ref: str
    ordered_on: date | None
    currency: str
    amount_minor: int | None
    shop_email: str
    coupon: str
    note: str
    checks: list[dict[str, Any]]
    begun_at: datetime
    sent_at: datetime | None
    changed_at: datetime
    due_on: date | None
    appealed_at: datetime | None
    reason: str
    goodwill_minor: int | None
    taken_by: str

    @property
    def public_id(self) -> str:
        """Its id in addresses, such as clm_01j9…."""
        return public_id("clm", self.id)

    @property
    def public_purchase_id(self) -> str:
        """The id of its purchase in addresses; "" where there is none."""
        return public_id("pur", self.purchase_id) if self.purchase_id else ""

    @property
    def actor(self) -> Actor:
        """Who has to act next."""
        return who_acts(self.state)

    @property
    def is_draft(self) -> bool:
        """Whether it has not been sent."""
        return self.state is ClaimState.DRAFT


class StepTold(NamedTuple):
    """One step. by: member, programme, or staff:NAME. facts: what the step says, such as a reason."""

    n: int
    at: datetime
    by: str
    event: str
    state: str
    due_on: date | None
    facts: dict[str, Any]


class MessageTold(NamedTuple):
    """One message. by: member, or staff:NAME."""

    at: datetime
    by: str
    text: str

    @property
    def is_members(self) -> bool:
        """Whether the member wrote it."""
        return self.by == "member"


class DocumentTold(NamedTuple):
    """One document. kind: pdf, jpeg, png or webp."""

    id: UUID
    at: datetime
    by: str
    name: str
    kind: str
    size_bytes: int


CHECKS = ClaimView._fields.index("checks")
"""Where the checks stand in a row, as JSON: connections differ in what they make of it."""


def _view(row: tuple[Any, ...]) -> ClaimView:
    view = ClaimView(*row)
    return view._replace(
        kind=ClaimKind(view.kind), state=ClaimState(view.state), checks=orjson.loads(row[CHECKS])
    )


def claim(
    connection: Connection, programme_id: UUID, claim_id: UUID, *, wallet_id: UUID | None = None
) -> ClaimView:
    """Return a claim of a programme; with a wallet, of that member alone. Raises NotFound."""
    asked = {"programme_id": programme_id, "id": claim_id, "wallet_id": wallet_id}
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(SQL.by_id, asked).fetchone()
    if row is None:
        raise NotFound("There is no such claim.", claim_id=claim_id)
    return _view(row)


def id_of_number(connection: Connection, programme_id: UUID, number: str) -> UUID:
    """Return the claim of a case number, whatever its capitals. Raises NotFound."""
    asked = {"programme_id": programme_id, "number": number.strip().upper()}
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(SQL.by_number, asked).fetchone()
    if row is None:
        raise NotFound(f"There is no claim {number}.", number=number)
    found: UUID = row[0]
    return found


def of_member(
    connection: Connection,
    programme_id: UUID,
    wallet_id: UUID,
    *,
    states: Collection[ClaimState] | None = None,
    before: datetime | None = None,
    count: int = 20,
) -> list[ClaimView]:
    """Return a member's claims, the last begun first. before: those begun before a moment."""
    asked = {
        "programme_id": programme_id,
        "wallet_id": wallet_id,
        "states": None if states is None else [state.value for state in states],
        "before": before,
        "count": count,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [_view(row) for row in cursor.execute(SQL.of_wallet, asked)]


def counts(connection: Connection, programme_id: UUID, wallet_id: UUID) -> dict[ClaimState, int]:
    """Return how many claims a member has in each state; states without any are absent."""
    asked = {"programme_id": programme_id, "wallet_id": wallet_id}
    with connection.cursor(row_factory=tuple_row) as cursor:
        return {ClaimState(state): count for state, count in cursor.execute(SQL.counts, asked)}


def queue(
    connection: Connection,
    programme_id: UUID,
    *,
    states: Iterable[ClaimState],
    merchant_id: UUID | None = None,
    count: int = 200,
) -> list[ClaimView]:
    """Return claims of a programme in some states, the first due first."""
    asked = {
        "programme_id": programme_id,
        "states": [state.value for state in states],
        "merchant_id": merchant_id,
        "count": count,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [_view(row) for row in cursor.execute(SQL.queue, asked)]


class Subject(NamedTuple):
    """What a claim is about, as far as it is known: "" and None for what is not."""

    merchant_id: UUID
    visit_ref: str = ""
    order_ref: str = ""
    purchase_id: UUID | None = None


class Alike(NamedTuple):
    """Another claim about the same."""

    id: UUID
    number: str

    @property
    def public_id(self) -> str:
        """Its id in addresses."""
        return public_id("clm", self.id)


def alike(
    connection: Connection,
    programme_id: UUID,
    wallet_id: UUID,
    subject: Subject,
    *,
    besides: UUID | None = None,
) -> Alike | None:
    """Return a member's other claim about the same visit, order or purchase that was sent and not withdrawn."""
    asked = {
        **subject._asdict(),
        "programme_id": programme_id,
        "wallet_id": wallet_id,
        "id": besides,
        "states": [state.value for state in COUNTED],
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(SQL.alike, asked).fetchone()
    return Alike(*row) if row else None


def draft_about(
    connection: Connection,
    programme_id: UUID,
    wallet_id: UUID,
    *,
    visit_ref: str,
    purchase_id: UUID | None,
) -> UUID | None:
    """Return the draft that a member has begun about a visit or a purchase."""
    asked = {
        "programme_id": programme_id,
        "wallet_id": wallet_id,
        "visit_ref": visit_ref,
        "purchase_id": purchase_id,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(SQL.drafts_alike, asked).fetchone()
    return row[0] if row else None


def under_way_by_purchase(
    connection: Connection, programme_id: UUID, wallet_id: UUID
) -> dict[UUID, Alike]:
    """Return a member's claims that are under way, by the purchase they are about."""
    asked = {
        "programme_id": programme_id,
        "wallet_id": wallet_id,
        "states": [state.value for state in UNDER_WAY],
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(SQL.of_purchases, asked).fetchall()
    return {purchase_id: Alike(*rest) for purchase_id, *rest in rows}


def steps(connection: Connection, claim_id: UUID) -> list[StepTold]:
    """Return the steps of a claim in their order."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(SQL.steps, {"claim_id": claim_id}).fetchall()
    return [StepTold(*row)._replace(facts=orjson.loads(row[-1])) for row in rows]


def messages(connection: Connection, claim_id: UUID) -> list[MessageTold]:
    """Return what was written about a claim, in its order."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [MessageTold(*row) for row in cursor.execute(SQL.messages, {"claim_id": claim_id})]


def documents(connection: Connection, claim_id: UUID) -> list[DocumentTold]:
    """Return what was handed in for a claim, in its order."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [DocumentTold(*row) for row in cursor.execute(SQL.documents, {"claim_id": claim_id})]
