"""The Admin API of a Medusa shop: promotions with a campaign of their own; codes and campaigns are unique."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.sources.fakes.server import Asked, Number, Refusal, Reply, json_bytes, json_reply, route
from tests.vouchers.fakes.counter import Kept, VoucherFake

KEY = "sk_of_the_test"


class MedusaFake(VoucherFake):
    basic = (KEY, "")
    keeps_rest = True

    @route("GET", "/admin/promotions")
    def promotions(self, asked: Asked) -> Reply:
        assert "*campaign.budget" in asked.query("fields")
        found = [_promotion(one) for one in self.kept if one.code == asked.query("code")]
        return json_reply({"promotions": found, "count": len(found), "offset": 0, "limit": 50})

    @route("POST", "/admin/promotions")
    def create(self, asked: Asked) -> Reply:
        told = json.loads(asked.body, parse_float=Decimal)
        if self.refusal:
            _refuse(self.refusal)
        campaign, method = told["campaign"], told["application_method"]
        taken = self.find(code=told["code"])
        if taken or self.find(remark=campaign["campaign_identifier"]):
            _refuse(f"Promotion with code: {told['code']}, already exists.")
        value, limit = Decimal(method["value"]), Decimal(campaign["budget"]["limit"])
        assert (method["type"], method["target_type"]) == ("fixed", "order")
        assert campaign["budget"]["type"] == "spend"
        assert method["currency_code"] == campaign["budget"]["currency_code"]
        assert value == limit
        least = [one["values"][0] for one in told["rules"] if one["attribute"] == "item_total"]
        self.kept.append(
            Kept(
                f"promo_{len(self.kept) + 1}",
                campaign["campaign_identifier"],
                told["code"],
                value,
                method["currency_code"].upper(),
                "",
                Decimal(least[0]) if least else Decimal(0),
                datetime.fromisoformat(campaign["starts_at"]),
                datetime.fromisoformat(campaign["ends_at"]),
            )
        )
        return json_reply({"promotion": _promotion(self.kept[-1])})

    @route("POST", "/admin/promotions/{number}")
    def update(self, asked: Asked, number: str) -> Reply:
        found = self.find(native_id=number)
        if found is None:
            raise Refusal(404, b'{"type": "not_found"}')
        assert asked.json() == {"status": "inactive"}
        found.live = False
        return json_reply({"promotion": _promotion(found)})


def _promotion(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.native_id,
        "code": kept.code,
        "status": "active" if kept.live else "inactive",
        "campaign": {
            "campaign_identifier": kept.remark,
            "budget": {"type": "spend", "used": Number(kept.used)},
        },
    }


def _refuse(message: str) -> None:
    raise Refusal(400, json_bytes({"type": "invalid_data", "message": message}))
