"""`/styleguide/`: every token and component on one page, for who builds pages and for the tests that look at them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

COLOURS = (
    "paper",
    "surface",
    "surface-sunk",
    "line",
    "line-strong",
    "text",
    "text-soft",
    "accent",
    "accent-strong",
    "accent-wash",
    "info",
    "wait",
    "good",
    "bad",
)

STATES = (
    ("calm", "search", "Tracked"),
    ("wait", "clock", "Pending"),
    ("info", "check", "Confirmed"),
    ("good", "circle-check", "Available"),
    ("accent", "banknote", "Paid out"),
    ("bad", "circle-x", "Declined"),
)
"""(state, icon, word) of the chips shown; the words are examples."""


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component once; `?theme=dark` or `light` overrides what the system asks for."""
    theme = request.GET.get("theme", "")
    shown = {
        "colours": COLOURS,
        "states": STATES,
        "theme": theme if theme in ("light", "dark") else "",
    }
    return render(request, "ui/styleguide.html", shown)
