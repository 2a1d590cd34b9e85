"""What refunds take off articles: exact to the cent, the same in any order, never more than was paid."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.extras.sources.shops.refunds import Refund, beyond_total, taken_off
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import ReportLine

TEA = ReportLine(1, "TEA", 3, Decimal("10.00"), discount=Decimal("1.00"))
POT = ReportLine(2, "POT", 1, Decimal("31.00"))


def refund(amount: str, ref: str = "1", **units: int) -> Refund:
    numbers = {"tea": 1, "pot": 2, "gone": 9}
    return Refund(ref, Decimal(amount), {numbers[name]: count for name, count in units.items()})


def back(*refunds: Refund) -> list[tuple[int, str]]:
    lines = taken_off([TEA, POT], refunds, "EUR")
    return [(line.returned_quantity, str(line.returned_amount)) for line in lines]


def test_without_refunds_nothing_comes_back() -> None:
    assert taken_off([TEA, POT], [], "EUR") == [TEA, POT]


def test_units_come_back_with_the_discount_they_had() -> None:
    assert back(refund("3.00", tea=1)) == [(1, "3.33"), (0, "0.00")]


def test_units_that_come_back_one_by_one_are_worth_the_whole_line() -> None:
    one_by_one = [refund("3.00", ref=str(number), tea=1) for number in range(3)]
    assert back(*one_by_one) == back(refund("9.00", tea=3)) == [(3, "10.00"), (0, "0.00")]


def test_money_beyond_the_units_is_taken_off_what_remains() -> None:
    # 3.00 for a tea, and 3.70 more: a tenth of the 37.00 that are left.
    assert back(refund("6.70", tea=1)) == [(1, "4.00"), (0, "3.10")]


def test_money_that_does_not_reach_for_the_units_leaves_them() -> None:
    assert back(refund("1.50", tea=1)) == [(0, "1.67"), (0, "0.00")]


def test_money_of_no_article_is_taken_off_all_in_proportion() -> None:
    assert back(refund("4.00")) == [(0, "1.00"), (0, "3.10")]


def test_all_money_brings_back_all_and_the_rest_was_the_delivery() -> None:
    assert back(refund("44.90")) == back(refund("40.00")) == [(3, "10.00"), (1, "31.00")]


def test_units_of_a_line_that_is_gone_are_money() -> None:
    assert back(refund("4.00", gone=1)) == back(refund("4.00"))


def test_an_article_that_cost_nothing_comes_back_for_nothing() -> None:
    free = ReportLine(1, "GIFT", 1, Decimal("5.00"), discount=Decimal("5.00"))
    lines = taken_off([free], [Refund("1", Decimal(0), {1: 1})], "EUR")
    assert [line.returned_amount for line in lines] == [0]


@pytest.mark.parametrize("wrong", [refund("-1.00"), refund("3.00", tea=-1)])
def test_a_refund_below_zero_is_refused(wrong: Refund) -> None:
    with pytest.raises(Misread, match="below zero"):
        taken_off([TEA, POT], [wrong], "EUR")


def test_a_fraction_that_the_currency_does_not_have_is_refused() -> None:
    with pytest.raises(Misread, match="no amount of EUR"):
        taken_off([TEA, POT], [refund("1.005")], "EUR")


@pytest.mark.parametrize(
    ("total", "paid", "back", "counts"),
    [
        (50, 50, 10, 10),
        (25, 50, 25, 0),
        (25, 50, 35, 10),
        (5, 50, 45, 0),
        (50, 0, 0, 0),
        (50, 0, 10, 10),
        (50, 60, 5, 0),
        (0, 50, 50, 0),
    ],
)
def test_what_the_total_already_leaves_out_is_given_back_once(
    total: int, paid: int, back: int, counts: int
) -> None:
    told = {"total": Decimal(total), "paid": Decimal(paid), "back": Decimal(back)}
    assert beyond_total(**told) == counts


REFUNDS = st.lists(
    st.builds(
        Refund,
        st.uuids().map(str),
        st.decimals(0, 50, places=2),
        st.dictionaries(st.sampled_from([1, 2, 9]), st.integers(0, 4), max_size=2),
    ),
    max_size=4,
)


@given(refunds=REFUNDS)
def test_refunds_in_any_order_take_the_same_and_never_more_than_there_is(
    refunds: list[Refund],
) -> None:
    lines = taken_off([TEA, POT], refunds, "EUR")
    for line in lines:
        assert 0 <= line.returned_amount <= line.amount
        assert 0 <= line.returned_quantity <= line.quantity
    for other in permutations(refunds):
        assert taken_off([TEA, POT], other, "EUR") == lines
