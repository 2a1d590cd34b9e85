"""Tradedoubler's publisher API: a token, whole days, pages by offset, times of Paris without their offset."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import (
    Asked,
    FakeServer,
    Number,
    Refusal,
    Reply,
    json_reply,
    route,
)

PARIS = ZoneInfo("Europe/Paris")
FORM = {"grant_type": "password", "username": "me@cagnotte.example", "password": "p w&d"}


class TradedoublerFake(FakeServer):
    """Tells transactions as Tradedoubler does."""

    bearer = "token-for-a-quarter"
    limit = Pace(30, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("POST", "/uaa/oauth/token", free=True)
    def token(self, asked: Asked) -> Reply:
        if self.denies or asked.basic() != ("client", "secret-of-td") or asked.form() != FORM:
            raise Refusal(401, b'{"error": "invalid_grant"}')
        return json_reply({"access_token": self.bearer, "expires_in": 900, "refresh_token": "r"})

    @route("GET", "/publisher/report/transactions")
    def transactions(self, asked: Asked) -> Reply:
        first, last = day(asked.query("fromDate")), day(asked.query("toDate"))
        limit, offset = int(asked.query("limit", "100")), int(asked.query("offset", "0"))
        if limit > 100 or not first <= last < first + timedelta(days=31):
            raise Refusal(400, b'{"message": "invalid parameters"}')
        found = []
        for order in self.orders:
            state = order.at(self.clock.now)
            if state is None:
                continue
            at = state.since if asked.query("lastModified") == "true" else order.bought_at
            if first <= at.astimezone(PARIS).date() <= last:
                found.append(item(order, state))
        return json_reply(
            {
                "offset": offset,
                "limit": limit,
                "reportCurrencyCode": asked.query("reportCurrencyCode"),
                "items": found[offset : offset + limit],
            }
        )


def item(order: Order, state: State) -> dict[str, Any]:
    return {
        "transactionId": f"{order.number:08}",
        "programId": int(order.shop),
        "programName": "A shop",
        "sourceId": 3494691,
        "eventTypeId": 5,
        "timeOfLastClick": text(order.clicked_at),
        "timeOfTransaction": text(order.bought_at),
        "timeOfLastModified": text(state.since),
        "epi": order.click,
        "epi2": "",
        "leadNumber": "",
        "orderNumber": order.ref,
        "orderValue": amount(state.amount),
        "commission": amount(state.commission),
        "paid": state.paid,
        "paymentId": 77 if state.paid else None,
        "status": {"pending": "P", "confirmed": "A", "declined": "D"}[state.status],
        "reasonId": 3 if state.reason else None,
        "reasonName": state.reason or None,
        "voucherCode": None,
    }


def amount(value: Decimal) -> Number:
    return Number(value.normalize()) if value % 1 else Number(int(value))


def day(told: str) -> Any:
    return datetime.strptime(told, "%Y%m%d").replace(tzinfo=PARIS).date()


def text(at: datetime) -> str:
    return at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M:%S.0")
