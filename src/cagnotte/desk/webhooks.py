"""Webhook endpoints: made, changed, tried, their deliveries looked at and sent again."""

import json
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cagnotte.desk.access import Visit, staff_page
from cagnotte.domain import ids
from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.identity.staff import Ability
from cagnotte.journeys import sandbox as sandboxes
from cagnotte.notices import deliveries, endpoints
from cagnotte.notices.catalogue import SUBSCRIBABLE
from cagnotte.notices.deliveries import DeliveryRow
from cagnotte.notices.endpoints import EndpointFacts, MadeEndpoint
from cagnotte.notices.models import Attempt, Delivery, Event, WebhookEndpoint
from cagnotte.platform.shared_connection import shared_connection

PAGE = 25
"""Deliveries on one page."""

DIGITS_MAX = 18
"""Of a number that PostgreSQL keeps as bigint, whatever its digits are."""

AGAIN_HOURS = (1, 24, 24 * 7)
"""How far back everything may be sent again, as it is offered."""

STATES: dict[str, tuple[str, str]] = {
    Delivery.State.DELIVERED: ("good", "circle-check"),
    Delivery.State.PENDING: ("wait", "clock"),
    Delivery.State.SKIPPED: ("calm", "undo-2"),
    Delivery.State.FAILED: ("bad", "circle-x"),
}
"""How states are shown: state and icon of `<c-chip>`."""


class Shown(NamedTuple):
    """An endpoint on a page; mode: live or test."""

    id: str
    row: WebhookEndpoint
    mode: str


class Sent(NamedTuple):
    """A delivery on a page. state, icon: as `<c-chip>` has them."""

    row: DeliveryRow
    event: str
    state: str
    icon: str


class EndpointForm(forms.Form):
    """What an endpoint is to be."""

    url = forms.URLField(
        label=gettext_lazy("Address"),
        max_length=500,
        assume_scheme="https",
        help_text=gettext_lazy(
            "Begins with https://. It answers within 15 seconds with a status of 2xx."
        ),
        widget=forms.URLInput(attrs={"placeholder": "https://shop.example/cagnotte-events"}),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For people."),
    )
    envelope = forms.ChoiceField(
        label=gettext_lazy("Envelope"),
        choices=[
            (WebhookEndpoint.Envelope.STANDARD, "Standard Webhooks"),
            (WebhookEndpoint.Envelope.CLOUDEVENTS, "CloudEvents"),
        ],
        widget=forms.RadioSelect,
        initial=WebhookEndpoint.Envelope.STANDARD,
    )
    event_types = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        choices=[(name, name) for name in SUBSCRIBABLE],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy("None chosen: all of them, those to come too."),
    )


class NewEndpointForm(EndpointForm):
    """The same, with whose events it hears; that never changes."""

    mode = forms.ChoiceField(
        label=gettext_lazy("For"),
        choices=[
            ("test", gettext_lazy("The sandbox: nothing in it is real")),
            ("live", gettext_lazy("The programme: real members, real money")),
        ],
        widget=forms.RadioSelect,
        initial="test",
    )


@require_safe
@staff_page(Ability.MANAGE_WEBHOOKS, "desk_webhooks")
def webhooks(visit: Visit) -> HttpResponse:
    """List the endpoints of a programme and of its sandbox."""
    found = [
        Shown(ids.public_id("whk", row.id), row, mode)
        for mode, owner in _owners(visit).items()
        for row in endpoints.endpoints(owner)
    ]
    return visit.show("desk/webhooks.html", endpoints=found)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Ability.MANAGE_WEBHOOKS, "desk_webhooks")
def new_webhook(visit: Visit) -> HttpResponse:
    """Make an endpoint and show its secret, this once."""
    form = NewEndpointForm(visit.request.POST or None)
    if form.is_valid():
        owner = visit.programme
        if form.cleaned_data["mode"] == "test":
            owner = sandboxes.sandbox_of(owner.id) or sandboxes.make(owner, now=visit.now)
        try:
            made = endpoints.make(owner.id, _facts(form.cleaned_data), now=visit.now)
        except (InvalidInput, Refused) as error:
            _refuse(form, error)
        else:
            return _told(visit, made)
    return visit.show("desk/new_webhook.html", form=form, status=422 if form.errors else 200)


