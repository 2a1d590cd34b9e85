"""Connections to a ledger of the test's own."""

from collections.abc import Iterator

import pytest

from tests.contexts.ledger.books import Connection, patient


@pytest.fixture
def books(committed_db: str) -> Iterator[Connection]:
    """A connection that works as the application, as in production."""
    with patient() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner(committed_db: str) -> Iterator[Connection]:
    """A connection that works as the owner of the tables: only the guards stand in its way."""
    with patient("owner") as connection:
        yield connection
        connection.rollback()
