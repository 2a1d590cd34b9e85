"""`/p/PROGRAMME/account/confirm/`: is it you? By passkey, by the authenticator app, else by a code sent by e-mail."""

from http import HTTPStatus
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cagnotte.domain.errors import Refused
from cagnotte.identity.proofs import has_app
from cagnotte.portal.accounts import proving
from cagnotte.portal.accounts.proving import Answer, Purpose
from cagnotte.portal.accounts.step_up import has_passkey, is_answer, way_back
from cagnotte.portal.visit import Visit, member_page


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def confirm(visit: Visit) -> HttpResponse:
    """Ask for a proof and lead back to where it was needed."""
    if visit.request.method != "POST":
        return _page(visit)
    told = visit.request.POST
    if "credential" in told:
        return _by_passkey(visit)
    if "digits" in told:
        return _by_app(visit)
    if told.get("act") == "send":
        return _sent(visit)
    return _by_code(visit)


def _page(visit: Visit, *, error: str = "", status: int = HTTPStatus.OK) -> HttpResponse:
    person = visit.request.user
    asks_app = has_app(person)
    waiting = None if asks_app else proving.asked(visit, Purpose.CONFIRM)
    return visit.show(
        "portal/accounts/confirm.html",
        status=status,
        asks_app=asks_app,
        asks_passkey=has_passkey(person),
        waiting=waiting,
        address=_address(person),
        next=way_back(visit, "portal_account"),
        error=error,
    )


def _by_passkey(visit: Visit) -> HttpResponse:
    form = ReauthenticateWebAuthnForm(data=visit.request.POST, user=visit.request.user)
    if not is_answer(form):
        return _page(visit, error=_("The passkey was not accepted. Try again, or another way."))
    form.save()
    return _back(visit)


def _by_app(visit: Visit) -> HttpResponse:
    form = ReauthenticateForm(data={"code": visit.request.POST["digits"]}, user=visit.request.user)
    if not form.is_valid():
        return _page(visit, error=" ".join(form.errors.get("code", [])))
    form.save()
    return _back(visit)


def _sent(visit: Visit) -> HttpResponse:
    if has_app(visit.request.user):
        return _page(visit)
    waiting = proving.asked(visit, Purpose.CONFIRM)
    try:
        if waiting:
            proving.ask_again(visit, waiting)
        else:
            proving.ask(visit, Purpose.CONFIRM, _address(visit.request.user))
    except Refused:
        return _page(visit, error=proving.too_many(), status=HTTPStatus.TOO_MANY_REQUESTS)
    return visit.redirect("portal_confirm", next=way_back(visit, "portal_account"))


def _by_code(visit: Visit) -> HttpResponse:
    waiting = proving.asked(visit, Purpose.CONFIRM)
    person = visit.request.user
    if waiting is None or waiting.email != _address(person) or has_app(person):
        return _page(visit, error=proving.over())
    match proving.answer(visit, waiting, visit.request.POST.get("code", "")):
        case Answer.RIGHT:
            record_authentication(
                visit.request, person, "code", email=waiting.email, reauthenticated=True
            )
            return _back(visit)
        case Answer.WRONG:
            return _page(visit, error=proving.wrong())
        case Answer.OVER:
            return _page(visit, error=proving.over())


def _back(visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(way_back(visit, "portal_account"))


def _address(person: Any) -> str:
    return str(person.email)
