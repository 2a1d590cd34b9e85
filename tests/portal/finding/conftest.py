"""A portal with shops whose pages tell something, and people in front of it."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import translation
from lxml import html as parser

from cagnotte.journeys import find_shops
from cagnotte.journeys.follow_link import Books
from cagnotte.journeys.front_page import PaidLately
from cagnotte.journeys.measure_delays import Measures
from cagnotte.portal import explaining, going, look
from cagnotte.portal.finding import home
from tests.portal.conftest import CHROME, NOW, Portal

PROGRAMME = """
    programme: {slug: portal, name: A portal, currency: EUR, timezone: Europe/Paris}
    storefront: {promise: {en: Buy and get some of it back, fr: Achetez et récupérez-en une part}}
    shop_categories:
      - {ref: home, name: {en: Home, fr: Maison}, icon: house}
      - {ref: food, name: {en: Food, fr: Gastronomie}}
    merchants:
      - ref: verte
        name: Maison Verte
        site: https://verte.example/fr/
        hosts: [outlet.example]
        page:
          description: {en: "Plants </script> for all", fr: Des plantes pour tous}
          categories: [home]
          logo: verte.svg
          gives: [{en: Plants, fr: Plantes}]
          gives_not: [Gift cards]
          you_must: [Buy within the day]
          coupons: none
      - ref: épicerie/est
        name: Épicerie de l'Est
        site: https://est.example/
        page: {categories: [food], aliases: [Grocery East], claims: {accepted: false}}
      - {ref: till, name: The till, page: {categories: [food], in_store: true}}
    contracts:
      - {ref: verte, merchant: verte}
      - {ref: est, merchant: épicerie/est}
      - {ref: till, merchant: till}
    offers:
      - {ref: verte-5, name: On everything, effect: {kind: percent, rate: 5 %}, conditions: {merchants: [verte]}}
      - {ref: est/3, name: At the grocer's, effect: {kind: percent, rate: 3 %},
         conditions: {merchants: ["épicerie/est"]}}
      - {ref: till, name: At the till, effect: {kind: fixed_per_order, amount: "2.00"}, conditions: {merchants: [till]}}
"""

MARK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#264"/></svg>'


def forget() -> None:
    """Let this process know nothing of any portal."""
    find_shops.forget_shops()
    look.forget_looks()
    explaining.MEASURES = Measures()
    home.PAID = PaidLately()


def filled(portal: Portal) -> Portal:
    """Load the shops with their pages."""
    (portal.folder / "verte.svg").write_text(MARK, encoding="utf-8")
    portal.load(dedent(PROGRAMME))
    forget()
    return portal


@pytest.fixture
def portal(db: None, tmp_path: Path) -> Iterator[Portal]:
    """The portal in the test's own transaction, at noon of a day in March."""
    going.BOOKS = Books()
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        yield filled(Portal(tmp_path))
    going.BOOKS = Books()
    forget()


@pytest.fixture
def visitor() -> Client:
    """The browser of somebody who is not signed in and reads English."""
    return Client(headers={"User-Agent": CHROME, "Accept-Language": "en"})


def content(response: Any) -> Any:
    """Return what stands in a page's main part, or the whole of a part."""
    page = parser.fromstring(response.content.decode())
    (main,) = page.iterfind(".//main") if page.find(".//main") is not None else [page]
    return main


def words(response: Any) -> str:
    """Return the text of a page's main part, its spaces made plain."""
    return " ".join(" ".join(map(str, content(response).itertext())).split())
