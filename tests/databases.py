"""Databases for tests: one server, one migrated template, and clones of it.

A template is built once per state of the migrations and kept between runs; a clone takes some tens of
milliseconds. Names carry the process id of the run, so that several runs share the server in peace.
"""

import contextlib
import fcntl
import hashlib
import itertools
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import psycopg
from psycopg import conninfo, sql

from cagnotte.platform import database, migrations
from cagnotte.platform.postgres import LOGIN, SUPERUSER, TUNING, EmbeddedServer

SOURCES = Path(__file__).parents[1] / "src" / "cagnotte"
SERVER_VARIABLE = "CAGNOTTE_TEST_DATABASE_URL"
"""Names another server to test on, as a user who may create roles and databases."""

TEST_TUNING = {
    **TUNING,
    # A crash of the machine may cost the test data; nobody would miss it.
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    # Two sessions that wait for each other inside one test fail it, rather than stop the whole run.
    "lock_timeout": "30s",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "180s",
}
TEMPLATE_KEPT = "2 hours"
LOCKED_WITHIN_SECONDS = 60


class Server:
    """The server that tests run on."""

    def __init__(self, *, admin_url: str, login: str | None) -> None:
        self._admin_url = admin_url
        self._login = login
        self._numbers = itertools.count(1)

    def url(self, name: str, *, admin: bool = False) -> str:
        """The address of one database, for the application or for the administrator."""
        if self._login and not admin:
            return conninfo.make_conninfo(self._admin_url, dbname=name, user=self._login)
        return conninfo.make_conninfo(self._admin_url, dbname=name)

    def clone(self, template: str, run: str) -> str:
        """Make a database that is a copy of `template`; return its name."""
        name = f"test_{run}_{next(self._numbers)}"
        # Copying files takes half as long as writing them to the log, with checkpoints that wait for no disk.
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def template(self) -> str:
        """The name of a migrated database to clone; built when the migrations have changed."""
        name = f"template_{_digest_of_migrations()}"
        with _lock():
            self._drop_leftovers()
            with self._admin() as connection:
                query = "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate"
                if connection.execute(query, [name]).fetchone():
                    return name
            self._build(name)
        return name

    def _build(self, name: str) -> None:
        database.ensure_roles(self._admin_url, login=self._login)
        self.drop(name)
        database.ensure_database(self.url(name, admin=True))
        database.use_database(self.url(name))
        migrations.migrate()
        database.use_database(None)
        self._run(
            sql.SQL("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false").format(
                sql.Identifier(name)
            )
        )

    def _drop_leftovers(self) -> None:
        """Drop what killed runs left, and templates of migrations that have changed since."""
        old = """
            SELECT datname FROM pg_database
            WHERE datname ~ '^template_[0-9a-f]{12}$'
              AND (pg_stat_file('base/' || oid || '/PG_VERSION')).modification
                  < now() - %s::interval
        """
        with self._admin() as connection:
            names = connection.execute("SELECT datname FROM pg_database").fetchall()
            runs = [str(name) for (name,) in names if _is_of_a_dead_run(str(name))]
            stale = [str(name) for (name,) in connection.execute(old, [TEMPLATE_KEPT])]
        for name in stale:
            self._run(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
        for name in [*runs, *stale]:
            self.drop(name)

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._admin_url, autocommit=True)

    def _run(self, statement: sql.Composed) -> None:
        with self._admin() as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """The server tests run on: the one `CAGNOTTE_TEST_DATABASE_URL` names, else an embedded one."""
    named = os.environ.get(SERVER_VARIABLE)
    if named:
        yield Server(admin_url=named, login=None)
        return
    embedded = EmbeddedServer(database.data_folder() / "postgres", tuning=TEST_TUNING)
    with embedded.lease():
        yield Server(admin_url=embedded.url("postgres", user=SUPERUSER), login=LOGIN)


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    folder = database.data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "template.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def wait_until_locked(holder: psycopg.Connection[Any], process_id: int) -> None:
    """Wait until another session, by its process id, waits for a lock of this one."""
    for _ in range(LOCKED_WITHIN_SECONDS * 20):
        found = holder.execute("SELECT pg_blocking_pids(%s)", [process_id]).fetchone()
        if found and holder.info.backend_pid in found[0]:
            return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def _digest_of_migrations() -> str:
    files = [
        *SOURCES.glob("*/migrations/*.*"),
        *SOURCES.glob("sql/*.sql"),
        SOURCES / "platform" / "migrations.py",
        SOURCES / "config" / "settings.py",
    ]
    digest = hashlib.sha256(django.__version__.encode())
    for file in sorted(file for file in files if file.suffix != ".pyc"):
        digest.update(str(file.relative_to(SOURCES)).encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _is_of_a_dead_run(name: str) -> bool:
    match = re.match(r"test_(\d+)_", name)
    return match is not None and not Path(f"/proc/{match[1]}").exists()
