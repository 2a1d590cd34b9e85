"""Widgets with the real interface: a publishable key, a member's token, a shop's page, and what a programme decides."""

from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from playwright.sync_api import expect

from cagnotte.identity import api_keys
from cagnotte.identity.models import ApiKey, Programme
from cagnotte.journeys import load_programme
from tests.api.interface import Interface
from tests.pages.servers import Shop
from tests.pages.test_widgets import text

LOADED = datetime(2026, 1, 1, tzinfo=UTC)

PROGRAMME = """
    programme: {slug: on-pages, name: On pages, currency: EUR, timezone: Europe/Paris}
    merchants: [{ref: verte, name: Maison Verte, site: "https://verte.example/"}]
    contracts: [{ref: verte, merchant: verte}]
    offers:
      - {ref: five, name: All year, effect: {kind: percent, rate: 5 %}}
      - {ref: basket, name: From 100 €, role: bonus, effect: {kind: fixed_per_order, amount: "5.00"},
         conditions: {minimum_basket: "100.00"}}
"""


@pytest.fixture
def programme(committed_db: str, tmp_path: Path) -> Programme:
    file = tmp_path / "programme.yaml"
    file.write_text(dedent(PROGRAMME), encoding="utf-8")
    load_programme.run(file, now=LOADED)
    return Programme.objects.get(slug="on-pages")


@pytest.fixture
def tag(programme: Programme, cagnotte: str, shop: Shop) -> str:
    """The script's tag with a key for this shop's pages, which ask Cagnotte itself."""
    key = api_keys.make(
        programme,
        name="pages",
        now=LOADED,
        kind=ApiKey.Kind.PUBLISHABLE,
        origins=[shop.address],
    )
    shop.policy = shop.policy.replace(f"connect-src {shop.address}", f"connect-src {cagnotte}")
    return (
        f'<script type="module" src="{cagnotte}/widgets/v1.js" data-cagnotte-key="{key.secret}">'
        "</script>"
    )


@pytest.fixture
def token(programme: Programme) -> str:
    """What the shop's server hands to the page of its member Ana."""
    made = Interface(api_keys.make(programme, name="server", now=LOADED).secret)
    member = made.post("/members", {"ref": "ana"}, idempotency_key="ana").json["id"]
    token: str = made.post(f"/members/{member}/tokens", idempotency_key="t").json["token"]
    return token


def test_a_visitor_sees_what_the_programme_decides(windows: Any, shop: Shop, tag: str) -> None:
    body = """
        <cagnotte-badge amount="69.00"></cagnotte-badge>
        <cagnotte-cart amount="88.00"></cagnotte-cart>
        <cagnotte-banner></cagnotte-banner>
        <cagnotte-offers></cagnotte-offers>
    """
    page = windows().open(shop.page(body, lang="en", more=tag))

    expect(page.locator("cagnotte-badge .badge")).to_have_text("Earn €3.45")
    assert text(page, "cagnotte-cart") == (
        "This basket earns you €4.40€12.00 more, and you earn €5.60 extra"
    )
    assert text(page, "cagnotte-banner") == "5% back"
    expect(page.locator("cagnotte-offers li")).to_have_count(2)


def test_a_key_is_for_the_pages_it_was_made_for(
    windows: Any, programme: Programme, shop: Shop, tag: str
) -> None:
    ApiKey.objects.update(origins=["https://elsewhere.example"])
    window = windows()
    page = window.open(shop.page('<cagnotte-badge amount="69.00"></cagnotte-badge>', more=tag))

    assert text(page, "cagnotte-badge") == ""
    assert window.wrong != []
    window.wrong.clear()


def test_a_member_sees_the_own_balance_by_a_token(
    windows: Any, shop: Shop, tag: str, token: str
) -> None:
    body = f'<cagnotte-balance member-token="{token}"></cagnotte-balance>'
    page = windows().open(shop.page(body, lang="en", more=tag))

    expect(page.get_by_role("button", name="My cagnotte €0.00")).to_be_visible()


def test_a_token_of_nobody_shows_nothing(windows: Any, shop: Shop, tag: str) -> None:
    window = windows()
    body = '<cagnotte-balance member-token="mtk_forged"></cagnotte-balance>'
    page = window.open(shop.page(body, lang="en", more=tag))

    assert text(page, "cagnotte-balance") == ""
    assert all("401" in line for line in window.wrong)
    window.wrong.clear()
