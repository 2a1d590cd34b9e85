"""The command `set_status`: moves an order on, as a person at the shop would on Oscar's dashboard."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from oscar.core.loading import get_class, get_model


class Command(BaseCommand):
    """Gives an order the next statuses of its pipeline."""

    help = "Give an order one status after the other."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the options."""
        parser.add_argument("number", help="of the order")
        parser.add_argument("status", nargs="+")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the command."""
        order = get_model("order", "Order").objects.get(number=options["number"])
        for status in options["status"]:
            get_class("order.processing", "EventHandler")().handle_order_status_change(
                order, status
            )
