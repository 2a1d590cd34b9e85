"""Members are told what happened to their money: events about them become notices, once each.

Events are numbered by the one teller at work, as they become visible, so how far members are told is one number. A
file of ten thousand answers is read some thousands of events at a time, in a handful of queries each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.ids import parse_public_id
from cagnotte.notices import telling
from cagnotte.notices.catalogue import SUBSCRIBABLE
from cagnotte.notices.kinds import WELCOME
from cagnotte.notices.telling import News
from cagnotte.platform.sql import load

SQL = load("notices")

Connection = psycopg.Connection[Any]

CHUNK_EVENTS = 5_000

Data = Mapping[str, Any]
Names = Mapping[str, str]


class _Event(NamedTuple):
    """An event that may be told. signs_in: somebody does as the member it is about."""

    number: int
    id: UUID
    programme_id: UUID
    wallet_id: UUID
    type: str
    data: Data
    at: datetime
    signs_in: bool


class _Told(NamedTuple):
    """The kind of a notice, and its facts. key: empty = the event's own."""

    kind: str
    facts: dict[str, Any]
    key: str = ""


def tell(connection: Connection, *, now: datetime) -> int:
    """Tell members of all events they were not told of; return how many notices were made. Commits by itself.

    Returns 0 while somebody else is at it. Interrupted, all of it is done again by the next call, to the same notices.
    """
    count = 0
    while True:
        told = _tell_some(connection, now)
        if told is None:
            return count
        count += told


def _tell_some(connection: Connection, now: datetime) -> int | None:
    """Tell of one chunk; None when there is nothing left, or somebody else is at it."""
    [(waiting,)] = connection.execute(SQL.is_waiting, {"types": TYPES})
    connection.commit()
    if not waiting:
        return None
    with connection.transaction():
        row = connection.execute(SQL.take_mark).fetchone()
        if row is None:
            return None
        wanted = {"mark": row[0], "types": TYPES, "at_most": CHUNK_EVENTS}
        found = [
            _Event._make((*row[:5], orjson.loads(row[5]), *row[6:]))
            for row in connection.execute(SQL.events_to_tell, wanted)
        ]
        if not found:
            return None
        count = telling.tell_all(connection, list(_news(connection, found)), now=now)
        connection.execute(SQL.move_mark, {"number": found[-1].number})
    return count


def _news(connection: Connection, events: Iterable[_Event]) -> Iterator[News]:
    """Say what is told of events; nothing to members as whom nobody signs in."""
    wanted = [one for one in events if one.signs_in]
    names = _shop_names(connection, wanted)
    for one in wanted:
        reader = READERS.get(one.type)
        told = reader(one.data, names) if reader else None
        if told is not None:
            key = told.key or str(one.id)
            yield News(one.programme_id, one.wallet_id, told.kind, key, told.facts, one.at)


def _shop_names(connection: Connection, events: Iterable[_Event]) -> Names:
    """Return the names of the shops that events are about, by public id."""
    ids = {one.data["merchant_id"] for one in events if one.data.get("merchant_id")}
    by_id = {parse_public_id("mer", text): text for text in ids}
    rows = connection.execute(SQL.shop_names, {"ids": sorted(by_id)})
    return {by_id[party_id]: name or ref for party_id, name, ref in rows}


def _shop(data: Data, names: Names) -> dict[str, Any]:
    merchant_id = data.get("merchant_id") or ""
    return {"shop": names.get(merchant_id) or data.get("merchant") or ""}


def _money(data: Data) -> dict[str, Any]:
    return {
        "amount_minor": data["amount"]["amount_minor"],
        "currency": data["amount"]["currency"],
    }


def _reward(kind: str) -> Callable[[Data, Names], _Told | None]:
    def read(data: Data, names: Names) -> _Told | None:
        before = data["before"]
        facts = {
            **_shop(data, names),
            **_money(data),
            "purchase": data["purchase_id"],
            "order_ref": data["order_ref"],
            "state": data["state"],
            "reason": data["reason"],
            "before_minor": before["amount_minor"] if before else None,
        }
        return _Told(kind, facts)

    return read


def _available(data: Data, names: Names) -> _Told | None:
    if not data["amount"]["amount_minor"] and not data["repaid"]["amount_minor"]:
        return None
    facts = {
        **_shop(data, names),
        **_money(data),
        "purchase": data["purchase_id"],
        "repaid_minor": data["repaid"]["amount_minor"],
        "expires_on": data["expires_on"],
    }
    return _Told("available", facts)


def _payout(kind: str) -> Callable[[Data, Names], _Told | None]:
    def read(data: Data, _names: Names) -> _Told | None:
        facts = {**_money(data), "payout": data["id"], "code": data["code"]}
        return _Told(kind, facts)

    return read


def _order(kind: str) -> Callable[[Data, Names], _Told | None]:
    def read(data: Data, names: Names) -> _Told | None:
        return _Told(kind, {**_shop(data, names), **_money(data), "order_ref": data["order_ref"]})

    return read


def _voucher(data: Data, _names: Names) -> _Told | None:
    """Vouchers that offers give; who buys one knows."""
    if data["origin"] != "reward":
        return None
    facts = {
        **_money(data),
        "minimum_minor": data["minimum_basket"]["amount_minor"],
        "valid_until": data["valid_until"],
    }
    return _Told("voucher", facts)


def _joined(_data: Data, _names: Names) -> _Told | None:
    return _Told(WELCOME, {}, key=WELCOME)


READERS: dict[str, Callable[[Data, Names], _Told | None]] = {
    "reward.tracked": _reward("tracked"),
    "reward.confirmed": _reward("confirmed"),
    "reward.declined": _reward("declined"),
    "reward.amended": _reward("adjusted"),
    "reward.available": _available,
    "payout.requested": _payout("payout.requested"),
    "payout.sent": _payout("payout.sent"),
    "payout.settled": _payout("payout.settled"),
    "payout.returned": _payout("payout.returned"),
    "payout.cancelled": _payout("payout.cancelled"),
    "wallet.captured": _order("spent"),
    "wallet.refunded": _order("refunded"),
    "voucher.issued": _voucher,
    "member.joined": _joined,
}
"""What is told of which type of event; of all others nothing."""

TYPES = list(SUBSCRIBABLE)
"""What is read: all that the one teller writes, so that how far members are told is always near the last event."""
