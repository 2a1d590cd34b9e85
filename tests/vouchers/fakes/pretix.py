"""The API of a pretix organizer: gift cards, unique by their code, and their transactions."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.sources.fakes.server import Asked, Refusal, Reply, json_bytes, json_reply, route
from tests.vouchers.fakes.counter import Kept, VoucherFake

TOKEN, ORGANIZER = "token-of-the-test", "theatre"
CARDS = f"/api/v1/organizers/{ORGANIZER}/giftcards/"


class PretixFake(VoucherFake):
    keeps_rest = True

    def may(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == f"Token {TOKEN}"

    @route("GET", CARDS)
    def cards(self, asked: Asked) -> Reply:
        found = [self._card(one) for one in self.kept if one.code == asked.query("secret")]
        return json_reply({"count": len(found), "next": None, "results": found})

    @route("POST", CARDS)
    def create(self, asked: Asked) -> Reply:
        told = asked.json()
        if self.refusal:
            raise Refusal(400, json_bytes({"value": [self.refusal]}))
        if self.find(code=told["secret"]):
            message = "A gift card with the same secret already exists in your organizer account."
            raise Refusal(400, json_bytes({"secret": [message]}))
        assert isinstance(told["value"], str)
        kept = Kept(
            str(len(self.kept) + 1),
            told["conditions"],
            told["secret"],
            Decimal(told["value"]),
            told["currency"],
        )
        kept.ends = datetime.fromisoformat(told["expires"])
        self.kept.append(kept)
        return json_reply(self._card(kept), 201)

    @route("POST", CARDS + "{number}/transact/")
    def transact(self, asked: Asked, number: str) -> Reply:
        kept = self.find(native_id=number)
        assert kept is not None
        told = asked.json()
        left = kept.amount - kept.used
        if left + Decimal(told["value"]) < 0:
            raise Refusal(409, b'{"value": ["The gift card does not have sufficient credit."]}')
        assert told["text"] == kept.remark
        assert left == -Decimal(told["value"])
        kept.live = False
        return json_reply(self._card(kept))

    @route("GET", CARDS + "{number}/transactions/")
    def transactions(self, asked: Asked, number: str) -> Reply:
        kept = self.find(native_id=number)
        assert kept is not None
        rows: list[dict[str, Any]] = [_row(1, kept.amount, self.clock.now, None)]
        for order in kept.orders:
            rows.append(_row(len(rows) + 1, -order.amount, order.at, order.ref))
            if order.cancelled:
                rows.append(_row(len(rows) + 1, order.amount, order.changed_at, order.ref))
        if not kept.live:
            rest = _row(len(rows) + 1, kept.used - kept.amount, self.clock.now, None)
            rows.append({**rest, "text": kept.remark})
        page = int(asked.query("page", "1"))
        following = f"{self.url}{asked.path}?page={page + 1}" if page < len(rows) else None
        # One row a page, the newest first.
        shown = list(reversed(rows))[page - 1 : page]
        return json_reply({"count": len(rows), "next": following, "results": shown})

    def _card(self, kept: Kept) -> dict[str, Any]:
        return {
            "id": int(kept.native_id), "secret": kept.code, "conditions": kept.remark,
            "value": str(kept.amount - kept.used if kept.live else Decimal(0)), "currency": kept.currency,
        }  # fmt: skip


def _row(number: int, value: Decimal, at: datetime, order: str | None) -> dict[str, Any]:
    return {
        "id": number, "datetime": at.isoformat(), "value": str(value), "order": order,
        "event": "play" if order else None, "text": None,
    }  # fmt: skip
