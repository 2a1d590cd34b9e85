"""Days on which banks move money."""

from datetime import date

import pytest

from cagnotte.domain.working_days import (
    add_working_days,
    arrives_by,
    easter,
    expected_by,
    is_working,
)


@pytest.mark.parametrize(
    ("year", "day"),
    [(2024, (3, 31)), (2025, (4, 20)), (2026, (4, 5)), (2027, (3, 28)), (2038, (4, 25))],
)
def test_easter_is_where_the_calendars_put_it(year: int, day: tuple[int, int]) -> None:
    assert easter(year) == date(year, *day)


@pytest.mark.parametrize(
    "closed",
    [
        date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 12, 25),
        date(2025, 12, 26), date(2026, 6, 13), date(2026, 6, 14),
    ],
)  # fmt: skip
def test_banks_rest_on_weekends_and_six_holidays(closed: date) -> None:
    assert not is_working(closed)


def test_national_holidays_are_working_days() -> None:
    assert is_working(date(2026, 7, 14))


def test_days_are_counted_from_the_first_working_day() -> None:
    assert add_working_days(date(2026, 6, 12), 1) == date(2026, 6, 15)
    assert add_working_days(date(2026, 6, 13), 1) == date(2026, 6, 16)
    assert add_working_days(date(2026, 4, 2), 1) == date(2026, 4, 7)


def test_a_transfer_executed_before_easter_arrives_after_it() -> None:
    assert arrives_by(date(2026, 4, 2)) == date(2026, 4, 7)


def test_a_payout_is_checked_sent_and_arrives() -> None:
    # Asked on Wednesday, sent on Friday, executed on Saturday's next working day, there on Tuesday.
    assert expected_by(date(2026, 6, 10), 1) == date(2026, 6, 16)
