"""Periods: where a day is counted, and which day the books are open."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.periods import (
    LIFETIME_START,
    Window,
    WindowKind,
    add_months,
    effective_on,
    month_end,
)

days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("window", "start"),
    [
        (Window(WindowKind.DAY), date(2026, 5, 14)),
        (Window(WindowKind.WEEK), date(2026, 5, 11)),
        (Window(WindowKind.MONTH), date(2026, 5, 1)),
        (Window(WindowKind.QUARTER), date(2026, 4, 1)),
        (Window(WindowKind.YEAR), date(2026, 1, 1)),
        (Window(WindowKind.ROLLING, 30), date(2026, 5, 14)),
        (Window(WindowKind.LIFETIME), LIFETIME_START),
    ],
)
def test_a_day_is_counted_in_the_period_it_lies_in(window: Window, start: date) -> None:
    assert window.period_of(date(2026, 5, 14)) == start


def test_a_rolling_window_counts_its_last_days_the_day_itself_included() -> None:
    assert Window(WindowKind.ROLLING, 30).first_counted(date(2026, 3, 1)) == date(2026, 1, 31)
    assert Window(WindowKind.ROLLING, 1).first_counted(date(2026, 3, 1)) == date(2026, 3, 1)


@given(days, st.sampled_from([kind for kind in WindowKind if kind is not WindowKind.ROLLING]))
def test_a_period_starts_on_a_day_it_counts(day: date, kind: WindowKind) -> None:
    window = Window(kind)
    start = window.period_of(day)
    assert start <= day
    assert window.period_of(start) == start == window.first_counted(day)


@pytest.mark.parametrize(("kind", "days"), [(WindowKind.ROLLING, 0), (WindowKind.MONTH, 5)])
def test_only_a_rolling_window_has_days(kind: WindowKind, days: int) -> None:
    with pytest.raises(InvalidInput, match="only a rolling window has one"):
        Window(kind, days)


def test_a_rolling_window_is_three_years_at_most() -> None:
    assert Window(WindowKind.ROLLING, 1100).days == 1100
    with pytest.raises(InvalidInput, match="at most 1,100 days"):
        Window(WindowKind.ROLLING, 1101)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), 12, date(2027, 3, 31)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month(
    day: date, months: int, later: date
) -> None:
    assert add_months(day, months) == later


@given(days)
def test_the_day_after_a_months_end_is_a_first(day: date) -> None:
    end = month_end(day)
    assert (end.year, end.month) == (day.year, day.month)
    assert (end + timedelta(days=1)).day == 1


def test_a_fact_of_a_closed_period_is_effective_on_the_first_open_day() -> None:
    closed = date(2026, 2, 28)
    assert effective_on(date(2026, 2, 10), closed) == date(2026, 3, 1)
    assert effective_on(date(2026, 2, 28), closed) == date(2026, 3, 1)
    assert effective_on(date(2026, 3, 1), closed) == date(2026, 3, 1)
    assert effective_on(date(2026, 2, 10), None) == date(2026, 2, 10)
