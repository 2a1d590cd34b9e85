"""`cagnotte payouts`: who is paid and who not, the bank file, what the bank answered."""

import getpass
from collections import Counter
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.domain.money import format_minor, parse_minor
from cagnotte.domain.payouts import UNDER_WAY, PayoutState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from rich.console import Console

    from cagnotte.domain.payouts import PayoutPlan, Refusal
    from cagnotte.journeys.ask_payout import Desk
    from cagnotte.journeys.import_status import StatusResult
    from cagnotte.journeys.pay_out import PayOutResult
    from cagnotte.payouts.steps import Stepped

ROWS_SHOWN = 20
"""Rows of a table shown unless --all is given."""

LISTED_MAX = 200
"""Payouts that `payouts list` shows."""

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


# ---- single payouts ---------------------------------------------------------------------------------------------


@payouts.command("list")
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in PayoutState]),
    multiple=True,
    help="Only these states; default: those under way.",
)
@programme_option
@with_database
def list_command(states: tuple[str, ...], slug: str | None) -> None:
    """Show payouts, the latest first."""
    from rich.console import Console
    from rich.table import Table

    from cagnotte.identity.selectors import programme
    from cagnotte.payouts.selectors import payouts_in_states
    from cagnotte.platform.database import connect
    from cagnotte.wallet.selectors import member_refs

    wanted = [PayoutState(state) for state in states] or UNDER_WAY
    with connect() as connection:
        found = payouts_in_states(connection, programme(slug).id, wanted, at_most=LISTED_MAX)
        refs = member_refs(connection, [payout.wallet_id for payout in found])
    table = Table("reference", "member", "state", "asked for")
    table.add_column("to the bank", justify="right")
    for payout in found:
        table.add_row(
            payout.end_to_end_id,
            refs.get(payout.wallet_id, "–"),
            payout.state.value,
            f"{payout.requested_at:%Y-%m-%d}",
            _amount(payout.transfer_minor, payout.currency),
        )
    Console(highlight=False).print(table if found else "There are no such payouts.")


@payouts.command()
@click.argument("member")
@click.option("--amount", default=None, help="Such as 25.00; default: all that is available.")
@programme_option
@now_option
@with_database
def request(member: str, amount: str | None, slug: str | None, now: datetime | None) -> None:
    """Ask for a payout to a MEMBER; it goes out once it is approved."""
    from cagnotte.journeys import ask_payout
    from cagnotte.platform.database import connect
    from cagnotte.wallet.selectors import wallet_of_member

    desk, currency = _desk(slug, now)
    with connect() as connection:
        with connection.transaction():
            wallet_id = wallet_of_member(connection, desk.programme_id, member)
        amount_minor = None if amount is None else parse_minor(amount, currency)
        made = ask_payout.ask(connection, desk, wallet_id=wallet_id, amount_minor=amount_minor)
    click.echo(
        f"{made.end_to_end_id}: {_amount(made.transfer_minor, made.currency)} to member {member}, to be approved."
    )


@payouts.command()
@click.argument("references", nargs=-1, required=True)
@programme_option
@now_option
@with_database
def approve(references: tuple[str, ...], slug: str | None, now: datetime | None) -> None:
    """Approve payouts by their REFERENCES; they go out with the next run."""
    from cagnotte.journeys import ask_payout
    from cagnotte.platform.database import connect

    desk, _ = _desk(slug, now)
    with connect() as connection:
        stepped = ask_payout.approve(connection, desk, references, by=getpass.getuser())
    _print_stepped(stepped, "approved")


@payouts.command()
@click.argument("references", nargs=-1, required=True)
@click.option("--reason", required=True, help="Kept with the payout.")
@programme_option
@now_option
@with_database
def cancel(
    references: tuple[str, ...], reason: str, slug: str | None, now: datetime | None
) -> None:
    """Call payouts off by their REFERENCES: the money is the member's again."""
    from cagnotte.journeys import ask_payout
    from cagnotte.platform.database import connect

    desk, _ = _desk(slug, now)
    with connect() as connection:
        stepped = ask_payout.cancel(
            connection, desk, references, by=getpass.getuser(), reason=reason
        )
    _print_stepped(stepped, "cancelled")


