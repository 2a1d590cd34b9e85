"""Every address of the desk: guides for all, pages of a programme for its staff, signing in."""

from typing import Any, NamedTuple

from allauth.account import urls as account_urls
from allauth.account import views as account_views
from allauth.mfa.recovery_codes import views as recovery_views
from allauth.mfa.totp import views as totp_views
from allauth.urls import build_provider_urlpatterns
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path

from cagnotte.desk import (
    events,
    front,
    keys,
    overview,
    problems,
    proving,
    reference,
    requests,
    sandbox,
    start,
    team,
    webhooks,
)
from cagnotte.desk.problems import StatusOf
from cagnotte.desk.proving import after_a_proof
from cagnotte.desk.reference import Described
from cagnotte.desk.sign_in_forms import CodePage

PROGRAMME = "developers/p/<slug:programme>/"


class Interface(NamedTuple):
    """What the desk tells about the REST interface, which it must not import.

    described: gives the OpenAPI document. status_of: the HTTP status of a kind of error.
    """

    described: Described
    status_of: StatusOf


def addresses(interface: Interface) -> list[URLPattern | URLResolver]:
    """Return the addresses of the desk."""
    described: dict[str, Any] = {"described": interface.described}
    return [
        path("developers/", front.front, name="developers"),
        path("developers/start/", start.start, name="desk_start"),
        path("developers/api/", reference.api_reference, described, name="desk_reference"),
        path(
            "developers/api/<slug:resource>/",
            reference.api_resource,
            described,
            name="desk_resource",
        ),
        path(
            "developers/errors/",
            problems.errors,
            {"status_of": interface.status_of},
            name="desk_errors",
        ),
        path("developers/events/", events.events, name="desk_events"),
        *_OF_A_PROGRAMME,
        *_SIGNING_IN,
    ]


def _nothing(_request: HttpRequest, **_parts: str) -> HttpResponse:
    raise Http404


_KEY = r"^developers/p/(?P<programme>[-a-zA-Z0-9_]+)/keys/(?P<key>key_[0-9a-z]{26})/"
_ENDPOINT = f"{PROGRAMME}webhooks/<slug:endpoint>/"

_OF_A_PROGRAMME: list[URLPattern] = [
    path(PROGRAMME, overview.overview, name="desk_overview"),
    path(f"{PROGRAMME}keys/", keys.keys, name="desk_keys"),
    path(f"{PROGRAMME}keys/new/", keys.new_key, name="desk_new_key"),
    re_path(_KEY + r"rotate/$", keys.rotate_key, name="desk_rotate_key"),
    re_path(_KEY + r"revoke/$", keys.revoke_key, name="desk_revoke_key"),
    path(f"{PROGRAMME}webhooks/", webhooks.webhooks, name="desk_webhooks"),
    path(f"{PROGRAMME}webhooks/new/", webhooks.new_webhook, name="desk_new_webhook"),
    path(_ENDPOINT, webhooks.webhook, name="desk_webhook"),
    path(f"{_ENDPOINT}change/", webhooks.change_webhook, name="desk_change_webhook"),
    path(f"{_ENDPOINT}remove/", webhooks.remove_webhook, name="desk_remove_webhook"),
    path(f"{_ENDPOINT}act/", webhooks.act_on_webhook, name="desk_act_on_webhook"),
    path(f"{_ENDPOINT}deliveries/<int:number>/", webhooks.delivery, name="desk_delivery"),
    path(f"{PROGRAMME}requests/", requests.requests, name="desk_requests"),
    path(f"{PROGRAMME}requests/<slug:id>/", requests.request, name="desk_request"),
    path(f"{PROGRAMME}sandbox/", sandbox.sandbox, name="desk_sandbox"),
    path(f"{PROGRAMME}team/", team.team, name="desk_team"),
    path(f"{PROGRAMME}team/<int:staff_id>/dismiss/", team.dismiss, name="desk_dismiss"),
]

_SECOND = "accounts/second-factor/"

_SIGNING_IN: list[URLPattern | URLResolver] = [
    # An address is proved by a code before it is used; nobody adds another, and nobody signs up alone.
    path("accounts/email/", _nothing),
    path("accounts/signup/", _nothing),
    # These change how one signs in, so they stand before the library's own.
    path("accounts/again/", proving.again, name="desk_again"),
    path("accounts/password/change/", after_a_proof(account_views.password_change)),
    path("accounts/password/set/", after_a_proof(account_views.password_set)),
    path(f"{_SECOND}totp/activate/", after_a_proof(totp_views.activate_totp)),
    path(f"{_SECOND}totp/deactivate/", after_a_proof(totp_views.deactivate_totp)),
    path(f"{_SECOND}recovery-codes/", after_a_proof(recovery_views.view_recovery_codes)),
    path(
        f"{_SECOND}recovery-codes/generate/", after_a_proof(recovery_views.generate_recovery_codes)
    ),
    path(
        f"{_SECOND}recovery-codes/download/", after_a_proof(recovery_views.download_recovery_codes)
    ),
    path("accounts/login/code/confirm/", CodePage.as_view()),
    path("accounts/", include(account_urls)),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    # Members make and use passkeys on the portal's own pages.
    re_path(r"^accounts/second-factor/webauthn/(?!reauthenticate/)", _nothing),
    path(_SECOND, include("allauth.mfa.urls")),
    # Where CAGNOTTE_SOCIAL names providers; who has no address there that is proven cannot come in, or join, by it.
    path("accounts/elsewhere/", _nothing),
    path("accounts/elsewhere/signup/", _nothing),
    path("accounts/elsewhere/", include("allauth.socialaccount.urls")),
    path("accounts/elsewhere/", include(build_provider_urlpatterns())),
]
