"""Questions to purchases."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import psycopg

from cagnotte.domain.purchases import Purchase, Returned
from cagnotte.platform.sql import load
from cagnotte.purchases.facts import purchase_from_facts

SQL = load("purchases")
RETURNS = load("returns")
Connection = psycopg.Connection[Any]
OrderKey = tuple[str, str]
"""(merchant reference, order reference)."""


def ids_of_orders(
    connection: Connection,
    programme_id: UUID,
    parties: Mapping[tuple[str, str], UUID],
    orders: Iterable[OrderKey],
) -> dict[OrderKey, UUID]:
    """Return the purchases of some orders, by (merchant, order reference); unknown ones are absent.

    When several sources reported one order, the first that was rewarded is meant.
    """
    merchants = {parties.get(("merchant", merchant)): merchant for merchant, _ in orders}
    refs = sorted({ref for _, ref in orders})
    wanted = set(orders)
    rows = connection.execute(
        SQL.ids_of_orders, {"programme_id": programme_id, "refs": refs}
    ).fetchall()
    found: dict[OrderKey, UUID] = {}
    for purchase_id, merchant_id, ref in rows:
        key = (merchants.get(merchant_id, ""), ref)
        if key in wanted:
            found.setdefault(key, purchase_id)
    return found


def latest_purchases(
    connection: Connection, ids: list[UUID], zone: ZoneInfo
) -> dict[UUID, Purchase]:
    """Return the latest facts of purchases, times in the programme's zone."""
    if not ids:
        return {}
    rows = connection.execute(load("restate").latest_facts, {"ids": ids})
    return {
        purchase_id: purchase_from_facts(orjson.loads(facts), zone) for purchase_id, facts in rows
    }


class Returns(NamedTuple):
    """All that a source appended about one order: the returns' ids, and what came back."""

    ids: list[UUID]
    items: list[Returned]


def returns_of(
    connection: Connection, source_id: UUID, native_ids: Sequence[str]
) -> dict[str, Returns]:
    """Return what came back of some orders of a source; those of which nothing did are absent."""
    found: dict[str, Returns] = {}
    rows = connection.execute(
        RETURNS.returns_of, {"source_id": source_id, "native_ids": list(native_ids)}
    )
    for native_id, return_id, items in rows:
        returns = found.setdefault(native_id, Returns([], []))
        returns.ids.append(return_id)
        returns.items.extend(Returned(*item) for item in items)
    return found


def known_returns(
    connection: Connection, source_id: UUID, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], bytes]:
    """Return the content hashes of returns that are known, by (order, return's key)."""
    rows = connection.execute(
        RETURNS.known_returns,
        {
            "source_id": source_id,
            "native_ids": [native_id for native_id, _ in keys],
            "return_keys": [return_key for _, return_key in keys],
        },
    )
    return {(native_id, key): bytes(content_hash) for native_id, key, content_hash in rows}


def known_unnamed_returns(
    connection: Connection, source_id: UUID, keys: Sequence[str]
) -> dict[str, bytes]:
    """Return the content hashes of returns that named no order and are known, by their key."""
    rows = connection.execute(
        RETURNS.known_unnamed, {"source_id": source_id, "return_keys": list(keys)}
    )
    return {key: bytes(content_hash) for key, content_hash in rows}


def arrived_returns(
    connection: Connection, programme_id: UUID, source_id: UUID, size: int
) -> list[str]:
    """Return up to `size` orders that stand and have returns which do not count yet."""
    query = {"programme_id": programme_id, "source_id": source_id, "size": size}
    return [native_id for (native_id,) in connection.execute(RETURNS.arrived, query)]


