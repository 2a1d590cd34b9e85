"""Webhook endpoints: addresses that are told of events, what was sent there, and sending it again."""

from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from cagnotte.api import conditional, pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.idempotency import idempotent
from cagnotte.api.resources.events import event_of
from cagnotte.api.shapes import Body, Moment, example, nothing, read_id
from cagnotte.domain.errors import Refused
from cagnotte.domain.ids import public_id
from cagnotte.notices import deliveries, endpoints
from cagnotte.notices.deliveries import Attempted, DeliveryRow
from cagnotte.notices.endpoints import EndpointFacts, MadeEndpoint
from cagnotte.notices.models import WebhookEndpoint as Row
from cagnotte.platform.shared_connection import shared_connection

router = Router(tags=["Webhook endpoints"])

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=500,
        description="Where events are sent: https://, on the open internet.",
    ),
]
Description = Annotated[str, Field(max_length=200, description="For people.")]
Types = Annotated[
    list[Annotated[str, Field(max_length=60)]],
    Field(max_length=50, description="What it hears of; an empty list: everything."),
]
Envelope = Annotated[
    Literal["standard", "cloudevents"],
    Field(description="standard: id, type, timestamp, data. cloudevents: CloudEvents 1.0."),
]
State = Literal["pending", "delivered", "skipped", "failed"]


class NewWebhookEndpoint(Body):
    """An address that shall be told of events."""

    url: Url
    description: Description = ""
    event_types: Types = Field(default=[])
    envelope: Envelope = "standard"

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            url="https://shop.example/hooks/cagnotte",
            event_types=["reward.confirmed", "reward.declined"],
        ),
    )


class WebhookEndpointChange(Body):
    """What may be changed; what is left out stays as it is."""

    url: Url | None = None
    description: Description | None = None
    event_types: Types | None = None
    envelope: Envelope | None = None
    enabled: bool | None = Field(
        default=None, description="false: nothing is sent; what is on its way is given up."
    )

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=example(event_types=[], enabled=True)
    )


class WebhookEndpoint(Schema):
    """An address that is told of events."""

    id: str = Field(examples=["whk_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    url: str
    description: str
    event_types: list[str]
    envelope: Literal["standard", "cloudevents"]
    enabled: bool
    disabled_because: Literal["by_hand", "gone", "failing"] | None = Field(
        description="gone: it answered 410. failing: no good answer for days."
    )
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="No good answer since; null: all is well.")
    created_at: datetime


class WebhookEndpointWithSecret(WebhookEndpoint):
    """An endpoint with its secret, which is shown this once."""

    secret: str = Field(
        description="Signs what is sent (Standard Webhooks); keep it on your server.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    secret_before_until: datetime | None = Field(
        description="Until then the secret before signs too; null: there is none."
    )


class WebhookEndpoints(pages.Page):
    """All endpoints, the oldest first."""

    data: list[WebhookEndpoint]


class Rotation(Body):
    """How long the present secret goes on signing beside the new one."""

    keep_hours: int = Field(
        default=endpoints.OVERLAP_HOURS, ge=0, le=endpoints.OVERLAP_HOURS_MAX, strict=True
    )


class DeliveryAttempt(Schema):
    """One call of the endpoint."""

    at: datetime
    duration_ms: int
    status: int | None = Field(description="Its answer's; null: there was none.")
    detail: str = Field(description="What went wrong; empty: nothing.")
    answer: str = Field(description="The beginning of its answer.")


class Delivery(Schema):
    """An event on its way to the endpoint."""

    object: Literal["delivery"] = "delivery"
    event_id: str
    type: str
    object_id: str
    state: State
    attempts: int
    next_attempt_at: datetime | None = Field(description="Null once it has arrived or is given up.")
    finished_at: datetime | None
    detail: str = Field(description="Why it is not there; empty: nothing is wrong.")
    last_attempt: DeliveryAttempt | None


class Deliveries(pages.Page):
    """A page of deliveries."""

    data: list[Delivery]


class ReplaySince(Body):
    """Which events to send again."""

    since: Moment = Field(description="Those told since; 30 days are kept.")
    only_lost: bool = Field(
        default=True, description="Only those that never arrived; false: all of them."
    )

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=example(since="2026-02-10T00:00:00+00:00")
    )


class Replayed(Schema):
    """How many events are on their way again."""

    object: Literal["replay"] = "replay"
    webhook_endpoint_id: str
    events: int


