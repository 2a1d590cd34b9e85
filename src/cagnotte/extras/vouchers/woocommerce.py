"""WooCommerce: a voucher is a coupon of a fixed amount off the cart, used once.

WooCommerce writes codes in small letters, gives a coupon back when its order is cancelled or fails, and tells at each
order what each coupon took, tax apart. A coupon has no currency: it is in the shop's. It can end, but not begin later.

REST API v3; https://woocommerce.github.io/woocommerce-rest-api-docs/#coupons.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cagnotte.extras.sources.networks import asking
from cagnotte.extras.vouchers import answers
from cagnotte.hooks import reading, writing
from cagnotte.hooks.sources import HttpAnswer, SourceContext
from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.vouchers import (
    Can,
    Form,
    ShopStanding,
    ShopUse,
    ShopVoucher,
    VoucherShop,
    Whose,
)

API = "/wp-json/wc/v3"
PER_PAGE = 100
GMT = "%Y-%m-%dT%H:%M:%S"

NOT_PLACED = frozenset({"checkout-draft", "auto-draft", "draft", "pending"})
"""Of an order that is not paid, nothing was used yet."""
UNDONE = frozenset({"cancelled", "failed", "refunded", "trash"})


class WooCommerceCoupons(VoucherShop):
    """Coupons of a WooCommerce shop; see the module."""

    name = "woocommerce"
    title = "WooCommerce"
    forms: Mapping[Form, Can] = {
        Form.CODE: Can(minimum_basket=True, whose=Whose.MAY, customer_is="the e-mail address")
    }

    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Make the coupon, unless it is there."""
        found = self._found(context, voucher)
        if found is not None:
            return found
        self._check_currency(context, voucher)
        limits: dict[str, Any] = {}
        if voucher.minimum_basket:
            limits["minimum_amount"] = str(voucher.minimum_basket)
        if voucher.customer:
            limits["email_restrictions"] = [voucher.customer]
        body = {
            "code": voucher.code,
            "description": voucher.remark,
            "discount_type": "fixed_cart",
            "amount": str(voucher.amount),
            "usage_limit": 1,
            "date_expires_gmt": voucher.ends_at.astimezone(UTC).strftime(GMT),
            **limits,
        }
        answer = self._call(context, "POST", "/coupons", body=writing.json_of(body))
        if answer.status in answers.REFUSALS:
            # Somebody may have told it at the same moment; then it is there now.
            found = self._found(context, voucher)
            if found is not None:
                return found
        return _standing(answers.taken(answer, self.title))

    def _found(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Return the coupon of that code. Raises ShopRefused when it is another's."""
        for coupon in self._list(context, "/coupons", [("code", voucher.code)]):
            if reading.text(coupon, "code").lower() == voucher.code.lower():
                if reading.text(coupon, "description", default="") != voucher.remark:
                    raise answers.refused(self.title, "another coupon has its code")
                return _standing(coupon)
        return None

    def _check_currency(self, context: SourceContext, voucher: ShopVoucher) -> None:
        answer = self._call(context, "GET", "/data/currencies/current")
        told = reading.text(asking.accepted_json(answer, self.title), "code", length_max=3)
        if told != voucher.currency:
            raise answers.refused(
                self.title, f"the shop is in {told}, the voucher in {voucher.currency}"
            )

    def read(
        self, context: SourceContext, vouchers: Sequence[ShopVoucher], since: datetime
    ) -> Mapping[str, ShopStanding]:
        """Look through the orders that changed since then for the coupons' codes."""
        known = {one.code.lower(): one for one in vouchers}
        uses: dict[str, list[ShopUse]] = {one.id: [] for one in vouchers}
        for order in self._orders(context, since):
            status = reading.text(order, "status")
            if status in NOT_PLACED:
                continue
            for coupon in reading.objects(order.get("coupon_lines"), "coupon_lines"):
                voucher = known.get(reading.text(coupon, "code").lower())
                if voucher is not None:
                    uses[voucher.id].append(_use(order, coupon, undone=status in UNDONE))
        return {one.id: ShopStanding(one.native_id, uses=uses[one.id]) for one in vouchers}

    def _orders(self, context: SourceContext, since: datetime) -> Iterator[Mapping[str, Any]]:
        page, rows = 1, PER_PAGE
        while rows == PER_PAGE:
            asked = [
                ("modified_after", since.astimezone(UTC).strftime(GMT)),
                ("dates_are_gmt", "true"),
                ("orderby", "modified"),
                ("order", "asc"),
                ("per_page", str(PER_PAGE)),
                ("page", str(page)),
            ]
            orders = self._list(context, "/orders", asked)
            yield from orders
            page, rows = page + 1, len(orders)

    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Delete the coupon, and tell what orders had taken of it."""
        found = self._found(context, voucher)
        if found is not None:
            address = f"/coupons/{found.native_id}"
            answer = self._call(context, "DELETE", address, params=[("force", "true")])
            asking.accepted(answer, self.title)
        standing = self.read(context, [voucher], voucher.starts_at)[voucher.id]
        return standing if found or voucher.native_id or standing.uses else None

    # ---- calls ----

    def _list(
        self, context: SourceContext, path: str, params: Sequence[tuple[str, str]]
    ) -> list[Mapping[str, Any]]:
        answer = self._call(context, "GET", path, params=params)
        rows = asking.listed(asking.accepted_json(answer, self.title), self.title)
        return reading.objects(rows, path)

    def _call(
        self,
        context: SourceContext,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> HttpAnswer:
        return context.calls().request(
            method,
            asking.api_url(context) + API + path,
            params=params,
            headers=answers.JSON_TYPE if body else None,
            body=body,
            basic=(context.secret("consumer_key"), context.secret("consumer_secret")),
        )


def _standing(coupon: Mapping[str, Any]) -> ShopStanding:
    return ShopStanding(reading.text(coupon, "id"))


def _use(order: Mapping[str, Any], coupon: Mapping[str, Any], *, undone: bool) -> ShopUse:
    amount = reading.decimal(coupon, "discount") + reading.decimal(
        coupon, "discount_tax", default=Decimal(0)
    )
    created = reading.text(order, "date_created_gmt")
    return ShopUse(
        reading.text(order, "number"),
        amount,
        datetime.strptime(created, GMT).replace(tzinfo=UTC),
        amount if undone else Decimal(0),
    )


@hookimpl
def voucher_shops() -> list[VoucherShop]:
    """Bring WooCommerce."""
    return [WooCommerceCoupons()]
