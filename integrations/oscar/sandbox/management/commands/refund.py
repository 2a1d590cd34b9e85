"""The command `refund`: gives money back, as a person at the shop would on Oscar's dashboard."""

from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand
from oscar.core.loading import get_class, get_model


class Command(BaseCommand):
    """Books a payment event of the type “Refund”."""

    help = "Refund an order, or some units of an article of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the options."""
        parser.add_argument("number", help="of the order")
        parser.add_argument("amount", type=Decimal)
        parser.add_argument("--sku", default="")
        parser.add_argument("--units", type=int, default=1)

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the command."""
        order = get_model("order", "Order").objects.get(number=options["number"])
        kind, _ = get_model("order", "PaymentEventType").objects.get_or_create(name="Refund")
        lines = list(order.lines.filter(partner_sku=options["sku"]))
        get_class("order.processing", "EventHandler")().handle_payment_event(
            order, kind, options["amount"], lines, [options["units"]] * len(lines)
        )
