"""Which version of a contract or offer is in force on which day.

The rules, and the one place where they are:

1. The first version is in force on the days its definition says; without `valid_from`, from ever.
2. A changed definition becomes a new version, in force from the day it is loaded: what was promised before stays.
   When the change names another `valid_from`, the new version starts on that day instead, be it past or to come.
   A start still to come that did not change is kept.
3. From the day a version starts, no older one is in force. Versions never share a day.
4. A definition left out of the file ends on the day before the load; put back, it starts again as a new version.
5. `known_at` asks the same as it stood after the loads made until then: a decision is made again by the rules
   it was made by.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version as stored: see `models.Version`."""

    ref: str
    version: int
    valid_from: date
    valid_until: date
    known_from: datetime
    closed_at: datetime | None
    removed_on: date | None
    definition: dict[str, Any]


@dataclass(frozen=True, slots=True)
class InForce:
    """A version and the days, both included, on which it is in force."""

    row: VersionRow
    valid_from: date
    valid_until: date


def start_of_change(
    *, today: date, new_from: date, previous_from: date, previous_removed: bool
) -> date:
    """Return the first day of a changed (or restored) definition: rules 2 and 4.

    new_from, previous_from: what the new and the previous definition say, `date.min` where they say nothing.
    """
    if new_from not in (date.min, previous_from) and not previous_removed:
        return new_from
    return max(today, new_from)


def in_force(rows: Iterable[VersionRow], *, known_at: datetime | None = None) -> Iterator[InForce]:
    """Give each version that is in force on some day, with those days; rows come ordered by ref and version."""
    known = (row for row in rows if known_at is None or row.known_from <= known_at)
    for _, versions in groupby(known, key=lambda row: row.ref):
        yield from _windows(list(versions), known_at)


def _windows(versions: list[VersionRow], known_at: datetime | None) -> Iterator[InForce]:
    end = date.max
    found: list[InForce] = []
    for row in reversed(versions):
        if row.removed_on is not None and (known_at is None or _closed_by(row, known_at)):
            end = min(end, row.removed_on - DAY)
        last = min(end, row.valid_until)
        if row.valid_from <= last:
            found.append(InForce(row, row.valid_from, last))
        if row.valid_from == date.min:
            break
        end = min(end, row.valid_from - DAY)
    yield from reversed(found)


def _closed_by(row: VersionRow, moment: datetime) -> bool:
    return row.closed_at is not None and row.closed_at <= moment
