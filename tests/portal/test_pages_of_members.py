"""Every page of the portal, tried by who may not see it: signed out, a member elsewhere, another member."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from cagnotte.portal.urls import urlpatterns
from tests.portal.conftest import NOW, Portal
from tests.portal.people import signed_in

PAGES: list[URLPattern] = [page for one in urlpatterns for page in getattr(one, "url_patterns", [])]
OWN = [page for page in PAGES if getattr(page.callback, "for_members", False)]
"""Those of a member alone."""


def addresses(pages: list[URLPattern]) -> list[str]:
    """What follows /p/PROGRAMME/, with something in each place."""
    return [re.sub(r"<[^>]*>", "x", str(page.pattern).strip("^$")) for page in pages]


def test_every_page_says_whose_it_is() -> None:
    """A view below /p/PROGRAMME/ is dressed by `portal_page` or `member_page`, or serves no page."""
    said = {page.name for page in PAGES if hasattr(page.callback, "for_members")}
    files = {"portal_manifest", "portal_worker", "portal_icon", "portal_offline"}

    assert {page.name for page in PAGES} - said - files == set()


@pytest.mark.parametrize("method", ["get", "post"])
def test_signed_out_a_members_page_shows_and_changes_nothing(portal: Portal, method: str) -> None:
    for address in addresses(OWN):
        answered = getattr(Client(), method)(f"/p/portal/{address}")
        assert led_to_signing_in(answered) or answered.status_code in {403, 404, 405}, address


def test_a_member_elsewhere_is_asked_to_join(portal: Portal) -> None:
    ana = signed_in("portal", now=NOW)
    portal.load(ELSEWHERE)

    for address in addresses(OWN):
        answered = ana.client.get(f"/p/elsewhere/{address}")
        assert answered.status_code in {302, 404, 405}, address
        if answered.status_code == 302:
            assert answered["Location"].startswith("/p/elsewhere/join/"), address


def led_to_signing_in(answered: Any) -> bool:
    return bool(
        answered.status_code == 302 and answered["Location"].startswith("/p/portal/sign-in/")
    )


ELSEWHERE = """
    programme: {slug: elsewhere, name: Elsewhere, currency: EUR, timezone: Europe/Paris}
    merchants: [{ref: one}]
    contracts: [{ref: one, merchant: one}]
    offers: [{ref: one, effect: {kind: percent, rate: 1 %}}]
"""
