"""`/p/PROGRAMME/bank/`: the account that payouts go to; its number is checked while it is typed."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cagnotte.domain.errors import InvalidRow
from cagnotte.journeys import bank_details
from cagnotte.payouts.bank_accounts import Described, length_of
from cagnotte.payouts.services import HOLDER_LENGTH_MAX
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts.step_up import needs_step_up, proved_lately
from cagnotte.portal.spending import words
from cagnotte.portal.spending.withdrawing import desk_of, outlook_of
from cagnotte.portal.visit import Visit, member_page

IBAN_TYPED_MAX = 60
"""Characters of a number with its spaces."""

LOOKED_AT_MIN = 5
"""Characters from which on a number being typed is looked at."""


class BankForm(forms.Form):
    """Whose account, and its number."""

    holder = forms.CharField(
        label=gettext_lazy("Name on the account"),
        max_length=HOLDER_LENGTH_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
    )
    iban = forms.CharField(
        label=gettext_lazy("IBAN"),
        max_length=IBAN_TYPED_MAX,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def clean_iban(self) -> str:
        """Check the number. Raises ValidationError with the sentence that helps."""
        iban = str(self.cleaned_data["iban"])
        try:
            bank_details.look(iban)
        except InvalidRow as error:
            raise forms.ValidationError(_sentence(error, iban)) from None
        return iban


def _sentence(error: InvalidRow, iban: str) -> str:
    number = "".join(iban.split()).upper()
    country = number[:2]
    needs = length_of(country)
    return words.iban_error(error.reason, has=len(number), needs=needs, country=country)


@require_safe
@member_page("account")
def bank(visit: Visit) -> HttpResponse:
    """Show which account is on file, and from when it can be paid to."""
    outlook = outlook_of(visit)
    if outlook is None:
        return visit.show("portal/spending/no_payouts.html")
    waits = outlook.usable_from is not None and visit.now < outlook.usable_from
    return visit.show("portal/spending/bank.html", outlook=outlook, waits=waits)


@sensitive_post_parameters("iban")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def change(visit: Visit) -> HttpResponse:
    """Ask for the account, and put it on file."""
    led = needs_step_up(visit)
    if led is not None:
        return led
    outlook = outlook_of(visit)
    if outlook is None:
        return visit.redirect("portal_bank")
    sent = visit.request.method == "POST"
    name = visit.member.name if visit.member else ""
    form = BankForm(visit.request.POST if sent else None, initial={"holder": name})
    looked: Any = None
    if sent and form.is_valid():
        told = form.cleaned_data
        differs = not bank_details.same_person(told["holder"], name)
        if not differs or visit.request.POST.get("sure") == "1":
            return _save(visit, told["holder"], told["iban"])
        looked = {"differs": True, **_looked(told["iban"])}
    return visit.show(
        "portal/spending/bank_change.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if sent else HTTPStatus.OK,
        form=form,
        outlook=outlook,
        name=name,
        looked=looked,
    )


def _save(visit: Visit, holder: str, iban: str) -> HttpResponse:
    saved = bank_details.change(
        shared_connection(), desk_of(visit), wallet_id=visit.wallet_id, holder=holder, iban=iban
    )
    if saved.changed:
        messages.success(visit.request, _("Your bank account is on file."))
    else:
        messages.info(visit.request, _("That account was on file already; nothing has changed."))
    return visit.redirect("portal_bank")


@sensitive_post_parameters("iban")
@require_POST
@member_page("account")
def check(visit: Visit) -> HttpResponse:
    """Say what a number that is being typed tells of itself: a part of the page, asked for by htmx."""
    if not proved_lately(visit):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    iban = visit.request.POST.get("iban", "")[:IBAN_TYPED_MAX]
    return visit.show("portal/spending/bank_looked.html", looked=_looked(iban))


def _looked(iban: str) -> dict[str, Any]:
    """Return what is shown below the number: what it tells, how much is missing, or what is wrong."""
    number = "".join(iban.split()).upper()
    if len(number) < LOOKED_AT_MIN:
        return {}
    needs = length_of(number[:2])
    if needs and len(number) < needs and number.isalnum():
        return {"missing": needs - len(number)}
    try:
        found: Described = bank_details.look(iban)
    except InvalidRow as error:
        return {"problem": _sentence(error, iban)}
    return {"found": found}
