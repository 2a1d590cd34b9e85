"""CJ's commission API: GraphQL, windows of 31 days, batches after a commission's number, corrections as rows."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order
from tests.sources.fakes.server import Asked, FakeServer, Reply, json_reply, route

BATCH = 7


class CjFake(FakeServer):
    """Tells commissions as CJ does."""

    bearer = "token-of-cj"
    limit = Pace(25, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("POST", "/query")
    def query(self, asked: Asked) -> Reply:
        told = asked.json()
        variables = told["variables"]
        dates = set(re.findall(r"(?:since|before)(\w+Date): \$", told["query"]))
        if len(dates) != 1 or variables["publishers"] != ["6379318"]:
            return error("Validation error: arguments")
        since, before = time(variables["since"]), time(variables["before"])
        if not since < before <= since + timedelta(days=31):
            return error("The date range must not exceed 31 days")
        (date,) = dates
        field = date[0].lower() + date[1:]
        found = [row for row in self.rows() if since <= time(row[field]) < before]
        after = int(variables.get("after") or 0)
        found = sorted(
            (row for row in found if int(row["commissionId"]) > after),
            key=lambda row: int(row["commissionId"]),
        )
        batch = found[:BATCH]
        return json_reply(
            {
                "data": {
                    "publisherCommissions": {
                        "count": len(batch),
                        "payloadComplete": len(found) <= BATCH,
                        "maxCommissionId": batch[-1]["commissionId"] if batch else None,
                        "records": batch,
                    }
                }
            }
        )

    def rows(self) -> list[dict[str, Any]]:
        return [row for order in self.orders for row in rows_of(order, self.clock.now)]


def rows_of(order: Order, now: datetime) -> list[dict[str, Any]]:
    """Write the first commission as its status is now, and a correction for each change of amounts."""
    states = [state for state in order.states if state.since <= now]
    if not states:
        return []
    words = {state.status for state in states}
    status = "locked" if "confirmed" in words else "new"
    if any(state.paid for state in states):
        status = "closed"
    first = states[0]
    base: dict[str, Any] = {
        "originalActionId": str(9_000_000 + order.number),
        "actionType": "sim_sale",
        "actionStatus": status,
        "advertiserId": order.shop,
        "orderId": order.ref,
        "shopperId": order.click,
        "eventDate": text(order.bought_at),
        "lockingDate": text(order.bought_at + timedelta(days=40)),
        "clickDate": text(order.clicked_at),
        "country": "US",
        "coupon": None,
        "validationStatus": "AUTOMATED",
        "items": [],
    }
    found = [row(base, order.number * 100, first.since, first.amount, first.commission)]
    sale, commission = first.amount, first.commission
    for place, state in enumerate(states[1:], 1):
        amounts = Decimal(0), Decimal(0)
        if state.status != "declined":
            amounts = state.amount, state.commission
        if amounts != (sale, commission):
            correction = row(
                {**base, "correctionReason": "RETURNED_MERCHANDISE", "original": False},
                order.number * 100 + place,
                state.since,
                amounts[0] - sale,
                amounts[1] - commission,
            )
            found.append(correction)
            sale, commission = amounts
    return found


def row(
    base: dict[str, Any], number: int, posted: datetime, sale: Decimal, commission: Decimal
) -> dict[str, Any]:
    return {
        "original": True,
        "correctionReason": None,
        **base,
        "commissionId": str(2_000_000_000 + number),
        "postingDate": text(posted),
        "saleAmountPubCurrency": str(sale),
        "pubCommissionAmountPubCurrency": str(commission),
    }


def error(sentence: str) -> Reply:
    return json_reply({"errors": [{"message": sentence}], "data": None})


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def time(told: str) -> datetime:
    return datetime.fromisoformat(told)
