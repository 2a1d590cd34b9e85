"""`/p/PROGRAMME/withdraw/`: how much, a last look, and it is on its way."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cagnotte.domain.errors import NotFound, Refused
from cagnotte.domain.ids import public_id
from cagnotte.domain.working_days import expected_by
from cagnotte.journeys import ask_payout
from cagnotte.journeys.ask_payout import Desk, Outlook
from cagnotte.payouts import auto_rules
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.spending import words
from cagnotte.portal.spending.amounts import AmountField, typed
from cagnotte.portal.spending.sent_before import First, first_of
from cagnotte.portal.visit import Visit, member_page

TOKEN_LENGTH_MAX = 64


class AmountForm(forms.Form):
    """How much: all of it, or a part."""

    which = forms.ChoiceField(
        choices=[("all", gettext_lazy("All")), ("part", gettext_lazy("A part"))], required=False
    )

    def __init__(self, data: Any, *, outlook: Outlook) -> None:
        """Take what was sent, and what may be asked for."""
        super().__init__(data)
        rules = outlook.rules
        self.most_minor = outlook.most_minor
        self.fields["amount"] = AmountField(
            label=_("Amount"),
            required=False,
            currency=rules.currency,
            least_minor=max(rules.threshold_minor, rules.fee_minor + 1),
            most_minor=outlook.most_minor,
        )

    def clean(self) -> dict[str, Any]:
        """Take all that is available unless a part is named."""
        told = super().clean() or {}
        if told.get("which") != "part":
            # A field that is not chosen cannot be wrong.
            self.errors.pop("amount", None)
            told["amount"] = self.most_minor
        elif told.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Write how much."))
        return told


def zone_of(visit: Visit) -> ZoneInfo:
    """Return the programme's time zone."""
    return ZoneInfo(visit.programme.timezone)


def desk_of(visit: Visit) -> Desk:
    """Return in which programme and when a member acts."""
    return Desk(visit.programme.id, visit.now, visit.today)


def outlook_of(visit: Visit) -> Outlook | None:
    """Return what asking for a payout would come to; None where the programme pays nothing out."""
    try:
        return ask_payout.outlook(shared_connection(), desk_of(visit), wallet_id=visit.wallet_id)
    except NotFound:
        return None


@require_safe
@member_page()
def withdraw(visit: Visit) -> HttpResponse:
    """Show what can be withdrawn, and ask how much."""
    outlook = outlook_of(visit)
    if outlook is None:
        return visit.show("portal/spending/no_payouts.html")
    sent = "which" in visit.request.GET or "amount" in visit.request.GET
    form = AmountForm(visit.request.GET if sent else None, outlook=outlook)
    if sent and outlook.refusal is None and form.is_valid():
        return visit.redirect("portal_withdraw_review", amount=form.cleaned_data["amount"])
    return visit.show(
        "portal/spending/withdraw.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if sent and form.errors else HTTPStatus.OK,
        outlook=outlook,
        blocked=words.why_not(outlook, zone_of(visit)),
        form=form,
        part=form.data.get("which") == "part",
        all_typed=typed(outlook.most_minor, outlook.rules.currency),
        expected=expected_by(visit.today, outlook.rules.execution_days),
        rule=auto_rules.rule_of(shared_connection(), visit.wallet_id),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page()
def review(visit: Visit) -> HttpResponse:
    """Show once more what will happen, and do it when it is confirmed."""
    told = visit.request.POST if visit.request.method == "POST" else visit.request.GET
    amount_minor = minor_of(told.get("amount", ""))
    outlook = outlook_of(visit)
    if outlook is None or amount_minor is None:
        return visit.redirect("portal_withdraw")
    led = needs_step_up(visit)
    if led is not None:
        return led
    if visit.request.method == "POST":
        return _ask(visit, amount_minor, told.get("token", ""))
    if outlook.refusal is not None or amount_minor > outlook.most_minor:
        return visit.redirect("portal_withdraw")
    return _review(visit, outlook, amount_minor)


def _review(
    visit: Visit,
    outlook: Outlook,
    amount_minor: int,
    problem: str = "",
    first: First | None = None,
) -> HttpResponse:
    return visit.show(
        "portal/spending/review.html",
        status=HTTPStatus.CONFLICT if problem or first else HTTPStatus.OK,
        outlook=outlook,
        amount_minor=amount_minor,
        transfer_minor=amount_minor - outlook.rules.fee_minor,
        left_minor=outlook.available_minor - amount_minor,
        expected=expected_by(visit.today, outlook.rules.execution_days),
        token=uuid4().hex,
        problem=problem,
        first=first,
    )


def _ask(visit: Visit, amount_minor: int, token: str) -> HttpResponse:
    if not 0 < len(token) <= TOKEN_LENGTH_MAX:
        return visit.redirect("portal_withdraw")
    try:
        made = ask_payout.ask(
            shared_connection(),
            desk_of(visit),
            wallet_id=visit.wallet_id,
            amount_minor=amount_minor,
            token=token,
        )
    except Refused as error:
        outlook = outlook_of(visit)
        if outlook is None:
            return visit.redirect("portal_withdraw")
        first = first_of(visit, error)
        if first is not None:
            return _review(visit, outlook, amount_minor, first=first)
        blocked = words.why_not(outlook, zone_of(visit))
        sentence = words.refused(error, currency=visit.programme.currency, blocked=blocked)
        return _review(visit, outlook, amount_minor, sentence)
    return visit.redirect("portal_payout", public_id("pay", made.id), done=1)


def minor_of(text: str) -> int | None:
    """Read an amount that an earlier page wrote, in minor units; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 and int(text) else None  # noqa: PLR2004 - fits
