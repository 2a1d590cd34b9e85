"""The tables are brought up to date while others work: nobody waits for a second, and no balance is another."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from django.core.management import call_command
from django.db import connections
from psycopg import conninfo

from cagnotte.platform import database, migrations
from cagnotte.platform.database_errors import DatabaseUnavailable
from tests.databases import Server
from tests.journeys.world import NOON, World
from tests.load import upgrade_writer
from tests.load.crowd import LOAD_SECONDS, deadlocks

BEFORE = {"ledger": "0001_ledger", "purchases": "0001_initial"}
"""The oldest tables from which an upgrade is tried, by going back to them first; all other apps stay as they are.

A migration that cannot be undone moves its app up to itself.
"""

ORDERS = int(200 * LOAD_SECONDS)
UNITS_BEFORE = 3
UNITS_AFTER = 3
HELD_SECONDS_MAX = 1.0

STRONG = """
    SELECT l.pid, l.relation::regclass::text, l.mode
    FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
    WHERE a.application_name = 'upgrade' AND l.relation = ANY (%s)
      AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""
"""Locks, held or waited for, that writers of the same table would have to wait behind."""


def command(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `cagnotte` in a process of its own, known to the server as "upgrade"."""
    environment = {
        name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
    }
    return subprocess.run(
        [sys.executable, "-m", "cagnotte", *arguments],
        env={
            **environment,
            "PYTHONPATH": str(upgrade_writer.ROOT / "src"),
            "CAGNOTTE_DATABASE_URL": conninfo.make_conninfo(url, application_name="upgrade"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def go_back() -> None:
    """Undo migrations until the tables are as BEFORE says."""
    with migrations._as_owner():
        for app, name in BEFORE.items():
            call_command("migrate", app, name, interactive=False, verbosity=0)


@contextmanager
def watched_locks() -> Iterator[dict[tuple[int, str, str], tuple[float, float]]]:
    """Watch the strong locks of the upgrade on tables that were there before; give first and last sight of each."""
    seen: dict[tuple[int, str, str], tuple[float, float]] = {}
    over = Event()

    def watch() -> None:
        with database.connect(autocommit=True) as connection:
            tables = [
                oid
                for (oid,) in connection.execute(
                    "SELECT oid::oid FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                )
            ]
            while not over.is_set():
                now = time.monotonic()
                for pid, relation, mode in connection.execute(STRONG, [tables]).fetchall():
                    first, _ = seen.get((pid, relation, mode), (now, now))
                    seen[pid, relation, mode] = first, now
                time.sleep(0.002)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def populate(world: World) -> None:
    """A shop with a few thousand purchases, and two members who can spend."""
    world.load()
    world.buy("A1", "9000.00", member="1", status="confirmed")
    world.buy("A2", "9000.00", member="2", status="confirmed")
    rows = [f"B{n},3,2026-02-10T10:00:00,EUR,,plum,1,{n % 40 + 1}.00,jam," for n in range(ORDERS)]
    world.till(*rows)
    world.mature(date(2026, 4, 1), now=NOON + timedelta(days=31))


@contextmanager
def two_writers(url: str, folder: Path) -> "Iterator[dict[str, subprocess.Popen[str]]]":
    """Two processes that import and spend until told to stop; ended at the latest with the block."""
    writers = {m: upgrade_writer.started(url, m, folder, 100_000) for m in ("1", "2")}
    try:
        yield writers
    finally:
        for writer in writers.values():
            writer.kill()
            writer.communicate()


def units_done(lines: str) -> list[int]:
    return [int(line.split()[0]) for line in lines.splitlines()]


def wait_for(writer: "subprocess.Popen[str]", units: int) -> str:
    """Read what a writer says until it has done some more units."""
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(units)]
    if not lines[-1]:
        raise AssertionError(writer.communicate()[1])
    return "".join(lines)


def work(url: str, folder: Path, units: dict[str, int]) -> None:
    """Do as many units of work as others did, with nothing going on beside."""
    folder.mkdir()
    writers = [
        upgrade_writer.started(url, member, folder, count) for member, count in units.items()
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors


def test_an_upgrade_under_load_holds_nobody_up_and_changes_no_balance(
    empty_world: World, committed_db: str, database_server: Server, run_name: str
) -> None:
    world, folder = empty_world, empty_world.folder
    populate(world)
    name = str(conninfo.conninfo_to_dict(committed_db)["dbname"])
    connections.close_all()
    undisturbed = database_server.clone(name, run_name)
    go_back()
    changes = len(migrations.pending())
    assert changes >= 2

    with two_writers(committed_db, folder) as writers:
        said = {member: wait_for(writer, UNITS_BEFORE) for member, writer in writers.items()}
        with watched_locks() as locks:
            upgraded = command(committed_db, "db", "migrate")
        for member, writer in writers.items():
            said[member] += wait_for(writer, UNITS_AFTER)
        (folder / "stop").touch()
        for member, writer in writers.items():
            assert writer.stdout is not None
            said[member] += writer.stdout.read()
            assert writer.wait(120) == 0, writer.communicate()[1]

    assert (upgraded.returncode, upgraded.stdout) == (
        0,
        f"Applied {changes} change(s) of the tables.\n",
    ), upgraded.stderr
    held = {which: last - first for which, (first, last) in locks.items()}
    assert {which: seconds for which, seconds in held.items() if seconds >= HELD_SECONDS_MAX} == {}
    units = {member: len(units_done(lines)) for member, lines in said.items()}
    assert min(units.values()) > UNITS_BEFORE + UNITS_AFTER
    with database.connect() as connection:
        assert deadlocks(connection) == 0
    with_upgrade = world.digest(), world.books(), world.member("1"), world.member("2")

    try:
        url = database_server.url(undisturbed)
        work(url, folder / "undisturbed", units)
        database.use_database(url)
        assert (world.digest(), world.books(), world.member("1"), world.member("2")) == with_upgrade
    finally:
        database.use_database(committed_db)
        database_server.drop(undisturbed)


def test_an_upgrade_that_meets_a_long_transaction_gives_up_and_is_run_again(
    empty_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was applied before stays; what could not be is as if it had never begun; nobody queued for long."""
    empty_world.load()
    go_back()
    behind = migrations.pending()
    monkeypatch.setattr(migrations, "MIGRATION_LOCK_TIMEOUT_SECONDS", 0.2)
    with database.connect("owner") as someone:
        someone.execute("LOCK TABLE ledger_account IN ROW EXCLUSIVE MODE")
        begun = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="Another session holds a lock"):
            migrations.migrate()
        assert time.monotonic() - begun < 30
        assert ("ledger", "0002_chart") in migrations.pending()
        assert someone.execute("SELECT to_regclass('ledger_chart')").fetchone() == (None,)
    assert migrations.migrate() <= len(behind)
    assert migrations.pending() == []
    empty_world.buy("A1", "20.00")
    assert empty_world.member("1") == {"pending": 100}
