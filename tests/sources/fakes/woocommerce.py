"""A WooCommerce shop that is asked for its orders, their refunds and its webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.returns import Given, refunds, without_tax
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, json_reply, route

KEY, SECRET = "ck_of_the_test", "cs_of_the_test"
PAGE_MAX = 7
WORDS = {"pending": "processing", "confirmed": "completed", "declined": "cancelled"}
FORM = "%Y-%m-%dT%H:%M:%S"


class WooCommerceFake(FakeServer):
    basic = (KEY, SECRET)
    limit = Pace(25, 10)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self._orders = {order.number: order for order in orders}
        self.webhooks: list[dict[str, Any]] = [
            {
                "id": 1, "name": "Orders", "status": "active", "topic": "order.updated",
                "date_modified_gmt": "2026-09-01T08:00:00",
            },
        ]  # fmt: skip

    @route("GET", "/wp-json/wc/v3/orders")
    def orders(self, asked: Asked) -> Reply:
        if asked.query("dates_are_gmt") != "true" or int(asked.query("per_page")) > 100:
            raise Refusal(400, b'{"code":"rest_invalid_param"}')
        after = datetime.strptime(asked.query("modified_after") + "+0000", f"{FORM}%z")
        known = [(order, order.at(self.clock.now)) for order in self._orders.values()]
        found = sorted(
            ((state.since, order) for order, state in known if state and state.since > after),
            key=lambda one: (one[0], one[1].number),
        )
        size = min(int(asked.query("per_page")), PAGE_MAX)
        start = (int(asked.query("page")) - 1) * size
        reply = json_reply([self._order(order) for _, order in found[start : start + size]])
        pages = -(-len(found) // size)
        return Reply(reply.body, 200, {**reply.headers, "x-wp-totalpages": str(pages)})

    @route("GET", "/wp-json/wc/v3/orders/{number}")
    def order(self, asked: Asked, number: str) -> Reply:
        return json_reply(self._order(self._orders[int(number)]))

    @route("GET", "/wp-json/wc/v3/orders/{number}/refunds")
    def refunds_of(self, asked: Asked, number: str) -> Reply:
        order = self._orders[int(number)]
        return json_reply(
            [
                {
                    "id": order.number * 100 + refund.number,
                    "amount": str(refund.paid),
                    "line_items": [_given(order, given) for given in refund.given],
                    "shipping_lines": [],
                }
                for refund in refunds(order, self.clock.now)
            ]
        )

    @route("GET", "/wp-json/wc/v3/webhooks")
    def hooks(self, asked: Asked) -> Reply:
        return json_reply(self.webhooks)

    def _order(self, order: Order) -> dict[str, Any]:
        state = order.at(self.clock.now)
        assert state is not None
        shipping, shipping_tax = without_tax(order.delivery)
        return {
            "id": order.number,
            "number": order.ref,
            "status": WORDS[state.status],
            "currency": "EUR",
            "date_created_gmt": order.bought_at.strftime(FORM),
            "date_modified_gmt": state.since.strftime(FORM),
            "shipping_total": str(shipping),
            "shipping_tax": str(shipping_tax),
            "billing": {"email": order.email, "country": "FR"},
            "meta_data": [{"id": 1, "key": "cagnotte_click", "value": order.click}],
            "line_items": _lines(order, state),
            "fee_lines": [],
            "coupon_lines": [],
            "refunds": [
                {"id": order.number * 100 + refund.number, "reason": "", "total": f"-{refund.paid}"}
                for refund in refunds(order, self.clock.now)
            ],
        }


def _lines(order: Order, state: State) -> list[dict[str, Any]]:
    rows = []
    for line in state.lines:
        before, before_tax = without_tax(line.price)
        after, after_tax = without_tax(line.price - line.coupon)
        rows.append(
            {
                "id": order.number * 1000 + line.number, "sku": line.sku, "product_id": 7,
                "quantity": line.units, "subtotal": str(before), "subtotal_tax": str(before_tax),
                "total": str(after), "total_tax": str(after_tax),
            }
        )  # fmt: skip
    return rows


def _given(order: Order, given: Given) -> dict[str, Any]:
    net, tax = without_tax(given.paid)
    return {
        "id": 900_000 + given.line.number,
        "quantity": -given.units,
        "total": f"-{net}",
        "total_tax": f"-{tax}",
        "meta_data": [
            {"key": "_refunded_item_id", "value": str(order.number * 1000 + given.line.number)}
        ],
    }
