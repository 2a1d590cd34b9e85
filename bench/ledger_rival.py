"""How fast transactions are posted, against django-hordak, the double-entry ledger for Django on PyPI.

    PYTHONPATH=src .venv/bin/python -m bench.ledger_rival [--quick]

The same server, the same crowd, a transaction and four legs each, as many clients on both sides. Both end in committed
rows, each with the guards and balances it has: ours are idempotent, append-only and keep balances up; the other sums
legs when a balance is read. Ours is the posting of `ledger_post`, and, told beside it, from `Transaction` values.
"""

import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import crowd, table
from bench.ledger_post import Chunk, by_clients, chunks_of, post_rendered, post_values
from bench.scene import Scene, scene
from bench.table import Row
from cagnotte.platform import database
from cagnotte.platform.postgres import SUPERUSER

TRANSACTIONS = 40_000
RIVAL_SHARE = 10
"""The other posts one of so many."""

REACH = {"bulk": 15.0, "orm": 100.0}
NAMES = {"bulk": "bulk_create, batches of 1,000", "orm": "its ORM, a commit each"}


def ours(
    made: Scene, chunks: Sequence[Chunk], clients: int, post: Callable[..., None] = post_rendered
) -> float:
    """Post into a fresh database; return transactions per second."""
    count = sum(len(chunk.transactions) for chunk in chunks)
    with made.fresh():
        return count / by_clients(chunks, clients, post)


def theirs(made: Scene, count: int, clients: int) -> dict[str, float]:
    """Let django-hordak post into a database of its own; return transactions per second."""
    name = f"{crowd_database()}_{clients}"
    made.drop(name)
    with made.admin() as connection:
        database.create_database(connection, name)
    try:
        url = database.embedded_server().url(name, user=SUPERUSER)
        program = Path(__file__).with_name("hordak_posting.py")
        command = [sys.executable, str(program), url, str(count), str(clients)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        speeds: dict[str, float] = json.loads(done.stdout)
        return speeds
    finally:
        made.drop(name)


def crowd_database() -> str:
    """Return the first part of the other's databases' names."""
    return f"bench_{multiprocessing.current_process().pid}_rival"


def compare(made: Scene, chunks: Sequence[Chunk], clients: int) -> list[Row]:
    """Measure with so many clients on both sides; return the rows."""
    count = sum(len(chunk.transactions) for chunk in chunks) // RIVAL_SHARE
    latest: dict[str, float] = {}

    def rival(way: str) -> Callable[[], float]:
        def speed() -> float:
            if way == "bulk":
                latest.update(theirs(made, count, clients))
            return latest[way]

        return speed

    speeds = table.alternate(
        {
            "ours": lambda: ours(made, chunks, clients),
            "values": lambda: ours(made, chunks, clients, post_values),
            "bulk": rival("bulk"),
            "orm": rival("orm"),
        }
    )
    plural = f"{clients} client{'s' * (clients > 1)} each"
    return [
        Row.at_least(
            f"ledger posting against django-hordak, {NAMES[way]}, {plural}",
            speeds["ours"] / speeds[way],
            reach,
            detail=f"{speeds['ours']:,.0f}/s (from values {speeds['values']:,.0f}/s) against {speeds[way]:,.0f}/s",
        )
        for way, reach in REACH.items()
    ]


def measure(*, quick: bool = False) -> list[Row]:
    """Compare with one client on each side, and with two."""
    chunks = chunks_of(crowd.transactions(TRANSACTIONS // 2 if quick else TRANSACTIONS), 1_000)
    with scene(crowd.open_all) as made:
        return [row for clients in (1, 2) for row in compare(made, chunks, clients)]


if __name__ == "__main__":
    table.main(measure)
