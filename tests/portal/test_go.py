"""Links to shops: one click, one row, one redirect; and what happens to links that lead nowhere."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
import time_machine
from django.db import connection
from django.test import Client

from cagnotte.domain import ids
from cagnotte.hooks.manager import source_plugin
from cagnotte.identity import services as identity
from cagnotte.identity.models import Membership
from cagnotte.portal import going
from cagnotte.tracking import services as tracking
from cagnotte.tracking.models import Click
from tests.domain.test_links import TRICKS
from tests.portal.conftest import CHROME, NOW, PROGRAMME, Portal
from tests.portal.people import signed_in

# ---- leaving --------------------------------------------------------------------------------------------------


def test_a_click_is_noted_and_goes_through_the_network_that_covers_the_shop(portal: Portal) -> None:
    response = portal.go()

    (click,) = portal.clicks()
    assert (response.status_code, response["Location"]) == (
        302,
        f"https://net.example/out?to=https%3A%2F%2Fverte.example%2Ffr%2F&click={click.ref}",
    )
    assert re.fullmatch(r"[0-9a-hjkmnp-tv-z]{16}", click.ref)
    assert (click.programme_id, click.merchant_id, click.wallet_id) == (
        portal.id,
        identity.party_id_of(portal.id, "merchant", "verte"),
        None,
    )
    assert (click.offer_ref, click.offer_version, click.promised, click.via) == (
        "verte-5",
        1,
        "5%",
        "partners",
    )
    assert click.promise == {
        "effect": {"type": "percent", "rate_bps": 500},
        "in_force": [["both", 1], ["verte-5", 1]],
    }
    assert (click.clicked_at, click.device, click.consent, click.origin, click.path) == (
        NOW,
        "web",
        "unasked",
        "",
        "",
    )


def test_a_shop_that_no_source_covers_is_reached_at_its_own_address(portal: Portal) -> None:
    response = portal.go("tea/green", to="/cups?size=2#top")

    (click,) = portal.clicks()
    assert response["Location"] == (
        f"https://bleue.example/cups?size=2&cagnotte_click={click.ref}#top"
    )
    assert (click.via, click.path, click.promised) == ("", "/cups?size=2#top", "€5.00 per order")


def test_a_page_of_the_shop_is_handed_to_the_network(portal: Portal) -> None:
    response = portal.go(to="https://www.outlet.example/sale")

    told = parse_qs(urlsplit(response["Location"]).query)
    assert told["to"] == ["https://www.outlet.example/sale"]


def test_no_link_leads_away_from_the_shop(portal: Portal) -> None:
    assert len(TRICKS) > 40
    for trick in TRICKS:
        through, own = portal.go(to=trick), portal.go("tea/green", to=trick)

        told = urlsplit(through["Location"])
        asked = parse_qs(told.query)["to"]
        assert (told.netloc, asked) == ("net.example", ["https://verte.example/fr/"]), trick
        assert re.fullmatch(r"https://bleue\.example/\?cagnotte_click=\w{16}", own["Location"]), (
            trick
        )


def test_it_is_one_redirect_that_nobody_keeps(portal: Portal) -> None:
    response = portal.go()

    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "strict-origin"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert not urlsplit(response["Location"]).path.startswith("/go/")


def test_there_is_one_cookie_and_it_holds_a_random_number_alone(portal: Portal) -> None:
    response = portal.go()

    assert list(response.cookies) == ["cagnotte_visit"]
    cookie = response.cookies["cagnotte_visit"]
    (click,) = portal.clicks()
    assert cookie.value == click.visit_id.hex
    assert UUID(cookie.value).version == 4
    kept = {name: value for name, value in cookie.items() if value}
    assert kept.pop("expires")
    assert kept == {"httponly": True, "samesite": "Lax", "max-age": 30 * 86_400, "path": "/"}


def test_behind_tls_the_cookie_travels_by_tls_alone(portal: Portal) -> None:
    response = portal.client.get("/go/portal/verte-5", secure=True)

    assert response.cookies["cagnotte_visit"]["secure"] is True


def test_a_visit_goes_on_for_its_days_and_a_made_up_one_does_not(portal: Portal) -> None:
    portal.go()
    assert not portal.go().cookies
    portal.client.cookies["cagnotte_visit"] = "'; DROP TABLE"
    assert portal.go().cookies

    visits = [click.visit_id for click in portal.clicks()]
    assert len(set(visits)) == 2


def test_the_click_of_a_claimed_visit_is_the_members(portal: Portal) -> None:
    visit, wallet = uuid4(), uuid4()
    tracking.claim_visit(
        connection.connection, programme_id=portal.id, visit_id=visit, wallet_id=wallet, now=NOW
    )
    portal.client.cookies["cagnotte_visit"] = visit.hex

    portal.go()

    assert [click.wallet_id for click in portal.clicks()] == [wallet]


def test_a_click_says_where_the_link_stood_and_who_came_before(portal: Portal) -> None:
    portal.go(**{"from": "newsletter-12", "rival": "90"})
    portal.go(**{"from": "<script>", "rival": "-5"})
    portal.go(rival="99999")

    assert sorted((click.origin, click.rival_at) for click in portal.clicks() if click.origin) == [
        ("newsletter-12", NOW - timedelta(seconds=90))
    ]
    assert [click.rival_at for click in portal.clicks() if not click.origin] == [None, None]


def test_nothing_of_the_browser_is_kept_but_its_class(portal: Portal) -> None:
    portal.go(headers={"User-Agent": f"{CHROME} Secret/1", "X-Forwarded-For": "203.0.113.9"})

    row = str(Click.objects.values().get())
    for personal in ("127.0.0.1", "203.0.113.9", "Mozilla", "Secret"):
        assert personal not in row


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
GALAXY = "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "more", "device"),
    [
        (CHROME, {}, "web"),
        (IPHONE, {}, "phone"),
        (GALAXY, {}, "phone"),
        (GALAXY.replace("SM-S921B", "CUBOT X18"), {}, "phone"),
        (IPHONE + " [FBAN/FBIOS;FBAV/400.0]", {}, "phone"),
        (CHROME, {"Sec-CH-UA-Mobile": "?1"}, "phone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1", {}, "tablet"),
        (GALAXY.replace(" Mobile", ""), {}, "tablet"),
    ],
)  # fmt: skip
def test_people_are_told_by_their_device(
    portal: Portal, agent: str, more: dict[str, str], device: str
) -> None:
    portal.go(headers={"User-Agent": agent, **more})

    assert [click.device for click in portal.clicks()] == [device]


@pytest.mark.parametrize(
    ("headers", "consent"),
    [({}, "unasked"), ({"Sec-GPC": "1"}, "refused"), ({"DNT": "1"}, "refused"), ({"DNT": "0"}, "unasked")],
)  # fmt: skip
def test_what_the_browser_says_about_being_measured_is_kept(
    portal: Portal, headers: dict[str, str], consent: str
) -> None:
    portal.go(headers=headers)

    assert [click.consent for click in portal.clicks()] == [consent]


# ---- members, and the page in between --------------------------------------------------------------------------


def test_the_click_of_who_is_signed_in_is_theirs(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    visit, other = uuid4(), uuid4()
    tracking.claim_visit(
        connection.connection, programme_id=portal.id, visit_id=visit, wallet_id=other, now=NOW
    )
    ana.client.cookies["cagnotte_visit"] = visit.hex

    assert portal.go(client=ana.client).status_code == 302

    (click,) = portal.clicks()
    assert (click.wallet_id, click.bucket) == (
        ana.member.wallet_id,
        ids.bucket_of(ana.member.wallet_id),
    )


def test_who_is_signed_in_elsewhere_is_nobody_here(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    Membership.objects.all().delete()

    portal.go(client=ana.client)

    assert [click.wallet_id for click in portal.clicks()] == [None]


def test_a_link_asks_who_follows_it_only_where_somebody_signed_in(
    portal: Portal, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    portal.go()

    # The click itself is the driver's, and not counted.
    with django_assert_num_queries(0):
        portal.go()
    # The session, the person, that the session is in use (kept by the sign-in), the membership.
    with django_assert_max_num_queries(9):
        portal.go(client=ana.client)


def test_the_page_in_between_says_what_was_noted_and_goes_on_by_itself(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)

    response = portal.go(client=ana.client, pause="1", **{"from": "shop"})

    (click,) = portal.clicks()
    page = response.content.decode()
    address = f"https://net.example/out?to=https%3A%2F%2Fverte.example%2Ffr%2F&click={click.ref}"
    assert (response.status_code, response["Refresh"]) == (200, f"1; url={address}")
    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "strict-origin")
    assert (click.wallet_id, click.origin) == (ana.member.wallet_id, "shop")
    assert f'href="{address.replace("&", "&amp;")}"' in page
    assert "Cashback activated at Maison Verte" in page
    assert ">5%<" in page
    assert " ".join(re.findall("....", click.ref)) in page


def test_who_is_not_signed_in_is_asked_before_anything_is_noted(portal: Portal) -> None:
    response = portal.go(pause="1", **{"from": "shop"})

    page = response.content.decode()
    assert response.status_code == 200
    assert "Refresh" not in response
    assert "Sign in, so that it counts for you" in page
    assert 'href="/go/portal/verte-5?from=shop"' in page
    assert (portal.clicks(), list(response.cookies)) == ([], [])


def test_a_program_is_led_on_without_a_page_in_between(portal: Portal) -> None:
    response = portal.go(pause="1", headers={"User-Agent": "curl/8.5.0"})

    assert (response.status_code, portal.clicks()) == (302, [])


@pytest.mark.parametrize(("offer", "status"), [("winter", 410), ("unknown", 404), ("both", 300)])
def test_a_pause_does_not_make_a_link_lead_somewhere(
    portal: Portal, offer: str, status: int
) -> None:
    assert portal.go(offer, pause="1").status_code == status
    assert portal.clicks() == []


# ---- who is no person -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 Safari/605.1.15 (Applebot/0.1)",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "WhatsApp/2.23.20.0",
        "TelegramBot (like TwitterBot)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/131.0.0.0 Safari/537.36",
        "Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "curl/8.5.0",
        "python-requests/2.32.3",
        "Go-http-client/2.0",
        "",
    ],
)
def test_programs_are_led_to_the_shop_without_a_click(portal: Portal, agent: str) -> None:
    response = portal.go(headers={"User-Agent": agent})

    assert (response.status_code, response["Location"]) == (302, "https://verte.example/fr/")
    assert portal.clicks() == []
    assert not response.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"X-Purpose": "prefetch"},
    ],
)
def test_a_browser_that_asks_ahead_is_refused_so_that_it_asks_again_at_the_click(
    portal: Portal, headers: dict[str, str]
) -> None:
    response = portal.go(headers=headers)

    assert (response.status_code, response["Cache-Control"]) == (503, "no-store")
    assert portal.clicks() == []
    assert not response.cookies

    assert portal.go().status_code == 302
    assert len(portal.clicks()) == 1


def test_a_preview_of_the_start_page_is_no_click(portal: Portal) -> None:
    response = portal.go(headers={"X-Purpose": "preview"})

    assert response["Location"] == "https://verte.example/fr/"
    assert portal.clicks() == []


@pytest.mark.parametrize("place", ["image", "iframe", "script", "empty", "style", "object"])
def test_a_link_hidden_in_a_page_is_no_click(portal: Portal, place: str) -> None:
    response = portal.go(headers={"Sec-Fetch-Dest": place})

    assert response["Location"] == "https://verte.example/fr/"
    assert portal.clicks() == []
    assert portal.go(headers={"Sec-Fetch-Dest": "document"}).status_code == 302
    assert len(portal.clicks()) == 1


def test_asking_for_the_head_alone_is_no_click(portal: Portal) -> None:
    response = portal.client.head("/go/portal/verte-5")

    assert (response.status_code, response["Location"]) == (302, "https://verte.example/fr/")
    assert portal.clicks() == []


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_a_link_is_followed_and_nothing_else(portal: Portal, method: str) -> None:
    assert getattr(portal.client, method)("/go/portal/verte-5").status_code == 405
    assert portal.clicks() == []


# ---- links that lead nowhere ----------------------------------------------------------------------------------


def test_an_offer_that_is_over_says_so_and_what_there_is(portal: Portal) -> None:
    response = portal.go("winter")

    page = response.content.decode()
    assert response.status_code == 410
    assert "This offer is over" in page
    assert '<a href="/go/portal/tea/green"' in page
    assert "Tea (Maison Bleue)" in page
    assert page.index("tea/green") < page.index("verte-5"), "the same shop's first"
    assert portal.clicks() == []
    assert not response.cookies
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("offer", ["unknown", "summer", "nowhere", "verte-5/x", "<script>"])
def test_an_offer_that_is_not_there_says_so_and_what_there_is(portal: Portal, offer: str) -> None:
    response = portal.go(offer)

    page = response.content.decode()
    assert response.status_code == 404
    assert "There is no such offer" in page
    assert "5 % at Maison Verte (Maison Verte)" in page
    assert "<script" not in page
    assert portal.clicks() == []


def test_a_programme_that_is_not_there_names_no_other(portal: Portal) -> None:
    response = portal.client.get("/go/elsewhere/verte-5")

    assert response.status_code == 404
    assert "There is no such offer" in response.content.decode()
    assert "portal/" not in response.content.decode().replace("/static/portal/", "")


def test_pages_speak_the_visitors_language(portal: Portal) -> None:
    response = portal.go("winter", headers={"Accept-Language": "fr-FR,fr;q=0.9"})

    page = response.content.decode()
    assert '<html lang="fr">' in page
    assert "Cette offre est terminée" in page
    assert "5,00\u202f€ par commande" in page


def test_a_promise_is_kept_in_the_visitors_language(portal: Portal) -> None:
    portal.go("tea/green", headers={"Accept-Language": "fr"})
    portal.go("tea/green", headers={"Accept-Language": "en"})

    assert {click.promised for click in portal.clicks()} == {
        "5,00\u202f€ par commande",
        "€5.00 per order",
    }


def test_an_offer_of_several_shops_asks_which(portal: Portal) -> None:
    response = portal.go("both", **{"from": "mail", "to": "/x"})

    page = response.content.decode()
    assert response.status_code == 300
    assert 'href="/go/portal/both?from=mail&amp;shop=bleue"' in page
    assert portal.clicks() == []

    chosen = portal.go("both", shop="bleue")
    assert chosen["Location"].startswith("https://bleue.example/?cagnotte_click=")
    assert portal.go("both", shop="shut").status_code == 404


def test_a_slash_too_many_is_forgiven(portal: Portal) -> None:
    assert portal.go("verte-5/").status_code == 302


# ---- what changes ---------------------------------------------------------------------------------------------


def test_a_programme_that_is_loaded_anew_counts_within_seconds(portal: Portal) -> None:
    portal.go("tea/green")
    portal.load(PROGRAMME.replace("https://bleue.example", "https://neue.example"))

    assert "bleue.example" in portal.go("tea/green")["Location"]
    with time_machine.travel(NOW + timedelta(seconds=6), tick=False):
        assert "neue.example" in portal.go("tea/green")["Location"]


def test_the_day_of_an_offer_is_that_of_the_programme(portal: Portal) -> None:
    # In Paris it is summer time, two hours ahead: the offer of June begins while it is May in London.
    with time_machine.travel(datetime(2026, 5, 31, 22, 30, tzinfo=UTC), tick=False):
        assert portal.go("summer").status_code == 302
    with time_machine.travel(datetime(2026, 5, 31, 21, 30, tzinfo=UTC), tick=False):
        assert portal.go("summer").status_code == 404


def test_a_click_names_the_version_that_was_in_force(portal: Portal) -> None:
    portal.load(PROGRAMME.replace('amount: "5.00"', 'amount: "6.00"'))
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        portal.go("tea/green")

    (click,) = portal.clicks()
    assert (click.offer_version, click.promised) == (2, "€6.00 per order")


def test_a_source_that_can_make_no_link_does_not_keep_the_visitor(portal: Portal) -> None:
    portal.load(PROGRAMME.replace("&click={click}", ""))

    response = portal.go()

    (click,) = portal.clicks()
    assert response["Location"] == f"https://verte.example/fr/?cagnotte_click={click.ref}"
    assert click.via == ""


@pytest.mark.parametrize("made", ["javascript:alert(1)", "https://x.example/\r\nX: y", "//x", ""])
def test_an_address_that_no_browser_should_follow_is_not_given(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    monkeypatch.setattr(type(source_plugin("postback")), "deep_link", lambda *_: made)

    response = portal.go()

    assert response["Location"].startswith("https://verte.example/fr/?cagnotte_click=")


def test_a_plugin_that_fails_does_not_keep_the_visitor(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(type(source_plugin("postback")), "deep_link", fail)

    assert portal.go()["Location"].startswith("https://verte.example/fr/?cagnotte_click=")
    assert len(portal.clicks()) == 1


def test_a_click_that_cannot_be_noted_is_not_made(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(going, "follow", lost)
    monkeypatch.setattr(connection, "close", lambda: None)

    response = portal.go()

    assert response.status_code == 503
    assert "Please try again in a moment" in response.content.decode()
    assert "Location" not in response


def test_no_page_needs_a_script(portal: Portal) -> None:
    for offer in ("winter", "unknown", "both"):
        page = portal.go(offer).content.decode().lower()
        assert "<script" not in page
        assert "style=" not in page
        assert "http-equiv" not in page


def test_an_ordinary_browser_sees_no_session(portal: Portal) -> None:
    client = Client(headers={"User-Agent": CHROME})

    client.get("/go/portal/winter")
    client.get("/go/portal/verte-5")

    assert set(client.cookies) == {"cagnotte_visit"}
    assert len(portal.clicks()) == 1


# ---- many at once ---------------------------------------------------------------------------------------------


def test_sixteen_threads_note_every_click_once(committed_portal: Portal) -> None:
    def clicks(number: int) -> list[str]:
        client = Client(headers={"User-Agent": CHROME})
        try:
            found = [committed_portal.go("tea/green", client=client) for _ in range(20)]
            return [response["Location"].rpartition("=")[2] for response in found]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        refs = [ref for found in threads.map(clicks, range(16)) for ref in found]

    noted = committed_portal.clicks()
    assert len(refs) == 16 * 20
    assert sorted(refs) == sorted(click.ref for click in noted)
    assert len({click.visit_id for click in noted}) == 16
