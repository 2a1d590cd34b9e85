"""django-oscar: a voucher is one of Oscar's, made inside the shop by `cagnotte-oscar`, the app in `integrations/oscar`.

It is told at an address of the app, signed after Standard Webhooks with the same secret as the shop's own messages.
What is asked and answered is Cagnotte's own; its other side is `cagnotte_oscar.vouchers`. Oscar keeps no rest: a
voucher is used once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from cagnotte.extras.sources.networks import asking
from cagnotte.extras.vouchers import answers
from cagnotte.hooks import reading, signing, writing
from cagnotte.hooks.sources import SourceContext, SourceFailed
from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.vouchers import Can, Form, ShopStanding, ShopUse, ShopVoucher, VoucherShop

PER_CALL = 100


class OscarVouchers(VoucherShop):
    """Vouchers of a django-oscar shop; see the module."""

    name = "oscar"
    title = "django-oscar"
    forms: Mapping[Form, Can] = {Form.CODE: Can(minimum_basket=True, first_day=True)}

    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Have the shop make the voucher, unless it has it."""
        told = self._ask(
            context,
            "voucher.issue",
            {
                "id": voucher.id,
                "code": voucher.code,
                "amount": format(voucher.amount, "f"),
                "currency": voucher.currency,
                "minimum_basket": format(voucher.minimum_basket, "f"),
                "starts_at": voucher.starts_at.isoformat(),
                "ends_at": voucher.ends_at.isoformat(),
            },
        )
        return ShopStanding(reading.text(told, "native_id"))

    def read(
        self,
        context: SourceContext,
        vouchers: Sequence[ShopVoucher],
        since: datetime,  # noqa: ARG002 - as the hook says
    ) -> Mapping[str, ShopStanding]:
        """Ask what orders took of vouchers."""
        found: dict[str, ShopStanding] = {}
        for start in range(0, len(vouchers), PER_CALL):
            ids = [one.id for one in vouchers[start : start + PER_CALL]]
            told = self._ask(context, "voucher.read", {"ids": ids})
            for one in reading.objects(told.get("vouchers"), "vouchers"):
                found[reading.text(one, "id")] = _standing(one)
        return found

    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Have the shop end the voucher, and tell what orders had taken of it."""
        told = self._ask(context, "voucher.void", {"id": voucher.id})
        return _standing(told) if told.get("native_id") else None

    def _ask(self, context: SourceContext, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        timestamp = str(int(context.now.timestamp()))
        body = writing.json_of({"type": kind, "timestamp": context.now.isoformat(), "data": data})
        message_id = sha256(body).hexdigest()[:32]
        signature = signing.standard_signature(
            context.secret("secret"), message_id, timestamp, body
        )
        answer = context.calls().request(
            "POST",
            asking.setting(context, "vouchers_url"),
            headers={
                **answers.JSON_TYPE,
                "webhook-id": message_id,
                "webhook-timestamp": timestamp,
                "webhook-signature": signature,
            },
            body=body,
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            raise SourceFailed(f"{self.title} has no cagnotte-oscar at the setting “vouchers_url”.")
        return answers.taken(answer, self.title)


def _standing(told: Mapping[str, Any]) -> ShopStanding:
    return ShopStanding(
        reading.text(told, "native_id"),
        uses=[
            ShopUse(
                reading.text(one, "order"),
                reading.decimal(one, "amount"),
                reading.moment(one.get("at"), "at", None).utc,
                reading.decimal(one, "given_back"),
            )
            for one in reading.objects(told.get("uses"), "uses")
        ],
    )


@hookimpl
def voucher_shops() -> list[VoucherShop]:
    """Bring django-oscar."""
    return [OscarVouchers()]
