"""Purchases sent one by one take the same road as a file's, and come to the same cent."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connections

from cagnotte.domain.errors import NoSlot
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.record_purchases import (
    FIRST_SLOT,
    LAST_SLOT,
    PurchaseRecorder,
    Sent,
    Taken,
)
from cagnotte.platform.batching import MicroBatcher
from cagnotte.platform.database import connect
from cagnotte.purchases.models import Source
from cagnotte.purchases.reading.texts import OrderText
from tests.journeys.world import NOON, World, corner

BUDGET = """
- ref: spring
  name: 1.00 more on jam, while 3.00 last
  role: boost
  effect: {kind: fixed_per_order, amount: "1.00"}
  conditions: {categories: [jam]}
  limits: {budget: "3.00"}
"""


@pytest.fixture
def world(empty_world: World) -> World:
    empty_world.load(corner(offers=BUDGET))
    return empty_world


@pytest.fixture
def recorder(world: World) -> Iterator[PurchaseRecorder]:
    with connect() as connection:
        recorder = open_recorder(connection)
        yield recorder
        recorder.close()


def open_recorder(connection: psycopg.Connection[Any]) -> PurchaseRecorder:
    run = ProgrammeRun.open(connection, "corner", NOON)
    return PurchaseRecorder(connection, run, Source.objects.get(ref="till"))


LINE_NAMES = ("sku", "brand", "amount", "category", "quantity")
"""The line fields of the till's mapping, as the database keeps them."""


def order(ref: str, member: str = "1", amount: str = "20.00", **more: str) -> OrderText:
    line = {"sku": "plum", "quantity": "1", "amount": amount, "category": more.pop("category", "")}
    fields = {
        "order_ref": ref,
        "member": member,
        "occurred_at": "2026-02-10T10:00:00",
        "currency": "EUR",
        **more,
    }
    return OrderText(
        1, f"{ref};{amount}", fields, [tuple([line.get(name, "") for name in LINE_NAMES])]
    )


def test_a_purchase_is_decided_booked_and_answered(
    world: World, recorder: PurchaseRecorder
) -> None:
    assert recorder.line_names == LINE_NAMES
    (taken,) = recorder.record([Sent("evt-1", order("A1"))], now=NOON)

    assert taken.outcome == "new"
    assert world.member("1") == {"pending": 100}
    assert world.books() == {"funder.accrued": 100, "member.pending": 100}


def test_the_same_event_again_changes_nothing(world: World, recorder: PurchaseRecorder) -> None:
    recorder.record([Sent("evt-1", order("A1"))], now=NOON)
    before = world.digest()

    outcomes = [
        taken.outcome
        for taken in recorder.record(
            [Sent("evt-1", order("A1")), Sent("evt-2", order("A1"))], now=NOON + timedelta(hours=1)
        )
    ]

    assert outcomes == ["repeated", "unchanged"]
    assert world.member("1") == {"pending": 100}
    assert world.digest()[0] == before[0]


@pytest.mark.parametrize("times", [2, 3])
def test_the_same_event_twice_in_a_batch_is_taken_once(
    world: World, recorder: PurchaseRecorder, times: int
) -> None:
    sent = [Sent("evt-1", order("A1")) for _ in range(times)]
    assert [taken.outcome for taken in recorder.record(sent, now=NOON)] == [
        "new",
        *["repeated"] * (times - 1),
    ]
    assert world.member("1") == {"pending": 100}


def test_two_recorders_that_take_the_same_orders_at_the_same_time_take_each_once(
    world: World, recorder: PurchaseRecorder
) -> None:
    """Each of them finds out in the midst of its pipeline, and starts again."""
    start = threading.Barrier(2)

    def take(one: PurchaseRecorder) -> list[str]:
        outcomes = []
        for number in range(60):
            start.wait()
            sent = [Sent(f"evt-{number}", order(f"A{number}"))]
            outcomes.append(one.record(sent, now=NOON)[0].outcome)
        connections.close_all()
        return outcomes

    with connect() as connection, ThreadPoolExecutor(2) as executor:
        other = open_recorder(connection)
        both = list(executor.map(take, [recorder, other]))
        other.close()

    assert [sorted(pair) for pair in zip(*both, strict=True)] == [["new", "repeated"]] * 60
    assert world.member("1") == {"pending": 60 * 100}


