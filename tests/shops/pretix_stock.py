"""Run by pretix's own Python: an organizer with one event, its tickets, a team that may ask, and a webhook.

Argument: where webhooks go. Writes the token of the team and the number of the ticket.
"""

import datetime
import sys

import django

django.setup()

from django.utils.timezone import now  # noqa: E402 - Django must be set up first
from django_scopes import scopes_disabled  # type: ignore[import-not-found]  # noqa: E402
from pretix.api.models import WebHook  # type: ignore[import-not-found]  # noqa: E402
from pretix.base.models import Event, Organizer  # type: ignore[import-not-found]  # noqa: E402

ACTIONS = ("placed", "paid", "canceled", "changed.cancel", "refund.created", "refund.done")

with scopes_disabled():
    organizer = Organizer.objects.create(name="The theatre", slug="theatre")
    event = Event.objects.create(
        organizer=organizer,
        name="The play",
        slug="play",
        currency="EUR",
        date_from=now() + datetime.timedelta(days=90),
        live=True,
        testmode=False,
        plugins="pretix.plugins.manualpayment",
    )
    event.settings.timezone = "Europe/Paris"
    event.settings.payment_manual__enabled = True
    event.settings.payment_manual_public_name = "At the box office"
    event.settings.payment_manual_checkout_description = "Pay when you come."
    event.settings.attendee_names_asked = False
    ticket = event.items.create(name="Ticket", default_price=25, admission=True)
    quota = event.quotas.create(name="Seats", size=100)
    quota.items.add(ticket)
    question = event.questions.create(
        question="Click", type="S", required=False, identifier="CAGNOTTE_CLICK", position=1
    )
    question.items.add(ticket)
    team = organizer.teams.create(name="API", all_events=True, all_event_permissions=True)
    token = team.tokens.create(name="Cagnotte")
    webhook = WebHook.objects.create(organizer=organizer, target_url=sys.argv[1], all_events=True)
    for action in ACTIONS:
        webhook.listeners.create(action_type=f"pretix.event.order.{action}")
    sys.stdout.write(f"{token.token} {ticket.pk} {question.pk}\n")
