"""`cagnotte ledger seal | publish | prove`: what others can check without trusting us."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.output import output_option, written
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.domain.money import format_minor

if TYPE_CHECKING:
    from cagnotte.ledger.seals import Seal

seal_option = click.option(
    "--seal", "number", type=click.IntRange(1), default=None, help="Another seal than the latest."
)


@click.command()
@now_option
@with_database
def seal(*, now: datetime | None) -> None:
    """Seal every finished batch: hash it, and chain the hashes, per programme. Run it every night.

    A batch whose database transaction, or one that began before its end, still runs is left to the next run.
    """
    from cagnotte.ledger.seals import seal as seal_batches
    from cagnotte.platform.database import connect

    with connect(autocommit=True) as connection:
        result = seal_batches(connection, now=read_clock(now))
    click.echo(
        f"{result.batches:,} batch(es) with {result.transactions:,} transaction(s) sealed, {result.seals} seal(s) made."
    )
    if result.waiting:
        click.echo(f"  {result.waiting:,} batch(es) wait for database transactions that still run.")


@click.command()
@output_option
@seal_option
@programme_option
@with_database
def publish(*, output: Path, number: int | None, slug: str | None) -> None:
    """Write the latest seal as the file to publish: its hash, what members are owed, and the money held.

    Put it where everybody finds it, and keep the old ones there too.
    """
    from cagnotte.identity.selectors import programme
    from cagnotte.ledger import proofs, seals
    from cagnotte.platform.database import connect

    found = programme(slug)
    with connect() as connection:
        head = seals.head(connection, found.id, number)
    with written(output) as out:
        out.write(proofs.render(proofs.published(head)))
    _tell_head(head)


def _tell_head(head: "Seal") -> None:
    click.echo(f"Seal {head.number}: {head.hash.hex()}", err=True)
    for currency, owed in head.facts["owed"].items():
        due = format_minor(owed["available"] + owed["held"], currency)
        bank = format_minor(owed["bank"], currency)
        click.echo(
            f"  {owed['wallets']:,} wallet(s) can ask for {due} {currency}; at the bank: {bank}.",
            err=True,
        )


@click.command()
@click.option("--member", default=None, help="A member's number: proves what they are owed.")
@click.option(
    "--purchase", default=None, help="A purchase, as for `cagnotte why`: proves its bookings."
)
@click.option("--entry", default=None, help="The id of a transaction, or id/leg.")
@click.option("--earlier-seal", type=click.IntRange(1), default=None, help="A seal before.")
@click.option(
    "--all-legs",
    is_flag=True,
    help="For an auditor: show commissions and margins too, not only what is the member's.",
)
@seal_option
@output_option
@programme_option
@with_database
def prove(  # noqa: PLR0913 - one parameter per option
    *,
    member: str | None,
    purchase: str | None,
    entry: str | None,
    earlier_seal: int | None,
    all_legs: bool,
    number: int | None,
    output: Path,
    slug: str | None,
) -> None:
    """Write a proof that `cagnotte-verify` checks against the published seal, without asking anybody.

    Name one of --member, --purchase, --entry and --earlier-seal. The proof of a balance carries that member's salt:
    give it to nobody else.
    """
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import prove as proving
    from cagnotte.ledger.proofs import render
    from cagnotte.platform.database import connect

    asked: list[tuple[proving.What, str | None]] = [
        ("member", member),
        ("purchase", purchase),
        ("entry", entry),
        ("seal", str(earlier_seal) if earlier_seal else None),
    ]
    named = [(what, name) for what, name in asked if name is not None]
    if len(named) != 1:
        raise click.UsageError("Name one of --member, --purchase, --entry and --earlier-seal.")
    [(what, name)] = named
    with connect() as connection:
        proof = proving.prove(
            connection, programme(slug), what, name, number=number, all_legs=all_legs
        )
    with written(output) as out:
        out.write(render(proof))
