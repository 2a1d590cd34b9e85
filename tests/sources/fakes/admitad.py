"""A server that answers as Admitad answers its publishers: days and times of Moscow, pages of a few actions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import Asked, FakeServer, Number, Refusal, Reply, json_reply, route

MOSCOW = ZoneInfo("Europe/Moscow")
STATES = {"pending": "pending", "confirmed": "approved", "declined": "declined"}
PAGE_SIZE = 6
CLIENT = ("client-of-the-test", "client-secret-of-the-test")


def action(order: Order, state: State) -> dict[str, Any]:
    """Return an action; every third one is approved, then stalled for want of money, while it is not paid."""
    stalled = state.status == "confirmed" and not state.paid and order.number % 3 == 0
    return {
        "id": order.number,
        "action_id": 700_000 + order.number,
        "order_id": order.ref,
        "advcampaign_id": int(order.shop),
        "status": "approved_but_stalled" if stalled else STATES[state.status],
        "status_updated": None if state is order.states[0] else _text(state.since),
        "cart": Number(state.amount),
        "payment": Number(state.commission),
        "currency": "EUR",
        "subid": order.click,
        "subid1": None,
        "action_date": _text(order.bought_at),
        "click_date": _text(order.clicked_at),
        "paid": int(state.paid),
        "promocode": None,
        "positions": [{"id": 1, "amount": str(state.amount), "product_id": None}],
    }


class AdmitadFake(FakeServer):
    bearer = "token-for-an-hour"
    limit = Pace(60, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("POST", "/token/", free=True)
    def token(self, asked: Asked) -> Reply:
        form = asked.form()
        right = asked.basic() == CLIENT and form["grant_type"] == "client_credentials"
        if not right or form["scope"] != "statistics" or self.denies:
            raise Refusal(401, b'{"error": "invalid_client"}')
        return json_reply({"access_token": self.bearer, "expires_in": 3600})

    @route("GET", "/statistics/actions/")
    def actions(self, asked: Asked) -> Reply:
        if int(asked.query("limit")) > 500:
            raise Refusal(400)
        by_status = bool(asked.query("status_updated_start"))
        name = "status_updated" if by_status else "date"
        start, end = _day(asked.query(f"{name}_start")), _day(asked.query(f"{name}_end"))
        found = []
        for order in self.orders:
            state = order.at(self.clock.now)
            if state is None or (by_status and state is order.states[0]):
                continue
            moment = state.since if by_status else order.bought_at
            if start <= moment.astimezone(MOSCOW).date() <= end:
                found.append(action(order, state))
        offset = int(asked.query("offset"))
        return json_reply(
            {
                "results": found[offset : offset + PAGE_SIZE],
                "_meta": {"count": len(found), "limit": PAGE_SIZE, "offset": offset},
            }
        )


def _text(moment: datetime) -> str:
    return moment.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:%S")


def _day(text: str) -> date:
    day, month, year = text.split(".")
    return date(int(year), int(month), int(day))
