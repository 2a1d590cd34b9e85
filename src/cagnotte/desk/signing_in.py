"""What is our own about signing in: whose accounts are made, second factors sealed, mail that may fail.

Everything else is django-allauth's, as the settings say. Members come in by the portal's pages and developers by these;
both are the same accounts, and these rules hold for both.
"""

from email.utils import formataddr, parseaddr
from smtplib import SMTPException
from typing import Any, cast
from urllib.parse import urlencode

import segno
import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthProcess
from allauth.usersessions.middleware import UserSessionsMiddleware
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cagnotte.catalog.models import Storefront
from cagnotte.identity import security_events
from cagnotte.identity.addresses import folded
from cagnotte.identity.models import Membership, Programme
from cagnotte.identity.proofs import has_app, proved_lately
from cagnotte.platform.secrets_box import seal, unseal

log = structlog.get_logger(__name__)

SEEN_AGAIN_SECONDS = 300

SESSION_PORTAL = "portal"
"""In the session: the slug of the portal somebody came from, as the portal's pages write it there."""


class Accounts(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no type information
    """Accounts of people who were invited, or have joined a programme."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Nobody makes an account alone: `staff.invite` and joining a programme do."""
        return False

    def get_login_stages(self) -> list[str]:
        """Replace the step of the second factor by ours."""
        ours = f"{SecondStep.__module__}.{SecondStep.__name__}"
        theirs = f"{AuthenticateStage.__module__}.{AuthenticateStage.__name__}"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        """Keep that somebody came in; write to them when it was from a device they never used."""
        led: HttpResponse = super().post_login(request, user, **more)
        if self._keep(user, security_events.SIGNED_IN):
            self.send_notification_mail("account/email/new_device", user)
        return led

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Keep what happened and write to the person; where no mail goes out it happened all the same."""
        kind = template_prefix.rsplit("/", 1)[-1]
        if kind != "new_device":
            self._keep(user, kind)
        told = {"device": self._device(), **(context or {})}
        try:
            super().send_notification_mail(template_prefix, user, told, email)
        except ImmediateHttpResponse:
            log.warning("a person was not told", kind=kind)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; a mail server that is away becomes a page that says so."""
        told = {"house": self._house(), **context}
        try:
            super().send_mail(template_prefix, email, told)
        except (OSError, SMTPException) as error:
            log.warning("a mail was not sent", kind=template_prefix, error=type(error).__name__)
            page = render(self.request, "desk/no_mail.html", status=503)
            raise ImmediateHttpResponse(page) from None

    def get_from_email(self) -> str:
        """Let a programme's mails come in its name."""
        usual: str = super().get_from_email()
        house = self._house()
        return formataddr((house, parseaddr(usual)[1])) if house else usual

    def is_reauthentication_required(self, **_more: Any) -> bool:
        """Ask for a proof of whoever gave none lately, whatever the library's setting says.

        It is asked for at once (by ReauthenticationRequired): the library would let pass who has neither a password nor
        a second factor, and take a password where there is an app.
        """
        if is_proven(self.request):
            return False
        raise ReauthenticationRequired

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Ask a member on the portal they came from; others by what they have, or by signing in again."""
        if not user.is_authenticated:
            return []
        slug = self._slug()
        if Membership.objects.filter(person_id=user.pk, programme__slug=slug).exists():
            to = reverse("portal_confirm", args=(slug,))
            return [{"id": "portal", "description": _("Is it you?"), "url": to}]
        weak = {"reauthenticate"} if has_app(user) else set()
        ways = [way for way in super().get_reauthentication_methods(user) if way["id"] not in weak]
        again = {"id": "again", "description": _("Sign in again"), "url": reverse("desk_again")}
        return [*ways, again]

    def _keep(self, user: Any, kind: str) -> bool:
        now = timezone.now()  # noqa: TID251 - the edge: allauth hands no clock on
        return security_events.note(
            person=user, kind=kind, user_agent=self.get_http_user_agent(self.request), now=now
        )

    def _device(self) -> str:
        return security_events.device_of(self.get_http_user_agent(self.request))

    def _slug(self) -> str:
        session = getattr(self.request, "session", None)
        return str(session.get(SESSION_PORTAL, "")) if session is not None else ""

    def _house(self) -> str:
        slug = self._slug()
        found = Programme.objects.filter(slug=slug).values_list("name", flat=True) if slug else []
        return next(iter(found), "")


class AccountsElsewhere(DefaultSocialAccountAdapter):  # type: ignore[misc] # allauth has no type information
    """People who come in by an account elsewhere, such as Google's, where CAGNOTTE_SOCIAL names one."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Let whoever has a verified address join the portal they came from, if that takes new members."""
        told = sociallogin.email_addresses
        proven = any(one.verified for one in told) and all(one.email.isascii() for one in told)
        slug = request.session.get(SESSION_PORTAL, "")
        return proven and Storefront.objects.filter(programme__slug=slug, joining=True).exists()

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """Name a person by their address, as everywhere."""
        person = super().populate_user(request, sociallogin, data)
        person.username = person.email = folded(str(data.get("email") or ""))
        person.first_name = person.last_name = ""
        return person

    def can_authenticate_by_email(self, login: Any, email: str) -> bool:
        """Let nobody in by an address that another may be taken for."""
        return email.isascii() and bool(super().can_authenticate_by_email(login, email))

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Ask for a proof before another way in is added; what was brought is not kept until then.

        The library would keep it in the session, for whoever proves next to finish.
        """
        if sociallogin.state.get("process") == AuthProcess.CONNECT and not is_proven(request):
            to = sociallogin.get_redirect_url(request) or reverse("mfa_index")
            raise ImmediateHttpResponse(ask_for_proof(request, to))


class SecondStep(AuthenticateStage):  # type: ignore[misc] # allauth has no type information
    """Asks for a second factor after a code or password, of who has an authenticator app.

    A passkey alone is a way in and not a second step: whoever made one on the phone still comes in by a code elsewhere.
    """

    def _should_handle(self, request: HttpRequest) -> bool:
        person = self.login.user
        has_app = person is not None and is_mfa_enabled(person, [Authenticator.Type.TOTP])
        return has_app and bool(super()._should_handle(request))


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc] # allauth has no type information
    """Codes of an authenticator app, their secrets sealed in the database; passkeys."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Read a secret that was sealed."""
        return unseal(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """Draw the QR code without the style attributes that the pages' policy forbids."""
        drawn: str = segno.make(url, error="m").svg_inline(
            scale=5, dark="#000", light="#fff", border=3, svgclass="qr", lineclass=None
        )
        return drawn


class SeenNowAndThen(UserSessionsMiddleware):  # type: ignore[misc] # allauth has no type information
    """Notes when and where a session was last seen: at once when it begins, then every few minutes.

    The library would write a row at each request. Only sessions of people are remembered, and not where attempts are
    counted: a cookie with anything in it takes nothing up.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Note it if it is time, and answer."""
        if self._is_time(request):
            return cast("HttpResponseBase", super().__call__(request))
        return cast("HttpResponseBase", self.get_response(request))

    def _is_time(self, request: HttpRequest) -> bool:
        key, seen = request.session.session_key, caches["seen"]
        if not key or seen.get(key):
            return False
        return request.user.is_authenticated and seen.add(key, 1, SEEN_AGAIN_SECONDS)


def is_proven(request: HttpRequest) -> bool:
    """Tell whether whoever is here proved lately who they are."""
    return proved_lately(request, now=timezone.now())  # noqa: TID251 - the edge: allauth hands no clock on


def ask_for_proof(request: HttpRequest, back: str) -> HttpResponse:
    """Lead to where a proof is given, and from there to `back`."""
    ways = Accounts(request).get_reauthentication_methods(request.user)
    to = ways[0]["url"] if ways else reverse("account_request_login_code")
    return HttpResponseRedirect(f"{to}?{urlencode({'next': back})}")
