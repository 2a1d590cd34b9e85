"""Reading events."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.platform.sql import load

SQL = load("events")

Connection = psycopg.Connection[Any]


class EventView(NamedTuple):
    """An event as it is kept. number: its place; data: as it is told."""

    number: int
    id: UUID
    type: str
    object_id: str
    created_at: datetime
    data: dict[str, Any]


class Wanted(NamedTuple):
    """Which events; None = all. since, until: moments of the facts, until excluded."""

    type: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def event_page(
    connection: Connection,
    programme_id: UUID,
    wanted: Wanted,
    *,
    count: int,
    before: int | None = None,
) -> list[EventView]:
    """Return events of a programme, the latest first. before: the number of the last one of the page before."""
    values = {"programme_id": programme_id, "before": before, "count": count, **wanted._asdict()}
    return [_view(row) for row in connection.execute(SQL.page, values)]


def event(connection: Connection, programme_id: UUID, event_id: UUID) -> EventView | None:
    """Return one event of a programme, None when there is none such."""
    row = connection.execute(SQL.event, {"programme_id": programme_id, "id": event_id}).fetchone()
    return _view(row) if row else None


def _view(row: tuple[Any, ...]) -> EventView:
    # As text: Django's connection gives JSON no other way.
    return EventView._make((*row[:-1], orjson.loads(row[-1])))
