"""Questions to the inbox: messages to be read, orders to be settled, and what waits for somebody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.domain import sightings
from cagnotte.hooks.sources import Message
from cagnotte.inbox.models import Account, Order, Tolerance
from cagnotte.inbox.tellings import PieceKey, Telling
from cagnotte.platform.sql import load

SQL = load("inbox")
Connection = psycopg.Connection[Any]

QUEUES = (
    Order.State.WAITING,
    Order.State.UNATTRIBUTED,
    Order.State.DOUBTFUL,
    Order.State.REJECTED,
)
"""States in which an order waits: for a message, for a member, for a person, for something to be mended."""


class Arrived(NamedTuple):
    """A message to be read, with when it came. message: None when its bytes are gone."""

    id: int
    received_at: datetime
    message: Message | None


def new_messages(
    connection: Connection, account_id: UUID, *, size: int, size_bytes: int
) -> list[Arrived]:
    """Return messages that nobody has read, in order of arrival, up to so many and so large together."""
    values = {"account_id": account_id, "size": size, "bytes": size_bytes}
    return [_arrived(row) for row in connection.execute(SQL.new_messages, values)]


def messages_again(connection: Connection, ids: Sequence[int]) -> list[Arrived]:
    """Return messages by their numbers, in order of arrival."""
    return [_arrived(row) for row in connection.execute(SQL.messages_again, {"ids": list(ids)})]


def _arrived(row: tuple[Any, ...]) -> Arrived:
    number, received_at, topic, event_id, headers, content = row
    message = None if content is None else Message(bytes(content), topic, event_id, headers)
    return Arrived(number, received_at.astimezone(UTC), message)


def ids_of_messages(
    connection: Connection,
    account_id: UUID,
    *,
    states: Iterable[str],
    ids: Sequence[int] | None = None,
    since: datetime | None = None,
) -> list[int]:
    """Return the numbers of an account's messages in some states, of these numbers or since a time."""
    values = {
        "account_id": account_id,
        "states": list(states),
        "ids": None if ids is None else list(ids),
        "since": since,
    }
    return [number for (number,) in connection.execute(SQL.ids_of_messages, values)]


def tellings_of(connection: Connection, orders: Mapping[UUID, str]) -> dict[PieceKey, Telling]:
    """Return the pieces of orders (id → what their source calls them) as they stand."""
    rows = connection.execute(SQL.pieces_of, {"order_ids": list(orders)})
    return {
        (orders[order_id], key): _telling(orders[order_id], key, rest)
        for order_id, key, *rest in rows
    }


def tellings_told_by(connection: Connection, message_ids: Iterable[int]) -> dict[PieceKey, Telling]:
    """Return the pieces that stand as these messages told them."""
    rows = connection.execute(SQL.pieces_told_by, {"message_ids": list(message_ids)})
    return {(object_id, key): _telling(object_id, key, rest) for object_id, key, *rest in rows}


def _telling(object_id: str, key: str, rest: Sequence[Any]) -> Telling:
    version_at, number, weight, data, message_id = rest
    version = number if version_at is None else version_at.astimezone(UTC)
    return Telling(object_id, key, version, weight, data, message_id)


def pieces_of(connection: Connection, order_ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """Return the pieces of orders as JSON, by key; an order without any is there too."""
    found: dict[UUID, dict[str, str]] = {order_id: {} for order_id in order_ids}
    rows = connection.execute(SQL.pieces_of, {"order_ids": list(found)})
    for order_id, key, _, _, _, data, _ in rows:
        found[order_id][key] = data
    return found


# ---- orders ----


class OrderRow(NamedTuple):
    """An order as it stood when it was last settled, locked. Units and meanings as in `models.Order`."""

    id: UUID
    account_id: UUID
    object_id: str
    state: str
    reason: str
    revision: int
    content_hash: bytes | None
    purchase_id: UUID | None
    order_key: str
    merchant: str
    occurred_at: datetime | None
    amounts: list[int]
    validation: str
    wallet_id: UUID | None
    attribution: dict[str, Any] | None
    first_message_at: datetime

    @property
    def counts(self) -> bool:
        """Whether a purchase stands in the books for it."""
        return self.content_hash is not None

    @property
    def by_person(self) -> bool:
        """Whether a person said whose it is."""
        return bool(self.attribution and self.attribution.get("by"))


def next_due(
    connection: Connection, account_ids: Sequence[UUID], skip: Iterable[UUID]
) -> UUID | None:
    """Return the first of some accounts that has an order to be settled, those to be skipped left out."""
    values = {"account_ids": list(account_ids), "skip": list(skip)}
    row = connection.execute(SQL.next_due, values).fetchone()
    return row[0] if row else None


def lock_due(
    connection: Connection, account_id: UUID, *, skip: Iterable[UUID], size: int
) -> list[OrderRow]:
    """Lock up to so many orders of an account that are to be settled, and return them."""
    values = {"account_id": account_id, "skip": list(skip), "size": size}
    return [OrderRow(*row) for row in connection.execute(SQL.lock_due, values)]


def orders_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, OrderRow]:
    """Lock orders by their ids; unknown ones are absent."""
    rows = connection.execute(SQL.orders_by_id, {"ids": list(ids)})
    return {row[0]: OrderRow(*row) for row in rows}


