"""`{% load ui %}`: fields of forms as components show them, and figures in the reader's language."""

from zlib import crc32

from django import forms, template
from django.forms import BoundField
from django.utils.safestring import SafeString

from cagnotte.platform import figures

register = template.Library()

HUES = 12
"""So many colours stand in for marks that nobody drew; see `.logo` in components.css."""


@register.simple_tag
def dressed(field: BoundField) -> SafeString:
    """Render a form's widget in our style. Django ties it to its help text and error by `aria-describedby`."""
    plain = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)
    if isinstance(field.field.widget, plain):
        return field.as_widget()
    return field.as_widget(attrs={"class": "input"})


@register.filter
def money(amount_minor: int, currency: str) -> str:
    """Write an amount: `{{ 1240|money:"EUR" }}` is “€12.40” or “12,40 €”."""
    return figures.money(amount_minor, currency)


@register.filter
def rate(rate_bps: int) -> str:
    """Write basis points as a percentage: 250 is “2.5%” or “2,5 %”."""
    return figures.percent(rate_bps)


@register.filter
def counted(number: int) -> str:
    """Write a whole number with its thousands apart."""
    return figures.number(number)


@register.filter
def hue(name: str) -> int:
    """Return the number of a colour that is always the same for a name."""
    return crc32(name.encode()) % HUES


@register.filter
def initials(name: str) -> str:
    """Return the first letters of a name's first two words: “Maison Verte” gives “MV”."""
    return "".join(word[0] for word in name.split()[:2] if word).upper()
