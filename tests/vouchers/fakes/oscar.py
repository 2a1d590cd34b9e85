"""A django-oscar shop as `cagnotte-oscar` answers for it; `tests/shops/test_oscar.py` asks the real one."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from cagnotte.hooks import signing
from cagnotte.hooks.sources import BadSignature
from tests.sources.fakes.server import Asked, Refusal, Reply, json_bytes, json_reply, route
from tests.vouchers.fakes.counter import Kept, VoucherFake

SECRET = "whsec_c2VjcmV0IG9mIHRoZSBzaG9w"


class OscarFake(VoucherFake):
    def may(self, asked: Asked) -> bool:
        try:
            signing.check_standard(asked.headers, asked.body, [SECRET], self.clock.now)
        except BadSignature:
            return False
        return True

    def changes(self, asked: Asked) -> bool:
        return b"voucher.read" not in asked.body

    @route("POST", "/cagnotte/")
    def vouchers(self, asked: Asked) -> Reply:
        told = asked.json()
        answer = {
            "voucher.issue": self._issue,
            "voucher.read": self._read,
            "voucher.void": self._void,
        }[told["type"]]
        return json_reply(answer(told["data"]))

    def _issue(self, told: dict[str, Any]) -> dict[str, Any]:
        found = self.find(remark=told["id"])
        if found is None:
            if self.refusal or told["currency"] != self.currency:
                why = self.refusal or f"the shop is in {self.currency}"
                raise Refusal(422, json_bytes({"message": why}))
            if self.find(code=told["code"]):
                raise Refusal(409, b'{"message": "another voucher has its code"}')
            found = Kept(
                str(len(self.kept) + 1),
                told["id"],
                told["code"],
                Decimal(told["amount"]),
                told["currency"],
            )
            found.minimum = Decimal(told["minimum_basket"])
            found.starts = datetime.fromisoformat(told["starts_at"])
            found.ends = datetime.fromisoformat(told["ends_at"])
            self.kept.append(found)
        return _standing(found)

    def _read(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"vouchers": [_standing(one) for one in self.kept if one.remark in told["ids"]]}

    def _void(self, told: dict[str, Any]) -> dict[str, Any]:
        found = self.find(remark=told["id"])
        if found is None:
            return {"id": told["id"], "native_id": None, "uses": []}
        found.live = False
        return _standing(found)


def _standing(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.remark,
        "native_id": kept.native_id,
        "uses": [
            {
                "order": one.ref,
                "amount": str(one.amount),
                "given_back": str(one.amount if one.cancelled else Decimal(0)),
                "at": one.at.isoformat(),
            }
            for one in kept.orders
        ],
    }
