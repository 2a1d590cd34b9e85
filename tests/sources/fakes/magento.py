"""A Magento shop that is asked for its orders, page by page, by an integration."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Line, Order
from tests.sources.fakes.returns import refunds, without_tax
from tests.sources.fakes.server import Asked, FakeServer, Number, Refusal, Reply, json_reply, route

TOKEN = "token-of-the-integration"
FORM = "%Y-%m-%d %H:%M:%S"
STATES = {"pending": "processing", "confirmed": "complete", "declined": "canceled"}


class MagentoFake(FakeServer):
    bearer = TOKEN
    limit = Pace(20, 10)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self._orders = {order.number: order for order in orders}

    @route("GET", "/rest/V1/orders")
    def orders(self, asked: Asked) -> Reply:
        given = {name.removeprefix("searchCriteria"): value for name, value in asked.fields}
        wanted = "[filter_groups][0][filters][0]"
        if (
            given[f"{wanted}[condition_type]"] != "gteq"
            or given["[sortOrders][0][field]"] != "updated_at"
        ):
            raise Refusal(400, b'{"message":"this test asks by change"}')
        known = [(order.at(self.clock.now), order) for order in self._orders.values()]
        found = sorted(
            (state.since.strftime(FORM), order.number)
            for state, order in known
            if state and state.since.strftime(FORM) >= given[f"{wanted}[value]"]
        )
        size = int(given["[pageSize]"])
        # As the real one: beyond the last page comes the last page.
        number = min(int(given["[currentPage]"]), max(-(-len(found) // size), 1))
        page = found[(number - 1) * size : number * size]
        items = [self._order(self._orders[one]) for _, one in page]
        return json_reply({"items": items, "search_criteria": {}, "total_count": len(found)})

    @route("GET", "/rest/V1/orders/{number}")
    def order(self, asked: Asked, number: str) -> Reply:
        return json_reply(self._order(self._orders[int(number)]))

    def _order(self, order: Order) -> dict[str, Any]:
        state = order.at(self.clock.now)
        assert state is not None
        shipping, shipping_tax = without_tax(order.delivery)
        rows = [row for line in state.lines for row in self._items(order, line)]
        given = [one for refund in refunds(order, self.clock.now) for one in refund.given]
        return {
            "entity_id": order.number, "increment_id": order.ref, "state": STATES[state.status], "status": "any",
            "created_at": order.bought_at.strftime(FORM), "updated_at": state.since.strftime(FORM),
            "order_currency_code": "EUR", "base_currency_code": "USD", "customer_email": order.email,
            "discount_amount": Number(-sum((line.coupon for line in state.lines), Decimal(0))),
            "shipping_amount": Number(shipping), "shipping_incl_tax": Number(shipping + shipping_tax),
            "shipping_tax_amount": Number(shipping_tax),
            "total_refunded": Number(sum((one.paid for one in given), Decimal(0))),
            "billing_address": {"country_id": "FR"},
            "extension_attributes": {"cagnotte_click": order.click},
            "items": rows,
        }  # fmt: skip

    def _items(self, order: Order, line: Line) -> list[dict[str, Any]]:
        number = order.number * 1000 + 2 * line.number
        net, tax = without_tax(line.price - line.coupon)
        given = [one for refund in refunds(order, self.clock.now) for one in refund.given]
        back = [without_tax(one.paid) for one in given if one.line.number == line.number]
        parent = {
            "item_id": number, "sku": line.sku, "product_type": "configurable", "qty_ordered": line.units,
            "qty_refunded": line.returned, "qty_canceled": 0, "row_total": Number(net + line.coupon),
            "row_total_incl_tax": Number(line.price), "discount_amount": Number(line.coupon),
            "tax_amount": Number(tax), "discount_tax_compensation_amount": 0,
            "amount_refunded": Number(sum((one for one, _ in back), Decimal(0))),
            "tax_refunded": Number(sum((one for _, one in back), Decimal(0))), "base_row_total": Number("1.0000"),
        }  # fmt: skip
        child = {
            "item_id": number + 1, "parent_item_id": number, "sku": line.sku, "product_type": "simple",
            "qty_ordered": line.units, "qty_refunded": line.returned, "row_total": 0, "row_total_incl_tax": 0,
        }  # fmt: skip
        return [parent, child]
