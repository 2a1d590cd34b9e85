"""Spending in the browser: nothing wrong for who cannot see or has a small screen, and every act by keyboard alone."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import DESKTOP, PHONE, Window
from tests.portal.accounts.proofs import prove
from tests.portal.people import Person
from tests.portal.spending.conftest import IBAN, NOW, Market, opened
from tests.portal.spending.test_vouchers_and_gifts import buy


@pytest.fixture
def market(committed_db: str, tmp_path: Path) -> Iterator[Market]:
    assert committed_db
    yield from opened(tmp_path)


def sign_in(window: Window, person: Person, cagnotte: str) -> None:
    cookie = person.client.cookies["sessionid"].value
    window.page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": cagnotte}])


def in_order(window: Window) -> None:
    assert window.accessibility() == []
    assert not window.too_wide()


def by_keyboard(page: Page, name: str) -> None:
    """Reach a button with the tab key alone, and press it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"“{name}” is not reached by the keyboard")


def test_bank_account_then_money_by_keyboard_on_a_phone(
    market: Market, cagnotte: str, windows: Any
) -> None:
    ana = market.member(cents=4500)
    window = windows(PHONE, "dark", "fr-FR")
    sign_in(window, ana, cagnotte)
    page = window.open(f"{cagnotte}/p/market/bank/change/")
    page.locator("#id_iban").press_sequentially(IBAN[:10])
    expect(page.locator("#looked")).to_have_text("Encore 17 caractères")
    page.locator("#id_iban").fill(IBAN)
    expect(page.locator("#looked")).to_contain_text("LA BANQUE POSTALE")
    in_order(window)
    by_keyboard(page, "Enregistrer")
    expect(page.locator("h1")).to_have_text("Compte bancaire")
    page.wait_for_load_state("networkidle")
    in_order(window)

    ben = market.member("ben", cents=4500, bank=True)
    sign_in(window, ben, cagnotte)
    page = window.open(f"{cagnotte}/p/market/withdraw/")
    in_order(window)
    by_keyboard(page, "Continuer")
    expect(page.locator("h1")).to_have_text("Vérifier et confirmer")
    by_keyboard(page, "Retirer 45,00\u202f€")
    expect(page.locator(".timeline")).to_contain_text("Demandé")
    page.wait_for_load_state("networkidle")
    in_order(window)
    assert market.holds(ben) == (0, 4500)


def test_codes_and_gifts_on_a_wide_screen(market: Market, cagnotte: str, windows: Any) -> None:
    market.charities()
    ana = market.member(cents=4500)
    window = windows(DESKTOP, "light", "en-GB")
    sign_in(window, ana, cagnotte)
    page = window.open(f"{cagnotte}/p/market/code/pay/")
    by_keyboard(page, "Make a code")
    expect(page.locator(".till-code")).to_be_visible()
    expect(page.locator("[data-left] span")).to_have_text("4:59", timeout=4_000)
    in_order(window)
    page = window.open(f"{cagnotte}/p/market/give/")
    in_order(window)
    page.locator("input[value=sea]").check()
    page.locator("#id_amount").fill("5.20")
    by_keyboard(page, "Continue")
    expect(page.locator(".handover-amount")).to_have_text("€5.20")
    in_order(window)
    by_keyboard(page, "Give €5.20")
    expect(page.locator(".alert")).to_contain_text("Thank you, in the name of Clean Seas")
    page.wait_for_load_state("networkidle")
    in_order(window)
    assert market.holds(ana) == (3980, 0)
    page = window.open(f"{cagnotte}/p/market/vouchers/new/")
    page.locator("#id_amount").fill("12.40")
    by_keyboard(page, "Make the voucher")
    expect(page.locator(".qr svg")).to_be_visible()
    page.wait_for_load_state("networkidle")
    in_order(window)


@pytest.mark.parametrize(
    ("width", "scheme", "locale"), [(PHONE, "dark", "fr-FR"), (DESKTOP, "light", "en-GB")]
)
def test_a_code_is_hidden_until_one_proved_who_one_is_without_scripts(
    market: Market, cagnotte: str, windows: Any, width: int, scheme: str, locale: str
) -> None:
    ana = market.member(cents=4500)
    ana.client.get(buy(ana)["Location"])
    made = ana.get("vouchers/").content.decode()
    (place,) = re.findall(r"/p/market/vouchers/vou_\w+/", made)
    prove(ana, now=NOW - timedelta(days=1))
    window = windows(width, scheme, locale)
    window.page.route(
        "**/*.js", lambda route: route.fulfill(body="", content_type="text/javascript")
    )
    sign_in(window, ana, cagnotte)
    page = window.open(f"{cagnotte}{place}")
    expect(page.locator(".qr")).to_have_count(0)
    in_order(window)
    page.get_by_role(
        "link", name="Show the code" if locale == "en-GB" else "Afficher le code"
    ).click()
    page.wait_for_url("**/account/confirm/?next=*")


def test_a_gift_is_looked_at_once_more_on_a_phone_without_scripts(
    market: Market, cagnotte: str, windows: Any
) -> None:
    market.charities()
    ana = market.member(cents=4500)
    window = windows(PHONE, "dark", "fr-FR")
    window.page.route(
        "**/*.js", lambda route: route.fulfill(body="", content_type="text/javascript")
    )
    sign_in(window, ana, cagnotte)
    page = window.open(f"{cagnotte}/p/market/give/")
    page.locator("input[value=sea]").check()
    page.locator("#id_amount").fill("12,34")
    page.get_by_role("button", name="Continuer").click()
    expect(page.locator("h1")).to_have_text("Vérifier et confirmer")
    in_order(window)
    page.get_by_role("button", name="Donner 12,34\u202f€").click()
    expect(page.locator(".handover-amount")).to_have_text("12,34\u202f€")
    assert market.holds(ana) == (3266, 0)
