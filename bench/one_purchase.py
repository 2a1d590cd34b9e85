"""One purchase at a time through the whole road, against pgbench's TPC-B transaction on the same server.

    PYTHONPATH=src .venv/bin/python -m bench.one_purchase [--quick]

TPC-B is five short statements and a commit, from a client written in C. A purchase is understood, attributed,
decided, explained and booked, and committed by itself. With one client each, and with eight.
"""

import multiprocessing
import os
import re
import subprocess
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from psycopg import conninfo

from bench import table
from bench.scene import NOW, Scene, scene
from bench.table import Row
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger.services import Connection
from cagnotte.platform import database
from cagnotte.platform.postgres import SUPERUSER
from cagnotte.platform.postgres_folders import folders_for

SCALE = 10
SECONDS = 5
CLIENTS = (1, 8)
REACH = {1: 0.5, 8: 0.3}
PURCHASES = 1_000
"""Per client and round."""


def reports(client: int, count: int) -> Sequence[Any]:  # noqa: ARG001 - to be filled in
    """Return as many purchases as one client is to record, each of its own order number."""
    return []


def record_one(connection: Connection, run: ProgrammeRun, report: Any) -> None:
    """Take one purchase through the whole road: decide, book, commit."""
    raise NotImplementedError


# ---- pgbench --------------------------------------------------------------------------------------------------


def rival_database(made: Scene) -> str:
    """Make a database with pgbench's tables; return its address."""
    name = f"bench_{os.getpid()}_tpcb"
    made.drop(name)
    with made.admin() as connection:
        database.create_database(connection, name)
    url = database.embedded_server().url(name, user=SUPERUSER)
    pgbench(url, "-i", "-s", str(SCALE), "-q")
    return url


def pgbench(url: str, *options: str) -> str:
    """Run pgbench; return what it prints."""
    program = folders_for(database.data_folder() / "postgres").programs / "pgbench"
    command = [str(program), *options, url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def tpcb_per_second(url: str, clients: int, seconds: int) -> float:
    """Return pgbench's transactions per second, without the time to connect."""
    threads = min(clients, os.cpu_count() or 1)
    said = pgbench(url, "-n", "-c", str(clients), "-j", str(threads), "-T", str(seconds))
    found = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
    assert found, said
    return float(found[1])


# ---- purchases ------------------------------------------------------------------------------------------------


def purchases_per_second(made: Scene, clients: int, count: int) -> float:
    """Let clients record purchases, a process each, into a fresh database; return purchases per second."""
    context = multiprocessing.get_context("fork")
    with made.fresh():
        barrier = context.Barrier(clients + 1)
        workers = [
            context.Process(target=_record, args=(number, count, barrier.wait))
            for number in range(clients)
        ]
        for worker in workers:
            worker.start()
        barrier.wait()
        started = time.perf_counter()
        for worker in workers:
            worker.join()
        seconds = time.perf_counter() - started
    assert all(worker.exitcode == 0 for worker in workers)
    return clients * count / seconds


def _record(client: int, count: int, ready: Any) -> None:
    told = reports(client, count)
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, None, NOW)
        connection.rollback()
        ready()
        for report in told:
            record_one(connection, run, report)


def measure(*, quick: bool = False) -> list[Row]:
    """Compare with one client each and with eight."""
    seconds, count = (2, PURCHASES // 5) if quick else (SECONDS, PURCHASES)
    with scene() as made:
        url = rival_database(made)
        try:
            rows = []
            for clients in CLIENTS:
                sides = {"pgbench": partial(tpcb_per_second, url, clients, seconds)}
                if reports(0, 1):
                    sides["purchases"] = partial(purchases_per_second, made, clients, count)
                rows.append(_row(clients, table.alternate(sides)))
            return rows
        finally:
            made.drop(str(conninfo.conninfo_to_dict(url)["dbname"]))


def _row(clients: int, speeds: dict[str, float]) -> Row:
    if "purchases" not in speeds:
        return Row(f"pgbench TPC-B, scale {SCALE}, {clients} client(s)", speeds["pgbench"], "/s")
    return Row.at_least(
        f"one purchase at a time against pgbench TPC-B, {clients} client{'s' * (clients > 1)} each",
        speeds["purchases"] / speeds["pgbench"],
        REACH[clients],
        detail=f"{speeds['purchases']:,.0f}/s against {speeds['pgbench']:,.0f}/s",
    )


if __name__ == "__main__":
    table.main(measure)
