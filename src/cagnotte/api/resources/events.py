"""Events: what happened, in the order in which it became known; the same that webhooks tell."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Query, Router, Schema
from pydantic import Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.errors import InvalidRequest
from cagnotte.api.shapes import Moment, nothing, read_id
from cagnotte.domain.ids import public_id
from cagnotte.notices import catalogue, selectors
from cagnotte.notices.selectors import EventView
from cagnotte.platform.shared_connection import shared_connection

router = Router(tags=["Events"])


class Event(Schema):
    """Something that happened."""

    id: str = Field(examples=["evt_01kagz9x7q8b3n5v2m4c6d8f0h"])
    object: Literal["event"] = "event"
    type: str = Field(examples=["reward.confirmed"])
    object_id: str = Field(
        description="What it is about; events of one object come in their order.",
        examples=["rew_01kagz9x7q8b3n5v2m4c6d8f0h"],
    )
    created_at: datetime
    data: dict[str, Any] = Field(
        description="By its type; the catalogue of events shows each with an example."
    )


class Events(pages.Page):
    """A page of events."""

    data: list[Event]


TypeName = Annotated[
    str | None, Query(max_length=60, description="One of the catalogue, such as reward.tracked.")
]
ObjectId = Annotated[str | None, Query(max_length=40, description="Only what is about this.")]
Since = Annotated[Moment | None, Query(description="Created at that moment or later.")]
Until = Annotated[Moment | None, Query(description="Created before.")]


@router.get("/events", response=Events, auth=secret("events:read"))
def list_events(  # noqa: PLR0913, PLR0917 - a parameter for each filter
    request: ApiRequest,
    limit: pages.Limit = 20,
    cursor: pages.Cursor = None,
    type: TypeName = None,  # noqa: A002 - as the parameter is called
    object_id: ObjectId = None,
    created_since: Since = None,
    created_until: Until = None,
) -> Events:
    """Return events of the last 30 days, the latest first."""
    if type is not None and type not in catalogue.TYPES:
        raise InvalidRequest(
            f"There is no type of events “{type}”.",
            errors=[
                {"parameter": "type", "code": "unknown_type", "detail": "No type of the catalogue."}
            ],
        )
    place = pages.place(cursor, of="events")
    rows = selectors.event_page(
        shared_connection(),
        request.key.programme_id,
        selectors.Wanted(type, object_id, created_since, created_until),
        before=int(place[0]) if place else None,
        count=limit + 1,
    )
    cut = pages.page(rows, limit, of="events", key=lambda row: [row.number])
    return Events(data=[shown(row) for row in cut.rows], **cut.rest)


@router.get("/events/{event_id}", response=Event, auth=secret("events:read"))
def get_event(request: ApiRequest, event_id: str) -> Event:
    """Return one event."""
    return shown(event_of(request, event_id))


def event_of(request: ApiRequest, event_id: str) -> EventView:
    """Return an event of the key's programme. Raises NotFound."""
    found = selectors.event(
        shared_connection(), request.key.programme_id, read_id("evt", event_id, "event")
    )
    if found is None:
        raise nothing(event_id, "event")
    return found


def shown(row: EventView) -> Event:
    """Render an event."""
    return Event(
        id=public_id("evt", row.id),
        type=row.type,
        object_id=row.object_id,
        created_at=row.created_at,
        data=row.data,
    )
