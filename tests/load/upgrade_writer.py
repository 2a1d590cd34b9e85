"""A process that imports orders and pays with the cagnotte, one unit of work after the other, until told to stop.

Run as a script: upgrade_writer.py MEMBER FOLDER UNITS. It ends after UNITS units, or when FOLDER holds a file "stop";
each unit writes a line with its number and the milliseconds it took. The same units leave the same books.
"""

import importlib
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HEADER = "order,member,at,currency,status,sku,qty,amount,category,brand\n"


def started(url: str, member: str, folder: Path, units: int) -> "subprocess.Popen[str]":
    """Start a writer on a database."""
    environment = {
        name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
    }
    return subprocess.Popen(
        [sys.executable, __file__, member, str(folder), str(units)],
        env={
            **environment,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "CAGNOTTE_DATABASE_URL": url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _main(member: str, folder: Path, units: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "cagnotte.config.settings"
    importlib.import_module("django").setup()
    redeem: Any = importlib.import_module("cagnotte.journeys.redeem")
    world: Any = importlib.import_module("tests.journeys.world")
    connect: Any = importlib.import_module("cagnotte.platform.database").connect
    with connect() as connection:
        wallet_id, programme_id, merchant_id = connection.execute(
            "SELECT m.wallet_id, m.programme_id, p.id FROM identity_member AS m, identity_party AS p"
            " WHERE m.ref = %s AND p.kind = 'merchant'",
            [member],
        ).fetchone()
        connection.commit()
        for unit in range(units):
            if (folder / "stop").exists():
                return
            begun = time.perf_counter()
            now = world.NOON + timedelta(days=60, seconds=unit)
            _import(world, member, folder, unit, now)
            shop = redeem.Checkout(programme_id, merchant_id, "EUR", now, now.date())
            order = f"{member}-{unit}"
            redeem.hold(connection, shop, wallet_id=wallet_id, order=order, amount_minor=30)
            redeem.capture(connection, shop, order=order, amount_minor=20)
            redeem.refund(connection, shop, order=order, refund_id="r", amount_minor=10)
            sys.stdout.write(f"{unit} {(time.perf_counter() - begun) * 1000:.0f}\n")
            sys.stdout.flush()


def _import(world: Any, member: str, folder: Path, unit: int, now: Any) -> None:
    path = folder / f"{member}-{unit}.csv"
    rows = [
        f"U{member}-{unit}-{n},{member},2026-04-01T10:00:00,EUR,confirmed,plum,1,{n + 2}.00,jam,\n"
        for n in range(3)
    ]
    path.write_text(HEADER + "".join(rows))
    summary = world.import_file(path, programme="corner", source="till", now=now)
    assert summary.counts["new"] == len(rows)


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
