"""What the front page tells beyond lists of shops: offers for a member with the reason, and what was paid lately."""

import enum
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg.rows import tuple_row

from cagnotte.catalog import favourites
from cagnotte.identity.models import Programme
from cagnotte.journeys import find_shops
from cagnotte.journeys.find_shops import ShopCard
from cagnotte.platform.sql import load

Connection = psycopg.Connection[Any]

SQL = load("front_page")

BOUGHT_DAYS = 365
BOUGHT_LOOKED_AT = 200
"""The last purchases say where somebody buys; those before them would make the page slow and say little more."""

PAID_DAYS = 30

FRESH = timedelta(hours=1)

LONGEST_SECONDS = 5
"""A sum that takes longer is given up; the page then says nothing of it."""

log = structlog.get_logger(__name__)


class Why(enum.StrEnum):
    """Why a member sees an offer."""

    KEPT = "kept"
    """It is one of the favourites, and gives more than usual."""
    BOUGHT = "bought"
    """They bought there before."""
    POPULAR = "popular"
    """The programme puts it first, for everybody."""


@dataclass(frozen=True, slots=True)
class ForYou:
    """A shop for a member, and why."""

    card: ShopCard
    why: Why


@dataclass(frozen=True, slots=True)
class Shelves:
    """A member's front page: the shops they keep, the latest first, and offers with their reasons; none twice."""

    kept: list[ShopCard]
    offers: list[ForYou]


def shelves(
    connection: Connection,
    programme: Programme,
    wallet_id: UUID,
    *,
    now: datetime,
    today: date,
    count: int,
) -> Shelves:
    """Return what a member's front page offers: at most `count` favourites, and as many offers.

    Favourites that give more than usual come first, then shops they bought at, then those for everybody. Whoever
    gives nothing today is not offered. today: the programme's day.
    """
    own = favourites.of_wallet(programme_id=programme.id, wallet_id=wallet_id)
    kept_ids = [one.merchant_id for one in own]
    bought_ids = _bought_at(connection, wallet_id, today, count)
    cards = find_shops.cards_of(
        connection, programme, list(dict.fromkeys([*kept_ids, *bought_ids])), now=now
    )
    known = {card.merchant_id: card for card in cards}
    kept = [known[one] for one in kept_ids if one in known]
    offers = [ForYou(card, Why.KEPT) for card in kept if card.usual]
    offers += [
        ForYou(known[one], Why.BOUGHT) for one in bought_ids if one in known and one not in kept_ids
    ]
    popular = find_shops.featured(
        connection, programme, now=now, limit=count + len(offers) + len(kept)
    )
    told = {offer.card.merchant_id for offer in offers}.union(kept_ids)
    offers += [ForYou(card, Why.POPULAR) for card in popular if card.merchant_id not in told]
    return Shelves(kept[:count], [offer for offer in offers if offer.card.best][:count])


def _bought_at(connection: Connection, wallet_id: UUID, today: date, count: int) -> list[UUID]:
    asked = {
        "wallet_id": wallet_id,
        "since": today - timedelta(days=BOUGHT_DAYS),
        "purchases": BOUGHT_LOOKED_AT,
        "count": count,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [merchant_id for (merchant_id,) in cursor.execute(SQL.shops_bought_at, asked)]


class PaidLately:
    """What programmes paid to members in the last thirty days, as this process knows it, an hour old at most."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[datetime, int]] = {}
        self._lock = threading.Lock()

    def of(self, connection: Connection, programme_id: UUID, *, now: datetime) -> int:
        """Return it in minor units; 0 where nothing is known yet."""
        at, paid = self._known.get(programme_id, (None, 0))
        if at is not None and abs(now - at) < FRESH:
            return paid
        if not self._lock.acquire(blocking=False):
            return paid
        try:
            paid = _paid(connection, programme_id, now - timedelta(days=PAID_DAYS))
            self._known[programme_id] = (now, paid)
        finally:
            self._lock.release()
        return paid


def _paid(connection: Connection, programme_id: UUID, since: datetime) -> int:
    asked = {"programme_id": programme_id, "since": since}
    try:
        with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)", [f"{LONGEST_SECONDS}s"]
            )
            row = cursor.execute(SQL.paid_out, asked).fetchone()
    except psycopg.errors.QueryCanceled:
        log.warning("paid_not_summed", programme_id=str(programme_id))
        return 0
    return int(row[0]) if row else 0
