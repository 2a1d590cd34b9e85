"""Rows rendered as text, on every road into a table."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cagnotte.journeys.recording import BEFORE, COLUMNS
from cagnotte.ledger.services import STAGE_COLUMNS
from cagnotte.platform import database
from cagnotte.platform.sql import escape, rows_text

VALUES = st.none() | st.text(st.characters(blacklist_characters="\x00", codec="utf-8"), max_size=20)


@pytest.mark.usefixtures("committed_db")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=4))
def test_an_array_of_rows_holds_what_the_text_format_held(
    rows: list[tuple[str | None, str | None]],
) -> None:
    lines = [
        "\t".join(["\\N" if value is None else escape(value) for value in row]) for row in rows
    ]
    with database.connect() as connection:
        connection.execute("CREATE TEMP TABLE told (number integer, first text, second text)")
        read = connection.execute(
            "SELECT first, second FROM unnest(%s::text::told[])", [rows_text(lines, before=",")]
        ).fetchall()
    assert read == rows


def _columns(connection: psycopg.Connection[tuple[str]], table: str) -> list[str]:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "ORDER BY attnum",
        [table],
    )
    return [name for (name,) in rows]


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("table", [*COLUMNS, "ledger_stage"])
def test_whole_rows_are_rendered_in_the_order_of_their_table(table: str) -> None:
    listed = dict(COLUMNS).get(table, STAGE_COLUMNS)
    with database.connect() as connection:
        columns = _columns(connection, table)
    assert columns[BEFORE.get(table, "").count(",") :] == [
        name.strip() for name in listed.split(",")
    ]
