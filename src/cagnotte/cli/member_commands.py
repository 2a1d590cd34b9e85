"""`cagnotte members`: by what members are recognised, and what became of their visits to shops."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.domain.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from cagnotte.domain.attribution import Trace
    from cagnotte.journeys.programme_run import ProgrammeRun

LINKED_KINDS = ("card", "email", "promo_code", "receipt")
"""What is linked by hand; numbers of QR codes are always drawn."""

Command = Callable[..., Any]


class _Member(NamedTuple):
    """A member, found by number, and an open connection."""

    connection: Any
    run: "ProgrammeRun"
    wallet_id: "UUID"


@contextmanager
def _member(ref: str, slug: str | None, now: datetime | None) -> Iterator[_Member]:
    from cagnotte.journeys.programme_run import ProgrammeRun
    from cagnotte.platform.database import connect
    from cagnotte.wallet.selectors import wallet_of_member

    moment = read_clock(now)
    with connect() as connection:
        run = ProgrammeRun.open(connection, slug, moment)
        yield _Member(connection, run, wallet_of_member(connection, run.id, ref))


def _options(command: Command) -> Command:
    """Take a member's number, and the usual options."""
    for option in (
        now_option,
        programme_option,
        click.argument("member"),
    ):
        command = option(command)
    return command


@click.group()
def members() -> None:
    """By what members are recognised, and what became of their visits to shops."""


@members.command("keys")
@_options
@with_database
def keys_command(member: str, slug: str | None, now: datetime | None) -> None:
    """List what MEMBER is recognised by beside the number; addresses as hashes."""
    from rich.console import Console
    from rich.table import Table

    from cagnotte.identity.keys import keys_of

    with _member(member, slug, now) as found:
        table = Table("kind", "value", "since")
        for key in keys_of(found.wallet_id):
            since = key.since.astimezone(found.run.zone) if key.since else None
            table.add_row(key.kind.value, key.value, f"{since:%Y-%m-%d %H:%M}" if since else "")
    if table.row_count:
        Console().print(table)
    else:
        click.echo(f"Member {member} is recognised by number alone.")


kind_option = click.option(
    "--kind",
    required=True,
    type=click.Choice(LINKED_KINDS),
    help="What VALUE is; a card by the token of its scheme, never by its number.",
)
merchant_option = click.option("--merchant", default=None, help="Whose receipt it is.")


