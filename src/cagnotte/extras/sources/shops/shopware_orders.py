"""Orders as Shopware 6 answers them: what is asked of them, what is kept, and what their amounts mean.

Amounts are numbers with or without tax, as `taxStatus` says: “gross” with it, “net” without it, “tax-free” where there
is none. Promotions are lines below zero. How much was given back is told only by payments that keep their captures.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from cagnotte.extras.sources.shops import amounts, charges, refunds, traces
from cagnotte.hooks import reading
from cagnotte.hooks.sources import Moment, ReportLine, SourceContext, UnknownWord

NOTHING = Decimal(0)

PAYMENT_STEPS = {
    "open": 0, "unconfirmed": 0, "failed": 1, "reminded": 1, "in_progress": 1, "authorized": 2, "paid_partially": 3,
    "paid": 4, "refunded_partially": 5, "refunded": 6, "cancelled": 6, "chargeback": 7,
}  # fmt: skip
"""States of a payment; of two tellings of one moment, the one that is further on is the later."""
STEPS_PER_MINOR = 100
"""More than the payments of one order can take together."""
PAID = frozenset({"paid", "refunded_partially", "refunded"})

ASSOCIATIONS: Mapping[str, Any] = {
    "lineItems": {}, "currency": {}, "orderCustomer": {}, "stateMachineState": {},
    "deliveries": {"associations": {"shippingOrderAddress": {"associations": {"country": {}}}}},
    "transactions": {
        "associations": {
            "stateMachineState": {},
            "captures": {"associations": {"refunds": {"associations": {"stateMachineState": {}}}}},
        }
    },
}  # fmt: skip
INCLUDES: Mapping[str, Sequence[str]] = {
    "order": (
        "id", "versionId", "orderNumber", "orderDateTime", "createdAt", "updatedAt", "taxStatus",
        "shippingCosts", "currency", "lineItems", "orderCustomer", "stateMachineState", "deliveries", "transactions",
        "affiliateCode", "campaignCode", "customFields",
    ),
    "order_line_item": ("id", "parentId", "type", "quantity", "price", "payload", "position"),
    "order_customer": ("email",),
    "currency": ("isoCode",),
    "state_machine_state": ("technicalName",),
    "order_delivery": ("shippingOrderAddress",),
    "order_address": ("country",),
    "country": ("iso",),
    "order_transaction": ("createdAt", "amount", "stateMachineState", "captures"),
    "order_transaction_capture": ("refunds",),
    "order_transaction_capture_refund": ("amount", "stateMachineState"),
}  # fmt: skip
"""What is asked of an order, and no more."""


# ---- parts of an answer ----


def moment(order: Any, field: str) -> Moment:
    """Return a time of an order, which has its offset."""
    return reading.moment(reading.dig(order, field), field, None)


def changed(order: Mapping[str, Any]) -> datetime:
    """Return when an order last changed; one that never did, when it was made."""
    return moment(order, "updatedAt" if order.get("updatedAt") else "createdAt").utc


def kept(order: Mapping[str, Any], context: SourceContext) -> dict[str, Any]:
    """Return what is kept of an order."""
    deliveries = reading.objects(order.get("deliveries"), "deliveries")
    country = "shippingOrderAddress.country.iso"
    lines = [
        line
        for line in reading.objects(order.get("lineItems"), "lineItems")
        if not line.get("parentId")
    ]
    codes = {reading.text(line, "payload.code", default="") for line in lines}
    told = {
        "number": order.get("orderNumber"),
        "placed": order.get("orderDateTime"),
        "changed": order.get("updatedAt") or order.get("createdAt"),
        "currency": reading.dig(order, "currency.isoCode"),
        "tax_status": order.get("taxStatus"),
        "state": reading.dig(order, "stateMachineState.technicalName"),
        "shipping": _price(reading.dig(order, "shippingCosts")),
        "lines": sorted(map(_line_data, lines), key=lambda line: (line["position"], line["id"])),
        "payments": sorted(map(_payment_data, _objects(order, "transactions")), key=_made),
        "email": reading.dig(order, "orderCustomer.email"),
        "country": next((reading.text(one, country, default="") for one in deliveries), ""),
        "codes": sorted(codes - {""}),
        "affiliate": order.get("affiliateCode"),
        "campaign": order.get("campaignCode"),
        "fields": traces.kept(context, reading.mapping(order.get("customFields") or {}, "fields")),
    }
    found: dict[str, Any] = reading.plain(told)
    return found


def _objects(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return reading.objects(data.get(name), name)


def _made(payment: Mapping[str, Any]) -> str:
    return reading.text(payment, "made", default="")


def _price(price: Any) -> dict[str, Any]:
    """Return a price and the taxes in it, or beside it."""
    told = reading.mapping(price, "A price")
    return {
        "price": told.get("totalPrice"),
        "taxes": [one.get("tax") for one in _objects(told, "calculatedTaxes")],
    }


def _line_data(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": reading.text(line, "id"),
        "position": reading.whole(line, "position", default=0),
        "sku": reading.text(line, "payload.productNumber", default=""),
        "quantity": line.get("quantity"),
        **_price(line.get("price")),
    }


def _payment_data(payment: Mapping[str, Any]) -> dict[str, Any]:
    back = [
        reading.dig(refund, "amount.totalPrice")
        for capture in _objects(payment, "captures")
        for refund in _objects(capture, "refunds")
        if reading.dig(refund, "stateMachineState.technicalName") == "completed"
    ]
    state = reading.text(payment, "stateMachineState.technicalName")
    if state not in PAYMENT_STEPS:
        raise UnknownWord(f"“{state}” is no state of a payment that Shopware is known to use.")
    return {"made": payment.get("createdAt"), "state": state, "back": back}


def steps(order: Mapping[str, Any], currency: str) -> int:
    """Return how far the payments have come, what was given back first; it only grows."""
    back = amounts.minor(_given_back(order, currency), currency, "refunds")
    states = [reading.text(one, "state") for one in _objects(order, "payments")]
    return back * STEPS_PER_MINOR + sum(PAYMENT_STEPS[state] for state in states)


# ---- parts of an order ----


def last_payment(order: Mapping[str, Any]) -> str:
    """Return the state of the last payment, “open” where there is none."""
    payments = _objects(order, "payments")
    return reading.text(payments[-1], "state") if payments else "open"


def priced(price: Any, order: Mapping[str, Any], currency: str) -> charges.Charge:
    """Return a price with its tax. Raises UnknownWord for a way of counting taxes that is not known."""
    told = reading.mapping(price, "A price")
    amount = amounts.rounded(reading.decimal(told, "price"), currency)
    taxes = [
        reading.decimal({"tax": tax}, "tax") for tax in reading.sequence(told["taxes"], "taxes")
    ]
    tax = amounts.rounded(sum(taxes, NOTHING), currency)
    word = reading.text(order, "tax_status")
    if word not in {"gross", "net", "tax-free"}:
        raise UnknownWord(f"“{word}” is no way of counting taxes that Shopware is known to use.")
    if word == "tax-free":
        return charges.Charge(amount, NOTHING)
    return charges.Charge(amount + tax if word == "net" else amount, tax)


def lines_of(order: Mapping[str, Any], payment: str, currency: str) -> list[ReportLine]:
    """Return the articles, promotions spread over them, and what was given back taken off."""
    told = [(line, priced(line, order, currency)) for line in _objects(order, "lines")]
    lines = [
        ReportLine(
            number=number,
            sku=reading.text(line, "sku", default=""),
            quantity=reading.whole(line, "quantity"),
            amount=charge.amount,
            tax=charge.tax,
        )
        for number, (line, charge) in enumerate(told, 1)
        if charge.amount >= 0
    ]
    if not lines:
        raise reading.Misread("The order holds no article.")
    lines = charges.discounted(lines, [charge for _, charge in told], currency)
    back = _given_back(order, currency)
    if payment == "refunded" and not back:
        return [amounts.whole_return(line) for line in lines]
    return refunds.taken_off(lines, [refunds.Refund("all", back, {})], currency)


def _given_back(order: Mapping[str, Any], currency: str) -> Decimal:
    told = [one for payment in _objects(order, "payments") for one in payment.get("back", ())]
    back = sum((reading.decimal({"amount": one}, "amount") for one in told), NOTHING)
    return amounts.rounded(back, currency)
