"""`cagnotte claims`: what members say is missing or wrong, answered from the command line."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.output import output_option, written
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.domain.claims import CLAIM_REASONS, UNDER_WAY, ClaimState
from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.domain.ids import parse_public_id
from cagnotte.domain.money import Money, parse_minor

if TYPE_CHECKING:
    from uuid import UUID

    from cagnotte.claims.selectors import ClaimView
    from cagnotte.journeys.programme_run import ProgrammeRun

STATES = [state.value for state in ClaimState if state is not ClaimState.DRAFT]

LISTED_MAX = 200

by_option = click.option(
    "--by", default=None, help="Who acts, for the record; your name on this machine."
)


class _Desk(NamedTuple):
    """An open connection, the programme, and who acts."""

    connection: Any
    run: "ProgrammeRun"
    by: str


@contextmanager
def _desk(slug: str | None, now: datetime | None, by: str | None = None) -> Iterator[_Desk]:
    from cagnotte.journeys.programme_run import ProgrammeRun
    from cagnotte.platform.database import connect

    moment = read_clock(now)
    with connect() as connection:
        connection.autocommit = True
        run = ProgrammeRun.open(connection, slug, moment)
        yield _Desk(connection, run, f"staff:{by or getpass.getuser()}")


def _found(desk: _Desk, named: str) -> "ClaimView":
    from cagnotte.journeys import answer_claim

    claim = answer_claim.find(desk.connection, desk.run, named)
    if claim.is_draft:
        # What a member has not sent is nobody's business.
        raise NotFound(f"There is no claim {named}.", named=named)
    return claim


def _merchant(desk: _Desk, ref: str | None) -> "UUID | None":
    if ref is None:
        return None
    found = desk.run.parties.get(("merchant", ref))
    if found is None:
        raise NotFound(f"There is no merchant “{ref}” in this programme.", merchant=ref)
    return found


@click.group()
def claims() -> None:
    """Claims of members: what is missing or wrong, and who has to act next."""


@claims.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    help="Several may be named; without any, what is under way.",
)
@click.option("--merchant", default=None, help="About this shop alone.")
@programme_option
@now_option
@with_database
def list_claims(
    *, states: tuple[str, ...], merchant: str | None, slug: str | None, now: datetime | None
) -> None:
    """Show claims, the first due first."""
    from cagnotte.claims import selectors

    asked = [ClaimState(state) for state in states] or list(UNDER_WAY)
    with _desk(slug, now) as desk:
        found = selectors.queue(
            desk.connection,
            desk.run.id,
            states=asked,
            merchant_id=_merchant(desk, merchant),
            count=LISTED_MAX,
        )
        today = desk.run.today
    for claim in found:
        late = " LATE" if claim.due_on and claim.due_on < today else ""
        due = f", due {claim.due_on}{late}" if claim.due_on else ""
        taken = f", taken by {claim.taken_by}" if claim.taken_by else ""
        click.echo(
            f"{claim.number}  {claim.state}: {claim.kind} at {claim.merchant}, order "
            f"{claim.order_ref or '–'}{due}{taken}"
        )
    if not found:
        click.echo("There are no such claims.")


@claims.command()
@click.argument("claim")
@programme_option
@now_option
@with_database
def show(*, claim: str, slug: str | None, now: datetime | None) -> None:
    """Show all of a CLAIM, named by its case number or its id: facts, checks, steps, messages, files."""
    from cagnotte.wallet.selectors import member_refs

    with _desk(slug, now) as desk:
        found = _found(desk, claim)
        refs = member_refs(desk.connection, [found.wallet_id])
        for line in (*_facts(found, refs.get(found.wallet_id, "–")), *_story(desk, found)):
            click.echo(line)


def _facts(claim: "ClaimView", member: str) -> Iterator[str]:
    amount = claim.amount_minor
    yield f"{claim.number}  {claim.public_id}"
    yield f"{claim.state}: {claim.kind}; next: {claim.actor}, due {claim.due_on or '–'}"
    yield f"Member {member}, shop {claim.merchant} ({claim.merchant_name})"
    if claim.visit_ref:
        yield f"Visit {claim.visit_ref} at {claim.visited_at}, promised {claim.promised or '–'}"
    yield (
        f"Order {claim.order_ref or '–'} of {claim.ordered_on or '–'}, "
        f"{Money(amount, claim.currency) if amount else '–'}, coupon {claim.coupon or '–'}, "
        f"address {claim.shop_email or '–'}"
    )
    if claim.purchase_id:
        yield f"Purchase {claim.public_purchase_id}"
    for check in claim.checks:
        until = f" ({check['day']})" if check["day"] else ""
        yield f"Check {check['name']}: {check['result']}{until}"


def _story(desk: _Desk, claim: "ClaimView") -> Iterator[str]:
    from cagnotte.claims import selectors

    for step in selectors.steps(desk.connection, claim.id):
        told = f" {step.facts}" if step.facts else ""
        yield f"{step.at:%Y-%m-%d %H:%M} {step.by}: {step.event} -> {step.state}{told}"
    for message in selectors.messages(desk.connection, claim.id):
        yield f"{message.at:%Y-%m-%d %H:%M} {message.by} wrote: {message.text}"
    for number, one in enumerate(selectors.documents(desk.connection, claim.id), 1):
        yield f"File {number}: {one.name} ({one.kind}, {one.size_bytes:,} bytes)"


@claims.command()
@click.argument("claim")
@click.argument("number", type=click.IntRange(min=1))
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="A new file, which this system's user alone can read.",
)
@programme_option
@now_option
@with_database
def proof(*, claim: str, number: int, to: Path, slug: str | None, now: datetime | None) -> None:
    """Open the file with a NUMBER of a CLAIM, as `show` counts them: it is sealed where it lies."""
    from cagnotte.claims import documents, selectors

    with _desk(slug, now) as desk:
        found = _found(desk, claim)
        files = selectors.documents(desk.connection, found.id)
        if number > len(files):
            raise NotFound(f"{found.number} has {len(files)} files.")
        content = documents.read(files[number - 1].id)
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidInput(f"{to} is there already.") from None
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
    click.echo(
        f"{to}: {files[number - 1].name}, {len(content):,} bytes. Delete it once you have seen it."
    )


@claims.command()
@click.argument("claim")
@by_option
@programme_option
@now_option
@with_database
def take(*, claim: str, by: str | None, slug: str | None, now: datetime | None) -> None:
    """Say that you see to a CLAIM."""
    from cagnotte.journeys import answer_claim

    with _desk(slug, now, by) as desk:
        found = _found(desk, claim)
        taken = answer_claim.take(desk.connection, desk.run, found.id, by=desk.by)
        click.echo(f"{taken.number} is seen to by {taken.taken_by}.")


@claims.command()
@click.argument("claim")
@click.argument("text")
@click.option("--no-question", is_flag=True, help="Write to the member, and wait for no answer.")
@by_option
@programme_option
@now_option
@with_database
def ask(
    *,
    claim: str,
    text: str,
    no_question: bool,
    by: str | None,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Ask the member of a CLAIM something; TEXT is shown as it stands, in the member's language."""
    from cagnotte.journeys import answer_claim

    with _desk(slug, now, by) as desk:
        found = _found(desk, claim)
        do = answer_claim.write if no_question else answer_claim.ask
        _say(do(desk.connection, desk.run, found.id, text, by=desk.by))


