"""`/p/PROGRAMME/give/`: a gift to one of the programme's charities, a last look, and its confirmation."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django import forms
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cagnotte.domain.errors import Refused
from cagnotte.domain.ids import parse_public_id, public_id
from cagnotte.journeys import give as journey
from cagnotte.journeys import watch
from cagnotte.payouts import giving as rows
from cagnotte.payouts.giving import CharityView
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.look import words as in_language
from cagnotte.portal.spending import words
from cagnotte.portal.spending.amounts import AmountField
from cagnotte.portal.spending.sent_before import First, first_of
from cagnotte.portal.spending.vouchers import counter_of
from cagnotte.portal.spending.withdrawing import TOKEN_LENGTH_MAX, minor_of
from cagnotte.portal.visit import Visit, member_page

SHOWN_MAX = 50
"""Gifts that are listed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A charity to choose, with what it does in the reader's language."""

    ref: str
    name: str
    cause: str
    site: str


class GiftForm(forms.Form):
    """To whom, and how much."""

    def __init__(self, data: Any, *, choices: list[Choice], currency: str, most_minor: int) -> None:
        """Take what was sent, and what may be chosen."""
        super().__init__(data)
        self.fields["charity"] = forms.ChoiceField(
            choices=[(one.ref, one.name) for one in choices],
            error_messages={"required": _("Choose whom you want to give to.")},
        )
        self.fields["amount"] = AmountField(
            label=_("Amount"), currency=currency, most_minor=most_minor
        )


@require_safe
@member_page()
def give(visit: Visit) -> HttpResponse:
    """Ask to whom and how much, and show what was given."""
    connection = shared_connection()
    choices = [_choice(one) for one in rows.charities(connection, visit.programme.id) if one.active]
    donations = rows.donations_of(connection, visit.wallet_id, at_most=SHOWN_MAX)
    available_minor = _available(visit)
    sent = "charity" in visit.request.GET or "amount" in visit.request.GET
    form = GiftForm(
        visit.request.GET if sent else None,
        choices=choices,
        currency=visit.programme.currency,
        most_minor=available_minor,
    )
    if sent and form.is_valid():
        told = form.cleaned_data
        return visit.redirect("portal_give_review", charity=told["charity"], amount=told["amount"])
    return visit.show(
        "portal/spending/give.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if sent else HTTPStatus.OK,
        form=form,
        choices=choices,
        chosen=form.data.get("charity") or (choices[0].ref if len(choices) == 1 else ""),
        available_minor=available_minor,
        donations=[(one, public_id("don", one.id)) for one in donations],
        given_minor=sum(one.amount_minor for one in donations),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page()
def review(visit: Visit) -> HttpResponse:
    """Show once more to whom and how much, and give it when it is confirmed: it cannot be taken back."""
    told = visit.request.POST if visit.request.method == "POST" else visit.request.GET
    amount_minor = minor_of(told.get("amount", ""))
    known = {one.ref: one for one in rows.charities(shared_connection(), visit.programme.id)}
    charity = known.get(told.get("charity", ""))
    if amount_minor is None or charity is None:
        return visit.redirect("portal_give")
    led = needs_step_up(visit)
    if led is not None:
        return led
    if visit.request.method == "POST":
        return _give(visit, charity, amount_minor, told.get("token", ""))
    if not charity.active or amount_minor > _available(visit):
        return visit.redirect("portal_give")
    return _review(visit, charity, amount_minor)


def _review(
    visit: Visit,
    charity: CharityView,
    amount_minor: int,
    problem: str = "",
    first: First | None = None,
) -> HttpResponse:
    left_minor = _available(visit) - amount_minor
    return visit.show(
        "portal/spending/give_review.html",
        status=HTTPStatus.CONFLICT if problem or first else HTTPStatus.OK,
        charity=_choice(charity),
        amount_minor=amount_minor,
        left_minor=left_minor,
        possible=charity.active and left_minor >= 0,
        token=uuid4().hex,
        problem=problem,
        first=first,
    )


def _give(visit: Visit, charity: CharityView, amount_minor: int, token: str) -> HttpResponse:
    """Give, once for each form."""
    if not 0 < len(token) <= TOKEN_LENGTH_MAX:
        return visit.redirect("portal_give")
    try:
        made = journey.give(
            shared_connection(),
            counter_of(visit),
            wallet_id=visit.wallet_id,
            charity=charity.ref,
            amount_minor=amount_minor,
            token=token,
        )
    except Refused as error:
        first = first_of(visit, error)
        if first is not None:
            return _review(visit, charity, amount_minor, first=first)
        sentence = words.refused(error, currency=visit.programme.currency)
        return _review(visit, charity, amount_minor, sentence)
    return visit.redirect("portal_donation", public_id("don", made.id), done=1)


def _available(visit: Visit) -> int:
    balances = watch.balances(
        shared_connection(), visit.programme, visit.wallet_id, today=visit.today
    )
    return balances.available_minor


def _choice(one: CharityView) -> Choice:
    return Choice(one.ref, one.name, in_language(one.cause), one.site)


@require_safe
@member_page()
def donation(visit: Visit, donation: str) -> HttpResponse:
    """Show the confirmation of one gift."""
    try:
        identity = parse_public_id("don", donation)
    except ValueError:
        raise Http404 from None
    found = rows.donation(shared_connection(), visit.programme.id, visit.wallet_id, identity)
    return visit.show(
        "portal/spending/donation.html",
        donation=found,
        number=journey.receipt_number(found),
        done=visit.request.GET.get("done") == "1",
    )
