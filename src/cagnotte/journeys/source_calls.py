"""What a plugin calls out with: safe calls, at the pace its source allows, in whatever process they are made."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings

from cagnotte.hooks.sources import HttpAnswer, HttpClient, Pace, SourceBusy, SourceFailed
from cagnotte.platform.http import CalledTooOften, Caller, CallFailed
from cagnotte.platform.sql import load

SQL = load("polling")
Connection = psycopg.Connection[Any]

TURN_SECONDS_MAX = 30.0
"""Turns that come this soon are waited for; for later ones the account is put off, and the worker goes on elsewhere."""

AT_ONCE_SHARE = 4
"""A quarter of a pace's calls may be made at once; the others follow evenly."""


class SourceCalls:
    """The `HttpClient` of one account."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        basic: tuple[str, str] | None = None,
    ) -> HttpAnswer:
        """Ask, and return what was answered. Raises SourceBusy, SourceFailed."""
        try:
            answer = self._caller.request(
                method, url, params=params, headers=headers, body=body, basic=basic
            )
        except CalledTooOften as busy:
            raise SourceBusy(
                busy.sentence, retry_after_seconds=busy.facts["retry_after_seconds"]
            ) from None
        except CallFailed as failed:
            raise SourceFailed(failed.sentence, **failed.facts) from None
        return HttpAnswer(*answer)


class Turns:
    """Turns to call, kept in the account's row, so that all processes together keep the pace.

    In no stretch of `pace.seconds` are more than `pace.calls` made. A source that may be asked only every few minutes
    gets one call each time, so its plugin must yield a page for each. The connection must be outside of transactions.
    """

    def __init__(
        self,
        connection: Connection,
        account_id: UUID,
        pace: Pace,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        at_once = max(1, pace.calls // AT_ONCE_SHARE)
        # After `at_once` calls together, one more each interval: the calls of any stretch then add up to the pace.
        self._interval_seconds = pace.seconds / (pace.calls - at_once + 1)
        self._ahead_seconds = (at_once - 1) * self._interval_seconds
        self._connection = connection
        self._account_id = account_id
        self._sleep = sleep

    def take(self) -> None:
        """Wait for a turn. Raises SourceBusy when it comes too late to be waited for."""
        while (wait := self._book()) > 0:
            if wait > TURN_SECONDS_MAX:
                raise SourceBusy(
                    "The source has been asked as often as it allows.",
                    retry_after_seconds=math.ceil(wait),
                )
            self._sleep(wait)

    def _book(self) -> float:
        with self._connection.transaction():
            row = self._connection.execute(
                SQL.book_call,
                {
                    "account_id": self._account_id,
                    "interval_seconds": self._interval_seconds,
                    "ahead_seconds": self._ahead_seconds,
                },
            ).fetchone()
        return float(row[0]) if row else 0.0


@contextmanager
def open_calls(connection: Connection, account_id: UUID, pace: Pace | None) -> Iterator[HttpClient]:
    """Give the client for calls of one account; it keeps the pace, and is closed afterwards."""
    turns = Turns(connection, account_id, pace) if pace else None
    with Caller(
        allow_private=settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES,
        before_call=turns.take if turns else lambda: None,
    ) as caller:
        yield SourceCalls(caller)
