"""`cagnotte files`: look at a file before it is imported, and watch a folder into which others drop files."""

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cagnotte.cli.bootstrap import running_database, with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock

if TYPE_CHECKING:
    from rich.console import Console

    from cagnotte.journeys.watch_folder import Outcome
    from cagnotte.purchases.reading.looking import Look, Looked

ROWS_SHOWN = 5
COLUMNS_SHOWN = 12
TEXT_SHOWN = 40


@click.group()
def files() -> None:
    """Look at files before they are imported; watch a folder for them."""


@files.command("look")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", default=None, help="Read its first orders as this source would.")
@programme_option
@click.option("--json", "as_json", is_flag=True, help="Print what was seen as JSON.")
@now_option
def look_command(
    file: Path, source: str | None, slug: str | None, now: datetime | None, *, as_json: bool
) -> None:
    """Show what a FILE seems to be: format, encoding, columns, amounts and dates. Nothing is written.

    With --source its first orders are shown as they would be understood, and where file and mapping differ.
    """
    from cagnotte.purchases.reading.looking import Looked, look

    moment = read_clock(now)
    if source is None:
        looked = Looked(look(file))
    else:
        with running_database():
            looked = _as_source(file, slug, source, moment)
    if as_json:
        click.echo(json.dumps(asdict(looked), ensure_ascii=False, indent=2))
    else:
        _print_look(looked)


def _as_source(file: Path, slug: str | None, source: str, now: datetime) -> "Looked":
    from cagnotte.journeys.look_at_file import look_at

    return look_at(file, programme=slug, source=source, now=now)


def _print_look(looked: "Looked") -> None:
    from rich.console import Console

    console = Console(highlight=False)
    found = looked.look
    for name, value in _facts(found):
        console.print(f"{name + ':':<12} {value}", markup=False)
    _print_rows(console, found)
    for sentence in (*found.problems, *looked.differences):
        console.print(f"  ! {sentence}", markup=False)
    for seen in looked.seen:
        told = seen.sentence or ", ".join(
            f"{name} {value}" for name, value in seen.facts.items() if value
        )
        mark = f"rejected ({seen.reason}): " if seen.reason else ""
        console.print(f"  row {seen.row_number}: {mark}{told}", markup=False)
    if not looked.seen:
        _print_suggestion(console, found)


def _facts(found: "Look") -> list[tuple[str, str]]:
    from cagnotte.purchases.reading.looking import NAMES_OF_DELIMITERS

    told = [
        ("format", found.format),
        (
            "encoding",
            found.encoding + ("" if found.is_sure else " (a guess)") if found.encoding else "",
        ),
        ("delimiter", NAMES_OF_DELIMITERS.get(found.delimiter, found.delimiter)),
        ("sheets", ", ".join(found.sheets)),
        ("header row", str(found.header_row) if found.sheets else ""),
        ("record", found.record),
        (
            "amounts",
            {",": "with a comma: 12,40", ".": "with a point: 12.40"}.get(found.decimal, ""),
        ),
        ("dates", found.dates),
        ("columns", ", ".join(found.header)),
    ]
    return [(name, value) for name, value in told if value]


def _print_rows(console: "Console", found: "Look") -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(*(escape(name[:TEXT_SHOWN]) for name in found.header[:COLUMNS_SHOWN]))
    for row in found.rows[:ROWS_SHOWN]:
        table.add_row(
            *(escape(text[:TEXT_SHOWN]) for text in row[: min(COLUMNS_SHOWN, len(found.header))])
        )
    if found.header:
        console.print(table)


def _print_suggestion(console: "Console", found: "Look") -> None:
    from cagnotte.purchases.reading.looking import suggestion

    console.print("For the programme file:", markup=False)
    for name, value in suggestion(found).items():
        console.print(f"  {name}: {json.dumps(value, ensure_ascii=False)}", markup=False)


@files.command("watch")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--source", required=True, help="The source that the folder's files are of.")
@programme_option
@click.option(
    "--once", is_flag=True, help="Take what is there now, and end; for a timer of your own."
)
@click.option(
    "--settle",
    type=click.FloatRange(0, 3600),
    default=5,
    show_default=True,
    help="Seconds a file must not have changed.",
)
@with_database
def watch_command(
    folder: Path, source: str, slug: str | None, settle: float, *, once: bool
) -> None:
    """Take in the files that others drop into FOLDER, and put them away: into done, or failed, with a report.

    Files that still grow wait. Several watchers of one folder may run. It ends with Ctrl-C, and loses nothing when it
    is killed.
    """
    from cagnotte.journeys.watch_folder import Watched, Watcher

    watched = Watched(folder, slug, source, settle)
    watcher = Watcher(watched, clock=lambda: datetime.now(UTC), sleep=time.sleep)
    outcomes = watcher.once() if once else watcher.watch(is_over=lambda: False)
    failed = False
    for outcome in outcomes:
        failed |= bool(outcome.sentence)
        _print_outcome(outcome)
    if once and failed:
        raise SystemExit(1)


def _print_outcome(outcome: "Outcome") -> None:
    lines = (
        [f"{outcome.name}: {outcome.sentence}"] if outcome.taken is None else outcome.taken.lines
    )
    for line in lines:
        click.echo(line)
