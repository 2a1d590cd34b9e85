"""What is done every day about clicks: how long shops take to report is measured, and what is old is forgotten."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from cagnotte.identity.models import Programme
from cagnotte.journeys.failures import set_aside
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
    """Measure and forget, in all programmes, committing as it goes; return how many clicks were deleted.

    What fails for one programme keeps no other from its turn.
    """
    forgotten = 0
    for programme in Programme.objects.order_by("slug"):
        for do in (_measure, _forget):
            try:
                forgotten += do(connection, programme, now)
                connection.commit()
            except Exception as error:  # noqa: BLE001 - whatever fails for one programme, the others go on
                set_aside(connection, error, "clicks wait", programme=programme.slug)
    return forgotten


def _measure(connection: Connection, programme: Programme, now: datetime) -> int:
    # A worker that is started by a timer every few minutes need not read half a year of purchases each time.
    if not was_measured(programme.id, since=now - EVERY):
        measure_reporting(connection, ProgrammeRun.open(connection, programme.slug, now))
    return 0


def _forget(connection: Connection, programme: Programme, now: datetime) -> int:
    return forget_clicks(connection, programme.id, before=now - KEPT)
