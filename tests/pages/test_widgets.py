"""Widgets on a shop's page under a strict policy of its own: what they show, ask, store, and do for every visitor."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import DESKTOP, LOOKS, PHONE
from tests.pages.servers import Shop

KEY = "cag_test_pk_of_the_shop"


def quoted(minor: int, *steps: dict[str, Any], currency: str = "EUR") -> dict[str, Any]:
    return {
        "object": "quote",
        "reward": {"amount_minor": minor, "currency": currency},
        "next_steps": list(steps),
    }


def step(missing: int, extra: int, units: int = 0) -> dict[str, Any]:
    return {
        "missing": {"amount_minor": missing, "currency": "EUR"},
        "missing_units": units,
        "extra_reward": {"amount_minor": extra, "currency": "EUR"},
    }


QUOTE = quoted(345, step(1200, 500), step(5000, 900))


def offer(ref: str, name: str, headline: str, merchant: str, **more: Any) -> dict[str, Any]:
    return {
        "object": "offer", "ref": ref, "name": name, "headline": headline, "merchants": [merchant],
        "rate_bps": None, "amount": None, "for_some_members": False, **more,
    }  # fmt: skip


def listed(*data: dict[str, Any]) -> dict[str, Any]:
    return {"object": "list", "data": list(data), "has_more": False, "next_cursor": None}


TEA = offer(
    "tea/green", "Thé", "5,00 € remboursés par commande", "bleue", amount={"amount_minor": 500}
)
GREEN = offer("verte-5", "5 % chez Maison Verte", "5 % remboursés", "verte", rate_bps=500)
STAFF = offer("staff", "Équipe", "20 % remboursés", "verte", rate_bps=2000, for_some_members=True)
MERCHANTS = listed(
    {"object": "merchant", "ref": "verte", "name": "Maison Verte", "site": "https://verte.example"},
    {"object": "merchant", "ref": "bleue", "name": "Maison Bleue", "site": None},
)
BALANCE = {
    "object": "cagnotte",
    "available": {"amount_minor": 1240, "currency": "EUR"},
    "confirmed": {"amount_minor": 500, "currency": "EUR"},
    "pending": {"amount_minor": 75, "currency": "EUR"},
}

ALL = """
<cagnotte-banner merchant="verte" href="https://cash.example/p/portal/how-it-works/"></cagnotte-banner>
<cagnotte-balance member-token="mtk_1" href="https://cash.example/me"></cagnotte-balance>
<cagnotte-badge merchant="verte" amount="69.00" currency="EUR" sku="T1"></cagnotte-badge>
<cagnotte-cart merchant="verte" lines='[{"sku":"T1","quantity":2,"amount_minor":13800}]'></cagnotte-cart>
<cagnotte-offers limit="4"></cagnotte-offers>
<cagnotte-thanks amount="138.00" expected="2026-04-10" join="https://cash.example/join"></cagnotte-thanks>
<cagnotte-referral link="https://cash.example/r/ana" friend="5.00" sponsor="10.00"></cagnotte-referral>
"""


@pytest.fixture
def answering(shop: Shop) -> Shop:
    shop.answers = {
        ("POST", "/v1/quotes"): (200, QUOTE),
        ("GET", "/v1/offers"): (200, listed(TEA, GREEN, STAFF)),
        ("GET", "/v1/merchants"): (200, MERCHANTS),
        ("GET", "/v1/programme"): (200, {"object": "programme", "slug": "portal"}),
        ("GET", "/v1/me/cagnotte"): (200, BALANCE),
    }
    return shop


@pytest.fixture
def tag(cagnotte: str, shop: Shop) -> str:
    """What the shop puts into the head of its pages."""
    return (
        f'<script type="module" src="{cagnotte}/widgets/v1.js" data-cagnotte-key="{KEY}" '
        f'data-cagnotte-merchant="verte" data-cagnotte-api="{shop.address}"></script>'
    )


def text(page: Page, element: str) -> str:
    """What an element says, on one line and with plain spaces."""
    inner: str = page.evaluate("e => document.querySelector(e).shadowRoot.textContent", element)
    return " ".join(inner.split())


def stored(page: Page) -> dict[str, Any]:
    kept: dict[str, Any] = page.evaluate("({...localStorage, cookies: document.cookie})")
    return kept


@pytest.mark.parametrize(("width", "scheme", "lang"), LOOKS)
def test_all_widgets_work_under_a_strict_policy(
    windows: Any, answering: Shop, tag: str, width: int, scheme: str, lang: str
) -> None:
    window = windows(width, scheme)
    page = window.open(answering.page(ALL, lang=lang, more=tag))

    expect(page.locator("cagnotte-badge .badge")).to_be_visible()
    expect(page.locator("cagnotte-offers li")).to_have_count(2)
    assert window.accessibility() == []
    assert not window.too_wide()
    assert stored(page) == {"cookies": ""}


def test_what_widgets_say_in_french(windows: Any, answering: Shop, tag: str) -> None:
    page = windows().open(answering.page(ALL, lang="fr", more=tag))

    assert text(page, "cagnotte-badge") == "Gagnez 3,45 €"
    assert text(page, "cagnotte-cart") == (
        "Ce panier vous rapporte 3,45 €Plus que 12,00 € pour gagner 5,00 € de plus"
    )
    assert text(page, "cagnotte-banner") == "5 % remboursésComment ça marche"
    assert text(page, "cagnotte-thanks") == (
        "3,45 € vous attendentEn attente, jusqu’à ce que la boutique confirme votre commande. "
        "Prévu le 10 avril 2026.Ouvrir ma cagnotte"
    )
    assert "Votre filleul reçoit 5,00 €, et vous 10,00 €." in text(page, "cagnotte-referral")


def test_what_widgets_say_in_english(windows: Any, answering: Shop, tag: str) -> None:
    page = windows().open(answering.page(ALL, lang="en-GB", more=tag))

    assert text(page, "cagnotte-badge") == "Earn €3.45"
    assert text(page, "cagnotte-cart") == (
        "This basket earns you €3.45€12.00 more, and you earn €5.00 extra"
    )
    assert "Expected on April 10, 2026." in text(page, "cagnotte-thanks")


def test_widgets_ask_with_the_publishable_key_and_no_cookie(
    windows: Any, answering: Shop, tag: str
) -> None:
    windows().open(answering.page(ALL, more=tag))

    assert {headers["Authorization"] for _, _, headers, _ in answering.asked} == {f"Bearer {KEY}"}
    assert all("Cookie" not in headers for _, _, headers, _ in answering.asked)
    bodies = [body for method, _, _, body in answering.asked if method == "POST"]
    assert {
        "merchant": "verte",
        "currency": "EUR",
        "lines": [{"amount_minor": 6900, "quantity": 1, "sku": "T1"}],
    } in bodies
    (token,) = [h["Cagnotte-Member"] for _, _, h, _ in answering.asked if "Cagnotte-Member" in h]
    assert token == "mtk_1"


def test_the_same_question_is_asked_once(windows: Any, answering: Shop, tag: str) -> None:
    badges = '<cagnotte-badge amount="10.00"></cagnotte-badge>' * 5
    page = windows().open(answering.page(badges, more=tag))

    expect(page.locator("cagnotte-badge .badge")).to_have_count(5)
    assert len(answering.asked) == 1


def test_a_widget_far_below_asks_when_it_comes_near(
    windows: Any, answering: Shop, tag: str
) -> None:
    body = '<div class="far"></div><cagnotte-badge amount="10.00"></cagnotte-badge>'
    page = windows().open(answering.page(body, more=tag))
    assert answering.asked == []

    page.evaluate("window.scrollTo(0, 3000)")
    expect(page.locator("cagnotte-badge .badge")).to_be_visible()
    assert len(answering.asked) == 1


def test_nothing_earned_shows_nothing(windows: Any, answering: Shop, tag: str) -> None:
    answering.answers["POST", "/v1/quotes"] = (200, quoted(0))
    page = windows().open(
        answering.page('<cagnotte-badge amount="10.00"></cagnotte-badge>', more=tag)
    )

    assert text(page, "cagnotte-badge") == ""


def test_trouble_of_ours_never_shows_on_the_shops_page(
    windows: Any, answering: Shop, tag: str
) -> None:
    answering.answers["POST", "/v1/quotes"] = (429, {"code": "quota-exceeded", "detail": "Slow."})
    window = windows()
    window.page.add_init_script(
        "window.heard = []; addEventListener('cagnotte:error', e => heard.push(e.detail.problem.code))"
    )
    page = window.open(answering.page('<cagnotte-badge amount="10.00"></cagnotte-badge>', more=tag))

    assert text(page, "cagnotte-badge") == ""
    assert page.evaluate("heard") == ["quota-exceeded"]
    window.wrong = [line for line in window.wrong if "429" not in line]  # the browser's own line


@pytest.mark.parametrize("amount", ["", "free", "-5", "12.345", "1e3", "69,00 €"])
def test_what_is_no_amount_asks_nothing(
    windows: Any, answering: Shop, tag: str, amount: str
) -> None:
    page = windows().open(
        answering.page(f'<cagnotte-badge amount="{amount}"></cagnotte-badge>', more=tag)
    )

    assert text(page, "cagnotte-badge") == ""
    assert answering.asked == []


def test_amounts_of_currencies_without_cents(windows: Any, answering: Shop, tag: str) -> None:
    answering.answers["POST", "/v1/quotes"] = (200, quoted(1200, currency="JPY"))
    page = windows().open(
        answering.page(
            '<cagnotte-badge amount="24000" currency="JPY"></cagnotte-badge>', lang="en", more=tag
        )
    )

    assert text(page, "cagnotte-badge") == "Earn ¥1,200"
    assert answering.asked[0][3]["lines"] == [{"amount_minor": 24000, "quantity": 1}]


@pytest.mark.parametrize(
    ("units", "said"),
    [
        (1, "Plus qu’un article pour gagner 2,00 € de plus"),
        (3, "Plus que 3 articles pour gagner 2,00 € de plus"),
    ],
)
def test_what_is_missing_may_be_articles(
    windows: Any, answering: Shop, tag: str, units: int, said: str
) -> None:
    answering.answers["POST", "/v1/quotes"] = (200, quoted(0, step(900, 200, units)))
    page = windows().open(
        answering.page('<cagnotte-cart amount="10.00"></cagnotte-cart>', more=tag)
    )

    assert text(page, "cagnotte-cart") == f"Ce panier ne rapporte encore rien{said}"


@pytest.mark.parametrize(("merchants", "said"), [(1, "Gagnez 3,45 €"), (2, "")])
def test_the_only_merchant_of_a_programme_need_not_be_named(
    windows: Any, answering: Shop, tag: str, merchants: int, said: str
) -> None:
    answering.answers["GET", "/v1/merchants"] = (200, listed(*MERCHANTS["data"][:merchants]))
    tag = tag.replace('data-cagnotte-merchant="verte"', "")
    page = windows().open(
        answering.page('<cagnotte-badge amount="10.00"></cagnotte-badge>', more=tag)
    )

    assert text(page, "cagnotte-badge") == said
    posted = [body["merchant"] for method, _, _, body in answering.asked if method == "POST"]
    assert posted == ["verte"] * (merchants == 1)


def test_a_changed_basket_is_quoted_anew_and_read_aloud(
    windows: Any, answering: Shop, tag: str
) -> None:
    answering.answers["POST", "/v1/quotes"] = lambda body: (
        200,
        quoted(body["lines"][0]["amount_minor"] // 20),
    )
    page = windows().open(
        answering.page('<cagnotte-cart amount="100.00"></cagnotte-cart>', more=tag)
    )
    region = page.locator("cagnotte-cart [role=status]").element_handle()
    assert text(page, "cagnotte-cart") == "Ce panier vous rapporte 5,00 €"

    page.locator("cagnotte-cart").evaluate("e => e.setAttribute('amount', '200.00')")
    expect(page.locator("cagnotte-cart .amount")).to_have_text("Ce panier vous rapporte 10,00 €")
    assert region is not None
    assert region.evaluate("e => e.isConnected"), "the live region is the same one"


def test_the_balance_opens_and_closes_by_keyboard(windows: Any, answering: Shop, tag: str) -> None:
    page = windows().open(
        answering.page('<cagnotte-balance member-token="mtk_1"></cagnotte-balance>', more=tag)
    )
    button = page.get_by_role("button", name="Ma cagnotte 12,40 €")
    expect(button).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.locator("cagnotte-balance dl")).to_be_visible()

    page.keyboard.press("Escape")
    expect(page.locator("cagnotte-balance dl")).to_be_hidden()
    expect(button).to_be_focused()


def test_without_a_member_the_balance_is_a_way_to_sign_in(
    windows: Any, answering: Shop, tag: str
) -> None:
    body = '<cagnotte-balance sign-in="https://cash.example/in"></cagnotte-balance>'
    page = windows().open(answering.page(body, more=tag))

    link = page.get_by_role("link", name="Se connecter pour voir sa cagnotte")
    expect(link).to_have_attribute("href", "https://cash.example/in")
    assert answering.asked == []


def test_addresses_that_are_scripts_lead_nowhere(windows: Any, answering: Shop, tag: str) -> None:
    body = '<cagnotte-balance sign-in="javascript:alert(1)"></cagnotte-balance>'
    page = windows().open(answering.page(body, more=tag))

    expect(page.locator("cagnotte-balance a")).to_have_attribute("href", "#")


def test_offers_for_everybody_are_shown_the_highest_first(
    windows: Any, answering: Shop, tag: str
) -> None:
    page = windows().open(answering.page("<cagnotte-offers></cagnotte-offers>", more=tag))

    shown = [
        " ".join(card.split()) for card in page.locator("cagnotte-offers li").all_inner_texts()
    ]
    assert shown == [
        "Maison Verte 5 % remboursés 5 % chez Maison Verte Voir l’offre",
        "Maison Bleue 5,00 € remboursés par commande Thé",
    ]


def test_offers_lead_through_our_links_where_there_is_a_site(
    windows: Any, answering: Shop, tag: str
) -> None:
    page = windows().open(answering.page("<cagnotte-offers></cagnotte-offers>", more=tag))

    link = page.get_by_role("link", name="Voir l’offre de Maison Verte")
    expect(link).to_have_attribute("href", f"{answering.address}/go/portal/verte-5")
    expect(page.locator("cagnotte-offers a")).to_have_count(1)


def test_on_its_own_pages_a_shop_shows_offers_without_links(
    windows: Any, answering: Shop, tag: str
) -> None:
    page = windows().open(answering.page("<cagnotte-offers no-links></cagnotte-offers>", more=tag))

    expect(page.locator("cagnotte-offers li")).to_have_count(2)
    expect(page.locator("cagnotte-offers a")).to_have_count(0)


# ---- consent --------------------------------------------------------------------------------------------------

POPUP = (
    '<button id="more">Cashback ?</button>'
    '<cagnotte-popup after="0.05" every-days="7" heading="5 % remboursés"><p>Sur tout.</p></cagnotte-popup>'
)
GRANT = "document.dispatchEvent(new CustomEvent('cagnotte:consent', {detail: {granted: true}}))"
REVOKE = "document.dispatchEvent(new CustomEvent('cagnotte:consent', {detail: {granted: false}}))"


def open_dialogs(page: Page) -> int:
    return page.locator("cagnotte-popup dialog[open]").count()


def test_a_popup_opens_by_itself_only_after_consent_and_then_once(
    windows: Any, answering: Shop, tag: str
) -> None:
    window = windows()
    address = answering.page(POPUP, more=tag)
    page = window.open(address)
    page.wait_for_timeout(300)
    assert open_dialogs(page) == 0
    assert stored(page) == {"cookies": ""}

    page.evaluate(GRANT)
    expect(page.get_by_role("dialog", name="5 % remboursés")).to_be_visible()
    assert set(stored(page)) == {"cookies", "cagnotte:seen"}

    page = window.open(address)
    page.evaluate(GRANT)
    page.wait_for_timeout(300)
    assert open_dialogs(page) == 0, "shown today already"


def test_consent_taken_back_deletes_what_was_stored(
    windows: Any, answering: Shop, tag: str
) -> None:
    page = windows().open(answering.page(POPUP, more=tag))
    page.evaluate(GRANT)
    expect(page.get_by_role("dialog")).to_be_visible()

    page.evaluate(REVOKE)
    assert stored(page) == {"cookies": ""}


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_popup_keeps_focus_inside_and_gives_it_back(
    windows: Any, answering: Shop, tag: str, width: int
) -> None:
    window = windows(width)
    page = window.open(answering.page(POPUP, more=tag))
    page.locator("#more").focus()
    page.evaluate("document.querySelector('cagnotte-popup').open()")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert window.accessibility() == []

    inside = "document.activeElement.localName"
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate(inside) in ("cagnotte-popup", "body")

    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "more"


def test_the_close_button_of_a_popup_closes_it_and_is_large_enough(
    windows: Any, answering: Shop, tag: str
) -> None:
    page = windows(PHONE).open(answering.page(POPUP, more=tag))
    page.evaluate("document.querySelector('cagnotte-popup').open()")
    close = page.get_by_role("button", name="Fermer")
    box = close.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (44, 44)

    close.click()
    assert open_dialogs(page) == 0


def test_a_hidden_banner_stays_hidden_only_where_that_may_be_remembered(
    windows: Any, answering: Shop, tag: str
) -> None:
    window = windows()
    address = answering.page("<cagnotte-banner></cagnotte-banner>", more=tag)
    page = window.open(address)
    page.get_by_role("button", name="Masquer ce message").click()
    expect(page.locator("cagnotte-banner .strip")).to_have_count(0)
    assert stored(page) == {"cookies": ""}

    page = window.open(address)
    expect(page.locator("cagnotte-banner .strip")).to_be_visible()
    page.evaluate(GRANT)
    page.get_by_role("button", name="Masquer ce message").click()
    assert set(stored(page)) == {"cookies", "cagnotte:seen"}

    consented = answering.page('<cagnotte-banner consent="granted"></cagnotte-banner>', more=tag)
    page = window.open(consented)
    expect(page.locator("cagnotte-banner .strip")).to_have_count(0)


def test_a_shop_gives_widgets_its_own_colours(windows: Any, answering: Shop, tag: str) -> None:
    body = '<div class="warm"><cagnotte-badge amount="10.00"></cagnotte-badge></div>'
    page = windows().open(answering.page(body, more=tag))

    badge = page.locator("cagnotte-badge .badge")
    assert badge.evaluate("e => getComputedStyle(e).color") == "rgb(154, 52, 18)"
