"""What the wallet paid of a line comes back exactly, in whatever steps the line does."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.errors import Refused
from cagnotte.domain.money import allocate
from cagnotte.wallet.shares import Line, Share, check


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), st.data())
def test_any_steps_of_a_return_give_the_share_back_to_the_cent(
    steps: list[int], data: st.DataObject
) -> None:
    price = sum(steps)
    share = Share("tea", price, data.draw(st.integers(0, price)))
    for step in steps:
        back = share.back(step)
        assert 0 <= back <= step
        share = replace(
            share,
            back_minor=share.back_minor + step,
            share_back_minor=share.share_back_minor + back,
        )
    assert share.share_back_minor == share.share_minor


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), st.data())
def test_no_line_is_paid_more_than_it_costs(prices: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(1, sum(prices)))
    shares = allocate(amount, prices)
    assert sum(shares) == amount
    assert all(share <= price for share, price in zip(shares, prices, strict=True))


@pytest.mark.parametrize(
    "lines",
    [(Line("tea", 99),), (Line("tea", 60), Line("tea", 60)), (Line("tea", 200), Line("jam", 0))],
)
def test_lines_that_cannot_have_been_paid_so_are_refused(lines: tuple[Line, ...]) -> None:
    with pytest.raises(Refused):
        check(100, lines, "EUR")
