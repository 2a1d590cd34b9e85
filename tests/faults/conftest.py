"""Fixtures of the tests of faults: one machine for all, whose server and processes they kill."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from cagnotte.journeys.ingest import import_orders
from cagnotte.platform import database
from cagnotte.platform.postgres import TUNING, EmbeddedServer
from tests.faults.machine import Machine
from tests.journeys.interruptions import CHUNK, CHUNK_SIZES

SMALL = {**TUNING, "shared_buffers": "64MB", "max_wal_size": "128MB", "min_wal_size": "32MB"}

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
BYTES_WANTED = 1 << 30


def _fast_folder() -> str | None:
    """Where files live in memory, if there is room: what is killed here is processes, which no disk notices."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > BYTES_WANTED:
        return str(MEMORY)
    return None


@pytest.fixture(scope="session")
def founded_machine(django_db_blocker: DjangoDbBlocker) -> Iterator[Machine]:
    """A server with a programme and its members; fsync is on, as on a machine that is used."""
    folder = Path(tempfile.mkdtemp(prefix="cagnotte-faults-", dir=_fast_folder()))
    # The account that runs the server must be able to pass through.
    folder.chmod(0o711)
    made = Machine(folder, EmbeddedServer(folder / "postgres", tuning=SMALL))
    before = database.chosen_url()
    try:
        made.start()
        with django_db_blocker.unblock():
            database.use_database(made.server.url())
            made.found()
            connections.close_all()
            database.use_database(before)
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture
def machine(founded_machine: Machine, django_db_blocker: DjangoDbBlocker) -> Iterator[Machine]:
    """The machine, its database chosen in this process too."""
    before = database.chosen_url()
    with django_db_blocker.unblock():
        database.use_database(founded_machine.server.url())
        yield founded_machine
        connections.close_all()
        database.use_database(before)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in this process take as little at a time as those in processes of their own."""
    defaults = {**(import_orders.__kwdefaults__ or {}), "chunk_orders": CHUNK}
    monkeypatch.setattr(import_orders, "__kwdefaults__", defaults)
    for module, name in CHUNK_SIZES:
        monkeypatch.setattr(f"{module}.{name}", CHUNK)
