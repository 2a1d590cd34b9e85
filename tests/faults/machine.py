"""A machine of the tests' own: an embedded server whose disk is really written to, and the jobs of a day on it.

The database as it stands before each job is kept, so that a test takes up the day anywhere, ends what it likes
while the job runs, runs it again and compares with the clean end.
"""

import contextlib
import io
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from click.testing import CliRunner, Result
from django.db import connections
from psycopg import sql

from cagnotte.cli.main import cli
from cagnotte.platform import database, migrations
from cagnotte.platform.postgres import DATABASE, LOGIN, SUPERUSER, EmbeddedServer, Lease
from cagnotte.platform.postgres_folders import folders_for
from tests.faults.day import (
    DAY,
    PROGRAMME,
    Job,
    assert_whole,
    members,
    state,
    statement,
    write_files,
)
from tests.journeys import interruptions
from tests.journeys.world import World

if TYPE_CHECKING:
    import subprocess

SECRETS = {"CAGNOTTE_SECRET_KEY": "for tests only"}
"""What another process needs to read the bank details that this one wrote."""

FOUNDED = datetime(2026, 2, 1, 12, tzinfo=UTC)
PATIENCE_SECONDS = 120


@dataclass
class Machine:
    """The server with its one database, a folder for files, and what stood after each job of a clean day."""

    folder: Path
    server: EmbeddedServer
    leases: list[Lease] = field(default_factory=list)
    clean: list[tuple[Any, ...]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The ways of the journeys' tests to look at the programme."""
        return World(self.folder, now=FOUNDED)

    # ---- the server ----

    def start(self) -> None:
        """Start the server, or start it again after it was killed."""
        connections.close_all()
        self.leases.append(self.server.lease())

    def stop(self) -> None:
        """Stop the server for good."""
        connections.close_all()
        while self.leases:
            self.leases.pop().release()
        self.server.stop(force=True)

    def postmaster(self) -> int:
        """Return the server's first process."""
        text = (folders_for(self.server.home).data / "postmaster.pid").read_text(encoding="utf-8")
        return int(text.splitlines()[0])

    def sessions(self) -> list[int]:
        """Return the server's processes that serve the application."""
        query = (
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = %s AND backend_type = 'client backend' ORDER BY pid"
        )
        with psycopg.connect(self.server.url("postgres", user=SUPERUSER)) as connection:
            return [pid for (pid,) in connection.execute(query, [DATABASE])]

    def _run(self, statement: str, *names: str) -> None:
        address = self.server.url("postgres", user=SUPERUSER)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    # ---- the day ----

    def found(self) -> None:
        """Make roles, tables, the programme and its members; write the files of the day."""
        database.ensure_roles(self.server.url("postgres", user=SUPERUSER), login=LOGIN)
        database.ensure_database(self.server.url(user=SUPERUSER))
        migrations.migrate()
        self.world.load(PROGRAMME)
        self.world.send("members", members())
        write_files(self.folder)
        self._keep()

    def _keep(self) -> None:
        """Keep the database as it stands after the last job, as what a clean day comes to."""
        self.clean.append(state(self.world))
        connections.close_all()
        self._run("CREATE DATABASE {} TEMPLATE {}", f"stage_{len(self.clean) - 1}", DATABASE)

    def take_up(self, stage: int) -> None:
        """Go back to the database as it stood before the job of this number; live the day up to it if need be."""
        while len(self.clean) <= stage:
            job = DAY[len(self.clean) - 1]
            self.take_up(job.stage)
            self.must(job)
            if job.name == "payouts run":
                (self.folder / "statement.xml").write_text(statement(self.world))
            self._keep()
        connections.close_all()
        shutil.rmtree(self._payments, ignore_errors=True)
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", DATABASE)
        self._run("CREATE DATABASE {} TEMPLATE {}", DATABASE, f"stage_{stage}")
        self._run("GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {} TO cagnotte_owner", DATABASE)

    def clean_end(self, job: Job) -> tuple[Any, ...]:
        """Return the state in which a clean run of a job ends."""
        if len(self.clean) <= job.stage + 1:
            self.take_up(job.stage + 1)
        return self.clean[job.stage + 1]

    def length(self, job: Job) -> float:
        """Return the seconds that a clean run of a job takes from its begin: the shortest so far."""
        end = self.clean_end(job)
        if job.name not in self.seconds:
            self.take_up(job.stage)
            self.must(job)
            assert state(self.world) == end
        return self.seconds[job.name]

    def must(self, job: Job, now: str | None = None) -> str:
        """Run a job to its end, where it must succeed; return what it prints."""
        process = self.begun(job, now)
        start = time.monotonic()
        code, out, err = interruptions.ended(process)
        assert code == 0, out + err
        seconds = time.monotonic() - start
        self.seconds[job.name] = min(seconds, self.seconds.get(job.name, seconds))
        return out

    def here(self, job: Job, now: str | None = None) -> tuple[int, str]:
        """Run a job in this process, which is faster; return its exit code and what it says of errors."""
        words = job.words(self.folder, now)
        if words[0] != "till":
            result = cagnotte(*words)
            return result.exit_code, result.stderr
        said = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            try:
                interruptions.serve_customers(now or job.now)
            except SystemExit as error:
                return int(str(error.code)), said.getvalue()
        return 0, ""

    def must_here(self, job: Job, now: str | None = None) -> None:
        """Run a job in this process, where it must succeed."""
        code, said = self.here(job, now)
        assert code == 0, said

    def begun(
        self, job: Job, now: str | None = None, *, point: int = -1, number: int = 1
    ) -> "subprocess.Popen[str]":
        """Start a job in a process of its own, as a person would, and wait until it comes to its work."""
        self._told.unlink(missing_ok=True)
        process = interruptions.started(
            None,
            *job.words(self.folder, now),
            point=point,
            number=number,
            environment={**self._environment, interruptions.TOLD_VARIABLE: str(self._told)},
        )
        wait_until(self._told.exists)
        return process

    def at_once(self, *jobs: Job) -> list[tuple[int, str, str]]:
        """Run jobs side by side, in processes that begin at the same moment; return their codes, outputs, errors."""
        gate = self.folder / "gate"
        gate.unlink(missing_ok=True)
        ready = [self.folder / f"ready-{number}" for number in range(len(jobs))]
        processes = []
        for job, file in zip(jobs, ready, strict=True):
            file.unlink(missing_ok=True)
            more = {interruptions.TOLD_VARIABLE: str(file), interruptions.GATE_VARIABLE: str(gate)}
            words = job.words(self.folder)
            environment = {**self._environment, **more}
            processes.append(interruptions.started(None, *words, environment=environment))
        wait_until(lambda: all(file.exists() for file in ready))
        gate.touch()
        return [interruptions.ended(process) for process in processes]

    @property
    def _environment(self) -> dict[str, str]:
        return {**SECRETS, "CAGNOTTE_DATA_DIR": str(self.folder)}

    @property
    def _told(self) -> Path:
        return self.folder / "told"

    def told(self) -> dict[str, int]:
        """Return what the last job was told to be done: by name, how many."""
        told = interruptions.told_in(self._told)
        return {name: count for name, count in told.items() if name != "begun"}

    @property
    def _payments(self) -> Path:
        return self.folder / "payouts"

    def payment_files(self) -> dict[str, bytes]:
        """Return the files for the bank, those whose writing was interrupted left out."""
        return {path.name: path.read_bytes() for path in self._payments.glob("[!.]*")}

    def assert_ends_clean(self, job: Job) -> None:
        """Assert that the database stands as after a clean run of the job."""
        assert_whole(self.world)
        assert state(self.world) == self.clean_end(job)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what must come true soon."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < ends, "it did not come true within two minutes"
        time.sleep(0.002)


def cagnotte(*words: str) -> Result:
    """Run a command in this process, on the database chosen here; what it prints and its exit code."""
    result = CliRunner().invoke(cli, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result