@require_safe
@staff_page(Ability.MANAGE_WEBHOOKS, "desk_webhooks")
def webhook(visit: Visit, endpoint: str) -> HttpResponse:
    """Show an endpoint with its last deliveries."""
    one = _endpoint(visit, endpoint)
    asked = visit.request.GET.get("state", "")
    state = asked if asked in STATES else ""
    before = visit.request.GET.get("before", "")
    found = deliveries.page(
        shared_connection(),
        one.row.id,
        count=PAGE + 1,
        before=_number(before),
        state=state or None,
    )
    return visit.show(
        "desk/webhook.html",
        endpoint=one,
        sent=[_sent(row) for row in found[:PAGE]],
        older=found[PAGE - 1].event_number if len(found) > PAGE else None,
        state=state,
        states=list(STATES),
        again_hours=AGAIN_HOURS,
        overlap=endpoints.OVERLAP_HOURS,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@transaction.atomic
@staff_page(Ability.MANAGE_WEBHOOKS, "desk_webhooks")
def change_webhook(visit: Visit, endpoint: str) -> HttpResponse:
    """Change what an endpoint hears, and where."""
    one = _endpoint(visit, endpoint, lock=visit.request.method == "POST")
    row = one.row
    standing = {
        "url": row.url, "description": row.description, "envelope": row.envelope,
        "event_types": row.event_types,
    }  # fmt: skip
    form = EndpointForm(visit.request.POST or None, initial=standing)
    if form.is_valid():
        try:
            _change(row, _facts(form.cleaned_data), visit, enabled=row.disabled_at is None)
        except InvalidInput as error:
            _refuse(form, error)
        else:
            messages.success(visit.request, _("The endpoint is changed."))
            return _back(visit, one)
    return visit.show(
        "desk/change_webhook.html", form=form, endpoint=one, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Ability.MANAGE_WEBHOOKS, "desk_webhooks")
def remove_webhook(visit: Visit, endpoint: str) -> HttpResponse:
    """Remove an endpoint with its log, once that is confirmed."""
    one = _endpoint(visit, endpoint)
    if visit.request.method == "POST":
        endpoints.remove(one.row)
        messages.success(
            visit.request, _("{url} is told nothing any more.").format(url=one.row.url)
        )
        return HttpResponseRedirect(reverse("desk_webhooks", args=(visit.programme.slug,)))
    return visit.show("desk/remove_webhook.html", endpoint=one)


@require_POST
@transaction.atomic
@staff_page(Ability.MANAGE_WEBHOOKS, "desk_webhooks")
def act_on_webhook(visit: Visit, endpoint: str) -> HttpResponse:
    """Do what the button says: test, on, off, rotate, one event again, or all since some hours."""
    one = _endpoint(visit, endpoint, lock=True)
    told = visit.request.POST
    try:
        match told.get("act"):
            case "test":
                endpoints.send_test(shared_connection(), one.row, now=visit.now)
                messages.success(visit.request, _("A test event is on its way."))
            case "on" | "off" as word:
                _switch(visit, one.row, enabled=word == "on")
            case "rotate":
                return _told(visit, endpoints.rotate(one.row, now=visit.now), is_new=False)
            case "again":
                _again(visit, one.row, told.get("event", ""))
            case "again_since":
                _again_since(visit, one.row, told.get("hours", ""))
    except (Refused, InvalidInput) as error:
        messages.error(visit.request, error.sentence)
    return _back(visit, one)


@require_safe
@staff_page(Ability.MANAGE_WEBHOOKS, "desk_webhooks")
def delivery(visit: Visit, endpoint: str, number: int) -> HttpResponse:
    """Show one delivery: the event as it is told, and each attempt."""
    one = _endpoint(visit, endpoint)
    found = Delivery.objects.filter(recipient_id=one.row.id, number=number).first()
    event = Event.objects.filter(number=found.event_number).first() if found else None
    if found is None or event is None:
        raise NotFound("There is no such delivery, or it is too long ago.")
    state, icon = STATES[found.state]
    return visit.show(
        "desk/delivery.html",
        endpoint=one,
        delivery=found,
        state=state,
        icon=icon,
        event=event,
        event_id=ids.public_id("evt", event.id),
        data=json.dumps(event.data, indent=2, ensure_ascii=False),
        attempts=list(Attempt.objects.filter(delivery_number=found.number).order_by("-id")[:50]),
    )


def _facts(told: dict[str, Any]) -> EndpointFacts:
    return EndpointFacts(
        url=told["url"],
        description=told["description"],
        event_types=told["event_types"],
        envelope=told["envelope"],
    )


def _change(row: WebhookEndpoint, facts: EndpointFacts, visit: Visit, *, enabled: bool) -> None:
    endpoints.change(shared_connection(), row, facts, enabled=enabled, now=visit.now)


def _switch(visit: Visit, row: WebhookEndpoint, *, enabled: bool) -> None:
    facts = EndpointFacts(row.url, row.description, row.event_types, row.envelope)
    _change(row, facts, visit, enabled=enabled)
    words = _("The endpoint is switched on.") if enabled else _("The endpoint is switched off.")
    messages.success(visit.request, words)


def _again(visit: Visit, row: WebhookEndpoint, number: str) -> None:
    known = _number(number)
    if known is not None and deliveries.again(shared_connection(), row, known, now=visit.now):
        messages.success(visit.request, _("The event is on its way again."))
    else:
        messages.error(visit.request, _("There is no such event any more."))


def _again_since(visit: Visit, row: WebhookEndpoint, hours: str) -> None:
    if hours not in map(str, AGAIN_HOURS):
        return
    count = deliveries.again_since(
        shared_connection(), row, since=visit.now - timedelta(hours=int(hours)), only_lost=True,
        now=visit.now,
    )  # fmt: skip
    words = ngettext(
        "{count} event is on its way again.", "{count} events are on their way again.", count
    )
    messages.success(visit.request, words.format(count=count))


def _refuse(form: forms.Form, error: InvalidInput | Refused) -> None:
    pointer = str(error.facts.get("pointer", "")).removeprefix("#/")
    form.add_error(pointer if pointer in form.fields else None, error.sentence)


def _told(visit: Visit, made: MadeEndpoint, *, is_new: bool = True) -> HttpResponse:
    """Show a new secret. It is part of this one answer and stands nowhere else."""
    return visit.show(
        "desk/made_webhook.html", secret=made.secret, row=made.row, is_new=is_new,
        id=ids.public_id("whk", made.row.id), overlap=endpoints.OVERLAP_HOURS,
    )  # fmt: skip


def _number(text: str) -> int | None:
    """Read the number of an event, None where it can be none."""
    fits = text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX
    return int(text) if fits else None


def _owners(visit: Visit) -> dict[str, UUID]:
    """Whose endpoints are shown, by mode."""
    sandbox = sandboxes.sandbox_of(visit.programme.id)
    return {"live": visit.programme.id, **({"test": sandbox.id} if sandbox else {})}


def _endpoint(visit: Visit, text: str, *, lock: bool = False) -> Shown:
    """Return an endpoint of the programme or its sandbox; to be changed, it is locked. Raises NotFound."""
    try:
        endpoint_id = ids.parse_public_id("whk", text)
    except ValueError:
        raise NotFound(f"There is no webhook endpoint {text}.") from None
    for mode, owner in _owners(visit).items():
        row = endpoints.find(owner, endpoint_id, lock=lock)
        if row is not None:
            return Shown(text, row, mode)
    raise NotFound(f"There is no webhook endpoint {text}.")


def _sent(row: DeliveryRow) -> Sent:
    state, icon = STATES[row.state]
    return Sent(row, ids.public_id("evt", row.event_id), state, icon)


def _back(visit: Visit, one: Shown) -> HttpResponse:
    return HttpResponseRedirect(reverse("desk_webhook", args=(visit.programme.slug, one.id)))
