"""`cagnotte sources queue | attribute | same | distinct | shop`: what waits for a person, and what the person says."""

import getpass
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.cli.source_accounts import (
    find_account,
    find_accounts,
    json_option,
    open_run,
    print_json,
    print_read,
)
from cagnotte.cli.source_tables import Waits, print_waits
from cagnotte.domain.errors import InvalidInput

if TYPE_CHECKING:
    import psycopg

    from cagnotte.inbox.selectors import Queued
    from cagnotte.inbox.unread import UnfetchedOrder, UnreadableMessage

UNREADABLE, UNFETCHED = "unreadable", "unfetched"
"""What waits beside orders: messages, and orders that are yet to be fetched."""

by_option = click.option("--by", default=None, help="Who decides; default: you, by your login.")


@click.command()
@click.argument("ref", required=False)
@click.option("--state", default=None, help="Only what is in this state, such as unattributed.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Of each kind."
)
@programme_option
@json_option
@with_database
def queue(
    ref: str | None, state: str | None, limit: int, slug: str | None, *, as_json: bool
) -> None:
    """Show what waits, of the source REF or of all: orders, messages that cannot be read, and why.

    States of orders: waiting, unattributed, doubtful, rejected. Of messages: unreadable. Orders that a source hinted
    at and that cannot be fetched: unfetched. Rows of statements that are of no shop of the programme are left out.
    """
    from cagnotte.platform.database import connect

    _check_state(state)
    chosen = [find_account(slug, ref)] if ref else find_accounts(slug)
    with connect() as connection:
        waits = _what_waits(connection, [one.id for one in chosen], state, limit)
    names = {one.id: one.ref for one in chosen}
    if as_json:
        print_json(
            {
                kind: [{"source": names[one["account_id"]], **one} for one in map(_data, found)]
                for kind, found in waits._asdict().items()
            }
        )
    else:
        print_waits(waits, names)


def _check_state(state: str | None) -> None:
    from cagnotte.inbox.models import Order

    known = (*Order.State.values, UNREADABLE, UNFETCHED)
    if state is not None and state not in known:
        raise InvalidInput(
            f"There is no state “{state}”; there is {', '.join(known)}.", state=state
        )


def _what_waits(
    connection: "psycopg.Connection[Any]", ids: list[UUID], state: str | None, limit: int
) -> Waits:
    from cagnotte.inbox import selectors, unread

    states = [state] if state else selectors.QUEUES
    return Waits(
        selectors.queue(connection, ids, states=states, limit=limit),
        unread.unreadable_messages(ids, limit=limit) if state in {None, UNREADABLE} else [],
        unread.unfetched_orders(ids, limit=limit) if state in {None, UNFETCHED} else [],
    )


def _data(one: "Queued | UnreadableMessage | UnfetchedOrder") -> dict[str, Any]:
    return asdict(one) if is_dataclass(one) else one._asdict()


# ---- deciding -------------------------------------------------------------------------------------------------


@click.command()
@click.argument("order", required=False)
@click.argument("member", required=False)
@by_option
@programme_option
@now_option
@with_database
def attribute(
    order: str | None, member: str | None, by: str | None, slug: str | None, now: datetime | None
) -> None:
    """Say that ORDER is of MEMBER (their number); `cagnotte sources queue` tells the order's id.

    Without them, the members of all orders that are nobody's yet are looked for again.
    """
    from cagnotte.journeys import read_inbox
    from cagnotte.platform.database import connect

    if order is not None and member is None:
        raise InvalidInput("Say whose it is: cagnotte sources attribute ORDER MEMBER.")
    with connect() as connection:
        run = open_run(connection, slug, read_clock(now))
        if order is None or member is None:
            summary = read_inbox.attribute_again(connection, run)
        else:
            summary = read_inbox.attribute_to(
                connection, run, _order_id(order), member, by=by or getpass.getuser()
            )
    if not summary.states:
        click.echo("No order is nobody's.")
    print_read(summary)


@click.command()
@click.argument("one")
@click.argument("other")
@by_option
@programme_option
@now_option
@with_database
def same(one: str, other: str, by: str | None, slug: str | None, now: datetime | None) -> None:
    """Say that ONE and OTHER, told by different sources, are the same order, which earns once."""
    from cagnotte.journeys.read_inbox import say_same
    from cagnotte.platform.database import connect

    with connect() as connection:
        run = open_run(connection, slug, read_clock(now))
        ids = _order_id(one), _order_id(other)
        print_read(say_same(connection, run, *ids, by=by or getpass.getuser()))


@click.command()
@click.argument("one")
@click.argument("other")
@by_option
@programme_option
@now_option
@with_database
def distinct(one: str, other: str, by: str | None, slug: str | None, now: datetime | None) -> None:
    """Say that ONE and OTHER are two orders; each earns by itself."""
    from cagnotte.journeys.read_inbox import say_distinct
    from cagnotte.platform.database import connect

    with connect() as connection:
        run = open_run(connection, slug, read_clock(now))
        ids = _order_id(one), _order_id(other)
        print_read(say_distinct(connection, run, *ids, by=by or getpass.getuser()))


@click.command()
@click.argument("wording")
@click.argument("merchant")
@by_option
@programme_option
@now_option
@with_database
def shop(
    wording: str, merchant: str, by: str | None, slug: str | None, now: datetime | None
) -> None:
    """Say that WORDING, as banks and cards write it, means the shop MERCHANT (its ref in the programme file).

    Rows that were rejected are looked at again. The last word on a wording counts.
    """
    from cagnotte.catalog.descriptors import remember
    from cagnotte.inbox import accounts
    from cagnotte.journeys.read_inbox import settle_again
    from cagnotte.platform.database import connect

    with connect() as connection:
        run = open_run(connection, slug, read_clock(now))
        fresh = remember(run.id, wording, merchant, by=by or getpass.getuser(), now=run.now)
        click.echo(f"“{wording}” {'means' if fresh else 'meant already'} {merchant}.")
        print_read(
            settle_again(connection, run, accounts=accounts.accounts(run.id), states=["rejected"])
        )


def _order_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(
            f"“{text}” is no order's id; `cagnotte sources queue` tells them.", order=text
        ) from None
