"""Pages on which a member watches money grow."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from cagnotte.identity.models import Member, Programme
from cagnotte.journeys import statement
from cagnotte.platform import pdf
from cagnotte.platform.database import connect
from cagnotte.portal.watching import purchases
from tests.portal.watching.conftest import Life

PAGES = (
    "cagnotte/",
    "cagnotte/made-of/",
    "purchases/",
    "statements/",
    "statements/2026-03/",
    "statements/2026/",
    "proof/",
)
"""Pages of a member."""

QUERIES_MAX = 22
"""With those for the session, the member and the frame, and what a process asks once; a purchase needs a few more."""

QUERIES_OF_ONE_MAX = 20


def text(response: Any) -> str:
    """What a page says, its blanks plain."""
    assert response.status_code == 200
    told: str = response.content.decode()
    return " ".join(told.replace("\u202f", " ").replace("\xa0", " ").split())


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_shown_with_few_queries(
    life: Life, page: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(QUERIES_MAX):
        assert "</html>" in text(life.ana.get(page))


def test_a_purchase_is_shown_with_few_queries(
    life: Life, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(QUERIES_OF_ONE_MAX):
        life.ana.get(f"purchases/{life.purchase('old')}/")


def test_nobody_else_sees_a_purchase_and_nobody_signed_out_any_page(life: Life) -> None:
    purchase = f"purchases/{life.purchase('old')}/"

    assert life.bob.get(purchase).status_code == 404
    assert life.bob.get(f"{purchase}proof.json").status_code == 404
    assert life.ana.get("purchases/pur_nonsense/").status_code == 404
    assert "old" not in text(life.bob.get(f"purchases/?before={life.purchase('old')}"))
    downloads = ("purchases.csv", "purchases.pdf", "proof/balance.json", "proof/seal.json")
    for page in (*PAGES, *downloads, purchase, f"{purchase}proof.json", "statements/2026.pdf"):
        response = Client().get(f"/p/corner/{page}")
        assert response.status_code == 302, page
        assert "/sign-in/" in response["Location"], page


def test_the_cagnotte_says_what_is_there_and_what_comes(life: Life) -> None:
    page = text(life.ana.get("cagnotte/"))

    assert "€4.50" in page
    assert "€1.50 available on March 17, 2026" in page
    assert "Spent at The corner shop" in page
    made_of = text(life.ana.get("cagnotte/made-of/"))
    assert "of €7.00" in made_of
    assert life.purchase("old") in made_of


def test_purchases_are_narrowed_by_links_and_by_a_form(life: Life) -> None:
    assert "wait" not in text(life.ana.get("purchases/?state=confirmed")).split("<main")[1]
    part = life.ana.get("purchases/?shop=corner&year=2026", headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert text(part).count('class="line-title"') == 5
    assert "No purchase fits" in text(life.ana.get("purchases/?year=2024"))
    for odd in ("state=odd", "year=-1", "year=٢", "before=x", "shop=nobody%00", "after=pur_0"):
        assert life.ana.get(f"purchases/?{odd}").status_code == 200, odd


def test_a_purchase_says_why_and_what_to_do(life: Life) -> None:
    old = text(life.ana.get(f"purchases/{life.purchase('old')}/"))
    assert "Why €7.00" in old
    assert "5% + 2%" in old
    assert "Spent at The corner shop" in old
    sure = text(life.ana.get(f"purchases/{life.purchase('sure')}/"))
    assert "from €3.00 to €1.50" in sure
    assert "excluded −€50.00" in sure
    back = text(life.ana.get(f"purchases/{life.purchase('back')}/"))
    assert "a promo code that this shop does not combine with cashback" in back
    french = {"Accept-Language": "fr"}
    assert "Refusé" in text(life.ana.get(f"purchases/{life.purchase('back')}/", headers=french))


def test_a_table_for_spreadsheets_runs_nothing(life: Life) -> None:
    sent = life.ana.get("purchases.csv")
    told = b"".join(sent.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(told)))

    assert len(rows) == 6
    assert all(not cell.startswith(purchases.FORMULA_STARTS) for row in rows for cell in row)
    assert "'=cmd()|x" in told
    assert [row[8] for row in rows[1:]] == ["2.00", "0.50", "0.00", "1.50", "7.00"]
    french = life.ana.get("purchases.csv?state=pending", headers={"Accept-Language": "fr"})
    lines = b"".join(french.streaming_content).decode("utf-8-sig").splitlines()
    assert [line.split(";")[8] for line in lines[1:]] == ["2,00", "0,50"]


def test_a_long_list_is_read_piece_by_piece(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purchases, "ROWS_AT_ONCE", 2)
    sent = b"".join(life.ana.get("purchases.csv").streaming_content).decode()

    assert [line.split(",")[3] for line in sent.splitlines()[1:]] == [
        "wait",
        "'=cmd()|x",
        "back",
        "sure",
        "old",
    ]


@pytest.mark.skipif(not pdf.available(), reason="needs WeasyPrint and its libraries")
@pytest.mark.parametrize("page", ["statements/2026-03.pdf", "purchases.pdf"])
def test_a_pdf_has_language_title_and_structure(life: Life, page: str) -> None:
    sent = life.ana.get(page, headers={"Accept-Language": "fr"})

    assert sent["Content-Type"] == "application/pdf"
    read = PdfReader(io.BytesIO(sent.content))
    root: Any = read.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("fr", True)
    assert "/StructTreeRoot" in root
    assert read.metadata is not None
    assert read.metadata.title
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()


def test_without_its_libraries_a_pdf_is_not_offered(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "available", lambda: False)

    assert "purchases.pdf" not in text(life.ana.get("purchases/"))
    assert life.ana.get("purchases.pdf")["Location"] == "/p/corner/purchases/"
    assert life.ana.get("statements/2026-03.pdf")["Location"] == "/p/corner/statements/2026-03/"


def test_a_statement_adds_up_and_no_other_period_exists(life: Life) -> None:
    page = text(life.ana.get("statements/2026-03/"))
    with connect() as connection:
        wallet_id = Member.objects.get(ref="1").wallet_id
        first, last = statement.period_of("2026-03")
        found = statement.statement(
            connection, Programme.objects.get(), wallet_id, first=first, last=last
        )

    assert found.closing.total_minor == 450 + 150 + 250
    assert "€8.50" in page
    for odd in ("2026-13", "2026-04", "2027", "x", "2026-3"):
        assert life.ana.get(f"statements/{odd}/").status_code == 404, odd


def test_proofs_are_given_to_who_they_are_about(life: Life) -> None:
    balance = json.loads(life.ana.get("proof/balance.json").content)
    published = json.loads(life.ana.get("proof/seal.json").content)
    booked = json.loads(life.ana.get(f"purchases/{life.purchase('old')}/proof.json").content)

    assert balance["head"]["hash"] == published["seal"]["hash"] == booked["head"]["hash"]
    assert len(balance["balances"]) == 1
    assert booked["transactions"]
    assert {account["kind"].partition(".")[0] for account in booked["accounts"]} == {"member"}