@router.post(
    "/webhook_endpoints",
    response={201: WebhookEndpointWithSecret},
    auth=secret("webhooks:write"),
)
@idempotent
def create_webhook_endpoint(
    request: ApiRequest, response: HttpResponse, body: NewWebhookEndpoint
) -> WebhookEndpointWithSecret:
    """Name an address that is told of events from now on; its secret is shown this once."""
    facts = EndpointFacts(body.url, body.description, body.event_types, body.envelope)
    made = endpoints.make(request.key.programme_id, facts, now=request.now)
    response["Location"] = f"/v1/webhook_endpoints/{public_id('whk', made.row.id)}"
    return _with_secret(made)


@router.get("/webhook_endpoints", response=WebhookEndpoints, auth=secret("webhooks:read"))
def list_webhook_endpoints(request: ApiRequest) -> WebhookEndpoints:
    """Return all endpoints; a programme has 20 at most."""
    rows = endpoints.endpoints(request.key.programme_id)
    return WebhookEndpoints(data=[_shown(row) for row in rows], has_more=False, next_cursor=None)


@router.get(
    "/webhook_endpoints/{webhook_endpoint_id}",
    response={200: WebhookEndpoint, 304: None},
    auth=secret("webhooks:read"),
)
def get_webhook_endpoint(
    request: ApiRequest, response: HttpResponse, webhook_endpoint_id: str
) -> WebhookEndpoint | HttpResponse:
    """Return one endpoint; its ETag is what an If-Match of a change names."""
    shown = _shown(_row(request, webhook_endpoint_id))
    etag = conditional.etag_of(shown)
    response["ETag"] = etag
    return conditional.unchanged(request, etag) or shown


@router.patch(
    "/webhook_endpoints/{webhook_endpoint_id}",
    response=WebhookEndpoint,
    auth=secret("webhooks:write"),
)
@idempotent
def update_webhook_endpoint(
    request: ApiRequest,
    response: HttpResponse,
    webhook_endpoint_id: str,
    body: WebhookEndpointChange,
) -> WebhookEndpoint:
    """Change an endpoint, or switch it off or on. With If-Match, only while nobody else has (else 412)."""
    row = _row(request, webhook_endpoint_id, lock=True)
    conditional.require_match(request, conditional.etag_of(_shown(row)))
    facts = EndpointFacts(
        row.url if body.url is None else body.url,
        row.description if body.description is None else body.description,
        row.event_types if body.event_types is None else body.event_types,
        row.envelope if body.envelope is None else body.envelope,
    )
    enabled = row.disabled_at is None if body.enabled is None else body.enabled
    changed = endpoints.change(shared_connection(), row, facts, enabled=enabled, now=request.now)
    shown = _shown(changed)
    response["ETag"] = conditional.etag_of(shown)
    return shown


@router.delete(
    "/webhook_endpoints/{webhook_endpoint_id}",
    response={204: None},
    auth=secret("webhooks:write"),
)
@idempotent
def delete_webhook_endpoint(request: ApiRequest, webhook_endpoint_id: str) -> Status[None]:
    """Remove an endpoint with the log of its deliveries; what is on its way is sent no more."""
    endpoints.remove(_row(request, webhook_endpoint_id, lock=True))
    return Status(204, None)


@router.post(
    "/webhook_endpoints/{webhook_endpoint_id}/rotate_secret",
    response=WebhookEndpointWithSecret,
    auth=secret("webhooks:write"),
)
@idempotent
def rotate_webhook_secret(
    request: ApiRequest, webhook_endpoint_id: str, body: Rotation
) -> WebhookEndpointWithSecret:
    """Give an endpoint a new secret, shown this once; for some hours both sign what is sent."""
    row = _row(request, webhook_endpoint_id, lock=True)
    return _with_secret(endpoints.rotate(row, now=request.now, keep_hours=body.keep_hours))


@router.post(
    "/webhook_endpoints/{webhook_endpoint_id}/test",
    response={202: Delivery},
    auth=secret("webhooks:write"),
)
@idempotent
def send_test_event(request: ApiRequest, webhook_endpoint_id: str) -> Delivery:
    """Send an endpoint an event that means nothing (webhook_endpoint.test), to see whether it arrives."""
    row = _row(request, webhook_endpoint_id)
    event = endpoints.send_test(shared_connection(), row, now=request.now)
    [found] = deliveries.page(shared_connection(), row.id, event_id=event.id, count=1)
    return _delivery(found)


