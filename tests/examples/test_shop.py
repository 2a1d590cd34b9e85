"""The sample shop, as its customer uses it: pages and buttons, and every cent afterwards."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

import httpx
import pytest

from tests.clients.serving import CLIENT, ROOT, Served

CARD = "4242424242424242"
REFUSED_CARD = "4000000000000002"


@dataclass
class Window:
    """The customer's browser."""

    http: httpx.Client

    def see(self, **basket: int) -> str:
        """Open the page, with these articles in the basket; return its text without tags."""
        text = self.http.post("/quote", data=basket).text
        return " ".join(unescape(re.sub(r"<[^>]+>", "", text)).split())

    def press(self, button: str, **fields: str | int) -> str:
        """Press a button; return what the shop says."""
        answer = self.http.post(f"/{button}", data=fields)
        assert answer.status_code == 200
        found = re.search(r'role="status">(.*?)</p>', answer.text)
        assert found, answer.text
        return unescape(found[1])

    def balances(self) -> dict[str, str]:
        """What the page shows of the cagnotte."""
        return dict(re.findall(r'<dd id="(\w+)">([^<]+)</dd>', self.http.get("/").text))

    def order(self) -> str:
        """The number of the last order."""
        found = re.search(r"<h3>(S-\w+)</h3>", self.http.get("/").text)
        assert found
        return found[1]


@pytest.fixture
def shop(sandbox: Served) -> Iterator[Window]:
    """Open the shop as its readme says, on a free port."""
    process = subprocess.Popen(
        [sys.executable, "examples/shop/web.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "CAGNOTTE_KEY": sandbox.key,
            "CAGNOTTE_URL": sandbox.url,
            "PORT": "0",
            "PYTHONPATH": str(CLIENT),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        opened = process.stdout.readline().removeprefix("The shop is open: ").strip()
        with httpx.Client(base_url=opened, follow_redirects=True, trust_env=False) as http:
            yield Window(http)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors, errors


def earned(shop: Window, sandbox: Served) -> None:
    """Let Ana earn 3.60 and have it to spend."""
    shop.press("buy", sencha=2, cup=1, card=CARD)
    shop.press("ship", order=shop.order())
    sandbox.mature()


def test_a_basket_is_quoted_with_what_is_missing_to_more(shop: Window, sandbox: Served) -> None:
    text = shop.see(sencha=2, cup=1)
    assert "This basket earns 3.60 €." in text
    assert "2.00 € more, and it earns 3.20 € more: 3 € from 50 €" in text
    assert sandbox.member("ana") == {}


def test_an_order_earns_is_confirmed_and_becomes_money(shop: Window, sandbox: Served) -> None:
    assert shop.press("buy", sencha=2, cup=1, card=CARD) == "Thank you! This order earns 3.60 €."
    assert sandbox.member("ana") == {"pending": 360}
    assert shop.press("ship", order=shop.order()) == f"Order {shop.order()} is on its way."
    assert sandbox.member("ana") == {"confirmed": 360}
    sandbox.mature()
    assert sandbox.member("ana") == {"available": 360}
    assert shop.balances() == {"available": "3.60 €", "confirmed": "0.00 €", "pending": "0.00 €"}


def test_the_cagnotte_pays_a_part_and_only_the_rest_earns(shop: Window, sandbox: Served) -> None:
    earned(shop, sandbox)
    said = shop.press("buy", cup=1, sencha=1, wallet="3,00", card=CARD)
    # 36.00 of which 3.00 from the cagnotte: 1.00 of the tea, 2.00 of the cup. 10 % of 11.00, 5 % of 22.00.
    assert said == "Thank you! This order earns 2.20 €."
    assert sandbox.member("ana") == {"available": 60, "pending": 220}


def test_what_comes_back_gives_its_own_part_back(shop: Window, sandbox: Served) -> None:
    earned(shop, sandbox)
    shop.press("buy", cup=1, sencha=1, wallet="3.00", card=CARD)
    order = shop.order()
    said = shop.press("refund", order=order, article="cup")
    assert said == f"A cup of order {order} came back."
    assert sandbox.member("ana") == {"available": 260, "pending": 110}
    # Twice is once.
    shop.press("refund", order=order, article="cup")
    assert sandbox.member("ana") == {"available": 260, "pending": 110}
    shop.press("refund", order=order, article="sencha")
    assert sandbox.member("ana") == {"available": 360}


def test_a_refused_card_leaves_the_cagnotte_as_it_was(shop: Window, sandbox: Served) -> None:
    earned(shop, sandbox)
    said = shop.press("buy", pot=1, wallet="3.60", card=REFUSED_CARD)
    assert said == "The bank refused the card. Nothing was taken from your cagnotte."
    assert sandbox.member("ana") == {"available": 360}


def test_more_than_the_cagnotte_holds_is_refused_with_a_sentence(
    shop: Window, sandbox: Served
) -> None:
    earned(shop, sandbox)
    said = shop.press("buy", pot=1, wallet="3.61", card=CARD)
    assert "3.60 EUR" in said
    assert sandbox.member("ana") == {"available": 360}
    assert shop.press("buy", card=CARD) == "The basket is empty."
    assert shop.press("ship", order="S-none") == "There is no such order or article."
