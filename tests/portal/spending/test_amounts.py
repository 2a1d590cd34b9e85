"""Amounts as people type them: read exactly, or refused where they could be another amount."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.money import MINOR_MAX
from cagnotte.platform.figures import money
from cagnotte.portal.spending.amounts import read, typed

TWO_WAYS = "This can be read as two amounts"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12,40", "EUR", 1240),
        ("12.40", "EUR", 1240),
        ("12.4", "EUR", 1240),
        (" 12,40 € ", "EUR", 1240),
        ("€12.40", "EUR", 1240),
        ("12,40 eur", "EUR", 1240),
        ("-12.40", "EUR", -1240),
        ("12", "EUR", 1200),
        ("0", "EUR", 0),
        ("012", "EUR", 1200),
        ("1234567", "EUR", 123456700),
        ("1 200", "EUR", 120000),
        ("1\u202f200,50", "EUR", 120050),
        ("1\u00a0200.50", "EUR", 120050),
        ("1'200.50", "EUR", 120050),
        ("1’200’300", "EUR", 120030000),
        ("1,234.50", "EUR", 123450),
        ("1.234,50", "EUR", 123450),
        ("1.234.567", "EUR", 123456700),
        ("1,234,567.8", "EUR", 123456780),
        ("10,0000", "EUR", 1000),
        ("0,500", "EUR", 50),
        ("1 234,000", "EUR", 123400),
        ("10,00", "XOF", 10),
        ("XOF 1 240", "XOF", 1240),
        ("¥1240", "JPY", 1240),
        ("1,234.000", "JPY", 1234),
        ("12,5", "KWD", 12500),
        ("0,125", "KWD", 125),
        ("1 234,567", "KWD", 1234567),
    ],
)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_amount_that_means_one_thing_is_read_in_any_language(
    language: str, text: str, currency: str, minor: int
) -> None:
    with translation.override(language):
        assert read(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "language", "minor"),
    [
        ("1,234", "EUR", "en", 123400),
        ("1,234", "JPY", "en", 1234),
        ("1.234", "KWD", "en", 1234),
        ("1,234", "KWD", "fr", 1234),
    ],
)
def test_the_language_says_what_a_lone_mark_before_three_digits_means(
    text: str, currency: str, language: str, minor: int
) -> None:
    with translation.override(language):
        assert read(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "language", "sentence"),
    [
        ("1,234", "EUR", "fr", "Ce montant peut se lire de deux façons"),
        ("1.234", "EUR", "fr", "Ce montant peut se lire de deux façons"),
        ("1.234", "EUR", "en", TWO_WAYS),
        ("1.000", "EUR", "en", TWO_WAYS),
        ("10,000", "XOF", "fr", "Ce montant peut se lire de deux façons"),
        ("10.000", "JPY", "en", TWO_WAYS),
        ("1,234", "KWD", "en", TWO_WAYS),
        ("1.234", "KWD", "fr", "Ce montant peut se lire de deux façons"),
        ("0,125", "EUR", "fr", "au plus 2 décimales"),
        ("0,125", "EUR", "en", "at most"),
        ("12,345.678", "EUR", "en", "at most"),
        ("10.50", "JPY", "en", "no decimals"),
        ("0,5", "XOF", "fr", "pas de décimales"),
        ("1,2345", "KWD", "en", "3 decimals at most"),
    ],
)
def test_what_could_be_another_amount_or_is_too_fine_is_refused_in_words(
    text: str, currency: str, language: str, sentence: str
) -> None:
    with translation.override(language), pytest.raises(ValidationError) as refused:
        read(text, currency)
    assert sentence in refused.value.messages[0]


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3",
        "1,2,3",
        "12 40",
        "1 23",
        "1 2345",
        "0 123",
        "1,234,56",
        "1.234,567.8",
        "1 234'567",
        "1 234.567.890",
        "12€40",
        "£12",
        "12 CHF",
        "12.",
        "12,-",
        ",50",
        "--5",
        "1e3",
        "١٢",
        "twelve",
        "€",
        "9" * 400,
        "1" + " " * 5000 + "x",
    ],
)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_no_amount_is_refused(language: str, text: str) -> None:
    with translation.override(language), pytest.raises(ValidationError) as refused:
        read(text, "EUR")
    assert refused.value.messages[0].startswith(("Write an amount", "Écrivez un montant en"))


@given(
    amount_minor=st.integers(-MINOR_MAX, MINOR_MAX) | st.integers(-10_000_000, 10_000_000),
    currency=st.sampled_from(["EUR", "CHF", "USD", "JPY", "XOF", "KWD", "TND"]),
    language=st.sampled_from(["en", "fr"]),
)
def test_what_is_written_is_read_back_exactly(
    amount_minor: int, currency: str, language: str
) -> None:
    with translation.override(language):
        assert read(money(amount_minor, currency), currency) == amount_minor
        assert read(typed(amount_minor, currency), currency) == amount_minor
