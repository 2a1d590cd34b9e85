"""How fast what is known already is recognised, against its first import.

    PYTHONPATH=src .venv/bin/python -m bench.replay [--quick]

Three replays: a file of purchases sent again; its rows in another file, so that every row must be compared with what
stands; and transactions posted again to the ledger alone. None of them may write a purchase or an entry.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from bench import crowd, table
from bench.ledger_post import Chunk, chunks_of, post_rendered
from bench.scene import FOLDER, NOW, Scene, open_programme, purchases, scene
from bench.table import Row
from cagnotte.journeys.import_file import import_file
from cagnotte.platform import database

BASKETS = 15_000
TRANSACTIONS = 40_000
REACH = 2.0


def again(path: Path) -> Path:
    """Return a file of the same rows under other bytes: an empty line more at its end."""
    copy = FOLDER / f"{path.stem}-again.csv"
    copy.write_bytes(path.read_bytes() + b"\n")
    return copy


def import_seconds(path: Path) -> tuple[float, dict[str, int]]:
    """Import a file; return the seconds and what became of its orders."""
    started = time.perf_counter()
    summary = import_file(path, programme=None, source="tills", now=NOW, jobs=1)
    return time.perf_counter() - started, dict(summary.counts)


def imports(made: Scene, path: Path, figures: dict[str, list[float]]) -> None:
    """Import a file, the same file, and its rows in another one."""
    with made.fresh():
        for what, file in (("first", path), ("file", path), ("rows", again(path))):
            before = standing()
            seconds, counts = import_seconds(file)
            table.say(f"{what}: {seconds:.1f} s {counts}")
            figures.setdefault(what, []).append(seconds)
            assert (what == "first") == (standing() != before)


def standing() -> tuple[object, ...]:
    """Return how many purchases, versions and entries there are."""
    with database.connect() as connection:
        names = ("purchases_purchase", "purchases_purchaseversion", "ledger_entry")
        return tuple(
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608 - our tables
            for name in names
        )


def postings(made: Scene, chunks: Sequence[Chunk], figures: dict[str, list[float]]) -> None:
    """Post batches, and post them again under other batch ids."""
    renamed = [Chunk(uuid4(), each.transactions, each.lines, each.accounts) for each in chunks]
    with made.fresh():
        for what, batches in (("posted", chunks), ("posted again", renamed)):
            started = time.perf_counter()
            post_rendered(batches)
            figures.setdefault(what, []).append(time.perf_counter() - started)
        with database.connect() as connection:
            row = connection.execute("SELECT count(*) FROM ledger_transaction").fetchone()
            assert row == (sum(len(chunk.lines) for chunk in chunks),)


def fill() -> None:
    """Put the programme and the crowd into the template."""
    open_programme()
    crowd.open_all()


def measure(*, quick: bool = False) -> list[Row]:
    """Compare replays with first times."""
    path = purchases(BASKETS // 5 if quick else BASKETS)
    chunks = chunks_of(crowd.transactions(TRANSACTIONS // 4 if quick else TRANSACTIONS), 1_000)
    figures: dict[str, list[float]] = {}
    with scene(fill) as made:
        for number in range(table.ROUNDS):
            table.say(f"round {number + 1} of {table.ROUNDS}")
            imports(made, path, figures)
            postings(made, chunks, figures)
    found = {what: table.median(seconds) for what, seconds in figures.items()}
    named = [
        ("replay of a file", "first", "file"),
        ("replay of its rows in another file", "first", "rows"),
        ("replay of postings, the ledger alone", "posted", "posted again"),
    ]
    return [
        Row.at_least(
            f"{name}, against the first time",
            found[first] / found[second],
            REACH,
            detail=f"{found[second]:.2f} s against {found[first]:.2f} s",
        )
        for name, first, second in named
    ]


if __name__ == "__main__":
    table.main(measure)
