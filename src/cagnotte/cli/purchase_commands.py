"""Commands of the purchase's way: import, validate, mature, why, balance."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.domain.ids import public_id
from cagnotte.domain.money import format_minor

if TYPE_CHECKING:
    from cagnotte.journeys.explain import BalanceTold, Why
    from cagnotte.journeys.import_file import ImportSummary
    from cagnotte.ledger.selectors import Movement

programme_option = click.option(
    "--programme", "slug", default=None, help="Its short name; not needed when there is only one."
)
now_option = click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    default=None,
    help="The moment to record, in UTC.",
)


def read_clock(now: datetime | None) -> datetime:
    """Return the moment given on the command line, else the machine's: the one place a command reads the clock."""
    return now.replace(tzinfo=UTC) if now else datetime.now(UTC)


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--source", required=True, help="The source of the programme file whose mapping reads them."
)
@programme_option
@click.option(
    "--jobs",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="Processes for purchases.",
)
@click.option(
    "--rejects", type=click.Path(path_type=Path), default=None, help="Where rejected rows go."
)
@now_option
@with_database
def import_command(
    files: tuple[Path, ...],
    source: str,
    slug: str | None,
    jobs: int,
    rejects: Path | None,
    now: datetime | None,
) -> None:
    """Import members, products, purchases or answers from FILES (CSV, JSON Lines, XLSX or XML).

    Good rows are taken; rejected ones are written to a file of their own with their reasons, to be mended and
    imported again. Importing the same file again changes nothing.
    """
    moment = read_clock(now)
    for path in files:
        _import_one(path, slug, source, jobs, rejects, moment)


@click.command("validate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source",
    default="answers",
    show_default=True,
    help="The source whose mapping reads the file.",
)
@programme_option
@click.option(
    "--rejects", type=click.Path(path_type=Path), default=None, help="Where rejected rows go."
)
@now_option
@with_database
def validate_command(
    file: Path, source: str, slug: str | None, rejects: Path | None, now: datetime | None
) -> None:
    """Confirm, decline or amend purchases from a merchant's FILE of answers."""
    _import_one(file, slug, source, 1, rejects, read_clock(now))


def _import_one(
    path: Path, slug: str | None, source: str, jobs: int, rejects: Path | None, now: datetime
) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from cagnotte.journeys.import_file import import_file

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    # Drawn when something has been told, without a thread of its own: processes are forked only from one thread.
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        auto_refresh=False,
    ) as bar:
        task = bar.add_task(path.name, total=None)
        summary = import_file(
            path,
            programme=slug,
            source=source,
            now=now,
            jobs=jobs,
            rejects=rejects,
            on_progress=lambda done, total: bar.update(
                task, completed=done, total=total, refresh=True
            ),
        )
    _print_summary(summary)


_AMOUNTS = ("reward_minor", "reward_change_minor", "owing_minor", "losses_minor")


def _print_summary(summary: "ImportSummary") -> None:
    counts = {
        name: count for name, count in summary.counts.items() if count and name not in _AMOUNTS
    }
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "nothing new"
    rejected = sum(summary.rejected.values())
    again = " (imported before)" if summary.seen_before else ""
    click.echo(f"{summary.file.name}{again}: {told}, {rejected:,} rejected.")
    if summary.unread:
        click.echo(
            f"  Columns the mapping does not name were not read: {', '.join(summary.unread)}."
        )
    if not summary.ended:
        click.echo(
            "  The last row has no line end. If the file was cut off there, the row may lack its last figures."
        )
    for reason, count in sorted(summary.rejected.items(), key=lambda item: -item[1]):
        click.echo(f"  {count:>7,} × {reason}")
    if summary.rejects:
        click.echo(
            f"  Rejected rows: {summary.rejects}, with their reasons in {summary.rejects.stem}.reasons.csv."
        )


