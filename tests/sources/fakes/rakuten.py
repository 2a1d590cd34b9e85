"""Rakuten's Events API: a token for an hour, pages, a row for each article, rows with a minus."""

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

LIMIT_MAX = 1_000


class RakutenFake(FakeServer):
    """Tells rows as Rakuten does."""

    bearer = "token-for-an-hour"
    limit = Pace(60, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("POST", "/token", free=True)
    def token(self, asked: Asked) -> Reply:
        if self.denies or asked.basic() != ("client", "secret-of-rakuten"):
            raise Refusal(401, b'{"error": "invalid_client"}')
        if asked.form() != {"grant_type": "client_credentials", "scope": "3267514"}:
            raise Refusal(400, b'{"error": "invalid_request"}')
        return json_reply({"access_token": self.bearer, "expires_in": 3600, "token_type": "bearer"})

    @route("GET", "/events/1.0/transactions")
    def transactions(self, asked: Asked) -> Reply:
        limit, page = int(asked.query("limit", "100")), int(asked.query("page", "1"))
        if not 0 < limit <= LIMIT_MAX or page < 1:
            raise Refusal(400, b"limit")
        kind = "process" if asked.query("process_date_start") else "transaction"
        start, end = (time(asked.query(f"{kind}_date_{side}")) for side in ("start", "end"))
        if not start <= end <= start + timedelta(days=30):
            raise Refusal(400, b"dates")
        rows = [row for order in self.orders for row in rows_of(order, self.clock.now)]
        found = [row for at, row in rows if start <= at[kind] <= end]
        return json_reply(found[(page - 1) * limit : page * limit])


Dated = tuple[dict[str, datetime], dict[str, Any]]


def rows_of(order: Order, now: datetime) -> list[Dated]:
    """Write the rows of an order as they are now."""
    states = [state for state in order.states if state.since <= now]
    if not states:
        return []
    processed = next((state.since for state in states if state.status != "pending"), None)
    first = states[0]
    articles = [(line.sku, line.units, line.price - line.coupon) for line in first.lines]
    if sum(amount for _, _, amount in articles) != first.amount:
        articles = [("0", 1, first.amount)]
    found = []
    for place, (sku, units, amount) in enumerate(articles):
        commission = first.commission if not place else Decimal(0)
        since = processed or first.since
        found.append(row(order, f"{place}", since, (sku, units, amount, commission), processed))
    sale, commission = first.amount, first.commission
    for place, state in enumerate(states[1:], 10):
        wanted = (Decimal(0), Decimal(0)) if state.status == "declined" else amounts(state)
        if wanted != (sale, commission):
            told = ("correction", 1, wanted[0] - sale, wanted[1] - commission)
            found.append(row(order, f"{place}", state.since, told, processed or state.since))
            sale, commission = wanted
    return found


def amounts(state: State) -> tuple[Decimal, Decimal]:
    return state.amount, state.commission


def row(
    order: Order,
    suffix: str,
    at: datetime,
    told: tuple[str, int, Decimal, Decimal],
    processed: datetime | None,
) -> Dated:
    sku, units, amount, commission = told
    return {"process": at, "transaction": order.bought_at}, {
        "etransaction_id": f"e{order.number:05}-{suffix}",
        "advertiser_id": int(order.shop),
        "sid": 3267514,
        "order_id": order.ref,
        "offer_id": "0",
        "sku_number": sku,
        "sale_amount": Number(amount),
        "quantity": units if amount >= 0 else -units,
        "commissions": Number(commission),
        "process_date": text(at),
        "transaction_date": text(order.bought_at),
        "transaction_type": "realtime",
        "product_name": "Something",
        "u1": order.click,
        "currency": "EUR",
        "is_event": "N" if processed else "Y",
    }


def text(at: datetime) -> str:
    return at.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (UTC)")


def time(told: str) -> datetime:
    return datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
