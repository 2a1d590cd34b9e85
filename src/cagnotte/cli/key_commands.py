"""`cagnotte keys`: keys to the REST interface."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock

if TYPE_CHECKING:
    from cagnotte.identity.api_keys import MadeKey
    from cagnotte.identity.models import ApiKey


@click.group()
def keys() -> None:
    """Keys to the REST interface: make, list, rotate and revoke them."""


@keys.command()
@click.option("--name", required=True, help="Who uses it, such as “web shop”.")
@click.option("--test", "is_test", is_flag=True, help="For the sandbox, which is made if need be.")
@click.option("--publishable", is_flag=True, help="For browsers: quotes and widgets alone.")
@click.option("--scope", "scopes", multiple=True, help="What it may do; without any, everything.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="Of a publishable key: pages such as https://shop.example.",
)
@click.option("--days", type=click.IntRange(1, 3650), default=None, help="Until it expires.")
@programme_option
@now_option
@with_database
def create(  # noqa: PLR0913 - an argument for each option
    *,
    name: str,
    is_test: bool,
    publishable: bool,
    scopes: tuple[str, ...],
    origins: tuple[str, ...],
    days: int | None,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Make a key and show it, this once: only its hash is kept."""
    from cagnotte.identity import api_keys
    from cagnotte.identity.models import ApiKey
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import sandbox

    moment = read_clock(now)
    owner = programme(slug)
    if is_test and owner.sandbox_of is None:
        owner = sandbox.make(owner, now=moment)
    made = api_keys.make(
        owner,
        name=name,
        now=moment,
        kind=ApiKey.Kind.PUBLISHABLE if publishable else ApiKey.Kind.SECRET,
        scopes=scopes or None,
        origins=origins,
        expires_at=moment + timedelta(days=days) if days else None,
        created_by="command line",
    )
    _show(made)


@keys.command("list")
@programme_option
@now_option
@with_database
def list_command(slug: str | None, now: datetime | None) -> None:
    """List a programme's keys and those of its sandbox, newest first."""
    from rich.console import Console
    from rich.table import Table

    from cagnotte.identity import api_keys
    from cagnotte.identity.selectors import programme

    table = Table()
    table.add_column("key", no_wrap=True)
    for column in ("name", "may", "made", "last used", "state"):
        table.add_column(column)
    moment = read_clock(now)
    for row in api_keys.keys_of(programme(slug).id):
        table.add_row(
            row.shown,
            row.name,
            "everything" if len(row.scopes) == len(api_keys.SCOPES) else ", ".join(row.scopes),
            f"{row.created_at:%Y-%m-%d}",
            f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never",
            _state(row, moment),
        )
    if table.row_count:
        Console(soft_wrap=True).print(table)
    else:
        click.echo("There are no keys yet; make one with `cagnotte keys create --name NAME`.")


@keys.command()
@click.argument("key")
@programme_option
@now_option
@with_database
def revoke(key: str, slug: str | None, now: datetime | None) -> None:
    """Let KEY (its id, last four characters or name) open nothing any more, at once."""
    from cagnotte.identity import api_keys
    from cagnotte.identity.selectors import programme

    found = api_keys.key(programme(slug).id, key)
    api_keys.revoke(found.id, now=read_clock(now))
    click.echo(f"{found.name} ({found.shown}) opens nothing any more.")


@keys.command()
@click.argument("key")
@click.option(
    "--overlap-hours", type=click.IntRange(0, 24 * 90), default=24, show_default=True,
    help="How long KEY stays valid beside the new one.",
)  # fmt: skip
@programme_option
@now_option
@with_database
def rotate(key: str, overlap_hours: int, slug: str | None, now: datetime | None) -> None:
    """Make a key that may do what KEY may, and let KEY end after a while."""
    from cagnotte.identity import api_keys
    from cagnotte.identity.selectors import programme

    found = api_keys.key(programme(slug).id, key)
    made = api_keys.rotate(
        found.id, now=read_clock(now), overlap_hours=overlap_hours, by="command line"
    )
    _show(made)
    click.echo(f"{found.shown} stays valid for {overlap_hours} hours.")


def _show(made: "MadeKey") -> None:
    click.echo(made.secret)
    click.echo(
        f"{made.row.name}: a {made.row.kind} key of {made.row.programme.slug} ({made.row.mode}). It is shown this "
        "once; keep it where secrets are kept.",
        err=True,
    )


def _state(row: "ApiKey", now: datetime) -> str:
    if row.revoked_at:
        return "revoked"
    if row.expires_at and row.expires_at <= now:
        return "expired"
    return f"until {row.expires_at:%Y-%m-%d %H:%M}" if row.expires_at else "valid"
