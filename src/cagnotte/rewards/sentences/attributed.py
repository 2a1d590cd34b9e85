"""Whose a purchase is, and why: what decided, and what was passed over."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cagnotte.platform.figures import listing
from cagnotte.rewards.sentences.told import Audience

DECIDED = {
    "member_number": gettext_lazy("The member number given with the order says whose it is."),
    "qr_code": gettext_lazy("The QR code shown at the till says whose it is."),
    "card": gettext_lazy("The linked card that paid says whose it is."),
    "promo_code": gettext_lazy("The personal code used for the order says whose it is."),
    "click": gettext_lazy("The click of {when} says whose it is."),
    "receipt": gettext_lazy("The receipt that was handed in says whose it is."),
    "email": gettext_lazy("The e-mail address given with the order says whose it is."),
    "person": gettext_lazy("It was looked into, and somebody decided whose it is."),
}
"""What decided, by its kind."""

OTHERWISE_DECIDED = gettext_lazy("Something else says whose it is ({kind}).")

PASSED_OVER = {
    "ambiguous": gettext_lazy("leads to several members"),
    "member_closed": gettext_lazy("leads to a closed account"),
    "member_blocked": gettext_lazy("leads to a blocked account"),
    "stood_down": gettext_lazy("came while another publisher's visit was fresh"),
    "outside_window": gettext_lazy("lies outside the time it counts for"),
    "after_purchase": gettext_lazy("came after the purchase"),
    "unknown_member": gettext_lazy("leads to nobody"),
    "kind_not_accepted": gettext_lazy("is of a kind that the shop's contract does not accept"),
    "earlier_click": gettext_lazy("was followed by a later click"),
    "lower_kind": gettext_lazy("gives way to what decided"),
    "no_candidate": gettext_lazy("tells nothing"),
}
"""Why a trace did not decide, by its reason."""

OTHERWISE_PASSED_OVER = gettext_lazy("did not decide ({reason})")


def attributed_told(
    found: Mapping[str, Any], *, zone: tzinfo, audience: Audience = "member"
) -> list[str]:
    """Say in the active language what decided whose a purchase is, and for operators what was passed over.

    found: an attribution as it is kept: `kind`, `clicked_at` (ISO 8601 with offset, None without), `passed_over`
    ([[reference, reason], …]). zone: in which moments are told. What was passed over may be another member's, so
    members are not told of it.
    """
    kind, clicked = found.get("kind", ""), found.get("clicked_at")
    moment = datetime.fromisoformat(clicked).astimezone(zone) if clicked else None
    when = date_format(moment, "DATETIME_FORMAT") if moment else ""
    sentences = [DECIDED.get(kind, OTHERWISE_DECIDED).format(when=when, kind=kind)]
    if audience == "operator":
        by_reason: dict[str, list[str]] = {}
        for ref, reason in found.get("passed_over", ()):
            by_reason.setdefault(reason, []).append(ref)
        sentences += [_passed_over(reason, refs) for reason, refs in by_reason.items()]
    return sentences


def _passed_over(reason: str, refs: list[str]) -> str:
    why = PASSED_OVER.get(reason, OTHERWISE_PASSED_OVER).format(reason=reason)
    # Two forms, for languages in which what is passed over agrees in number.
    text = ngettext("Passed over: {refs} {why}.", "Passed over: {refs}, each {why}.", len(refs))
    return text.format(refs=listing([_("“{name}”").format(name=ref) for ref in refs]), why=why)
