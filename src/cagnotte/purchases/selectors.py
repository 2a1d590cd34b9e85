"""Questions to purchases."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import psycopg

from cagnotte.domain.purchases import Purchase
from cagnotte.platform.sql import load
from cagnotte.purchases.reports import purchase_from_facts

SQL = load("purchases")
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
