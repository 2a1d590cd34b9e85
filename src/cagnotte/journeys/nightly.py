"""What is done once a day for each programme: money is released, expires or is paid by rule; claims and members too.

It begins at an hour of the programme's own clock. Each step finds for itself what is left to do, so a night that was
interrupted, or done twice, comes to the same. One worker at a time does a programme's night. A step that fails, in
whatever way, keeps no other programme and no later step from its turn, but for those that say so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import structlog

from cagnotte.identity.models import Programme
from cagnotte.journeys import auto_payout, expire, remind, tend_claims, tend_closed
from cagnotte.journeys.failures import set_aside
from cagnotte.journeys.mature import mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger import seals
from cagnotte.platform.sql import load

Connection = psycopg.Connection[Any]
SQL = load("nightly")

HOUR = 2
"""Of the programme's clock, unless the settings say another: its day is over everywhere, and its shops sleep."""

TRIED_AGAIN_AFTER = timedelta(hours=1)
"""A night that failed is left alone for so long."""

log = structlog.get_logger(__name__)


class Step(NamedTuple):
    """A part of the night. do: commits by itself, and does nothing when it is done a second time.

    after: a step without which it is not done either; it waits for the next try.
    """

    name: str
    do: Callable[[Connection, ProgrammeRun], object]
    after: str | None = None


def _mature(connection: Connection, run: ProgrammeRun) -> object:
    return mature(connection, run, on=run.today)


def _expire(connection: Connection, run: ProgrammeRun) -> object:
    order = expire.Expiry(run.id, run.programme.currency, run.now, run.today)
    return expire.run(connection, order)


def _pay_by_rule(connection: Connection, run: ProgrammeRun) -> object:
    return auto_payout.run(connection, run.programme, today=run.today, now=run.now)


def _seal(connection: Connection, run: ProgrammeRun) -> object:
    return seals.seal(connection, now=run.now)


STEPS = (
    Step("mature", _mature),
    Step("closed", tend_closed.tend, after="mature"),
    # A debt that this night's release would have repaid must not be given up, nor a month's payout be made, or refused
    # as too small, without it: neither is taken back later.
    Step("expire", _expire, after="closed"),
    Step("claims", tend_claims.tend),
    Step("auto_payouts", _pay_by_rule, after="mature"),
    # Nothing else waits. Lots past their day are neither paid nor reminded of, whether they have expired or not; what a
    # failed step has committed is whole, so it can be sealed.
    Step("remind", remind.run),
    Step("seal", _seal),
)
"""In this order: what is released may be paid, that of closed accounts before it could expire, nobody is reminded of
what has just left, and all of it is sealed."""


@dataclass(slots=True)
class Nights:
    """The nights that one worker does. hour: None does none.

    done: the last day that was done of each programme; a worker that starts anew does the day's night once more.
    """

    hour: int | None = HOUR
    done: dict[UUID, date] = field(default_factory=dict)
    left_alone: dict[UUID, datetime] = field(default_factory=dict)

    def do_due(
        self, connection: Connection, *, now: datetime, stop: Callable[[], bool] = lambda: False
    ) -> int:
        """Do the nights that are due; return how many were. What fails for one programme keeps no other waiting."""
        if self.hour is None:
            return 0
        count = 0
        for programme in Programme.objects.order_by("slug"):
            if stop():
                break
            count += self._do(connection, programme, now)
        return count

    def _do(self, connection: Connection, programme: Programme, now: datetime) -> bool:
        """Do a programme's night, if it is due and nobody else does it; return whether all of it passed."""
        try:
            if not self._is_due(programme, now) or not _is_ours(connection, programme.id):
                return False
        except Exception as error:  # noqa: BLE001 - whatever fails for one programme, the others go on
            self._leave_alone(connection, programme, now, "begin", error)
            return False
        try:
            return self._take_steps(connection, programme, now)
        finally:
            if not connection.closed:
                connection.rollback()
                connection.execute(SQL.end_night, {"programme_id": programme.id})
                connection.commit()

    def _take_steps(self, connection: Connection, programme: Programme, now: datetime) -> bool:
        try:
            run = ProgrammeRun.open(connection, programme.slug, now)
            connection.commit()
        except Exception as error:  # noqa: BLE001 - as above
            self._leave_alone(connection, programme, now, "open", error)
            return False
        missed: set[str] = set()
        for step in STEPS:
            if step.after in missed:
                missed.add(step.name)
                continue
            try:
                step.do(connection, run)
                connection.commit()
            except Exception as error:  # noqa: BLE001 - whatever fails in one step, the others go on
                self._leave_alone(connection, programme, now, step.name, error)
                missed.add(step.name)
        if missed:
            return False
        self.done[programme.id] = run.today
        log.info("night done", programme=programme.slug, day=run.today.isoformat())
        return True

    def _leave_alone(
        self,
        connection: Connection,
        programme: Programme,
        now: datetime,
        step: str,
        error: Exception,
    ) -> None:
        """Let a programme's night wait for a while. Raises the error itself where the database is away."""
        set_aside(connection, error, "a night waits", programme=programme.slug, step=step)
        self.left_alone[programme.id] = now + TRIED_AGAIN_AFTER

    def _is_due(self, programme: Programme, now: datetime) -> bool:
        if self.left_alone.get(programme.id, now) > now:
            return False
        local = now.astimezone(ZoneInfo(programme.timezone))
        return local.hour >= (self.hour or 0) and self.done.get(programme.id) != local.date()


def _is_ours(connection: Connection, programme_id: UUID) -> bool:
    """Take a programme's night for this session; False while another has it."""
    row = connection.execute(SQL.begin_night, {"programme_id": programme_id}).fetchone()
    connection.commit()
    return bool(row and row[0])