def test_each_message_of_a_batch_has_its_own_answer(
    world: World, recorder: PurchaseRecorder
) -> None:
    answers = recorder.record(
        [
            Sent("evt-1", order("A1")),
            Sent("evt-2", order("A2", member="99")),
            Sent("evt-3", order("A3", amount="twenty")),
            Sent("evt-4", order("A1", amount="30.00")),
            Sent("evt-5", order("A4", member="2", merchant="elsewhere")),
        ],
        now=NOON,
    )

    assert [taken.outcome for taken in answers] == [
        "new",
        "rejected",
        "rejected",
        "changed",
        "rejected",
    ]
    assert [getattr(taken.error, "reason", None) for taken in answers] == [
        None, "unknown_member", "bad_amount", None, "unknown_merchant",
    ]  # fmt: skip
    assert world.member("1") == {"pending": 150}


def test_a_file_and_messages_end_in_the_same_books(
    world: World, recorder: PurchaseRecorder
) -> None:
    rows = [(f"A{number}", str(1 + number % 3), f"{number}.35") for number in range(40)]
    recorder.record(
        [
            Sent(f"evt-{ref}", order(ref, member, amount, category="jam"))
            for ref, member, amount in rows
        ],
        now=NOON,
    )
    by_messages = world.books(), [world.member(str(number)) for number in (1, 2, 3)]

    summary = world.till(
        *[
            f"{ref},{member},2026-02-10T10:00:00,EUR,,plum,1,{amount},jam,"
            for ref, member, amount in rows
        ]
    )

    assert summary.counts["unchanged"] == 40
    assert (world.books(), [world.member(str(number)) for number in (1, 2, 3)]) == by_messages


def test_a_budget_is_spent_to_the_cent_and_what_is_left_goes_back(
    world: World, recorder: PurchaseRecorder
) -> None:
    sent = [Sent(f"evt-{n}", order(f"A{n}", amount="20.00", category="jam")) for n in range(2)]
    recorder.record(sent, now=NOON)
    recorder.close()
    slices = world.rows(
        "SELECT slot, granted_minor, used_minor FROM rewards_budgetslice ORDER BY slot"
    )
    assert slices == [(0, 200, 0), (FIRST_SLOT, 200, 200)]

    world.till(*[f"B{n},2,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam," for n in range(2)])

    ((granted, used),) = world.rows(
        "SELECT (SELECT granted_minor FROM rewards_budgetslice WHERE slot = 0)::bigint, "
        "sum(used_minor)::bigint FROM rewards_budgetslice"
    )
    assert (granted, used) == (300, 300)
    assert world.member("1") == {"pending": 400}
    assert world.member("2") == {"pending": 300}


def test_recorders_never_share_a_slice_of_a_budget(
    world: World, recorder: PurchaseRecorder
) -> None:
    with connect() as other:
        second = open_recorder(other)
        second.record([Sent("evt-2", order("A2", category="jam"))], now=NOON)
        recorder.record([Sent("evt-1", order("A1", category="jam"))], now=NOON)
        slots = world.rows(
            "SELECT slot FROM rewards_budgetslice WHERE used_minor > 0 ORDER BY slot"
        )
        assert slots == [(FIRST_SLOT,), (FIRST_SLOT + 1,)]
        second.close()


def test_too_many_recorders_are_refused_with_a_sentence(world: World) -> None:
    with connect() as taken, connect() as connection:
        taken.execute(
            "SELECT pg_advisory_lock(hashtextextended('budget_slot ' || id, slot)) "
            "FROM identity_programme, generate_series(%s::integer, %s::integer) AS n (slot)",
            (FIRST_SLOT, LAST_SLOT),
        )
        with pytest.raises(NoSlot, match="All 64 recorders of “corner” are in use"):
            open_recorder(connection)


def test_many_threads_through_a_batcher_lose_and_repeat_nothing(
    world: World, committed_db: str
) -> None:
    """Sixteen callers send forty orders, each of them twice, through two workers."""
    opened = [connect(), connect()]
    recorders = [open_recorder(connection) for connection in opened]
    start = threading.Barrier(16)

    def call(caller: int) -> list[str]:
        start.wait()
        sent = [
            Sent(f"evt-{n % 40}", order(f"A{n % 40}")) for n in range(caller * 5, caller * 5 + 5)
        ]
        return [batcher.submit(message).result().outcome for message in sent]

    with (
        MicroBatcher[Sent, Taken](
            [partial(one.record, now=NOON) for one in recorders], size_max=8
        ) as batcher,
        ThreadPoolExecutor(16) as executor,
    ):
        outcomes = [outcome for told in executor.map(call, range(16)) for outcome in told]
    for one, connection in zip(recorders, opened, strict=True):
        one.close()
        connection.close()

    assert sorted(outcomes) == ["new"] * 40 + ["repeated"] * 40
    assert world.member("1") == {"pending": 40 * 100}
