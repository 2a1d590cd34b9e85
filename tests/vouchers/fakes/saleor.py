"""The API of a Saleor shop: gift cards, whose codes it draws itself."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.sources.fakes.server import Asked, Number, Refusal, Reply, json_reply, route
from tests.vouchers.fakes.counter import Kept, VoucherFake

TOKEN = "token-of-the-test"


class SaleorFake(VoucherFake):
    bearer = TOKEN
    keeps_rest = True

    def changes(self, asked: Asked) -> bool:
        return b"mutation" in asked.body

    @route("POST", "/graphql/")
    def graphql(self, asked: Asked) -> Reply:
        told = json.loads(asked.body, parse_float=Decimal)
        query, variables = told["query"], told["variables"]
        if "giftCardCreate(" in query:
            return self._create(variables["input"])
        if "giftCardDeactivate(" in query:
            return self._deactivate(variables["id"])
        if "giftCards(filter: {tags: $tags}" in query:
            edges = [{"node": _card(one)} for one in self.kept if one.remark in variables["tags"]]
            return json_reply({"data": {"giftCards": {"edges": edges}}})
        raise Refusal(400, b"not as agreed")

    def _create(self, told: dict[str, Any]) -> Reply:
        amount = Decimal(told["balance"]["amount"])
        why = self.refusal
        if amount <= 0 or told["balance"]["currency"] != self.currency:
            why = "Value must be in the currency of a channel."
        if why:
            errors = [{"field": "balance", "code": "INVALID", "message": why}]
            return json_reply({"data": {"giftCardCreate": {"giftCard": None, "errors": errors}}})
        number = len(self.kept) + 1
        last = datetime.fromisoformat(told["expiryDate"]).replace(tzinfo=UTC)
        kept = Kept(
            f"R2lmdENhcmQ6{number}", told["addTags"][0], f"QW3R-TY{number}", amount, self.currency
        )
        kept.customer, kept.ends = told.get("userEmail", ""), last + timedelta(days=1)
        self.kept.append(kept)
        return json_reply({"data": {"giftCardCreate": {"giftCard": _card(kept), "errors": []}}})

    def _deactivate(self, native_id: str) -> Reply:
        kept = self.find(native_id=native_id)
        assert kept is not None
        kept.live = False
        return json_reply({"data": {"giftCardDeactivate": {"giftCard": _card(kept), "errors": []}}})


def _card(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.native_id, "code": kept.code, "isActive": kept.live, "tags": [{"name": kept.remark}],
        "initialBalance": {"amount": Number(kept.amount), "currency": kept.currency},
        "currentBalance": {"amount": Number(kept.amount - kept.used)},
    }  # fmt: skip
