"""Files of purchases come in: chunk by chunk, one database transaction each.

Receiving the same file again, whole or in part, writes nothing new: every message has a delivery key, derived from
the file's bytes and the row it stands on.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import psycopg

from cagnotte.journeys.arrivals import Rejected, in_one_transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.orders import Chunk, Intake, Order, Tally
from cagnotte.platform.behind import Behind, working_behind
from cagnotte.purchases.reading.texts import Broken, OrderText

Connection = psycopg.Connection[Any]

CHUNK_ORDERS = 6_000
"""Orders per database transaction."""


def import_orders(
    connection: Connection,
    file: Intake,
    orders: Iterable[Order],
    *,
    mine: Callable[[OrderText], bool] | None = None,
    chunk_orders: int = CHUNK_ORDERS,
) -> Iterator[tuple[Tally, list[Rejected], int]]:
    """Take a file's orders in, `chunk_orders` at a time; give each chunk's outcome once it is committed.

    mine: which orders this writer takes, when several share a file; the broken ones go to writer 1.
    Of each chunk: the tally, what was rejected, and how many characters of the file are done with.
    Interrupted anywhere, a second run ends in the same state as one clean run.
    """
    chunks = _ReadAhead(_chunks(orders, chunk_orders, mine, first=file.writer == 1))
    with _catalogue_set_aside(), working_behind() as behind:
        budgets = Budgets(
            connection, file.run.id, file.run.budgets(), file.writer, before_asking=behind.settle
        )
        for chunk in chunks:
            work = partial(_take, connection, file, budgets, behind, chunk, chunks)
            with _garbage_left_lying():
                tally, rejected = in_one_transaction(connection, work)
            yield tally, rejected, chunk.characters
        if budgets:
            with connection.transaction():
                budgets.give_back()


@contextmanager
def _catalogue_set_aside() -> Iterator[None]:
    """Keep what is there already, the catalogue above all, out of every later look for garbage."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _garbage_left_lying() -> Iterator[None]:
    """Look for garbage once after a chunk, not some hundred times within it, which costs a seventh of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


class _Orders(NamedTuple):
    """The orders of a chunk, and how many characters of the file were read up to their end."""

    orders: list[Order]
    characters: int


def _chunks(
    orders: Iterable[Order], size: int, mine: Callable[[OrderText], bool] | None, *, first: bool
) -> Iterator[_Orders]:
    chunk: list[Order] = []
    characters = 0
    for order in orders:
        characters += len(order.raw)
        if mine is not None and not (first if isinstance(order, Broken) else mine(order)):
            continue
        chunk.append(order)
        if len(chunk) >= size:
            yield _Orders(chunk, characters)
            chunk = []
    if chunk:
        yield _Orders(chunk, characters)


class _ReadAhead:
    """Chunks of a file, of which the next may be read while the last is still being written."""

    def __init__(self, chunks: Iterator[_Orders]) -> None:
        self._chunks = chunks
        self._held: list[_Orders | Exception] = []

    def __iter__(self) -> Iterator[_Orders]:
        while True:
            self.read_on()
            if not self._held:
                return
            held = self._held.pop()
            if isinstance(held, Exception):
                raise held
            yield held

    def read_on(self) -> None:
        """Read the next chunk unless it is there already. A file that breaks off says so when its turn comes."""
        if not self._held:
            try:
                self._held.extend(islice(self._chunks, 1))
            except Exception as error:  # noqa: BLE001 - raised where the chunk would be taken
                self._held.append(error)


def _take(
    connection: Connection,
    file: Intake,
    budgets: Budgets,
    behind: Behind,
    chunk: _Orders,
    chunks: _ReadAhead,
) -> tuple[Tally, list[Rejected]]:
    try:
        return Chunk(connection, file, budgets, behind).take(chunk.orders, chunks.read_on)
    except BaseException:
        # The connection is rolled back next: nobody may be using it then.
        behind.abandon()
        raise
