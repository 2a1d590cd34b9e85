"""Deliveries: who is told, what is due, what became of it, and telling it again.

Each function works in the caller's database transaction; the calls themselves are made outside of any.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.notices.messages import EventRow
from cagnotte.notices.models import Delivery, WebhookEndpoint
from cagnotte.platform.sql import load

SQL = load("deliveries")
EVENTS = load("events")

Connection = psycopg.Connection[Any]
State = Delivery.State
StateName = Literal["pending", "delivered", "skipped", "failed"]

LEASE_SECONDS = 60
"""How long a worker may be at a delivery before another takes it over; longer than any call lasts."""

BATCH_LEASE_SECONDS = 600
"""The same for a batch that a listener is told: several requests, one after the other."""

AT_ONCE_OF_ENDPOINT = 16
"""Deliveries of one endpoint that are taken together."""

KEPT_DAYS = 30
"""How long events and what became of them can be looked up, and sent again."""

TIDIED_AT_ONCE = 1_000

SENTENCE_LENGTH_MAX = 500
ANSWER_LENGTH_MAX = 1_000

SENTENCES = {
    WebhookEndpoint.Off.BY_HAND: "The endpoint was switched off.",
    WebhookEndpoint.Off.GONE: "The endpoint answered that it is gone (410).",
    WebhookEndpoint.Off.FAILING: "The endpoint was switched off after days without a good answer.",
}
"""What stands at deliveries that are given up with their endpoint."""


class Claimed(NamedTuple):
    """A delivery that this worker may send now. attempts: made so far. keys: sealed, the present one first."""

    number: int
    attempts: int
    endpoint_id: UUID
    url: str
    envelope: str
    sealed_keys: tuple[str, ...]
    programme: str
    event: EventRow


class Attempted(NamedTuple):
    """One call: when it began, how long it took, and its answer. status: None without one. sentence: what failed."""

    at: datetime
    duration_ms: int
    status: int | None
    sentence: str = ""
    answer: str = ""


class ClaimedOf(NamedTuple):
    """A delivery to a listener that this worker may make now."""

    number: int
    attempts: int
    event_number: int


def enqueue(
    connection: Connection,
    numbers: Sequence[int],
    hearing: Sequence[tuple[UUID, str]],
    *,
    now: datetime,
) -> None:
    """Write a delivery of each event for each endpoint that asked for it, and each listener.

    hearing: which listener has a word for which type.
    """
    if numbers:
        connection.execute(
            SQL.enqueue,
            {
                "numbers": list(numbers),
                "now": now,
                "listener_ids": [listener_id for listener_id, _ in hearing],
                "listener_types": [name for _, name in hearing],
            },
        )


def claim(
    connection: Connection, *, now: datetime, at_most: int = AT_ONCE_OF_ENDPOINT
) -> list[Claimed]:
    """Take what is due for this worker alone, for `LEASE_SECONDS`: of each object the first that is not there yet."""
    until = now + timedelta(seconds=LEASE_SECONDS)
    rows = connection.execute(SQL.claim, {"now": now, "until": until, "at_most": at_most})
    return [
        Claimed(
            number,
            attempts,
            endpoint_id,
            url,
            envelope,
            tuple(key for key in (sealed, before) if key),
            programme,
            EventRow(*event),
        )
        for number, attempts, endpoint_id, url, envelope, sealed, before, programme, *event in rows
    ]


def claim_of(
    connection: Connection, listener_id: UUID, *, now: datetime, at_most: int
) -> list[ClaimedOf]:
    """Take what is due at a listener for this worker alone, for `BATCH_LEASE_SECONDS`, in order; else as `claim`."""
    until = now + timedelta(seconds=BATCH_LEASE_SECONDS)
    values = {"recipient_id": listener_id, "now": now, "until": until, "at_most": at_most}
    return [ClaimedOf(*row) for row in connection.execute(SQL.claim_of, values)]


def note(
    connection: Connection,
    claimed: Claimed | ClaimedOf,
    attempted: Attempted,
    *,
    state: Delivery.State,
    next_at: datetime | None = None,
) -> None:
    """Write down how an attempt went, and end the lease. next_at: when to try again, while it is pending."""
    ended_at = attempted.at + timedelta(milliseconds=attempted.duration_ms)
    connection.execute(
        SQL.note,
        {
            "number": claimed.number,
            "state": state.value,
            "attempts": claimed.attempts + 1,
            "next_at": next_at or attempted.at,
            "finished_at": None if state is State.PENDING else ended_at,
            "sentence": attempted.sentence[:SENTENCE_LENGTH_MAX],
        },
    )
    connection.execute(
        SQL.write_attempt,
        {
            "number": claimed.number,
            "at": attempted.at,
            "duration_ms": attempted.duration_ms,
            "status": attempted.status,
            "sentence": attempted.sentence[:SENTENCE_LENGTH_MAX],
            "answer": attempted.answer[:ANSWER_LENGTH_MAX].replace("\x00", ""),
        },
    )


def note_well(connection: Connection, endpoint_id: UUID) -> None:
    """Note that an endpoint answers as it should."""
    connection.execute(SQL.endpoint_well, {"endpoint_id": endpoint_id})


def note_failing(connection: Connection, endpoint_id: UUID, *, now: datetime) -> datetime | None:
    """Note that an endpoint failed; return since when it has, None when it is there no more."""
    row = connection.execute(
        SQL.endpoint_fails, {"endpoint_id": endpoint_id, "now": now}
    ).fetchone()
    return row[0] if row else None


def switch_off(
    connection: Connection, endpoint_id: UUID, because: WebhookEndpoint.Off, *, now: datetime
) -> None:
    """Send nothing more to an endpoint, and give up what is on its way there; it can be sent again later."""
    connection.execute(
        SQL.switch_off,
        {
            "endpoint_id": endpoint_id,
            "now": now,
            "because": because.value,
            "sentence": SENTENCES[because],
        },
    )


def tidy(connection: Connection, *, now: datetime) -> int:
    """Delete events of more than `KEPT_DAYS` ago that nobody waits for, with their deliveries; return how many.

    Commits after each thousand.
    """
    before, deleted, found = now - timedelta(days=KEPT_DAYS), 0, TIDIED_AT_ONCE
    while found == TIDIED_AT_ONCE:
        values = {"before": before, "at_most": TIDIED_AT_ONCE}
        found = connection.execute(EVENTS.drop_events, values).rowcount
        deleted += found
        connection.commit()
    return deleted


# ---- again, and what became of it --------------------------------------------------------------------------------


class DeliveryRow(NamedTuple):
    """A delivery as it stands, with its event and its last attempt (None before the first)."""

    number: int
    state: StateName
    attempts: int
    next_at: datetime
    created_at: datetime
    finished_at: datetime | None
    sentence: str
    event_number: int
    event_id: UUID
    type: str
    object_id: str
    last: Attempted | None


def again(
    connection: Connection, endpoint: WebhookEndpoint, event_number: int, *, now: datetime
) -> bool:
    """Have an event sent to an endpoint once more, or for the first time; return False when there is none such."""
    row = connection.execute(
        SQL.again,
        {
            "recipient_id": endpoint.id,
            "programme_id": endpoint.programme_id,
            "event_number": event_number,
            "now": now,
        },
    ).fetchone()
    return row is not None


def again_since(
    connection: Connection,
    endpoint: WebhookEndpoint,
    *,
    since: datetime,
    only_lost: bool,
    now: datetime,
) -> int:
    """Have all events made since a moment sent to an endpoint that asks for them; return how many will be.

    only_lost: those that never arrived. What is on its way stays on its way.
    """
    [(count,)] = connection.execute(
        SQL.again_since,
        {
            "recipient_id": endpoint.id,
            "programme_id": endpoint.programme_id,
            "types": endpoint.event_types,
            "since": since,
            "only_lost": only_lost,
            "now": now,
        },
    )
    return int(count)


def page(
    connection: Connection,
    endpoint_id: UUID,
    *,
    count: int,
    before: int | None = None,
    state: str | None = None,
    event_id: UUID | None = None,
) -> list[DeliveryRow]:
    """Return deliveries to one recipient, those of the latest events first. before: the number of an event."""
    rows = connection.execute(
        SQL.page,
        {
            "recipient_id": endpoint_id,
            "count": count,
            "before": before,
            "state": state,
            "event_id": event_id,
        },
    )
    return [
        DeliveryRow._make(
            (*row[:11], Attempted(row[11], row[13], row[12], *row[14:]) if row[11] else None)
        )
        for row in rows
    ]
