"""What is told of an order: the whole of it, as it stands, as JSON. The format is described in the README."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from cagnotte_oscar.conf import Conf
from cagnotte_oscar.models import OrderToTell

TYPE = "order.changed"


def content_of(row: OrderToTell, conf: Conf) -> dict[str, Any]:
    """Return all that is told of an order but the moment of telling. Amounts are texts, tax included."""
    order = row.order
    status = order.status or ""
    state, reason = conf.state_of(status)
    address = order.shipping_address or order.billing_address
    surcharges = list(order.surcharges.all())
    delivery = order.shipping_incl_tax + sum(one.incl_tax for one in surcharges)
    delivery_net = order.shipping_excl_tax + sum(one.excl_tax for one in surcharges)
    return {
        # Oscar's generator makes whole numbers, which are texts once they are read again.
        "number": str(order.number),
        "version": row.changes,
        "placed_at": _moment(order.date_placed),
        "currency": order.currency,
        "status": status,
        "state": state,
        "reason": reason,
        "lines": [_line(line) for line in order.lines.order_by("pk")],
        "delivery": str(delivery),
        "delivery_tax": str(delivery - delivery_net),
        "refunds": [_refund(event) for event in _refund_events(order, conf)],
        "vouchers": sorted({one.voucher_code for one in order.discounts.all() if one.voucher_code}),
        "click": row.click,
        "member": row.member,
        "email": order.email or "" if conf.send_email else "",
        "country": address.country_id if address else "",
        "test": conf.test,
    }


def _line(line: Any) -> dict[str, Any]:
    before = line.line_price_before_discounts_incl_tax
    return {
        "number": line.pk,
        "sku": line.partner_sku,
        "quantity": line.quantity,
        "amount": str(before),
        "discount": str(before - line.line_price_incl_tax),
        "tax": str(line.line_price_incl_tax - line.line_price_excl_tax),
        "category": _category(line),
    }


def _category(line: Any) -> str:
    """Return the address of the product's first category, "" for one that has none or is gone."""
    product = line.product
    category = product.get_categories().first() if product is not None else None
    return category.slug if category is not None else ""


def _refund_events(order: Any, conf: Conf) -> Sequence[Any]:
    events = order.payment_events.filter(event_type__name__in=list(conf.refund_events))
    return list(events.order_by("pk").prefetch_related("line_quantities"))


def _refund(event: Any) -> dict[str, Any]:
    return {
        "id": str(event.pk),
        "amount": str(Decimal(event.amount)),
        "reference": event.reference,
        "at": _moment(event.date_created),
        "lines": [
            {"number": one.line_id, "quantity": one.quantity}
            for one in event.line_quantities.order_by("line_id")
        ],
    }


def _moment(at: datetime) -> str:
    return at.isoformat()
