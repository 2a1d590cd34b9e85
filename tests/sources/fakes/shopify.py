"""A Shopify shop that is asked for its orders: in pages that are linked, for an app with a token for a day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Line, Order, State
from tests.sources.fakes.returns import CENT, Given, refunds, without_tax
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, json_reply, route

APP, SECRET, TOKEN = "app-of-the-test", "shpss_of_the_test", "shpat_of_the_day"
PAGE_MAX = 7


class ShopifyFake(FakeServer):
    limit = Pace(40, 20)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self._orders = {order.number: order for order in orders}

    def may(self, asked: Asked) -> bool:
        if asked.path.endswith("/oauth/access_token"):
            form = asked.form()
            return (form["client_id"], form["client_secret"]) == (APP, SECRET)
        return asked.headers.get("x-shopify-access-token") == TOKEN

    @route("POST", "/admin/oauth/access_token")
    def token(self, asked: Asked) -> Reply:
        return json_reply({"access_token": TOKEN, "scope": "read_orders", "expires_in": 86399})

    @route("GET", "/admin/api/2025-10/orders.json")
    def orders(self, asked: Asked) -> Reply:
        if asked.query("page_info"):
            if {name for name, _ in asked.fields} - {"page_info", "limit"}:
                raise Refusal(400, b'{"errors":"page_info alone"}')
            since, start = asked.query("page_info").split("_")
        else:
            if asked.query("status") != "any" or asked.query("order") != "updated_at asc":
                raise Refusal(400, b'{"errors":"this test asks for all"}')
            since, start = asked.query("updated_at_min"), "0"
        after = datetime.fromisoformat(since)
        known = [(order, order.at(self.clock.now)) for order in self._orders.values()]
        found = [(state.since, order) for order, state in known if state and state.since >= after]
        found.sort(key=lambda one: (one[0], one[1].number))
        end = int(start) + min(int(asked.query("limit")), PAGE_MAX)
        told = json_reply({"orders": [self._order(order) for _, order in found[int(start) : end]]})
        if end >= len(found):
            return told
        page = f"{since}_{end}".replace("+", "%2B")
        link = f'<{self.url}{asked.path}?limit=250&page_info={page}>; rel="next"'
        return Reply(told.body, 200, {**told.headers, "link": link})

    @route("GET", "/admin/api/2025-10/orders/{number}")
    def order(self, asked: Asked, number: str) -> Reply:
        return json_reply({"order": self._order(self._orders[int(number.removesuffix(".json"))])})

    def _order(self, order: Order) -> dict[str, Any]:
        state = order.at(self.clock.now)
        assert state is not None
        delivery, tax = without_tax(order.delivery)
        bought = order.bought_at.isoformat()
        returned = refunds(order, self.clock.now)
        ended = state.since.isoformat() if state.status == "declined" else None
        return {
            "id": order.number, "name": f"#{order.ref}", "email": order.email, "currency": "EUR", "test": False,
            "created_at": bought, "processed_at": bought, "updated_at": state.since.isoformat(),
            "cancelled_at": ended, "cancel_reason": "customer" if ended else None, "taxes_included": False,
            "financial_status": "partially_refunded" if returned else "paid",
            "fulfillment_status": "fulfilled" if state.status == "confirmed" else None,
            "landing_site": f"/mugs?cagnotte_click={order.click}", "source_name": "web",
            "note_attributes": [], "discount_codes": [],
            "line_items": _lines(order, state),
            "shipping_lines": [
                {"price": str(delivery), "discount_allocations": [], "tax_lines": [{"price": str(tax)}]}
            ],
            "refunds": [
                {
                    "id": order.number * 100 + refund.number,
                    "processed_at": (refund.at - timedelta(seconds=1)).isoformat(),
                    "refund_line_items": [_given(order, one) for one in refund.given],
                    "order_adjustments": [],
                    "transactions": [
                        {"kind": "refund", "status": "success", "amount": str(refund.paid), "currency": "EUR"}
                    ],
                }
                for refund in returned
            ],
        }  # fmt: skip


def unit_price(line: Line) -> Decimal:
    """Return the price of one unit without tax: rounded up, what is too much goes off as discount."""
    net = without_tax(line.price - line.coupon)[0] + line.coupon
    return (net / line.units).quantize(CENT, ROUND_CEILING)


def price(line: Line) -> Decimal:
    """Return the price of a line before discount, as the shop tells it, with its tax."""
    return unit_price(line) * line.units + without_tax(line.price - line.coupon)[1]


def _lines(order: Order, state: State) -> list[dict[str, Any]]:
    rows = []
    for line in state.lines:
        net, tax = without_tax(line.price - line.coupon)
        unit = unit_price(line)
        rows.append(
            {
                "id": order.number * 1000 + line.number, "sku": line.sku, "quantity": line.units,
                "current_quantity": line.units - line.returned, "price": str(unit), "gift_card": False,
                "discount_allocations": [{"amount": str(unit * line.units - net)}],
                "tax_lines": [{"price": str(tax)}],
            }
        )  # fmt: skip
    return rows


def _given(order: Order, given: Given) -> dict[str, Any]:
    net, tax = without_tax(given.paid)
    return {
        "line_item_id": order.number * 1000 + given.line.number,
        "quantity": given.units,
        "subtotal": str(net),
        "total_tax": str(tax),
    }
