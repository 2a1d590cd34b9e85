"""A shop's page, its drawing, and an address that somebody shared."""

import json
from typing import Any
from urllib.parse import quote

from django.test import Client

from tests.domain.test_links import TRICKS
from tests.portal.conftest import NOW, Portal
from tests.portal.finding.conftest import MARK, content, words
from tests.portal.people import signed_in


def links(response: Any) -> list[str]:
    return [str(link.get("href")) for link in content(response).iterfind(".//a")]


def test_everything_is_told_before_the_click(
    portal: Portal, visitor: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(8):
        response = visitor.get("/p/portal/shops/verte/")
    said = words(response)

    assert "Plants </script> for all" in said
    for part in ("5%", "On everything", "Plants", "Gift cards", "Buy within the day"):
        assert part in said
    assert "We have too few purchases at this shop to say" in said
    assert (
        "Maison Verte pays for your cashback, and may pay A portal for having brought you" in said
    )
    (go,) = [link for link in links(response) if link.startswith("/go/")]
    assert go == "/go/portal/verte-5?shop=verte&from=shop&pause=1"


def test_data_for_search_engines_cannot_end_its_element(portal: Portal, visitor: Client) -> None:
    portal.load(
        portal.folder.joinpath("programme.yaml")
        .read_text(encoding="utf-8")
        .replace("name: Maison Verte", 'name: "Verte </script><b>"')
    )
    page = visitor.get("/p/portal/shops/verte/").content.decode()

    (piece,) = page.split('<script type="application/ld+json">')[1:]
    data = json.loads(piece.partition("</script>")[0])
    assert data["itemListElement"][-1]["name"] == "Verte </script><b>"
    assert "<b>" not in page


def test_a_shop_with_a_till_says_how_to_be_known_there(portal: Portal, visitor: Client) -> None:
    said = words(visitor.get("/p/portal/shops/till/"))

    assert "In the shop itself" in said
    assert "€2.00" in said
    assert "Activate and go" not in said


def test_a_shop_that_takes_no_claims_says_so(portal: Portal, visitor: Client) -> None:
    assert "This shop takes no claims" in words(visitor.get("/p/portal/shops/épicerie/est/"))


def test_what_is_not_there_is_not_found(portal: Portal, visitor: Client) -> None:
    for path in ("shops/nothing/", "marks/till.svg", "marks/nothing.svg"):
        assert visitor.get(f"/p/portal/{path}").status_code == 404, path


def test_a_drawing_is_served_as_a_picture_that_does_nothing(
    portal: Portal, visitor: Client
) -> None:
    response = visitor.get("/p/portal/marks/verte.svg")

    assert response["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert response["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    )
    assert "circle" in response.content.decode()
    assert "circle" in MARK


def test_a_shared_page_leads_to_its_cashback_and_back(portal: Portal, visitor: Client) -> None:
    page = quote("https://www.verte.example/p/1?size=2", safe="")
    for query in (f"url={page}", f"text=Look+at+this:+{page}.", f"title=x&text=y&url={page}"):
        response = visitor.get(f"/p/portal/share/?{query}")

        assert (
            links(response)[0] == f"/go/portal/verte-5?shop=verte&to={page}&from=share&pause=1"
        ), query


def test_an_address_of_nobody_is_suggested_and_none_is_asked_for(
    portal: Portal, visitor: Client
) -> None:
    unknown = visitor.get("/p/portal/share/?url=https://elsewhere.example/x")

    assert "elsewhere.example is not among our shops" in words(unknown)
    assert 'value="elsewhere.example"' in unknown.content.decode()
    assert "Address of the page" in words(visitor.get("/p/portal/share/?text=no+address"))


def test_a_tricky_address_is_at_most_a_shop_of_ours(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    for trick in TRICKS[::4]:
        response = ana.get(f"share/?url={quote(trick)}")

        assert response.status_code == 200, trick
        for link in links(response):
            assert not link.lower().startswith(("javascript", "data")), trick
