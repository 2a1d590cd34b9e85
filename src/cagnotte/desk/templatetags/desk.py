"""`{% load desk %}`: words of the interface's description as HTML."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_TICKED = re.compile(r"`([^`]+)`")


@register.filter
def ticked(text: str) -> SafeString:
    """Return a text with what stands between back ticks as code; the rest is escaped."""
    return mark_safe(_TICKED.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped just there


@register.filter
def breakable(path: str) -> SafeString:
    """Return a path that may be broken behind its slashes."""
    return mark_safe(escape(path).replace("/", "/<wbr>"))  # noqa: S308 - escaped just there
