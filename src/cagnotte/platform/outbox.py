"""The outbox: facts are noted in the database transaction that makes them, and told to others afterwards.

So nothing is told that was rolled back, and nothing that was committed is forgotten. A row says what happened to a
whole set of things, not to one of them, so that a chunk of thousands costs one row. What moves money needs no row at
all: the ledger itself says it (`journeys.tell_events`).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.platform.sql import load

SQL = load("outbox")

Connection = psycopg.Connection[Any]

TAKEN_AT_ONCE = 50


class Told(NamedTuple):
    """What happened (`topic`) to some things (`keys`) of a programme. at: the recording time of the facts."""

    topic: str
    programme_id: UUID
    keys: list[UUID]
    at: datetime


def tell(
    connection: Connection, *, topic: str, programme_id: UUID, keys: Iterable[UUID], at: datetime
) -> None:
    """Note that something happened, in the caller's database transaction; without keys nothing is noted."""
    found = list(keys)
    if found:
        connection.execute(
            SQL.tell, {"topic": topic, "programme_id": programme_id, "keys": found, "at": at}
        )


def is_waiting(connection: Connection) -> bool:
    """Tell whether there is anything to take."""
    [(found,)] = connection.execute(SQL.is_waiting)
    return bool(found)


def take(connection: Connection, *, at_most: int = TAKEN_AT_ONCE) -> list[Told]:
    """Take the oldest rows out; they are gone for good once the caller commits."""
    return [Told(*row) for row in connection.execute(SQL.take, {"at_most": at_most})]
