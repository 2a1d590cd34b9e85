"""`cagnotte listeners`: services that hear of events, such as web analytics and CRMs."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.cli.secret_input import keep_hours_option, read_secret, secret_line
from cagnotte.cli.source_accounts import json_option, print_json
from cagnotte.domain.errors import InvalidInput

if TYPE_CHECKING:
    from cagnotte.notices.models import ConnectedListener

ref_argument = click.argument("ref")


@click.group()
def listeners() -> None:
    """Services that hear of events: Google Analytics, Matomo, HubSpot, Brevo.

    Each hears of members who have agreed to its purpose, and of nobody else; docs/how-to/listen-to-events.md goes
    through it step by step.
    """


@listeners.command("list")
@programme_option
@json_option
@with_database
def list_command(slug: str | None, *, as_json: bool) -> None:
    """List the plugins there are, and the listeners that are connected."""
    from cagnotte.hooks import manager
    from cagnotte.identity.selectors import programme
    from cagnotte.notices import listeners as connected

    rows = connected.listeners(programme(slug).id if slug else None)
    plugins = manager.listeners()
    if as_json:
        print_json(
            {
                "plugins": [
                    {
                        "name": plugin.name,
                        "title": plugin.title,
                        "purpose": plugin.purpose.value,
                        "proof": plugin.proof.value,
                        "events": sorted(plugin.event_types),
                        "settings": [
                            {
                                "name": setting.name,
                                "help": setting.help,
                                "secret": setting.secret,
                                "default": setting.default,
                            }
                            for setting in plugin.settings
                        ],
                    }
                    for plugin in plugins.values()
                ],
                "listeners": [_data(row) for row in rows],
            }
        )
        return
    for plugin in plugins.values():
        click.echo(f"{plugin.name}: {plugin.title}, for members who agree to {plugin.purpose}")
    if not rows:
        click.echo("No listener is connected.")
    for row in rows:
        rest = f", at rest since {row.disabled_at:%Y-%m-%d}" if row.disabled_at else ""
        click.echo(f"{row.programme.slug}: {row.ref} ({row.plugin}){rest}")


def _data(row: "ConnectedListener") -> dict[str, Any]:
    return {
        "programme": row.programme.slug,
        "ref": row.ref,
        "plugin": row.plugin,
        "settings": row.settings,
        "created_at": row.created_at,
        "disabled_at": row.disabled_at,
    }


@listeners.command()
@ref_argument
@click.option("--plugin", default=None, help="Which service; default: REF is its name.")
@click.option(
    "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting; may be repeated."
)
@programme_option
@now_option
@with_database
def add(
    ref: str, plugin: str | None, pairs: tuple[str, ...], slug: str | None, now: datetime | None
) -> None:
    """Connect a service under the name REF, or write its settings anew. It hears of what happens from now on.

    Secrets are filled in afterwards: cagnotte listeners secret REF NAME.
    """
    from cagnotte.identity.selectors import programme
    from cagnotte.notices import listeners as connected

    moment = read_clock(now)
    row = connected.connect(
        programme_id=programme(slug).id,
        ref=ref,
        plugin=plugin or ref,
        settings=_settings(pairs),
        now=moment,
    )
    click.echo(f"{row.ref} hears of events through {connected.plugin_of(row).title}.")
    for told in connected.told_secrets(row, now=moment):
        if told.since is None and told.needed:
            click.echo(f"Fill in its secret: cagnotte listeners secret {row.ref} {told.name}")


def _settings(pairs: tuple[str, ...]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InvalidInput(f"“{pair}” is no setting; write NAME=VALUE.", pair=pair)
        settings[name.strip()] = value.strip()
    return settings


@listeners.command()
@ref_argument
@click.argument("name", required=False)
@keep_hours_option
@programme_option
@now_option
@with_database
def secret(
    ref: str, name: str | None, keep_hours: int, slug: str | None, now: datetime | None
) -> None:
    """Fill in the secret NAME of the listener REF: it is asked for, or read from standard input.

    It is sealed in the database and never shown again. Without NAME, the secrets are listed.
    """
    from cagnotte.notices import listeners as connected

    row, moment = _find(slug, ref), read_clock(now)
    if name is None:
        for told in connected.told_secrets(row, now=moment):
            click.echo(secret_line(told))
        return
    value = read_secret(name, ref)
    click.echo(
        secret_line(connected.set_secret(row, name, value, now=moment, keep_hours=keep_hours))
    )


@listeners.command()
@ref_argument
@programme_option
@now_option
@with_database
def check(ref: str, slug: str | None, now: datetime | None) -> None:
    """Ask the service of REF whether all is as it should be. Nothing of it stays there. Ends with 1 if not."""
    from cagnotte.journeys import tell_listeners

    row = _find(slug, ref)
    with tell_listeners.open_calls() as http:
        problems = tell_listeners.check(row, now=read_clock(now), http=http)
    for problem in problems:
        click.secho(problem, fg="red", err=True)
    if problems:
        sys.exit(1)
    click.echo(f"{ref}: all is as it should be.")


@listeners.command()
@ref_argument
@click.option(
    "--state",
    default=None,
    type=click.Choice(["pending", "delivered", "skipped", "failed"]),
    help="Only those that stand so.",
)
@click.option("--count", default=20, show_default=True, type=click.IntRange(1, 1000))
@programme_option
@with_database
def log(ref: str, state: str | None, count: int, slug: str | None) -> None:
    """Show what became of the last events at REF, and why: the latest first."""
    from cagnotte.domain.ids import public_id
    from cagnotte.notices import deliveries
    from cagnotte.platform.database import connect

    row = _find(slug, ref)
    with connect() as connection:
        found = deliveries.page(connection, row.id, count=count, state=state)
    for one in found:
        why = f": {one.sentence}" if one.sentence else ""
        click.echo(f"{public_id('evt', one.event_id)} {one.type} {one.object_id} {one.state}{why}")
    if not found:
        click.echo(f"{ref} has heard of nothing{' that stands so' if state else ''}.")


@listeners.command()
@ref_argument
@programme_option
@now_option
@with_database
def remove(ref: str, slug: str | None, now: datetime | None) -> None:
    """Let the listener REF hear no more. What it heard is remembered; `add` wakes it again."""
    from cagnotte.notices import listeners as connected

    went = connected.disconnect(_find(slug, ref), now=read_clock(now))
    click.echo(f"{ref} {'hears no more' if went else 'was at rest already'}.")


def _find(slug: str | None, ref: str) -> "ConnectedListener":
    from cagnotte.identity.selectors import programme
    from cagnotte.notices import listeners as connected

    return connected.listener(programme(slug).id, ref)
