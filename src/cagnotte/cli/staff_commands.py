"""`cagnotte staff`: who may sign in to the pages of a programme."""

from datetime import datetime

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock

ROLES = ("owner", "developer", "support")


@click.group()
def staff() -> None:
    """People who work for a programme: invite, list and dismiss them."""


@staff.command()
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="developer", show_default=True)
@programme_option
@now_option
@with_database
def invite(email: str, role: str, slug: str | None, now: datetime | None) -> None:
    """Let the person at EMAIL sign in, with a role in the programme; again with another role to change it.

    Signing in needs no password: a code is sent to the address. An owner may invite others on the pages.
    """
    from cagnotte.identity import staff as people
    from cagnotte.identity.selectors import programme

    found = programme(slug)
    invited = people.invite(
        email=email, programme=found, role=role, now=read_clock(now), by="command line"
    )
    click.echo(f"{invited.staff.person.email} is {invited.staff.role} of {found.slug}.")
    click.echo(f"Sign in at {_address()}/accounts/login/code/ with a code sent to that address.")


@staff.command("list")
@programme_option
@with_database
def list_command(slug: str | None) -> None:
    """List who works for a programme, owners first."""
    from rich.console import Console
    from rich.table import Table

    from cagnotte.identity import staff as people
    from cagnotte.identity.selectors import programme

    table = Table()
    for column in ("e-mail", "role", "since", "invited by"):
        table.add_column(column)
    for row in people.staff_of(programme(slug).id):
        table.add_row(row.person.email, row.role, f"{row.since:%Y-%m-%d}", row.added_by)
    if table.row_count:
        Console(soft_wrap=True).print(table)
    else:
        click.echo("Nobody yet; invite somebody with `cagnotte staff invite EMAIL`.")


@staff.command()
@click.argument("email")
@programme_option
@with_database
def dismiss(email: str, slug: str | None) -> None:
    """Take the role of the person at EMAIL away, at once."""
    from cagnotte.domain.errors import NotFound
    from cagnotte.identity import staff as people
    from cagnotte.identity.selectors import programme

    found = programme(slug)
    rows = {row.person.email: row for row in people.staff_of(found.id)}
    row = rows.get(email.strip().lower())
    if row is None:
        raise NotFound(f"{email} has no role in {found.slug}; `cagnotte staff list` shows who has.")
    people.dismiss(programme_id=found.id, staff_id=row.pk)
    click.echo(f"{row.person.email} has no role in {found.slug} any more.")


def _address() -> str:
    from django.conf import settings

    return str(settings.CAGNOTTE_PUBLIC_URL) or "http://localhost:8000"
