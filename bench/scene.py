"""Where things are measured: a server of its own in .data/bench, files of N baskets, and fresh databases."""

import contextlib
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from cagnotte.cli.bootstrap import running_database
from cagnotte.journeys import load_programme
from cagnotte.journeys.import_file import import_file
from cagnotte.platform import database, migrations
from cagnotte.platform.postgres import SUPERUSER
from cagnotte.world import complete_journey, files

SEED = 2017
TEMPLATE = f"bench_{os.getpid()}_template"
NOW = datetime(2018, 1, 5, 9, tzinfo=UTC)
"""The programme's clock: after the last purchase."""

BASKETS = 155_848
FOLDER = database.data_folder() / "files"

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Scene:
    """A server with a template database that fresh databases are copies of."""

    admin_url: str

    def admin(self, name: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Connect as the administrator, who may drop triggers and see everything."""
        return psycopg.connect(_with_name(self.admin_url, name), autocommit=True)

    @contextlib.contextmanager
    def fresh(self, template: str = TEMPLATE) -> Iterator[str]:
        """Give the name of a fresh copy of the template, to which `database.connect` leads; drop it after."""
        name = f"bench_{os.getpid()}_{next(_numbers)}"
        with self.admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
            connection.execute("CHECKPOINT")
        database.use_database(database.embedded_server().url(name))
        try:
            yield name
        finally:
            database.use_database(None)
            self.drop(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        with self.admin() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def drop_leftovers(self) -> None:
        """Drop what benches left that were killed."""
        with self.admin() as connection:
            names = [str(name) for (name,) in connection.execute("SELECT datname FROM pg_database")]
        for name in names:
            match = re.match(r"bench_(\d+)_", name)
            if match and not Path(f"/proc/{match[1]}").exists():
                self.drop(name)


def _with_name(url: str, name: str) -> str:
    return conninfo.make_conninfo(url, dbname=name)


@contextlib.contextmanager
def scene(fill: Callable[[], None] | None = None) -> Iterator[Scene]:
    """Set the scene: the server up, and a template that holds the programme, its members and products.

    Another `fill` puts something else into the migrated template. Several processes may each set their own.
    """
    with running_database(check_tables=False):
        database.ensure_roles_and_database()
        made = Scene(database.embedded_server().url("postgres", user=SUPERUSER))
        made.drop_leftovers()
        database.ensure_database(database.embedded_server().url(TEMPLATE, user=SUPERUSER))
        database.use_database(database.embedded_server().url(TEMPLATE))
        try:
            migrations.migrate()
            (fill or open_programme)()
            with database.connect("owner", autocommit=True) as connection:
                connection.execute("ANALYZE")
            database.use_database(None)
            yield made
        finally:
            database.use_database(None)
            made.drop(TEMPLATE)


def open_programme() -> None:
    """Load the programme, its members and products: what every import needs."""
    made = files.write(FOLDER, seed=SEED, months=["2017-01"], baskets_per_month=1)
    load_programme.run(made.programme, now=NOW)
    for source, path in (("members", made.members), ("products", made.products)):
        import_file(path, programme=None, source=source, now=NOW)


_open_programme = open_programme


def purchases(baskets: int) -> Path:
    """Return a file of the first `baskets` baskets, one line a row, written if it is not there yet."""
    path = FOLDER / f"purchases-{baskets}.csv"
    if path.is_file():
        return path
    year = files.write(FOLDER / "year", seed=SEED, months=complete_journey.MONTHS)
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    with unfinished.open("w", encoding="utf-8") as out:
        out.write(",".join(files.PURCHASE_COLUMNS) + "\n")
        out.writelines(_first(baskets, year.purchases.values()))
    unfinished.replace(path)
    return path


def _first(baskets: int, paths: Iterable[Path]) -> Iterator[str]:
    basket, count = "", 0
    for path in paths:
        with path.open(encoding="utf-8") as stream:
            next(stream)
            for row in stream:
                order = row.partition(",")[0]
                if order != basket:
                    basket, count = order, count + 1
                    if count > baskets:
                        return
                yield row


def ingest_seconds(path: Path, jobs: int) -> float:
    """Import a file of purchases into the chosen database; return the seconds from file to booked."""
    started = time.perf_counter()
    summary = import_file(path, programme=None, source="tills", now=NOW, jobs=jobs)
    seconds = time.perf_counter() - started
    assert summary.counts["new"] > 0
    return seconds


def in_a_process(script: str, *arguments: str) -> str:
    """Run a bench module in a process of its own, as `python -m bench.<script>`; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{script}", *arguments],
        stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    return done.stdout
