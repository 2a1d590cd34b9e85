"""What is a member's own: the front page, favourites, visits; and nobody else's."""

from datetime import timedelta
from textwrap import dedent
from typing import Any

import time_machine
from django.test import Client

from cagnotte.catalog.models import Favourite
from cagnotte.identity.models import Party
from cagnotte.journeys.front_page import PaidLately
from cagnotte.payouts.models import Payout
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.purchases.models import Purchase
from tests.portal.conftest import NOW, Portal
from tests.portal.finding.conftest import PROGRAMME, content, words
from tests.portal.people import Person, signed_in


def kept(person: Person) -> dict[str, bool]:
    rows = Favourite.objects.filter(wallet_id=person.member.wallet_id)
    return dict(rows.values_list("merchant__ref", "alert"))


def test_the_front_page_of_a_member_is_bounded(
    portal: Portal, django_assert_max_num_queries: Any
) -> None:
    ana = signed_in("portal", "ana", now=NOW, name="Ana Petit")
    ana.get("")

    with django_assert_max_num_queries(15):
        response = ana.get("")
    said = words(response)

    assert "Hello Ana" in said
    assert "Available €0.00" in said
    assert "Your first purchase from here will show in this place" in said
    assert "Chosen by the programme, for everybody" in said
    assert "no-store" in response["Cache-Control"]


def test_offers_say_why_they_are_shown(portal: Portal) -> None:
    ana, bob = (signed_in("portal", ref, now=NOW) for ref in ("ana", "bob"))
    more = (
        "  - {ref: now, name: Now, role: boost, mode: replace, effect: {kind: percent, rate: 9 %}, "
        "conditions: {merchants: [verte]}, valid_from: 2026-03-08, valid_until: 2026-03-20}\n"
    )
    portal.load(dedent(PROGRAMME) + more)
    till = Party.objects.get(programme_id=portal.id, ref="till")
    Purchase.objects.create(
        id=_id(1), programme_id=portal.id, source_id=_id(2), native_id="1", wallet_id=ana.member.wallet_id, bucket=1,
        member_id=ana.member.id, merchant_id=till.id, order_ref="1", occurred_at=NOW, occurred_on=NOW.date(),
        currency="EUR", amount_minor=1000, validation="pending", version=1, content_hash=b"0" * 16,
    )  # fmt: skip
    ana.post("favourites/verte/", {"act": "add"})

    assert offered(ana) == {
        "Maison Verte": "A favourite that gives more than usual",
        "The till": "You bought there before",
        "Épicerie de l'Est": "Chosen by the programme, for everybody",
    }
    assert set(offered(bob).values()) == {"Chosen by the programme, for everybody"}


def offered(person: Person) -> dict[str, str]:
    tiles = content(person.get("")).iterfind(".//div[@class='shop-card-body']")
    return {tile.find("h3/a").text: tile.findall("p")[-1].text for tile in tiles}


def test_a_favourite_is_kept_watched_and_let_go(portal: Portal) -> None:
    ana, bob = (signed_in("portal", ref, now=NOW) for ref in ("ana", "bob"))

    assert ana.post("favourites/verte/", {"act": "add"})["Location"] == "/p/portal/favourites/"
    assert (kept(ana), kept(bob)) == ({"verte": False}, {})
    ana.post("favourites/verte/", {"act": "tell"})
    ana.post("favourites/épicerie/est/", {"act": "tell"})
    assert kept(ana) == {"verte": True, "épicerie/est": True}
    assert "Maison Verte" in words(ana.get("favourites/"))
    assert "My favourites" in words(ana.get(""))
    assert "No favourites yet" in words(bob.get("favourites/"))
    bob.post("favourites/verte/", {"act": "remove"})
    ana.post("favourites/verte/", {"act": "hush"})
    assert kept(ana) == {"verte": False, "épicerie/est": True}
    ana.post("favourites/verte/", {"act": "remove"})
    ana.post("favourites/verte/", {"act": "nonsense"})
    assert kept(ana) == {"épicerie/est": True}
    assert ana.post("favourites/nothing/", {"act": "add"}).status_code == 404


def test_a_favourite_goes_on_where_it_was_pressed_and_nowhere_else(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)

    def then(back: str) -> str:
        return str(ana.post("favourites/verte/", {"act": "add", "back": back})["Location"])

    assert then("/p/portal/shops/verte/") == "/p/portal/shops/verte/"
    assert then("https://evil.example/") == "/p/portal/favourites/"
    assert then("//evil.example/") == "/p/portal/favourites/"


def test_a_favourite_is_put_in_anew_by_its_part(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)

    response = ana.post("favourites/verte/", {"act": "tell"}, headers={"HX-Request": "true"})

    part = content(response)
    assert [one.get("aria-pressed") for one in part.iter("button")] == ["true", "true"]
    assert 'data-tell="Kept; we tell you when it gives more"' in response.content.decode()


def test_who_is_signed_out_keeps_nothing_and_sees_no_visits(
    portal: Portal, visitor: Client
) -> None:
    for response in (
        visitor.post("/p/portal/favourites/verte/", {"act": "add"}),
        visitor.get("/p/portal/favourites/"),
        visitor.get("/p/portal/visits/"),
    ):
        assert response.status_code == 302
        assert response["Location"].startswith("/p/portal/sign-in/")
    assert Favourite.objects.count() == 0


def test_visits_are_told_with_what_was_promised_and_what_became_of_them(
    portal: Portal, django_assert_max_num_queries: Any
) -> None:
    ana, bob = (signed_in("portal", ref, now=NOW) for ref in ("ana", "bob"))
    assert "No visit yet" in words(ana.get("visits/"))
    portal.go(client=ana.client, pause="1")
    portal.go("est/3", client=ana.client)

    with django_assert_max_num_queries(16):
        said = words(ana.get("visits/"))
    assert "Maison Verte" in said
    assert said.count("Waiting") == 2 + 1  # the note below says what it means
    assert "March 10, 2026, 1 p.m." in said, "in the programme's time zone"
    assert "No visit yet" in words(bob.get("visits/"))

    with time_machine.travel(NOW + timedelta(days=40), tick=False):
        ana.client.force_login(ana.user)
        later = words(ana.get("visits/"))
    assert "2 visits of which we know no purchase" in later
    assert later.count("I bought but see nothing") == 2
    assert later.count("This shop takes no claims") == 1


def test_what_was_paid_lately_is_what_reached_members(portal: Portal) -> None:
    for number, (state, days) in enumerate([("settled", 3), ("settled", 31), ("sent", 3)]):
        Payout.objects.create(
            id=_id(number), programme_id=portal.id, wallet_id=_id(9), bucket=1, hold_id=_id(number),
            method_id=_id(9), end_to_end_id=str(number), currency="EUR", amount_minor=1000, fee_minor=50,
            state=state, requested_at=NOW, state_at=NOW - timedelta(days=days),
        )  # fmt: skip
    paid = PaidLately()

    assert paid.of(shared_connection(), portal.id, now=NOW) == 950
    Payout.objects.all().delete()
    assert paid.of(shared_connection(), portal.id, now=NOW + timedelta(minutes=59)) == 950
    assert paid.of(shared_connection(), portal.id, now=NOW + timedelta(minutes=61)) == 0


def _id(number: int) -> Any:
    return f"00000000-0000-0000-0000-00000000000{number}"
