"""Webhook endpoints: made, changed, their secrets rotated, switched off and on again.

A secret is shown when it is made and kept sealed; while one is being replaced, both sign what is sent.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
from django.conf import settings
from django.db import transaction

from cagnotte.domain.errors import InvalidInput, Refused
from cagnotte.domain.ids import public_id
from cagnotte.notices import deliveries, shapes
from cagnotte.notices.catalogue import SUBSCRIBABLE, TEST
from cagnotte.notices.messages import new_secret
from cagnotte.notices.models import Delivery, Event, WebhookEndpoint
from cagnotte.platform.http import is_public
from cagnotte.platform.secrets_box import seal

Connection = psycopg.Connection[Any]

ENDPOINTS_MAX = 20
"""Endpoints of one programme: every event is sent to each that asked for it."""

OVERLAP_HOURS = 24
"""How long a replaced secret goes on signing, so that the receiver can change over."""

OVERLAP_HOURS_MAX = 7 * 24


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """What a person says of an endpoint. event_types: empty = all of them."""

    url: str
    description: str = ""
    event_types: Sequence[str] = ()
    envelope: str = WebhookEndpoint.Envelope.STANDARD


@dataclass(frozen=True, slots=True)
class MadeEndpoint:
    """An endpoint with its new secret, which is shown this once."""

    row: WebhookEndpoint
    secret: str


@transaction.atomic
def make(programme_id: UUID, facts: EndpointFacts, *, now: datetime) -> MadeEndpoint:
    """Make an endpoint; it hears of everything from now on.

    Raises InvalidInput for an address that is never called or a type that does not exist, Refused when there are too
    many.
    """
    if WebhookEndpoint.objects.filter(programme_id=programme_id).count() >= ENDPOINTS_MAX:
        raise Refused(
            f"A programme has {ENDPOINTS_MAX} webhook endpoints at most.", at_most=ENDPOINTS_MAX
        )
    secret = new_secret()
    row = WebhookEndpoint(
        id=uuid4(),
        programme_id=programme_id,
        url=_checked_url(facts.url),
        description=facts.description,
        event_types=_checked_types(facts.event_types),
        envelope=WebhookEndpoint.Envelope(facts.envelope).value,
        sealed_secret=seal(secret),
        created_at=now,
    )
    row.save(force_insert=True)
    return MadeEndpoint(row, secret)


def find(programme_id: UUID, endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint | None:
    """Return a programme's endpoint, None when there is none such. lock: until the transaction ends."""
    rows = WebhookEndpoint.objects.filter(programme_id=programme_id)
    return (rows.select_for_update() if lock else rows).filter(id=endpoint_id).first()


def endpoints(programme_id: UUID) -> list[WebhookEndpoint]:
    """Return a programme's endpoints, the oldest first."""
    return list(WebhookEndpoint.objects.filter(programme_id=programme_id).order_by("created_at"))


@transaction.atomic
def change(
    connection: Connection,
    row: WebhookEndpoint,
    facts: EndpointFacts,
    *,
    enabled: bool,
    now: datetime,
) -> WebhookEndpoint:
    """Change an endpoint, locked before; switch it off or on. What happened while it was off is sent when asked for.

    Raises InvalidInput as `make`.
    """
    row.url, row.description = _checked_url(facts.url), facts.description
    row.event_types = _checked_types(facts.event_types)
    row.envelope = WebhookEndpoint.Envelope(facts.envelope).value
    fields = ["url", "description", "event_types", "envelope"]
    if enabled and row.disabled_at is not None:
        row.disabled_at, row.disabled_because, row.failing_since = None, "", None
        fields += ["disabled_at", "disabled_because", "failing_since"]
    row.save(update_fields=fields)
    if not enabled and row.disabled_at is None:
        deliveries.switch_off(connection, row.id, WebhookEndpoint.Off.BY_HAND, now=now)
        row.refresh_from_db()
    return row


@transaction.atomic
def rotate(row: WebhookEndpoint, *, now: datetime, keep_hours: int = OVERLAP_HOURS) -> MadeEndpoint:
    """Give an endpoint, locked before, another secret; the one before signs beside it for so many hours."""
    secret = new_secret()
    row.sealed_before = row.sealed_secret if keep_hours else ""
    row.before_until = now + timedelta(hours=keep_hours) if keep_hours else None
    row.sealed_secret = seal(secret)
    row.save(update_fields=["sealed_secret", "sealed_before", "before_until"])
    return MadeEndpoint(row, secret)


@transaction.atomic
def remove(row: WebhookEndpoint) -> None:
    """Remove an endpoint with the log of its deliveries; events stay."""
    Delivery.objects.filter(recipient_id=row.id).delete()
    row.delete()


@transaction.atomic
def send_test(connection: Connection, row: WebhookEndpoint, *, now: datetime) -> Event:
    """Send an endpoint, and nobody else, an event that means nothing.

    Raises Refused when it is switched off.
    """
    if row.disabled_at is not None:
        raise Refused("The endpoint is switched off; switch it on first.", id=row.id)
    event_id = uuid4()
    data = shapes.TestData(id=public_id("whk", row.id))
    event = Event.objects.create(
        id=event_id,
        programme_id=row.programme_id,
        type=TEST,
        object_id=data.id,
        fact_id=event_id,
        created_at=now,
        made_at=now,
        data=data.plain(),
    )
    deliveries.again(connection, row, event.number, now=now)
    return event


def _checked_url(url: str) -> str:
    """Return an address that may be called, as far as it says itself; where its name leads is looked at each time."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    schemes = ("https", "http") if settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES else ("https",)
    if parts.scheme not in schemes or not host or parts.username or not url.isascii():
        raise InvalidInput(
            "The address of a webhook endpoint begins with https:// and holds no name or password.",
            pointer="#/url",
        )
    if not url.isprintable() or " " in url:
        raise InvalidInput("The address holds what no address can.", pointer="#/url")
    with suppress(ValueError):
        if not settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES and not is_public(host):
            raise InvalidInput(
                f"{host} lies in a private network, which is never called.", pointer="#/url"
            )
    return url


def _checked_types(names: Sequence[str]) -> list[str]:
    unknown = [name for name in names if name not in SUBSCRIBABLE]
    if unknown:
        raise InvalidInput(
            f"There is no type of events “{unknown[0]}”; there is {', '.join(SUBSCRIBABLE)}.",
            pointer="#/event_types",
        )
    return sorted(set(names))
