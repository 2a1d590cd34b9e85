"""The log of requests to the REST interface: what a developer asks for by the id that every answer carries."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.identity.models import ApiCall
from cagnotte.platform import sql

SQL = sql.load("api")

KEPT_DAYS = 30
"""How long a request can be looked up."""

BUCKETS_KEPT_HOURS = 24


def note(connection: psycopg.Connection[Any], **row: object) -> None:
    """Write a line: the columns of `ApiCall`, by name."""
    connection.execute(SQL.note_call, row)


def calls(
    programme_id: UUID, *, count: int = 100, before: datetime | None = None, failed: bool = False
) -> list[ApiCall]:
    """Return a programme's last requests, newest first. failed: those answered with a problem alone."""
    found = ApiCall.objects.filter(programme_id=programme_id)
    if before is not None:
        found = found.filter(at__lt=before)
    if failed:
        found = found.filter(status__gte=400)
    return list(found.order_by("-at")[:count])


def call(programme_id: UUID, request_id: UUID) -> ApiCall | None:
    """Return one request of a programme, None when there is none or it is too long ago."""
    return ApiCall.objects.filter(programme_id=programme_id, id=request_id).first()


def tidy(connection: psycopg.Connection[Any], *, now: datetime) -> int:
    """Delete answers that have expired, lines of the log past their days, and full buckets; return how many."""
    deleted = connection.execute(SQL.drop_answers, {"now": now}).rowcount
    before = now - timedelta(days=KEPT_DAYS)
    deleted += connection.execute(SQL.drop_calls, {"before": before}).rowcount
    before = now - timedelta(hours=BUCKETS_KEPT_HOURS)
    return deleted + connection.execute(SQL.drop_buckets, {"before": before}).rowcount
