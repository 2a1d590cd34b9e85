"""How fast transactions are posted, against COPY of exactly the rows that posting writes.

    PYTHONPATH=src .venv/bin/python -m bench.ledger_post [--quick]

Posting is one transaction row, four entries, the test for duplicates, the guards and the balances. The limit is the
practical one: the same final rows, rendered as text beforehand, one client, the same indexes, one commit per batch,
but no triggers, no look-ups, no balances to keep up. Both start in fresh copies of one database, in turns. Posting
is measured from rows rendered beforehand, as COPY's are, and from `Transaction` values, which it must render.
"""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from psycopg import sql

from bench import crowd, table
from bench.scene import Scene, scene
from bench.table import Row
from cagnotte.domain.chart import Account
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import checks, services
from cagnotte.platform import database

TRANSACTIONS = 60_000
TABLES = ("ledger_transaction", "ledger_entry", "ledger_delta", "ledger_batch")
REACH = {1: 0.45, 2: 0.75}
"""By the number of clients: part of the limit's speed, in batches of 1,000."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One batch: its transactions, and what `post_rendered` takes of them."""

    batch_id: UUID
    transactions: Sequence[Transaction]
    lines: Sequence[str]
    accounts: frozenset[Account]


def chunks_of(transactions: Sequence[Transaction], size: int) -> list[Chunk]:
    """Cut transactions into batches, rendered."""
    return [
        _chunk(transactions[first : first + size]) for first in range(0, len(transactions), size)
    ]


def _chunk(transactions: Sequence[Transaction]) -> Chunk:
    accounts = frozenset(entry.account for each in transactions for entry in each.entries)
    return Chunk(uuid4(), transactions, [services.render(each) for each in transactions], accounts)


def post_rendered(chunks: Sequence[Chunk], ready: Callable[[], object] = lambda: None) -> None:
    """Post batches already rendered, one commit each."""
    with database.connect() as connection:
        ready()
        for chunk in chunks:
            services.post_rendered(connection, chunk.lines, chunk.accounts, batch_id=chunk.batch_id)
            connection.commit()


def post_values(chunks: Sequence[Chunk], ready: Callable[[], object] = lambda: None) -> None:
    """Post batches of `Transaction` values, one commit each."""
    with database.connect() as connection:
        ready()
        for chunk in chunks:
            services.post(connection, chunk.transactions, batch_id=chunk.batch_id)
            connection.commit()


def by_clients(
    chunks: Sequence[Chunk], clients: int, post: Callable[..., None] = post_rendered
) -> float:
    """Share batches out to client processes; return the seconds from the first start to the last end."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(clients + 1)
    workers = [
        context.Process(target=post, args=(chunks[number::clients], barrier.wait))
        for number in range(clients)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    started = time.perf_counter()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - started
    assert all(worker.exitcode == 0 for worker in workers)
    return seconds


def posting_seconds(made: Scene, chunks: Sequence[Chunk], clients: int) -> float:
    """Post into a fresh database; return the seconds."""
    with made.fresh():
        return by_clients(chunks, clients)


def values_seconds(made: Scene, chunks: Sequence[Chunk]) -> float:
    """Post values into a fresh database; return the seconds."""
    with made.fresh():
        started = time.perf_counter()
        post_values(chunks)
        return time.perf_counter() - started


Texts = list[dict[str, bytes]]
"""By batch and table: its final rows as COPY text."""


def final_rows(made: Scene, chunks: Sequence[Chunk]) -> Texts:
    """Post once, check the books, and return what then stands."""
    with made.fresh():
        post_rendered(chunks)
        with database.connect() as connection:
            assert checks.verify(connection) == []
            return [
                {table_: _rows(connection, table_, chunk.batch_id) for table_ in TABLES}
                for chunk in chunks
            ]


def _rows(connection: services.Connection, table_: str, batch_id: UUID) -> bytes:
    """The rows of one batch, in the order they were written."""
    query = sql.SQL("COPY (SELECT * FROM {} WHERE batch_id = {} ORDER BY ctid) TO STDOUT").format(
        sql.Identifier(table_), sql.Literal(batch_id)
    )
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(part) for part in copy)


def copy_seconds(made: Scene, texts: Texts) -> float:
    """COPY final rows into empty tables with the same indexes, one commit per batch; return the seconds."""
    with made.fresh(), database.connect("owner") as connection:
        for table_ in TABLES:
            connection.execute(
                sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING INDEXES INCLUDING STORAGE)").format(
                    sql.Identifier(f"limit_{table_}"), sql.Identifier(table_)
                )
            )
        connection.commit()
        started = time.perf_counter()
        for batch in texts:
            for table_, rows in batch.items():
                into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(f"limit_{table_}"))
                with connection.cursor().copy(into) as copy:
                    copy.write(rows)
            connection.commit()
        return time.perf_counter() - started


def compare(made: Scene, transactions: Sequence[Transaction], size: int) -> list[Row]:
    """Measure one size of batches; return its rows."""
    chunks = chunks_of(transactions, size)
    texts = final_rows(made, chunks)
    seconds = table.alternate(
        {
            "copy": lambda: copy_seconds(made, texts),
            "1": lambda: posting_seconds(made, chunks, 1),
            "2": lambda: posting_seconds(made, chunks, 2),
            "values": lambda: values_seconds(made, chunks),
        }
    )
    count, limit = len(transactions), seconds["copy"]
    rows = []
    for clients, reach in REACH.items():
        taken = seconds[str(clients)]
        name = f"ledger posting, batches of {size:,}, {clients} client{'s' * (clients > 1)}"
        detail = f"{count / taken:,.0f}/s against COPY {count / limit:,.0f}/s"
        row = Row.at_least(name, limit / taken, reach, detail=detail)
        rows.append(row if size == 1_000 else Row(name, row.figure, row.unit, detail=detail))
    taken = seconds["values"]
    name = f"… from values, rendering them too, batches of {size:,}, 1 client"
    rows.append(Row(name, limit / taken, "×", detail=f"{count / taken:,.0f}/s"))
    return rows


def measure(*, quick: bool = False) -> list[Row]:
    """Compare posting in batches of 1,000 and 5,000 with COPY."""
    transactions = crowd.transactions(TRANSACTIONS // 4 if quick else TRANSACTIONS)
    with scene(crowd.open_all) as made:
        return [row for size in (1_000, 5_000) for row in compare(made, transactions, size)]


if __name__ == "__main__":
    table.main(measure)
