"""Writing claims: begun, filled in, step by step to their end. Each runs in the caller's database transaction."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import orjson
import psycopg
from psycopg.rows import tuple_row

from cagnotte.claims import documents, selectors
from cagnotte.claims.documents import Checked
from cagnotte.claims.selectors import SQL, ClaimView, DocumentTold, Subject
from cagnotte.domain import claims as rules
from cagnotte.domain.claims import ClaimEvent, ClaimKind, ClaimState
from cagnotte.domain.errors import InvalidInput, Refused
from cagnotte.domain.ids import bucket_of, derived_id

Connection = psycopg.Connection[Any]

MEMBER, PROGRAMME = "member", "programme"
"""Who does something: the member, or the programme by itself. Staff is `staff:NAME`."""

TEXT_LENGTH_MAX = 4_000

DOCUMENTS_MAX = 5
"""Of one claim."""

DOCUMENTS_A_DAY = 30
"""Of one member, in the 24 hours before: looking at a file costs more than sending it."""

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is done: the clock, and the day in the programme's time zone."""

    now: datetime
    today: date


class Visited(NamedTuple):
    """The visit of a claim."""

    at: datetime
    device: str
    promised: str


class Order(NamedTuple):
    """What a member tells of the order. amount_minor: None = not told yet."""

    order_ref: str = ""
    ordered_on: date | None = None
    amount_minor: int | None = None
    shop_email: str = ""
    coupon: str = ""
    note: str = ""


NOTHING_TOLD = Order()
"""Of an order of which the member has told nothing."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim that is begun. stood_minor: what the purchase earns as it stands."""

    programme_id: UUID
    wallet_id: UUID
    kind: ClaimKind
    currency: str
    subject: Subject
    visited: Visited | None = None
    order: Order = NOTHING_TOLD
    stood_minor: int | None = None


def begin(connection: Connection, draft: Draft, *, when: Moment) -> UUID:
    """Write a draft; return its id."""
    number = case_number()
    claim_id = derived_id(when.now, draft.programme_id, "claim", draft.wallet_id, number)
    visited = draft.visited
    connection.execute(
        SQL.insert_claim,
        {
            "id": claim_id,
            "programme_id": draft.programme_id,
            "wallet_id": draft.wallet_id,
            "bucket": bucket_of(draft.wallet_id),
            "number": number,
            "kind": draft.kind.value,
            "merchant_id": draft.subject.merchant_id,
            "visit_ref": draft.subject.visit_ref,
            "visited_at": visited.at if visited else None,
            "device": visited.device if visited else "",
            "promised": visited.promised if visited else "",
            "purchase_id": draft.subject.purchase_id,
            "stood_minor": draft.stood_minor,
            "order_ref": draft.order.order_ref,
            "ordered_on": draft.order.ordered_on,
            "currency": draft.currency,
            "amount_minor": draft.order.amount_minor,
            "now": when.now,
            "due_on": rules.due_on(ClaimState.DRAFT, when.today),
        },
    )
    return claim_id


