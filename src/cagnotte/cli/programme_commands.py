"""`cagnotte programme`: check a programme file, and load it."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock

if TYPE_CHECKING:
    from rich.console import Console

    from cagnotte.catalog.exposure import Exposure
    from cagnotte.catalog.programme_file import ParsedProgramme, Problem
    from cagnotte.catalog.services import Change
    from cagnotte.journeys.load_programme import Loaded
    from cagnotte.journeys.take_over import TakenOver

BASKETS = ("20", "100", "500")
"""Baskets whose worst-case cost is shown when none is asked for."""

CHANGES_SHOWN_MAX = 20
"""Changed offers or contracts listed one by one; the others are counted."""

MEMBERS_SHOWN_MAX = 5
"""Members still to be enrolled that are named; the others are counted."""

FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def programme() -> None:
    """Check and load a programme: its merchants, contracts, offers, sources and opening balances.

    The file is YAML; docs/reference/programme-file.md describes it, and examples/programme.yaml is one.
    """


@programme.command()
@FILE
@click.option(
    "--basket", "baskets", multiple=True, help="An order's amount, such as 80.00; may be repeated."
)
@click.option(
    "--units",
    type=click.IntRange(1, 10_000),
    default=10,
    show_default=True,
    help="Articles in that order.",
)
@now_option
def check(file: Path, baskets: tuple[str, ...], units: int, now: datetime | None) -> None:
    """Say what is wrong with FILE, what deserves a look, and the most that one order can cost.

    Nothing is loaded and no database is needed. Ends with 1 when the file has errors, 0 otherwise.
    """
    console = _console()
    parsed = _parse(file)
    today = _today(parsed, read_clock(now))
    _print_contents(console, parsed)
    _print_warnings(console, parsed, today)
    _print_exposure(console, parsed, baskets or BASKETS, units, today)


@programme.command()
@FILE
@now_option
@with_database
def load(file: Path, now: datetime | None) -> None:
    """Load FILE whole, or nothing when it has an error. Loading it again changes nothing.

    A changed contract or offer becomes a new version from today on; one that is left out ends today.
    """
    from cagnotte.journeys import load_programme

    console = _console()
    moment = read_clock(now)
    parsed = _parse(file)
    _print_warnings(console, parsed, _today(parsed, moment))
    _print_loaded(console, load_programme.load(parsed, now=moment))


@programme.command()
@programme_option
@click.option("--anew", is_flag=True, help="Begin with an empty one; test keys open it at once.")
@now_option
@with_database
def sandbox(slug: str | None, now: datetime | None, *, anew: bool) -> None:
    """Make a programme's sandbox, where test keys try things: the same rules, and books of its own.

    Each later `programme load` brings it up to date.
    """
    from cagnotte.identity.selectors import programme as programme_of
    from cagnotte.journeys import sandbox as journey

    work = journey.start_anew if anew else journey.make
    made = work(programme_of(slug), now=read_clock(now))
    click.echo(
        f"The sandbox is {made.slug}. Make a key for it: cagnotte keys create --test --name NAME"
    )


@programme.command()
@click.option(
    "--as",
    "form",
    type=click.Choice(["json", "markdown"]),
    default="json",
    show_default=True,
    help="JSON Schema, or tables.",
)
def schema(form: str) -> None:
    """Print what a programme file may hold: a JSON Schema for editors, or tables for people."""
    import json

    from cagnotte.catalog.programme_file import json_schema
    from cagnotte.catalog.programme_file.reference import key_tables

    click.echo(
        key_tables()
        if form == "markdown"
        else json.dumps(json_schema(), indent=2, ensure_ascii=False)
    )


def _console() -> "Console":
    """A console without markup: names come from a file, and may hold brackets."""
    from rich.console import Console

    return Console(highlight=False, markup=False, soft_wrap=True)


def _parse(file: Path) -> "ParsedProgramme":
    from cagnotte.catalog.programme_file import parse

    return parse(file)


def _today(parsed: "ParsedProgramme", moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(parsed.file.programme.timezone)).date()


def _count(number: int, singular: str, plural: str | None = None) -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


# ---- check ------------------------------------------------------------------------------------------------------


def _print_contents(console: "Console", parsed: "ParsedProgramme") -> None:
    file, made = parsed.file, parsed.definitions
    section = file.programme
    console.print(
        f"{parsed.path.name}: {section.name} ({section.slug}), {section.currency}, {section.timezone}"
    )
    console.print(
        "  "
        + ", ".join(
            [
                _count(len(file.merchants), "merchant"),
                _count(len(file.brands), "brand"),
                _count(len(file.networks), "network"),
                _count(len(made.categories), "category", "categories"),
                _count(len(made.contracts), "contract"),
                _count(len(made.offers), "offer"),
                _count(len(file.sources), "source"),
            ]
        )
    )


def _print_warnings(console: "Console", parsed: "ParsedProgramme", today: date) -> None:
    from cagnotte.catalog.checks import check as warnings_of

    warnings = warnings_of(parsed, today=today)
    if not warnings:
        console.print("No errors, and nothing that deserves a look.", style="green")
        return
    console.print(f"No errors; {_count(len(warnings), 'warning')}:", style="yellow")
    for warning in warnings:
        _print_problem(console, warning)


def _print_problem(console: "Console", problem: "Problem") -> None:
    console.print(f"  {problem.file}:{problem.line} {problem.path}", style="dim")
    console.print(f"    {problem.sentence}")


def _print_exposure(
    console: "Console", parsed: "ParsedProgramme", baskets: tuple[str, ...], units: int, today: date
) -> None:
    from rich.table import Table

    from cagnotte.catalog.exposure import exposure
    from cagnotte.domain.money import format_minor, parse_minor

    currency = parsed.file.programme.currency
    bounds = [
        exposure(
            parsed.definitions,
            basket_minor=max(1, parse_minor(basket, currency)),
            units=units,
            today=today,
        )
        for basket in baskets
    ]
    table = Table(title="The most that one order can cost", title_justify="left")
    for name in ("order", "at most", "share"):
        table.add_column(name, justify="right")
    table.add_column("made by")
    for bound in bounds:
        table.add_row(
            format_minor(bound.basket_minor, currency),
            format_minor(bound.amount_minor, currency),
            f"{format_minor(bound.rate_bps, 'EUR')} %",
            _makers(bound, currency),
        )
    console.print(table)
    where = f"At {bounds[-1].merchant}, " if bounds[-1].merchant else ""
    console.print(
        f"{where}{'from today' if bounds[-1].day == today else f'on {bounds[-1].day}'}, with up to "
        f"{_count(units, 'article')}. An upper bound: one base offer per euro, from the highest rate down, then every "
        "boost and bonus that can stand beside it, each at its highest and up to its own ceiling.",
    )
    for offer in bounds[-1].open_ended:
        console.print(
            f"“{offer.ref}” shares a commission that only the source reports; this bound cannot hold it.",
            style="yellow",
        )


def _makers(bound: "Exposure", currency: str) -> str:
    from cagnotte.domain.money import format_minor

    lines = [
        f"{format_minor(give.amount_minor, currency)} {give.offer.ref} ({give.offer.role}, paid by "
        f"{' and '.join(share.kind for share in give.offer.funding)})"
        for give in bound.gives
    ]
    return "\n".join(lines) or "nothing"


# ---- load -------------------------------------------------------------------------------------------------------


def _print_loaded(console: "Console", loaded: "Loaded") -> None:
    slug = loaded.programme.slug
    if loaded.changed_nothing and not (loaded.opening.waiting or loaded.opening.refused):
        console.print(f"{slug} stood like this already; nothing was changed.")
        return
    console.print(f"{slug} is loaded.")
    for name, counted in (
        ("parties", loaded.parties),
        ("descriptors", loaded.descriptors),
        ("categories", loaded.categories),
        ("kinds of shops", loaded.kinds),
        ("pages of shops", loaded.pages),
    ):
        if any(counted):
            console.print(f"  {name}: {counted.new:,} new, {counted.changed:,} changed")
    _print_changes(console, "contracts", loaded.contracts)
    _print_changes(console, "offers", loaded.offers)
    if loaded.sources:
        console.print(f"  sources: {loaded.sources:,} new or changed")
    if loaded.storefront:
        console.print("  storefront: changed")
    if loaded.payouts:
        console.print("  payout rules: changed")
    if loaded.duplicates:
        console.print("  duplicates: changed")
    _print_opening(console, loaded.opening, loaded.programme.currency)


def _print_changes(console: "Console", name: str, changes: "list[Change]") -> None:
    fresh = [change for change in changes if change.kind == "new"]
    if fresh:
        console.print(f"  {name}: {len(fresh):,} new")
    others = [change for change in changes if change.kind != "new"]
    for change in others[:CHANGES_SHOWN_MAX]:
        words = {
            "changed": f"version {change.version}, from {change.from_day}",
            "restored": f"back as version {change.version}, from {change.from_day}",
            "removed": f"ends; {change.from_day} is the first day without it",
        }
        console.print(f"  {name}: {change.ref} {words[change.kind]}")
    if len(others) > CHANGES_SHOWN_MAX:
        console.print(f"  {name}: {len(others) - CHANGES_SHOWN_MAX:,} more changed")


def _print_opening(console: "Console", taken: "TakenOver", currency: str) -> None:
    from cagnotte.domain.money import format_minor

    if taken.new or taken.restated:
        sums = (taken.pending_minor, taken.confirmed_minor, taken.available_minor)
        pending, confirmed, available = (
            f"{format_minor(minor, currency)} {currency}" for minor in sums
        )
        console.print(
            f"  opening balances: {taken.new:,} new, {taken.restated:,} restated: {pending} pending, {confirmed} "
            f"confirmed, {available} available",
        )
    if taken.waiting:
        members = sorted(set(taken.waiting))
        more = " …" if len(members) > MEMBERS_SHOWN_MAX else ""
        console.print(
            f"  opening balances: {_count(len(members), 'member')} not enrolled yet "
            f"({', '.join(members[:MEMBERS_SHOWN_MAX])}{more}); import the members, then load this file again.",
            style="yellow",
        )
    for refusal in taken.refused:
        console.print(f"  member {refusal.member_ref}, row {refusal.row}: {refusal.sentence}")