@members.command()
@_options
@click.argument("value")
@kind_option
@merchant_option
@with_database
def link(
    *,
    member: str,
    value: str,
    kind: str,
    merchant: str | None,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Recognise MEMBER by VALUE from now on."""
    from cagnotte.identity import keys

    with _member(member, slug, now) as found:
        fresh = keys.link(
            programme_id=found.run.id,
            wallet_id=found.wallet_id,
            kind=_kind(kind),
            value=value,
            now=found.run.now,
            merchant_id=_merchant(found.run, merchant),
        )
    click.echo(f"Member {member}: {kind} {'linked' if fresh else 'was linked before'}.")


@members.command()
@_options
@click.argument("value")
@kind_option
@with_database
def unlink(*, member: str, value: str, kind: str, slug: str | None, now: datetime | None) -> None:
    """Recognise MEMBER by VALUE no longer; purchases it led here stay."""
    from cagnotte.identity import keys

    with _member(member, slug, now) as found:
        gone = keys.unlink(
            programme_id=found.run.id, wallet_id=found.wallet_id, kind=_kind(kind), value=value
        )
    click.echo(f"Member {member}: {kind} {'unlinked' if gone else 'was not linked'}.")


@members.command()
@_options
@click.option("--code", default=None, help="The code to give; default: one is drawn.")
@with_database
def code(member: str, code: str | None, slug: str | None, now: datetime | None) -> None:
    """Give MEMBER a promo code of their own, and print it."""
    from cagnotte.identity import keys

    with _member(member, slug, now) as found:
        given = keys.give_promo_code(
            programme_id=found.run.id, wallet_id=found.wallet_id, now=found.run.now, code=code
        )
    click.echo(given.upper())


@members.command()
@_options
@with_database
def qr(member: str, slug: str | None, now: datetime | None) -> None:
    """Draw what a QR code of MEMBER shows at the till, and print it."""
    from cagnotte.identity import keys

    with _member(member, slug, now) as found:
        click.echo(
            keys.make_qr_code(
                programme_id=found.run.id, wallet_id=found.wallet_id, now=found.run.now
            )
        )


@members.command("visits")
@_options
@click.option("--claims", is_flag=True, help="Only visits that nothing came of, as claims.")
@with_database
def visits_command(member: str, slug: str | None, now: datetime | None, *, claims: bool) -> None:
    """Tell what became of MEMBER's last visits to shops."""
    from rich.console import Console
    from rich.table import Table

    from cagnotte.journeys import visits

    with _member(member, slug, now) as found:
        if claims:
            table = Table("shop", "day", "click", "promised", "to bring")
            for draft in visits.clicks_without_sale(*found):
                bring = ", ".join(word.replace("_", " ") for word in draft.bring)
                table.add_row(draft.merchant, str(draft.day), draft.click, draft.promised, bring)
        else:
            table = Table("day", "shop", "offer", "promised", "click", "what became of it")
            for visit in visits.visits(*found):
                table.add_row(
                    str(visit.day),
                    visit.merchant,
                    visit.click.offer_ref,
                    visit.click.promised,
                    visit.click.ref,
                    _became(visit),
                )
    if table.row_count:
        Console().print(table)
    else:
        click.echo(f"Member {member}: nothing.")


def _became(visit: Any) -> str:
    if visit.purchases:
        return ", ".join(f"order {one.order_ref} ({one.validation})" for one in visit.purchases)
    if visit.outcome == "waiting":
        return f"waiting until {visit.known_by}"
    return f"nothing by {visit.known_by}"


@members.command()
@_options
@click.confirmation_option(prompt="Delete the member's clicks, visits and keys?")
@with_database
def forget(member: str, slug: str | None, now: datetime | None) -> None:
    """Delete MEMBER's clicks, visits and keys, and end what was agreed to. Purchases and money stay."""
    from cagnotte.identity import consents
    from cagnotte.tracking.services import forget_member

    with _member(member, slug, now) as found:
        consents.withdraw_all(wallet_id=found.wallet_id, now=found.run.now, source="erasure")
        gone = forget_member(found.connection, found.run.id, found.wallet_id)
    click.echo(f"Member {member}: {gone.clicks} clicks, {gone.visits} visits, {gone.keys} keys.")


PURPOSES = click.Choice(["analytics", "marketing"])
said_option = click.option(
    "--source", default="operator", show_default=True, help="Where MEMBER said so."
)


@members.command()
@_options
@click.argument("purpose", required=False, type=PURPOSES)
@click.option("--to", "text_version", default="", help="Which wording MEMBER has agreed to.")
@said_option
@with_database
def consent(
    *,
    member: str,
    purpose: str | None,
    text_version: str,
    source: str,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Keep that MEMBER agrees to PURPOSE; without it, list what MEMBER has agreed to and taken back."""
    from cagnotte.domain.consents import Consent, Purpose
    from cagnotte.identity import consents

    with _member(member, slug, now) as found:
        wallet_id, moment, zone = found.wallet_id, found.run.now, found.run.zone
    if purpose is not None:
        act = Consent(
            Purpose(purpose), granted=True, at=moment, source=source, text_version=text_version
        )
        _say_kept(member, fresh=consents.record(wallet_id=wallet_id, consent=act))
        return
    acts = consents.history(wallet_id)
    for act in acts:
        what = f"agreed to {act.text_version}" if act.granted else "taken back"
        when = f"{act.at.astimezone(zone):%Y-%m-%d %H:%M}"
        click.echo(f"{act.purpose}: {what} on {when} ({act.source})")
    if not acts:
        click.echo(f"Member {member} was never asked.")


@members.command()
@_options
@click.argument("purpose", type=PURPOSES)
@said_option
@with_database
def withdraw(
    *, member: str, purpose: str, source: str, slug: str | None, now: datetime | None
) -> None:
    """Keep that MEMBER agrees to PURPOSE no longer."""
    from cagnotte.domain.consents import Consent, Purpose
    from cagnotte.identity import consents

    with _member(member, slug, now) as found:
        act = Consent(Purpose(purpose), granted=False, at=found.run.now, source=source)
        _say_kept(member, fresh=consents.record(wallet_id=found.wallet_id, consent=act))


def _say_kept(member: str, *, fresh: bool) -> None:
    click.echo(f"Member {member}: {'kept' if fresh else 'it stands so already'}.")


@members.command("forget-clicks")
@click.option(
    "--days", default=400, show_default=True, type=click.IntRange(1), help="Older ones go."
)
@programme_option
@now_option
@with_database
def forget_clicks_command(days: int, slug: str | None, now: datetime | None) -> None:
    """Delete the clicks of all members that are older than any contract looks back."""
    from cagnotte.identity.selectors import programme
    from cagnotte.platform.database import connect
    from cagnotte.tracking.services import forget_clicks

    before = read_clock(now) - timedelta(days=days)
    with connect() as connection:
        count = forget_clicks(connection, programme(slug).id, before=before)
    click.echo(f"{count:,} clicks from before {before:%Y-%m-%d} deleted.")


@members.command("measure")
@programme_option
@now_option
@with_database
def measure_command(slug: str | None, now: datetime | None) -> None:
    """Measure how fast shops report purchases, so that members know how long to wait; for every night."""
    from cagnotte.journeys.programme_run import ProgrammeRun
    from cagnotte.journeys.visits import measure_reporting
    from cagnotte.platform.database import connect

    with connect() as connection:
        run = ProgrammeRun.open(connection, slug, read_clock(now))
        measured = measure_reporting(connection, run)
    for one in measured:
        _, ref = run.party_names[one.merchant_id]
        click.echo(f"{ref}: nine of ten of {one.purchases:,} purchases within {one.days} days.")
    if not measured:
        click.echo("No shop has reported enough purchases yet; contracts say how long to wait.")


def _kind(word: str) -> "Trace":
    from cagnotte.domain.attribution import Trace

    return Trace(word)


def _merchant(run: "ProgrammeRun", ref: str | None) -> "UUID | None":
    """Return the id of a merchant, None for none. Raises NotFound."""
    if ref is None:
        return None
    found = run.parties.get(("merchant", ref))
    if found is None:
        raise NotFound(f"There is no merchant “{ref}” in this programme.", merchant=ref)
    return found
