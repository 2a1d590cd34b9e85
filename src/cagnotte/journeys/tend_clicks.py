"""What is done every day about clicks: how long shops take to report is measured, and what is old is forgotten."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from cagnotte.identity.models import Programme
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.visits import measure_reporting
from cagnotte.tracking.services import forget_clicks

Connection = psycopg.Connection[Any]

KEPT = timedelta(days=400)
"""How long clicks are kept: no contract looks back further than 365 days."""


def tend(connection: Connection, *, now: datetime) -> int:
    """Measure and forget, in all programmes, committing as it goes; return how many clicks were deleted."""
    forgotten = 0
    for slug in Programme.objects.order_by("slug").values_list("slug", flat=True):
        run = ProgrammeRun.open(connection, slug, now)
        measure_reporting(connection, run)
        connection.commit()
        forgotten += forget_clicks(connection, run.id, before=now - KEPT)
    return forgotten
