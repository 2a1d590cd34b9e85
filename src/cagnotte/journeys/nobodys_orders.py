"""Orders that are told over the interface and are nobody's wait in the inbox, like those of connected sources.

They are messages of an account of their own, which is never asked and has no address; the plugin `rest` reads them. So
the queue shows them, a person may say whose they are, and another source that knows the member may tell of the same
order. An order that waits and is told again with its member is recorded at once, and waits no longer.

The locks are those of whoever reads the inbox: the programme's, then the account and its orders, before purchases.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.attribution import Attribution
from cagnotte.hooks.sources import Message
from cagnotte.inbox import accounts, services
from cagnotte.inbox.models import Account
from cagnotte.inbox.services import order_id_of
from cagnotte.journeys import attribute
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.read_inbox import read_new
from cagnotte.journeys.receive_messages import read_now
from cagnotte.journeys.settle_orders import lock_programme
from cagnotte.platform import database
from cagnotte.platform.sql import load

Connection = psycopg.Connection[Any]
SQL = load("inbox")

PLUGIN = "rest"
TOPIC = "purchases"


class Nobodys(NamedTuple):
    """An order to be kept. event_id: what its message is called; body: the order as it was told."""

    event_id: str
    body: bytes


class Found(NamedTuple):
    """An order that waited and is recorded now. content_hash: of what was recorded."""

    native_id: str
    purchase_id: UUID
    attribution: Attribution
    content_hash: bytes


def waiting(connection: Connection, account_id: UUID, native_ids: Iterable[str]) -> set[str]:
    """Return which of some orders wait in the inbox. Nothing is locked."""
    names = {order_id_of(account_id, native_id): native_id for native_id in native_ids}
    if not names:
        return set()
    rows = connection.execute(SQL.unrecorded, {"ids": list(names)})
    return {names[order_id] for (order_id,) in rows}


def keep(
    connection: Connection, run: ProgrammeRun, source: tuple[UUID, str], orders: Sequence[Nobodys]
) -> None:
    """Keep orders and read them, in the caller's transaction; they are due, and to be settled after it.

    source: id and name of the account, made with its first order.
    """
    lock_programme(connection, run.id)
    account_id, ref = source
    account = accounts.open_at_rest(
        run.id, account_id, ref=ref, plugin=PLUGIN, timezone=run.programme.timezone
    )
    messages = [Message(order.body, TOPIC, order.event_id) for order in orders]
    services.keep(connection, account_id, messages, via="push", signed=True, now=run.now)
    read_new(connection, run, account)


def note_recorded(
    connection: Connection, account_id: UUID, found: Sequence[Found], *, now: datetime
) -> None:
    """Note which purchases stand for orders that waited; `keep` has locked them. They are settled once more."""
    columns: Mapping[str, list[Any]] = {
        "ids": [order_id_of(account_id, one.native_id) for one in found],
        "purchase_ids": [one.purchase_id for one in found],
        "wallet_ids": [one.attribution.wallet_id for one in found],
        "attributions": [
            orjson.dumps(attribute.data_of(one.attribution, now=now)).decode() for one in found
        ],
        "hashes": [one.content_hash for one in found],
    }
    connection.execute(SQL.note_recorded, columns)


def settle_now(account_id: UUID, *, now: datetime) -> None:
    """Settle what was just kept, if it can be done soon; else the worker does it. Raises nothing."""
    with suppress(Account.DoesNotExist):
        account = Account.objects.select_related("programme").get(id=account_id)
        with database.connect() as connection:
            read_now(connection, account, now=now)
