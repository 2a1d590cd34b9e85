"""Accounts elsewhere that people may sign in with, as the setting CAGNOTTE_SOCIAL names them.

    {"google": {"client_id": "…", "secret": "…"}}

Each provider has one application or a list of them, with the fields that django-allauth gives its applications
(https://docs.allauth.org/en/latest/socialaccount/provider_configuration.html).
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

Named = Mapping[str, Any]

OWN_ADDRESS = "openid_connect"
"""Any server that speaks OpenID Connect, at the address that its application's settings name."""

PAGES = {"apple": "https://appleid.apple.com", "google": "https://accounts.google.com"}
"""Where a provider's own page of signing in is: our forms may lead there."""


def apps(named: Named) -> list[str]:
    """Return the Django apps that the named providers need. Raises ImproperlyConfigured for one we do not know."""
    unknown = sorted(set(named) - PAGES.keys() - {OWN_ADDRESS})
    if unknown:
        known = ", ".join(sorted([*PAGES, OWN_ADDRESS]))
        raise ImproperlyConfigured(
            f"CAGNOTTE_SOCIAL names {', '.join(unknown)}; there are: {known}."
        )
    return [f"allauth.socialaccount.providers.{provider}" for provider in sorted(named)]


def providers(named: Named) -> dict[str, dict[str, Any]]:
    """Return what allauth is to know of each: its applications, and that an address they verified is verified."""
    return {
        provider: {"APPS": list(_listed(told)), "SCOPE": _scope(provider)}
        for provider, told in named.items()
    }


def origins(named: Named) -> list[str]:
    """Return where forms of ours may lead, besides ourselves."""
    found = [PAGES[provider] for provider in named if provider in PAGES]
    for app in _listed(named.get(OWN_ADDRESS, [])):
        server = urlsplit(app.get("settings", {}).get("server_url", ""))
        found.append(f"{server.scheme}://{server.netloc}")
    return found


def _listed(told: Any) -> Iterable[dict[str, Any]]:
    return [told] if isinstance(told, dict) else told


def _scope(provider: str) -> list[str]:
    return {"google": ["email"], "apple": ["email"]}.get(provider, ["openid", "email"])
