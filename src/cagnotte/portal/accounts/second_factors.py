"""Passkeys, the authenticator app and recovery codes of a member: added, named, removed. All ask for a proof first."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter as mfa_adapter
from allauth.mfa.base.internal.flows import delete_and_cleanup
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import TOTP, clear_totp_secret
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cagnotte.identity.proofs import has_app
from cagnotte.identity.security_events import device_of
from cagnotte.portal.accounts.security import own
from cagnotte.portal.accounts.step_up import (
    is_answer,
    needs_step_up,
    proved_lately,
    way_back,
)
from cagnotte.portal.visit import Visit, member_page, portal_page

Type = Authenticator.Type

NAME_LENGTH_MAX = 60


@never_cache
@require_GET
@portal_page("account")
def passkey_options(visit: Visit) -> HttpResponse:
    """Return what a browser is to ask for: the passkeys of whoever is signed in, else any that knows this server."""
    person = visit.request.user if visit.request.user.is_authenticated else None
    return JsonResponse(webauthn.begin_authentication(person))


# ---- passkeys -------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def add_passkey(visit: Visit) -> HttpResponse:
    """Make a passkey: the browser does it, and sends what is kept of it."""
    led = needs_step_up(visit)
    if led:
        return led
    request = visit.request
    name = device_of(request.headers.get("User-Agent", ""))
    if request.method != "POST":
        return visit.show(
            "portal/accounts/add_passkey.html", name=name, next=way_back(visit, "portal_security")
        )
    told = {
        "credential": request.POST.get("credential", ""),
        "name": request.POST.get("name", "").strip()[:NAME_LENGTH_MAX] or name or _("Passkey"),
        "passwordless": "on",
    }
    form = AddWebAuthnForm(told, user=request.user)
    if not is_answer(form):
        messages.error(request, _("The passkey was not made. Nothing has changed; try again."))
        return visit.redirect("portal_add_passkey", next=way_back(visit, "portal_security"))
    webauthn.WebAuthn.add(request.user, form.cleaned_data["name"], form.cleaned_data["credential"])
    _tell(visit, "webauthn_added", _("Next time, come in with your passkey: no code, no password."))
    return HttpResponseRedirect(way_back(visit, "portal_security"))


@never_cache
@require_GET
@member_page("account")
def new_passkey_options(visit: Visit) -> HttpResponse:
    """Return what a browser is to make; nothing without a proof."""
    if not proved_lately(visit):
        return JsonResponse({}, status=403)
    return JsonResponse(webauthn.begin_registration(visit.request.user, passwordless=True))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def passkey(visit: Visit, number: int) -> HttpResponse:
    """Name a passkey, or remove it."""
    found = own(visit, Type.WEBAUTHN, number)
    led = needs_step_up(visit)
    if led:
        return led
    told = visit.request.POST
    if told.get("act") == "remove":
        delete_and_cleanup(visit.request, found)
        _tell(visit, "webauthn_removed", _("Removed. Delete it on your device, too."))
        return visit.redirect("portal_security")
    name = told.get("name", "").strip()[:NAME_LENGTH_MAX]
    if visit.request.method == "POST" and name:
        wrapped = found.wrap()
        wrapped.name = name
        found.save(update_fields=["data"])
        return visit.redirect("portal_security")
    return visit.show("portal/accounts/passkey.html", passkey=found, name=found.wrap().name)


# ---- authenticator app ----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def add_app(visit: Visit) -> HttpResponse:
    """Show the secret as a picture to scan, and turn the app on once it shows the right digits."""
    led = needs_step_up(visit)
    if led:
        return led
    person: Any = visit.request.user
    if has_app(person):
        return visit.redirect("portal_security")
    form = ActivateTOTPForm(visit.request.POST or None, user=person)
    if visit.request.method == "POST" and form.is_valid():
        TOTP.activate(person, form.secret)
        clear_totp_secret(visit.request)
        RecoveryCodes.activate(person)
        # The digits that were just typed in are a proof: the next page shows the recovery codes.
        record_authentication(visit.request, person, "mfa", type="totp", reauthenticated=True)
        _tell(visit, "totp_activated", "")
        return visit.redirect("portal_recovery", fresh="yes")
    adapter = mfa_adapter()
    drawn = adapter.build_totp_svg(adapter.build_totp_url(person, form.secret))
    return visit.show(
        "portal/accounts/add_app.html",
        form=form,
        qr=mark_safe(drawn),  # noqa: S308 - drawn by us
        secret=form.secret,
    )


@require_POST
@member_page("account")
def remove_app(visit: Visit) -> HttpResponse:
    """Turn the app off; its recovery codes go with it."""
    found = own(visit, Type.TOTP)
    led = needs_step_up(visit)
    if led:
        return led
    delete_and_cleanup(visit.request, found)
    Authenticator.objects.filter(user_id=visit.request.user.pk, type=Type.RECOVERY_CODES).delete()
    _tell(visit, "totp_deactivated", _("The app is not asked for any more."))
    return visit.redirect("portal_security")


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def recovery(visit: Visit) -> HttpResponse:
    """Show the recovery codes that are left, or make new ones."""
    own(visit, Type.TOTP)
    led = needs_step_up(visit)
    if led:
        return led
    person: Any = visit.request.user
    if visit.request.method == "POST":
        Authenticator.objects.filter(user_id=person.pk, type=Type.RECOVERY_CODES).delete()
        RecoveryCodes.activate(person)
        _tell(visit, "recovery_codes_generated", _("These are new; those before no longer work."))
        return visit.redirect("portal_recovery")
    codes = own(visit, Type.RECOVERY_CODES).wrap().get_unused_codes()
    return visit.show(
        "portal/accounts/recovery.html", codes=codes, fresh="fresh" in visit.request.GET
    )


def _tell(visit: Visit, kind: str, words: str) -> None:
    """Say on the page and by mail what has changed; the adapter keeps it among the events."""
    if words:
        messages.success(visit.request, words)
    adapter = get_adapter(visit.request)
    adapter.send_notification_mail(f"mfa/email/{kind}", visit.request.user)
