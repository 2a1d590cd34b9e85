"""What is done every day about clicks: how long shops take to report is measured, and what is old is forgotten."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from cagnotte.identity.models import Programme
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.visits import measure_reporting
from cagnotte.tracking.selectors import CLICK_DAYS_MAX, was_measured
from cagnotte.tracking.services import forget_clicks

Connection = psycopg.Connection[Any]

KEPT = timedelta(days=CLICK_DAYS_MAX)
"""How long clicks are kept: no order finds an older one."""

EVERY = timedelta(days=1)
"""How often a programme's shops are measured at most."""


def tend(connection: Connection, *, now: datetime) -> int:
    """Measure and forget, in all programmes, committing as it goes; return how many clicks were deleted."""
    forgotten = 0
    for slug in Programme.objects.order_by("slug").values_list("slug", flat=True):
        run = ProgrammeRun.open(connection, slug, now)
        # A worker that is started by a timer every few minutes need not read half a year of purchases each time.
        if not was_measured(run.id, since=now - EVERY):
            measure_reporting(connection, run)
            connection.commit()
        forgotten += forget_clicks(connection, run.id, before=now - KEPT)
    return forgotten
