"""Stripe: a voucher is credit on a customer's balance, which Stripe takes off the customer's next invoices.

A credit is an amount below zero, in the smallest unit of its currency as Stripe counts it: the króna and the Ugandan
shilling have two decimals there that must be zero, and amounts of currencies with three decimals end in zero. Each call
bears the voucher's id as its Idempotency-Key, which Stripe keeps for a day or more, and writes it into the metadata, by
which it is found after that. The balance of a customer without a currency takes that of the first credit.

https://docs.stripe.com/api/customer_balance_transactions/create, https://docs.stripe.com/currencies.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from cagnotte.domain.money import decimals_of
from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import amounts
from cagnotte.extras.vouchers import answers
from cagnotte.hooks import reading
from cagnotte.hooks.sources import HttpAnswer, SourceContext
from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.vouchers import (
    Can,
    Form,
    ShopStanding,
    ShopVoucher,
    VoucherShop,
    Whose,
)

PER_PAGE = 100
FORM_TYPE = {"content-type": "application/x-www-form-urlencoded"}
MARK = "cagnotte_voucher"

COUNTED_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
THREE_DECIMALS = 3


class StripeCredit(VoucherShop):
    """Balances of the customers of a Stripe account; see the module."""

    name = "stripe"
    title = "Stripe"
    forms: Mapping[Form, Can] = {
        Form.CREDIT: Can(whose=Whose.MUST, customer_is="the customer's id, cus_…")
    }

    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Credit the customer, unless that was done."""
        amount = stripe_amount(voucher, self.title)
        found = self._found(context, voucher)
        if found is not None:
            return found
        form = {
            "amount": str(-amount),
            "currency": voucher.currency.lower(),
            "description": voucher.remark,
            f"metadata[{MARK}]": voucher.id,
        }
        answer = self._call(context, "POST", voucher, form=form)
        if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.PAYMENT_REQUIRED):
            raise answers.refused(self.title, answers.message_of(answer))
        if answer.status == HTTPStatus.CONFLICT:
            # The same key is at work in another call: its answer counts.
            asking.accepted(answer, self.title)
        return ShopStanding(reading.text(answers.taken(answer, self.title), "id"))

    def read(
        self,
        context: SourceContext,  # noqa: ARG002 - as the hook says
        vouchers: Sequence[ShopVoucher],
        since: datetime,  # noqa: ARG002 - as the hook says
    ) -> Mapping[str, ShopStanding]:
        """Tell credit as it was given: it is the shop's from then on."""
        return {one.id: ShopStanding(one.native_id) for one in vouchers}

    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Tell whether the customer was credited; that is not taken back."""
        return self._found(context, voucher)

    def _found(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        for one in self._transactions(context, voucher):
            if reading.text(one, f"metadata.{MARK}", default="") == voucher.id:
                return ShopStanding(reading.text(one, "id"))
        return None

    def _transactions(
        self, context: SourceContext, voucher: ShopVoucher
    ) -> Iterator[Mapping[str, Any]]:
        """Return what changed the customer's balance, newest first, until the voucher's first day."""
        params = [("limit", str(PER_PAGE))]
        while True:
            answer = self._call(context, "GET", voucher, params=params)
            if answer.status == HTTPStatus.NOT_FOUND:
                raise answers.refused(self.title, answers.message_of(answer))
            told = asking.mapped(asking.accepted_json(answer, self.title), self.title)
            rows = reading.objects(told.get("data"), "data")
            yield from rows
            if not rows or not reading.flag(told, "has_more"):
                return
            params = [("limit", str(PER_PAGE)), ("starting_after", reading.text(rows[-1], "id"))]

    def _call(
        self,
        context: SourceContext,
        method: str,
        voucher: ShopVoucher,
        *,
        params: Sequence[tuple[str, str]] = (),
        form: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        headers = {"authorization": f"Bearer {context.secret('api_key')}"}
        if form is not None:
            headers |= {**FORM_TYPE, "idempotency-key": f"cagnotte-{voucher.id}"}
        customer = quote(voucher.customer, safe="")
        return context.calls().request(
            method,
            f"{asking.api_url(context)}/v1/customers/{customer}/balance_transactions",
            params=params,
            headers=headers,
            body=urlencode(form).encode() if form is not None else None,
        )


def stripe_amount(voucher: ShopVoucher, title: str) -> int:
    """Return an amount as Stripe counts it. Raises ShopRefused for one that it has no number for."""
    amount_minor = amounts.minor(voucher.amount, voucher.currency, "amount")
    if voucher.currency in COUNTED_IN_HUNDREDTHS:
        return amount_minor * 100
    if decimals_of(voucher.currency) == THREE_DECIMALS and amount_minor % 10:
        raise answers.refused(
            title, f"amounts of {voucher.currency} end in zero there, and {voucher.amount} does not"
        )
    return amount_minor


@hookimpl
def voucher_shops() -> list[VoucherShop]:
    """Bring Stripe."""
    return [StripeCredit()]
