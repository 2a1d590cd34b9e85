"""Other people's accounting programs read the exported books: hledger and beancount.

    PYTHONPATH=src .venv/bin/python -m bench.oracles [--quick]

Both check that every transaction balances and that the closing balances we state, which come from our balance rows
and not from the entries, are what they compute themselves. They agree or the bench fails. The ledger holds one
transaction for each of 100,000 purchases. A program that is not installed is left out.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import crowd, table
from bench.ledger_post import chunks_of, post_rendered
from bench.scene import scene
from bench.table import Row
from cagnotte.ledger.export import export
from cagnotte.platform import database

TRANSACTIONS = 100_000


def programs(folder: Path) -> dict[str, list[str]]:
    """Return the command of each program that is there, by the format it reads."""
    bean_check = Path(sys.executable).with_name("bean-check")
    hledger = shutil.which("hledger")
    found = {}
    if hledger:
        found["hledger"] = [hledger, "-f", str(folder / "books.hledger"), "check"]
    if bean_check.is_file():
        found["beancount"] = [str(bean_check), "--no-cache", str(folder / "books.beancount")]
    return found


def write(folder: Path, format_: str) -> float:
    """Export the books in a format; return the seconds."""
    started = time.perf_counter()
    with (
        database.connect() as connection,
        (folder / f"books.{format_}").open("w", encoding="utf-8") as out,
    ):
        export(connection, programme_id=crowd.PROGRAMME, format=format_, out=out)
    return time.perf_counter() - started


def measure(*, quick: bool = False) -> list[Row]:
    """Post, export, let each program check, and tell how long each step took."""
    count = TRANSACTIONS // 20 if quick else TRANSACTIONS
    rows = []
    with scene(crowd.open_all) as made, made.fresh(), TemporaryDirectory() as name:
        post_rendered(chunks_of(crowd.transactions(count), 5_000))
        for format_, command in programs(Path(name)).items():
            table.say(format_)
            exported = write(Path(name), format_)
            started = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - started
            agrees = done.returncode == 0 and not done.stderr
            if not agrees:
                table.say((done.stdout + done.stderr)[-2000:])
            said = "every balance agrees" if agrees else "does not agree"
            detail = f"{said}; exported in {exported:.1f} s"
            what = f"{format_} checks {count:,} purchases"
            rows.append(Row(what, seconds, "s", "agrees", agrees, detail))
    return rows


if __name__ == "__main__":
    table.main(measure)
