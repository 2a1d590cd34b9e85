"""One purchase at a time through the whole road, against pgbench's TPC-B transaction on the same server.

    PYTHONPATH=src .venv/bin/python -m bench.one_purchase [--quick]

TPC-B is five short statements and a commit, from a client written in C. A purchase is understood, attributed,
decided, explained and booked, and committed by itself. With one client each, and with eight.
"""

import gc
import multiprocessing
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import islice

from django.db import connections
from psycopg import conninfo

from bench import table
from bench.scene import NOW, Scene, purchases, scene
from bench.table import Row
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.record_purchases import BATCH_MAX, PurchaseRecorder, Sent, Taken
from cagnotte.ledger.services import Connection
from cagnotte.platform import database
from cagnotte.platform.batching import MicroBatcher
from cagnotte.platform.postgres import SUPERUSER
from cagnotte.platform.postgres_folders import folders_for
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.models import Source
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.texts import OrderText

SCALE = 10
SECONDS = 5
CLIENTS = (1, 8)
REACH = {1: 0.5, 8: 0.3}
BATCHED_REACH = 1.0
PURCHASES = 1_000
"""Per client and round."""

LINES_MAX = 3
"""Small baskets, as online shops send them: the demo's supermarket has nine lines on average, of which half go."""

WARM = 20
"""Purchases taken before the clock starts, so that statements are prepared."""

BATCH_WORKERS = 2

BASKETS = 40_000
"""Enough for all clients, small baskets being a third of all."""

OUTCOMES = ("new", "rejected")
"""A few of the baskets hold an article that the catalogue lacks."""

PATIENCE_SECONDS = 120


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


def messages(client: int, clients: int, count: int) -> list[Sent]:
    """Return `count` real baskets, each with an order number and an event id of its own, a client's share of them."""
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, None, NOW)
    source = _source(run)
    mapping = Mapping.from_data({"ref": source.ref, "kind": source.kind, **source.mapping})
    path = purchases(BASKETS)
    orders = (
        order
        for order in OrderFile(path, mapping).sales()
        if isinstance(order, OrderText) and len(order.lines) <= LINES_MAX
    )
    share = islice(orders, client, clients * count, clients)
    return [Sent(f"event-{client}-{number}", order) for number, order in enumerate(share)]


def _source(run: ProgrammeRun) -> Source:
    return Source.objects.get(programme_id=run.id, ref="tills")


def _recorder(connection: Connection) -> PurchaseRecorder:
    run = ProgrammeRun.open(connection, None, NOW)
    return PurchaseRecorder(connection, run, _source(run))


def one_by_one(made: Scene, clients: int, count: int) -> float:
    """Let clients record purchases, a process and a commit each, into a fresh database; return purchases per second."""
    context = multiprocessing.get_context("fork")
    with made.fresh():
        connections.close_all()
        warm = context.Barrier(clients + 1, timeout=PATIENCE_SECONDS)
        done = context.Barrier(clients + 1, timeout=PATIENCE_SECONDS)
        workers = [
            context.Process(target=_record, args=(number, clients, count, warm.wait, done.wait))
            for number in range(clients)
        ]
        for worker in workers:
            worker.start()
        warm.wait()
        started = time.perf_counter()
        done.wait()
        seconds = time.perf_counter() - started
        for worker in workers:
            worker.join()
    assert all(worker.exitcode == 0 for worker in workers)
    return clients * count / seconds


def _record(
    client: int, clients: int, count: int, warm: Callable[[], int], done: Callable[[], int]
) -> None:
    sent = messages(client, clients, count + WARM)
    with database.connect() as connection:
        recorder = _recorder(connection)
        for message in sent[:WARM]:
            recorder.record([message], now=NOW)
        gc.freeze()
        warm()
        for message in sent[WARM:]:
            (taken,) = recorder.record([message], now=NOW)
            assert taken.outcome in OUTCOMES, taken
        done()


def batched(made: Scene, clients: int, count: int) -> float:
    """Let clients send purchases to one micro-batcher, each waiting for its answer; return purchases per second."""
    with made.fresh(), ExitStack() as stack:
        opened = [stack.enter_context(database.connect()) for _ in range(BATCH_WORKERS)]
        recorders = [_recorder(connection) for connection in opened]
        batcher: MicroBatcher[Sent, Taken] = MicroBatcher(
            [partial(recorder.record, now=NOW) for recorder in recorders], size_max=BATCH_MAX
        )
        shares = [messages(client, clients, count + WARM) for client in range(clients)]
        stack.enter_context(batcher)
        executor = stack.enter_context(ThreadPoolExecutor(clients))
        list(executor.map(partial(_send, batcher), [share[:WARM] for share in shares]))
        gc.freeze()
        started = time.perf_counter()
        list(executor.map(partial(_send, batcher), [share[WARM:] for share in shares]))
        seconds = time.perf_counter() - started
        gc.unfreeze()
    return clients * count / seconds


def _send(batcher: "MicroBatcher[Sent, Taken]", sent: Sequence[Sent]) -> None:
    for message in sent:
        taken = batcher.submit(message).result()
        assert taken.outcome in OUTCOMES, taken


def measure(*, quick: bool = False) -> list[Row]:
    """Compare with one client each, with eight, and with eight that share commits."""
    seconds, count = (2, PURCHASES // 5) if quick else (SECONDS, PURCHASES)
    with scene() as made:
        url = rival_database(made)
        try:
            rows: list[Row] = []
            for clients in CLIENTS:
                sides = {
                    "pgbench": partial(tpcb_per_second, url, clients, seconds),
                    "one by one": partial(one_by_one, made, clients, count),
                }
                if clients > 1:
                    sides["batched"] = partial(batched, made, clients, count)
                rows.extend(_rows(clients, table.alternate(sides)))
            return rows
        finally:
            made.drop(str(conninfo.conninfo_to_dict(url)["dbname"]))


def _rows(clients: int, speeds: dict[str, float]) -> Iterator[Row]:
    many = f"{clients} client{'s' * (clients > 1)}"
    for how, reach in (("one by one", REACH[clients]), ("batched", BATCHED_REACH)):
        if how in speeds:
            yield Row.at_least(
                f"one purchase per call, {how}, against pgbench TPC-B: {many} each",
                speeds[how] / speeds["pgbench"],
                reach,
                detail=f"{speeds[how]:,.0f}/s against {speeds['pgbench']:,.0f}/s",
            )


if __name__ == "__main__":
    table.main(measure)
