"""How a programme is doing, for those who run it: the database, the worker, the inbox, the interface.

Nothing says by itself that a worker runs: what it should have done by now does. A message unread, a source not asked
or a hold not given back for `LATE_MINUTES` means that nobody works.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, NamedTuple

import psycopg

from cagnotte.domain.holds import HoldState
from cagnotte.identity import api_calls
from cagnotte.identity.api_calls import Traffic
from cagnotte.identity.models import Programme
from cagnotte.inbox import accounts
from cagnotte.inbox.health import Health, health
from cagnotte.journeys.sandbox import sandbox_of
from cagnotte.notices import endpoints
from cagnotte.notices.models import Delivery
from cagnotte.wallet.models import Hold

Connection = psycopg.Connection[Any]

LATE_MINUTES = 5
"""What is due for longer, nobody does."""

RECENT_HOURS = 24


class Database(NamedTuple):
    """The server: its version as it writes it, and how long a question took, in thousandths of a second."""

    version: str
    answer_ms: int


class Late(NamedTuple):
    """What a worker should have done: how many messages, sources and holds wait, and since when the longest."""

    messages: int
    sources: int
    holds: int
    since: datetime | None

    @property
    def is_late(self) -> bool:
        """Whether anything waits for longer than a worker takes."""
        return self.since is not None


class Told(NamedTuple):
    """Webhook endpoints: how many there are, how many fail or are off, and when something last arrived at one."""

    endpoints: int
    failing: int
    off: int
    last_at: datetime | None


class Status(NamedTuple):
    """How a programme is doing.

    unread: messages of sources that wait to be read, unread_since: the oldest of them. live, test: requests of the last
    `RECENT_HOURS` hours; test is None without a sandbox. sources: how each has been doing.
    """

    database: Database
    late: Late
    unread: int
    unread_since: datetime | None
    sources: list[Health]
    told: Told
    live: Traffic
    test: Traffic | None


def status(connection: Connection, programme: Programme, *, now: datetime) -> Status:
    """Look at everything a programme stands on."""
    began = perf_counter()
    row = connection.execute("SHOW server_version").fetchone()
    took = perf_counter() - began
    version = str(next(iter(row.values())) if isinstance(row, dict) else row[0]) if row else ""
    sources = health(connection, accounts.accounts(programme.id), now=now)
    since = now - timedelta(hours=RECENT_HOURS)
    sandbox = sandbox_of(programme.id)
    return Status(
        Database(version.split(" ")[0], round(took * 1000)),
        _late(programme, sources, now),
        sum(one.unread for one in sources),
        min((one.unread_since for one in sources if one.unread_since), default=None),
        sources,
        _told(programme),
        api_calls.traffic(programme.id, since=since),
        api_calls.traffic(sandbox.id, since=since) if sandbox else None,
    )


def _told(programme: Programme) -> Told:
    rows = endpoints.endpoints(programme.id)
    arrived = [
        Delivery.objects.filter(recipient_id=row.id, state=Delivery.State.DELIVERED)
        .order_by("-event_number")
        .values_list("finished_at", flat=True)
        .first()
        for row in rows
    ]
    return Told(
        len(rows),
        sum(row.failing_since is not None and row.disabled_at is None for row in rows),
        sum(row.disabled_at is not None for row in rows),
        max((at for at in arrived if at), default=None),
    )


def _late(programme: Programme, sources: Iterable[Health], now: datetime) -> Late:
    limit = now - timedelta(minutes=LATE_MINUTES)
    watched = [one for one in sources if one.account.active]
    unread = [one for one in watched if one.unread_since and one.unread_since < limit]
    asked = [
        one.account.next_poll_at
        for one in watched
        if one.account.next_poll_at
        and one.account.next_poll_at < limit
        and accounts.polls(one.account)
    ]
    held = [
        hold.expires_at
        for hold in Hold.objects.filter(
            programme_id=programme.id, state=HoldState.OPEN, expires_at__lt=limit
        )
        if hold.expires_at
    ]
    moments = [*(one.unread_since for one in unread if one.unread_since), *asked, *held]
    return Late(
        sum(one.unread for one in unread), len(asked), len(held), min(moments, default=None)
    )
