"""What came back of an order: a set of returns, laid over its lines."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.purchases import Line, Purchase, Returned, with_returns

AT = datetime(2026, 3, 1, tzinfo=UTC)


def order(*lines: tuple[str, int, int]) -> Purchase:
    """An order of (article, units, amount)."""
    numbered = [Line(number, *line) for number, line in enumerate(lines, 1)]
    return Purchase("shop", "A1", AT, "EUR", tuple(numbered))


def back(purchase: Purchase, *returned: Returned) -> list[tuple[int, int]]:
    """(units, amount) that came back of each line, when all found its place."""
    after, placed = with_returns(purchase, returned)
    assert placed
    return [(line.returned_quantity, line.returned_minor) for line in after.lines]


def test_a_return_goes_to_the_line_it_names() -> None:
    purchase = order(("plum", 2, 200), ("plum", 2, 200))
    assert back(purchase, Returned(2, "plum", 1, 100)) == [(0, 0), (1, 100)]


def test_a_return_of_an_article_goes_to_the_line_it_was_bought_at_that_price() -> None:
    purchase = order(("plum", 1, 500), ("fig", 1, 400), ("plum", 2, 800))
    assert back(purchase, Returned(0, "plum", 1, 400)) == [(0, 0), (0, 0), (1, 400)]
    # At another price: to the first that has room, whatever is left to the next.
    assert back(purchase, Returned(0, "plum", 2, 600)) == [(1, 500), (0, 0), (1, 100)]


def test_money_for_no_article_is_spread_over_what_remains() -> None:
    purchase = order(("plum", 1, 200), ("fig", 1, 100))
    assert back(purchase, Returned(0, "", 0, 100)) == [(0, 67), (0, 33)]
    assert back(purchase, Returned(0, "", 0, 100), Returned(1, "", 1, 200)) == [(1, 200), (0, 100)]


def test_what_was_told_of_returns_before_is_replaced() -> None:
    purchase = order(("plum", 2, 200))
    first, _ = with_returns(purchase, [Returned(0, "plum", 1, 100)])
    assert with_returns(first, []) == (purchase, True)
    assert with_returns(first, [Returned(0, "plum", 1, 100)]) == (first, True)


def test_beyond_what_was_bought_nothing_comes_back() -> None:
    purchase = order(("plum", 1, 200))
    whole = replace(
        purchase, lines=(purchase.lines[0]._replace(returned_quantity=1, returned_minor=200),)
    )
    assert with_returns(purchase, [Returned(0, "plum", 2, 300)]) == (whole, False)
    assert with_returns(purchase, [Returned(0, "fig", 1, 10)]) == (purchase, False)
    assert with_returns(purchase, [Returned(7, "", 1, 10)]) == (purchase, False)


lines = st.lists(
    st.tuples(st.sampled_from(["plum", "fig", ""]), st.integers(1, 5), st.integers(0, 999)),
    min_size=1,
    max_size=4,
)
items = st.builds(
    Returned, st.integers(0, 4), st.sampled_from(["plum", "fig", ""]), st.integers(0, 3),
    st.integers(0, 600),
)  # fmt: skip


@given(lines, st.lists(items, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_returns_does_not_matter_and_all_of_a_return_is_somewhere(
    bought: list[tuple[str, int, int]], returned: list[Returned], rng: object
) -> None:
    purchase = order(*bought)
    after, placed = with_returns(purchase, returned)
    shuffled = list(returned)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert with_returns(purchase, shuffled) == (after, placed)
    for line in after.lines:
        assert 0 <= line.returned_quantity <= line.quantity
        assert 0 <= line.returned_minor <= line.amount_minor
    units = sum(line.returned_quantity for line in after.lines)
    minor = sum(line.returned_minor for line in after.lines)
    told = sum(item.quantity for item in returned), sum(item.amount_minor for item in returned)
    assert units <= told[0]
    assert minor <= told[1]
    assert placed == ((units, minor) == told)