class Wish(NamedTuple):
    """An order for which those of other accounts are sought that may be the same one."""

    merchant: str
    order_key: str
    wallet_id: UUID | None
    occurred_at: datetime


def orders_alike(
    connection: Connection,
    account: Account,
    wishes: Sequence[Wish],
    time: timedelta,
) -> list[tuple[int, UUID]]:
    """Return (place of the wish, order) of orders of other accounts that may be the same: a first, wide choice."""
    if not wishes:
        return []
    return connection.execute(
        SQL.orders_alike,
        {
            "programme_id": account.programme_id,
            "account_id": account.id,
            "numbers": list(range(len(wishes))),
            "merchants": [wish.merchant for wish in wishes],
            "keys": [wish.order_key for wish in wishes],
            "wallets": [wish.wallet_id for wish in wishes],
            "moments": [wish.occurred_at for wish in wishes],
            "apart": time,
        },
    ).fetchall()


class LinkRow(NamedTuple):
    """What is known of two orders, seen from the first."""

    order_id: UUID
    other_id: UUID
    other_account_id: UUID
    verdict: str
    reason: str
    decided_by: str


def links_of(connection: Connection, ids: Iterable[UUID]) -> list[LinkRow]:
    """Return the links of some orders, each as seen from it."""
    return [LinkRow(*row) for row in connection.execute(SQL.links_of, {"ids": list(ids)})]


def tolerance_of(programme_id: UUID) -> sightings.Tolerance:
    """Return how far two sources may differ about one order in a programme."""
    row = Tolerance.objects.filter(programme_id=programme_id).first()
    if row is None:
        return sightings.Tolerance()
    return sightings.Tolerance(row.amount_bps, row.amount_minor, timedelta(hours=row.hours))


def accounts_of(programme_id: UUID) -> dict[UUID, Account]:
    """Return a programme's accounts by id, those whose word counts most coming first."""
    rows = Account.objects.filter(programme_id=programme_id).order_by("rank", "ref")
    return {row.id: row for row in rows}


# ---- what waits ----


@dataclass(frozen=True, slots=True)
class Queued:
    """An order that waits, for people. with_orders: those it is, or may be, one with."""

    id: UUID
    account_id: UUID
    object_id: str
    state: str
    reason: str
    sentence: str
    merchant: str
    order_ref: str
    occurred_at: datetime | None
    amount_minor: int | None
    currency: str
    attribution: dict[str, Any] | None
    last_message_at: datetime
    with_orders: list[UUID]


def queue(
    connection: Connection,
    account_ids: Iterable[UUID],
    *,
    states: Iterable[str] = QUEUES,
    limit: int = 100,
) -> list[Queued]:
    """Return orders of some accounts that wait, those told of last coming first."""
    values = {"account_ids": list(account_ids), "states": list(states), "limit": limit}
    return [Queued(*row) for row in connection.execute(SQL.queue, values)]


class Count(NamedTuple):
    """How many orders or messages of an account are in a state, and since when the oldest has been."""

    account_id: UUID
    state: str
    number: int
    oldest_at: datetime


def counts(connection: Connection, account_ids: Iterable[UUID]) -> list[Count]:
    """Return how many orders of each account are in each state."""
    rows = connection.execute(SQL.counts, {"account_ids": list(account_ids)})
    return [Count(*row) for row in rows]


def message_counts(connection: Connection, account_ids: Iterable[UUID]) -> list[Count]:
    """Return how many messages of each account are new or unreadable."""
    rows = connection.execute(SQL.message_counts, {"account_ids": list(account_ids)})
    return [Count(*row) for row in rows]
