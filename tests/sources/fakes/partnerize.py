"""A server that answers as Partnerize answers its partners."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import Asked, FakeServer, Number, Refusal, Reply, json_reply, route

STATES = {"pending": "pending", "confirmed": "approved", "declined": "rejected"}
PAGE_SIZE = 5
PATH = "/reporting/report_publisher/publisher/111111l92/conversion.json"


def conversion(order: Order, state: State) -> dict[str, Any]:
    items = _items(order, state)
    states = {item["item_status"] for item in items}
    return {
        "conversion_id": f"1100l{order.number}",
        "campaign_id": order.shop,
        "conversion_time": _text(order.bought_at),
        "last_modified": _text(state.since),
        "currency": "EUR",
        "publisher_reference": order.click,
        "conversion_reference": order.ref,
        "country": "FR",
        "click": {"set_time": _text(order.clicked_at), "clickref": f"c{order.number}"},
        "conversion_value": {
            "conversion_status": states.pop() if len(states) == 1 else "mixed",
            "value": Number(state.amount),
            "publisher_commission": Number(state.commission),
        },
        "conversion_items": items,
    }


def _items(order: Order, state: State) -> list[dict[str, Any]]:
    """Spread what the order costs now over its lines; those for which nothing is left are rejected."""
    left, commission = state.amount, state.commission
    items: list[dict[str, Any]] = []
    for line in order.states[0].lines:
        price = line.price - line.coupon
        stands = left > 0
        value = min(price, left) if stands else price
        items.append(
            {
                "conversion_item_id": f"1100l{order.number}i{line.number}",
                "sku": line.sku,
                "category": line.category,
                "item_value": Number(value),
                "item_publisher_commission": Number(commission if stands else Decimal("0.10")),
                "item_status": STATES[state.status] if stands else "rejected",
                "last_update": _text(state.since),
                "publisher_self_bill_id": 4711 if state.paid and stands else None,
                "reject_reason": None,
                "voucher_codes": [],
            }
        )
        if stands:
            left, commission = left - value, Decimal(0)
    return items


class PartnerizeFake(FakeServer):
    """The first page names the next one; with `counts` pages are counted, as reports of partners once were."""

    basic = ("app-key", "user-key-of-the-test")
    limit = Pace(40, 60)
    counts = False

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("GET", PATH)
    def conversions(self, asked: Asked) -> Reply:
        if asked.query("date_type") != "last_updated" or asked.query("timezone") != "UTC":
            raise Refusal(422)
        if int(asked.query("limit")) > 300:
            raise Refusal(422)
        start = datetime.fromisoformat(asked.query("start_date"))
        end = datetime.fromisoformat(asked.query("end_date"))
        changed = [
            {"conversion_data": conversion(order, state)}
            for order in self.orders
            if (state := order.at(self.clock.now)) and start <= state.since <= end
        ]
        begin = int(asked.query("cursor_id") or asked.query("offset") or "0")
        told: dict[str, Any] = {
            "limit": PAGE_SIZE,
            "count": len(changed),
            "conversions": changed[begin : begin + PAGE_SIZE],
        }
        if not self.counts:
            following = {**dict(asked.fields), "cursor_id": str(begin + PAGE_SIZE)}
            more = begin + PAGE_SIZE < len(changed)
            page = f"{self.url}{PATH}?{urlencode(following)}" if more else None
            told |= {"count": len(told["conversions"])}
            told["hypermedia"] = {"pagination": {"next_page": page}}
        return json_reply(told)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
