"""Vendure: a voucher is a promotion with a coupon code, used once, and a fixed discount on the order.

Amounts are whole minor units. A promotion does not tell who used it; orders do, by their coupon codes and by discounts
that name the promotion. The administrator needs CreatePromotion, ReadPromotion, UpdatePromotion and ReadOrder.

Seen in version 3.7; https://docs.vendure.io/reference/graphql-api/admin/mutations/#createpromotion.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import amounts, graphql
from cagnotte.extras.sources.shops.vendure import login
from cagnotte.extras.vouchers import answers
from cagnotte.hooks import reading
from cagnotte.hooks.sources import SourceContext
from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.vouchers import (
    Can,
    Form,
    ShopStanding,
    ShopUse,
    ShopVoucher,
    VoucherShop,
)

PER_PAGE = 50

FIND = """query($code: String!) {
  activeChannel { defaultCurrencyCode defaultLanguageCode }
  promotions(options: {filter: {couponCode: {eq: $code}}, take: 10}) {
    items { id name couponCode enabled }
  }
}"""
CREATE = """mutation($input: CreatePromotionInput!) {
  createPromotion(input: $input) {
    __typename ... on Promotion { id } ... on ErrorResult { errorCode message }
  }
}"""
UPDATE = """mutation($input: UpdatePromotionInput!) {
  updatePromotion(input: $input) {
    __typename ... on Promotion { id } ... on ErrorResult { errorCode message }
  }
}"""
ORDERS = """query($after: DateTime!, $take: Int!, $skip: Int!) {
  orders(options: {filter: {updatedAt: {after: $after}}, sort: {updatedAt: ASC}, take: $take, skip: $skip}) {
    totalItems
    items { code state orderPlacedAt couponCodes currencyCode discounts { adjustmentSource amountWithTax } }
  }
}"""


class VendurePromotions(VoucherShop):
    """Promotions of a Vendure shop; see the module."""

    name = "vendure"
    title = "Vendure"
    forms: Mapping[Form, Can] = {Form.CODE: Can(minimum_basket=True, first_day=True)}

    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Make the promotion, unless it is there."""
        token = login(context)
        found, channel = self._found(context, token, voucher)
        if found:
            return ShopStanding(found)
        currency = reading.text(channel, "defaultCurrencyCode", length_max=3)
        if currency != voucher.currency:
            raise answers.refused(
                self.title, f"the shop is in {currency}, the voucher in {voucher.currency}"
            )
        content = _promotion(voucher, reading.text(channel, "defaultLanguageCode"))
        return ShopStanding(self._change(context, token, CREATE, content, "createPromotion"))

    def read(
        self, context: SourceContext, vouchers: Sequence[ShopVoucher], since: datetime
    ) -> Mapping[str, ShopStanding]:
        """Look through the orders that changed since then for the coupons' codes."""
        return self._read(context, login(context), vouchers, since)

    def _read(
        self,
        context: SourceContext,
        token: str,
        vouchers: Sequence[ShopVoucher],
        since: datetime,
    ) -> dict[str, ShopStanding]:
        known = {one.code.lower(): one for one in vouchers}
        uses: dict[str, list[ShopUse]] = {one.id: [] for one in vouchers}
        for order in self._orders(context, token, since):
            if order.get("orderPlacedAt") is None:
                continue
            for code in reading.sequence(order.get("couponCodes"), "couponCodes"):
                voucher = known.get(str(code).lower())
                if voucher is not None:
                    uses[voucher.id].append(_use(order, voucher))
        return {one.id: ShopStanding(one.native_id, uses=uses[one.id]) for one in vouchers}

    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Switch the promotion off, and tell what orders had taken of it."""
        token = login(context)
        native_id = voucher.native_id or self._found(context, token, voucher)[0]
        if not native_id:
            return None
        off = {"id": native_id, "enabled": False}
        self._change(context, token, UPDATE, off, "updatePromotion")
        known = replace(voucher, native_id=native_id)
        return self._read(context, token, [known], voucher.starts_at)[voucher.id]

    # ---- calls ----

    def _found(
        self, context: SourceContext, token: str, voucher: ShopVoucher
    ) -> tuple[str, Mapping[str, Any]]:
        """Return the id of the promotion with that code, "" when there is none, and the shop's channel."""
        told = self._ask(context, token, FIND, {"code": voucher.code})
        channel = asking.mapped(told.get("activeChannel"), self.title)
        for one in reading.objects(reading.dig(told, "promotions.items"), "promotions"):
            if reading.text(one, "name", default="") != voucher.remark:
                raise answers.refused(self.title, "another promotion has its code")
            return reading.text(one, "id"), channel
        return "", channel

    def _orders(
        self, context: SourceContext, token: str, since: datetime
    ) -> Iterator[Mapping[str, Any]]:
        skip, total = 0, 1
        while skip < total:
            told = self._ask(
                context,
                token,
                ORDERS,
                {"after": _written(since), "take": PER_PAGE, "skip": skip},
            )
            orders = reading.objects(reading.dig(told, "orders.items"), "orders")
            yield from orders
            total = reading.whole(told, "orders.totalItems")
            skip = skip + len(orders) if orders else total

    def _change(
        self,
        context: SourceContext,
        token: str,
        mutation: str,
        content: Mapping[str, Any],
        name: str,
    ) -> str:
        told = self._ask(context, token, mutation, {"input": content})
        made = asking.mapped(told.get(name), self.title)
        if reading.text(made, "__typename") != "Promotion":
            raise answers.refused(self.title, reading.text(made, "message", default=""))
        return reading.text(made, "id")

    def _ask(
        self, context: SourceContext, token: str, query: str, variables: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        answer = graphql.ask(
            context,
            self.title,
            asking.api_url(context),
            query,
            variables,
            headers={"authorization": f"Bearer {token}"},
        )
        return graphql.data(answer, self.title)


def _promotion(voucher: ShopVoucher, language: str) -> dict[str, Any]:
    def minor(amount: Decimal) -> str:
        return str(amounts.minor(amount, voucher.currency, "amount"))

    conditions = []
    if voucher.minimum_basket:
        least = [
            {"name": "amount", "value": minor(voucher.minimum_basket)},
            {"name": "taxInclusive", "value": "true"},
        ]
        conditions.append({"code": "minimum_order_amount", "arguments": least})
    discount = [{"name": "discount", "value": minor(voucher.amount)}]
    return {
        "enabled": True,
        "couponCode": voucher.code,
        "usageLimit": 1,
        "startsAt": _written(voucher.starts_at),
        "endsAt": _written(voucher.ends_at),
        "conditions": conditions,
        "actions": [{"code": "order_fixed_discount", "arguments": discount}],
        "translations": [{"languageCode": language, "name": voucher.remark}],
    }


def _use(order: Mapping[str, Any], voucher: ShopVoucher) -> ShopUse:
    currency = reading.text(order, "currencyCode", length_max=3)
    source = f"PROMOTION:{voucher.native_id}"
    taken = sum(
        -reading.whole(one, "amountWithTax")
        for one in reading.objects(order.get("discounts"), "discounts")
        if reading.text(one, "adjustmentSource", default="") == source
    )
    amount = amounts.major(taken, currency)
    undone = reading.text(order, "state") == "Cancelled"
    placed = reading.moment(order.get("orderPlacedAt"), "orderPlacedAt", None).utc
    return ShopUse(reading.text(order, "code"), amount, placed, amount if undone else Decimal(0))


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@hookimpl
def voucher_shops() -> list[VoucherShop]:
    """Bring Vendure."""
    return [VendurePromotions()]
