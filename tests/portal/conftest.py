"""A portal with two shops, one of them reached through a network, and what it offers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django.utils import translation

from cagnotte.identity import services as identity
from cagnotte.journeys import find_shops, load_programme
from cagnotte.journeys.follow_link import Books
from cagnotte.portal import going
from cagnotte.tracking.models import Click

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
)

PROGRAMME = """
    programme: {slug: portal, name: A portal, currency: EUR, timezone: Europe/Paris}
    merchants:
      - {ref: verte, name: Maison Verte, site: "https://verte.example/fr/", hosts: [outlet.example]}
      - {ref: bleue, name: Maison Bleue, site: "https://bleue.example"}
      - {ref: shut, name: Without a site}
    networks: [{ref: net}]
    contracts:
      - {ref: verte, merchant: verte, network: net, commissions: [{rate: 8 %}], binding: click}
      - {ref: bleue, merchant: bleue}
    offers:
      - {ref: verte-5, name: 5 % at Maison Verte, effect: {kind: percent, rate: 5 %}, conditions: {merchants: [verte]},
         funding: network}
      - {ref: tea/green, name: Tea, effect: {kind: fixed_per_order, amount: "5.00"}, conditions: {merchants: [bleue]}}
      - {ref: both, name: At both, effect: {kind: percent, rate: 1 %}, conditions: {merchants: [verte, bleue]},
         funding: programme}
      - {ref: winter, name: Winter, effect: {kind: percent, rate: 9 %}, conditions: {merchants: [bleue]},
         valid_until: 2026-02-28}
      - {ref: summer, name: Summer, effect: {kind: percent, rate: 9 %}, conditions: {merchants: [bleue]},
         valid_from: 2026-06-01}
      - {ref: nowhere, name: Nowhere, effect: {kind: percent, rate: 9 %}, conditions: {merchants: [shut]},
         funding: programme}
    sources:
      - ref: partners
        plugin: postback
        settings: {link: "https://net.example/out?to={target}&click={click}"}
        merchants: {"1001": verte}
"""


@dataclass
class Portal:
    """The portal, and a browser in front of it."""

    folder: Path
    client: Client = field(default_factory=lambda: Client(headers={"User-Agent": CHROME}))

    @property
    def id(self) -> UUID:
        return identity.programme_id_of("portal")

    def load(self, text: str = PROGRAMME) -> None:
        path = self.folder / "programme.yaml"
        path.write_text(dedent(text), encoding="utf-8")
        load_programme.run(path, now=NOW)

    def go(self, offer: str = "verte-5", *, to: str | None = None, **more: Any) -> Any:
        """Follow a link; `headers` are the browser's own, other words go into its query."""
        headers = more.pop("headers", {})
        client = more.pop("client", self.client)
        query = {**({} if to is None else {"to": to}), **more}
        return client.get(f"/go/portal/{offer}", query, headers=headers)

    def clicks(self) -> list[Click]:
        return list(Click.objects.order_by("clicked_at", "ref"))


def opened(folder: Path) -> Iterator[Portal]:
    """Give the portal at noon of a day in March, to a process that knows nothing of it yet."""
    going.BOOKS = Books()
    find_shops.forget_shops()
    found = Portal(folder)
    # A request leaves its language with the thread; the tests after this one speak English again.
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        found.load()
        yield found
    going.BOOKS = Books()


@pytest.fixture
def portal(db: None, tmp_path: Path) -> Iterator[Portal]:
    """The portal in the test's own transaction."""
    yield from opened(tmp_path)


@pytest.fixture
def committed_portal(committed_db: str, tmp_path: Path) -> Iterator[Portal]:
    """The portal in a database of the test's own, where commits are real."""
    yield from opened(tmp_path)
