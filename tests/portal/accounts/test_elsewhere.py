"""Accounts elsewhere: what the setting names, and who may join by one."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from cagnotte.catalog.models import Storefront
from cagnotte.config import social
from cagnotte.desk.signing_in import AccountsElsewhere
from tests.portal.conftest import Portal

APP = {"client_id": "x", "secret": "y"}
ACME = {**APP, "provider_id": "acme", "settings": {"server_url": "https://id.acme.example/.well"}}


def test_the_setting_names_providers_and_where_forms_may_lead() -> None:
    named = {"google": APP, "openid_connect": [ACME]}

    assert social.apps(named) == [
        "allauth.socialaccount.providers.google",
        "allauth.socialaccount.providers.openid_connect",
    ]
    assert social.providers(named)["openid_connect"]["APPS"] == [ACME]
    assert social.origins(named) == ["https://accounts.google.com", "https://id.acme.example"]
    assert (social.apps({}), social.providers({}), social.origins({})) == ([], {}, [])


def test_a_provider_we_do_not_know_is_said_so() -> None:
    with pytest.raises(ImproperlyConfigured, match="there are: apple, google, openid_connect"):
        social.apps({"gogle": APP})


@pytest.mark.parametrize(
    ("verified", "joining", "came_from", "may"),
    [
        (True, True, "portal", True),
        (False, True, "portal", False),
        (True, False, "portal", False),
        (True, True, "", False),
    ],
)
def test_who_has_a_verified_address_may_join_the_portal_they_came_from(
    portal: Portal, verified: bool, joining: bool, came_from: str, may: bool
) -> None:
    Storefront.objects.update_or_create(programme_id=portal.id, defaults={"joining": joining})
    request: Any = RequestFactory().get("/")
    request.session = {"portal": came_from}
    told = SimpleNamespace(
        email_addresses=[SimpleNamespace(verified=verified, email="a@b.example")]
    )

    assert AccountsElsewhere(request).is_open_for_signup(request, told) is may


def test_no_provider_is_shown_by_default(portal: Portal) -> None:
    shown = portal.client.get("/p/portal/sign-in/").content.decode()
    assert "Continue with" not in shown
    assert portal.client.get("/accounts/elsewhere/").status_code == 404
