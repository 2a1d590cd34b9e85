"""The Admin API of a Medusa shop: orders by their last change. Refunds are no change of an order here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Line, Order
from tests.sources.fakes.pretix import modified
from tests.sources.fakes.returns import refunds, without_tax
from tests.sources.fakes.server import Asked, FakeServer, Number, Refusal, Reply, json_reply, route

KEY = "sk_of_the_test"
PAGE_MAX = 7
WORDS = {"pending": "pending", "confirmed": "completed", "declined": "canceled"}


class MedusaFake(FakeServer):
    basic = (KEY, "")
    limit = Pace(60, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self._orders = {identity(order): order for order in orders}

    @route("GET", "/admin/orders/{found}")
    def order(self, asked: Asked, found: str) -> Reply:
        order = self._orders.get(found)
        if order is None:
            raise Refusal(404, b'{"type":"not_found"}')
        return json_reply({"order": self._order(order)})

    @route("GET", "/admin/orders")
    def orders(self, asked: Asked) -> Reply:
        if asked.query("order") != "updated_at" or "*items.detail" not in asked.query(
            "fields"
        ).split(","):
            raise Refusal(400, b'{"type":"invalid_data"}')
        since = datetime.fromisoformat(asked.query("updated_at[$gte]"))
        known = [self._order(one) for one in self._orders.values() if one.at(self.clock.now)]
        found = sorted(
            (one for one in known if datetime.fromisoformat(one["updated_at"]) >= since),
            key=lambda one: (one["updated_at"], one["id"]),
        )
        start = int(asked.query("offset"))
        size = min(int(asked.query("limit")), PAGE_MAX)
        page = found[start : start + size]
        return json_reply({"orders": page, "count": len(found), "offset": start, "limit": size})

    def _order(self, order: Order) -> dict[str, Any]:
        state = order.at(self.clock.now)
        assert state is not None
        total = sum((line.price - line.coupon for line in state.lines), order.delivery)
        _, tax = without_tax(order.delivery)
        back = refunds(order, self.clock.now)
        given = [{"id": f"ref_{one.number}", "amount": Number(str(one.paid))} for one in back]
        return {
            "id": identity(order), "display_id": order.number, "status": WORDS[state.status], "version": 1,
            "currency_code": "eur", "email": order.email, "created_at": _written(order.bought_at),
            "updated_at": _written(modified(order, self.clock.now)), "metadata": {"cagnotte_click": order.click},
            "payment_status": "captured", "total": Number(str(total)),
            "shipping_total": Number(str(order.delivery)), "shipping_tax_total": Number(str(tax)),
            "shipping_address": {"country_code": "fr"}, "items": [_item(order, line) for line in state.lines][::-1],
            "payment_collections": [{"payments": [{"id": "pay_1", "refunds": given}]}],
        }  # fmt: skip


def identity(order: Order) -> str:
    return f"order_01J{order.number:04}"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _item(order: Order, line: Line) -> dict[str, Any]:
    paid = line.price - line.coupon
    # As Medusa computes it: to the last digit.
    tax = paid - paid / Decimal("1.2")
    return {
        "id": f"ordli_{line.number:03}", "variant_sku": line.sku, "quantity": line.units,
        "created_at": _written(order.bought_at), "total": Number(str(paid)), "tax_total": Number(f"{tax:.15f}"),
        "detail": {"return_received_quantity": line.returned, "return_dismissed_quantity": 0},
    }  # fmt: skip
