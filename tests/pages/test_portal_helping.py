"""Help, rights, friends and legal pages in a browser; and the app without a network."""

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from cagnotte.growth import referrals
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.helping.safe import forget_standings
from cagnotte.portal.look import forget_looks
from cagnotte.portal.rights import leaving
from tests.journeys.world import World
from tests.pages.conftest import DESKTOP, PHONE, Window
from tests.portal.people import Person, enrol, signed_in


@pytest.fixture
def world(committed_db: str, tmp_path: Path) -> World:
    forget_looks()
    forget_standings()
    world = World(tmp_path)
    world.load()
    world.buy("A1", "400.00")
    world.buy("A2", "100.00", member="2", status="confirmed")
    return world


@pytest.fixture
def ana(world: World) -> Person:
    """Ana, who has brought two friends."""
    with transaction.atomic():
        person = signed_in(
            "corner", "1", now=world.now, name="Ana Lima", email="ana@member.example"
        )
        code = referrals.code_of(person.member.wallet, now=world.now)
        for ref in ("friend-1", "friend-2"):
            friend = enrol("corner", ref, now=world.now)
            referrals.note_friend(
                shared_connection(),
                programme_id=friend.programme_id,
                code=code,
                friend_wallet_id=friend.wallet_id,
                now=world.now,
            )
    return person


def sign_in(window: Window, address: str, person: Person) -> None:
    """Give the browser the session of somebody who is signed in."""
    session = person.client.cookies["sessionid"].value
    window.page.context.add_cookies([{"name": "sessionid", "value": session, "url": address}])


def is_fine(window: Window) -> None:
    assert window.accessibility() == []
    assert not window.too_wide()


def test_a_members_own_things_are_for_everybody(
    ana: Person, cagnotte: str, windows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "needs_step_up", lambda _visit: None)
    phone = windows(PHONE, "light", "fr-FR")
    sign_in(phone, cagnotte, ana)
    for path in ("refer/", "rights/erase/"):
        phone.open(f"{cagnotte}/p/corner/{path}")
        is_fine(phone)
    desktop = windows(DESKTOP, "dark", "en-GB")
    sign_in(desktop, cagnotte, ana)
    for path in ("rights/", "safe/"):
        desktop.open(f"{cagnotte}/p/corner/{path}")
        is_fine(desktop)


def test_an_answer_is_found_with_the_keyboard_alone(
    world: World, cagnotte: str, windows: Any
) -> None:
    window = windows(PHONE, "dark", "fr-FR")
    page = window.open(f"{cagnotte}/p/corner/help/")
    is_fine(window)

    page.get_by_role("searchbox").focus()
    page.keyboard.type("delai")
    page.keyboard.press("Enter")

    first = page.locator(".found .line-title").first
    expect(first).to_have_text("États et délais")
    first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("États et délais")
    is_fine(window)


def test_without_a_network_the_app_says_so(world: World, cagnotte: str, windows: Any) -> None:
    window = windows(PHONE, "light", "en-GB")
    page = window.open(f"{cagnotte}/p/corner/terms/")
    # Until the frame of the pages loads it, the page is asked to.
    page.evaluate("import('/static/portal/app.js')")
    is_ready = page.evaluate(
        "Promise.race([navigator.serviceWorker.ready.then(() => true),"
        " new Promise((resolve) => setTimeout(resolve, 30000, false))])"
    )
    assert is_ready, "the app's helper was not installed"

    page.context.set_offline(True)
    page.goto(f"{cagnotte}/p/corner/privacy/")

    expect(page.get_by_role("heading", level=1)).to_have_text("You are offline")
    # Styles and fonts are there too: the heading is not the browser's own serif.
    assert "Inter" in page.evaluate("getComputedStyle(document.body).fontFamily")
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    page.wait_for_url("**/p/corner/")
    window.wrong.clear()  # the requests that found no network
