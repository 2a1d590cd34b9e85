"""An amount of money as people type it: “12,40”, “12.40 €”, “1 200”.

An amount that could be another one is refused, never guessed: what is read here may leave a cagnotte for good.
"""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from cagnotte.domain.errors import InvalidMoney
from cagnotte.domain.money import decimals_of, format_minor, parse_minor
from cagnotte.platform.figures import SYMBOLS, money

_ALIKE = str.maketrans("\u00a0\u202f\u2009\t’−", "    '-")
"""Spaces, apostrophes and minus signs that people take for the same."""

_WHOLE = re.compile(r"\d+|[1-9]\d{0,2}(?P<mark>[ '.,])\d{3}(?:(?P=mark)\d{3})*", re.ASCII)
"""A whole number: digits, or groups of three that one kind of mark sets apart."""

_TWO_WAYS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
"""“1,234”: one thousand and more, or one and a fraction."""


def typed(amount_minor: int, currency: str) -> str:
    """Write an amount as it stands in a field, in the reader's way: “1240,50” in French."""
    return format_minor(amount_minor, currency).replace(".", str(get_format("DECIMAL_SEPARATOR")))


def read(text: str, currency: str) -> int:
    """Read an amount in minor units, in the reader's language. Raises ValidationError with a sentence."""
    name = "|".join(re.escape(one) for one in (currency, SYMBOLS.get(currency)) if one)
    written = re.fullmatch(
        rf"(?P<sign>[+-]?) *(?:(?:{name}) *)?(?P<number>\d(?:[\d.,' ]*\d)?) *(?:{name})?",
        text.translate(_ALIKE).strip(),
        re.ASCII | re.IGNORECASE,
    )
    if written is None:
        raise _not_figures(currency)
    try:
        return parse_minor(written["sign"] + _plain(written["number"], currency), currency)
    except InvalidMoney:
        raise _not_figures(currency) from None


def _plain(number: str, currency: str) -> str:
    """Return a number with nothing but a point before its decimals. Raises ValidationError."""
    mark = next((one for one in reversed(number) if one in ".,"), "")
    lone = number.count(".") + number.count(",") == 1
    if mark and number.count(mark) == 1 and not (lone and _is_thousands(number, mark, currency)):
        whole, _mark, fraction = number.rpartition(mark)
        if fraction[decimals_of(currency) :].strip("0"):
            raise _too_fine(currency)
    else:
        whole, fraction = number, ""
    if not _WHOLE.fullmatch(whole):
        raise _not_figures(currency)
    digits = re.sub(r"\D", "", whole)
    return f"{digits}.{fraction}" if fraction else digits


def _is_thousands(number: str, mark: str, currency: str) -> bool:
    """Say whether the only mark of a number sets thousands apart.

    Raises ValidationError where it could, but need not. “1.234” is refused in French, too: banks there take the point
    for the comma, which keys for numbers do not have, and nobody separates thousands by it.
    """
    if not _TWO_WAYS.fullmatch(number):
        return False
    three_decimals = decimals_of(currency) >= 3  # noqa: PLR2004 - as many digits as a group has
    if mark == str(get_format("DECIMAL_SEPARATOR")) and three_decimals:
        return False
    if mark == str(get_format("THOUSAND_SEPARATOR")) and not three_decimals:
        return True
    raise ValidationError(
        _(
            "This can be read as two amounts. Write it without marks between thousands, such as {example}."
        ).format(example=typed(1240, currency))
    )


def _not_figures(currency: str) -> ValidationError:
    example = typed(1240, currency)
    return ValidationError(
        _("Write an amount in figures, such as {example}.").format(example=example)
    )


def _too_fine(currency: str) -> ValidationError:
    example, count = typed(1240, currency), decimals_of(currency)
    if not count:
        told = _("Amounts in {currency} have no decimals. Write a whole number, such as {example}.")
    else:
        told = _(
            "Amounts in {currency} have {count} decimals at most. Write an amount such as {example}."
        )
    return ValidationError(told.format(currency=currency, count=count, example=example))


class AmountField(forms.CharField):
    """A field of an amount between two others, in minor units of a currency; its sentences say both."""

    def __init__(
        self, *, currency: str, least_minor: int = 1, most_minor: int | None = None, **more: Any
    ) -> None:
        """Take the currency and the limits; `most_minor` None = no limit."""
        super().__init__(
            widget=forms.TextInput(
                attrs={"inputmode": "decimal", "autocomplete": "off", "maxlength": "16"}
            ),
            **more,
        )
        self.currency = currency
        self.least_minor = least_minor
        self.most_minor = most_minor

    def clean(self, value: Any) -> Any:
        """Return minor units. Raises ValidationError."""
        text = super().clean(value)
        if not text:
            return None
        amount_minor = read(str(text), self.currency)
        if amount_minor < self.least_minor:
            least = money(self.least_minor, self.currency)
            raise ValidationError(_("The smallest amount is {least}.").format(least=least))
        if self.most_minor is not None and amount_minor > self.most_minor:
            most = money(max(self.most_minor, 0), self.currency)
            raise ValidationError(_("You can use {most} at most.").format(most=most))
        return amount_minor
