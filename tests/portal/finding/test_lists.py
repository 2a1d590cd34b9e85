"""Lists of shops: the front page, search, kinds, what is offered while one types, and shops that are missing."""

import json
from typing import Any

from django.test import Client

from cagnotte.catalog.models import ShopSuggestion
from cagnotte.catalog.suggestions import OF_ONE_MEMBER_MAX
from tests.portal.conftest import NOW, Portal
from tests.portal.finding.conftest import content, words
from tests.portal.people import signed_in


def names(response: Any) -> list[str]:
    return [link.text for link in content(response).iterfind(".//h3/a")]


def test_the_front_page_says_what_it_is_about(
    portal: Portal, visitor: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(6):
        response = visitor.get("/p/portal/")
    said = words(response)
    french = visitor.get("/p/portal/", headers={"Accept-Language": "fr"})

    assert content(response).find(".//h1").text == "Buy and get some of it back"
    assert content(french).find(".//h1").text == "Achetez et récupérez-en une part"
    assert names(response) == ["Maison Verte", "Épicerie de l'Est", "The till"]
    assert "Food 2 shops" in said
    # Nothing is measured yet, so nothing is promised.
    assert "until half of them were confirmed" not in said
    page = response.content.decode()
    assert '<link rel="canonical" href="http://testserver/p/portal/">' in page
    assert '<link rel="alternate" hreflang="fr" href="http://testserver/p/portal/?lang=fr">' in page


SEARCHES = {
    "q=epicerie": ["Épicerie de l'Est"],
    "q=grocery+east": ["Épicerie de l'Est"],
    "q=outlet.example": ["Maison Verte"],
    "q=maisn+vert": ["Maison Verte"],
    "f=in_store": ["The till"],
    "q=zzzzqq": [],
}


def test_shops_are_found(portal: Portal, visitor: Client) -> None:
    for query, found in SEARCHES.items():
        response = visitor.get(f"/p/portal/shops/?{query}")

        assert names(response) == found, query
        assert "Is a shop missing?" in words(response), query
        assert '<meta name="robots" content="noindex' in response.content.decode(), query


def test_what_makes_no_sense_is_left_out_of_what_is_asked(portal: Portal, visitor: Client) -> None:
    everything = ["Maison Verte", "Épicerie de l'Est", "The till"]

    for query in ("", "page=x&sort=y&f=z", "page=9999", "page=-1", "q=%00", "q=++"):
        assert names(visitor.get(f"/p/portal/shops/?{query}")) == everything, query
    assert names(visitor.get("/p/portal/shops/?sort=name")) == sorted(everything, key=_plain)


def _plain(name: str) -> str:
    return name.replace("É", "E")


def test_a_kind_of_shop_has_a_page(
    portal: Portal, visitor: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(8):
        response = visitor.get("/p/portal/shops/c/food/")

    assert names(response) == ["Épicerie de l'Est", "The till"]
    data = [json.loads(one.text) for one in _parsed(response).iterfind(".//script") if one.text]
    crumbs, listed = data
    assert [one["name"] for one in crumbs["itemListElement"]] == ["A portal", "Shops", "Food"]
    assert [one["url"] for one in listed["itemListElement"]] == [
        "http://testserver/p/portal/shops/%C3%A9picerie/est/",
        "http://testserver/p/portal/shops/till/",
    ]
    assert visitor.get("/p/portal/shops/c/nothing/").status_code == 404


def _parsed(response: Any) -> Any:
    return content(response).getroottree().getroot()


def test_a_list_is_put_in_anew_by_its_part(portal: Portal, visitor: Client) -> None:
    response = visitor.get("/p/portal/shops/?f=in_store", headers={"HX-Request": "true"})

    part = content(response)
    assert "HX-Request" in response["Vary"]
    assert part.find(".//h1") is None
    assert parsed_tell(part) == "1 shop"


def parsed_tell(part: Any) -> str:
    found = part.get("data-tell") or part.find(".//*[@data-tell]").get("data-tell")
    return str(found)


def test_the_search_box_offers_shops_while_one_types(portal: Portal, visitor: Client) -> None:
    response = visitor.get("/p/portal/find/?q=epi")
    (option,) = content(response).iterfind(".//li[@role='option']")

    assert option.get("data-href") == "/p/portal/shops/%C3%A9picerie/est/"
    assert "Épicerie de l'Est" in words(response)
    assert 'role="option"' not in visitor.get("/p/portal/find/?q=e").content.decode()


def test_a_missing_shop_is_suggested(portal: Portal, visitor: Client) -> None:
    ana = signed_in("portal", "ana", now=NOW)

    done = ana.post("suggest/", {"name": "La Cave", "site": "https://cave.example/x"})
    again = visitor.post("/p/portal/suggest/", {"name": "La Cave"})
    empty = visitor.post("/p/portal/suggest/", {"name": " ", "site": "kept.example"})

    assert (done.status_code, again.status_code, empty.status_code) == (302, 302, 422)
    assert "We noted “La Cave”" in words(ana.get("shops/"))
    assert 'value="kept.example"' in empty.content.decode()
    kept = ShopSuggestion.objects.order_by("wallet_id").values_list("wallet_id", "text")
    assert list(kept) == [(ana.member.wallet_id, "La Cave"), (None, "La Cave")]


def test_nobody_suggests_shops_without_end(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    for number in range(OF_ONE_MEMBER_MAX):
        assert ana.post("suggest/", {"name": f"Shop {number}"}).status_code == 302

    response = ana.post("suggest/", {"name": "One more"})

    assert response.status_code == 422
    assert "Please come back tomorrow" in words(response)
    assert ShopSuggestion.objects.count() == OF_ONE_MEMBER_MAX
