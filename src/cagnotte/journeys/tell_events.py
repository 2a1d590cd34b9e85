"""What is new in the books is told: events are made, and sent on their way to who asked for them.

The ledger is the outbox of all that moves money: each of its batches carries the mark of the database transaction that
wrote it, so nobody has to write a second row, and no purchase becomes slower by being told. What moves no money is in
the outbox proper. Both are read as they become visible: a batch is told as soon as it is committed, also past a slower
one that began before it and is found once it is there. Facts of one object are committed one after the other, since
they lock it, so whoever sees a fact sees all that came before it, and tells them together, in their order.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.journeys.event_facts import LEDGER_READERS, Fact, NewEvent, events_of
from cagnotte.notices import deliveries, listeners
from cagnotte.notices.catalogue import SUBSCRIBABLE
from cagnotte.platform import outbox
from cagnotte.platform.outbox import Told
from cagnotte.platform.sql import load

SQL = load("events")

Connection = psycopg.Connection[Any]

CHUNK_FACTS = 2_000
"""Facts whose rows are read, and whose events are written, at once."""


class _Batches(NamedTuple):
    """Batches of the ledger that are to be told, and the edge below which nothing can appear any more."""

    edge: str
    ids: list[UUID]


def tell(connection: Connection, *, now: datetime) -> int:
    """Make events of all that is new, with a delivery for each who asked; return how many. Commits.

    Returns 0 while somebody else is at it. Interrupted, all of it is done again by the next call, to the same events.
    """
    waiting = _is_waiting(connection)
    connection.commit()
    if not waiting:
        return 0
    with connection.transaction():
        row = connection.execute(SQL.take_mark).fetchone()
        return _tell(connection, row[0], now) if row else 0


def _is_waiting(connection: Connection) -> bool:
    [(batches,)] = connection.execute(SQL.is_waiting)
    return bool(batches) or outbox.is_waiting(connection)


def _tell(connection: Connection, mark: str, now: datetime) -> int:
    audience = {row[0] for row in connection.execute(SQL.audience)}
    hearing = _hearing()
    count = 0
    while told := outbox.take(connection):
        facts = [one for row in told if row.programme_id in audience for one in _facts_in(row)]
        count += _write(connection, facts, hearing, now)
    [found] = connection.execute(SQL.new_batches, {"mark": mark})
    batches = _Batches(*found)
    if batches.ids:
        if audience:
            connection.execute(SQL.plan_for_facts)
            for chunk in _chunks(_facts(connection, batches.ids, audience)):
                count += _write(connection, chunk, hearing, now)
        connection.execute(SQL.move_mark, {"edge": batches.edge, "batch_ids": batches.ids})
    return count


def _facts_in(row: Told) -> Iterator[Fact]:
    for key in row.keys:
        yield Fact(key, row.programme_id, None, row.topic, key, row.at.date(), row.at, {})


def _facts(connection: Connection, batch_ids: list[UUID], audience: set[UUID]) -> Iterator[Fact]:
    """Read what is to be told of some batches, with flat memory however many they are."""
    wanted = {
        "batch_ids": batch_ids,
        "first": batch_ids[0],
        "last": batch_ids[-1],
        "programmes": sorted(audience),
        "kinds": sorted(LEDGER_READERS),
    }
    with connection.cursor(name="facts_to_tell") as cursor:
        cursor.itersize = CHUNK_FACTS
        cursor.execute(SQL.facts, wanted)
        for row in cursor:
            yield Fact(*row)


def _chunks(facts: Iterable[Fact]) -> Iterator[list[Fact]]:
    """Cut facts into chunks, never between two of one wallet."""
    chunk: list[Fact] = []
    for fact in facts:
        if len(chunk) >= CHUNK_FACTS and fact.book_id != chunk[-1].book_id:
            yield chunk
            chunk = []
        chunk.append(fact)
    if chunk:
        yield chunk


def _hearing() -> list[tuple[UUID, str]]:
    """Return which connected listener has a word for which type of events."""
    return [
        (row.id, name)
        for row in listeners.enabled()
        for name in SUBSCRIBABLE
        if listeners.wants(row, name)
    ]


def _write(
    connection: Connection, facts: list[Fact], hearing: list[tuple[UUID, str]], now: datetime
) -> int:
    events = events_of(connection, facts)
    if not events:
        return 0
    numbers = [row[0] for row in connection.execute(SQL.write_events, _columns(events, now))]
    deliveries.enqueue(connection, numbers, hearing, now=now)
    return len(numbers)


def _columns(events: list[NewEvent], now: datetime) -> dict[str, Any]:
    return {
        "ids": [one.id for one in events],
        "programme_ids": [one.fact.programme_id for one in events],
        "types": [one.type for one in events],
        "object_ids": [one.object_id for one in events],
        "wallet_ids": [one.wallet_id for one in events],
        "fact_ids": [one.fact.fact_id for one in events],
        "created_at": [one.fact.recorded_at for one in events],
        "data": [orjson.dumps(one.data.plain()).decode() for one in events],
        "made_at": now,
    }
