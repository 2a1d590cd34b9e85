"""What is done again and again: sources are asked, what came in is read, overdue holds go back, events are told.

Once a day it does what `nightly` has. Any number of workers may run beside each other; each account is asked by one at
a time, and each programme's inbox is read by one at a time.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.db import close_old_connections, connections

from cagnotte.domain.errors import CagnotteError
from cagnotte.identity import api_calls, sessions
from cagnotte.inbox.health import to_read
from cagnotte.inbox.models import Account
from cagnotte.journeys import (
    deliver_events,
    expire,
    poll_sources,
    send_mails,
    send_pushes,
    tell_events,
    tell_members,
    tell_vouchers,
    tend_clicks,
)
from cagnotte.journeys.failures import set_aside
from cagnotte.journeys.nightly import Nights
from cagnotte.journeys.poll_sources import PollSummary
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.read_inbox import ReadSummary, read_inbox
from cagnotte.notices import deliveries, listeners
from cagnotte.platform.database import connect, is_away

Connection = psycopg.Connection[Any]

Chore = Callable[[datetime], object]

Duty = Callable[[Connection], object]

LeftAlone = dict[tuple[str, UUID | None], datetime]
"""What failed of which account or programme, if of one, and until when it is left alone."""

IDLE_SECONDS = 5.0
"""Pause when there was nothing to do."""

CARRY_IDLE_SECONDS = 1.0
"""The same for events: whoever hears of them waits for them."""

NIGHT_IDLE_SECONDS = 60.0
"""The same for nights."""

CARRIER_ENDS_SECONDS = 5.0
"""How long a stopping worker waits for calls under way; one that does not end is made again later."""

TIDY_EVERY_HOURS = 1
"""How often what is kept no longer is deleted."""

TROUBLE_SECONDS = 60
"""What failed is left alone for so long, unless it says itself when to try again."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Asked:
    """What asking one account came to: new pages, single orders, and what reading them all changed."""

    polled: PollSummary
    fetched: PollSummary = field(default_factory=PollSummary)
    read: ReadSummary = field(default_factory=ReadSummary)


def ask(
    connection: Connection,
    account: Account,
    *,
    now: datetime,
    stop: Callable[[], bool] = lambda: False,
) -> Asked:
    """Ask an account what is new, fetch what it hinted at, and read it all. Raises InvalidInput, as `poll`."""
    asked = Asked(poll_sources.poll(connection, account, now=now, stop=stop))
    if asked.polled.elsewhere or stop():
        return asked
    asked.fetched = poll_sources.fetch_wanted(connection, account, now=now, stop=stop)
    asked.read = read(connection, account, now=now)
    return asked


def read(connection: Connection, account: Account, *, now: datetime) -> ReadSummary:
    """Read an account's new messages, a database transaction for each chunk. Raises as `read_inbox`."""
    run = ProgrammeRun.open(connection, account.programme.slug, now)
    # Chunks commit by themselves only where no transaction is open around them.
    connection.commit()
    summary = read_inbox(connection, run, account)
    connection.commit()
    return summary


