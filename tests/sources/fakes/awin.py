"""Awin's publisher API: three kinds of dates, 31 days a call, 20 calls a minute, no pages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

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

WORDS = {"pending": "pending", "confirmed": "approved", "declined": "declined"}
FIRST_NUMBER = 1_591_000_000


class AwinFake(FakeServer):
    """Tells transactions as Awin does."""

    bearer = "token-of-awin"
    limit = Pace(20, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("GET", "/publishers/45628/transactions/")
    def transactions(self, asked: Asked) -> Reply:
        if asked.query("timezone") != "UTC":
            raise Refusal(400, b"timezone")
        known = [(one, one.at(self.clock.now)) for one in self.orders]
        told = [(order, state) for order, state in known if state]
        if asked.query("ids"):
            ids = {int(number) - FIRST_NUMBER for number in asked.query("ids").split(",")}
            return json_reply([row(*one) for one in told if one[0].number in ids])
        start, end = time(asked.query("startDate")), time(asked.query("endDate"))
        if end < start or end - start > timedelta(days=31):
            raise Refusal(400, b'{"description": "the range is longer than 31 days"}')
        date = {"transaction": bought_at, "validation": validated_at, "amendment": amended_at}[
            asked.query("dateType", "transaction")
        ]
        found = []
        for order, state in told:
            at = date(order, state)
            if at is not None and start <= at <= end:
                found.append(row(order, state))
        return json_reply(found)


def time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)


def bought_at(order: Order, _: State) -> datetime | None:
    return order.bought_at


def validated_at(order: Order, state: State) -> datetime | None:
    """Paid or not, a transaction was validated when it got its word."""
    since = None
    for one in order.states:
        if one.since <= state.since and one.status == state.status:
            since = since or one.since
        else:
            since = None if one.since <= state.since else since
    return since if state.status != "pending" else None


def amended_at(order: Order, state: State) -> datetime | None:
    return state.since if state.amount != order.states[0].amount else None


def row(order: Order, state: State) -> dict[str, Any]:
    """Write a transaction, with null where Awin has nothing to say."""
    validated = validated_at(order, state)
    return {
        "id": FIRST_NUMBER + order.number,
        "url": "https://www.cagnotte.example",
        "advertiserId": int(order.shop),
        "publisherId": 45628,
        "commissionStatus": WORDS[state.status],
        "commissionAmount": money(state.commission),
        "saleAmount": money(state.amount),
        "ipHash": "-917875755098098",
        "customerCountry": "FR",
        "clickRefs": {"clickRef": order.click},
        "clickDate": text(order.clicked_at),
        "transactionDate": text(order.bought_at),
        "validationDate": text(validated) if validated else None,
        "type": "Commission group transaction",
        "declineReason": state.reason or None,
        "voucherCodeUsed": False,
        "voucherCode": None,
        "amended": state.amount != order.states[0].amount,
        "orderRef": order.ref,
        "customParameters": None,
        "transactionParts": [],
        "paidToPublisher": state.paid,
        "paymentId": 0,
        "basketProducts": products(state) if order.number % 2 else None,
    }


def products(state: State) -> list[dict[str, Any]]:
    return [
        {
            "productId": line.sku,
            "productName": "An article",
            "unitPrice": Number((line.price / line.units).quantize(Decimal("0.01"))),
            "skuCode": line.sku,
            "quantity": line.units,
            "category": line.category,
        }
        for line in state.lines
    ]


def money(amount: Decimal) -> dict[str, Any]:
    return {"amount": Number(amount), "currency": "EUR"}


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S")
