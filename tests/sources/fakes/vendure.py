"""The Admin API of a Vendure shop. Refunds are no change of an order here, cancelled units are.

Shops differ in how they take articles back: orders with even numbers cancel the units too.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Line, Order, State
from tests.sources.fakes.pretix import modified
from tests.sources.fakes.returns import paid_for, refunds, without_tax
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, json_reply, route

NAME, PASSWORD, TOKEN = "cagnotte", "password-of-the-test", "token-of-the-session"
PAGE_MAX = 7
WORDS = {"pending": "PaymentSettled", "confirmed": "Delivered", "declined": "Cancelled"}


class VendureFake(FakeServer):
    limit = Pace(60, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self._orders = {order.ref: order for order in orders}

    @route("POST", "/admin-api", free=True)
    def graphql(self, asked: Asked) -> Reply:
        told = asked.json()
        query, variables = told["query"], told["variables"]
        if "login(" in query:
            return self._login(variables)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}" or self.denies:
            return _error("You are not currently authorized to perform this action", "FORBIDDEN")
        if "customFields { cagnotteClick }" not in query or "sort: {updatedAt: ASC}" not in query:
            raise Refusal(400, b"not as agreed")
        return self._found(variables)

    def _login(self, given: dict[str, str]) -> Reply:
        right = given == {"name": NAME, "password": PASSWORD} and not self.denies
        reply = json_reply(
            {
                "data": {
                    "login": {"__typename": "CurrentUser" if right else "InvalidCredentialsError"}
                }
            }
        )
        return Reply(
            reply.body, 200, {**reply.headers, "vendure-auth-token": TOKEN} if right else {}
        )

    def _found(self, variables: dict[str, Any]) -> Reply:
        wanted = variables["filter"]
        known = [(order, order.at(self.clock.now)) for order in self._orders.values()]
        items = [self._order(order, state) for order, state in known if state]
        if "code" in wanted:
            items = [one for one in items if one["code"] == wanted["code"]["eq"]]
        else:
            after = datetime.fromisoformat(wanted["updatedAt"]["after"])
            items = [one for one in items if datetime.fromisoformat(one["updatedAt"]) > after]
        items.sort(key=lambda one: (one["updatedAt"], one["code"]))
        skip, take = variables["skip"], min(variables["take"], PAGE_MAX)
        page = items[skip : skip + take]
        return json_reply({"data": {"orders": {"totalItems": len(items), "items": page}}})

    def _order(self, order: Order, state: State) -> dict[str, Any]:
        cancelled = state.status == "declined"
        cancels = order.number % 2 == 0
        changed = state.since if cancels else modified(order, self.clock.now)
        lines = [_line(line, cancels=cancels, all_of_it=cancelled) for line in state.lines]
        delivery = Decimal(0) if cancelled else order.delivery
        paid = sum((line.price - line.coupon for line in state.lines), order.delivery)
        left = sum(one["proratedLinePriceWithTax"] for one in lines)
        return {
            "code": order.ref, "state": WORDS[state.status], "orderPlacedAt": _written(order.bought_at),
            "updatedAt": _written(changed), "currencyCode": "EUR", "couponCodes": [],
            "totalWithTax": left + _minor(delivery), "shipping": _minor(without_tax(delivery)[0]),
            "shippingWithTax": _minor(delivery), "customer": {"emailAddress": order.email},
            "shippingAddress": {"countryCode": "FR"}, "customFields": {"cagnotteClick": order.click},
            "lines": lines, "surcharges": [],
            "payments": [
                {
                    "id": "1", "state": "Settled", "amount": _minor(paid),
                    "refunds": [
                        {
                            "id": str(one.number), "state": "Settled", "total": _minor(one.paid),
                            "lines": [
                                {"orderLineId": str(given.line.number), "quantity": given.units}
                                for given in one.given
                            ],
                        }
                        for one in refunds(order, self.clock.now)
                    ],
                }
            ],
        }  # fmt: skip


def _line(line: Line, *, cancels: bool, all_of_it: bool) -> dict[str, Any]:
    gone = line.units if all_of_it else line.returned if cancels else 0
    paid = line.price - line.coupon - paid_for(line, gone)
    return {
        "id": str(line.number), "quantity": line.units - gone, "orderPlacedQuantity": line.units,
        "unitPriceWithTax": _minor(line.price) // line.units, "proratedLinePriceWithTax": _minor(paid),
        "proratedLinePrice": _minor(without_tax(paid)[0]), "productVariant": {"sku": line.sku},
    }  # fmt: skip


def _minor(amount: Decimal) -> int:
    return int(amount * 100)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(message: str, code: str) -> Reply:
    return json_reply(
        {"errors": [{"message": message, "extensions": {"code": code}}], "data": None}
    )