class Worker:
    """Does what is due, round after round, until `stop` is set; it then ends after the page it is at.

    clock: read once for each thing that is done. nights: what is done once a day; none where nothing is said.
    chores: what those above journeys want tidied every hour, given the time; it commits by itself.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        stop: threading.Event,
        idle_seconds: float = IDLE_SECONDS,
        nights: Nights | None = None,
        chores: Sequence[Chore] = (),
    ) -> None:
        self._clock = clock
        self._stop = stop
        self._idle_seconds = idle_seconds
        self._left_alone: LeftAlone = {}
        self._tidied_at: datetime | None = None
        self._tended_at: datetime | None = None
        self._nights = nights or Nights(hour=None)
        self._chores = chores

    @property
    def is_troubled(self) -> bool:
        """Whether anything failed and was left alone for a while; the log says what."""
        return bool(self._left_alone or self._nights.left_alone)

    def run(self) -> None:
        """Work until told to stop. A database that is away is waited for; nothing that fails ends the work.

        Events are carried by threads of their own: whoever does not answer keeps nobody else waiting. So are nights,
        which may take minutes.
        """
        idle_seconds = min(self._idle_seconds, CARRY_IDLE_SECONDS)
        carriers = [
            threading.Thread(
                target=self._again_and_again,
                args=(carry, seconds),
                name=f"cagnotte-{carry.__name__}",
                daemon=True,
            )
            for carry, seconds in (
                (self.carry, idle_seconds),
                (self.carry_to_listeners, idle_seconds),
                (self.carry_letters, idle_seconds),
                (self.night, NIGHT_IDLE_SECONDS),
            )
        ]
        for carrier in carriers:
            carrier.start()
        self._again_and_again(self.round, self._idle_seconds)
        for carrier in carriers:
            carrier.join(CARRIER_ENDS_SECONDS)

    def _again_and_again(self, do: Callable[[Connection], bool], idle_seconds: float) -> None:
        try:
            while not self._stop.is_set():
                did, pause = False, idle_seconds
                try:
                    close_old_connections()
                    with connect() as connection:
                        did = do(connection)
                except Exception as error:
                    # Whatever it is: a thread that ended would be missed by nobody.
                    if is_away(error):
                        log.warning("the worker waits for the database", error=type(error).__name__)
                    else:
                        log.exception("the worker failed", thread=threading.current_thread().name)
                        pause = TROUBLE_SECONDS
                if not did:
                    self._stop.wait(pause)
        finally:
            if threading.current_thread() is not threading.main_thread():
                connections.close_all()

    def round(self, connection: Connection) -> bool:
        """Do everything that is due now; return whether there was anything."""
        now = self._clock()
        did = [
            self._each("poll", poll_sources.due(now=now), connection, self._poll),
            self._each("fetch", poll_sources.wanting(connection, now=now), connection, self._fetch),
            self._each("read", to_read(connection), connection, self._read),
            self._duty("give back", connection, self._give_back),
            self._duty("tell vouchers", connection, self._tell_vouchers),
        ]
        self._tidy(connection, now)
        self._tend(connection, now)
        return any(did)

    def carry(self, connection: Connection) -> bool:
        """Make events of what is new, tell members, send webhooks that are due; return whether there was anything."""
        did = [
            self._duty("tell events", connection, partial(tell_events.tell, now=self._clock())),
            self._duty("tell members", connection, partial(tell_members.tell, now=self._clock())),
            self._duty("deliver", connection, partial(deliver_events.deliver, clock=self._clock)),
        ]
        return any(did)

    def carry_letters(self, connection: Connection) -> bool:
        """Send mails and messages to browsers that are due; return whether there was any."""
        did = [
            self._duty("send mails", connection, partial(send_mails.send, clock=self._clock)),
            self._duty("send pushes", connection, partial(send_pushes.send, clock=self._clock)),
        ]
        return any(did)

    def carry_to_listeners(self, connection: Connection) -> bool:
        """Tell connected listeners what is due; return whether there was anything."""
        did = False
        for row in listeners.enabled():
            tell = partial(deliver_events.deliver_to_listener, row=row, clock=self._clock)
            did |= self._duty("tell listener", connection, tell, of=row.id)
        return did

    def night(self, connection: Connection) -> bool:
        """Do the nights that are due; return whether there was any."""
        return bool(self._nights.do_due(connection, now=self._clock(), stop=self._stop.is_set))

    def _tidy(self, connection: Connection, now: datetime) -> None:
        if self._tidied_at and now - self._tidied_at < timedelta(hours=TIDY_EVERY_HOURS):
            return
        tidied: list[tuple[str, Duty]] = [
            ("tidy calls", partial(api_calls.tidy, now=now)),
            ("tidy deliveries", partial(deliveries.tidy, now=now)),
            ("tidy sessions", partial(sessions.forget_expired, now=now)),
        ]
        for what, do in tidied:
            self._duty(what, connection, do)
        for number, chore in enumerate(self._chores):
            self._duty(f"chore {number}", connection, partial(_do_chore, chore, now))
        self._tidied_at = now

    def _tend(self, connection: Connection, now: datetime) -> None:
        if self._tended_at and now - self._tended_at < tend_clicks.EVERY:
            return
        self._duty("tend clicks", connection, partial(tend_clicks.tend, now=now))
        self._tended_at = now

    def _give_back(self, connection: Connection) -> bool:
        now, did = self._clock(), False
        for one in expire.overdue(connection, now=now):
            do = partial(expire.give_back_overdue, programme=one, now=now)
            did |= self._duty("give back", connection, do, of=one.programme_id)
        return did

    def _tell_vouchers(self, connection: Connection) -> bool:
        return tell_vouchers.work(connection, clock=self._clock, stop=self._stop.is_set).did

    def _duty(self, what: str, connection: Connection, do: Duty, *, of: UUID | None = None) -> bool:
        """Do one thing, return whether there was anything; what fails is left alone, and keeps no other from its turn.

        of: the programme that it is done for, where it is done for one. Raises only where the database is away.
        """
        if self._is_left_alone(what, of):
            return False
        try:
            did = bool(do(connection))
            connection.commit()
        except Exception as error:  # noqa: BLE001 - whatever fails in one duty, the others go on
            set_aside(connection, error, "left alone for a while", what=what, programme_id=of)
            self._left_alone[what, of] = self._clock() + timedelta(seconds=TROUBLE_SECONDS)
            return False
        return did

    def _each(
        self,
        what: str,
        accounts: list[Account],
        connection: Connection,
        do: Callable[[Connection, Account], bool],
    ) -> bool:
        """Do one thing for each account; one that fails keeps no other from its turn."""
        did = False
        for account in accounts:
            if self._stop.is_set():
                break
            if self._is_left_alone(what, account.id):
                continue
            try:
                did |= do(connection, account)
            except Exception as error:
                # Whatever fails for one account, the others go on.
                if is_away(error):
                    raise
                connection.rollback()
                self._leave_alone(what, account, error)
        return did

    def _is_left_alone(self, what: str, of: UUID | None) -> bool:
        now = self._clock()
        return self._left_alone.get((what, of), now) > now

    def _leave_alone(self, what: str, account: Account, error: Exception) -> None:
        told = error.sentence if isinstance(error, CagnotteError) else type(error).__name__
        log.warning("left alone for a while", what=what, source=account.ref, error=told)
        until = self._clock() + timedelta(seconds=TROUBLE_SECONDS)
        self._left_alone[what, account.id] = until

    def _poll(self, connection: Connection, account: Account) -> bool:
        summary = poll_sources.poll(
            connection, account, now=self._clock(), stop=self._stop.is_set, only_if_due=True
        )
        if summary.pages:
            log.info("polled", source=account.ref, pages=summary.pages, messages=summary.messages)
        return summary.pages > 0

    def _fetch(self, connection: Connection, account: Account) -> bool:
        summary = poll_sources.fetch_wanted(
            connection, account, now=self._clock(), stop=self._stop.is_set
        )
        return summary.fetched > 0

    def _read(self, connection: Connection, account: Account) -> bool:
        summary = read(connection, account, now=self._clock())
        messages = summary.messages.total()
        if messages:
            log.info("read", source=account.ref, messages=messages, orders=dict(summary.states))
        return messages > 0 or bool(summary.settled.left_in)


def _do_chore(chore: Chore, now: datetime, _connection: Connection) -> None:
    chore(now)
