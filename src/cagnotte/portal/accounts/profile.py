"""`/p/PROGRAMME/account/profile/`: name, language, birthday, country; and another e-mail address."""

from http import HTTPStatus

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cagnotte.domain.errors import Conflict, Refused
from cagnotte.identity.addresses import folded
from cagnotte.identity.people import change_address
from cagnotte.identity.profiles import Said, birthday_of, save_profile
from cagnotte.portal.accounts import proving
from cagnotte.portal.accounts.forms import EmailForm, ProfileForm
from cagnotte.portal.accounts.joining import speak
from cagnotte.portal.accounts.proving import Answer, Asked, Purpose
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.visit import Visit, member_page


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def profile(visit: Visit) -> HttpResponse:
    """Show what is known, and change it."""
    member = visit.member
    assert member is not None  # noqa: S101 - a member's page
    known = {
        "name": member.name,
        "locale": member.locale[:2],
        "country": member.country,
        "birthday": birthday_of(member.wallet_id),
    }
    form = ProfileForm(visit.request.POST or None, today=visit.today, initial=known)
    if visit.request.method != "POST" or not form.is_valid():
        return visit.show("portal/accounts/profile.html", form=form)
    said = Said(**form.cleaned_data)
    save_profile(member, said, now=visit.now, today=visit.today)
    with translation.override(said.locale):
        messages.success(visit.request, _("Saved."))
    led = visit.redirect("portal_profile")
    speak(led, said.locale, is_secure=visit.request.is_secure())
    return led


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def address(visit: Visit) -> HttpResponse:
    """Take another address, prove it by a code, and use it from then on."""
    led = needs_step_up(visit)
    if led:
        return led
    waiting = proving.asked(visit, Purpose.ADDRESS)
    if visit.request.method != "POST":
        return _page(visit, waiting=waiting)
    return _told(visit, waiting)


def _told(visit: Visit, waiting: Asked | None) -> HttpResponse:
    told = visit.request.POST
    if "code" in told and waiting:
        return _answered(visit, waiting, told["code"])
    if told.get("act") == "again" and waiting:
        return _sent(visit, waiting.email, waiting)
    if told.get("act") == "other":
        proving.forget(visit)
        return visit.redirect("portal_address")
    form = EmailForm(told)
    if not form.is_valid():
        return _page(visit, form=form)
    return _sent(visit, form.cleaned_data["email"], None)


def _page(
    visit: Visit,
    *,
    waiting: Asked | None = None,
    form: EmailForm | None = None,
    error: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    return visit.show(
        "portal/accounts/address.html",
        waiting=waiting,
        form=form or EmailForm(),
        code_error=error,
        status=status,
    )


def _sent(visit: Visit, email: str, waiting: Asked | None) -> HttpResponse:
    try:
        if waiting:
            proving.ask_again(visit, waiting)
        else:
            proving.ask(visit, Purpose.ADDRESS, email)
    except Refused:
        messages.error(visit.request, proving.too_many())
    return visit.redirect("portal_address")


def _answered(visit: Visit, waiting: Asked, typed: str) -> HttpResponse:
    match proving.answer(visit, waiting, typed):
        case Answer.WRONG:
            return _page(visit, waiting=waiting, error=proving.wrong())
        case Answer.OVER:
            messages.error(visit.request, proving.over())
            return visit.redirect("portal_address")
        case Answer.RIGHT:
            return _changed(visit, waiting.email)


def _changed(visit: Visit, email: str) -> HttpResponse:
    person = visit.request.user
    before = str(getattr(person, "email", ""))
    try:
        change_address(person, email, now=visit.now)
    except Conflict:
        messages.error(
            visit.request,
            _("Another account signs in by this address. Sign in with it, or use another."),
        )
        return visit.redirect("portal_address")
    EmailAddress.objects.filter(user_id=person.pk).delete()
    fresh = EmailAddress.objects.create(user_id=person.pk, email=folded(email), primary=True)
    fresh.set_verified()
    told = {"from_email": before, "to_email": email}
    adapter = get_adapter(visit.request)
    # The old address is told, too: if it was not the member who did this, that is where they hear of it.
    adapter.send_notification_mail("account/email/email_changed", person, told, email=before)
    messages.success(visit.request, _("From now on we write to your new address."))
    return visit.redirect("portal_profile")