def sources_that_append(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return which of some purchases come from a source that appends their returns, with its name."""
    rows = connection.execute(RETURNS.appending_sources, {"ids": list(ids)})
    return dict(rows.fetchall())


class PurchaseSeen(NamedTuple):
    """A member's purchase, in as many words as a list needs."""

    id: UUID
    merchant_id: UUID
    order_ref: str
    occurred_at: datetime
    validation: str


class Reach(NamedTuple):
    """A stretch of time, both ends included, in which a purchase at a shop would be named `name`."""

    name: str
    merchant_id: UUID
    begins: datetime
    ends: datetime


def within(
    connection: Connection, wallet_id: UUID, reaches: Sequence[Reach], *, each: int
) -> dict[str, list[PurchaseSeen]]:
    """Return a member's purchases within some reaches, by the reach's name: of each at most so many, the oldest.

    What lies within two of them is in the later one's. Costs as much as what is returned, however much was bought.
    """
    names, merchant_ids, begins, ends = zip(*reaches, strict=True)
    facts = {"wallet_id": wallet_id, "each": each}
    facts |= {"names": list(names), "merchant_ids": list(merchant_ids)}
    facts |= {"begins": list(begins), "ends": list(ends)}
    found = {}
    for name, *row in connection.execute(SQL.within, facts):
        seen = PurchaseSeen(*row)
        found[seen.id] = (name, seen)
    by_name: dict[str, list[PurchaseSeen]] = {}
    for name, seen in found.values():
        by_name.setdefault(name, []).append(seen)
    return by_name


def reporting_delays(
    connection: Connection, programme_id: UUID, *, since: date, least: int
) -> list[tuple[UUID, int, int]]:
    """Return (merchant, days, purchases): within how many days nine of ten of its purchases were first recorded.

    Looks at purchases from a day on; merchants with fewer than `least` of them are left out. Reads all of them.
    """
    facts = {"programme_id": programme_id, "since": since, "least": least}
    return connection.execute(SQL.reporting_delays, facts).fetchall()


class PurchaseShown(NamedTuple):
    """A purchase as it stands, with what it earns, for whoever may see the programme's purchases.

    source, merchant, member: references. released_minor: of the reward, what was made available.
    """

    id: UUID
    source: str
    merchant: str
    order_ref: str
    member_id: UUID
    member: str
    wallet_id: UUID
    occurred_at: datetime
    currency: str
    amount_minor: int
    validation: str
    reason: str
    version: int
    confirmed_on: date | None
    release_on: date | None
    attributed_by: str
    reward_minor: int
    released_minor: int


def shown(
    connection: Connection, programme_id: UUID, ids: Iterable[UUID]
) -> dict[UUID, PurchaseShown]:
    """Return purchases of a programme by their ids; those it does not have are absent."""
    rows = connection.execute(SQL.seen, {"programme_id": programme_id, "ids": list(ids)})
    return {row[0]: PurchaseShown(*row) for row in rows}


class Wanted(NamedTuple):
    """Which purchases a list shows; None = whatever they are. since, until: days of purchase, both included."""

    wallet_id: UUID | None = None
    merchant: str | None = None
    validation: str | None = None
    order_ref: str | None = None
    since: date | None = None
    until: date | None = None


def page(
    connection: Connection, programme_id: UUID, wanted: Wanted, *, before: UUID | None, count: int
) -> list[PurchaseShown]:
    """Return purchases, the last recorded first, those recorded before one if it is named."""
    query = {**wanted._asdict(), "programme_id": programme_id, "before": before, "count": count}
    ids = [found for (found,) in connection.execute(SQL.page, query)]
    known = shown(connection, programme_id, ids)
    return [known[found] for found in ids if found in known]


class StandingOrder(NamedTuple):
    """Whose word stands for an order. source: its reference. content_hash: of the latest applied message."""

    id: UUID
    source: str
    content_hash: bytes


def standing_orders(
    connection: Connection, programme_id: UUID, orders: Iterable[OrderKey]
) -> dict[OrderKey, StandingOrder]:
    """Return what stands of some orders; unknown ones are absent. Of several, the first that was recorded."""
    wanted = set(orders)
    rows = connection.execute(
        SQL.standing_orders,
        {"programme_id": programme_id, "refs": sorted({ref for _, ref in wanted})},
    )
    found: dict[OrderKey, StandingOrder] = {}
    for merchant, ref, purchase_id, source, content_hash in rows:
        if (merchant, ref) in wanted:
            standing = StandingOrder(purchase_id, source, bytes(content_hash))
            found.setdefault((merchant, ref), standing)
    return found
