"""`/developers/start/`: from nothing to a first reward, in five steps that can be copied."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cagnotte.desk.reference import base_of
from cagnotte.identity.staff import programmes_of

HEADERS = '-H "Authorization: Bearer $KEY" -H "Content-Type: application/json"'


class Step(NamedTuple):
    """One step: what it is, what it does, and what to type. BASE in a command is the server's address."""

    title: str | Promise
    text: str | Promise
    command: str


STEPS = (
    Step(
        _("Take a test key"),
        _(
            "It opens the sandbox of your programme: the same rules, books of its own, nothing real."
        ),
        "export KEY=cag_test_sk_…",
    ),
    Step(
        _("Look which shops there are"),
        _(
            "A purchase names its shop by “ref”. The programme file says which shops belong to the programme."
        ),
        f"curl BASE/v1/merchants {HEADERS}",
    ),
    Step(
        _("Enrol a member"),
        _(
            "“ref” is your own number of the customer. The answer holds the cagnotte that is opened."
        ),
        f"curl BASE/v1/members {HEADERS} \\\n"
        '  -H "Idempotency-Key: member-1" \\\n'
        """  -d '{"ref": "customer-1", "name": "Ana"}'""",
    ),
    Step(
        _("Send a purchase"),
        _(
            "Put your shop in place of “corner”. The answer says what the purchase earns, line by line."
        ),
        f"curl BASE/v1/purchases {HEADERS} \\\n"
        '  -H "Idempotency-Key: order-1" \\\n'
        """  -d '{"merchant": "corner", "order_ref": "order-1", "member_ref": "customer-1",\n"""
        """       "occurred_at": "2026-03-01T12:00:00+01:00", "currency": "EUR",\n"""
        """       "lines": [{"sku": "tea", "quantity": 1, "amount_minor": 4990}]}'""",
    ),
    Step(
        _("See the reward, and why"),
        _(
            "Every amount is explained. Once your shop has confirmed the purchase, the money becomes available."
        ),
        f'curl "BASE/v1/rewards?limit=1" {HEADERS}',
    ),
)
"""The quick start."""


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Show the steps."""
    base = base_of(request)
    posts = programmes_of(request.user) if request.user.is_authenticated else []
    steps = [step._replace(command=step.command.replace("BASE", base)) for step in STEPS]
    return render(request, "desk/start.html", {"steps": steps, "posts": posts})
