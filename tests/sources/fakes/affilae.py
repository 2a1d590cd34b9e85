"""A server that answers as Affilae is taken to answer its publishers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, json_reply, route

STATES = {"pending": "pending", "confirmed": "accepted", "declined": "refused"}
PAGE_SIZE = 6


def conversion(order: Order, state: State) -> dict[str, Any]:
    return {
        "id": f"66ea96{order.number:04}",
        "program": {"id": order.shop, "name": "A shop"},
        "externalId": order.ref,
        "amount": cents(state.amount),
        "commissionsTotal": cents(state.commission),
        "currency": "EUR",
        "subId": order.click,
        "status": STATES[state.status],
        "refuseReason": None,
        "createdAt": text(order.bought_at),
    }


def cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class AffilaeFake(FakeServer):
    """With `one_page` it does not know pages, and answers the first one always."""

    bearer = "token-of-the-test"
    limit = Pace(100, 60)
    one_page = False

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("GET", "/publisher/conversions.list")
    def conversions(self, asked: Asked) -> Reply:
        start, end = asked.query("from"), asked.query("to")
        span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
        if asked.query("affiliateProfile") != "profile-1" or span > timedelta(days=31):
            raise Refusal(400)
        found = [
            conversion(order, state)
            for order in self.orders
            if (state := order.at(self.clock.now)) and start <= text(order.bought_at) <= end
        ]
        page = 1 if self.one_page else int(asked.query("page"))
        return json_reply(
            {"conversions": {"data": found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]}}
        )
