"""Sources are asked what is new, and for single orders that they only hinted at.

Each page is kept in one database transaction with the place where the next poll goes on from: interrupted anywhere, the
next poll starts after the last page that was kept. What the pages say is read afterwards (`read_inbox`).
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import structlog

from cagnotte.domain.errors import CagnotteError, InvalidInput
from cagnotte.hooks.sources import HttpClient, Polled, SourceBusy, SourcePlugin
from cagnotte.inbox import accounts, services
from cagnotte.inbox.models import Account
from cagnotte.journeys.source_calls import open_calls
from cagnotte.platform.sql import load

SQL = load("polling")
Connection = psycopg.Connection[Any]

FIRST_PAUSE_SECONDS = 60
"""After the first failure in a row; each further one doubles it."""
PAUSE_SECONDS_MAX = 6 * 60 * 60
PAUSES_DOUBLED_MAX = 12

PUT_OFF_SECONDS = 5 * 60
"""Where a source asks to be called later and does not say when."""
PUT_OFF_SECONDS_MAX = 24 * 60 * 60

FETCHED_AT_ONCE_MAX = 50

log = structlog.get_logger(__name__)
_drawn = random.SystemRandom()


@dataclass(slots=True)
class PollSummary:
    """What a poll did.

    Attributes:
        pages, messages, repeated: kept pages, messages new to us, and those that were known.
        fetched: single orders fetched. failed: why it ended early, "" when it did not.
        put_off_until: the source asks to be called again then; no failure.
        elsewhere: another process is asking this source; nothing was done. stopped: it was told to stop in between.
    """

    pages: int = 0
    messages: int = 0
    repeated: int = 0
    fetched: int = 0
    failed: str = ""
    put_off_until: datetime | None = None
    elsewhere: bool = False
    stopped: bool = False


def due(*, now: datetime) -> list[Account]:
    """Return the accounts that should be asked now, those that wait longest first."""
    asked = [account for account in accounts.accounts() if account.active and _is_due(account, now)]
    return sorted(
        (account for account in asked if accounts.polls(account)),
        key=lambda account: (account.next_poll_at is not None, account.next_poll_at, account.ref),
    )


def _is_due(account: Account, now: datetime) -> bool:
    return account.next_poll_at is None or account.next_poll_at <= now


def wanting(connection: Connection, *, now: datetime) -> list[Account]:
    """Return the accounts of which single orders should be fetched now."""
    with connection.transaction():
        rows = connection.execute(SQL.accounts_that_want, {"now": now}).fetchall()
    return [account for account in accounts.accounts() if (account.id,) in rows]


def poll(
    connection: Connection,
    account: Account,
    *,
    now: datetime,
    stop: Callable[[], bool] = lambda: False,
    only_if_due: bool = False,
) -> PollSummary:
    """Ask an account what is new since its cursor, and keep every page.

    stop: asked after each page whether to leave the rest to the next poll. only_if_due: do nothing where somebody else
    has asked since the account was found to be due. What goes wrong is noted with the account, which is asked again
    later; the pages before it stand. Raises InvalidInput for a source that cannot be asked.
    """
    plugin = accounts.plugin_of(account)
    if not plugin.polls:
        raise InvalidInput(f"{plugin.title} is never asked; it sends by itself.", ref=account.ref)
    summary = PollSummary()
    with _alone(connection, account.id) as alone:
        if not alone:
            summary.elsewhere = True
            return summary
        # Whoever polled before may have moved the cursor since this row was read.
        account.refresh_from_db()
        if only_if_due and not _is_due(account, now):
            summary.elsewhere = True
            return summary
        with _noting(account, summary, now):
            _take_pages(connection, account, plugin, _Polling(summary, now, stop))
    return summary


class _Polling(NamedTuple):
    summary: PollSummary
    now: datetime
    stop: Callable[[], bool]


def _take_pages(
    connection: Connection, account: Account, plugin: SourcePlugin, polling: _Polling
) -> None:
    summary, now, stop = polling
    with open_calls(connection, account.id, plugin.pace) as http:
        context = accounts.context_of(account, now=now, http=http)
        for page in plugin.poll(context, account.cursor):
            _keep_page(connection, account.id, page, polling)
            if stop():
                summary.stopped = True
                return
    accounts.note_polled(
        account, now=now, next_at=now + timedelta(minutes=account.poll_every_minutes)
    )


def _keep_page(connection: Connection, account_id: UUID, page: Polled, polling: _Polling) -> None:
    with connection.transaction():
        kept = services.keep(
            connection, account_id, page.messages, via="poll", signed=False, now=polling.now
        )
        services.move_cursor(connection, account_id, page.cursor)
    summary = polling.summary
    summary.pages += 1
    summary.messages += kept.count
    summary.repeated += kept.repeated


@contextmanager
def _noting(account: Account, summary: PollSummary, now: datetime) -> Iterator[None]:
    """Note with the account what ends a poll early; nothing a source or a plugin does ends more than its own poll."""
    try:
        yield
    except SourceBusy as busy:
        summary.put_off_until = now + _put_off(busy)
        accounts.note_put_off(account, next_at=summary.put_off_until)
    except psycopg.Error:
        # The database's troubles are not the source's.
        raise
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is told as its failure
        summary.failed = _sentence(error)
        log.warning("poll failed", source=account.ref, error=summary.failed)
        pause = pause_after(account.errors_in_a_row)
        accounts.note_failed(account, summary.failed, now=now, next_at=now + pause)


def fetch_wanted(
    connection: Connection,
    account: Account,
    *,
    now: datetime,
    stop: Callable[[], bool] = lambda: False,
) -> PollSummary:
    """Fetch the orders of an account that were hinted at; one that fails is tried again later, the others go on."""
    plugin = accounts.plugin_of(account)
    summary = PollSummary()
    with _alone(connection, account.id) as alone:
        if not alone:
            summary.elsewhere = True
            return summary
        wanted = _wanted(connection, account.id, now)
        if not wanted:
            return summary
        with open_calls(connection, account.id, plugin.pace) as http:
            fetching = _Fetching(connection, account, plugin, http, now, summary)
            for one in wanted:
                if stop() or not fetching.fetch(one):
                    break
    return summary


class _Wanted(NamedTuple):
    object_id: str
    since: datetime
    tries: int


def _wanted(connection: Connection, account_id: UUID, now: datetime) -> list[_Wanted]:
    with connection.transaction():
        rows = connection.execute(
            SQL.wanted_due,
            {"account_id": account_id, "now": now, "limit": FETCHED_AT_ONCE_MAX},
        ).fetchall()
    return [_Wanted(*row) for row in rows]


@dataclass(slots=True)
class _Fetching:
    connection: Connection
    account: Account
    plugin: SourcePlugin
    http: HttpClient
    now: datetime
    summary: PollSummary

    def fetch(self, wanted: _Wanted) -> bool:
        """Fetch one order; return whether to go on with the next."""
        try:
            context = accounts.context_of(self.account, now=self.now, http=self.http)
            messages = self.plugin.fetch(context, wanted.object_id)
            with self.connection.transaction():
                kept = services.keep(
                    self.connection,
                    self.account.id,
                    messages,
                    via="fetch",
                    signed=False,
                    now=self.now,
                )
                services.want_no_more(
                    self.connection, self.account.id, [wanted.object_id], since=wanted.since
                )
        except SourceBusy as busy:
            self.summary.put_off_until = self.now + _put_off(busy)
            self._put_off_all(self.summary.put_off_until)
            return False
        except psycopg.Error:
            raise
        except Exception as error:  # noqa: BLE001 - as in a poll
            self.summary.failed = _sentence(error)
            log.warning("fetch failed", source=self.account.ref, error=self.summary.failed)
            later = self.now + pause_after(wanted.tries)
            self._put_off(wanted, later, self.summary.failed)
            return True
        self.summary.fetched += 1
        self.summary.messages += kept.count
        self.summary.repeated += kept.repeated
        return True

    def _put_off(self, wanted: _Wanted, until: datetime, sentence: str) -> None:
        with self.connection.transaction():
            self.connection.execute(
                SQL.put_off_wanted,
                {
                    "account_id": self.account.id,
                    "object_id": wanted.object_id,
                    "error": sentence,
                    "not_before": until,
                },
            )

    def _put_off_all(self, until: datetime) -> None:
        with self.connection.transaction():
            self.connection.execute(
                SQL.put_off_all_wanted, {"account_id": self.account.id, "not_before": until}
            )


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row: doubled each time, with a part that is drawn.

    What is drawn keeps accounts that failed together from coming back together.
    """
    doubled = FIRST_PAUSE_SECONDS * 2 ** min(failures, PAUSES_DOUBLED_MAX)
    longest = min(doubled, PAUSE_SECONDS_MAX)
    return timedelta(seconds=longest // 2 + _drawn.randint(0, longest // 2))


def _put_off(busy: SourceBusy) -> timedelta:
    asked = busy.facts.get("retry_after_seconds")
    seconds = asked if isinstance(asked, int) else PUT_OFF_SECONDS
    return timedelta(seconds=min(max(seconds, 1), PUT_OFF_SECONDS_MAX))


def _sentence(error: Exception) -> str:
    """What people read. What an unexpected error says may hold a secret; its kind is enough to find it."""
    if isinstance(error, CagnotteError):
        return error.sentence
    return f"The plugin failed with {type(error).__name__}; what was kept before stands."


@contextmanager
def _alone(connection: Connection, account_id: UUID) -> Iterator[bool]:
    """Tell whether this process may ask the account; no other may until this ends."""
    # Inside a transaction that the caller had open, no page would be committed by itself.
    connection.commit()
    name = {"account_id": str(account_id)}
    with connection.transaction():
        row = connection.execute(SQL.try_to_poll, name).fetchone()
    if row != (True,):
        yield False
        return
    try:
        yield True
    finally:
        if not connection.closed:
            with connection.transaction():
                connection.execute(SQL.stop_polling, name)
