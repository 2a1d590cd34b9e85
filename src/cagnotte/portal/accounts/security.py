"""`/p/PROGRAMME/account/security/`: passkeys, authenticator app, recovery codes, password, sessions, what happened."""

from typing import Any, NamedTuple

from allauth.account.internal.flows.password_change import (
    finalize_password_change,
    finalize_password_set,
)
from allauth.mfa.models import Authenticator
from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cagnotte.domain.errors import NotFound
from cagnotte.identity import security_events
from cagnotte.identity.security_events import Event, device_of
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.telling.changes import tell_of_change
from cagnotte.portal.visit import Visit, member_page

Type = Authenticator.Type

SENTENCES: dict[str, tuple[str, str | Promise]] = {
    "signed_in": ("log-in", _lazy("Signed in")),
    "webauthn_added": ("fingerprint", _lazy("Passkey added")),
    "webauthn_removed": ("fingerprint", _lazy("Passkey removed")),
    "totp_activated": ("smartphone", _lazy("Authenticator app added")),
    "totp_deactivated": ("smartphone", _lazy("Authenticator app removed")),
    "recovery_codes_generated": ("key", _lazy("New recovery codes made")),
    "password_set": ("lock", _lazy("Password set")),
    "password_changed": ("lock", _lazy("Password changed")),
    "password_reset": ("lock", _lazy("Password reset")),
    "email_changed": ("mail", _lazy("E-mail address changed")),
}
"""Of each kind of event: icon and words."""


class Happened(NamedTuple):
    """An event with its icon and words."""

    event: Event
    icon: str
    words: str | Promise


class Session(NamedTuple):
    """A browser where one is signed in."""

    row: Any
    device: str
    is_here: bool


@require_safe
@member_page("account")
def security(visit: Visit) -> HttpResponse:
    """Show how one signs in, from where, and what happened."""
    person: Any = visit.request.user
    rows = list(Authenticator.objects.filter(user_id=person.pk).order_by("created_at"))
    codes = next((row for row in rows if row.type == Type.RECOVERY_CODES), None)
    has_app = any(row.type == Type.TOTP for row in rows)
    return visit.show(
        "portal/accounts/security.html",
        passkeys=[row for row in rows if row.type == Type.WEBAUTHN],
        has_app=has_app,
        codes_left=len(codes.wrap().get_unused_codes()) if codes and has_app else None,
        has_password=person.has_usable_password(),
        sessions=_sessions(person),
        happened=[_happened(one) for one in security_events.recent(person)],
    )


def _sessions(person: Any) -> list[Session]:
    rows = UserSession.objects.purge_and_list(person)
    found = [Session(row, device_of(row.user_agent), row.is_current()) for row in rows]
    return sorted(found, key=lambda one: (not one.is_here, -one.row.last_seen_at.timestamp()))


def _happened(event: Event) -> Happened:
    icon, words = SENTENCES.get(event.kind, ("shield", event.kind))
    return Happened(event, icon, words)


@require_POST
@member_page("account")
def end_sessions_elsewhere(visit: Visit) -> HttpResponse:
    """Sign out everywhere else, or in the one browser that is named."""
    named = visit.request.POST.get("session", "")
    rows = [
        one
        for one in UserSession.objects.filter(user_id=visit.request.user.pk)
        if (str(one.pk) == named if named.isdecimal() else not one.is_current())
    ]
    if any(not one.is_current() for one in rows):
        _tell_that_sessions_end(visit, rows)
    end_sessions(visit.request, rows)
    messages.success(visit.request, _("Done. Those browsers are signed out."))
    return visit.redirect("portal_security")


def _tell_that_sessions_end(visit: Visit, rows: list[Any]) -> None:
    """Tell the member, who may be the one who is signed out."""
    devices = dict.fromkeys(device_of(one.user_agent) for one in rows)
    tell_of_change(visit, what="sessions_ended", detail="; ".join(name for name in devices if name))


# ---- password -------------------------------------------------------------------------------------------------


class PasswordForm(forms.Form):
    """A password, typed once; the browser shows or keeps it."""

    password = forms.CharField(
        label=_lazy("New password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["password"].help_text = " ".join(password_validators_help_texts()[1:2])

    def clean_password(self) -> str:
        """Refuse what is easily guessed."""
        told = str(self.cleaned_data["password"])
        validate_password(told, self.person)
        return told


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def password(visit: Visit) -> HttpResponse:
    """Set a password, change it, or do without."""
    led = needs_step_up(visit)
    if led:
        return led
    person: Any = visit.request.user
    had = person.has_usable_password()
    form = PasswordForm(visit.request.POST or None, person=person)
    if visit.request.POST.get("act") == "remove":
        person.set_unusable_password()
    elif visit.request.method == "POST" and form.is_valid():
        person.set_password(form.cleaned_data["password"])
    else:
        return visit.show("portal/accounts/new_password.html", form=form, had=had)
    person.save(update_fields=["password"])
    (finalize_password_change if had else finalize_password_set)(visit.request, person)
    return visit.redirect("portal_security")


def own(visit: Visit, kind: str, number: int | None = None) -> Any:
    """Return a means of signing in of whoever is here. Raises NotFound for none, and for another's."""
    rows = Authenticator.objects.filter(user_id=visit.request.user.pk, type=kind)
    found = rows.filter(pk=number).first() if number is not None else rows.first()
    if found is None:
        raise NotFound("There is no such thing in this account.")
    return found
