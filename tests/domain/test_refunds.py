"""A refund without a reference finds its purchase by fixed rules, or waits."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.refunds import Bought, CameBack, Fit, Found, find

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = 30 * DAY


def bought(
    key: str, days_before: int, amount_minor: int, left_minor: int | None = None, units: int = 1
) -> Bought[str]:
    left = amount_minor if left_minor is None else left_minor
    return Bought(key, NOON - days_before * DAY, amount_minor, left, units, units)


def test_the_purchase_of_exactly_this_price_comes_before_a_later_one() -> None:
    rooms = [bought("a", 9, 1250), bought("b", 2, 4000)]
    assert find(CameBack(NOON, 1250), rooms, window=WINDOW) == Found("a", Fit.SAME_PRICE)


def test_the_latest_of_those_that_fit_alike_is_meant() -> None:
    rooms = [bought("a", 9, 1250), bought("b", 2, 1250), bought("c", 5, 1250)]
    assert find(CameBack(NOON, 1250), rooms, window=WINDOW) == Found("b", Fit.SAME_PRICE)
    assert find(CameBack(NOON, 900), rooms, window=WINDOW) == Found("b", Fit.WITHIN)


def test_at_the_same_moment_the_key_decides() -> None:
    rooms = [bought("a", 2, 1250), bought("b", 2, 1250)]
    assert find(CameBack(NOON, 1250), rooms, window=WINDOW) == Found("b", Fit.SAME_PRICE)


def test_a_purchase_after_the_refund_or_before_the_window_is_not_meant() -> None:
    back = CameBack(NOON, 500)
    assert find(back, [bought("later", -1, 500)], window=WINDOW) is None
    assert find(back, [bought("last day", 30, 500)], window=WINDOW) is not None
    assert find(back, [bought("older", 31, 500)], window=WINDOW) is None
    clocks = Bought("clocks", NOON + timedelta(minutes=5), 500, 500)
    assert find(back, [clocks], window=WINDOW) is not None


def test_no_more_comes_back_than_is_left() -> None:
    back = CameBack(NOON, 1250)
    assert find(back, [bought("a", 2, 1250, left_minor=1249)], window=WINDOW) is None
    assert find(back, [], window=WINDOW) is None
    rooms = [bought("a", 2, 1250, left_minor=0), bought("b", 9, 2000)]
    assert find(back, rooms, window=WINDOW) == Found("b", Fit.WITHIN)


def test_units_are_looked_at_where_they_are_told() -> None:
    three = bought("three", 5, 3000, units=3)
    assert find(CameBack(NOON, 2000, 2), [three], window=WINDOW) == Found("three", Fit.SAME_PRICE)
    assert find(CameBack(NOON, 2000, 4), [three], window=WINDOW) is None
    assert find(CameBack(NOON, 1500, 2), [three], window=WINDOW) == Found("three", Fit.WITHIN)
    # Money for no number of units: all of it, or a part.
    assert find(CameBack(NOON, 3000), [three], window=WINDOW) == Found("three", Fit.SAME_PRICE)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300)), min_size=1, max_size=4),
    st.integers(1, 300),
)
def test_the_order_of_the_purchases_does_not_matter(
    told: list[tuple[int, int]], amount_minor: int
) -> None:
    rooms = [bought(str(number), days, amount) for number, (days, amount) in enumerate(told)]
    found = {
        find(CameBack(NOON, amount_minor), order, window=WINDOW)
        for order in itertools.permutations(rooms)
    }
    assert len(found) == 1
