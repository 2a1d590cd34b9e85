"""The developer's pages in Chromium: signing in, a key, the reference, on a phone and a desktop, in both languages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from cagnotte.identity import api_keys, services
from cagnotte.identity.models import ApiKey, Programme
from cagnotte.notices import endpoints
from cagnotte.notices.endpoints import EndpointFacts
from cagnotte.notices.models import WebhookEndpoint
from cagnotte.platform.shared_connection import shared_connection
from tests.pages.conftest import DESKTOP, PHONE

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

PASSWORD = "long enough to hold"

OPEN = [
    "",
    "start/",
    "api/",
    "api/?q=order_ref",
    "api/?q=zzz",
    "api/purchases/",
    "events/",
    "errors/",
]

OF_A_PROGRAMME = [
    "", "keys/", "keys/new/", "webhooks/", "webhooks/new/", "ENDPOINT", "requests/",
    "requests/?mode=test", "sandbox/", "team/",
]  # fmt: skip

OF_AN_ACCOUNT = ["sessions/", "second-factor/", "password/change/", "logout/"]


@pytest.fixture
def house(committed_db: str) -> Iterator[str]:
    """A programme with an operator, a key and an endpoint; gives the endpoint's id."""
    cache.clear()
    services.create_programme(
        slug="corner", name="The corner shop", currency="EUR", timezone="Europe/Paris", now=NOW
    )
    services.create_operator(email="ops@example.org", password=PASSWORD)
    programme = Programme.objects.get()
    api_keys.make(programme, name="shop", now=NOW)
    facts = EndpointFacts("https://shop.example/hooks")
    endpoints.send_test(
        shared_connection(), endpoints.make(programme.id, facts, now=NOW).row, now=NOW
    )
    yield str(WebhookEndpoint.objects.get().url)
    cache.clear()


def sign_in(window: Any, cagnotte: str) -> Page:
    """Come in by the password."""
    page: Page = window.open(f"{cagnotte}/accounts/login/")
    page.get_by_label("Email").fill("ops@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your programmes")).to_be_visible()
    return page


def sound(window: Any, page: Page) -> None:
    """The page is readable for all and fits its screen."""
    assert window.accessibility() == [], page.url
    assert not window.too_wide(), page.url


@pytest.mark.parametrize(
    ("width", "scheme", "lang"), [(PHONE, "dark", "fr"), (DESKTOP, "light", "en")]
)
def test_the_guides_are_sound(
    windows: Any, cagnotte: str, committed_db: str, width: int, scheme: str, lang: str
) -> None:
    window = windows(width, scheme, "fr-FR" if lang == "fr" else "en-GB")
    for path in OPEN:
        sound(window, window.open(f"{cagnotte}/developers/{path}"))
    for path in ("login/code/", "login/"):
        sound(window, window.open(f"{cagnotte}/accounts/{path}"))


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_the_pages_of_a_programme_and_of_an_account_are_sound(
    windows: Any, cagnotte: str, house: str, width: int, scheme: str
) -> None:
    window = windows(width, scheme, "en-GB")
    page = sign_in(window, cagnotte)
    window.open(f"{cagnotte}/developers/p/corner/webhooks/")
    endpoint = page.get_by_role("link", name=house).get_attribute("href") or ""
    places = [
        endpoint if path == "ENDPOINT" else f"/developers/p/corner/{path}"
        for path in OF_A_PROGRAMME
    ]
    for path in [*places, *(f"/accounts/{one}" for one in OF_AN_ACCOUNT)]:
        sound(window, window.open(f"{cagnotte}{path}"))


def test_a_key_is_made_with_the_keyboard_alone(windows: Any, cagnotte: str, house: str) -> None:
    window = windows(locale="en-GB")
    page = sign_in(window, cagnotte)
    window.open(f"{cagnotte}/developers/p/corner/keys/new/")
    page.get_by_label("Name").focus()
    page.keyboard.type("web shop")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Your new key")
    secret = page.locator("[data-copy]").first.inner_text()
    assert re.fullmatch(r"cag_test_sk_[0-9a-z]{50}", secret)
    assert ApiKey.objects.filter(secret_hash=api_keys.hash_of(secret)).exists()
    sound(window, page)


def test_what_is_wrong_with_a_form_is_said_beside_the_field(
    windows: Any, cagnotte: str, house: str
) -> None:
    window = windows(PHONE, locale="en-GB")
    page = sign_in(window, cagnotte)
    page.goto(f"{cagnotte}/developers/p/corner/keys/new/")
    page.get_by_role("button", name="Make the key").click()

    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name")).to_have_accessible_description(
        re.compile("This field is required")
    )
    # The browser writes the status of the answer, which is right, into its console.
    window.wrong = [one for one in window.wrong if "422" not in one]
    sound(window, page)


def test_pages_work_without_scripts(browser: Any, cagnotte: str, house: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{cagnotte}/accounts/login/?next=/developers/p/corner/keys/")
    page.get_by_label("Email").fill("ops@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Rotate shop").click()
    page.get_by_role("button", name="Rotate").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your new key")
    page.goto(f"{cagnotte}/developers/api/")
    page.get_by_label("Search the reference").fill("order_ref")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_contain_text("“order_ref”")
    context.close()


def test_on_a_phone_the_navigation_shows_where_one_is(
    windows: Any, cagnotte: str, house: str
) -> None:
    page = sign_in(windows(PHONE, locale="en-GB"), cagnotte)
    page.goto(f"{cagnotte}/developers/p/corner/team/")

    expect(page.locator(".side-nav [aria-current=page]")).to_be_in_viewport(ratio=0.9)
