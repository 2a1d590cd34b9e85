"""What is newly said about purchases that stand already: the rows, locked, and the changes messages make to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.domain.errors import IllegalTransition
from cagnotte.domain.ids import milliseconds_in
from cagnotte.domain.lifecycle import EVENT_FOR, Event, next_state
from cagnotte.domain.purchases import Purchase, Validation
from cagnotte.platform.sql import load
from cagnotte.purchases.reports import Report

Connection = psycopg.Connection[Any]


class PurchaseRow(NamedTuple):
    """A purchase as it stands, locked."""

    native_id: str
    id: UUID
    wallet_id: UUID
    bucket: int
    member_id: UUID
    merchant_id: UUID
    order_ref: str
    occurred_on: date
    currency: str
    validation: str
    reason: str
    version: int
    content_hash: bytes
    reported_at: datetime | None
    file_id: UUID | None
    confirmed_on: date | None
    release_on: date | None
    answer_by: date | None
    event_on: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """What is newly said about a purchase.

    purchase: its new facts, None when only its state changes. content_hash, reported_at, file_id: of the message,
    None when it did not come from a source. keeps_returns: its source never tells returns, so those that others told
    still hold.
    """

    row: PurchaseRow
    event: Event
    validation: Validation
    reason: str = ""
    purchase: Purchase | None = None
    content_hash: bytes | None = None
    reported_at: datetime | None = None
    file_id: UUID | None = None
    keeps_returns: bool = False


def lock_purchases(
    connection: Connection, programme_id: UUID, source_id: UUID, native_ids: list[str]
) -> dict[str, PurchaseRow]:
    """Lock the purchases a source's messages speak of, in key order; return those that exist."""
    rows = connection.execute(
        load("ingest").lock_purchases,
        {"programme_id": programme_id, "source_id": source_id, "native_ids": native_ids},
    ).fetchall()
    return {row[0]: PurchaseRow(*row) for row in rows}


def lock_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, PurchaseRow]:
    """Lock purchases by their ids, in key order."""
    rows = connection.execute(load("restate").lock_by_id, {"ids": sorted(ids)}).fetchall()
    return {row[1]: PurchaseRow(*row) for row in rows}


_AT_EQUAL_TIME = {Validation.DECLINED: 2, Validation.CONFIRMED: 1, Validation.PENDING: 0}


def change_of(row: PurchaseRow, report: Report, file_id: UUID | None) -> Change | str:
    """Return the change a message makes, or "unchanged" or "stale".

    Content is compared with the latest applied message alone. An older message is kept and changes nothing. Age is
    the source's own time; at equal time declined beats confirmed beats pending, then the smaller hash. Where the
    source tells no time, a file first seen before the one of the latest message is older: its rejected rows may be
    taken late. A message that came in no file (file_id None) was sent now.
    """
    if bytes(row.content_hash) == report.content_hash:
        return "unchanged"
    standing = Validation(row.validation)
    status = report.status or standing
    # In UTC, as the report's: PostgreSQL's session may be in a zone whose clocks repeat an hour.
    standing_at = row.reported_at.astimezone(UTC) if row.reported_at else None
    if report.reported_at is None or standing_at is None:
        if file_id and row.file_id and milliseconds_in(file_id) < milliseconds_in(row.file_id):
            return "stale"
    elif report.reported_at < standing_at:
        return "stale"
    elif report.reported_at == standing_at:
        ours = (_AT_EQUAL_TIME[standing], [-byte for byte in row.content_hash])
        theirs = (_AT_EQUAL_TIME[status], [-byte for byte in report.content_hash])
        if theirs < ours:
            return "stale"
    event = EVENT_FOR[status] if status is not standing else Event.AMEND
    return Change(
        row=row,
        event=event,
        validation=next_state(standing, event),
        reason=report.reason,
        purchase=report.purchase,
        content_hash=report.content_hash,
        reported_at=report.reported_at,
        file_id=file_id,
    )


def state_change(row: PurchaseRow, event: Event, reason: str = "") -> Change:
    """Return the change of an order to confirm, decline or reopen. Raises IllegalTransition, also for a repeat."""
    standing = Validation(row.validation)
    after = next_state(standing, event)
    if after is standing:
        raise IllegalTransition(
            f"The purchase {row.native_id} is {standing} already.", state=standing, event=event
        )
    return Change(row=row, event=event, validation=after, reason=reason)
