"""The database that the machine and the stories play in."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from cagnotte.journeys import ingest
from tests.databases import Server
from tests.model.system import Arena


@pytest.fixture(scope="module")
def arena(
    database_server: Server,
    database_template: str,
    run_name: str,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Arena]:
    """Three programmes in a database."""
    with django_db_blocker.unblock():
        found = Arena.build(
            database_server, database_template, run_name, tmp_path_factory.mktemp("model")
        )
        with found.at_work():
            yield found
        connections.close_all()
        found.drop()


class NoGarbage:
    """Stands for `gc` in imports: looking through all that a test run holds takes longer than a small import."""

    def __getattr__(self, _name: str) -> "Callable[[], None]":
        return lambda: None


@pytest.fixture(autouse=True)
def small_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "gc", NoGarbage())
