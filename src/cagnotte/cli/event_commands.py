"""`cagnotte events` and `cagnotte webhooks`: what was told, where it was sent, and sending it again."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.domain.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from cagnotte.notices.models import WebhookEndpoint

WIDTH = 24
"""Columns of a type of events."""


@click.group()
def events() -> None:
    """What happened, as endpoints and listeners hear of it."""


@events.command("list")
@click.option("--type", "name", default=None, help="Only of this type, such as reward.confirmed.")
@click.option("--object", "object_id", default=None, help="Only about this, by its public id.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@programme_option
@with_database
def list_command(name: str | None, object_id: str | None, limit: int, slug: str | None) -> None:
    """List events of the last 30 days, the latest first."""
    from cagnotte.domain.ids import public_id
    from cagnotte.identity.selectors import programme
    from cagnotte.notices import selectors
    from cagnotte.platform.database import connect

    owner = programme(slug)
    with connect() as connection:
        wanted = selectors.Wanted(name, object_id)
        rows = selectors.event_page(connection, owner.id, wanted, count=limit)
    for row in rows:
        told = f"{row.created_at:%Y-%m-%d %H:%M:%S}  {row.type:<{WIDTH}}"
        click.echo(f"{told}  {row.object_id}  {public_id('evt', row.id)}")
    if not rows:
        click.echo("No events.")


@click.group()
def webhooks() -> None:
    """Addresses that are told of events; docs/how-to/webhooks.md goes through them step by step."""


@webhooks.command("list")
@programme_option
@with_database
def list_endpoints(slug: str | None) -> None:
    """List the endpoints and how they are doing."""
    from cagnotte.domain.ids import public_id
    from cagnotte.identity.selectors import programme
    from cagnotte.notices import endpoints

    rows = endpoints.endpoints(programme(slug).id)
    for row in rows:
        click.echo(f"{public_id('whk', row.id)}  {_how(row)}  {row.url}")
    if not rows:
        click.echo("No endpoints. They are made with POST /v1/webhook_endpoints.")


def _how(row: "WebhookEndpoint") -> str:
    if row.disabled_at is not None:
        return f"off since {row.disabled_at:%Y-%m-%d} ({row.disabled_because})"
    if row.failing_since is not None:
        return f"fails since {row.failing_since:%Y-%m-%d %H:%M}"
    return "well"


@webhooks.command("test")
@click.argument("endpoint")
@programme_option
@now_option
@with_database
def test_command(endpoint: str, slug: str | None, now: datetime | None) -> None:
    """Send ENDPOINT (whk_…) an event that means nothing; the worker carries it."""
    from cagnotte.notices import endpoints
    from cagnotte.platform.shared_connection import shared_connection

    row = _endpoint(slug, endpoint)
    endpoints.send_test(shared_connection(), row, now=read_clock(now))
    click.echo("On its way.")


@webhooks.command("replay")
@click.argument("endpoint")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]),
    required=True,
    help="Events told since; a day is meant in UTC.",
)
@click.option("--all", "everything", is_flag=True, help="Also what has arrived.")
@programme_option
@now_option
@with_database
def replay_command(
    endpoint: str, since: datetime, slug: str | None, now: datetime | None, *, everything: bool
) -> None:
    """Send ENDPOINT (whk_…) what never arrived since a moment, or everything; the worker carries it."""
    from datetime import UTC

    from cagnotte.notices import deliveries
    from cagnotte.platform.database import connect

    row, moment = _endpoint(slug, endpoint), since if since.tzinfo else since.replace(tzinfo=UTC)
    with connect() as connection:
        count = deliveries.again_since(
            connection, row, since=moment, only_lost=not everything, now=read_clock(now)
        )
    click.echo(f"Events on their way: {count}.")


def _endpoint(slug: str | None, text: str) -> "WebhookEndpoint":
    from cagnotte.domain.ids import parse_public_id
    from cagnotte.identity.selectors import programme
    from cagnotte.notices import endpoints

    identity: UUID | None
    try:
        identity = parse_public_id("whk", text)
    except ValueError:
        identity = None
    found = endpoints.find(programme(slug).id, identity) if identity else None
    if found is None:
        raise NotFound(f"There is no webhook endpoint “{text}”; `cagnotte webhooks list` has them.")
    return found