@router.get(
    "/webhook_endpoints/{webhook_endpoint_id}/deliveries",
    response=Deliveries,
    auth=secret("webhooks:read"),
)
def list_deliveries(
    request: ApiRequest,
    webhook_endpoint_id: str,
    limit: pages.Limit = 20,
    cursor: pages.Cursor = None,
    state: Annotated[State | None, Query(description="Only those.")] = None,
) -> Deliveries:
    """Return what was sent to an endpoint, and what became of it, the latest events first."""
    row = _row(request, webhook_endpoint_id)
    place = pages.place(cursor, of=f"deliveries.{row.id}")
    rows = deliveries.page(
        shared_connection(),
        row.id,
        state=state,
        before=int(place[0]) if place else None,
        count=limit + 1,
    )
    cut = pages.page(rows, limit, of=f"deliveries.{row.id}", key=lambda one: [one.event_number])
    return Deliveries(data=[_delivery(one) for one in cut.rows], **cut.rest)


@router.post(
    "/webhook_endpoints/{webhook_endpoint_id}/deliveries/{event_id}/replay",
    response={202: Delivery},
    auth=secret("webhooks:write"),
)
@idempotent
def replay_delivery(request: ApiRequest, webhook_endpoint_id: str, event_id: str) -> Delivery:
    """Send an event to an endpoint once more, under the same id, whatever became of it before."""
    row, event = _row(request, webhook_endpoint_id), event_of(request, event_id)
    _refuse_off(row)
    deliveries.again(shared_connection(), row, event.number, now=request.now)
    [found] = deliveries.page(shared_connection(), row.id, event_id=event.id, count=1)
    return _delivery(found)


@router.post(
    "/webhook_endpoints/{webhook_endpoint_id}/replay",
    response={202: Replayed},
    auth=secret("webhooks:write"),
)
@idempotent
def replay_since(request: ApiRequest, webhook_endpoint_id: str, body: ReplaySince) -> Replayed:
    """Send the events since a moment again, under the same ids: those that never arrived, or all of them."""
    row = _row(request, webhook_endpoint_id)
    _refuse_off(row)
    count = deliveries.again_since(
        shared_connection(), row, since=body.since, only_lost=body.only_lost, now=request.now
    )
    return Replayed(webhook_endpoint_id=public_id("whk", row.id), events=count)


def _refuse_off(row: Row) -> None:
    if row.disabled_at is not None:
        raise Refused("The endpoint is switched off; switch it on first.", id=row.id)


def _row(request: ApiRequest, text: str, *, lock: bool = False) -> Row:
    identity = read_id("whk", text, "webhook endpoint")
    row = endpoints.find(request.key.programme_id, identity, lock=lock)
    if row is None:
        raise nothing(text, "webhook endpoint")
    return row


def _shown(row: Row) -> WebhookEndpoint:
    return WebhookEndpoint.model_validate(_facts(row))


def _with_secret(made: MadeEndpoint) -> WebhookEndpointWithSecret:
    facts = {**_facts(made.row), "secret": made.secret}
    before = {"secret_before_until": made.row.before_until}
    return WebhookEndpointWithSecret.model_validate({**facts, **before})


def _facts(row: Row) -> dict[str, object]:
    return {
        "id": public_id("whk", row.id),
        "url": row.url,
        "description": row.description,
        "event_types": list(row.event_types),
        "envelope": row.envelope,
        "enabled": row.disabled_at is None,
        "disabled_because": row.disabled_because or None,
        "disabled_at": row.disabled_at,
        "failing_since": row.failing_since,
        "created_at": row.created_at,
    }


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        event_id=public_id("evt", row.event_id),
        type=row.type,
        object_id=row.object_id,
        state=row.state,
        attempts=row.attempts,
        next_attempt_at=row.next_at if row.state == "pending" else None,
        finished_at=row.finished_at,
        detail=row.sentence,
        last_attempt=_attempt(row.last) if row.last else None,
    )


def _attempt(one: Attempted) -> DeliveryAttempt:
    return DeliveryAttempt(
        at=one.at,
        duration_ms=one.duration_ms,
        status=one.status,
        detail=one.sentence,
        answer=one.answer,
    )
