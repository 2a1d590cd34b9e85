"""Watching money grow in a browser: in both languages, on a phone and a screen, by keyboard alone."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import DESKTOP, PHONE, Window
from tests.portal.watching.conftest import Life, life, shared_life

__all__ = ["life", "shared_life"]


def window_of(windows: Any, cagnotte: str, life: Life, *asked: Any) -> Window:
    """Ana's browser."""
    window: Window = windows(*asked)
    session = life.ana.client.cookies["sessionid"].value
    window.page.context.add_cookies([{"name": "sessionid", "value": session, "url": cagnotte}])
    return window


@pytest.mark.parametrize(
    ("asked", "pages"),
    [
        ((PHONE, "light", "fr-FR"), ("cagnotte/", "purchases/", "statements/2026-03/", "")),
        ((DESKTOP, "dark", "en-GB"), ("cagnotte/", "proof/")),
    ],
    ids=["phone", "screen"],
)
def test_pages_can_be_read_by_everybody(
    windows: Any, cagnotte: str, life: Life, asked: Any, pages: tuple[str, ...]
) -> None:
    window = window_of(windows, cagnotte, life, *asked)
    for page in pages:
        path = page or f"purchases/{life.purchase('sure')}/"
        window.open(f"{cagnotte}/p/corner/{path}")
        assert window.accessibility() == [], page
        assert not window.too_wide(), page


def test_a_list_is_narrowed_by_keyboard_and_its_address_can_be_kept(
    windows: Any, cagnotte: str, life: Life
) -> None:
    page = window_of(windows, cagnotte, life, DESKTOP, "light", "en-GB").open(
        f"{cagnotte}/p/corner/purchases/"
    )
    expect(page.locator(".watch-purchase")).to_have_count(5)
    page.get_by_label("Year").focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(f"{cagnotte}/p/corner/purchases/?shop=&year=2026")
    page.get_by_role("link", name="Confirmed 1").press("Enter")
    expect(page.locator(".watch-purchase")).to_have_count(1)
    page.locator(".watch-purchase a").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The corner shop")
