"""Pages of ours on a phone and a desktop, light and dark, in both languages: readable for all, nothing forbidden."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import DESKTOP, LOOKS, PHONE
from tests.portal.conftest import Portal

POLICY = {
    "default-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
}


@pytest.fixture
def portal(committed_db: str, tmp_path: Path) -> Portal:
    made = Portal(tmp_path)
    made.load()
    return made


def with_widgets(page: Page) -> None:
    """Scroll down once, so that every widget of the playground has been near."""
    for stage in page.locator("[data-play]").all():
        stage.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(("width", "scheme", "lang"), LOOKS)
def test_the_style_guide(windows: Any, cagnotte: str, width: int, scheme: str, lang: str) -> None:
    window = windows(width, scheme, "fr-FR" if lang == "fr" else "en-GB")
    window.open(f"{cagnotte}/styleguide/")

    assert window.accessibility() == []
    assert not window.too_wide()


@pytest.mark.parametrize(("width", "scheme", "lang"), LOOKS)
def test_the_playground(windows: Any, cagnotte: str, width: int, scheme: str, lang: str) -> None:
    window = windows(width, scheme)
    page = window.open(f"{cagnotte}/developers/widgets/?lang={lang}")
    with_widgets(page)

    expect(page.locator("cagnotte-cart [role=status]")).to_be_visible()
    expect(page.locator("cagnotte-offers li")).to_have_count(2)
    assert window.accessibility() == []
    assert not window.too_wide()


@pytest.mark.parametrize(("width", "lang"), [(PHONE, "fr"), (DESKTOP, "en")])
def test_the_playground_stands_still_while_its_widgets_come(
    windows: Any, cagnotte: str, width: int, lang: str
) -> None:
    """A link that moves while it is clicked leads nowhere."""
    page = windows(width).open(f"{cagnotte}/developers/widgets/?lang={lang}")
    before = page.evaluate("document.documentElement.scrollHeight")
    with_widgets(page)
    expect(page.locator("cagnotte-offers li")).to_have_count(2)

    assert page.evaluate("document.documentElement.scrollHeight") == before


@pytest.mark.parametrize(("width", "lang"), [(PHONE, "fr"), (DESKTOP, "en")])
def test_the_page_that_explains_a_programme(
    windows: Any, cagnotte: str, portal: Portal, width: int, lang: str
) -> None:
    window = windows(width, "dark" if lang == "fr" else "light")
    page = window.open(f"{cagnotte}/p/portal/how-it-works/?lang={lang}")

    title = "How A portal works" if lang == "en" else "Comment fonctionne A portal"
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    assert window.accessibility() == []
    assert not window.too_wide()


def test_the_playground_shows_a_programme_once_it_has_a_key(windows: Any, cagnotte: str) -> None:
    window = windows()
    page = window.open(f"{cagnotte}/developers/widgets/")
    asked: list[str] = []
    page.route("**/v1/**", lambda route: _answer(route, asked))
    page.get_by_label("Publishable key").or_(page.get_by_label("Clé publiable")).fill(
        "cag_test_pk_1"
    )
    page.locator("[data-play-form] button").click()

    expect(page.locator("cagnotte-badge .badge")).to_contain_text("7,77 €")
    assert asked[0] == "Bearer cag_test_pk_1"


def _answer(route: Any, asked: list[str]) -> None:
    asked.append(route.request.headers["authorization"])
    route.fulfill(
        json={
            "reward": {"amount_minor": 777, "currency": "EUR"},
            "next_steps": [],
            "data": [{"ref": "verte", "name": "Maison Verte", "site": None}],
        }
    )


def test_code_is_copied_by_its_button(windows: Any, cagnotte: str) -> None:
    window = windows()
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = window.open(f"{cagnotte}/developers/widgets/?lang=en")
    button = page.get_by_role("button", name="Copy").first
    button.click()

    expect(page.get_by_role("button", name="Copied")).to_have_count(1)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        f'<script type="module" src="{cagnotte}/widgets/v1.js" data-cagnotte-key="cag_live_pk_…"></script>'
    )


def test_the_first_tab_skips_to_the_content(windows: Any, cagnotte: str) -> None:
    page = windows().open(f"{cagnotte}/styleguide/?lang=en")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_language_chosen_on_a_page_is_kept(windows: Any, cagnotte: str) -> None:
    page = windows(locale="en-GB").open(f"{cagnotte}/developers/widgets/")
    expect(page.locator("html")).to_have_attribute("lang", "en")

    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.goto(f"{cagnotte}/styleguide/")
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_a_link_from_elsewhere_chooses_for_one_page_only(windows: Any, cagnotte: str) -> None:
    page = windows(locale="en-GB").open(f"{cagnotte}/styleguide/?lang=fr")
    expect(page.locator("html")).to_have_attribute("lang", "fr")

    assert page.context.cookies() == []


@pytest.mark.parametrize("path", ["/styleguide/", "/developers/widgets/"])
def test_pages_carry_the_strict_policy(windows: Any, cagnotte: str, path: str) -> None:
    response = windows().page.goto(cagnotte + path)

    assert response is not None
    assert set(response.headers["content-security-policy"].split("; ")) == POLICY
