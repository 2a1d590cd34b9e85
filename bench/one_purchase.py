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
from functools import partial
from itertools import islice

from django.db import connections
from psycopg import conninfo

from bench import table
from bench.scene import NOW, Scene, ingest_seconds, open_programme, purchases, scene
from bench.table import Row
from cagnotte.catalog import selectors as catalog
from cagnotte.identity.models import Member
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

BATCH_PROCESSES = 2
"""As a server of two cores would run."""

BEFORE = 10_000
"""Baskets of the weeks before, so that members have their accounts, as those of pgbench have."""

BASKETS = 50_000
"""Enough for all clients after those, small baskets being a third of all."""

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


def weeks_before() -> None:
    """Fill the template: the programme, and what its members bought before."""
    open_programme()
    ingest_seconds(purchases(BEFORE), jobs=1)


def messages(client: int, clients: int, count: int) -> list[Sent]:
    """Return `count` real baskets, each with an order number and an event id of its own, a client's share of them."""
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, None, NOW)
        articles = catalog.products(connection, run.id)
    members = set(Member.objects.filter(programme_id=run.id).values_list("ref", flat=True))
    source = _source(run)
    mapping = Mapping.from_data({"ref": source.ref, "kind": source.kind, **source.mapping})
    article = list(mapping.line_fields).index("sku")
    orders = (
        order
        for order in islice(OrderFile(purchases(BASKETS), mapping).sales(), BEFORE, None)
        if isinstance(order, OrderText)
        and len(order.lines) <= LINES_MAX
        and order.fields["member"] in members
        and all(line[article] in articles for line in order.lines)
    )
    share = islice(orders, client, clients * count, clients)
    return [Sent(f"event-{client}-{number}", order) for number, order in enumerate(share)]


def _source(run: ProgrammeRun) -> Source:
    return Source.objects.get(programme_id=run.id, ref="tills")


def _recorder(connection: Connection) -> PurchaseRecorder:
    run = ProgrammeRun.open(connection, None, NOW)
    return PurchaseRecorder(connection, run, _source(run))


Signal = Callable[[], int]
"""Waits until everybody is there."""


def one_by_one(made: Scene, clients: int, count: int) -> float:
    """Let clients record purchases, a process and a commit each, into a fresh database; return purchases per second."""
    workers = [partial(_record, number, clients, count) for number in range(clients)]
    return clients * count / _seconds(made, workers)


def batched(made: Scene, clients: int, count: int) -> float:
    """Let clients send purchases to the micro-batchers of a few processes, each waiting for its answer.

    Returns purchases per second.
    """
    workers = [
        partial(_send_all, range(first, clients, BATCH_PROCESSES), clients, count)
        for first in range(BATCH_PROCESSES)
    ]
    return clients * count / _seconds(made, workers)


def _seconds(made: Scene, workers: Sequence[Callable[[Signal, Signal], None]]) -> float:
    """Run workers, a process each, in a fresh database; return the seconds from all being warm to all being done."""
    context = multiprocessing.get_context("fork")
    with made.fresh():
        connections.close_all()
        warm = context.Barrier(len(workers) + 1, timeout=PATIENCE_SECONDS)
        done = context.Barrier(len(workers) + 1, timeout=PATIENCE_SECONDS)
        processes = [
            context.Process(target=worker, args=(warm.wait, done.wait)) for worker in workers
        ]
        for process in processes:
            process.start()
        warm.wait()
        started = time.perf_counter()
        done.wait()
        seconds = time.perf_counter() - started
        for process in processes:
            process.join()
    assert all(process.exitcode == 0 for process in processes)
    return seconds


def _record(client: int, clients: int, count: int, warm: Signal, done: Signal) -> None:
    sent = messages(client, clients, count + WARM)
    with database.connect() as connection:
        recorder = _recorder(connection)
        for message in sent[:WARM]:
            recorder.record([message], now=NOW)
        gc.freeze()
        warm()
        for message in sent[WARM:]:
            (taken,) = recorder.record([message], now=NOW)
            assert taken.outcome == "new", taken
        done()


def _send_all(mine: Sequence[int], clients: int, count: int, warm: Signal, done: Signal) -> None:
    """Send the purchases of some clients, a thread each, through one batcher."""
    shares = [messages(client, clients, count + WARM) for client in mine]
    with database.connect() as connection:
        work = partial(_recorder(connection).record, now=NOW)
        with MicroBatcher([work], size_max=BATCH_MAX) as batcher, ThreadPoolExecutor() as executor:
            list(executor.map(partial(_send, batcher), [share[:WARM] for share in shares]))
            gc.freeze()
            warm()
            list(executor.map(partial(_send, batcher), [share[WARM:] for share in shares]))
            done()


def _send(batcher: "MicroBatcher[Sent, Taken]", sent: Sequence[Sent]) -> None:
    for message in sent:
        taken = batcher.submit(message).result()
        assert taken.outcome == "new", taken


def measure(*, quick: bool = False) -> list[Row]:
    """Compare with one client each, with eight, and with eight that share commits."""
    seconds, count = (2, PURCHASES // 5) if quick else (SECONDS, PURCHASES)
    with scene(weeks_before) as made:
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
