"""How each source has been doing, and what deserves an alarm: above all a source that says nothing any more."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.hooks import manager
from cagnotte.inbox import accounts, selectors
from cagnotte.inbox.models import Account
from cagnotte.inbox.selectors import QUEUES, Count
from cagnotte.platform.kept_secrets import SecretTold
from cagnotte.platform.sql import load

SQL = load("source_health")
Connection = psycopg.Connection[Any]

RECENT_DAYS = 30
"""Shares and delays are those of so many days."""

FAILURES_MAX = 3
"""So many failed polls in a row are an alarm; one or two happen to every network."""

UNREAD_MINUTES_MAX = 60
"""Messages that nobody has read for longer: the worker does not run."""


@dataclass(slots=True)
class Health:
    """How one account has been doing.

    Attributes:
        unread, unreadable: messages that wait to be read, and those that could not be. unread_since: of the oldest.
        messages, misread: received in the last `RECENT_DAYS` days, and how many of them could not be read.
        members, nobodys: orders of these days that are a member's, and those that are nobody's yet.
        delay_seconds: median time from an order to its first telling; None while nothing tells it.
        waiting: state of orders → how many wait in it. wanted, unfetched: to be fetched, and those that failed so far.
        alarms: a sentence for each thing that somebody should look at.
    """

    account: Account
    unread: int = 0
    unread_since: datetime | None = None
    unreadable: int = 0
    messages: int = 0
    misread: int = 0
    members: int = 0
    nobodys: int = 0
    delay_seconds: int | None = None
    waiting: dict[str, int] = field(default_factory=dict)
    wanted: int = 0
    unfetched: int = 0
    alarms: list[str] = field(default_factory=list)

    @property
    def error_percent(self) -> int | None:
        """Share of recent messages that could not be read, rounded up: one in a thousand is not nothing."""
        return None if not self.messages else -(-100 * self.misread // self.messages)

    @property
    def attributed_percent(self) -> int | None:
        """Share of recent orders that found their member, rounded down."""
        orders = self.members + self.nobodys
        return None if not orders else 100 * self.members // orders


def health(connection: Connection, watched: Sequence[Account], *, now: datetime) -> list[Health]:
    """Return how accounts have been doing, in their order. Those at rest have no alarms."""
    found = {account.id: Health(account) for account in watched}
    with connection.transaction():
        _count(connection, found, now)
    for one in found.values():
        if one.account.active:
            one.alarms = list(_alarms(one, now))
    return list(found.values())


def to_read(connection: Connection) -> list[Account]:
    """Return the accounts whose messages wait to be read, or whose programme has orders to be settled."""
    with connection.transaction():
        rows = connection.execute(SQL.accounts_to_read).fetchall()
    return [account for account in accounts.accounts() if (account.id,) in rows]


def _count(connection: Connection, found: dict[UUID, Health], now: datetime) -> None:
    values = {"account_ids": list(found), "since": now - timedelta(days=RECENT_DAYS)}
    for count in selectors.message_counts(connection, found):
        _note_messages(found[count.account_id], count)
    for count in selectors.counts(connection, found):
        if count.state in QUEUES:
            found[count.account_id].waiting[count.state] = count.number
    for account_id, messages, misread in connection.execute(SQL.messages_since, values):
        found[account_id].messages, found[account_id].misread = messages, misread
    for account_id, members, nobodys, delay in connection.execute(SQL.orders_since, values):
        one = found[account_id]
        one.members, one.nobodys = members, nobodys
        one.delay_seconds = None if delay is None else int(delay)
    for account_id, wanted, unfetched, _ in connection.execute(SQL.wanted_counts, values):
        found[account_id].wanted, found[account_id].unfetched = wanted, unfetched


def _note_messages(one: Health, count: Count) -> None:
    if count.state == "new":
        one.unread, one.unread_since = count.number, count.oldest_at
    else:
        one.unreadable = count.number


def _alarms(one: Health, now: datetime) -> Iterator[str]:
    account = one.account
    plugin = manager.source_plugins().get(account.plugin)
    if plugin is None:
        yield f"The plugin “{account.plugin}” is not installed any more."
        return
    yield from _silence(account, now)
    if account.errors_in_a_row >= FAILURES_MAX:
        yield f"It could not be asked {account.errors_in_a_row} times in a row: {account.last_error}"
    if one.unread_since and now - one.unread_since > timedelta(minutes=UNREAD_MINUTES_MAX):
        yield f"Messages wait to be read since {_time(one.unread_since)}; does `cagnotte worker` run?"
    if _refused_since_last(account):
        yield (
            f"Requests with a wrong signature came, the last at {_time(account.last_refused_at)}, and no right one "
            "since; is the secret the one it signs with?"
        )
    missing = [told.name for told in accounts.told_secrets(account, now=now) if _misses(told)]
    yield from _missing(account, missing)


def _silence(account: Account, now: datetime) -> Iterator[str]:
    if account.silent_after_hours is None:
        return
    if account.last_message_at is None:
        yield "Nothing has come from it yet."
    elif now - account.last_message_at > timedelta(hours=account.silent_after_hours):
        yield (
            f"It has been silent since {_time(account.last_message_at)}, for more than "
            f"{account.silent_after_hours} hours."
        )


def _refused_since_last(account: Account) -> bool:
    refused, heard = account.last_refused_at, account.last_message_at
    return refused is not None and (heard is None or heard < refused)


def _misses(told: SecretTold) -> bool:
    return told.since is None and told.needed


def _missing(account: Account, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield (
            f"Its secret “{name}” is not set; set it with `cagnotte sources secret {account.ref} {name}`."
        )


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
