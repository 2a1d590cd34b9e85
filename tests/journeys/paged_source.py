"""A source for tests of connections: a server of orders in pages, and the plugin that speaks with it.

Its messages: {"orders": [{"id", "member", "amount", "status", "version"}], "next": number of the last}.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.hooks import manager, reading, signing
from cagnotte.hooks.sources import (
    Incoming,
    Link,
    Message,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Reception,
    ReportLine,
    Setting,
    SourceContext,
    SourceFailed,
    SourceKind,
    SourcePlugin,
    TraceFound,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, json_reply, route

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = "key-of-the-test"

PROGRAMME = """
programme: {{slug: corner, name: Corner shop, currency: EUR, timezone: Europe/Paris}}
merchants: [{{ref: corner}}]
contracts: [{{ref: corner, merchant: corner, same_entity: true}}]
offers: [{{ref: standard, effect: {{kind: percent, rate: 5 %}}}}]
sources:
  - {{ref: members, kind: members, fields: {{ref: number, name: name}}}}
  - {{ref: shop, plugin: paged, merchant: corner, settings: {{url: "{url}"}},
     poll_every: 2 hours, silent_after: 6 hours}}
  - {{ref: hints, plugin: paged, merchant: corner, settings: {{url: "{url}"}}}}
  - {{ref: partners, plugin: postback, merchant: corner}}
"""


class OrdersServer(FakeServer):
    """Two orders a page, by number. `orders`: what the shop has."""

    bearer = KEY

    def __init__(self, orders: int = 0) -> None:
        super().__init__(Clock(NOW))
        self.orders: list[dict[str, Any]] = []
        for _ in range(orders):
            self.sell()

    def sell(self, **facts: Any) -> dict[str, Any]:
        """Add an order of member 1 over 20.00."""
        number = len(self.orders) + 1
        order = {
            "id": f"A-{number}",
            "member": "1",
            "amount": "20.00",
            "status": "pending",
            "version": 1,
        }
        self.orders.append({**order, **facts})
        return self.orders[-1]

    @property
    def paths(self) -> list[str]:
        """What was asked: paths, with where a page begins."""
        return [
            f"{asked.path}?{asked.query('after')}" if asked.query("after") else asked.path
            for asked in self.log
        ]

    @route("GET", "/orders")
    def page(self, asked: Asked) -> Reply:
        """Tell two orders after a number."""
        after = int(asked.query("after", "0"))
        told = self.orders[after : after + 2]
        return json_reply({"orders": told, "next": after + len(told)})

    @route("GET", "/orders/{number}")
    def order(self, asked: Asked, number: str) -> Reply:
        """Tell one order."""
        found = [order for order in self.orders if order["id"] == number]
        if not found:
            raise Refusal(404)
        return json_reply({"orders": found, "next": 0})


class Paged(SourcePlugin):
    """Asks the server page by page; its webhooks name an order and nothing else, signed or not."""

    name = "paged"
    title = "Paged shop"
    kind = SourceKind.SHOP
    proof = Proof.CAPTURED
    settings = (
        Setting("url", "Where the shop is."),
        Setting("key", "The key of its API.", secret=True),
        Setting("sign", "What it signs with.", secret=True),
    )
    vocabulary = Vocabulary(
        {word: Validation(word) for word in ("pending", "confirmed", "declined")}
    )
    polls = True
    receives = True
    pace = Pace(10_000, 1)
    click_length_max = 20

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Go on after the last number."""
        after = int(cursor.get("after", 0))
        while True:
            body = self._get(context, "/orders", [("after", str(after))])
            after = reading.whole(reading.read_json(body), "next")
            yield Polled([Message(body, "orders")], {"after": after})
            if not reading.read_json(body)["orders"]:
                return

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Ask for one."""
        return [Message(self._get(context, f"/orders/{object_id}", []), "order")]

    def _get(self, context: SourceContext, path: str, params: Sequence[tuple[str, str]]) -> bytes:
        answer = context.calls().request(
            "GET",
            context.settings["url"] + path,
            params=params,
            headers={"authorization": f"Bearer {context.secret('key')}"},
        )
        if answer.status != 200:
            raise SourceFailed(f"Paged shop answered {answer.status}.")
        return answer.body

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check `x-sign` where there is one."""
        given = incoming.headers.get("x-sign")
        if given is None:
            return False
        signing.check(given, context.secrets.get("sign", ()), incoming.body)
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep what is signed; take the rest as a hint. A GET is a challenge."""
        if incoming.method == "GET":
            return Reception(answer=parse_qs(incoming.query).get("challenge", [""])[0])
        if signed:
            return Reception(
                [Message(incoming.body, "push", incoming.headers.get("x-event", ""))], answer="OK"
            )
        told = reading.read_json(incoming.body)
        return Reception(wanted=[reading.text(told, "id")], status=202)

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Tell one piece for each order."""
        for order in reading.sequence(
            reading.dig(reading.read_json(message.body), "orders"), "orders"
        ):
            yield Piece(
                reading.text(order, "id"),
                "order",
                reading.plain(order),
                reading.whole(order, "version"),
            )

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Tell the order as its latest telling says."""
        told = pieces["order"]
        return PurchaseReport(
            order_ref=object_id,
            occurred_at=reading.moment("2026-11-19T10:00:00Z", "at", None),
            currency="EUR",
            lines=[ReportLine(1, "", 1, Decimal(told["amount"]))],
            status=self.vocabulary.status(told["status"]),
            native_status=told["status"],
            traces=[TraceFound(Trace.MEMBER_NUMBER, told["member"])],
        )

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Put the click behind the target."""
        return f"{link.target}?click={link.click}"


@contextmanager
def installed(*plugins: SourcePlugin) -> Iterator[None]:
    """Install plugins as a package beside Cagnotte would."""

    @hookimpl
    def sources() -> list[SourcePlugin]:
        return list(plugins)

    package = SimpleNamespace(sources=sources)
    manager.plugins().register(package)
    try:
        yield
    finally:
        manager.plugins().unregister(package)


def body(*orders: Mapping[str, Any]) -> bytes:
    """Write a message of the shop."""
    return json.dumps({"orders": orders, "next": 0}).encode()
