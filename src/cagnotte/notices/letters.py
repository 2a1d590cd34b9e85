"""Letters on their way: who takes which, and what became of it.

Each function works in the caller's database transaction; nothing is sent inside of one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.notices import timing
from cagnotte.notices.models import Letter
from cagnotte.platform.sql import load

SQL = load("notices_letters")

Connection = psycopg.Connection[Any]
Channel, State = Letter.Channel, Letter.State

LEASE = timedelta(minutes=10)
"""How long a worker may be at the letters it took before another takes them over."""

AT_ONCE = 50

KEPT_DAYS = 90
"""How long it can be looked up what became of a letter."""

TIDIED_AT_ONCE = 1_000
SENTENCE_LENGTH_MAX = 500


class Claimed(NamedTuple):
    """A letter that this worker may send now.

    Attributes:
        id: the same at every attempt. slug, programme: of its programme, and its name. notice_ids: what it tells.
        attempts: made so far. email, name, locale: of the person who signs in as the member, None without one.
    """

    number: int
    id: UUID
    slug: str
    programme: str
    wallet_id: UUID
    kind: str
    notice_ids: list[UUID]
    attempts: int
    email: str | None
    name: str | None
    locale: str | None


class Outcome(NamedTuple):
    """How sending went. sentence: what failed, empty = nothing. for_good: it would fail again."""

    sentence: str = ""
    for_good: bool = False
    nobody: bool = False


DONE = Outcome()


def claim(
    connection: Connection, channel: Letter.Channel, *, now: datetime, at_most: int = AT_ONCE
) -> list[Claimed]:
    """Take letters that are due for this worker alone, for `LEASE`; from now on they gather no more."""
    values = {"channel": channel.value, "now": now, "until": now + LEASE, "at_most": at_most}
    return [Claimed(*row) for row in connection.execute(SQL.claim, values)]


def note(
    connection: Connection, claimed: Claimed, outcome: Outcome, *, now: datetime
) -> Letter.State:
    """Write down how an attempt went, and end the lease; return where the letter stands.

    What may work later is tried again as `timing.retry_at` says.
    """
    attempts, next_at = claimed.attempts + 1, None
    if not outcome.sentence:
        state = State.SENT
    elif outcome.nobody:
        state = State.DROPPED
    else:
        next_at = None if outcome.for_good else timing.retry_at(attempts, now=now)
        state = State.WAITING if next_at else State.FAILED
    connection.execute(
        SQL.note,
        {
            "number": claimed.number,
            "state": state.value,
            "attempts": attempts,
            "next_at": next_at or now,
            "finished_at": None if state is State.WAITING else now,
            "sentence": outcome.sentence[:SENTENCE_LENGTH_MAX].replace("\x00", ""),
        },
    )
    return state


def drop_waiting(
    connection: Connection,
    wallet_id: UUID,
    channel: Letter.Channel,
    kinds: Sequence[str],
    *,
    now: datetime,
) -> None:
    """Give up letters of some kinds that nobody wants any more, and that no worker has taken."""
    connection.execute(
        SQL.drop_waiting,
        {
            "wallet_id": wallet_id,
            "channel": channel.value,
            "kinds": list(kinds),
            "now": now,
            "sentence": "The member wants to hear of it no more.",
        },
    )


def tidy(connection: Connection, *, now: datetime) -> None:
    """Forget what became of old letters. Commits as it goes."""
    before = now - timedelta(days=KEPT_DAYS)
    while True:
        with connection.transaction():
            values = {"before": before, "at_most": TIDIED_AT_ONCE}
            if connection.execute(SQL.drop_old, values).rowcount < TIDIED_AT_ONCE:
                return
