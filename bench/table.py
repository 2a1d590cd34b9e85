"""One row per figure, one shape for all benches, one table and one file for their results.

A bench is a module with `measure(*, quick: bool = False) -> list[Row]` whose last lines call `main(measure)`.
`quick` asks for small sizes: good for seeing that the bench works, not for believing its figures.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")

ROUNDS = 3
"""Of every comparison; the sides alternate inside each, and medians are compared."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what was measured, how much, what it should reach, and whether it does (None: nothing asked).

    `detail` is what stands behind a ratio: the speeds compared, the sizes.
    """

    name: str
    figure: float
    unit: str = ""
    reach: str = ""
    holds: bool | None = None
    detail: str = ""

    @classmethod
    def at_least(
        cls, name: str, figure: float, reach: float, *, unit: str = "×", detail: str = ""
    ) -> "Row":
        """A figure that should not fall below `reach`."""
        return cls(name, figure, unit, f"≥ {reach:,g}", figure >= reach, detail)

    @classmethod
    def at_most(
        cls, name: str, figure: float, reach: float, *, unit: str = "×", detail: str = ""
    ) -> "Row":
        """A figure that should not rise above `reach`."""
        return cls(name, figure, unit, f"≤ {reach:,g}", figure <= reach, detail)


class Bench(Protocol):
    """What every bench module gives."""

    def __call__(self, *, quick: bool = False) -> list[Row]:
        """Measure; a few seconds when quick."""


def alternate(
    sides: Mapping[str, Callable[[], float]], *, rounds: int = ROUNDS
) -> dict[str, float]:
    """Run every side once a round, one after the other; return the median of each.

    Sides take turns, so that a slow minute of the machine weighs on all of them.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, side in sides.items():
            say(f"round {number + 1} of {rounds}: {name}")
            found[name].append(side())
    return {name: median(figures) for name, figures in found.items()}


def median(figures: Iterable[float]) -> float:
    """Return the median, which one slow round does not move."""
    return statistics.median(figures)


def say(text: str) -> None:
    """Tell whoever watches how far it is; never on standard output, where results go."""
    print(f"  {text}", file=sys.stderr, flush=True)


def main(measure: Bench) -> None:
    """Run one bench from the command line: print its table, or write its rows where the caller wants them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--rows", type=Path, help="write the rows here as JSON, print nothing")
    asked = parser.parse_args()
    rows = measure(quick=asked.quick)
    if asked.rows:
        asked.rows.write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")
    else:
        show({"": rows})


def show(benches: Mapping[str, Iterable[Row]]) -> None:
    """Print the table of everything measured."""
    # Wide enough for the details also where the output goes to a file.
    console = Console(width=None if sys.stdout.isatty() else 180)
    table = Table("bench", "what", title="Figures")
    table.add_column("figure", justify="right")
    for heading in ("reach", "holds", "behind it"):
        table.add_column(heading)
    for bench, rows in benches.items():
        for row in rows:
            held = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[row.holds]
            table.add_row(bench, row.name, _written(row), row.reach, held, row.detail)
        table.add_section()
    console.print(table)


def _written(row: Row) -> str:
    digits = 0 if abs(row.figure) >= 100 else 2
    return f"{row.figure:,.{digits}f} {row.unit}".strip()


def keep(benches: Mapping[str, Iterable[Row]], *, now: datetime) -> None:
    """Write results to results.json, in place of what stood there from the same benches."""
    kept: list[dict[str, Any]] = []
    if RESULTS.is_file():
        stood = json.loads(RESULTS.read_text(encoding="utf-8"))
        kept = [entry for entry in stood if entry["bench"] not in benches]
    about = {"commit": commit(), "machine": machine(), "date": now.isoformat(timespec="seconds")}
    for bench, rows in benches.items():
        told = {"bench": bench, "command": f"python -m bench {bench}", **about}
        kept += [{**asdict(row), **told} for row in rows]
    text = json.dumps(kept, ensure_ascii=False, indent=1)
    RESULTS.write_text(text + "\n", encoding="utf-8")


def commit() -> str:
    """Return the commit measured, with a plus when files differ from it."""
    said = [
        subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S607 - whichever git is there
        for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "src", "bench"))
    ]  # fmt: skip
    return said[0].strip() + ("+" if said[1].strip() else "")


def machine() -> str:
    """Return what kind of machine this is: cores, processor, memory, system, Python."""
    processor, memory_gb = platform.machine(), 0
    try:
        cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        processor = next(
            line.partition(":")[2].strip()
            for line in cpus.splitlines()
            if line.startswith("model name")
        )
        memory_gb = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
    except (OSError, StopIteration, ValueError):
        pass  # Not Linux: what platform knows must do.
    return (
        f"{os.cpu_count()} × {processor}, {memory_gb} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def read_rows(path: Path) -> list[Row]:
    """Read back what `main` wrote."""
    return [Row(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def now_utc() -> datetime:
    """Return the clock, for the date of results."""
    return datetime.now(UTC)
