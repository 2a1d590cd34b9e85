"""`cagnotte sources`: connect, ask and watch the sources of purchases."""

import sys
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from cagnotte.cli import queue_commands
from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.cli.secret_input import keep_hours_option, read_secret, secret_line
from cagnotte.cli.source_accounts import (
    find_account,
    find_accounts,
    json_option,
    open_run,
    print_json,
    print_read,
)
from cagnotte.cli.source_tables import print_accounts, print_health, print_plugins
from cagnotte.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cagnotte.hooks.sources import SourcePlugin
    from cagnotte.inbox.health import Health
    from cagnotte.inbox.models import Account
    from cagnotte.journeys.work import Asked

ref_argument = click.argument("ref")


@click.group()
def sources() -> None:
    """Connected sources: networks, shops, cards and banks that are asked, or that send by themselves.

    They are named in the programme file (`plugin:`); docs/how-to/connect-a-source.md goes through it step by step.
    """


# ---- what there is --------------------------------------------------------------------------------------------


@sources.command("list")
@programme_option
@json_option
@with_database
def list_command(slug: str | None, *, as_json: bool) -> None:
    """List the plugins there are, with how well each is proven, and the accounts that are connected.

    captured: tested with messages of the shape that the running software sends; official: with samples or
    specifications of the source itself; secondary: with descriptions by others.
    """
    from cagnotte.hooks import manager

    plugins, connected = list(manager.source_plugins().values()), find_accounts(slug)
    if as_json:
        print_json(
            {
                "plugins": _plugins_data(plugins),
                "accounts": [_account_data(one) for one in connected],
            }
        )
        return
    print_plugins(plugins)
    print_accounts(connected)


