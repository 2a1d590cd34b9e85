"""`cagnotte charities`: to whom members may give, what is owed to them, and what was passed on."""

from datetime import datetime
from pathlib import Path

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option
from cagnotte.cli.voucher_commands import counter_of
from cagnotte.domain.money import Money


@click.group()
def charities() -> None:
    """Name charities that members may give to; pass gifts on."""


@charities.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@programme_option
@with_database
def load(file: Path, slug: str | None) -> None:
    """Take the charities that FILE names, all of them; those it leaves out take no new gifts."""
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import give
    from cagnotte.platform.database import connect

    with connect() as connection:
        named, resting = give.load(connection, programme(slug).id, file)
    click.echo(f"{named:,} charities take gifts; {resting:,} no longer do.")


@charities.command("list")
@programme_option
@with_database
def list_command(slug: str | None) -> None:
    """Show the charities, and what is owed to each."""
    from rich.console import Console
    from rich.table import Table

    from cagnotte.identity.selectors import programme
    from cagnotte.payouts import giving
    from cagnotte.platform.database import connect

    found = programme(slug)
    with connect() as connection:
        named = giving.charities(connection, found.id)
        owed = {one.ref: one for one in giving.owed(connection, found.id)}
    table = Table("ref", "name", "takes gifts")
    for column in ("gifts", "owed"):
        table.add_column(column, justify="right")
    for one in named:
        due = owed.get(one.ref)
        amount = str(Money(due.amount_minor, found.currency)) if due else "–"
        count = f"{due.gifts:,}" if due else "–"
        table.add_row(one.ref, one.name, "yes" if one.active else "no", count, amount)
    Console(highlight=False).print(table if named else "No charity is named.")


@charities.command("paid")
@click.argument("charity")
@programme_option
@now_option
@with_database
def paid(charity: str, slug: str | None, now: datetime | None) -> None:
    """Book that your bank paid a CHARITY all that members gave so far."""
    from cagnotte.journeys import give
    from cagnotte.platform.database import connect

    counter = counter_of(slug, now)
    with connect() as connection:
        done = give.pass_on(connection, counter, charity=charity)
    if not done.gifts:
        click.echo(f"Nothing is owed to {charity}.")
        return
    amount = Money(done.amount_minor, counter.currency)
    click.echo(f"{charity}: {done.gifts:,} gifts, {amount}, passed on.")
