"""Joining, a passkey and one's own account in Chromium: on a phone in French, by keyboard on a desktop in English."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from playwright.sync_api import Page, expect

from cagnotte.identity.models import Membership
from cagnotte.journeys import load_programme
from cagnotte.portal.look import forget_looks
from tests.pages.conftest import DESKTOP, PHONE, Window
from tests.portal.conftest import NOW

PROGRAMME = """
    programme: {slug: colombe, name: Colombe, currency: EUR, timezone: Europe/Paris}
    merchants: [{ref: verte, name: Maison Verte, site: "https://verte.example/"}]
    contracts: [{ref: verte, merchant: verte}]
    offers: [{ref: five, name: All year, effect: {kind: percent, rate: 5 %}}]
"""


@pytest.fixture
def portal(committed_db: str, cagnotte: str, tmp_path: Path) -> str:
    """The portal's address, under a name: a passkey belongs to one."""
    file = tmp_path / "programme.yaml"
    file.write_text(dedent(PROGRAMME), encoding="utf-8")
    load_programme.run(file, now=NOW)
    forget_looks()
    cache.clear()
    return cagnotte.replace("127.0.0.1", "localhost") + "/p/colombe/"


def code() -> str:
    (found,) = re.findall(r"^    (\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    return str(found)


def fine(window: Window) -> None:
    """Everybody can use the page, and it fits."""
    assert (window.accessibility(), window.too_wide()) == ([], False), window.page.url


def with_an_authenticator(page: Page) -> None:
    """Let the browser have an authenticator that always says yes."""
    driver = page.context.new_cdp_session(page)
    driver.send("WebAuthn.enable")
    told = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    driver.send("WebAuthn.addVirtualAuthenticator", {"options": told})


def test_on_a_phone_one_joins_makes_a_passkey_and_comes_back_with_it(
    portal: str, windows: Any
) -> None:
    window = windows(PHONE, "light", "fr-FR")
    page = window.open(f"{portal}join/")
    with_an_authenticator(page)
    fine(window)
    page.get_by_label("Adresse électronique").fill("eva@member.example")
    page.get_by_role("button", name="M’envoyer un code").click()
    page.get_by_label("Code").fill(code())
    fine(window)
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Votre nom").fill("Eva")
    fine(window)
    page.get_by_label("J’accepte les").check()
    page.get_by_role("button", name="Ouvrir ma cagnotte").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bienvenue, Eva")
    fine(window)

    page.get_by_role("link", name="Créer une clé d’accès").click()
    page.get_by_role("button", name="La créer").click()
    expect(page.get_by_role("heading", name="Clés d’accès")).to_be_visible()
    fine(window)
    page.goto(f"{portal}account/")
    fine(window)
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url(portal)
    window.open(f"{portal}sign-in/")
    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    page.wait_for_url(portal)
    assert Membership.objects.get().member.name == "Eva"


def test_by_keyboard_on_a_desktop_in_the_dark_one_signs_in_and_changes_consents(
    portal: str, windows: Any
) -> None:
    window = windows(DESKTOP, "dark", "en-GB")
    page = window.open(f"{portal}join/")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type("max@member.example")
    page.keyboard.press("Enter")
    page.get_by_label("Code").focus()
    page.keyboard.type(code().lower())
    page.keyboard.press("Enter")
    terms = page.get_by_label("I accept the")
    terms.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    page.goto(f"{portal}account/consents/")
    fine(window)
    page.get_by_label("Write to me about offers").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Noted. It holds from now on.")).to_be_visible()
    expect(page.get_by_text("Agreed: Write to me about offers")).to_be_visible()
