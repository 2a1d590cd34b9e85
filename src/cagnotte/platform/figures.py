"""Figures in the reader's language: money, percentages, numbers and lists, exact to the last digit.

The language is the active translation of Django. Nothing passes through a float, so what is shown is what is
kept. Formats follow CLDR for English and French, but for the narrow space that French typography asks for.
"""

from collections.abc import Iterable, Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cagnotte.domain.money import decimals_of

NARROW_SPACE = "\u202f"
"""A narrow space at which no line breaks."""

_SYMBOLS = {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
"""Symbols that no reader mistakes; other currencies show their code."""
_FRENCH_SYMBOLS = _SYMBOLS | {"USD": "$US"}


def is_french() -> bool:
    """Tell whether the reader's language is French; every other language is written as English."""
    return (get_language() or "").startswith("fr")


def number(value: int, decimals: int = 0) -> str:
    """Write value ÷ 10^decimals with that many decimals: 123456, 2 is "1,234.56" or "1 234,56"."""
    group, point = (NARROW_SPACE, ",") if is_french() else (",", ".")
    digits = str(abs(value)).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    grouped = f"{int(whole):,}".replace(",", group)
    return ("-" if value < 0 else "") + grouped + (point + fraction if fraction else "")


def money(amount_minor: int, currency: str) -> str:
    """Write an amount: 123456 EUR is "€1,234.56" in English and "1 234,56 €" in French.

    Raises UnknownCurrency.
    """
    decimals = decimals_of(currency)
    if is_french():
        return (
            number(amount_minor, decimals) + NARROW_SPACE + _FRENCH_SYMBOLS.get(currency, currency)
        )
    sign, size = ("-" if amount_minor < 0 else ""), number(abs(amount_minor), decimals)
    return sign + _SYMBOLS.get(currency, currency + "\u00a0") + size


def percent(rate_bps: int) -> str:
    """Write basis points as a percentage without needless zeros: 250 is "2.5%" or "2,5 %"."""
    decimals = 2 if rate_bps % 10 else 1 if rate_bps % 100 else 0
    shown = number(rate_bps // 10 ** (2 - decimals), decimals)
    return f"{shown}{NARROW_SPACE}%" if is_french() else f"{shown}%"


def listing(items: Sequence[str]) -> str:
    """Join with commas and a last "and": "a, b and c". Nothing gives the empty text."""
    if len(items) <= 1:
        return "".join(items)
    return _("{first} and {last}").format(first=", ".join(items[:-1]), last=items[-1])


def ranges(numbers: Iterable[int]) -> list[str]:
    """Write whole numbers, three or more in a row as one range: 1, 2, 3, 4, 7 is "1–4", "7"."""
    runs: list[list[int]] = []
    for one in sorted(set(numbers)):
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    shown = []
    for run in runs:
        shown += [f"{run[0]}–{run[-1]}"] if len(run) > 2 else [str(one) for one in run]  # noqa: PLR2004  # see above
    return shown
