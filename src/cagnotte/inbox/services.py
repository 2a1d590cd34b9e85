"""Writing the inbox: messages as they arrive, and what is to be fetched.

All take the caller's connection and leave the commit to it, so that a page of a poll and the place where polling goes
on from are kept together or not at all.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import Jsonb

from cagnotte.domain import sightings
from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import named_id
from cagnotte.hooks.sources import Message
from cagnotte.inbox import selectors
from cagnotte.inbox.models import Message as Row
from cagnotte.inbox.models import Tolerance
from cagnotte.inbox.tellings import Telling
from cagnotte.inbox.texts import clean, is_name, is_text
from cagnotte.platform.sql import load

SQL = load("inbox")
Connection = psycopg.Connection[Any]

TOPIC_LENGTH_MAX = 100
EVENT_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """How many messages were kept, and how many had been kept before."""

    count: int
    repeated: int


def keep(
    connection: Connection,
    account_id: UUID,
    messages: Sequence[Message],
    *,
    via: str,
    signed: bool,
    now: datetime,
) -> Kept:
    """Keep messages in their order, as bytes; nothing of them is understood yet.

    A message that its source names is kept once. One without a name is a repeat when it says, byte for byte, what the
    account's last message said; anything else may be news. via: poll, push, fetch or file; signed: a signature was
    checked. Messages of one account are kept one batch at a time, so that their numbers follow their arrival.
    Raises NotFound when there is no such account.
    """
    if (
        connection.execute(SQL.note_arrival, {"account_id": account_id, "now": now}).fetchone()
        is None
    ):
        raise NotFound("There is no such account at a source.", account_id=account_id)
    rows = _rows(messages, _latest(connection, account_id))
    if not rows:
        return Kept(0, len(messages))
    bodies = {row.sha256: row.body for row in rows}
    connection.execute(
        SQL.keep_bodies, {"hashes": list(bodies), "contents": list(bodies.values()), "now": now}
    )
    kept = connection.execute(
        SQL.keep_messages,
        {
            "account_id": account_id,
            "now": now,
            "via": Row.Via(via).value,
            "signed": signed,
            "topics": [row.topic for row in rows],
            "events": [row.event_id for row in rows],
            "headers": [row.headers for row in rows],
            "hashes": [row.sha256 for row in rows],
        },
    ).fetchall()
    return Kept(len(kept), len(messages) - len(kept))


class _Row(NamedTuple):
    topic: str
    event_id: str
    headers: str
    sha256: str
    body: bytes


def _latest(connection: Connection, account_id: UUID) -> str:
    found = connection.execute(SQL.latest_body, {"account_id": account_id}).fetchone()
    return found[0] if found else ""


def _rows(messages: Iterable[Message], latest: str) -> list[_Row]:
    rows = []
    for message in messages:
        sha256 = hashlib.sha256(message.body).hexdigest()
        if not message.event_id and sha256 == latest:
            continue
        latest = sha256
        headers = {clean(name): clean(value) for name, value in message.headers.items()}
        rows.append(
            _Row(
                clean(message.topic)[:TOPIC_LENGTH_MAX],
                _event_id(message.event_id),
                orjson.dumps(headers).decode(),
                sha256,
                message.body,
            )
        )
    return rows


def _event_id(text: str) -> str:
    """Return the source's name of a message, or a hash of one that is too long or holds what no text may hold."""
    if is_text(text) and len(text) <= EVENT_LENGTH_MAX:
        return text
    return "sha256:" + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def move_cursor(connection: Connection, account_id: UUID, cursor: Mapping[str, Any]) -> None:
    """Note where the polling of an account goes on from, with the page that was kept up to there."""
    connection.execute(SQL.move_cursor, {"account_id": account_id, "cursor": Jsonb(dict(cursor))})


def want(
    connection: Connection, account_id: UUID, object_ids: Iterable[str], *, now: datetime
) -> None:
    """Note orders that are to be fetched. One that is wanted already is wanted anew, also while it is being fetched.

    Raises ValueError for a name that no order can have.
    """
    wanted = sorted(set(object_ids))
    for name in wanted:
        if not is_name(name):
            raise ValueError(f"“{name[:40]}” cannot be the name of an order")
    if wanted:
        connection.execute(SQL.want, {"account_id": account_id, "object_ids": wanted, "now": now})


