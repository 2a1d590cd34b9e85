"""Figures in the reader's language: money, percentages, numbers and lists, exact to the last digit.

The language is the active translation of Django: separators come from its formats, the place of signs from our
catalogue, so that a new language needs nothing here. Nothing passes through a float: what is shown is what is
kept.
"""

from collections.abc import Iterable, Sequence

from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cagnotte.domain.money import decimals_of

NARROW_SPACE = "\u202f"
"""A narrow space at which no line breaks."""

FIXED_SPACE = "\u00a0"
"""A space at which no line breaks."""

SYMBOLS = {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
"""Signs that few readers mistake; other currencies show their code."""

RANGE_MIN = 3
"""Fewest whole numbers in a row that are written as a range."""


def number(value: int, decimals: int = 0) -> str:
    """Write value ÷ 10^decimals with that many decimals: 123456, 2 is "1,234.56" or "1 234,56"."""
    digits = str(abs(value)).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    apart = str(get_format("THOUSAND_SEPARATOR"))
    # Where a language sets thousands apart by a space, it is a narrow one that never breaks.
    shown = f"{int(whole):,}".replace(",", NARROW_SPACE if apart.isspace() else apart)
    if decimals:
        shown += str(get_format("DECIMAL_SEPARATOR")) + fraction
    return f"−{shown}" if value < 0 else shown


def money(amount_minor: int, currency: str) -> str:
    """Write an amount: 123456 EUR is "€1,234.56" in English and "1 234,56 €" in French.

    Raises UnknownCurrency.
    """
    size = number(abs(amount_minor), decimals_of(currency))
    if currency in SYMBOLS:
        shown = pgettext("money", "{symbol}{amount}").format(symbol=SYMBOLS[currency], amount=size)
    else:
        shown = pgettext("money", "{code} {amount}").format(code=currency, amount=size)
        shown = shown.replace(" ", FIXED_SPACE)
    return f"−{shown}" if amount_minor < 0 else shown


def percent(rate_bps: int) -> str:
    """Write basis points as a percentage without needless zeros: 250 is "2.5%" or "2,5 %"."""
    decimals = 2 if rate_bps % 10 else 1 if rate_bps % 100 else 0
    return pgettext("percent", "{number}%").format(
        number=number(rate_bps // 10 ** (2 - decimals), decimals)
    )


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
    shown: list[str] = []
    for run in runs:
        shown += [f"{run[0]}–{run[-1]}"] if len(run) >= RANGE_MIN else map(str, run)
    return shown
