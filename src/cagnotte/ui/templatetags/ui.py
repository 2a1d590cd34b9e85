"""`{% load ui %}`: fields of forms as components show them."""

from django import forms, template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def dressed(field: BoundField) -> SafeString:
    """Render a form's widget in our style. Django ties it to its help text and error by `aria-describedby`."""
    plain = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)
    if isinstance(field.field.widget, plain):
        return field.as_widget()
    return field.as_widget(attrs={"class": "input"})
