"""Coupons of a WooCommerce shop: codes in small letters, unique; money as texts; lists of orders page by page."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.sources.fakes.server import Asked, Refusal, Reply, json_bytes, json_reply, route
from tests.vouchers.fakes.counter import Kept, VoucherFake

KEY, SECRET = "ck_of_the_test", "cs_of_the_test"
GMT = "%Y-%m-%dT%H:%M:%S"
API = "/wp-json/wc/v3"
TAKEN = "woocommerce_rest_coupon_code_already_exists"


class WooCommerceFake(VoucherFake):
    basic = (KEY, SECRET)

    @route("GET", f"{API}/data/currencies/current")
    def currency_of_the_shop(self, asked: Asked) -> Reply:
        return json_reply({"code": self.currency, "name": self.currency, "symbol": "?"})

    @route("GET", f"{API}/coupons")
    def coupons(self, asked: Asked) -> Reply:
        code = asked.query("code").lower()
        return json_reply([_coupon(one) for one in self.kept if one.live and one.code == code])

    @route("POST", f"{API}/coupons")
    def create(self, asked: Asked) -> Reply:
        told = asked.json()
        if self.refusal:
            _refuse("woocommerce_rest_cannot_create", self.refusal)
        code = told["code"].lower()
        if self.find(code=code):
            _refuse(TAKEN, "The coupon code already exists")
        for name in ("amount", "minimum_amount"):
            if not isinstance(told.get(name, "0"), str) or not re.fullmatch(
                r"\d+(\.\d+)?", told.get(name, "0")
            ):
                _refuse("rest_invalid_param", f"Invalid parameter(s): {name}")
        assert told["discount_type"] == "fixed_cart"
        assert told["usage_limit"] == 1
        self.kept.append(
            Kept(
                str(700 + len(self.kept)),
                told["description"],
                code,
                Decimal(told["amount"]),
                self.currency,
                ",".join(told.get("email_restrictions", [])),
                Decimal(told.get("minimum_amount", "0")),
                None,
                datetime.strptime(told["date_expires_gmt"], GMT).replace(tzinfo=UTC),
            )
        )
        return json_reply(_coupon(self.kept[-1]), 201)

    @route("DELETE", API + "/coupons/{number}")
    def delete(self, asked: Asked, number: str) -> Reply:
        found = self.find(native_id=number)
        if found is None or not found.live:
            raise Refusal(404, b'{"code": "woocommerce_rest_shop_coupon_invalid_id"}')
        if asked.query("force") != "true":
            raise Refusal(501, b'{"code": "woocommerce_rest_trash_not_supported"}')
        found.live = False
        return json_reply(_coupon(found))

    @route("GET", f"{API}/orders")
    def orders(self, asked: Asked) -> Reply:
        assert asked.query("dates_are_gmt") == "true"
        since = datetime.strptime(asked.query("modified_after"), GMT).replace(tzinfo=UTC)
        size, page = int(asked.query("per_page")), int(asked.query("page"))
        assert size <= 100
        rows = [
            {
                "id": 10 + number,
                "number": order.ref,
                "status": "cancelled" if order.cancelled else "processing",
                "date_created_gmt": order.at.strftime(GMT),
                "coupon_lines": [
                    {"code": kept.code, "discount": str(order.amount), "discount_tax": "0.00"}
                ],
            }
            for kept in self.kept
            for number, order in enumerate(kept.orders)
            if order.changed_at > since
        ]
        return json_reply(rows[(page - 1) * size : page * size])


def _coupon(kept: Kept) -> dict[str, Any]:
    return {"id": int(kept.native_id), "code": kept.code, "description": kept.remark}


def _refuse(code: str, message: str) -> None:
    raise Refusal(400, json_bytes({"code": code, "message": message, "data": {"status": 400}}))
