"""The Admin API of a Shopware shop: tokens, and orders searched by when they were made or changed.

A payment that changes does not change its order; an order that never changed has no time of change.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import md5
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Line, Order
from tests.sources.fakes.pretix import modified
from tests.sources.fakes.returns import refunds, without_tax
from tests.sources.fakes.server import Asked, FakeServer, Number, Refusal, Reply, json_reply, route

CLIENT, SECRET, TOKEN = "SWIA-client", "secret-of-the-integration", "token-of-an-hour"
PAGE_MAX = 7
WORDS = {"pending": "open", "confirmed": "completed", "declined": "cancelled"}


class ShopwareFake(FakeServer):
    bearer = TOKEN
    limit = Pace(60, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self._orders = {identity(order): order for order in orders}

    @route("POST", "/api/oauth/token", free=True)
    def token(self, asked: Asked) -> Reply:
        given = asked.json()
        if (given["client_id"], given["client_secret"]) != (CLIENT, SECRET) or self.denies:
            return self.denied()
        return json_reply({"token_type": "Bearer", "expires_in": 600, "access_token": TOKEN})

    @route("POST", "/api/search/order")
    def search(self, asked: Asked) -> Reply:
        wanted = asked.json()
        if (
            asked.headers.get("accept") != "application/json"
            or "transactions" not in wanted["associations"]
        ):
            raise Refusal(400, b"not as agreed")
        known = [self._order(order) for order in self._orders.values() if order.at(self.clock.now)]
        if "ids" in wanted:
            found = [one for one in known if one["id"] in wanted["ids"]]
            return json_reply({"total": len(found), "data": found})
        (rule,), (sort,) = wanted["filter"], wanted["sort"]
        field = rule["field"]
        if sort != {"field": field, "order": "ASC"} or wanted["limit"] > 500:
            raise Refusal(400, b"not as agreed")
        since = datetime.fromisoformat(rule["parameters"]["gte"])
        found = sorted(
            (one for one in known if one[field] and datetime.fromisoformat(one[field]) >= since),
            key=lambda one: (one[field], one["id"]),
        )
        end = wanted["page"] * min(wanted["limit"], PAGE_MAX)
        page = found[end - PAGE_MAX : end]
        return json_reply({"total": len(found), "data": page})

    def _order(self, order: Order) -> dict[str, Any]:
        state = order.at(self.clock.now)
        assert state is not None
        changed = modified(order, self.clock.now)
        first = order.states[0].since
        back = refunds(order, self.clock.now)
        paid = "paid" if state.status == "confirmed" else "open"
        return {
            "id": identity(order), "versionId": "0fa91ce3e96a4bc2be4bd9ce752c3425", "orderNumber": order.ref,
            "orderDateTime": _written(order.bought_at), "createdAt": _written(first),
            "updatedAt": None if changed == first else _written(changed), "taxStatus": "net",
            "currency": {"isoCode": "EUR"}, "shippingCosts": _price(order.delivery),
            "stateMachineState": {"technicalName": WORDS[state.status]}, "orderCustomer": {"email": order.email},
            "deliveries": [{"shippingOrderAddress": {"country": {"iso": "DE"}}}],
            "affiliateCode": "cagnotte", "campaignCode": order.click, "customFields": None,
            "lineItems": [_line(order, line) for line in state.lines],
            "transactions": [
                {
                    "createdAt": _written(first), "amount": {"totalPrice": 1},
                    "stateMachineState": {"technicalName": "refunded_partially" if back else paid},
                    "captures": [{"refunds": [_refund(one.paid) for one in back]}],
                }
            ],
        }  # fmt: skip


def identity(order: Order) -> str:
    return md5(order.ref.encode(), usedforsecurity=False).hexdigest()


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _price(paid: Decimal) -> dict[str, Any]:
    net, tax = without_tax(paid)
    taxes = [{"tax": Number(str(tax)), "taxRate": 20, "price": Number(str(net))}]
    return {"totalPrice": Number(str(net)), "calculatedTaxes": taxes}


def _line(order: Order, line: Line) -> dict[str, Any]:
    return {
        "id": f"{identity(order)}{line.number}", "parentId": None, "type": "product", "quantity": line.units,
        "position": line.number, "payload": {"productNumber": line.sku}, "price": _price(line.price - line.coupon),
    }  # fmt: skip


def _refund(paid: Decimal) -> dict[str, Any]:
    amount = {"totalPrice": Number(str(paid))}
    return {"amount": amount, "stateMachineState": {"technicalName": "completed"}}
