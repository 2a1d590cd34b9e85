"""A world that several tests look at and none changes: made once for a module, in a database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from pytest_django import DjangoDbBlocker

from cagnotte.platform import database
from tests.databases import Server


@contextmanager
def own_database(
    server: Server, template: str, name: str, blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Lead everything to a fresh database while this lasts; the fixtures of `tests/conftest.py` say what each is."""
    made = server.clone(template, f"{name}_shared")
    before = database.chosen_url()
    with blocker.unblock():
        database.use_database(server.url(made))
        yield
        connections.close_all()
        database.use_database(before)
    server.drop(made)
