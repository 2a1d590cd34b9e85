"""`{% load shops %}`: the drawings of shops on pages that know them by name."""

from typing import Any

from django import template
from django.template import Context

from cagnotte.journeys import find_shops
from cagnotte.platform.shared_connection import shared_connection

register = template.Library()


@register.inclusion_tag("portal/shop_mark.html", takes_context=True)
def shop_mark(context: Context, name: str, size: str = "") -> dict[str, Any]:
    """Show a shop's drawing, else its initials; silent, as its name stands beside it. size: "", large or small."""
    visit = context["visit"]
    found = find_shops.marks(shared_connection(), visit.programme, now=visit.now).get(name)
    return {"programme": visit.programme, "name": name, "size": size, "mark": found}
