"""Amounts of orders' lines, by examples and by random cases: nothing is lost, nothing comes back twice."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.money import decimals_of
from cagnotte.extras.sources.shops import amounts
from cagnotte.extras.sources.shops.amounts import GivenBack
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import ReportLine

LINE = ReportLine(1, "MUG", 3, Decimal("30.00"), Decimal("3.00"))
CENTS = st.decimals(Decimal(0), Decimal(5_000), places=2)


@pytest.mark.parametrize(
    ("amount", "currency", "result"),
    [
        ("24.950000", "EUR", "24.95"), ("0.005", "EUR", "0.01"), ("-0.005", "EUR", "-0.01"), ("500", "JPY", "500"),
        ("0.5", "JPY", "1"), ("1.2345", "KWD", "1.235"),
    ],
)  # fmt: skip
def test_amounts_with_more_decimals_are_rounded_half_away_from_zero(
    amount: str, currency: str, result: str
) -> None:
    assert amounts.rounded(Decimal(amount), currency) == Decimal(result)


def test_an_amount_that_its_currency_cannot_express_is_refused() -> None:
    with pytest.raises(Misread, match="fee"):
        amounts.minor(Decimal("0.001"), "EUR", "fee")


@given(total=CENTS, weights=st.lists(CENTS, min_size=1, max_size=8))
def test_what_is_spread_sums_up(total: Decimal, weights: list[Decimal]) -> None:
    parts = amounts.spread(total, weights, "EUR", "discount")
    assert sum(parts) == total
    assert len(parts) == len(weights)
    assert all(part == round(part, decimals_of("EUR")) for part in parts)


def test_a_discount_without_a_line_to_take_it_is_refused() -> None:
    assert amounts.spread(Decimal(0), [], "EUR", "fee") == []
    with pytest.raises(Misread, match="fee"):
        amounts.spread(Decimal(1), [], "EUR", "fee")


@pytest.mark.parametrize(
    ("quantity", "paid_back", "expected"),
    [
        (0, "0", (0, "0")), (1, "9.00", (1, "10.00")), (0, "9.00", (0, "10.00")), (3, "0", (3, "30.00")),
        (0, "27.00", (3, "30.00")), (0, "99.00", (3, "30.00")), (9, "9.00", (3, "30.00")), (0, "0.01", (0, "0.01")),
    ],
)  # fmt: skip
def test_what_was_paid_back_becomes_its_part_of_the_price(
    quantity: int, paid_back: str, expected: tuple[int, str]
) -> None:
    line = amounts.with_return(LINE, "EUR", quantity=quantity, paid_back=Decimal(paid_back))
    assert (line.returned_quantity, line.returned_amount) == (expected[0], Decimal(expected[1]))


def test_an_article_that_was_a_present_comes_back_by_its_units() -> None:
    present = replace(LINE, discount=Decimal("30.00"))
    line = amounts.with_return(present, "EUR", quantity=1, paid_back=Decimal(0))
    assert (line.returned_quantity, line.returned_amount) == (1, Decimal(0))


@pytest.mark.parametrize(
    ("back", "bought", "units"),
    [
        ("1", "2", 1),
        ("2", "2", 2),
        ("0.5", "1.5", 0),
        ("1", "1.5", 0),
        ("1.5", "1.5", 1),
        ("-1", "2", 0),
    ],
)
def test_parts_of_a_unit_do_not_come_back_as_units(back: str, bought: str, units: int) -> None:
    assert amounts.units_back(Decimal(back), Decimal(bought)) == units


@given(
    refunds=st.lists(st.tuples(st.integers(1, 2), st.integers(0, 3), CENTS), max_size=5),
    rest=CENTS,
    delivery=CENTS,
)
def test_never_more_comes_back_than_was_bought_in_any_order(
    refunds: list[tuple[int, int, Decimal]], rest: Decimal, delivery: Decimal
) -> None:
    lines = [LINE, replace(LINE, number=2, quantity=1, amount=Decimal("5.00"))]
    kept = []
    for told in (refunds, list(reversed(refunds))):
        back = GivenBack(delivery=delivery, rest=rest)
        for refund in told:
            back.add(*refund)
        kept.append(back.taken_off(lines, Decimal("4.90"), Decimal("0.82"), "EUR"))
    assert kept[0] == kept[1]
    for line, left in zip(lines, kept[0].lines, strict=True):
        assert 0 <= left.returned_amount <= line.amount
        assert left.returned_quantity <= line.quantity
    assert 0 <= kept[0].delivery <= Decimal("4.90")
    assert kept[0].delivery_tax <= kept[0].delivery
    assert kept[0].refunded in (0, rest)
