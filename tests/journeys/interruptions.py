"""Processes of `cagnotte` that end at a given point, as a crash of the machine or a person would end them.

Run as a script: interruptions.py POINT NUMBER SIGNAL ARGUMENTS… runs `cagnotte ARGUMENTS…` and sends itself SIGNAL
when it passes POINT for the NUMBERth time. Chunks are small, so that a small file has several.
"""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
CHUNK_ORDERS = 20

POINTS = (
    ("before a chunk is written", "cagnotte.journeys.recording:Recording.write", "before"),
    ("between the rows and the ledger", "cagnotte.ledger.services:post_rendered", "before"),
    ("between the ledger and the commit", "cagnotte.ledger.services:post_rendered", "after"),
    ("before the file is finished", "cagnotte.purchases.services:finish_file", "before"),
)


def started(
    url: str, *arguments: str, point: int = -1, number: int = 1, number_of_signal: int = 9
) -> "subprocess.Popen[str]":
    """Start `cagnotte` on a database; without a point it runs to its end."""
    environment = {
        name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
    }
    script = [sys.executable, __file__, str(point), str(number), str(number_of_signal)]
    return subprocess.Popen(
        [*script, *arguments],
        env={
            **environment,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "CAGNOTTE_DATABASE_URL": url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Wait for a process; return its exit code, output and errors."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def _end_at(place: str, when: str, number: int, number_of_signal: int) -> None:
    module_name, _, path = place.partition(":")
    owner: Any = importlib.import_module(module_name)
    *holders, name = path.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    original: Callable[..., Any] = getattr(owner, name)
    passed = 0

    def passing(*arguments: Any, **named: Any) -> Any:
        nonlocal passed
        passed += 1
        if when == "before" and passed == number:
            os.kill(os.getpid(), number_of_signal)
        result = original(*arguments, **named)
        if when == "after" and passed == number:
            os.kill(os.getpid(), number_of_signal)
        return result

    setattr(owner, name, passing)


def _main() -> None:
    point, number, number_of_signal = map(int, sys.argv[1:4])
    os.environ["DJANGO_SETTINGS_MODULE"] = "cagnotte.config.settings"
    importlib.import_module("django").setup()
    ingest: Any = importlib.import_module("cagnotte.journeys.ingest")
    ingest.import_orders.__kwdefaults__["chunk_orders"] = CHUNK_ORDERS
    for name, size in (("validate", "CHUNK_ANSWERS"), ("mature", "CHUNK_PURCHASES")):
        setattr(importlib.import_module(f"cagnotte.journeys.{name}"), size, CHUNK_ORDERS)
    if point >= 0:
        _, place, when = POINTS[point]
        _end_at(place, when, number, signal.Signals(number_of_signal))
    importlib.import_module("cagnotte.cli.main").cli(sys.argv[4:])


if __name__ == "__main__":
    _main()
