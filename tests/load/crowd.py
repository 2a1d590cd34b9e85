"""Many at once: works that start at the same moment, each in a thread with a connection of its own."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event
from typing import Any, TypeVar

import psycopg
from django.db import connections

from cagnotte.platform import database

Connection = psycopg.Connection[Any]
Result = TypeVar("Result")

LOAD_SECONDS = float(os.environ.get("CAGNOTTE_LOAD_SECONDS", "5"))
"""How long the loads last that can last as long as one likes."""

PATIENCE_SECONDS = 60


def together(*works: Callable[[Connection], Result]) -> list[Result]:
    """Run the works at once and return what each returned; the first error of any is raised."""
    start = Barrier(len(works))

    def run(work: Callable[[Connection], Result]) -> Result:
        try:
            with database.connect() as connection:
                start.wait(PATIENCE_SECONDS)
                return work(connection)
        finally:
            # Threads have connections of Django's of their own, and nobody else would close them.
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


@contextmanager
def meanwhile(watch: Callable[[Connection], None]) -> Iterator[None]:
    """Do `watch` again and again, in a thread, for as long as the block takes; at least once after it.

    What it raises is raised when the block has ended.
    """
    over = Event()

    def again() -> int:
        rounds = 0
        with database.connect(autocommit=True) as connection:
            last = False
            while not last:
                last = over.is_set()
                watch(connection)
                rounds += 1
                time.sleep(0.005)
        return rounds

    with ThreadPoolExecutor(1) as threads:
        watching = threads.submit(again)
        try:
            yield
        finally:
            over.set()
        assert watching.result(PATIENCE_SECONDS) > 1


def deadlocks(connection: Connection) -> int:
    """Return how many deadlocks the server has broken in this database."""
    connection.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
    row = connection.execute(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    connection.rollback()
    assert row is not None
    return int(row[0])
