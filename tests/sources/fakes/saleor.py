"""The GraphQL API of a Saleor shop: orders by their last change, page after page by cursors."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Line, Order, State
from tests.sources.fakes.returns import refunds, without_tax
from tests.sources.fakes.server import Asked, FakeServer, Number, Refusal, Reply, json_reply, route

TOKEN = "token-of-the-app"
PAGE_MAX = 7
WORDS = {"pending": "UNFULFILLED", "confirmed": "FULFILLED", "declined": "CANCELED"}


class SaleorFake(FakeServer):
    limit = Pace(60, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self._orders = orders

    @route("POST", "/graphql/", free=True)
    def graphql(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}" or self.denies:
            error = {"message": "no", "extensions": {"exception": {"code": "PermissionDenied"}}}
            return json_reply({"errors": [error], "data": {"orders": None}})
        told = asked.json()
        if "fragment Cagnotte on Order" not in told["query"]:
            raise Refusal(400, b"not as agreed")
        return self._page(told["variables"]) if "orders(" in told["query"] else self._one(told)

    def _one(self, told: dict[str, Any]) -> Reply:
        found = [order for order in self._orders if identity(order) == told["variables"]["id"]]
        return json_reply({"data": {"order": self._order(found[0])} if found else {"order": None}})

    def _page(self, variables: dict[str, Any]) -> Reply:
        if variables["first"] > 100:
            raise Refusal(400, b"too many")
        since = datetime.fromisoformat(variables["since"])
        known = [order for order in self._orders if order.at(self.clock.now)]
        found = sorted(
            (one for one in map(self._order, known) if _at(one) >= since),
            key=lambda one: (_at(one), one["id"]),
        )
        start = int(variables["after"] or 0)
        end = start + min(variables["first"], PAGE_MAX)
        return json_reply(
            {
                "data": {
                    "orders": {
                        "pageInfo": {"hasNextPage": end < len(found), "endCursor": str(end)},
                        "edges": [{"node": one} for one in found[start:end]],
                    }
                }
            }
        )

    def _order(self, order: Order) -> dict[str, Any]:
        state = order.at(self.clock.now)
        assert state is not None
        back = refunds(order, self.clock.now)
        net, _ = without_tax(order.delivery)
        total = sum((line.price - line.coupon for line in state.lines), order.delivery)
        return {
            "id": identity(order), "number": order.ref, "created": order.bought_at.isoformat(),
            "updatedAt": state.since.astimezone(UTC).isoformat(), "status": WORDS[state.status],
            "userEmail": order.email, "voucherCode": order.code or None, "channel": {"currencyCode": "EUR"},
            "total": {"gross": _money(total)},
            "totalRefunded": _money(sum((one.paid for one in back), Decimal(0))),
            "shippingPrice": {"gross": _money(order.delivery), "net": _money(net)},
            "shippingAddress": {"country": {"code": "FR"}},
            "metadata": [{"key": "cagnotte_click", "value": order.click}, {"key": "note", "value": "x" * 9000}],
            "lines": [_line(line) for line in state.lines],
            "fulfillments": _fulfillments(order, state, self.clock.now),
        }  # fmt: skip


def identity(order: Order) -> str:
    return f"T3JkZXI6{order.number}"


def _at(order: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(order["updatedAt"])


def _money(amount: Decimal) -> dict[str, Any]:
    return {"amount": Number(str(amount))}


def _line(line: Line) -> dict[str, Any]:
    paid = line.price - line.coupon
    net, _ = without_tax(paid)
    return {
        "id": f"L{line.number}", "productSku": line.sku, "quantity": line.units,
        "totalPrice": {"gross": _money(paid), "net": _money(net)},
    }  # fmt: skip


def _fulfillments(order: Order, state: State, now: datetime) -> list[dict[str, Any]]:
    sent = [
        {"quantity": line.units, "orderLine": {"id": f"L{line.number}"}} for line in state.lines
    ]
    returned = [
        {
            "status": "REFUNDED_AND_RETURNED",
            "lines": [
                {"quantity": given.units, "orderLine": {"id": f"L{given.line.number}"}}
                for given in one.given
            ],
        }
        for one in refunds(order, now)
    ]
    return [{"status": "FULFILLED", "lines": sent}, *returned]