@claims.command()
@click.argument("claim", nargs=-1)
@click.option("--merchant", default=None, help="All open claims about this shop.")
@output_option
@by_option
@programme_option
@now_option
@with_database
def send(
    *,
    claim: tuple[str, ...],
    merchant: str | None,
    output: Path,
    by: str | None,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Write CLAIMs into a CSV file for the shop or its network, and note that they were asked."""
    from cagnotte.claims import selectors
    from cagnotte.journeys import answer_claim

    if bool(claim) == (merchant is not None):
        raise InvalidInput("Name claims, or a shop by --merchant.")
    with _desk(slug, now, by) as desk:
        found = [_found(desk, one) for one in claim]
        if merchant:
            found = selectors.queue(
                desk.connection,
                desk.run.id,
                states=answer_claim.TO_ANSWER,
                merchant_id=_merchant(desk, merchant),
            )
        # Noted first: a file that claims are not told of would be sent twice, and one that is lost is written again.
        sent = answer_claim.send(desk.connection, desk.run, [one.id for one in found], by=desk.by)
        with written(output) as out:
            answer_claim.write_inquiry(out, sent)
        click.echo(f"{len(sent)} claims are with the shop.", err=True)


@claims.command()
@click.argument("claim")
@click.option("--purchase", default=None, help="The member's purchase that settles it: pur_….")
@click.option("--goodwill", default=None, help="An amount of the programme's own money: 4.50.")
@click.option("--text", default="", help="Written to the member along with it.")
@by_option
@programme_option
@now_option
@with_database
def accept(  # noqa: PLR0913 - an argument for each option
    *,
    claim: str,
    purchase: str | None,
    goodwill: str | None,
    text: str,
    by: str | None,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Accept a CLAIM: because of a purchase that arrived, or by goodwill, which is available at once."""
    from cagnotte.journeys import answer_claim

    with _desk(slug, now, by) as desk:
        found = _found(desk, claim)
        currency = desk.run.programme.currency
        _say(
            answer_claim.accept(
                desk.connection,
                desk.run,
                found.id,
                by=desk.by,
                purchase_id=_purchase(purchase) if purchase else None,
                goodwill_minor=parse_minor(goodwill, currency) if goodwill else None,
                text=text,
            )
        )


def _purchase(named: str) -> "UUID":
    try:
        return parse_public_id("pur", named)
    except ValueError as error:
        raise InvalidInput(f"{error}.", purchase=named) from None


@claims.command()
@click.argument("claim")
@click.option("--reason", required=True, type=click.Choice(CLAIM_REASONS))
@click.option("--text", default="", help="Written to the member along with it.")
@by_option
@programme_option
@now_option
@with_database
def decline(
    *, claim: str, reason: str, text: str, by: str | None, slug: str | None, now: datetime | None
) -> None:
    """Decline a CLAIM; the member reads why, and may object once."""
    from cagnotte.journeys import answer_claim

    with _desk(slug, now, by) as desk:
        found = _found(desk, claim)
        _say(
            answer_claim.decline(desk.connection, desk.run, found.id, reason, by=desk.by, text=text)
        )


@claims.command()
@programme_option
@now_option
@with_database
def tend(*, slug: str | None, now: datetime | None) -> None:
    """Settle what has arrived, and let the day take its steps; the worker does it every night."""
    from cagnotte.journeys import tend_claims

    with _desk(slug, now) as desk:
        done = tend_claims.tend(desk.connection, desk.run)
    click.echo(
        f"{done.settled:,} settled by a purchase, {done.stepped:,} went on by time, "
        f"{done.dropped:,} drafts dropped."
    )


def _say(claim: "ClaimView") -> None:
    due = f", next {claim.actor} by {claim.due_on}" if claim.due_on else ""
    click.echo(f"{claim.number} is {claim.state}{due}.")
