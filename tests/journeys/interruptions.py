"""Processes of `cagnotte` that end at a given point, as a crash of the machine or a person would end them.

Run as a script: interruptions.py POINT NUMBER SIGNAL ARGUMENTS… runs `cagnotte ARGUMENTS…` and sends itself SIGNAL
when it passes POINT for the NUMBERth time. Chunks are small, so that a small file has several. With `till` as the
first argument it is a shop's till instead: one customer after the other, each a few commands of `cagnotte redeem`.

Where CAGNOTTE_TEST_TOLD names a file, whatever the command is told to be done is noted there at once. Where
CAGNOTTE_TEST_GATE names one, the command waits until it is there: so several begin at the same moment.
"""

import functools
import importlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
CHUNK = 20
"""Orders, answers, purchases or wallets in a database transaction."""

TOLD_VARIABLE = "CAGNOTTE_TEST_TOLD"
GATE_VARIABLE = "CAGNOTTE_TEST_GATE"

POINTS = (
    ("before a chunk is written", "cagnotte.journeys.recording:Recording.write", "before"),
    ("between the rows and the ledger", "cagnotte.ledger.services:post_staged", "before"),
    ("between the ledger and the commit", "cagnotte.ledger.services:post_staged", "after"),
    ("before the file is finished", "cagnotte.purchases.services:finish_file", "before"),
)

CHUNK_SIZES = (
    ("cagnotte.journeys.validate", "CHUNK_ANSWERS"),
    ("cagnotte.journeys.mature", "CHUNK_PURCHASES"),
    ("cagnotte.journeys.pay_out", "WALLETS_AT_ONCE_MAX"),
    ("cagnotte.journeys.expire", "WALLETS_AT_ONCE_MAX"),
)

CUSTOMERS = 16


def started(
    url: str | None,
    *arguments: str,
    point: int = -1,
    number: int = 1,
    number_of_signal: int = 9,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[str]":
    """Start `cagnotte` on a database; without a point it runs to its end.

    url: None means the embedded server of the data folder that `environment` names.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DJANGO_SETTINGS_MODULE", "CAGNOTTE_DATABASE_URL"}
    }
    script = [sys.executable, __file__, str(point), str(number), str(number_of_signal)]
    return subprocess.Popen(
        [*script, *arguments],
        env={
            **inherited,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            **({"CAGNOTTE_DATABASE_URL": url} if url else {}),
            **(environment or {}),
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


def told_in(path: Path) -> Counter[str]:
    """Return what a command was told, from the file it noted it in: by name, how many in all."""
    told: Counter[str] = Counter()
    # A line that was cut off was never told.
    for line in path.read_text().split("\n")[:-1] if path.exists() else ():
        name, _, count = line.rpartition(" ")
        told[name] = int(count)
    return told


# ---- inside the process ---------------------------------------------------------------------------------------


def _end_at(place: str, when: str, number: int, number_of_signal: int) -> None:
    passed = 0

    def make(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def passing(*arguments: Any, **named: Any) -> Any:
            nonlocal passed
            passed += 1
            if when == "before" and passed == number:
                os.kill(os.getpid(), number_of_signal)
            result = original(*arguments, **named)
            if when == "after" and passed == number:
                os.kill(os.getpid(), number_of_signal)
            return result

        return passing

    _replace(place, make)


def _replace(place: str, make: "Callable[[Callable[..., Any]], Callable[..., Any]]") -> None:
    """Put what `make` makes of a function (`module:path.of.it`) in its place."""
    module_name, _, path = place.partition(":")
    owner: Any = importlib.import_module(module_name)
    *holders, name = path.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(make(original)))


def tell(name: str, count: int) -> None:
    """Note that the command was told that so many, in all, are done; not even SIGKILL loses it then."""
    file = os.open(os.environ[TOLD_VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{name} {count}\n".encode())
    os.close(file)


def _note_what_is_told() -> None:
    """Note what journeys tell their caller once it is committed."""
    totals: Counter[str] = Counter()

    def add(name: str, count: int) -> None:
        totals[name] += count
        tell(name, totals[name])

    def held(phase: str, done: int, _total: int) -> None:
        if phase == "hold":
            tell("held", done)

    _replace("cagnotte.journeys.import_file:ImportSummary.add", _also(add))
    _replace("cagnotte.journeys.mature:mature", _always(on_chunk=lambda count: add("due", count)))
    _replace("cagnotte.journeys.pay_out:run", _always(progress=held))
    _replace("cagnotte.journeys.expire:run", _always(progress=lambda lots: tell("expired", lots)))


def _also(add: "Callable[[str, int], None]") -> "Callable[..., Any]":
    """Tell the counts that a summary takes up."""

    def make(original: "Callable[..., None]") -> "Callable[..., None]":
        def passing(summary: Any, counts: dict[str, int], rejected: dict[str, int]) -> None:
            original(summary, counts, rejected)
            for name, count in counts.items():
                if count > 0:
                    add(name, count)

        return passing

    return make


def _always(**given: Any) -> "Callable[..., Any]":
    """Call a function with these arguments in the place of the caller's."""
    return lambda original: lambda *arguments, **named: original(*arguments, **{**named, **given})


def serve_customers(
    now: str, told: "Callable[[str, int], None]" = lambda _name, _count: None
) -> None:
    """Be a till: each customer reserves money, and spends it, or spends half and returns some, or goes away."""
    cli: Any = importlib.import_module("cagnotte.cli.main").cli

    def redeem(step: str, order: str, *words: str) -> None:
        cli(["redeem", step, *words, "--merchant", "corner", "--now", now], standalone_mode=False)
        told(f"{step} {order}", 1)

    for number in range(CUSTOMERS):
        order = f"T{number}"
        named = ("--order", order)
        redeem("hold", order, str(number + 1), *named, "--amount", "0.60")
        if number % 3 == 0:
            redeem("capture", order, *named, "--amount", "0.60")
        elif number % 3 == 1:
            redeem("capture", order, *named, "--amount", "0.30")
            redeem("refund", order, *named, "--amount", "0.20", "--refund", f"R{number}")
        else:
            redeem("release", order, *named)


def _prepare() -> None:
    """Make chunks small, and end at the point that the arguments name; the processes that share a work do too."""
    point, number, number_of_signal = map(int, sys.argv[1:4])
    ingest: Any = importlib.import_module("cagnotte.journeys.ingest")
    ingest.import_orders.__kwdefaults__["chunk_orders"] = CHUNK
    for name, size in CHUNK_SIZES:
        setattr(importlib.import_module(name), size, CHUNK)
    if point >= 0:
        _, place, when = POINTS[point]
        _end_at(place, when, number, signal.Signals(number_of_signal))


def _prepare_once_django_stands() -> None:
    django: Any = importlib.import_module("django")
    original = django.setup

    def setup() -> None:
        original()
        django.setup = original
        _prepare()

    django.setup = setup


def _main() -> None:
    # A shell has what it starts in the background ignore Ctrl-C, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["DJANGO_SETTINGS_MODULE"] = "cagnotte.config.settings"
    importlib.import_module("django").setup()
    _prepare()
    if TOLD_VARIABLE in os.environ:
        _note_what_is_told()
        tell("begun", 1)
    if GATE_VARIABLE in os.environ:
        while not Path(os.environ[GATE_VARIABLE]).exists():
            time.sleep(0.001)
    if sys.argv[4] == "till":
        serve_customers(sys.argv[5], tell)
    else:
        importlib.import_module("cagnotte.cli.main").cli(sys.argv[4:])


if __name__ == "__main__":
    _main()
elif __name__ == "__mp_main__":
    _prepare_once_django_stands()
