"""Finding a shop in a browser: readable for all, by keyboard, and without scripts."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import DESKTOP, PHONE, Window
from tests.portal.conftest import CHROME, Portal
from tests.portal.finding.conftest import filled
from tests.portal.people import Person, signed_in


@pytest.fixture
def portal(committed_db: str, tmp_path: Path) -> Portal:
    return filled(Portal(tmp_path))


@pytest.fixture
def ana(portal: Portal) -> Person:
    with transaction.atomic():
        return signed_in("portal", "ana", now=datetime.now(UTC), name="Ana Petit")


def come_in(page: Page, ana: Person, address: str) -> None:
    """Let a browser be Ana's, and a person's: by itself it says that it is steered by a program."""
    cookie = ana.client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": address}])
    page.set_extra_http_headers({"User-Agent": CHROME})


def sound(window: Window) -> None:
    """Nothing for axe to find, and nothing that scrolls sideways."""
    assert window.accessibility() == []
    assert not window.too_wide()


def test_a_visitor_finds_a_shop_by_keyboard(windows: Any, cagnotte: str, portal: Portal) -> None:
    window = windows(PHONE, "light")
    page = window.open(f"{cagnotte}/p/portal/?lang=fr")
    expect(page.get_by_role("heading", level=1)).to_have_text("Achetez et récupérez-en une part")
    sound(window)

    box = page.get_by_role("combobox", name="Chercher une boutique")
    box.press_sequentially("epic")
    option = page.get_by_role("option", name="Épicerie")
    expect(option).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    assert window.accessibility() == []
    box.press("Escape")
    expect(option).to_be_hidden()
    box.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    box.press("Enter")

    page.wait_for_url("**/p/portal/shops/**/est/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Épicerie de l'Est")


def test_a_list_is_narrowed_where_it_stands(windows: Any, cagnotte: str, portal: Portal) -> None:
    window = windows(DESKTOP, "dark", "en-GB")
    page = window.open(f"{cagnotte}/p/portal/shops/")
    page.get_by_text("In store").first.click()

    expect(page.locator(".shop-card")).to_have_count(1)
    assert "f=in_store" in page.url
    assert page.evaluate("document.activeElement.id") == "f-in_store"
    expect(page.locator("body > [role=status]")).to_have_text("1 shop")
    sound(window)
    page.go_back()
    expect(page.locator(".shop-card")).to_have_count(3)


def test_a_member_keeps_a_shop_and_leaves_for_it(
    windows: Any, cagnotte: str, portal: Portal, ana: Person
) -> None:
    window = windows(PHONE, "dark")
    page = window.page
    come_in(page, ana, cagnotte)
    page.route("https://verte.example/**", lambda route: route.fulfill(body="The shop"))
    window.open(f"{cagnotte}/p/portal/shops/verte/")
    sound(window)

    keep = page.get_by_role("button", name=re.compile("Favorite"))
    keep.press("Enter")
    expect(keep).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Activer et aller chez Maison Verte").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cashback activé chez Maison Verte")
    page.wait_for_url("https://verte.example/**", timeout=10_000)
    assert "cagnotte_click=" in page.url

    window.open(f"{cagnotte}/p/portal/visits/")
    expect(page.locator(".visits .line")).to_have_count(1)
    sound(window)
    window.open(f"{cagnotte}/p/portal/favourites/")
    expect(page.locator(".keep-line")).to_have_count(1)
    sound(window)
    window.open(f"{cagnotte}/p/portal/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bonjour Ana")
    sound(window)


def test_without_scripts_shops_are_found_and_left_for(
    browser: Browser, cagnotte: str, portal: Portal, ana: Person
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    come_in(page, ana, cagnotte)
    page.route("https://verte.example/**", lambda route: route.fulfill(body="The shop"))
    page.goto(f"{cagnotte}/p/portal/shops/")
    page.get_by_label("Search for a shop").fill("outlet.example")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Maison Verte").click()
    page.get_by_role("link", name="Activate and go to Maison Verte").click()

    page.wait_for_url("https://verte.example/**", timeout=10_000)
    assert page.inner_text("body") == "The shop"
    context.close()
