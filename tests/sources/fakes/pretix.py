"""A pretix server: one organizer whose orders are asked for, page by page. Refunds are no change of an order here."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Line, Order, State
from tests.sources.fakes.returns import paid_for, refunds
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, json_reply, route

TOKEN = "token-of-the-team"
PAGE_MAX = 7
WORDS = {"pending": "n", "confirmed": "p", "declined": "c"}


class PretixFake(FakeServer):
    limit = Pace(60, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self._orders = {code(order): order for order in orders}

    def may(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == f"Token {TOKEN}"

    @route("GET", "/api/v1/organizers/theatre/events/{event}/")
    def event(self, asked: Asked, event: str) -> Reply:
        return json_reply({"slug": event, "currency": "EUR", "testmode": False})

    @route("GET", "/api/v1/organizers/theatre/events/{event}/orders/{found}/")
    def order(self, asked: Asked, event: str, found: str) -> Reply:
        order = self._orders.get(found)
        state = order.at(self.clock.now) if order else None
        if order is None or state is None:
            raise Refusal(404, b'{"detail":"Not found."}')
        return json_reply(self._order(order, state))

    @route("GET", "/api/v1/organizers/theatre/orders/")
    def orders(self, asked: Asked) -> Reply:
        if asked.query("ordering") != "last_modified" or "positions.price" not in asked.all(
            "include"
        ):
            raise Refusal(400, b'{"detail":"not as agreed"}')
        since = datetime.fromisoformat(asked.query("modified_since"))
        known = [(order, order.at(self.clock.now)) for order in self._orders.values()]
        found = sorted(
            (
                (modified(order, self.clock.now), code(order), self._order(order, state))
                for order, state in known
                if state and modified(order, self.clock.now) >= since
            ),
            key=lambda one: one[:2],
        )
        size = min(int(asked.query("page_size")), PAGE_MAX)
        end = int(asked.query("page")) * size
        return json_reply(
            {
                "count": len(found),
                "next": f"{self.url}/next" if end < len(found) else None,
                "previous": None,
                "results": [one for _, _, one in found[end - size : end]],
            }
        )

    def _order(self, order: Order, state: State) -> dict[str, Any]:
        word = WORDS[state.status]
        total = sum((line.price - line.coupon for line in state.lines), order.delivery)
        paid = {
            "local_id": 1,
            "state": "created" if word == "n" else "confirmed",
            "amount": str(total),
        }
        return {
            "code": code(order), "event": "play", "status": word, "testmode": False, "email": order.email,
            "datetime": written(order.bought_at), "total": str(total),
            "last_modified": written(modified(order, self.clock.now)),
            "fees": [
                {"fee_type": "shipping", "value": str(order.delivery), "tax_value": "0.00", "canceled": False}
            ] if order.delivery else [],
            "positions": _positions(order, state.lines),
            "payments": [paid],
            "refunds": [
                {"local_id": one.number, "state": "done", "amount": str(one.paid)}
                for one in refunds(order, self.clock.now)
            ],
        }  # fmt: skip


def code(order: Order) -> str:
    return f"T{order.number:04}"


def modified(order: Order, now: datetime) -> datetime:
    """Return when an order last changed, refunds apart."""
    known = [state for state in order.states if state.since <= now]
    changed = known[0].since
    for before, after in itertools.pairwise(known):
        if before.status != after.status or _bought(before) != _bought(after):
            changed = after.since
    return changed


def _bought(state: State) -> list[tuple[int, int, Decimal]]:
    return [(line.number, line.units, line.price) for line in state.lines]


def _positions(order: Order, lines: Sequence[Line]) -> list[dict[str, Any]]:
    prices = [
        (line, paid_for(line, unit) - paid_for(line, unit - 1))
        for line in lines
        for unit in range(1, line.units + 1)
    ]
    answer = {"question_identifier": "CAGNOTTE_CLICK", "answer": order.click}
    return [
        {
            "positionid": number, "item": line.number, "variation": None, "price": str(price),
            "tax_value": "0.00", "canceled": False, "answers": [answer] if number == 1 else [],
        }
        for number, (line, price) in enumerate(prices, 1)
    ]  # fmt: skip


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
