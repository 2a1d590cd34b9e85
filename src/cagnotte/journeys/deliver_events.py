"""Events are carried to those who asked for them, again and again until they arrive or it is too late.

What is due is claimed in one short database transaction, sent outside of any, several at a time, and noted in another.
A worker that dies in between leaves its claims to others, who send once more: an event arrives at least once, under
the same id.
"""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import psycopg
import structlog
from django.conf import settings

from cagnotte.domain.errors import CagnotteError
from cagnotte.hooks.listeners import Became, Outcome
from cagnotte.journeys import tell_listeners
from cagnotte.notices import deliveries, listeners, messages, schedule
from cagnotte.notices.deliveries import Attempted, Claimed, ClaimedOf
from cagnotte.notices.models import ConnectedListener, Delivery, Event, WebhookEndpoint
from cagnotte.platform.http import Caller, asked_wait_seconds
from cagnotte.platform.secrets_box import unseal

Connection = psycopg.Connection[Any]

CALLS_AT_ONCE = 16
ANSWER_SECONDS = 15.0
"""How long an endpoint may take to answer."""
ANSWER_BYTES_MAX = 64 * 1024

State = Delivery.State

log = structlog.get_logger(__name__)


class _Answered(NamedTuple):
    """How a call went, and how long the endpoint asks to be left alone."""

    attempted: Attempted
    asked_seconds: int | None = None


def deliver(
    connection: Connection,
    *,
    clock: Callable[[], datetime],
    dice: Callable[[], float] = random.random,
) -> int:
    """Send what is due now; return how many calls were made. Commits.

    dice: numbers from 0 to 1, for waits that differ.
    """
    with connection.transaction():
        claimed = deliveries.claim(connection, now=clock())
    if not claimed:
        return 0
    with ThreadPoolExecutor(min(CALLS_AT_ONCE, len(claimed))) as pool:
        answers = pool.map(lambda one: _send(one, clock), claimed)
        for one, answered in zip(claimed, answers, strict=True):
            with connection.transaction():
                _note(connection, one, answered, dice)
    return len(claimed)


def _send(claimed: Claimed, clock: Callable[[], datetime]) -> _Answered:
    """Call an endpoint once. Whatever it answers, nothing is raised."""
    at, started = clock(), time.monotonic()
    status, sentence, answer, asked = None, "", "", None
    try:
        message = messages.message(
            claimed.event,
            envelope=claimed.envelope,
            programme=claimed.programme,
            keys=[unseal(key) for key in claimed.sealed_keys],
            now=at,
        )
        with _caller() as caller:
            found = caller.once("POST", claimed.url, headers=message.headers, body=message.body)
    except CagnotteError as failed:
        sentence = failed.sentence
    else:
        status, answer = found.status, found.body.decode(errors="replace")
        if not HTTPStatus(200) <= status < HTTPStatus.MULTIPLE_CHOICES:
            sentence = f"It answered {status}."
            asked = asked_wait_seconds(found)
    duration_ms = round((time.monotonic() - started) * 1000)
    return _Answered(Attempted(at, duration_ms, status, sentence, answer), asked)


def _caller() -> Caller:
    return Caller(
        allow_private=settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES,
        answer_seconds=ANSWER_SECONDS,
        body_bytes_max=ANSWER_BYTES_MAX,
    )


def _note(
    connection: Connection, claimed: Claimed, answered: _Answered, dice: Callable[[], float]
) -> None:
    attempted = answered.attempted
    if not attempted.sentence:
        deliveries.note(connection, claimed, attempted, state=State.DELIVERED)
        deliveries.note_well(connection, claimed.endpoint_id)
        return
    gone = attempted.status == HTTPStatus.GONE
    next_at = None
    if not gone:
        next_at = schedule.next_attempt(
            claimed.attempts + 1,
            now=attempted.at,
            dice=dice,
            asked_seconds=answered.asked_seconds,
        )
    state = State.PENDING if next_at else State.FAILED
    deliveries.note(connection, claimed, attempted, state=state, next_at=next_at)
    since = deliveries.note_failing(connection, claimed.endpoint_id, now=attempted.at)
    off = WebhookEndpoint.Off
    if gone:
        deliveries.switch_off(connection, claimed.endpoint_id, off.GONE, now=attempted.at)
    elif since and schedule.has_failed_too_long(since, attempted.at):
        deliveries.switch_off(connection, claimed.endpoint_id, off.FAILING, now=attempted.at)
    log.info(
        "an event did not arrive",
        endpoint=str(claimed.endpoint_id),
        event_id=claimed.event.public_id,
        error=attempted.sentence,
        next_at=next_at and next_at.isoformat(),
    )


# ---- listeners --------------------------------------------------------------------------------------------------


def deliver_to_listeners(
    connection: Connection,
    *,
    clock: Callable[[], datetime],
    dice: Callable[[], float] = random.random,
) -> int:
    """Tell connected listeners what is due now; return of how many events something became. Commits.

    What a listener says of an event is kept as it says it, so that a batch that breaks off goes on where it ended.
    """
    return sum(
        deliver_to_listener(connection, row, clock=clock, dice=dice) for row in listeners.enabled()
    )


def deliver_to_listener(
    connection: Connection,
    row: ConnectedListener,
    *,
    clock: Callable[[], datetime],
    dice: Callable[[], float] = random.random,
) -> int:
    """Tell one listener what is due now; return of how many events something became. Commits."""
    at, at_most = clock(), listeners.plugin_of(row).batch_max
    with connection.transaction():
        claimed = deliveries.claim_of(connection, row.id, now=at, at_most=at_most)
    if not claimed:
        return 0
    by_number = {one.event_number: one for one in claimed}
    events = list(Event.objects.filter(number__in=by_number).order_by("number"))
    started = time.monotonic()
    with tell_listeners.open_calls() as http:
        for event, outcome in tell_listeners.tell(connection, row, events, now=at, http=http):
            duration_ms = round((time.monotonic() - started) * 1000)
            attempted = Attempted(at, duration_ms, None, outcome.sentence)
            with connection.transaction():
                _note_outcome(connection, by_number[event.number], outcome, attempted, dice)
    return len(claimed)


ENDS = {
    Became.SENT: State.DELIVERED,
    Became.SKIPPED: State.SKIPPED,
    Became.REFUSED: State.FAILED,
}
"""What outcomes mean that are the last."""


def _note_outcome(
    connection: Connection,
    claimed: ClaimedOf,
    outcome: Outcome,
    attempted: Attempted,
    dice: Callable[[], float],
) -> None:
    state, next_at = ENDS.get(outcome.became), None
    if state is None:
        next_at = schedule.next_attempt(
            claimed.attempts + 1,
            now=attempted.at,
            dice=dice,
            asked_seconds=outcome.retry_after_seconds,
        )
        state = State.PENDING if next_at else State.FAILED
    deliveries.note(connection, claimed, attempted, state=state, next_at=next_at)
