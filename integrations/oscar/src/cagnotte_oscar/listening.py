"""Noting that an order has to be told, in the transaction that changes it.

Oscar says what happens to orders by signals, and Django by signals what is saved; the latter are sent inside the
transaction of the change, also where a shop saves without Oscar's help. Oscar's `order_placed` comes when all of an
order is there, and only starts the sending.
"""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.signals import post_save
from oscar.apps.order.signals import order_placed
from oscar.core.loading import get_model

from cagnotte_oscar import sending
from cagnotte_oscar.conf import CLICK, conf
from cagnotte_oscar.middleware import current_click
from cagnotte_oscar.models import OrderToTell


def connect() -> None:
    """Begin to listen."""
    name = "cagnotte_oscar"
    post_save.connect(_order_saved, get_model("order", "Order"), dispatch_uid=f"{name}.order")
    post_save.connect(_line_saved, get_model("order", "Line"), dispatch_uid=f"{name}.line")
    post_save.connect(
        _payment_saved, get_model("order", "PaymentEvent"), dispatch_uid=f"{name}.payment"
    )
    post_save.connect(
        _units_saved, get_model("order", "PaymentEventQuantity"), dispatch_uid=f"{name}.units"
    )
    order_placed.connect(_order_placed, dispatch_uid=f"{name}.placed")


def note(order: Any) -> None:
    """Note that an order changed. Call it after changes that no signal tells of, such as `QuerySet.update`."""
    _, created = OrderToTell.objects.get_or_create(
        order=order, defaults={"click": current_click(), "due_at": sending.now()}
    )
    if not created:
        OrderToTell.objects.filter(order=order).update(
            changes=F("changes") + 1, due_at=sending.now(), attempts=0
        )
    _send_after_commit(order)


def remember(order: Any, *, click: str = "", member: str = "") -> None:
    """Note what led to an order: for shops that place orders outside a request, or ask for a member number.

    Raises ValueError for a click that Cagnotte did not make.
    """
    if click and not CLICK.fullmatch(click):
        raise ValueError(f"“{click}” is no click of Cagnotte.")
    note(order)
    traces = {name: value for name, value in (("click", click), ("member", member)) if value}
    OrderToTell.objects.filter(order=order).update(**traces)


def _order_saved(instance: Any, *, raw: bool = False, **_: Any) -> None:
    if not raw:
        note(instance)


def _line_saved(instance: Any, *, created: bool, raw: bool = False, **_: Any) -> None:
    # New lines come with their order.
    if not raw and not created:
        note(instance.order)


def _payment_saved(instance: Any, *, raw: bool = False, **_: Any) -> None:
    if not raw and instance.event_type.name in conf().refund_events:
        note(instance.order)


def _units_saved(instance: Any, *, raw: bool = False, **_: Any) -> None:
    # Oscar saves a payment event first, and then which units it is of.
    _payment_saved(instance.event, raw=raw)


def _order_placed(order: Any, **_: Any) -> None:
    _send_after_commit(order)


def _send_after_commit(order: Any) -> None:
    known = conf()
    if known.connected and known.send_at_once:
        # What is thrown there is logged: a checkout never fails for want of Cagnotte.
        transaction.on_commit(partial(sending.send, order.pk), robust=True)