def want_no_more(
    connection: Connection, account_id: UUID, object_ids: Iterable[str], *, since: datetime
) -> None:
    """Take orders off the list of those to be fetched, when nothing asked for them after `since`."""
    values = {"account_id": account_id, "object_ids": list(object_ids), "since": since}
    connection.execute(SQL.want_no_more, values)


def save_tolerance(programme_id: UUID, tolerance: sightings.Tolerance) -> bool:
    """Write how far two sources may differ about one order; return whether anything changed.

    It holds for orders that are settled from then on; what was found to be one order before stays so.
    """
    if selectors.tolerance_of(programme_id) == tolerance:
        return False
    Tolerance.objects.update_or_create(
        programme_id=programme_id,
        defaults={
            "amount_bps": tolerance.amount_bps,
            "amount_minor": tolerance.amount_minor,
            "hours": tolerance.time // timedelta(hours=1),
        },
    )
    return True


def forget_bodies(connection: Connection, *, before: datetime) -> int:
    """Delete the bytes of messages that have not arrived since; return how many. They cannot be read again then."""
    row = connection.execute(SQL.forget_bodies, {"before": before}).fetchone()
    return int(row[0]) if row else 0


# ---- what was read ----


def order_id_of(account_id: UUID, object_id: str) -> UUID:
    """Return the identity of an order of an account."""
    return named_id("inbox order", account_id, object_id)


class Touched(NamedTuple):
    """An order that messages told of. due: one of its pieces changed."""

    object_id: str
    due: bool
    first_at: datetime
    last_at: datetime


def touch_orders(
    connection: Connection, programme_id: UUID, account_id: UUID, orders: Sequence[Touched]
) -> None:
    """Write orders that messages told of, the new ones among them."""
    if not orders:
        return
    connection.execute(
        SQL.touch_orders,
        {
            "account_id": account_id,
            "programme_id": programme_id,
            "ids": [order_id_of(account_id, order.object_id) for order in orders],
            "object_ids": [order.object_id for order in orders],
            "due": [order.due for order in orders],
            "firsts": [order.first_at for order in orders],
            "lasts": [order.last_at for order in orders],
        },
    )


def put_pieces(connection: Connection, account_id: UUID, tellings: Sequence[Telling]) -> None:
    """Write pieces in the tellings that count."""
    if not tellings:
        return
    versions = [telling.version for telling in tellings]
    connection.execute(
        SQL.put_pieces,
        {
            "order_ids": [order_id_of(account_id, telling.object_id) for telling in tellings],
            "keys": [telling.key for telling in tellings],
            "times": [one if isinstance(one, datetime) else None for one in versions],
            "numbers": [one if isinstance(one, int) else None for one in versions],
            "weights": [telling.weight for telling in tellings],
            "data": [telling.data for telling in tellings],
            "message_ids": [telling.message_id for telling in tellings],
        },
    )


def drop_pieces(
    connection: Connection, account_id: UUID, pieces: Iterable[tuple[str, str]]
) -> None:
    """Delete pieces, each named by its order and its key, that no message tells any more."""
    gone = list(pieces)
    if gone:
        order_ids = [order_id_of(account_id, object_id) for object_id, _ in gone]
        connection.execute(
            SQL.drop_pieces, {"order_ids": order_ids, "keys": [key for _, key in gone]}
        )


class MessageRead(NamedTuple):
    """How a message was read. problems: (place, reason, sentence) of what of it could not be."""

    id: int
    state: Row.State
    reason: str = ""
    sentence: str = ""
    problems: Sequence[tuple[str, str, str]] = ()


def note_read(connection: Connection, read: Sequence[MessageRead], *, now: datetime) -> None:
    """Write how messages were read, and what is wrong with them, instead of what was before."""
    if not read:
        return
    ids = [one.id for one in read]
    connection.execute(
        SQL.note_read,
        {
            "now": now,
            "ids": ids,
            "states": [one.state.value for one in read],
            "reasons": [one.reason for one in read],
            "sentences": [one.sentence for one in read],
        },
    )
    connection.execute(SQL.drop_problems, {"message_ids": ids})
    problems = [(one.id, *problem) for one in read for problem in one.problems]
    if problems:
        message_ids, places, reasons, sentences = map(list, zip(*problems, strict=True))
        connection.execute(
            SQL.put_problems,
            {
                "message_ids": message_ids,
                "places": places,
                "reasons": reasons,
                "sentences": sentences,
            },
        )
