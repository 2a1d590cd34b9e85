"""Which version is in force on which day: the numbered rules of `catalog.versions`."""

from datetime import UTC, date, datetime

from cagnotte.catalog.versions import VersionRow, in_force, start_of_change

MARCH = datetime(2026, 3, 2, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
TODAY = APRIL.date()


def version(
    number: int,
    known_from: datetime,
    valid_from: date = date.min,
    valid_until: date = date.max,
    closed_at: datetime | None = None,
    removed_on: date | None = None,
) -> VersionRow:
    return VersionRow("tea", number, valid_from, valid_until, known_from, closed_at, removed_on, {})


def days(rows: list[VersionRow], known_at: datetime | None = None) -> list[tuple[int, date, date]]:
    return [
        (found.row.version, found.valid_from, found.valid_until)
        for found in in_force(rows, known_at=known_at)
    ]


def test_1_the_first_version_is_in_force_on_the_days_it_names() -> None:
    assert days([version(1, MARCH)]) == [(1, date.min, date.max)]
    named = version(1, MARCH, date(2026, 1, 1), date(2026, 12, 31))
    assert days([named]) == [(1, date(2026, 1, 1), date(2026, 12, 31))]


def test_2_a_change_starts_on_the_day_it_is_loaded() -> None:
    start = start_of_change(
        today=TODAY, new_from=date.min, previous_from=date.min, previous_removed=False
    )
    assert start == TODAY
    kept = start_of_change(
        today=TODAY,
        new_from=date(2026, 1, 1),
        previous_from=date(2026, 1, 1),
        previous_removed=False,
    )
    assert kept == TODAY


def test_2_a_change_that_names_another_start_begins_then_be_it_past_or_to_come() -> None:
    for named in (date(2026, 2, 1), date(2026, 9, 1)):
        start = start_of_change(
            today=TODAY, new_from=named, previous_from=date.min, previous_removed=False
        )
        assert start == named


def test_2_a_start_still_to_come_is_kept_when_something_else_changes() -> None:
    later = date(2026, 9, 1)
    start = start_of_change(
        today=TODAY, new_from=later, previous_from=later, previous_removed=False
    )
    assert start == later


def test_3_versions_never_share_a_day() -> None:
    rows = [version(1, MARCH, closed_at=APRIL), version(2, APRIL, TODAY)]
    assert days(rows) == [(1, date.min, date(2026, 3, 31)), (2, TODAY, date.max)]


def test_3_a_correction_of_the_past_takes_the_place_of_all_that_came_after_its_start() -> None:
    rows = [
        version(1, MARCH, closed_at=APRIL),
        version(2, APRIL, TODAY, closed_at=MAY),
        version(3, MAY, date(2026, 2, 1)),
    ]
    assert days(rows) == [(1, date.min, date(2026, 1, 31)), (3, date(2026, 2, 1), date.max)]


def test_4_what_was_removed_ends_the_day_before_and_may_come_back() -> None:
    gone = version(1, MARCH, closed_at=APRIL, removed_on=TODAY)
    assert days([gone]) == [(1, date.min, date(2026, 3, 31))]
    back = version(2, MAY, date(2026, 5, 1))
    assert days([gone, back]) == [(1, date.min, date(2026, 3, 31)), (2, date(2026, 5, 1), date.max)]


def test_4_what_is_put_back_starts_on_the_day_it_is_loaded_even_when_it_names_an_older_one() -> (
    None
):
    start = start_of_change(
        today=TODAY, new_from=date(2026, 1, 1), previous_from=date.min, previous_removed=True
    )
    assert start == TODAY


def test_5_the_rules_of_an_earlier_moment_can_be_asked_for() -> None:
    rows = [
        version(1, MARCH, closed_at=APRIL),
        version(2, APRIL, TODAY, closed_at=MAY, removed_on=date(2026, 5, 1)),
    ]
    assert days(rows, MARCH) == [(1, date.min, date.max)]
    assert days(rows, APRIL) == [(1, date.min, date(2026, 3, 31)), (2, TODAY, date.max)]
    assert days(rows, MAY) == [(1, date.min, date(2026, 3, 31)), (2, TODAY, date(2026, 4, 30))]


def test_a_version_whose_days_are_all_taken_is_in_force_on_none() -> None:
    rows = [
        version(1, MARCH, closed_at=APRIL),
        version(2, APRIL, TODAY, closed_at=APRIL),
        version(3, APRIL, TODAY, date(2026, 3, 1)),
    ]
    assert days(rows) == [(1, date.min, date(2026, 3, 31))]
