"""The Admin API of a Vendure shop: promotions with coupon codes, and the orders they were used for."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from cagnotte.domain.money import decimals_of
from tests.sources.fakes.server import Asked, Refusal, Reply, json_reply, route
from tests.sources.fakes.vendure import NAME, PASSWORD, TOKEN
from tests.vouchers.fakes.counter import Kept, Order, VoucherFake

PAGE_MAX = 2


class VendureFake(VoucherFake):
    def changes(self, asked: Asked) -> bool:
        return b"createPromotion" in asked.body or b"updatePromotion" in asked.body

    @route("POST", "/admin-api", free=True)
    def graphql(self, asked: Asked) -> Reply:
        told = asked.json()
        query, variables = told["query"], told["variables"]
        if "login(" in query:
            right = variables == {"name": NAME, "password": PASSWORD} and not self.denies
            kind = "CurrentUser" if right else "InvalidCredentialsError"
            reply = json_reply({"data": {"login": {"__typename": kind}}})
            headers = {**reply.headers, **({"vendure-auth-token": TOKEN} if right else {})}
            return Reply(reply.body, 200, headers)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(403)
        for word, answer in (
            ("createPromotion(", self._create),
            ("updatePromotion(", self._update),
            ("promotions(", self._promotions),
            ("orders(", self._orders),
        ):
            if word in query:
                return json_reply({"data": answer(variables)})
        raise Refusal(400, b"not as agreed")

    def _minor(self, amount: Decimal) -> int:
        return int(amount.scaleb(decimals_of(self.currency)))

    def _major(self, told: str) -> Decimal:
        return Decimal(told).scaleb(-decimals_of(self.currency))

    def _promotions(self, told: dict[str, Any]) -> dict[str, Any]:
        found = [one for one in self.kept if one.code == told["code"]]
        channel = {"defaultCurrencyCode": self.currency, "defaultLanguageCode": "fr"}
        items = [{"id": one.native_id, "name": one.remark} for one in found]
        return {"activeChannel": channel, "promotions": {"items": items}}

    def _create(self, told: dict[str, Any]) -> dict[str, Any]:
        given = told["input"]
        if self.refusal:
            error = {"__typename": "MissingConditionsError", "message": self.refusal}
            return {"createPromotion": error}
        assert given["usageLimit"] == 1
        (action,) = given["actions"]
        assert action["code"] == "order_fixed_discount"
        least = {
            one["name"]: one["value"]
            for condition in given["conditions"]
            for one in condition["arguments"]
        }
        kept = Kept(
            str(len(self.kept) + 1),
            given["translations"][0]["name"],
            given["couponCode"],
            self._major(action["arguments"][0]["value"]),
            self.currency,
        )
        kept.minimum = self._major(least.get("amount", "0"))
        kept.starts = datetime.fromisoformat(given["startsAt"])
        kept.ends = datetime.fromisoformat(given["endsAt"])
        self.kept.append(kept)
        return {"createPromotion": {"__typename": "Promotion", "id": kept.native_id}}

    def _update(self, told: dict[str, Any]) -> dict[str, Any]:
        kept = self.find(native_id=told["input"]["id"])
        assert kept is not None
        kept.live = told["input"]["enabled"]
        return {"updatePromotion": {"__typename": "Promotion", "id": kept.native_id}}

    def _orders(self, told: dict[str, Any]) -> dict[str, Any]:
        after = datetime.fromisoformat(told["after"])
        rows: list[dict[str, Any]] = [{"code": "CART", "orderPlacedAt": None}]
        for kept in self.kept:
            rows += [self._order(kept, one) for one in kept.orders if one.changed_at > after]
        page = rows[told["skip"] : told["skip"] + min(told["take"], PAGE_MAX)]
        return {"orders": {"totalItems": len(rows), "items": page}}

    def _order(self, kept: Kept, order: Order) -> dict[str, Any]:
        discounts = [
            {"adjustmentSource": f"PROMOTION:{kept.native_id}", "amountWithTax": -self._minor(order.amount)},
            {"adjustmentSource": "PROMOTION:99", "amountWithTax": -100},
        ]  # fmt: skip
        return {
            "code": order.ref,
            "state": "Cancelled" if order.cancelled else "PaymentSettled",
            "orderPlacedAt": order.at.isoformat(),
            "couponCodes": [kept.code],
            "currencyCode": self.currency,
            "discounts": discounts,
        }
