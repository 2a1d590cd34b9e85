"""Windows: months cut into what one call may span, left off and gone on with, across changes of the clock."""

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidInput
from cagnotte.extras.sources.networks.windows import Sweep, Window, walk

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHANGED = Sweep("changed", 31, 1)
PLACED = Sweep("placed", 31, 120, every_hours=24)


def asked(
    sweeps: list[Sweep],
    now: datetime,
    cursor: Mapping[str, Any],
    *,
    history_days: int = 120,
    zone: ZoneInfo | None = None,
) -> tuple[list[tuple[str, datetime, datetime]], dict[str, Any]]:
    """Return the windows asked for, and the cursor after all of them."""
    spans, after = [], dict(cursor)
    for window in walk(sweeps, now, cursor, history_days=history_days, zone=zone):
        spans.append((window.sweep.name, window.start, window.end))
        after = window.cursor(None)
    return spans, kept(after)


def kept(cursor: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cursor as it comes back from where it is stored."""
    found: dict[str, Any] = json.loads(json.dumps(cursor))
    return found


def test_the_first_poll_asks_for_the_history_in_windows_that_join() -> None:
    spans, after = asked([CHANGED], NOW, {}, history_days=70)
    assert spans == [
        ("changed", NOW - timedelta(days=70), NOW - timedelta(days=39)),
        ("changed", NOW - timedelta(days=39), NOW - timedelta(days=8)),
        ("changed", NOW - timedelta(days=8), NOW),
    ]
    assert after == {"done": {"changed": "2026-11-20T12:00:00+00:00"}}


def test_spans_of_exact_time_are_in_utc_wherever_the_machine_stands() -> None:
    (window,) = walk([CHANGED], NOW.astimezone(PARIS), {}, history_days=10)
    assert [str(window.start), str(window.end)] == [
        "2026-11-10 12:00:00+00:00",
        "2026-11-20 12:00:00+00:00",
    ]


def test_the_next_poll_begins_a_little_before_the_last_one_ended() -> None:
    _, after = asked([CHANGED], NOW, {})
    later = NOW + timedelta(hours=1)
    spans, after = asked([CHANGED], later, after)
    assert spans == [("changed", NOW - timedelta(days=1), later)]
    assert after == {"done": {"changed": "2026-11-20T13:00:00+00:00"}}


def test_a_sweep_that_looks_far_back_waits_until_it_is_due() -> None:
    _, after = asked([CHANGED, PLACED], NOW, {}, history_days=10)
    soon, after = asked([CHANGED, PLACED], NOW + timedelta(hours=23), after)
    assert {name for name, _, _ in soon} == {"changed"}
    due, _ = asked([CHANGED, PLACED], NOW + timedelta(hours=24), after)
    placed = [(start, end) for name, start, end in due if name == "placed"]
    assert placed[0][0] == NOW - timedelta(days=120)
    assert placed[-1][1] == NOW + timedelta(hours=24)


def test_history_is_asked_for_once_where_two_sweeps_go_by_the_same_date() -> None:
    again = PLACED._replace(name="placed again", history=False)
    first, after = asked([CHANGED, again], NOW, {}, history_days=10)
    assert {name for name, _, _ in first} == {"changed"}
    soon, after = asked([CHANGED, again], NOW + timedelta(hours=23), after)
    assert {name for name, _, _ in soon} == {"changed"}
    due, _ = asked([CHANGED, again], NOW + timedelta(hours=24), after)
    assert min(start for name, start, _ in due if name == "placed again") == (
        NOW - timedelta(days=120)
    )


def test_a_source_that_was_not_asked_for_months_is_asked_for_all_of_them() -> None:
    _, after = asked([CHANGED], NOW, {})
    spans, _ = asked([CHANGED], NOW + timedelta(days=200), after)
    assert spans[0][1] == NOW - timedelta(days=1)
    assert spans[-1][2] == NOW + timedelta(days=200)
    assert all(end - start <= timedelta(days=31) for _, start, end in spans)


def test_what_was_left_off_comes_first_at_the_page_it_was_left() -> None:
    first, second = list(walk([PLACED, CHANGED], NOW, {}, history_days=40))[:2]
    assert (first.page, second.page) == (None, None)
    left_off = kept(second.cursor({"offset": 200}))
    later = NOW + timedelta(hours=2)
    resumed = next(walk([PLACED, CHANGED], later, left_off, history_days=40))
    assert (resumed.sweep, resumed.start, resumed.end) == (PLACED, second.start, second.end)
    assert resumed.page == {"offset": 200}
    assert resumed.cursor(None)["done"] == {"placed": "2026-11-20T12:00:00+00:00"}


def test_a_sweep_left_off_goes_on_with_the_windows_after() -> None:
    whole, _ = asked([CHANGED, PLACED], NOW, {})
    for stop in range(len(whole)):
        cursor: dict[str, Any] = {}
        spans: list[tuple[str, datetime, datetime]] = []
        for window in walk([CHANGED, PLACED], NOW, {}, history_days=120):
            if len(spans) == stop:
                break
            spans.append((window.sweep.name, window.start, window.end))
            cursor = kept(window.cursor(None))
        rest, after = asked([CHANGED, PLACED], NOW, cursor)
        assert set(whole) <= {*spans, *rest}
        assert set(after["done"]) == {"changed", "placed"}


def test_whole_days_begin_and_end_at_midnight_whatever_the_clock_does() -> None:
    now = datetime(2026, 11, 2, 10, tzinfo=UTC)
    windows = list(walk([Sweep("placed", 10, 0)], now, {}, history_days=14, zone=PARIS))
    assert [(str(one.start), str(one.end)) for one in windows] == [
        ("2026-10-19 00:00:00+02:00", "2026-10-29 00:00:00+01:00"),
        ("2026-10-29 00:00:00+01:00", "2026-11-03 00:00:00+01:00"),
    ]
    assert [str(one.last.date()) for one in windows] == ["2026-10-28", "2026-11-02"]
    # The last day is not over: what is done is what was asked, not what the window spans.
    assert windows[-1].cursor(None) == {"done": {"placed": "2026-11-02T10:00:00+00:00"}}
    again, _ = asked(
        [Sweep("placed", 10, 0)],
        now + timedelta(hours=1),
        windows[-1].cursor(None),
        zone=PARIS,
    )
    assert [str(start) for _, start, _ in again] == ["2026-11-02 00:00:00+01:00"]


def test_at_midnight_the_day_before_is_the_last() -> None:
    midnight = datetime(2026, 11, 2, tzinfo=PARIS)
    (window,) = walk([Sweep("placed", 10, 0)], midnight, {}, history_days=1, zone=PARIS)
    assert (str(window.start.date()), str(window.last.date())) == ("2026-11-01", "2026-11-01")


def test_a_clock_that_went_back_asks_nothing_and_forgets_nothing() -> None:
    _, after = asked([CHANGED], NOW, {})
    spans, same = asked([CHANGED], NOW - timedelta(days=3), after)
    assert spans == []
    assert same == after


@pytest.mark.parametrize(
    "cursor",
    [{"done": 7}, {"run": {"sweep": "changed"}}, {"done": {"changed": "yesterday"}}],
)
def test_a_cursor_of_another_shape_is_refused(cursor: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        list(walk([CHANGED], NOW, cursor, history_days=10))


@given(
    start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - aware by `timezones`
    days=st.integers(1, 45),
    history=st.integers(1, 400),
    zone=st.sampled_from([None, PARIS, ZoneInfo("Europe/Moscow"), ZoneInfo("America/Sao_Paulo")]),
)
def test_windows_join_without_gap_and_none_is_too_long(
    start: datetime, days: int, history: int, zone: ZoneInfo | None
) -> None:
    windows: list[Window] = list(
        walk([Sweep("placed", days, 0)], start, {}, history_days=history, zone=zone)
    )
    assert windows[0].start <= start - timedelta(days=history)
    assert windows[-1].end >= start
    for one, after in itertools.pairwise(windows):
        assert one.end == after.start
    for one in windows:
        long = one.end.replace(tzinfo=None) - one.start.replace(tzinfo=None)
        assert timedelta(0) < long <= timedelta(days=days)


def test_what_was_asked_before_a_poll_was_left_off_is_not_asked_again_with_it() -> None:
    other = PLACED._replace(name="other")
    windows = list(walk([CHANGED, PLACED, other], NOW, {}, history_days=20))
    between = kept(windows[1].cursor(None))
    later = NOW + timedelta(hours=1)
    rest, after = asked([CHANGED, PLACED, other], later, between, history_days=20)
    assert [name for name, _, _ in rest] == ["other"]
    assert after["done"]["changed"] == "2026-11-20T12:00:00+00:00"
    again, _ = asked([CHANGED, PLACED, other], later, after)
    assert [name for name, _, _ in again] == ["changed"]
