"""Named SQL queries, and COPY.

All set-based SQL lives in `cagnotte/sql/*.sql`, one file per pipeline stage. A query starts with a line
`-- name: lock_purchases`, goes on with its header as comments (inputs, rows touched, index used, locks taken),
and ends where the next one starts. Python never builds SQL from strings.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, LiteralString

import psycopg
from psycopg.pq import PipelineStatus
from psycopg.rows import Row

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """The queries of one file, as attributes: `load("ingest").lock_purchases`."""

    def __init__(self, stage: str, queries: dict[str, LiteralString]) -> None:
        self._stage = stage
        self._queries = queries

    def __getattr__(self, name: str) -> LiteralString:
        try:
            return self._queries[name]
        except KeyError:
            raise AttributeError(f"sql/{self._stage}.sql has no query named {name}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._queries)


@cache
def load(stage: str) -> Queries:
    """Return the queries of `cagnotte/sql/<stage>.sql`. Raises FileNotFoundError when there is no such file."""
    text = (files("cagnotte") / "sql" / f"{stage}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    return Queries(
        stage, dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))
    )


def copy_rows(
    connection: psycopg.Connection[Row],
    table: LiteralString,
    columns: LiteralString,
    rows: Iterable[Sequence[Any]],
) -> int:
    """COPY rows of Python values into `table` (columns separated by commas); return how many were sent."""
    count = 0
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY " + table + " (" + columns + ") FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def copy_text(
    connection: psycopg.Connection[Row],
    table: LiteralString,
    columns: LiteralString,
    lines: Sequence[str],
) -> None:
    r"""COPY rows that are already rendered in the text format (tabs between, \N for null, no line end).

    The fast road for hot tables: one formatted string a row. `escape` makes a text value safe.
    """
    if not lines:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY " + table + " (" + columns + ") FROM STDIN") as copy,
    ):
        copy.write("\n".join(lines) + "\n")


def write_text(
    connection: psycopg.Connection[Row],
    table: LiteralString,
    columns: LiteralString,
    lines: Sequence[str],
) -> None:
    """Write rows rendered as for `copy_text`: by COPY, or by INSERT in a pipeline, which cannot carry a COPY."""
    if connection.pgconn.pipeline_status == PipelineStatus.OFF:
        copy_text(connection, table, columns, lines)
    elif lines:
        with connection.cursor() as cursor:
            cursor.executemany(_insertion(table, columns), [values_of(line) for line in lines])


@cache
def _insertion(table: LiteralString, columns: LiteralString) -> LiteralString:
    places = ", ".join(["%s"] * (columns.count(",") + 1))
    return "INSERT INTO " + table + " (" + columns + ") VALUES (" + places + ")"  # noqa: S608 - names of our own


VALUES_MAX = 65_535
"""What one statement of the protocol can carry."""

Rows = tuple[LiteralString, LiteralString, Sequence[str]]
"""A table, its columns, and rows of it rendered as for `copy_text`."""


def insert_together(connection: psycopg.Connection[Row], tables: Iterable[Rows]) -> None:
    """Write a few rows of several tables by one statement: one message to the server instead of one per table."""
    filled = [(table, columns, lines) for table, columns, lines in tables if lines]
    statement = _insertions(tuple((table, columns, len(lines)) for table, columns, lines in filled))
    values = [value for _, _, lines in filled for line in lines for value in values_of(line)]
    # Raw: the driver keeps no long statement that it has had to translate, and this one is translated already.
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute(statement, values)


@lru_cache(maxsize=200)
def _insertions(tables: tuple[tuple[LiteralString, LiteralString, int], ...]) -> LiteralString:
    """Write the statement for so many rows of each table; few shapes come up, and each is prepared once."""
    parts: list[LiteralString] = []
    places = iter(range(1, VALUES_MAX + 1))
    for table, columns, count in tables:
        width = columns.count(",") + 1
        rows = ", ".join(
            [
                "(" + ", ".join(["$" + str(next(places)) for _ in range(width)]) + ")"
                for _ in range(count)
            ]
        )
        parts.append("INSERT INTO " + table + " (" + columns + ") VALUES " + rows)  # noqa: S608 - names of our own
    *first, last = parts
    if not first:
        return last
    return (
        "WITH "
        + ", ".join(["w" + str(n) + " AS (" + part + ")" for n, part in enumerate(first)])
        + " "
        + last
    )


def values_of(line: str) -> list[str | None]:
    """Read back the values of a row in the text format of COPY; the server reads each as its column's type."""
    return [
        None if text == "\\N" else _ESCAPED.sub(_unescaped, text) if "\\" in text else text
        for text in line.split("\t")
    ]


_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"n": "\n", "r": "\r", "t": "\t"}


def _unescaped(found: re.Match[str]) -> str:
    return _MEANT.get(found[1], found[1])


def escape(text: str) -> str:
    """Escape a value for the text format of COPY."""
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        return (
            text.replace("\\", "\\\\")
            .replace("\t", "\\t")
            .replace("\n", "\\n")
            .replace("\r", "\\r")
        )
    return text
