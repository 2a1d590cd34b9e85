"""How fast purchases go from file to booked, against COPY of exactly the rows that this writes.

    PYTHONPATH=src .venv/bin/python -m bench.ingest [--quick]

The limit is the practical one: the final rows of every table, rendered as text beforehand and held in memory, one
client, the same columns and indexes, as many commits; no triggers, checks or foreign keys, no reading, no
deciding. Rounds of both stand interleaved, each in a fresh copy of the same database; medians are compared.
Also measured: what a purchase costs among ten times as many.
"""

import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench import table
from bench.scene import TEMPLATE, Scene, ingest_seconds, purchases, scene
from bench.table import Row
from cagnotte.journeys.ingest import CHUNK_ORDERS

BASKETS = 40_000
BLOCK_BYTES = 1 << 20

Rows = dict[str, list[bytes]]
"""By table: its rows as COPY text, cut into as many pieces as there are commits."""


def rows_written(made: Scene, name: str, pieces: int) -> tuple[Rows, int]:
    """Return the rows that stand in a database and not in its template, and their number."""
    rows: Rows = {}
    count = 0
    with made.admin(name) as after, made.admin(TEMPLATE) as before:
        for name_ in _tables(after):
            known = set(_dump(before, name_))
            new = [line for line in _dump(after, name_) if line not in known]
            if new:
                count += len(new)
                size = -(-len(new) // pieces)
                rows[name_] = [
                    b"".join(new[start : start + size]) for start in range(0, len(new), size)
                ]
    return rows, count


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    query = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
    """
    return [row[0] for row in connection.execute(query)]


def _dump(connection: psycopg.Connection[Any], name: str) -> list[bytes]:
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
    with connection.cursor().copy(statement) as copy:
        return [bytes(row) for row in copy]


def copy_seconds(made: Scene, rows: Rows) -> float:
    """COPY rows into plain copies of their tables, piece by piece; return the seconds."""
    pieces = max(map(len, rows.values()))
    with made.fresh() as name, made.admin(name) as connection:
        connection.execute("CREATE SCHEMA plain")
        for name_ in rows:
            connection.execute(
                sql.SQL(
                    "CREATE TABLE plain.{0} (LIKE public.{0} INCLUDING DEFAULTS INCLUDING IDENTITY"
                    " INCLUDING GENERATED INCLUDING STORAGE INCLUDING INDEXES)"
                ).format(sql.Identifier(name_))
            )
        connection.execute("CHECKPOINT")
        connection.autocommit = False
        started = time.perf_counter()
        for piece in range(pieces):
            for name_, texts in rows.items():
                if piece < len(texts):
                    _copy(connection, name_, texts[piece])
            connection.commit()
        return time.perf_counter() - started


def _copy(connection: psycopg.Connection[Any], name: str, text: bytes) -> None:
    statement = sql.SQL("COPY plain.{} FROM STDIN").format(sql.Identifier(name))
    with connection.cursor().copy(statement) as copy:
        for start in range(0, len(text), BLOCK_BYTES):
            copy.write(text[start : start + BLOCK_BYTES])


def measure(*, quick: bool = False) -> list[Row]:
    """Compare one process and two with COPY, and all baskets with a tenth of them."""
    baskets = BASKETS // 8 if quick else BASKETS
    path, tenth = purchases(baskets), purchases(baskets // 10)
    with scene() as made:
        with made.fresh() as name:
            ingest_seconds(path, jobs=1)
            rows, count = rows_written(made, name, -(-baskets // CHUNK_ORDERS))
        size = sum(len(text) for texts in rows.values() for text in texts)
        seconds = table.alternate(
            {
                "copy": lambda: copy_seconds(made, rows),
                "one": lambda: fresh_seconds(made, path, 1),
                "two": lambda: fresh_seconds(made, path, 2),
                "tenth": lambda: fresh_seconds(made, tenth, 1),
            }
        )
    written = f"{count:,} rows in {len(rows)} tables, {size / 1e6:.0f} MB"
    return [*against_copy(baskets, seconds, written), growth(baskets, seconds)]


def fresh_seconds(made: Scene, path: Path, jobs: int) -> float:
    """Import a file into a fresh database; return the seconds."""
    with made.fresh():
        return ingest_seconds(path, jobs)


def against_copy(baskets: int, seconds: dict[str, float], written: str) -> list[Row]:
    """Return the rows about the limit."""
    limit = seconds["copy"]
    named = (("one", "one process", 0.4), ("two", "two processes", 0.7))
    return [
        Row.at_least(
            f"ingest from file to booked, {what}, against COPY",
            limit / seconds[key],
            reach,
            detail=f"{baskets / seconds[key]:,.0f}/s against {baskets / limit:,.0f}/s; {written}",
        )
        for key, what, reach in named
    ]


def growth(baskets: int, seconds: dict[str, float]) -> Row:
    """Return the row about ten times the baskets."""
    large, small = (
        1e6 * seconds[key] / count for key, count in (("one", baskets), ("tenth", baskets / 10))
    )
    detail = f"{large:.0f} µs each of {baskets:,}, {small:.0f} µs each of {baskets // 10:,}"
    name = "ingest of ten times the baskets, cost per purchase"
    return Row.at_most(name, large / small, 1.1, detail=detail)


if __name__ == "__main__":
    table.main(measure)
