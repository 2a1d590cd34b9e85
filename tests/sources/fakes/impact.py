"""A server that answers as impact.com answers its partners."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, json_reply, route

STATES = {"pending": "PENDING", "confirmed": "APPROVED", "declined": "REVERSED"}
PAGE_SIZE = 6
WINDOW_DAYS_MAX = 45


def action_id(order: Order) -> str:
    return f"{order.shop}.77.{order.number}"


def action(order: Order, state: State) -> dict[str, str]:
    reversed_ = state.status == "declined"
    return {
        "Id": action_id(order),
        "CampaignId": order.shop,
        "State": STATES[state.status],
        "Amount": "0.00" if reversed_ else str(state.amount),
        "IntendedAmount": str(order.states[0].amount if not reversed_ else state.amount),
        "Payout": "0.00" if reversed_ else str(state.commission),
        "Currency": "EUR",
        "EventDate": order.bought_at.isoformat(),
        "ReferringDate": order.clicked_at.isoformat(),
        "ClearedDate": state.since.isoformat() if state.paid else "",
        "Oid": order.ref,
        "SubId1": order.click,
        "PromoCode": order.code,
    }


class ImpactFake(FakeServer):
    basic = ("IRsid", "token-of-the-test")
    limit = Pace(1_000, 3_600)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("GET", "/Mediapartners/IRsid/Actions")
    def actions(self, asked: Asked) -> Reply:
        start, end = _moment(asked, "StartDate"), _moment(asked, "EndDate")
        if end - start > timedelta(days=WINDOW_DAYS_MAX):
            raise Refusal(400, b"the dates are more than 45 days apart")
        if asked.headers.get("accept") != "application/json":
            return Reply(b"<?xml version='1.0'?><ImpactRadiusResponse/>")
        changed = [
            action(order, state)
            for order in reversed(self.orders)
            if (state := order.at(self.clock.now)) and start <= state.since <= end
        ]
        page = int(asked.query("Page", "1"))
        told: dict[str, Any] = {
            "@page": str(page),
            "@total": str(len(changed)),
            "@nextpageuri": "",
            "Actions": changed[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        }
        if page * PAGE_SIZE < len(changed):
            fields = {**dict(asked.fields), "Page": str(page + 1)}
            told["@nextpageuri"] = f"{asked.path}?{urlencode(fields)}"
        return json_reply(told)

    @route("GET", "/Mediapartners/IRsid/Actions/{number}")
    def one(self, asked: Asked, number: str) -> Reply:
        for order in self.orders:
            state = order.at(self.clock.now)
            if action_id(order) == number and state:
                return json_reply(action(order, state))
        raise Refusal(404, b'{"Status": "ERROR"}')

    @route("GET", "/Mediapartners/IRsid/Actions/{number}/Items")
    def items(self, asked: Asked, number: str) -> Reply:
        order = next(order for order in self.orders if action_id(order) == number)
        return json_reply(
            {
                "ActionItems": [
                    {
                        "Sku": line.sku,
                        "Category": line.category,
                        "Quantity": str(line.units),
                        "SaleAmount": str(line.price - line.coupon),
                        "AdjustmentReason": "",
                    }
                    for line in order.states[0].lines
                ]
            }
        )


def _moment(asked: Asked, name: str) -> datetime:
    found = datetime.fromisoformat(asked.query(name))
    assert found.tzinfo is not None
    return found
