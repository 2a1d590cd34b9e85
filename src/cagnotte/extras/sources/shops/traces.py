"""What in a shop's order leads to a member: fields that the shop fills in, the landing page, codes, an address."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cagnotte.domain.attribution import Trace
from cagnotte.hooks.sources import Setting, SourceContext, TraceFound

CLICK_PARAMETER = "cagnotte_click"
"""The parameter under which our links bring the click to a shop."""
LENGTH_MAX = 200
"""Longer texts are none of ours, whatever field they stand in."""

SETTINGS = (
    Setting(
        "click_field",
        "The field of an order in which the shop keeps the click that led to it.",
        default=CLICK_PARAMETER,
    ),
    Setting(
        "member_field",
        "The field of an order in which the shop keeps a member number.",
        default="cagnotte_member",
    ),
)


def kept(context: SourceContext, fields: Mapping[str, Any]) -> dict[str, str]:
    """Return, of all that a shop keeps beside an order, the texts of the fields that the settings name.

    What else stands there may be long, or personal, and is none of ours.
    """
    named = {context.settings["click_field"], context.settings["member_field"]} - {""}
    return {
        name: value
        for name, value in fields.items()
        if name in named and isinstance(value, str) and len(value) <= LENGTH_MAX
    }


def traces_of(
    context: SourceContext,
    fields: Mapping[str, str],
    *,
    landing: str = "",
    codes: Iterable[str] = (),
    email: str = "",
) -> list[TraceFound]:
    """Return the traces of an order, each once.

    fields: what the shop keeps beside the order, by name. landing: the address, or its path, by which the customer came
    in. codes: coupons that were used; one given to a single member leads to that member. email: as typed in.
    """
    click = fields.get(context.settings["click_field"], "") or _click_in(landing)
    found = [
        (Trace.CLICK, click),
        (Trace.MEMBER_NUMBER, fields.get(context.settings["member_field"], "")),
        *((Trace.PROMO_CODE, code) for code in sorted(set(codes))),
        (Trace.EMAIL, email),
    ]
    return [
        TraceFound(kind, value.strip())
        for kind, value in found
        if value.strip() and len(value.strip()) <= LENGTH_MAX
    ]


def _click_in(landing: str) -> str:
    try:
        query = urlsplit(landing).query
        return parse_qs(query).get(CLICK_PARAMETER, [""])[-1]
    except ValueError:
        return ""
