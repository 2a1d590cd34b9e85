"""An amount of money as people type it: “12,40”, “12.40 €”, “1 200”."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cagnotte.domain.errors import InvalidMoney
from cagnotte.domain.money import decimals_of, parse_minor
from cagnotte.platform.figures import money

_LEFT_OUT = str.maketrans("", "", " \u00a0\u202f\u2009€$£¥'’")


def typed(amount_minor: int, currency: str) -> str:
    """Write an amount as it stands in a field, in the reader's way: “12,40” in French."""
    shown = money(amount_minor, currency)
    return "".join(one for one in shown if one.isdigit() or one in ",.")


def read(text: str, currency: str) -> int:
    """Read an amount in minor units. Raises ValidationError with a sentence."""
    plain = text.translate(_LEFT_OUT).removesuffix(currency)
    whole, mark, fraction = plain.replace(",", ".").rpartition(".")
    if mark and (len(fraction) <= decimals_of(currency) or not whole):
        plain = f"{whole.replace('.', '')}.{fraction}"
    else:
        plain = plain.replace(",", "").replace(".", "")
    try:
        return parse_minor(plain, currency)
    except InvalidMoney:
        example = typed(1240, currency)
        raise ValidationError(
            _("Write an amount in figures, such as {example}.").format(example=example)
        ) from None


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
