"""Shops that members keep: their list, and a word when one of them gives more than before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

Connection = psycopg.Connection[Any]


class Kept(NamedTuple):
    """A shop that a member keeps. alert: tell when it gives more than `seen_worth`, see `catalog.rates.Best`."""

    merchant_id: UUID
    since: datetime
    alert: bool


class DueAlert(NamedTuple):
    """A shop that a member keeps gives more than when they last heard of it.

    key: names this rise, so that it is told once. words, before: what it gives now and gave then, such as "8%".
    """

    wallet_id: UUID
    merchant_id: UUID
    key: str
    words: str
    before: str


class Best(NamedTuple):
    """What a shop gives at best. worth: a number that is higher for what is worth more."""

    worth: int
    words: str


def add(
    connection: Connection,
    *,
    programme_id: UUID,
    wallet_id: UUID,
    merchant_id: UUID,
    best: Best | None,
    now: datetime,
    alert: bool = False,
) -> bool:
    """Keep a shop; return False when it was kept already. best: what it gives now. Raises NotFound."""
    raise NotImplementedError


def remove(
    connection: Connection, *, programme_id: UUID, wallet_id: UUID, merchant_id: UUID
) -> bool:
    """Keep a shop no more; return False when it was not kept."""
    raise NotImplementedError


def set_alert(
    connection: Connection,
    *,
    programme_id: UUID,
    wallet_id: UUID,
    merchant_id: UUID,
    alert: bool,
    best: Best | None,
) -> bool:
    """Say whether a higher rate is to be told, from what the shop gives now on; False when it is not kept."""
    raise NotImplementedError


def of_wallet(connection: Connection, *, programme_id: UUID, wallet_id: UUID) -> list[Kept]:
    """Return what a member keeps, the latest first; one query."""
    raise NotImplementedError


def due_alerts(
    connection: Connection, *, programme_id: UUID, book: Mapping[UUID, Best], now: datetime
) -> list[DueAlert]:
    """Return who is to be told of which shop, and note for all what shops give now, so that each rise is told once.

    book: what shops give at best, by merchant: `journeys.find_shops.best_of`. The caller commits.
    """
    raise NotImplementedError
