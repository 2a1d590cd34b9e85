"""`cagnotte payouts`: who is paid and who not, the bank file, what the bank answered."""

from collections import Counter
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.domain.money import format_minor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from rich.console import Console

    from cagnotte.domain.payouts import PayoutPlan, Refusal
    from cagnotte.journeys.import_status import StatusResult
    from cagnotte.journeys.pay_out import PayOutResult

ROWS_SHOWN = 20
"""Rows of a table shown unless --all is given."""

on_option = click.option(
    "--on", "on", type=click.DateTime(["%Y-%m-%d"]), default=None, help="The day; default today."
)


def moment_of(on: datetime | None, now: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    """Return the day, and the moment that rules about time look at: now, or noon of another day."""
    today = now.astimezone(zone).date()
    day = on.date() if on else today
    return day, now if day == today else datetime.combine(day, time(12), tzinfo=zone)


@click.group()
def payouts() -> None:
    """Plan payouts, write the bank file, read what the bank answers."""


# ---- plan -----------------------------------------------------------------------------------------------------


@payouts.command()
@on_option
@click.option("--all", "everybody", is_flag=True, help="Show every member, not only the first.")
@programme_option
@now_option
@with_database
def plan(on: datetime | None, everybody: bool, slug: str | None, now: datetime | None) -> None:  # noqa: FBT001 - click passes it by name
    """Show who would be paid how much, and who not and why. Nothing is changed."""
    from rich.console import Console

    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import pay_out
    from cagnotte.platform.database import connect
    from cagnotte.wallet.selectors import member_refs

    found = programme(slug)
    day, at = moment_of(on, read_clock(now), ZoneInfo(found.timezone))
    with connect() as connection:
        made = pay_out.plan(connection, programme_id=found.id, at=at, on=day)
        paid = [one.wallet_id for one in made.payouts]
        refs = member_refs(connection, [*paid, *(one.wallet_id for one in made.refusals)])
    console = Console(highlight=False)
    _print_plan(console, made, refs, None if everybody else ROWS_SHOWN)
    console.print(
        f"{day}: {len(made.payouts):,} payouts of {_amount(made.transfer_minor, made.currency)}, "
        f"{len(made.refusals):,} members are not paid."
    )


def _amount(minor: int, currency: str) -> str:
    return f"{format_minor(minor, currency)} {currency}"


def _print_plan(
    console: "Console", made: "PayoutPlan", refs: "dict[UUID, str]", at_most: int | None
) -> None:
    from rich.table import Table

    if made.payouts:
        table = Table("member", title="Paid", title_justify="left")
        for column in ("from the wallet", "fee", "to the bank"):
            table.add_column(column, justify="right")
        for one in made.payouts[:at_most]:
            amounts = (one.amount_minor, one.fee_minor, one.transfer_minor)
            table.add_row(
                refs.get(one.wallet_id, "–"), *(format_minor(x, made.currency) for x in amounts)
            )
        console.print(table)
        _print_rest(console, len(made.payouts), at_most)
    _print_refusals(console, made.refusals, refs, at_most)


def _print_refusals(
    console: "Console",
    refusals: "tuple[Refusal, ...]",
    refs: "dict[UUID, str]",
    at_most: int | None,
) -> None:
    from rich.table import Table

    if not refusals:
        return
    table = Table("member", "why not", title="Not paid", title_justify="left")
    for refusal in refusals[:at_most]:
        table.add_row(refs.get(refusal.wallet_id, "–"), refusal.sentence)
    console.print(table)
    _print_rest(console, len(refusals), at_most)
    for code, count in Counter(refusal.code for refusal in refusals).most_common():
        console.print(f"  {count:>7,} × {code.value.replace('_', ' ')}")


def _print_rest(console: "Console", count: int, at_most: int | None) -> None:
    if at_most is not None and count > at_most:
        console.print(f"  … and {count - at_most:,} more; --all shows them.")


# ---- run ------------------------------------------------------------------------------------------------------


@payouts.command()
@on_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="The folder for the bank file; default .data/payouts.",
)
@programme_option
@now_option
@with_database
def run(on: datetime | None, output: Path | None, slug: str | None, now: datetime | None) -> None:
    """Hold the money, write the file for the bank and book it as sent.

    Run it again after an interruption: it finishes what was begun, under the same references, and pays nobody
    twice.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import pay_out
    from cagnotte.platform.database import connect, data_folder

    found, moment = programme(slug), read_clock(now)
    day, at = moment_of(on, moment, ZoneInfo(found.timezone))
    order = pay_out.PayRun(found.id, moment, at, day, output or data_folder() / "payouts")
    columns = (TextColumn("{task.description:<6}"), BarColumn(), MofNCompleteColumn())
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
        connect() as connection,
    ):
        tasks = {phase: bar.add_task(phase, total=None) for phase in ("hold", "file")}
        result = pay_out.run(
            connection,
            order,
            progress=lambda phase, done, total: bar.update(
                tasks[phase], completed=done, total=total
            ),
        )
    _print_run(result, day)


def _print_run(result: "PayOutResult", day: date) -> None:
    currency = result.plan.currency
    for batch in result.batches:
        begun = " (begun by an earlier run)" if batch.repaired else ""
        click.echo(
            f"{batch.path}{begun}: {batch.count:,} transfers, {_amount(batch.total_minor, currency)}, "
            f"to be executed on {batch.execution_on}."
        )
    if not result.batches:
        click.echo(f"{day}: nobody is to be paid.")
    refusals = Counter(refusal.code for refusal in result.plan.refusals)
    if refusals:
        told = ", ".join(
            f"{count:,} {code.value.replace('_', ' ')}" for code, count in refusals.most_common()
        )
        click.echo(f"Not paid: {told}. `cagnotte payouts plan` says why for each.")
    for _, error in result.refused[:ROWS_SHOWN]:
        click.echo(f"Left out, the money had moved meanwhile: {error}")
    if len(result.batches) > 1:
        click.echo(f"In all {result.count:,} transfers, {_amount(result.total_minor, currency)}.")


# ---- answers --------------------------------------------------------------------------------------------------


@payouts.command("import-status")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@on_option
@programme_option
@now_option
@with_database
def import_status(
    files: tuple[Path, ...], on: datetime | None, slug: str | None, now: datetime | None
) -> None:
    """Read the bank's answers from FILES: pain.002, camt.052, .053 or .054, in any order.

    Settled, rejected and returned payouts are booked; what cannot be matched or does not agree is kept and
    listed, and never booked. The same file read twice changes nothing.
    """
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import import_status as journey
    from cagnotte.platform.database import connect

    found, moment = programme(slug), read_clock(now)
    day, _ = moment_of(on, moment, ZoneInfo(found.timezone))
    with connect() as connection:
        for path in files:
            file = journey.StatusFile(path.name, path.read_bytes(), found.id, moment, day)
            _print_status(path.name, journey.import_status(connection, file), found.currency)


def _print_status(name: str, result: "StatusResult", currency: str) -> None:
    if result.known:
        click.echo(f"{name}: read before; nothing was changed.")
        return
    told = [
        f"{count:,} {event.value}{'d' if event.value.endswith('e') else 'ed'} "
        f"({_amount(result.amounts_minor[event], currency)})"
        for event, count in sorted(result.booked.items())
    ]
    for count, what in (
        (result.accepted, "accepted by the bank"),
        (result.unchanged, "known already"),
        (result.other, "no payouts"),
        (len(result.open_lines), "to look at"),
    ):
        if count:
            told.append(f"{count:,} {what}")
    click.echo(f"{name}: {', '.join(told) or 'no lines'}.")
    _print_open(line.sentence for line in result.open_lines)


def _print_open(sentences: "Iterable[str]") -> None:
    for sentence in sentences:
        click.secho(f"  {sentence}", fg="yellow")
