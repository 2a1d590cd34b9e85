"""What every test may ask for. A test that asks for no database gets none.

- `db` (pytest-django): everything happens in one transaction that is rolled back. For models and pages.
- `committed_db`: a database of the test's own, where commits are real. For journeys, which open connections
  and commit; `cagnotte.platform.database.connect()` and Django both lead to it.

Both work as the role `cagnotte_app`, as in production.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections
from django.db.backends.signals import connection_created
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from cagnotte.platform import database
from tests.databases import Server, running_server

# Examples are drawn afresh on every run; a slow machine is no failure.
hypothesis_settings.register_profile("cagnotte", deadline=None)
hypothesis_settings.load_profile("cagnotte")


@pytest.fixture(scope="session")
def database_server() -> Iterator[Server]:
    """The server of this run, kept up by a lease of this process."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def database_template(database_server: Server, django_db_blocker: DjangoDbBlocker) -> str:
    """The name of the migrated database that tests get clones of."""
    with django_db_blocker.unblock():
        return database_server.template()


@pytest.fixture(scope="session")
def run_name(worker_id: str) -> str:
    """A name for the databases of this process that no other run uses."""
    return f"{os.getpid()}_{worker_id}"


@pytest.fixture(scope="session")
def django_db_setup(
    database_server: Server,
    database_template: str,
    run_name: str,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Give this worker one database for all tests that roll back."""
    with django_db_blocker.unblock():
        name = database_server.clone(database_template, run_name)
        database.use_database(database_server.url(name))
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        database.use_database(None)
        database_server.drop(name)


@pytest.fixture
def committed_db(
    request: pytest.FixtureRequest,
    database_server: Server,
    database_template: str,
    run_name: str,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[str]:
    """The address of a fresh database where the test may commit; dropped afterwards."""
    assert "db" not in request.fixturenames, "committed_db replaces db: ask for one of them"
    name = database_server.clone(database_template, run_name)
    before = database.chosen_url()
    with django_db_blocker.unblock():
        database.use_database(database_server.url(name))
        with _threads_close_theirs():
            yield database.database_url()
        connections.close_all()
        database.use_database(before)
    database_server.drop(name)


@contextmanager
def _threads_close_theirs() -> Iterator[None]:
    """Fail a test whose threads end without closing the connections that Django opened for them.

    Nobody else closes them, and the warning about it would come at any time later, in a test that has done nothing.
    """
    opened: list[tuple[threading.Thread, Any]] = []

    def note(connection: Any, **_: Any) -> None:
        opened.append((threading.current_thread(), connection))

    connection_created.connect(note)
    try:
        yield
    finally:
        connection_created.disconnect(note)
    left = [
        (thread.name, wrapper)
        for thread, wrapper in opened
        if wrapper.connection is not None and not thread.is_alive()
    ]
    for _, wrapper in left:
        wrapper.connection.close()
        wrapper.connection = None
    assert [name for name, _ in left] == [], "threads end with `connections.close_all()`"
