"""`cagnotte ledger`: check, export, seal and close the books."""

import getpass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.output import output_option, written
from cagnotte.cli.proof_commands import prove, publish, seal
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.domain.errors import LedgerCorrupt, Refused

if TYPE_CHECKING:
    from cagnotte.ledger.checks import Finding

EXPORT_FORMATS = ("beancount", "hledger", "csv")


@click.group()
def ledger() -> None:
    """Check, export, seal and close the books."""


for sealing_command in (seal, publish, prove):
    ledger.add_command(sealing_command)


@ledger.command("put-in")
@click.argument("amount")
@click.option("--out", is_flag=True, help="It left the account again.")
@click.option("--reference", required=True, help="The transfer's own name, as the bank writes it.")
@programme_option
@now_option
@with_database
def put_in(
    *, amount: str, out: bool, reference: str, slug: str | None, now: datetime | None
) -> None:
    """Book that AMOUNT of the operator's own money came into the programme's bank account.

    A transfer of one reference is booked once.
    """
    from cagnotte.domain.money import Money
    from cagnotte.journeys import own_money
    from cagnotte.journeys.programme_run import ProgrammeRun
    from cagnotte.platform.database import connect

    with connect() as connection:
        run = ProgrammeRun.open(connection, slug, read_clock(now))
        moved = Money.parse(amount, run.programme.currency)
        transfer = own_money.OwnMoney(-moved.amount_minor if out else moved.amount_minor, reference)
        booked = own_money.put_in(connection, run, transfer)
    click.echo(f"{moved}: {'booked' if booked else 'was booked before'}.")


@ledger.command()
@with_database
def verify() -> None:
    """Check that every balance is the sum of its entries, every transaction sums to zero, and more.

    What is sealed is hashed again and compared with its seal: one changed byte names its batch. Reports and
    repairs nothing. Exits with 1 when something is wrong.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from cagnotte.journeys.check_books import verify as verify_books
    from cagnotte.platform.database import connect

    columns = (TextColumn("{task.description:<48}"), BarColumn(), MofNCompleteColumn())
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
        connect() as connection,
    ):
        task = bar.add_task("checking", total=None)

        def show(done: int, total: int, promise: str) -> None:
            bar.update(task, completed=done, total=total, description=promise)

        findings = verify_books(connection, progress=show)
    _print_findings(findings)


def _print_findings(findings: "list[Finding]") -> None:
    for finding in findings:
        mark = (
            click.style("wrong", fg="red")
            if finding.is_fault
            else click.style("note ", fg="yellow")
        )
        click.echo(f"{mark}  {finding.check}: {finding.sentence}")
    faults = sum(finding.is_fault for finding in findings)
    if faults:
        raise LedgerCorrupt(
            f"{faults} finding(s) above: the books are not in order. Nothing was repaired.",
            faults=faults,
        )
    click.echo("The books are in order: every check passed.")


@ledger.command()
@click.option(
    "--format",
    "export_format",
    type=click.Choice(EXPORT_FORMATS),
    default="beancount",
    show_default=True,
)
@output_option
@programme_option
@with_database
def export(*, export_format: str, output: Path, slug: str | None) -> None:
    """Write the books as a file that beancount, hledger or a spreadsheet reads.

    The file asserts the closing balance of every account, so that the tool checks our balances with its own sums.
    """
    from cagnotte.identity.models import Party
    from cagnotte.identity.selectors import programme
    from cagnotte.ledger.export import export as export_books
    from cagnotte.platform.database import connect

    found = programme(slug)
    parties = Party.objects.filter(programme_id=found.id)
    names = {found.id: found.name, **dict(parties.values_list("id", "name"))}
    with connect() as connection, written(output) as out:
        count = export_books(
            connection, programme_id=found.id, format=export_format, out=out, names=names
        )
    click.echo(f"{count} transaction(s) written.", err=True)


@ledger.command()
@programme_option
@with_database
def digest(*, slug: str | None) -> None:
    """Print one hash of the programme's state: purchases, decisions, lots and books, by natural keys.

    Ids and recording times do not count, so an import that was interrupted and run again prints the same.
    """
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys.check_books import digest as digest_books
    from cagnotte.platform.database import connect

    found = programme(slug)
    with connect() as connection:
        click.echo(digest_books(connection, found.id))


@ledger.command()
@now_option
@with_database
def fold(*, now: datetime | None) -> None:
    """Fold the deltas of busy accounts into snapshots; balances do not change, reading them gets faster."""
    from cagnotte.ledger.services import fold as fold_deltas
    from cagnotte.platform.database import connect

    with connect() as connection:
        count = fold_deltas(connection, now=read_clock(now))
    click.echo(f"{count} account(s) folded.")


@ledger.command("close-period")
@click.option(
    "--ends-on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The period's last day."
)
@click.option(
    "--by", "closed_by", default=getpass.getuser, help="Who closes it; default: your user name."
)
@programme_option
@now_option
@with_database
def close_period(
    *, ends_on: datetime, closed_by: str, slug: str | None, now: datetime | None
) -> None:
    """Close the books up to a day. Nothing can be booked there any more; later facts go to the first open day."""
    from cagnotte.identity.selectors import programme
    from cagnotte.ledger import services
    from cagnotte.platform.database import connect

    moment, last_day = read_clock(now), ends_on.date()
    if last_day >= moment.date():
        raise Refused(
            f"{last_day} is not over yet; a period is closed after its last day.", ends_on=last_day
        )
    found = programme(slug)
    with connect() as connection:
        closed = services.close_period(
            connection, programme_id=found.id, ends_on=last_day, now=moment, closed_by=closed_by
        )
    if closed:
        click.echo(f"The books of {found.name} are closed until {last_day}.")
    else:
        click.echo(f"The books of {found.name} were closed until {last_day}, or further, already.")