def case_number() -> str:
    """Return a new number for a case: eight letters and digits that nobody mistakes, such as K7M2-9QXD."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def fill_in(
    connection: Connection, claim: ClaimView, kind: ClaimKind, order: Order, *, when: Moment
) -> None:
    """Write what the member tells into a draft. Raises Refused for one that was sent meanwhile."""
    told = {"id": claim.id, "kind": kind.value, "now": when.now, **order._asdict()}
    if not connection.execute(SQL.save_draft, told).rowcount:
        raise Refused("The claim was sent; it can no longer be changed.", claim_id=claim.id)


def drop(connection: Connection, claim: ClaimView) -> list[UUID]:
    """Delete a draft with what was handed in for it; of a claim that was sent nothing is deleted.

    Returns the documents whose files the caller deletes once this is committed.
    """
    gone = connection.execute(SQL.drop_draft, {"id": claim.id}).fetchall()
    return [document_id for (document_id,) in gone]


def lock(
    connection: Connection, programme_id: UUID, claim_id: UUID, *, wallet_id: UUID | None = None
) -> ClaimView:
    """Lock a claim, then read it. Raises NotFound."""
    connection.execute(SQL.lock, {"id": claim_id})
    return selectors.claim(connection, programme_id, claim_id, wallet_id=wallet_id)


def step(  # noqa: PLR0913 - what a step says besides who, what and when
    connection: Connection,
    claim: ClaimView,
    event: ClaimEvent,
    *,
    by: str,
    when: Moment,
    until: date | None = None,
    facts: Mapping[str, Any] | None = None,
    **changes: Any,
) -> ClaimView:
    """Take one step of a claim that is locked, and write it down; return the claim after it.

    until: of a claim that has to wait, its first day. facts: what the step says. changes: of the claim's columns
    checks, sent_at, appealed_at, reason, purchase_id, goodwill_minor those that it sets.
    Raises IllegalTransition, before anything is written.
    """
    state = rules.next_state(claim.state, event)
    due_on = rules.due_on(state, when.today, until=until)
    told = {**_row(claim, by, when), "event": event.value, "state": state.value, "due_on": due_on}
    connection.execute(
        SQL.insert_step, {**told, "facts": orjson.dumps(dict(facts or {}), default=str).decode()}
    )
    if "checks" in changes:
        changes["checks"] = orjson.dumps(changes["checks"]).decode()
    unchanged = dict.fromkeys(
        ("checks", "sent_at", "appealed_at", "reason", "purchase_id", "goodwill_minor")
    )
    connection.execute(
        SQL.set_state,
        {
            **unchanged,
            **changes,
            "id": claim.id,
            "state": state.value,
            "due_on": due_on,
            "now": when.now,
        },
    )
    return selectors.claim(connection, claim.programme_id, claim.id)


def say(connection: Connection, claim: ClaimView, text: str, *, by: str, when: Moment) -> None:
    """Write a message. Raises InvalidInput for one that is empty or too long."""
    text = text.replace("\x00", "").strip()
    if not text:
        raise InvalidInput("The message is empty.")
    if len(text) > TEXT_LENGTH_MAX:
        raise InvalidInput(f"A message holds {TEXT_LENGTH_MAX} characters at most.")
    connection.execute(SQL.insert_message, {**_row(claim, by, when), "text": text})


def check_files_today(connection: Connection, wallet_id: UUID, *, more: int, now: datetime) -> None:
    """Raise Refused, with the `reason` too_many_today, where a member would hand in too many files in a day."""
    told = {"wallet_id": wallet_id, "since": now - timedelta(days=1)}
    with connection.cursor(row_factory=tuple_row) as cursor:
        (count,) = cursor.execute(SQL.documents_since, told).fetchone() or (0,)
    if count + more > DOCUMENTS_A_DAY:
        raise Refused(
            f"A member hands in {DOCUMENTS_A_DAY} files a day at most.", reason="too_many_today"
        )


def hand_in(
    connection: Connection, claim: ClaimView, checked: Checked, *, by: str, when: Moment
) -> None:
    """Keep a proof that was checked; the same file again is there already. The claim is locked.

    Raises Refused where the claim has as many as it may have.
    """
    known = selectors.documents(connection, claim.id)
    if len(known) >= DOCUMENTS_MAX:
        raise Refused(f"A claim takes {DOCUMENTS_MAX} files at most.", at_most=DOCUMENTS_MAX)
    document_id = uuid4()
    row = {
        **_row(claim, by, when),
        "id": document_id,
        "name": checked.name,
        "kind": checked.kind,
        "size_bytes": len(checked.content),
        "sha256": checked.sha256,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        is_new = cursor.execute(SQL.insert_document, row).fetchone()
    if is_new:
        documents.write(document_id, checked.content)


def take_back(connection: Connection, claim: ClaimView, document: DocumentTold) -> None:
    """Delete a proof of a draft; its file is the caller's. Raises Refused for one of a claim that was sent."""
    if not claim.is_draft:
        raise Refused("The claim was sent; its proofs stay with it.", claim_id=claim.id)
    connection.execute(SQL.drop_document, {"id": document.id, "claim_id": claim.id})


def take(connection: Connection, claim: ClaimView, who: str) -> None:
    """Say who of the staff sees to a claim."""
    connection.execute(SQL.set_taken, {"id": claim.id, "taken_by": who})


def _row(claim: ClaimView, by: str, when: Moment) -> dict[str, Any]:
    return {
        "claim_id": claim.id,
        "programme_id": claim.programme_id,
        "wallet_id": claim.wallet_id,
        "bucket": bucket_of(claim.wallet_id),
        "by": by,
        "now": when.now,
    }
