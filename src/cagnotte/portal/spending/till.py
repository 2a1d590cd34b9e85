"""`/p/PROGRAMME/code/`: at a till, the code that says who one is, and one for some minutes that pays.

Neither is kept by the browser: pages of members are never stored. The code that pays stands in the session, sealed,
until it is used or over; in the database is a hash of it.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cagnotte.domain.attribution import Trace
from cagnotte.identity import keys
from cagnotte.journeys import redeem, spending_rules, watch
from cagnotte.platform import secrets_box
from cagnotte.platform.secrets_box import SecretUnreadable
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.spending import codes
from cagnotte.portal.spending.amounts import AmountField
from cagnotte.portal.visit import Visit, member_page
from cagnotte.wallet import pay_codes

SESSION_CODE = "portal_pay_code"


@dataclass(frozen=True, slots=True)
class Shown:
    """A code that pays, as it stands on the page. left_seconds: until it is over."""

    code: str
    id: UUID
    expires_at: datetime
    left_seconds: int


class PayForm(forms.Form):
    """The most that the code may take."""

    def __init__(self, data: Any, *, currency: str, most_minor: int) -> None:
        """Take what was sent, and what is available."""
        super().__init__(data)
        self.fields["amount"] = AmountField(
            label=_("At most"),
            required=False,
            currency=currency,
            most_minor=most_minor,
            help_text=_("Leave it empty to let the till ask for what you say there."),
        )


@require_safe
@member_page()
def code(visit: Visit) -> HttpResponse:
    """Show the code that says who one is."""
    own = _member_code(visit)
    ref = visit.member.ref if visit.member else ""
    return visit.show(
        "portal/spending/code.html", qr=codes.drawn(own, _("QR code of your membership")), ref=ref
    )


@require_POST
@member_page()
def renew(visit: Visit) -> HttpResponse:
    """Put a new code in place of the one that others may have seen."""
    programme_id, wallet_id = visit.programme.id, visit.wallet_id
    for key in keys.keys_of(wallet_id):
        if key.kind is Trace.QR_CODE:
            keys.unlink(
                programme_id=programme_id, wallet_id=wallet_id, kind=Trace.QR_CODE, value=key.value
            )
    keys.make_qr_code(programme_id=programme_id, wallet_id=wallet_id, now=visit.now)
    messages.success(visit.request, _("You have a new code; the old one is worth nothing now."))
    return visit.redirect("portal_code")


def _member_code(visit: Visit) -> str:
    """Return the code that leads to the member, drawn at the first look."""
    for key in keys.keys_of(visit.wallet_id):
        if key.kind is Trace.QR_CODE:
            return key.value
    return keys.make_qr_code(
        programme_id=visit.programme.id, wallet_id=visit.wallet_id, now=visit.now
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page()
def pay(visit: Visit) -> HttpResponse:
    """Make a code that pays, and show it until it is used or over."""
    led = needs_step_up(visit) if visit.request.method == "POST" else None
    if led is not None:
        return led
    available_minor = watch.balances(
        shared_connection(), visit.programme, visit.wallet_id, today=visit.today
    ).available_minor
    sent = visit.request.method == "POST"
    form = PayForm(
        visit.request.POST if sent else None,
        currency=visit.programme.currency,
        most_minor=available_minor,
    )
    if sent and available_minor and form.is_valid():
        _make(visit, form.cleaned_data["amount"])
        return visit.redirect("portal_pay_code")
    shown = _shown(visit)
    return visit.show(
        "portal/spending/pay.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if sent else HTTPStatus.OK,
        form=form,
        shown=shown,
        written=pay_codes.shown(shown.code) if shown else "",
        qr=codes.drawn(shown.code, _("QR code that pays")) if shown else "",
        available_minor=available_minor,
        takes=bool(spending_rules.places(visit.programme.id, visit.today)),
        **_state(visit, shown),
    )


@require_safe
@member_page()
def paid(visit: Visit) -> HttpResponse:
    """Say whether the code was used: a part of the page, asked for again and again by htmx."""
    shown = _shown(visit)
    return visit.show("portal/spending/pay_state.html", shown=shown, **_state(visit, shown))


def _make(visit: Visit, maximum_minor: int | None) -> None:
    connection = shared_connection()
    with connection.transaction():
        text, code_id = pay_codes.make(
            connection,
            programme_id=visit.programme.id,
            wallet_id=visit.wallet_id,
            now=visit.now,
            maximum_minor=maximum_minor,
        )
    visit.request.session[SESSION_CODE] = {"id": str(code_id), "code": secrets_box.seal(text)}


def _shown(visit: Visit) -> Shown | None:
    """Return the code that can still be shown, None when there is none or its time is over."""
    kept = visit.request.session.get(SESSION_CODE)
    if not isinstance(kept, dict):
        return None
    code_id = UUID(kept["id"])
    row = pay_codes.code_of_wallet(
        shared_connection(), visit.programme.id, visit.wallet_id, code_id
    )
    left = int((row.expires_at - visit.now).total_seconds()) if row else 0
    if row is None or (row.taken_at is None and left <= 0):
        visit.request.session.pop(SESSION_CODE, None)
        return None
    try:
        return Shown(secrets_box.unseal(kept["code"]), code_id, row.expires_at, max(left, 0))
    except SecretUnreadable:
        return None


def _state(visit: Visit, shown: Shown | None) -> dict[str, Any]:
    """Return what the code paid, if it was used, and where."""
    if shown is None:
        return {"taken": None, "shop": ""}
    taken = redeem.taken_by_code(shared_connection(), visit.programme.id, visit.wallet_id, shown.id)
    names = spending_rules.shop_names(visit.programme.id) if taken else {}
    shop = names.get(taken.merchant_id, "") if taken and taken.merchant_id else ""
    return {"taken": taken, "shop": shop}
