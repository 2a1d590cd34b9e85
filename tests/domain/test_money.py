"""Money: no division without a named rounding, no split that loses a cent."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.errors import CurrencyMismatch, InvalidMoney, UnknownCurrency
from cagnotte.domain.money import (
    DECIMALS,
    MINOR_MAX,
    Money,
    Rounding,
    allocate,
    divide,
    format_minor,
    parse_minor,
)

amounts = st.integers(-MINOR_MAX, MINOR_MAX)
currencies = st.sampled_from(["EUR", "JPY", "TND"])
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("numerator", "denominator", "half_up", "half_even", "down", "up"),
    [
        (5, 2, 3, 2, 2, 3),
        (7, 2, 4, 4, 3, 4),
        (-5, 2, -3, -2, -2, -3),
        (5, -2, -3, -2, -2, -3),
        (-5, -2, 3, 2, 2, 3),
        (1, 3, 0, 0, 0, 1),
        (2, 3, 1, 1, 0, 1),
        (6, 3, 2, 2, 2, 2),
        (0, 7, 0, 0, 0, 0),
    ],
)
def test_each_rounding_does_what_its_name_says(
    numerator: int, denominator: int, half_up: int, half_even: int, down: int, up: int
) -> None:
    assert [divide(numerator, denominator, rounding) for rounding in Rounding] == [
        half_up,
        half_even,
        down,
        up,
    ]


@given(amounts, st.integers(1, 10**9), st.sampled_from(Rounding))
def test_a_division_is_symmetric_around_zero(
    numerator: int, denominator: int, rounding: Rounding
) -> None:
    assert divide(-numerator, denominator, rounding) == -divide(numerator, denominator, rounding)


@given(amounts, st.integers(1, 10**9), st.sampled_from(Rounding))
def test_a_division_is_off_by_less_than_one_and_to_the_nearest_by_half_at_most(
    numerator: int, denominator: int, rounding: Rounding
) -> None:
    off = abs(Fraction(numerator, denominator) - divide(numerator, denominator, rounding))
    nearest = rounding in (Rounding.HALF_UP, Rounding.HALF_EVEN)
    assert off <= Fraction(1, 2) if nearest else off < 1


def test_nothing_is_divided_by_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        divide(1, 0, Rounding.DOWN)


def test_ten_cents_among_three_leave_the_odd_cent_with_the_first() -> None:
    assert allocate(10, [1, 1, 1]) == [4, 3, 3]
    assert allocate(-10, [1, 1, 1]) == [-4, -3, -3]


def test_the_largest_remainder_gets_the_odd_cent() -> None:
    # 100 × 1/6 = 16.67, 2/6 = 33.33, 3/6 = 50.
    assert allocate(100, [1, 2, 3]) == [17, 33, 50]


def test_without_any_weight_the_first_gets_all() -> None:
    assert allocate(7, [0, 0]) == [7, 0]


@pytest.mark.parametrize("bad", [[], [1, -1]])
def test_a_split_needs_weights_that_are_not_negative(bad: list[int]) -> None:
    with pytest.raises(
        ValueError, match=r"^allocate needs at least one weight, and none below zero$"
    ):
        allocate(10, bad)


@given(amounts, weights)
def test_a_split_loses_nothing_and_is_fair_to_the_cent(total: int, weight: list[int]) -> None:
    parts = allocate(total, weight)
    assert sum(parts) == total
    if sum(weight):
        for part, each in zip(parts, weight, strict=True):
            assert abs(part - Fraction(total * each, sum(weight))) < 1


@given(amounts, currencies)
def test_what_is_written_reads_back(amount: int, currency: str) -> None:
    assert parse_minor(format_minor(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1240, "EUR", "12.40"),
        (-5, "EUR", "-0.05"),
        (0, "EUR", "0.00"),
        (1240, "JPY", "1240"),
        (-7, "JPY", "-7"),
        (12345, "TND", "12.345"),
        (1, "TND", "0.001"),
    ],
)
def test_amounts_are_written_with_the_decimals_of_their_currency(
    amount: int, currency: str, text: str
) -> None:
    assert format_minor(amount, currency) == text
    assert str(Money(amount, currency)) == f"{text} {currency}"
    assert Money.parse(text, currency) == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "minor"), [("12.400", 1240), ("+3", 300), ("007.5", 750), ("-0.00", 0)]
)
def test_zeros_that_say_nothing_are_accepted(text: str, minor: int) -> None:
    assert parse_minor(text, "EUR") == minor


@pytest.mark.parametrize(
    "text", ["", " 1", "1,50", ".5", "5.", "1e3", "--1", "١٢", "12.40 €", "0x10", "1_000", "1\n"]
)
def test_what_is_no_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidMoney) as caught:
        parse_minor(text, "EUR")
    assert caught.value.sentence == (
        f"“{text}” is not an amount; write digits with a point for decimals, such as 12.40."
    )
    assert caught.value.facts == {"text": text}


def test_decimals_that_would_be_lost_are_refused() -> None:
    with pytest.raises(InvalidMoney) as caught:
        parse_minor("1.005", "EUR")
    assert caught.value.sentence == (
        "“1.005” has more decimals than EUR has (2); round it at its source."
    )
    assert caught.value.facts == {"text": "1.005"}
    with pytest.raises(InvalidMoney, match=r"more decimals than JPY has \(0\)"):
        parse_minor("1.5", "JPY")


def test_the_largest_amount_is_taken_and_one_cent_more_is_not() -> None:
    assert parse_minor("10000000000000.00", "EUR") == MINOR_MAX
    with pytest.raises(InvalidMoney) as caught:
        parse_minor("10000000000000.01", "EUR")
    assert caught.value.sentence == (
        "“10000000000000.01” EUR is larger than any amount Cagnotte takes."
    )
    assert caught.value.facts == {"text": "10000000000000.01"}


@pytest.mark.parametrize("code", ["EURO", "eur", "", "XXX"])
def test_a_currency_outside_iso_4217_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency) as caught:
        Money(1, code)
    assert caught.value.sentence == (
        f"“{code}” is not a currency of ISO 4217; write a code such as EUR, JPY or TND."
    )
    assert caught.value.facts == {"currency": code}


def test_every_currency_has_one_number_of_decimals() -> None:
    assert {DECIMALS[code] for code in ("EUR", "USD", "MAD")} == {2}
    assert {DECIMALS[code] for code in ("JPY", "XOF", "ISK")} == {0}
    assert {DECIMALS[code] for code in ("TND", "KWD", "BHD")} == {3}
    assert all(len(code) == 3 and code.isupper() for code in DECIMALS)


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_two_currencies_never_meet(operation: str) -> None:
    with pytest.raises(CurrencyMismatch) as caught:
        getattr(Money(1, "EUR"), operation)(Money(1, "USD"))
    assert caught.value.sentence == "0.01 EUR and 0.01 USD are in different currencies."
    assert caught.value.facts == {"left": "EUR", "right": "USD"}


def test_money_adds_up() -> None:
    euro = Money(150, "EUR")
    assert euro + euro - Money(1, "EUR") == Money(299, "EUR")
    assert -euro < Money(0, "EUR") <= euro <= Money(150, "EUR")
    assert not euro <= Money(149, "EUR")
    assert Money.total([euro, euro], "EUR") == Money(300, "EUR")
    assert not Money.total([], "EUR")
    assert euro.share(1, 100, Rounding.HALF_UP) == Money(2, "EUR")
    assert euro.share(2, 3, Rounding.DOWN) == Money(100, "EUR")
    assert euro.allocate([2, 1]) == [Money(100, "EUR"), Money(50, "EUR")]
