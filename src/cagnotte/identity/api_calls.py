"""The log of requests to the REST interface: what a developer asks for by the id that every answer carries."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.db.models import Count, Q

from cagnotte.identity.models import ApiCall
from cagnotte.platform import sql

SQL = sql.load("api")

KEPT_DAYS = 30
"""How long a request can be looked up."""

BUCKETS_KEPT_HOURS = 24


def note(connection: psycopg.Connection[Any], **row: object) -> None:
    """Write a line: the columns of `ApiCall`, by name."""
    connection.execute(SQL.note_call, row)


class Sought(NamedTuple):
    """Which requests are looked for; each word narrows it.

    failed: those answered with a problem alone. about: a part of the path, a problem's code, or the public id of
    something that path or answer name.
    """

    failed: bool = False
    method: str = ""
    key_id: UUID | None = None
    about: str = ""


def calls(
    programme_id: UUID,
    sought: Sought = Sought(),  # noqa: B008 - a value that nobody can change
    *,
    count: int = 100,
    before: ApiCall | None = None,
) -> list[ApiCall]:
    """Return a programme's last requests, newest first; those before one of them if it is named."""
    found = ApiCall.objects.filter(programme_id=programme_id)
    if before is not None:
        found = found.filter(Q(at__lt=before.at) | Q(at=before.at, id__lt=before.id))
    if sought.failed:
        found = found.filter(status__gte=400)
    if sought.method:
        found = found.filter(method=sought.method)
    if sought.key_id is not None:
        found = found.filter(key_id=sought.key_id)
    if sought.about:
        about = sought.about
        found = found.filter(
            Q(path__icontains=about) | Q(code=about) | Q(objects_named__contains=[about])
        )
    return list(found.order_by("-at", "-id")[:count])


class Traffic(NamedTuple):
    """How many requests there were, how many of them failed, and how many by our fault."""

    requests: int
    refused: int
    faults: int


def traffic(programme_id: UUID, *, since: datetime) -> Traffic:
    """Count a programme's requests since a moment."""
    found = ApiCall.objects.filter(programme_id=programme_id, at__gte=since)
    return Traffic(
        **found.aggregate(
            requests=Count("id"),
            refused=Count("id", filter=Q(status__gte=400, status__lt=500)),
            faults=Count("id", filter=Q(status__gte=500)),
        )
    )


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
