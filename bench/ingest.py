"""How fast purchases go from file to booked, against COPY of exactly the rows that this writes.

    .venv/bin/python -m bench.ingest [baskets] [rounds]

The limit is the practical one: the final rows of every table, rendered as text beforehand and held in memory, one
client, the same columns and indexes, as many commits; no triggers, checks or foreign keys, no reading, no
deciding. Rounds of both stand interleaved, each in a fresh copy of the same database; medians are compared.
Also measured: that ten times the baskets cost at most eleven times the time.
"""

import statistics
import sys
import time
from typing import Any

import psycopg
from psycopg import sql

from bench.scene import TEMPLATE, Scene, ingest_seconds, purchases, scene
from cagnotte.journeys.ingest import CHUNK_ORDERS

BASKETS = 40_000
ROUNDS = 3
BLOCK_BYTES = 1 << 20

Rows = dict[str, list[bytes]]
"""By table: its rows as COPY text, cut into as many pieces as there are commits."""


def rows_written(made: Scene, name: str, pieces: int) -> tuple[Rows, int]:
    """Return the rows that stand in a database and not in its template, and their number."""
    rows: Rows = {}
    count = 0
    with made.admin(name) as after, made.admin(TEMPLATE) as before:
        for table in _tables(after):
            known = set(_dump(before, table))
            new = [line for line in _dump(after, table) if line not in known]
            if new:
                count += len(new)
                size = -(-len(new) // pieces)
                rows[table] = [
                    b"".join(new[start : start + size]) for start in range(0, len(new), size)
                ]
    return rows, count


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    query = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
    """
    return [row[0] for row in connection.execute(query)]


def _dump(connection: psycopg.Connection[Any], table: str) -> list[bytes]:
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with connection.cursor().copy(statement) as copy:
        return [bytes(row) for row in copy]


def copy_seconds(made: Scene, rows: Rows) -> float:
    """COPY rows into plain copies of their tables, piece by piece; return the seconds."""
    pieces = max(map(len, rows.values()))
    with made.fresh() as name, made.admin(name) as connection:
        connection.execute("CREATE SCHEMA plain")
        for table in rows:
            connection.execute(
                sql.SQL(
                    "CREATE TABLE plain.{0} (LIKE public.{0} INCLUDING DEFAULTS INCLUDING IDENTITY"
                    " INCLUDING GENERATED INCLUDING STORAGE INCLUDING INDEXES)"
                ).format(sql.Identifier(table))
            )
        connection.execute("CHECKPOINT")
        connection.autocommit = False
        started = time.perf_counter()
        for piece in range(pieces):
            for table, texts in rows.items():
                if piece < len(texts):
                    _copy(connection, table, texts[piece])
            connection.commit()
        return time.perf_counter() - started


def _copy(connection: psycopg.Connection[Any], table: str, text: bytes) -> None:
    statement = sql.SQL("COPY plain.{} FROM STDIN").format(sql.Identifier(table))
    with connection.cursor().copy(statement) as copy:
        for start in range(0, len(text), BLOCK_BYTES):
            copy.write(text[start : start + BLOCK_BYTES])


def main() -> None:
    baskets = int(sys.argv[1]) if len(sys.argv) > 1 else BASKETS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with scene() as made:
        path, tenth = purchases(baskets), purchases(baskets // 10)
        with made.fresh() as name:
            ingest_seconds(path, jobs=1)
            rows, count = rows_written(made, name, -(-baskets // CHUNK_ORDERS))
        size = sum(len(text) for texts in rows.values() for text in texts)
        print(f"{baskets:,} baskets: {count:,} rows in {len(rows)} tables, {size / 1e6:.0f} MB")
        figures: dict[str, list[float]] = {"one": [], "two": [], "copy": [], "tenth": []}
        for _ in range(rounds):
            figures["copy"].append(copy_seconds(made, rows))
            for key, file, jobs in (("one", path, 1), ("two", path, 2), ("tenth", tenth, 1)):
                with made.fresh():
                    figures[key].append(ingest_seconds(file, jobs))
    report(baskets, {key: statistics.median(values) for key, values in figures.items()})


def report(baskets: int, median: dict[str, float]) -> None:
    """Print the figures as rows of bench/README.md."""
    print(
        f"| COPY of the same rows | {median['copy']:.2f} s | {baskets / median['copy']:,.0f}/s | 1 | |"
    )
    for key, what, reach in (("one", "one process", 0.3), ("two", "two processes", 0.5)):
        ratio = median["copy"] / median[key]
        met = "met" if ratio >= reach else "missed"
        print(
            f"| from file to booked, {what} | {median[key]:.2f} s | {baskets / median[key]:,.0f}/s "
            f"| {ratio:.2f} | ≥ {reach}: {met} |"
        )
    growth = median["one"] / median["tenth"]
    met = "met" if growth <= 11 else "missed"
    print(
        f"| 10 × the baskets | {median['tenth']:.2f} → {median['one']:.2f} s | | × {growth:.1f} | ≤ 11: {met} |"
    )


if __name__ == "__main__":
    main()