def _plugins_data(plugins: "Sequence[SourcePlugin]") -> list[dict[str, Any]]:
    return [
        {
            "name": plugin.name,
            "title": plugin.title,
            "kind": plugin.kind.value,
            "proof": plugin.proof.value,
            "polls": plugin.polls,
            "receives": plugin.receives,
            "links": plugin.click_length_max is not None,
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
        for plugin in plugins
    ]


def _account_data(account: "Account") -> dict[str, Any]:
    names = (
        "ref", "plugin", "active", "merchant", "merchants", "timezone", "rank", "last_message_at",
        "last_polled_at", "next_poll_at", "errors_in_a_row", "last_error", "last_error_at", "refused",
    )  # fmt: skip
    return {
        "programme": account.programme.slug,
        **{name: getattr(account, name) for name in names},
    }


def _health_data(one: "Health") -> dict[str, Any]:
    names = [field.name for field in fields(one) if field.name != "account"]
    return {
        **{name: getattr(one, name) for name in names},
        "error_percent": one.error_percent,
        "attributed_percent": one.attributed_percent,
    }


# ---- connecting -----------------------------------------------------------------------------------------------


@sources.command()
@ref_argument
@click.argument("name", required=False)
@keep_hours_option
@programme_option
@now_option
@with_database
def secret(
    ref: str, name: str | None, keep_hours: int, slug: str | None, now: datetime | None
) -> None:
    """Fill in the secret NAME of the source REF: it is asked for, or read from standard input.

    It is sealed in the database and never shown again. Without NAME, the secrets are listed: since when each
    stands, and the last four digits of its SHA-256, by which two can be told apart.
    """
    from cagnotte.inbox import accounts

    account, moment = find_account(slug, ref), read_clock(now)
    if name is None:
        for told in accounts.told_secrets(account, now=moment):
            click.echo(secret_line(told))
        return
    value = read_secret(name, ref)
    told = accounts.set_secret(account, name, value, now=moment, keep_hours=keep_hours)
    click.echo(secret_line(told))


@sources.command()
@ref_argument
@click.option("--new", is_flag=True, help="Draw another one; the one before answers for a while.")
@click.option(
    "--keep-hours",
    type=click.IntRange(0, 24 * 30),
    default=24,
    show_default=True,
    help="How long the one before answers; 0 when it has leaked.",
)
@programme_option
@now_option
@with_database
def address(
    ref: str, keep_hours: int, slug: str | None, now: datetime | None, *, new: bool
) -> None:
    """Print the address that the source REF sends to. Its last part is a secret.

    Set CAGNOTTE_PUBLIC_URL to where the outside reaches this server, such as https://cashback.example.
    """
    from django.conf import settings

    from cagnotte.inbox import accounts

    path = accounts.address_path(
        find_account(slug, ref), now=read_clock(now), new=new, keep_hours=keep_hours
    )
    click.echo(f"{settings.CAGNOTTE_PUBLIC_URL}{path}")
    if not settings.CAGNOTTE_PUBLIC_URL:
        click.echo(
            "CAGNOTTE_PUBLIC_URL is not set: put the address of your server before it.", err=True
        )


@sources.command()
@click.argument("url")
@click.option(
    "--source", "ref", default=None, help="Through this one; default: all that make links."
)
@click.option("--click", "reference", default="k7m2p9q4r8", help="Our reference in the link.")
@programme_option
@now_option
@with_database
def link(url: str, ref: str | None, reference: str, slug: str | None, now: datetime | None) -> None:
    """Print the link to URL that each source makes, with a click reference that it gives back.

    For trying out: no click is recorded, so a purchase through it is nobody's.
    """
    from cagnotte.hooks.sources import Link, SourceFailed
    from cagnotte.inbox import accounts

    chosen = (
        [find_account(slug, ref)] if ref else [one for one in find_accounts(slug) if one.active]
    )
    made = 0
    for account in chosen:
        plugin = accounts.plugin_of(account)
        if plugin.click_length_max is None and ref is None:
            continue
        context = accounts.context_of(account, now=read_clock(now))
        try:
            told = plugin.deep_link(Link(url, reference[: plugin.click_length_max]), context)
        except SourceFailed as failed:
            if ref:
                raise
            told = failed.sentence
        made += 1
        click.echo(f"{account.ref}: {told}")
    if not made:
        raise InvalidInput("No connected source makes links.")


# ---- asking and reading ---------------------------------------------------------------------------------------


@sources.command()
@click.argument("ref", required=False)
@click.option("--due", is_flag=True, help="Only those whose time has come.")
@programme_option
@now_option
@with_database
def poll(ref: str | None, slug: str | None, now: datetime | None, *, due: bool) -> None:
    """Ask the source REF, or all, what is new, and read it. Ends with 1 when one could not be asked.

    `cagnotte worker` does this by itself, for each source at its own time.
    """
    from cagnotte.inbox import accounts
    from cagnotte.journeys.poll_sources import due as due_accounts
    from cagnotte.journeys.work import ask
    from cagnotte.platform.database import connect

    moment = read_clock(now)
    all_asked = [one for one in find_accounts(slug) if one.active and accounts.polls(one)]
    chosen = [find_account(slug, ref)] if ref else all_asked
    if due:
        timely = {one.id for one in due_accounts(now=moment)}
        chosen = [one for one in chosen if one.id in timely]
    if not chosen:
        click.echo("There is no source to be asked now.")
    failed = False
    with connect() as connection:
        for account in chosen:
            asked = ask(connection, account, now=moment)
            failed |= bool(asked.polled.failed or asked.fetched.failed)
            _print_asked(account.ref, asked)
    if failed:
        sys.exit(1)


def _print_asked(ref: str, asked: "Asked") -> None:
    polled, fetched = asked.polled, asked.fetched
    if polled.elsewhere:
        click.echo(f"{ref}: another process is asking it just now.")
        return
    click.echo(
        f"{ref}: {polled.pages:,} page(s), {polled.messages:,} new, {fetched.fetched:,} order(s) fetched."
    )
    print_read(asked.read)
    for summary in (polled, fetched):
        if summary.put_off_until:
            click.echo(
                f"  It asks to be called again after {summary.put_off_until:%Y-%m-%d %H:%M:%S} UTC."
            )
        if summary.failed:
            click.secho(f"  {summary.failed}", fg="red", err=True)


@sources.command()
@ref_argument
@click.option(
    "--state", default=None, help="Of messages, such as unreadable; or of orders, such as rejected."
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    default=None,
    help="Received since, in UTC.",
)
@programme_option
@now_option
@with_database
def replay(
    ref: str,
    state: str | None,
    since: datetime | None,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Read again what the source REF told, from its bytes: after a plugin was mended or a shop was named.

    Where nothing is understood otherwise, nothing changes.
    """
    from cagnotte.journeys import read_inbox
    from cagnotte.platform.database import connect

    account = find_account(slug, ref)
    with connect() as connection:
        run = open_run(connection, account.programme.slug, read_clock(now))
        summary = read_inbox.replay(
            connection,
            run,
            account,
            state=state,
            since=since.replace(tzinfo=UTC) if since else None,
        )
    if not (summary.messages or summary.states or summary.gone):
        click.echo("There was nothing to be read again.")
    print_read(summary)


# ---- watching -------------------------------------------------------------------------------------------------


@sources.command()
@programme_option
@json_option
@now_option
@with_database
def health(slug: str | None, now: datetime | None, *, as_json: bool) -> None:
    """Show how each source has been doing. Ends with 1 while something deserves an alarm.

    An alarm: silent for longer than its silent_after, not to be asked three times in a row, messages that nobody
    reads, wrong signatures and no right one since, a missing secret, a missing plugin.
    """
    from cagnotte.inbox.health import health as health_of
    from cagnotte.platform.database import connect

    with connect() as connection:
        found = health_of(connection, find_accounts(slug), now=read_clock(now))
    if as_json:
        print_json([{**_account_data(one.account), **_health_data(one)} for one in found])
    else:
        print_health(found)
    if any(one.alarms for one in found):
        sys.exit(1)


for command in (
    queue_commands.queue,
    queue_commands.attribute,
    queue_commands.same,
    queue_commands.distinct,
    queue_commands.shop,
):
    sources.add_command(command)
