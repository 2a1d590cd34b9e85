"""Periods: calendar and rolling windows, and the first open day of the books."""

import calendar
import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from cagnotte.domain.errors import InvalidInput

ROLLING_DAYS_MAX = 1100
"""Longest rolling window: three years."""

LIFETIME_START = date.min
"""Period under which a lifetime counter is kept."""


class WindowKind(enum.StrEnum):
    """How a window of time is cut."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ROLLING = "rolling"
    """The last `days` days, the day itself included."""
    LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True)
class Window:
    """A span over which something is counted for a member. `days` is for rolling windows alone, 1 to 1,100."""

    kind: WindowKind
    days: int = 0

    def __post_init__(self) -> None:
        if (self.kind is WindowKind.ROLLING) != (self.days > 0):
            raise InvalidInput(
                "A rolling window needs its number of days, and only a rolling window has one."
            )
        if self.days > ROLLING_DAYS_MAX:
            raise InvalidInput(
                "A rolling window counts at most 1,100 days (three years).", days=self.days
            )

    def period_of(self, day: date) -> date:
        """Return the first day of the period that `day` is counted in (the day itself for rolling windows)."""
        return _START[self.kind](day)

    def first_counted(self, day: date) -> date:
        """Return the first period start that a decision on `day` looks at."""
        if self.kind is WindowKind.ROLLING:
            return day - timedelta(days=self.days - 1)
        return self.period_of(day)


_START: dict[WindowKind, Callable[[date], date]] = {
    WindowKind.DAY: lambda day: day,
    WindowKind.ROLLING: lambda day: day,
    WindowKind.WEEK: lambda day: day - timedelta(days=day.weekday()),
    WindowKind.MONTH: lambda day: day.replace(day=1),
    WindowKind.QUARTER: lambda day: date(day.year, day.month - (day.month - 1) % 3, 1),
    WindowKind.YEAR: lambda day: date(day.year, 1, 1),
    WindowKind.LIFETIME: lambda _day: LIFETIME_START,
}


def month_end(day: date) -> date:
    """Return the last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, or the last day of that month when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    return first.replace(day=min(day.day, month_end(first).day))


def effective_on(occurred_on: date, closed_until: date | None) -> date:
    """Return the first open day at or after `occurred_on`, when the books are closed up to `closed_until`."""
    if closed_until is None or occurred_on > closed_until:
        return occurred_on
    return closed_until + timedelta(days=1)
