"""A server that answers as Webgains answers its publishers: epoch seconds, ten-thousandths, numbered pages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, json_reply, route

STATES = {"pending": 50, "confirmed": 20, "declined": 70}
PAGE_SIZE = 6


def transaction(order: Order, state: State) -> dict[str, Any]:
    return {
        "id": 900_000 + order.number,
        "date": int(order.bought_at.timestamp()),
        "status": 10 if state.paid else STATES[state.status],
        "status_changed_date": int(state.since.timestamp()),
        "click_reference": order.click,
        "order_reference": order.ref,
        "program": {"id": int(order.shop), "name": "A shop"},
        "value": {"amount": ten_thousandths(state.amount), "currency_code": "EUR"},
        "commission": {"amount": ten_thousandths(state.commission), "currency_code": "EUR"},
    }


def ten_thousandths(amount: Decimal) -> int:
    return int(amount.scaleb(4))


class WebgainsFake(FakeServer):
    bearer = "token-of-the-test"
    limit = Pace(30, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("GET", "/publishers/4711/reports/transactions")
    def transactions(self, asked: Asked) -> Reply:
        start, end = _moment(asked, "filters[start_date]"), _moment(asked, "filters[end_date]")
        if end - start > timedelta(days=45) or int(asked.query("size")) > 250:
            raise Refusal(422)
        found = [
            transaction(order, state)
            for order in self.orders
            if (state := order.at(self.clock.now)) and start <= order.bought_at <= end
        ]
        page = int(asked.query("page"))
        return json_reply(
            {
                "data": found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
                "pagination": {
                    "current_page": page,
                    "last_page": max(-(-len(found) // PAGE_SIZE), 1),
                },
            }
        )


def _moment(asked: Asked, name: str) -> datetime:
    return datetime.fromtimestamp(int(asked.query(name)), UTC)