@click.command("mature")
@click.option(
    "--on", "on", type=click.DateTime(["%Y-%m-%d"]), default=None, help="The day; default today."
)
@programme_option
@now_option
@with_database
def mature_command(on: datetime | None, slug: str | None, now: datetime | None) -> None:
    """Release what is due: confirmed rewards whose delay is over become available.

    What becomes available to closed accounts goes out with the next payouts, or is kept as unclaimed.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from cagnotte.journeys import tend_closed
    from cagnotte.journeys.mature import mature
    from cagnotte.journeys.programme_run import ProgrammeRun
    from cagnotte.platform.database import connect

    with connect() as connection:
        run = ProgrammeRun.open(connection, slug, read_clock(now))
        day = on.date() if on else run.today
        columns = (SpinnerColumn(), TextColumn("{task.completed:,} purchases looked at"))
        console = Console(stderr=True)
        with Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        ) as bar:
            task = bar.add_task("", total=None)
            result = mature(
                connection, run, on=day, on_chunk=lambda count: bar.advance(task, count)
            )
        closed = tend_closed.tend(connection, run, on=day)
        currency = run.programme.currency
    click.echo(
        f"{day}: {format_minor(result.released_minor, currency)} {currency} of {result.purchases:,} purchases became "
        f"available to {result.wallets:,} members."
    )
    if result.overdue:
        click.echo(
            f"  {result.overdue:,} purchases were confirmed because nobody answered in time."
        )
    if result.repaid_minor:
        click.echo(
            f"  {format_minor(result.repaid_minor, currency)} {currency} of it repaid what members owed."
        )
    if result.vouchers:
        issued = f"{format_minor(result.voucher_minor, currency)} {currency}"
        click.echo(f"  {result.vouchers:,} vouchers over {issued} were issued.")
    for reason, count in sorted(result.waiting.items()):
        click.echo(f"  {count:,} wait for: {reason}.")
    for minor, what in (
        (closed.payout_minor, "goes out with the next payouts"),
        (closed.unclaimed_minor, "is kept as unclaimed"),
        (closed.renounced_minor, "was given up by erased members"),
    ):
        if minor:
            click.echo(f"  {format_minor(minor, currency)} {currency} of closed accounts {what}.")


@click.command("why")
@click.argument("purchase")
@programme_option
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True)
@with_database
def why_command(purchase: str, slug: str | None, language: str) -> None:
    """Explain every cent of a PURCHASE: its id, merchant/order, or order reference."""
    from django.utils import translation

    from cagnotte.identity.selectors import programme
    from cagnotte.journeys.explain import why
    from cagnotte.platform.database import connect

    with connect() as connection, translation.override(language):
        _print_why(why(connection, programme(slug), purchase))


def _print_why(told: "Why") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    currency, console = told.purchase.currency, Console(highlight=False)

    def amount(minor: int) -> str:
        return format_minor(minor, currency)

    name = f"{told.purchase.merchant}/{told.purchase.order_ref}"
    state = f"{told.validation} ({told.reason})" if told.reason else told.validation
    console.print(
        f"[bold]{escape(name)}[/] of {told.purchase.occurred_at:%Y-%m-%d %H:%M}, "
        f"{amount(told.purchase.amount_minor)} {currency}, member {escape(told.member_ref)}: {state}, "
        f"reward [bold]{amount(told.reward_minor)} {currency}[/], of which {amount(told.released_minor)} released"
    )
    console.print(public_id("pur", told.purchase_id))
    for sentence in told.sentences:
        console.print(f"  • {sentence}", markup=False)
    table = Table("date", "transaction", "account", "owner", title="Ledger entries")
    for side in ("debit", "credit"):
        table.add_column(side, justify="right")
    for entry in told.entries:
        sides = (
            (amount(entry.amount_minor), "")
            if entry.amount_minor > 0
            else ("", amount(-entry.amount_minor))
        )
        table.add_row(
            str(entry.effective_on), entry.transaction, entry.account, entry.owner, *sides
        )
    console.print(table)
    for version in told.versions:
        told_reason = f" ({version.reason})" if version.reason else ""
        said_by = f", said by {version.source}" if version.source else ""
        console.print(
            f"  {version.number}. {version.recorded_at:%Y-%m-%d %H:%M} {version.event}{told_reason}{said_by}",
            markup=False,
        )
    for lot in told.lots:
        expiry = f"expires {lot.expires_on}" if lot.expires_on else "never expires"
        console.print(
            f"  lot of {amount(lot.amount_minor)}, available from {lot.available_on}, {expiry}: "
            f"{amount(lot.remaining_minor)} left"
        )


@click.command("balance")
@click.argument("member")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), default=None, help="At the end of this day."
)
@click.option(
    "--movements", type=click.IntRange(min=0), default=0, help="Show so many of the last movements."
)
@programme_option
@with_database
def balance_command(member: str, as_of: datetime | None, movements: int, slug: str | None) -> None:
    """Show what a MEMBER holds, now or at the end of a day."""
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys.explain import balance, last_movements
    from cagnotte.platform.database import connect

    day: date | None = as_of.date() if as_of else None
    found = programme(slug)
    with connect() as connection:
        _print_balance(balance(connection, found, member, day))
        if movements:
            _print_movements(last_movements(connection, found, member, count=movements))


def _print_movements(movements: "list[Movement]") -> None:
    for movement in movements:
        changes = ", ".join(
            f"{state} {'+' if minor > 0 else ''}{format_minor(minor, movement.currency)}"
            for state, minor in movement.changes.items()
        )
        click.echo(f"  {movement.occurred_on} {movement.kind}: {changes} {movement.currency}")


def _print_balance(told: "BalanceTold") -> None:
    when = f" at the end of {told.as_of}" if told.as_of else ""
    click.echo(f"Member {told.member_ref}{when}:")
    for state, minor in told.states.items():
        click.echo(f"  {state:<10} {format_minor(minor, told.currency):>14} {told.currency}")
    for lot in told.lots:
        until = f"until {lot.expires_on}" if lot.expires_on else "without expiry"
        click.echo(
            f"    lot of {lot.available_on}: {format_minor(lot.remaining_minor, told.currency)} left, {until}"
        )
