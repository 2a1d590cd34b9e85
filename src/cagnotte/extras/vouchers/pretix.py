"""pretix: a voucher is a gift card with the voucher's code.

A gift card is unique by its code, and cannot be deleted; what is left is taken off it when the voucher is called off.
Every change of it is a transaction: one of an order bears the order's code, and a refund onto the card is above zero.

https://docs.pretix.eu/en/latest/api/resources/giftcards.html. The team needs to manage gift cards.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from cagnotte.extras.sources.networks import asking
from cagnotte.extras.vouchers import answers
from cagnotte.hooks import reading, writing
from cagnotte.hooks.sources import HttpAnswer, SourceBusy, SourceContext
from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.vouchers import Can, Form, ShopStanding, ShopUse, ShopVoucher, VoucherShop

NOTHING = Decimal(0)


class PretixCards(VoucherShop):
    """Gift cards of a pretix organizer; see the module."""

    name = "pretix"
    title = "pretix"
    read_at_once = 10
    forms: Mapping[Form, Can] = {Form.GIFT_CARD: Can(keeps_rest=True)}

    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Make the gift card, unless it is there."""
        found = self._found(context, voucher)
        if found is not None:
            return ShopStanding(reading.text(found, "id"))
        body = {
            "secret": voucher.code,
            "value": format(voucher.amount, "f"),
            "currency": voucher.currency,
            "testmode": False,
            "expires": voucher.ends_at.astimezone(UTC).isoformat(),
            "conditions": voucher.remark,
        }
        answer = self._call(context, "POST", "/giftcards/", body=body)
        if answer.status in answers.REFUSALS:
            # Codes are unique: somebody may have told it at the same moment.
            found = self._found(context, voucher)
            if found is not None:
                return ShopStanding(reading.text(found, "id"))
        return ShopStanding(reading.text(answers.taken(answer, self.title), "id"))

    def _found(self, context: SourceContext, voucher: ShopVoucher) -> Mapping[str, Any] | None:
        """Return the gift card of that code. Raises ShopRefused when it is another's."""
        for card in self._rows(context, "/giftcards/", [("secret", voucher.code)]):
            if reading.text(card, "secret") == voucher.code:
                if reading.text(card, "conditions", default="") != voucher.remark:
                    raise answers.refused(self.title, "another gift card has its code")
                return card
        return None

    def read(
        self,
        context: SourceContext,
        vouchers: Sequence[ShopVoucher],
        since: datetime,  # noqa: ARG002 - as the hook says
    ) -> Mapping[str, ShopStanding]:
        """Ask for the transactions of each gift card."""
        return {one.id: self._standing(context, one, one.native_id) for one in vouchers}

    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Take off the gift card what is left on it."""
        card = self._found(context, voucher)
        if card is None:
            return None
        native_id = reading.text(card, "id")
        left = reading.decimal(card, "value")
        if left > 0:
            body = {"value": format(-left, "f"), "text": voucher.remark}
            answer = self._call(context, "POST", f"/giftcards/{native_id}/transact/", body=body)
            if answer.status == HTTPStatus.CONFLICT:
                raise SourceBusy("The gift card was used at this moment.", retry_after_seconds=1)
            asking.accepted(answer, self.title)
        return self._standing(context, voucher, native_id)

    def _standing(
        self, context: SourceContext, voucher: ShopVoucher, native_id: str
    ) -> ShopStanding:
        taken: dict[str, ShopUse] = {}
        path = f"/giftcards/{native_id}/transactions/"
        told = sorted(self._rows(context, path, []), key=lambda row: reading.whole(row, "id"))
        # The first one is what the card was issued with.
        for row in told[1:]:
            value = reading.decimal(row, "value")
            ref = reading.text(row, "order", default="")
            if not ref and reading.text(row, "text", default="") == voucher.remark:
                continue
            ref = ref or f"transaction {reading.text(row, 'id')}"
            at = reading.moment(row.get("datetime"), "datetime", None).utc
            use = taken.get(ref, ShopUse(ref, NOTHING, at))
            if value < 0:
                taken[ref] = use._replace(amount=use.amount - value)
            else:
                taken[ref] = use._replace(given_back=min(use.given_back + value, use.amount))
        return ShopStanding(native_id, uses=[one for one in taken.values() if one.amount])

    # ---- calls ----

    def _rows(
        self, context: SourceContext, path: str, params: Sequence[tuple[str, str]]
    ) -> Iterator[Mapping[str, Any]]:
        number = 1
        while number:
            asked = [*params, ("page", str(number))]
            answer = self._call(context, "GET", path, params=asked)
            told = asking.mapped(asking.accepted_json(answer, self.title), self.title)
            yield from reading.objects(told.get("results"), "results")
            number = number + 1 if told.get("next") else 0

    def _call(
        self,
        context: SourceContext,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
    ) -> HttpAnswer:
        organizer = asking.setting(context, "organizer")
        return context.calls().request(
            method,
            f"{asking.api_url(context)}/api/v1/organizers/{organizer}{path}",
            params=params,
            headers={
                "authorization": f"Token {context.secret('token')}",
                **(answers.JSON_TYPE if body else {}),
            },
            body=writing.json_of(body) if body else None,
        )


@hookimpl
def voucher_shops() -> list[VoucherShop]:
    """Bring pretix."""
    return [PretixCards()]
