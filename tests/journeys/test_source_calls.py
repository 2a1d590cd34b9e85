"""Calls keep the pace of their source, whoever makes them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import transaction

from cagnotte.hooks.sources import Pace, SourceBusy
from cagnotte.identity import services as identity
from cagnotte.inbox.models import Account
from cagnotte.journeys.source_calls import Turns, open_calls
from cagnotte.platform.database import connect

Connection = psycopg.Connection[Any]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def account_id(committed_db: str) -> UUID:
    assert committed_db
    with transaction.atomic():
        programme = identity.save_programme(
            slug="corner", name="Corner", currency="EUR", timezone="Europe/Paris", now=NOW
        )
    account = Account.objects.create(id=uuid4(), programme=programme, ref="a", plugin="postback")
    return account.id


@pytest.fixture
def connection(committed_db: str) -> Iterator[Connection]:
    assert committed_db
    with connect() as opened:
        yield opened


def taken_at(turns: Turns, count: int) -> list[float]:
    moments = []
    for _ in range(count):
        turns.take()
        moments.append(time.monotonic())
    return moments


@pytest.mark.parametrize("pace", [Pace(4, 1), Pace(8, 1), Pace(20, 1)])
def test_no_stretch_holds_more_calls_than_the_pace_allows(
    connection: Connection, account_id: UUID, pace: Pace
) -> None:
    moments = taken_at(Turns(connection, account_id, pace), 2 * pace.calls)
    for first, last in zip(moments, moments[pace.calls :], strict=False):
        # A call more than the pace holds comes at least its seconds later; less the time that a step of the test takes.
        assert last - first > pace.seconds * 0.95
    assert moments[-1] - moments[0] < 3 * pace.seconds


def test_some_calls_may_be_made_at_once(connection: Connection, account_id: UUID) -> None:
    slept: list[float] = []
    turns = Turns(connection, account_id, Pace(20, 60), sleep=slept.append)
    for _ in range(5):
        turns.take()
    assert slept == []


def test_a_turn_that_comes_late_is_not_waited_for(connection: Connection, account_id: UUID) -> None:
    turns = Turns(connection, account_id, Pace(3, 900))
    turns.take()
    with pytest.raises(SourceBusy) as busy:
        turns.take()
    assert busy.value.facts["retry_after_seconds"] in range(290, 301)


def test_the_pace_is_kept_by_all_processes_together_and_after_a_restart(
    connection: Connection, account_id: UUID
) -> None:
    Turns(connection, account_id, Pace(1, 600)).take()
    with connect() as other, pytest.raises(SourceBusy):
        Turns(other, account_id, Pace(1, 600)).take()


def test_a_source_without_a_pace_is_called_without_turns(
    connection: Connection, account_id: UUID
) -> None:
    with open_calls(connection, account_id, None) as http:
        assert http is not None
    assert Account.objects.get().calls_booked_until is None
