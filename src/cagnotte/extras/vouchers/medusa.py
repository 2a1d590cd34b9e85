"""Medusa 2: a voucher is a promotion with a code and a campaign whose budget is the voucher's amount.

Medusa counts in the budget what orders took, and never lets them take more; so what a small order left can be taken by
another that needs no more than the rest. It tells the sum alone, not the orders. Gift cards are no part of Medusa.

Fields: packages/core/types/src/http/promotion and …/campaign in github.com/medusajs/medusa;
https://docs.medusajs.com/api/admin#promotions.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cagnotte.extras.sources.networks import asking
from cagnotte.extras.vouchers import answers
from cagnotte.hooks import reading, writing
from cagnotte.hooks.sources import HttpAnswer, SourceContext
from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.vouchers import Can, Form, ShopStanding, ShopVoucher, VoucherShop

FIELDS = ("fields", "id,code,status,*campaign,*campaign.budget")


class MedusaPromotions(VoucherShop):
    """Promotions of a Medusa shop; see the module."""

    name = "medusa"
    title = "Medusa"
    read_at_once = 10
    forms: Mapping[Form, Can] = {
        Form.CODE: Can(keeps_rest=True, minimum_basket=True, first_day=True)
    }

    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Make the promotion with its campaign, unless it is there."""
        found = self._found(context, voucher)
        if found is not None:
            return _standing(found)
        answer = self._call(
            context, "POST", "/promotions", body=writing.json_of(_promotion(voucher))
        )
        if answer.status in answers.REFUSALS:
            # Codes are unique: somebody may have told it at the same moment.
            found = self._found(context, voucher)
            if found is not None:
                return _standing(found)
        told = answers.taken(answer, self.title)
        return ShopStanding(reading.text(told, "promotion.id"))

    def _found(self, context: SourceContext, voucher: ShopVoucher) -> Mapping[str, Any] | None:
        """Return the promotion of that code. Raises ShopRefused when it is another's."""
        answer = self._call(context, "GET", "/promotions", params=[("code", voucher.code), FIELDS])
        told = asking.mapped(asking.accepted_json(answer, self.title), self.title)
        for promotion in reading.objects(told.get("promotions"), "promotions"):
            if reading.text(promotion, "code") == voucher.code:
                named = reading.text(promotion, "campaign.campaign_identifier", default="")
                if named != voucher.id:
                    raise answers.refused(self.title, "another promotion has its code")
                return promotion
        return None

    def read(
        self,
        context: SourceContext,
        vouchers: Sequence[ShopVoucher],
        since: datetime,  # noqa: ARG002 - as the hook says
    ) -> Mapping[str, ShopStanding]:
        """Ask for the budget of each promotion."""
        found = {one.id: self._found(context, one) for one in vouchers}
        return {name: _standing(told) for name, told in found.items() if told is not None}

    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Switch the promotion off, then tell what orders had taken of it."""
        found = self._found(context, voucher)
        if found is None:
            return None
        native_id = reading.text(found, "id")
        off = writing.json_of({"status": "inactive"})
        answer = self._call(context, "POST", f"/promotions/{native_id}", body=off)
        asking.accepted(answer, self.title)
        return self.read(context, [voucher], voucher.starts_at).get(voucher.id)

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
            f"{asking.api_url(context)}/admin{path}",
            params=params,
            headers=answers.JSON_TYPE if body else None,
            body=body,
            basic=(context.secret("api_key"), ""),
        )


def _promotion(voucher: ShopVoucher) -> dict[str, Any]:
    currency = voucher.currency.lower()
    rules = []
    if voucher.minimum_basket:
        least = format(voucher.minimum_basket, "f")
        rules.append({"attribute": "item_total", "operator": "gte", "values": [least]})
    return {
        "code": voucher.code,
        "type": "standard",
        "status": "active",
        "is_automatic": False,
        "application_method": {
            "type": "fixed",
            "target_type": "order",
            "value": voucher.amount,
            "currency_code": currency,
        },
        "rules": rules,
        "campaign": {
            "name": voucher.remark,
            "campaign_identifier": voucher.id,
            "starts_at": _written(voucher.starts_at),
            "ends_at": _written(voucher.ends_at),
            "budget": {"type": "spend", "limit": voucher.amount, "currency_code": currency},
        },
    }


def _standing(promotion: Mapping[str, Any]) -> ShopStanding:
    native_id = reading.text(promotion, "id")
    return ShopStanding(native_id, used=reading.decimal(promotion, "campaign.budget.used"))


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@hookimpl
def voucher_shops() -> list[VoucherShop]:
    """Bring Medusa."""
    return [MedusaPromotions()]
