"""Figures in the reader's language."""

import pytest
from django.utils import translation

from cagnotte.domain.errors import UnknownCurrency
from cagnotte.platform.figures import listing, money, number, percent, ranges

NARROW, FIXED = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("amount", "currency", "english", "french"),
    [
        (4210, "EUR", "€42.10", f"42,10{NARROW}€"),
        (123_450, "EUR", "€1,234.50", f"1{NARROW}234,50{NARROW}€"),
        (5, "EUR", "€0.05", f"0,05{NARROW}€"),
        (0, "EUR", "€0.00", f"0,00{NARROW}€"),
        (-123, "EUR", "−€1.23", f"−1,23{NARROW}€"),
        (1234, "JPY", "¥1,234", f"1{NARROW}234{NARROW}¥"),
        (1_234_567, "TND", f"TND{FIXED}1,234.567", f"1{NARROW}234,567{NARROW}TND"),
        (1000, "CHF", f"CHF{FIXED}10.00", f"10,00{NARROW}CHF"),
        (
            10**15 + 1,
            "EUR",
            "€10,000,000,000,000.01",
            f"10{NARROW}000{NARROW}000{NARROW}000{NARROW}000,01{NARROW}€",
        ),
    ],
)
def test_money_is_written_as_each_language_does(
    amount: int, currency: str, english: str, french: str
) -> None:
    with translation.override("en"):
        assert money(amount, currency) == english
    with translation.override("fr"):
        assert money(amount, currency) == french


def test_money_of_no_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        money(1, "EURO")


@pytest.mark.parametrize(
    ("bps", "english", "french"),
    [
        (500, "5%", "5 %"),
        (250, "2.5%", "2,5 %"),
        (1205, "12.05%", "12,05 %"),
        (5, "0.05%", "0,05 %"),
        (0, "0%", "0 %"),
        (10_000, "100%", "100 %"),
    ],
)
def test_rates_are_exact_and_without_needless_zeros(bps: int, english: str, french: str) -> None:
    with translation.override("en"):
        assert percent(bps) == english
    with translation.override("fr"):
        assert percent(bps) == french.replace(" ", NARROW)


def test_numbers_are_set_apart_by_thousands() -> None:
    with translation.override("en"):
        assert [number(999), number(-1000), number(1_234_567)] == ["999", "−1,000", "1,234,567"]


def test_without_a_language_figures_are_english() -> None:
    with translation.override(None):
        assert money(123_456, "EUR") == "€1,234.56"


@pytest.mark.parametrize(
    ("items", "english", "french"),
    [
        ([], "", ""),
        (["a"], "a", "a"),
        (["a", "b"], "a and b", "a et b"),
        (["a", "b", "c"], "a, b and c", "a, b et c"),
    ],
)
def test_lists_end_with_an_and(items: list[str], english: str, french: str) -> None:
    with translation.override("en"):
        assert listing(items) == english
    with translation.override("fr"):
        assert listing(items) == french


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ([], []),
        ([3], ["3"]),
        ([2, 1], ["1", "2"]),
        ([1, 2, 3, 3], ["1–3"]),
        ([7, 1, 2, 3, 4, 9, 10], ["1–4", "7", "9", "10"]),
    ],
)
def test_three_numbers_in_a_row_are_a_range(numbers: list[int], shown: list[str]) -> None:
    assert ranges(numbers) == shown
