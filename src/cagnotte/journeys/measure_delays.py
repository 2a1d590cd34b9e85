"""How long a programme's purchases really took: until known, until confirmed, until the money was available.

Measured over a year of purchases that ended three months ago, so that those which take long are among them. What is
still open counts as the longest of all (`sql/how_it_works.sql` says how), never as absent.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import structlog
from psycopg.rows import tuple_row

from cagnotte.domain.money import FULL_BPS
from cagnotte.platform.sql import load

Connection = psycopg.Connection[Any]

SQL = load("how_it_works")

SETTLED_DAYS = 90
"""Purchases younger than this are not looked at: of those, only the fast ones have ended."""

LOOKED_AT_DAYS = 365

MEASURED_LEAST = 20
"""Of fewer purchases nothing is said: one late order would be half the measure."""

FRESH = timedelta(hours=1)

LONGEST_SECONDS = 10
"""A measure that takes longer is given up; the page then says what the contracts say."""

log = structlog.get_logger(__name__)


class Days(NamedTuple):
    """Days after the purchase by which half and nine in ten had come so far; None = not so many have yet."""

    half: int | None
    nine_in_ten: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What purchases of some days took.

    first, last: the days they were made on. purchases: how many. confirmed_bps: of those that were answered, how
    many were confirmed; None = none was answered.
    """

    first: date
    last: date
    purchases: int
    known: Days
    confirmed: Days
    available: Days
    confirmed_bps: int | None


class Everywhere(NamedTuple):
    """What purchases took in a whole programme (None = too few to say), and at each shop with enough of them."""

    programme: Measured | None
    shops: Mapping[UUID, Measured]


NOTHING_MEASURED = Everywhere(None, {})


def measure(connection: Connection, programme_id: UUID, today: date) -> Measured | None:
    """Measure a programme; None where there is too little to measure."""
    return measure_everywhere(connection, programme_id, today).programme


def measure_everywhere(connection: Connection, programme_id: UUID, today: date) -> Everywhere:
    """Measure a programme and each of its shops; one query."""
    last = today - timedelta(days=SETTLED_DAYS)
    first = last - timedelta(days=LOOKED_AT_DAYS - 1)
    asked = {"programme_id": programme_id, "first": first, "last": last}
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(SQL.measured_delays, asked).fetchall()
    found = {
        merchant_id: _measured(figures, first, last)
        for merchant_id, *figures in rows
        if figures[0] >= MEASURED_LEAST
    }
    return Everywhere(found.pop(None, None), found)


def _measured(figures: Sequence[Any], first: date, last: date) -> Measured:
    answered = figures[7] + figures[8]
    return Measured(
        first=first,
        last=last,
        purchases=figures[0],
        known=Days(figures[1], figures[2]),
        confirmed=Days(figures[3], figures[4]),
        available=Days(figures[5], figures[6]),
        confirmed_bps=figures[7] * FULL_BPS // answered if answered else None,
    )


class Measures:
    """The measures of a process: each programme is measured once an hour at most, one at a time."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[datetime, Everywhere]] = {}
        self._lock = threading.Lock()

    def of(
        self, connection: Connection, programme_id: UUID, *, today: date, now: datetime
    ) -> Measured | None:
        """Return what was measured within the hour; None where nothing is known yet."""
        return self.everywhere(connection, programme_id, today=today, now=now).programme

    def everywhere(
        self, connection: Connection, programme_id: UUID, *, today: date, now: datetime
    ) -> Everywhere:
        """Return the same with every shop."""
        at, found = self._known.get(programme_id, (None, NOTHING_MEASURED))
        if at is not None and abs(now - at) < FRESH:
            return found
        if not self._lock.acquire(blocking=False):
            return found
        try:
            found = _within_time(connection, programme_id, today)
            self._known[programme_id] = (now, found)
        finally:
            self._lock.release()
        return found


def _within_time(connection: Connection, programme_id: UUID, today: date) -> Everywhere:
    try:
        with connection.transaction():
            connection.execute(
                "SELECT set_config('statement_timeout', %s, true)", [f"{LONGEST_SECONDS}s"]
            )
            return measure_everywhere(connection, programme_id, today)
    except psycopg.errors.QueryCanceled:
        log.warning("delays_not_measured", programme_id=str(programme_id))
        return NOTHING_MEASURED
