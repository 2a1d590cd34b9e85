"""Named SQL queries, and COPY.

All set-based SQL lives in `cagnotte/sql/*.sql`, one file per pipeline stage. A query starts with a line
`-- name: lock_purchases`, goes on with its header as comments (inputs, rows touched, index used, locks taken),
and ends where the next one starts. Python never builds SQL from strings.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
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


def rows_text(lines: Iterable[str], *, before: str = "") -> str:
    """Render rows of the text format of COPY as an array of rows of their table, for `unnest(… ::text::table[])`.

    One statement of one shape then writes any number of rows. before: the columns that stand before those of the
    lines and are empty, a comma for each.
    """
    return "{" + ",".join([_row_text(line, before) for line in lines]) + "}"


def _row_text(line: str, before: str) -> str:
    values = [
        "" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for text in values_of(line)
    ]
    row = "(" + before + ",".join(values) + ")"
    return '"' + row.replace("\\", "\\\\").replace('"', '\\"') + '"'


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
