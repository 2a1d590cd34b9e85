"""The command `cagnotte_send`: tells what is due, and orders again."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import F
from django.utils import timezone
from oscar.core.loading import get_model

from cagnotte_oscar import listening, sending
from cagnotte_oscar.conf import conf
from cagnotte_oscar.models import OrderToTell


class Command(BaseCommand):
    """Tells Cagnotte about orders; run it every few minutes."""

    help = "Tell Cagnotte the orders that changed and could not be told at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the options."""
        parser.add_argument("--limit", type=int, default=500, help="so many orders at most")
        parser.add_argument("--order", action="append", default=[], help="tell this order again")
        parser.add_argument(
            "--since", type=datetime.fromisoformat, help="tell all orders placed since then again"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the command."""
        if not conf().connected:
            raise CommandError("The setting CAGNOTTE needs URL and SECRET.")
        again = self._again(options["order"], options["since"])
        summary = sending.send_due(limit=options["limit"])
        waiting = OrderToTell.objects.filter(told__lt=F("changes")).count()
        noted = f"{again} noted again, " if again else ""
        self.stdout.write(
            f"{noted}{summary.told} told, {summary.failed} failed, {waiting} waiting."
        )
        if summary.failed:
            raise CommandError("Not all orders were taken; they are tried again later.")

    def _again(self, numbers: list[str], since: datetime | None) -> int:
        """Note orders as if they had changed, those from before the app was installed too."""
        orders = get_model("order", "Order").objects.none()
        known = get_model("order", "Order").objects
        if numbers:
            orders |= known.filter(number__in=numbers)
        if since is not None:
            aware = since if since.tzinfo else timezone.make_aware(since)
            orders |= known.filter(date_placed__gte=aware)
        found = list(orders)
        for order in found:
            listening.note(order)
            OrderToTell.objects.filter(order=order).update(digest="")
        return len(found)
