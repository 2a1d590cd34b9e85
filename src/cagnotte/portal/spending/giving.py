"""`/p/PROGRAMME/give/`: a gift to one of the programme's charities, and its confirmation."""

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
from cagnotte.payouts.giving import CharityView, DonationView
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.look import words as in_language
from cagnotte.portal.spending import words
from cagnotte.portal.spending.amounts import AmountField
from cagnotte.portal.spending.vouchers import counter_of
from cagnotte.portal.spending.withdrawing import TOKEN_LENGTH_MAX
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


@require_http_methods(["GET", "HEAD", "POST"])
@member_page()
def give(visit: Visit) -> HttpResponse:
    """Ask to whom and how much, and give it."""
    connection = shared_connection()
    choices = [_choice(one) for one in rows.charities(connection, visit.programme.id) if one.active]
    donations = rows.donations_of(connection, visit.wallet_id, at_most=SHOWN_MAX)
    available_minor = watch.balances(
        connection, visit.programme, visit.wallet_id, today=visit.today
    ).available_minor
    sent = visit.request.method == "POST"
    if sent:
        led = needs_step_up(visit)
        if led is not None:
            return led
    form = GiftForm(
        visit.request.POST if sent else None,
        choices=choices,
        currency=visit.programme.currency,
        most_minor=available_minor,
    )
    if sent and form.is_valid():
        made = _give(visit, form)
        if made is not None:
            return visit.redirect("portal_donation", public_id("don", made.id), done=1)
    return visit.show(
        "portal/spending/give.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if sent else HTTPStatus.OK,
        form=form,
        choices=choices,
        chosen=form.data.get("charity") or (choices[0].ref if len(choices) == 1 else ""),
        available_minor=available_minor,
        donations=[(one, public_id("don", one.id)) for one in donations],
        given_minor=sum(one.amount_minor for one in donations),
        token=visit.request.POST.get("token") or uuid4().hex,
    )


def _choice(one: CharityView) -> Choice:
    return Choice(one.ref, one.name, in_language(one.cause), one.site)


def _give(visit: Visit, form: GiftForm) -> DonationView | None:
    """Give, once for each form; None when it was refused, with the sentence in the form."""
    try:
        return journey.give(
            shared_connection(),
            counter_of(visit),
            wallet_id=visit.wallet_id,
            charity=form.cleaned_data["charity"],
            amount_minor=form.cleaned_data["amount"],
            token=visit.request.POST.get("token", "")[:TOKEN_LENGTH_MAX],
        )
    except Refused as error:
        form.add_error("amount", words.refused(error, currency=visit.programme.currency))
        return None


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
