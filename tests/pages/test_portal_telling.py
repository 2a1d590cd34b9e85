"""The pages of notices, in the browser: for all eyes and hands, on a phone and a desktop."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from cagnotte.notices import choosing, telling
from cagnotte.notices.kinds import KINDS, Mode
from cagnotte.platform.database import connect
from tests.pages.conftest import DESKTOP, PHONE, Window
from tests.portal.conftest import NOW, opened
from tests.portal.people import Person, signed_in

FACTS = {
    "shop": "Maison Verte",
    "amount_minor": 1240,
    "before_minor": 1500,
    "currency": "EUR",
    "expires_on": "2026-05-09",
    "valid_until": "2026-06-30",
    "reason": "excluded_product",
    "step": "accepted",
    "what": "bank_changed",
}


@pytest.fixture
def ana(committed_db: str, tmp_path: Path) -> Iterator[Person]:
    """A member with a notice of every kind."""
    for _ in opened(tmp_path):
        with transaction.atomic():
            found = signed_in("portal", "ana", now=NOW)
        news = [
            telling.News(found.member.programme_id, found.member.wallet_id, kind, "1", FACTS, NOW)
            for kind in KINDS
        ]
        with connect() as connection, connection.transaction():
            telling.tell_all(connection, news, now=NOW)
        yield found


def enter(window: Window, cagnotte: str, person: Person) -> None:
    """Sign a window in as a person."""
    key = person.client.cookies["sessionid"].value
    window.page.context.add_cookies([{"name": "sessionid", "value": key, "url": cagnotte}])


def check(window: Window) -> None:
    """What holds of every page."""
    assert window.accessibility() == []
    assert not window.too_wide()


def test_notices_and_channels_on_a_phone_by_keyboard(
    windows: Any, cagnotte: str, ana: Person
) -> None:
    window = windows(PHONE, "dark")
    enter(window, cagnotte, ana)
    page = window.open(f"{cagnotte}/p/portal/notices/")
    check(window)
    page.get_by_role("button", name="Tout marquer comme lu").press("Enter")
    expect(page.get_by_text("Nouveau", exact=True)).to_have_count(0)
    window.open(f"{cagnotte}/p/portal/notices/channels/")
    check(window)
    group = page.get_by_role("group", name="Un achat est suivi")
    group.get_by_role("combobox").select_option("weekly")
    group.get_by_label("Appareil").press("Space")
    page.get_by_role("button", name="Enregistrer ces choix").press("Enter")
    expect(page.get_by_text("C’est enregistré.")).to_be_visible()
    kept = choosing.choices_of(ana.member.wallet_id)["tracked"]
    assert (kept.email, kept.push) == (Mode.WEEKLY, False)


def test_notices_and_channels_on_a_desktop(windows: Any, cagnotte: str, ana: Person) -> None:
    window = windows(DESKTOP, "light", "en-GB")
    enter(window, cagnotte, ana)
    for path in ("notices/", "notices/channels/"):
        window.open(f"{cagnotte}/p/portal/{path}")
        check(window)


def test_the_link_in_a_mail_stops_it_at_one_press(windows: Any, cagnotte: str, ana: Person) -> None:
    window = windows(PHONE)
    token = choosing.token_for(ana.member.wallet_id, "confirmed")
    page = window.open(f"{cagnotte}/p/portal/notices/stop/{token}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Plus de messages de ce type")
    assert choosing.choices_of(ana.member.wallet_id)["confirmed"].email is Mode.OFF
    check(window)
    page.get_by_role("button", name="Je veux les recevoir finalement").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous les recevez de nouveau")
    assert choosing.choices_of(ana.member.wallet_id)["confirmed"].email is Mode.NOW


def test_signing_out_leaves_nothing_in_the_browser(
    windows: Any, cagnotte: str, ana: Person
) -> None:
    window = windows(DESKTOP, "light", "en-GB")
    enter(window, cagnotte, ana)
    page = window.open(f"{cagnotte}/p/portal/account/")
    page.evaluate("navigator.serviceWorker.ready.then(() => caches.open('old'))")
    page.evaluate("sessionStorage.setItem('seen', 'amounts')")

    page.locator("form[data-leave] button").press("Enter")

    page.wait_for_url(f"{cagnotte}/p/portal/")
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('seen')") is None
    assert "old" not in page.evaluate("caches.keys()")
    # The page before is asked for anew, and is nobody's.
    page.go_back()
    page.wait_for_url("**/sign-in/**")
