"""Vouchers of Cagnotte as Oscar's own: made, told what orders took of them, and ended.

A member of Cagnotte turns money into a voucher, and the shop takes its code at the checkout like any other of Oscar's.
It is used once, and gives no more than its amount. `VoucherOfCagnotte` says which of Oscar's vouchers is which of
Cagnotte's, so that one that is told twice is made once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from oscar.core.loading import get_model

from cagnotte_oscar.conf import conf
from cagnotte_oscar.models import VoucherOfCagnotte

CENT = Decimal("0.01")
"""Oscar's amounts have two decimals."""

IDS_MAX = 100


class Refused(Exception):
    """The shop does not take this voucher, and why. conflict: because of another one that it has."""

    def __init__(self, why: str, *, conflict: bool = False) -> None:
        super().__init__(why)
        self.conflict = conflict


def issue(told: Mapping[str, Any]) -> dict[str, Any]:
    """Make a voucher, unless it was made; return how it stands. Raises Refused."""
    known = _known(told["id"])
    if known is None:
        try:
            known = _made(told)
        except IntegrityError:
            # Told at the same moment by somebody else, or the code is taken.
            known = _known(told["id"])
            if known is None:
                raise Refused("another voucher has its code", conflict=True) from None
    return standing(known)


def read(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return how vouchers stand; those that are not known are left out. Raises Refused."""
    ids: Sequence[str] = told["ids"]
    if len(ids) > IDS_MAX:
        raise Refused(f"no more than {IDS_MAX} vouchers are told at once")
    found = VoucherOfCagnotte.objects.filter(cagnotte_id__in=ids).select_related("voucher")
    return {"vouchers": [standing(one) for one in found]}


def void(told: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """End a voucher and return how it stands; one that was never made has no `native_id`."""
    with transaction.atomic():
        known = _known(told["id"])
        if known is None:
            return {"id": told["id"], "native_id": None, "uses": []}
        model = get_model("voucher", "Voucher")
        # An order that is being placed holds the voucher; what it takes is told below.
        voucher = model.objects.select_for_update().get(pk=known.voucher_id)
        if voucher.end_datetime >= now:
            voucher.end_datetime = now - timedelta(seconds=1)
            voucher.start_datetime = min(voucher.start_datetime, voucher.end_datetime)
            voucher.save()
    return standing(known)


def standing(known: VoucherOfCagnotte) -> dict[str, Any]:
    """Return what orders took of a voucher. What a declined order took is given back."""
    discounts = get_model("order", "OrderDiscount").objects.filter(
        voucher_id=known.voucher_id, amount__gt=0
    )
    uses: dict[str, dict[str, Any]] = {}
    for discount in discounts.select_related("order").order_by("pk"):
        order = discount.order
        use = uses.setdefault(
            order.number,
            {"order": str(order.number), "amount": Decimal(0), "at": order.date_placed.isoformat()},
        )
        use["amount"] += discount.amount
        declined = conf().state_of(order.status or "")[0] == "declined"
        use["given_back"] = use["amount"] if declined else Decimal(0)
    return {
        "id": known.cagnotte_id,
        "native_id": str(known.voucher_id),
        "uses": [
            {**use, "amount": str(use["amount"]), "given_back": str(use["given_back"])}
            for use in uses.values()
        ],
    }


def _known(cagnotte_id: str) -> VoucherOfCagnotte | None:
    return VoucherOfCagnotte.objects.filter(cagnotte_id=cagnotte_id).first()


def _made(told: Mapping[str, Any]) -> VoucherOfCagnotte:
    """Make Oscar's voucher with the offer behind it. Raises Refused, IntegrityError."""
    amount, minimum = _amount(told, "amount"), _amount(told, "minimum_basket")
    currency = settings.OSCAR_DEFAULT_CURRENCY
    if told["currency"] != currency:
        raise Refused(f"the shop is in {currency}, the voucher in {told['currency']}")
    name = f"Cagnotte {told['id']}"
    with transaction.atomic():
        voucher = get_model("voucher", "Voucher").objects.create(
            name=name,
            code=told["code"],
            usage="Single use",
            start_datetime=datetime.fromisoformat(told["starts_at"]),
            # Oscar takes a voucher up to and with this moment.
            end_datetime=datetime.fromisoformat(told["ends_at"]) - timedelta(seconds=1),
        )
        voucher.offers.add(_offer(name, amount, minimum))
        return VoucherOfCagnotte.objects.create(cagnotte_id=told["id"], voucher=voucher)


def _offer(name: str, amount: Decimal, minimum: Decimal) -> Any:
    """Make the offer: so much off all articles, once in a basket and no more in all."""
    everything, _ = get_model("offer", "Range").objects.get_or_create(
        name="Cagnotte: all articles", defaults={"includes_all_products": True}
    )
    condition = get_model("offer", "Condition").objects.create(
        range=everything,
        type="Value" if minimum else "Count",
        value=minimum or 1,
    )
    benefit = get_model("offer", "Benefit").objects.create(
        range=everything, type="Absolute", value=amount
    )
    return get_model("offer", "ConditionalOffer").objects.create(
        name=name,
        offer_type="Voucher",
        condition=condition,
        benefit=benefit,
        max_basket_applications=1,
        max_discount=amount,
    )


def _amount(told: Mapping[str, Any], name: str) -> Decimal:
    try:
        amount = Decimal(told[name])
    except (InvalidOperation, TypeError):
        raise Refused(f"“{name}” is no amount") from None
    if not amount.is_finite() or amount < 0 or amount != amount.quantize(CENT):
        raise Refused(f"“{name}” is {told[name]}, which is no amount here")
    return amount