def _desk(slug: str | None, now: datetime | None) -> "tuple[Desk, str]":
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys.ask_payout import Desk

    found, moment = programme(slug), read_clock(now)
    day, _ = moment_of(None, moment, ZoneInfo(found.timezone))
    return Desk(found.id, moment, day), found.currency


def _print_stepped(stepped: "Stepped", what: str) -> None:
    for payout in stepped.taken:
        amount = _amount(payout.transfer_minor, payout.currency)
        click.echo(f"{payout.end_to_end_id}: {amount} {what}.")
    for payout, refusal in stepped.refused:
        click.secho(f"{payout.end_to_end_id}: {refusal.sentence}", fg="yellow")


# ---- what is kept aside for closed accounts ---------------------------------------------------------------------


@payouts.command()
@click.argument("member")
@click.option("--holder", required=True, help="The name of the bank account's owner.")
@click.option("--iban", required=True, help="The account, told by the member.")
@click.option("--bic", default="", help="Only where the bank cannot be read from the account.")
@click.option("--amount", default=None, help="Such as 25.00; default: all that is kept aside.")
@click.option(
    "--reference",
    required=True,
    help="Your own name for it, such as a letter's number: run again with the same, nothing is paid twice.",
)
@programme_option
@now_option
@with_database
def unclaimed(  # noqa: PLR0913 - one option each
    *,
    member: str,
    holder: str,
    iban: str,
    bic: str,
    amount: str | None,
    reference: str,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Pay what is kept as unclaimed for a MEMBER whose account is closed; it goes out with the next run.

    Make sure first that it is the member who asks.
    """
    from cagnotte.journeys import pay_unclaimed
    from cagnotte.payouts.unclaimed import UnclaimedAsk
    from cagnotte.platform.database import connect
    from cagnotte.wallet.selectors import wallet_of_member

    desk, currency = _desk(slug, now)
    amount_minor = None if amount is None else parse_minor(amount, currency)
    with connect() as connection:
        with connection.transaction():
            wallet_id = wallet_of_member(connection, desk.programme_id, member)
        ask = UnclaimedAsk(wallet_id, reference, holder, iban, bic, amount_minor)
        made = pay_unclaimed.pay(connection, desk, ask)
    click.echo(
        f"{made.end_to_end_id}: {_amount(made.transfer_minor, made.currency)} to member {member} ({made.state})."
    )


# ---- members who are paid without asking ------------------------------------------------------------------------


@payouts.command()
@on_option
@programme_option
@now_option
@with_database
def auto(on: datetime | None, slug: str | None, now: datetime | None) -> None:
    """Ask for the payouts of members who are paid by a rule of theirs; each waits for approval.

    A worker does it every night. A rule is carried out once on a day.
    """
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import auto_payout
    from cagnotte.platform.database import connect

    found, moment = programme(slug), read_clock(now)
    day, at = moment_of(on, moment, ZoneInfo(found.timezone))
    with connect() as connection:
        # What is asked for is held now: a day to come lets no account rest less.
        done = auto_payout.run(connection, found, today=day, now=min(at, moment))
    total = _amount(done.total_minor, found.currency)
    click.echo(f"{day}: {done.payouts:,} payouts of {total} asked for, to be approved.")
    for reason, count in done.refused.most_common():
        click.echo(f"  {count:>7,} × {reason.replace('_', ' ')}")


# ---- run ------------------------------------------------------------------------------------------------------


@payouts.command()
@on_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="The folder for the bank file; default .data/payouts.",
)
@click.option(
    "--asked",
    "asked_only",
    is_flag=True,
    help="Only what members asked for and somebody approved; without it, everybody who can be paid is.",
)
@programme_option
@now_option
@with_database
def run(
    *,
    on: datetime | None,
    output: Path | None,
    asked_only: bool,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Hold the money, write the file for the bank and book it as sent.

    Run it again after an interruption: it finishes what was begun, under the same references, and pays nobody
    twice. The money leaves now whatever day is told: an account that rests today is not paid.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import pay_out
    from cagnotte.platform.database import connect, data_folder

    found, moment = programme(slug), read_clock(now)
    day, at = moment_of(on, moment, ZoneInfo(found.timezone))
    order = pay_out.PayRun(
        found.id, moment, at, day, output or data_folder() / "payouts", asked_only
    )
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
