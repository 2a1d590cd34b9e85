"""Shops that members keep: their list, and a word when one of them gives more than before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from django.db import transaction
from psycopg.rows import tuple_row

from cagnotte.catalog.models import Favourite
from cagnotte.catalog.rates import Given
from cagnotte.domain import ids
from cagnotte.domain.errors import NotFound, Refused
from cagnotte.identity.models import Party
from cagnotte.platform import sql

Connection = psycopg.Connection[Any]

SQL = sql.load("finding")

KEPT_MAX = 500
"""Most shops that one member keeps."""


class Kept(NamedTuple):
    """A shop that a member keeps. alert: tell when it gives more than it did."""

    merchant_id: UUID
    since: datetime
    alert: bool


class DueAlert(NamedTuple):
    """A shop that a member keeps gives more than when they last heard of it.

    key: names this rise, so that it is told once. given, before: what it gives now and gave then (None = nothing);
    `catalog.rates.words` says it in the member's language.
    """

    wallet_id: UUID
    merchant_id: UUID
    key: str
    given: Given
    before: Given | None


@transaction.atomic
def add(
    *,
    programme_id: UUID,
    wallet_id: UUID,
    merchant_id: UUID,
    best: Given | None,
    now: datetime,
    alert: bool = False,
) -> bool:
    """Keep a shop; return False when it was kept already, and stays as it was. best: what it gives now.

    Raises NotFound for a shop the programme does not have, Refused when the member keeps too many.
    """
    shops = Party.objects.filter(programme_id=programme_id, kind=Party.Kind.MERCHANT)
    if not shops.filter(id=merchant_id).exists():
        raise NotFound("There is no such shop.", merchant_id=merchant_id)
    if Favourite.objects.filter(wallet_id=wallet_id).count() >= KEPT_MAX:
        raise Refused(f"You keep {KEPT_MAX} shops already; take one off your list first.")
    _, made = Favourite.objects.get_or_create(
        wallet_id=wallet_id,
        merchant_id=merchant_id,
        defaults={
            "programme_id": programme_id,
            "bucket": ids.bucket_of(wallet_id),
            "since": now,
            "alert": alert,
            **_seen(best),
        },
    )
    return made


def remove(*, programme_id: UUID, wallet_id: UUID, merchant_id: UUID) -> bool:
    """Keep a shop no more; return False when it was not kept."""
    count, _ = _of(programme_id, wallet_id).filter(merchant_id=merchant_id).delete()
    return bool(count)


def set_alert(
    *, programme_id: UUID, wallet_id: UUID, merchant_id: UUID, alert: bool, best: Given | None
) -> bool:
    """Say whether a higher rate is to be told, from what the shop gives now on; False when it is not kept."""
    rows = _of(programme_id, wallet_id).filter(merchant_id=merchant_id)
    return bool(rows.update(alert=alert, **_seen(best)))


def of_wallet(*, programme_id: UUID, wallet_id: UUID) -> list[Kept]:
    """Return what a member keeps, the latest first; one query."""
    rows = _of(programme_id, wallet_id).order_by("-since", "-id")
    return [Kept(*row) for row in rows.values_list("merchant_id", "since", "alert")]


def due_alerts(
    connection: Connection, programme_id: UUID, book: Mapping[UUID, Given], *, now: datetime
) -> list[DueAlert]:
    """Return who is to be told of which shop, and note for all what shops give now, so that each rise is told once.

    book: what shops give at best, by merchant, those that give nothing being absent: `journeys.find_shops.best_of`.
    Two who ask at once do not both get a rise. The caller tells, and commits.
    """
    asked = {
        "programme_id": programme_id,
        "merchant_ids": list(book),
        "worths": [given.worth for given in book.values()],
        "givens": [orjson.dumps(given).decode() for given in book.values()],
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(SQL.due_alerts, asked).fetchall()
    return [
        DueAlert(
            wallet_id,
            merchant_id,
            f"rate-rise:{merchant_id}:{book[merchant_id].worth}:{now:%Y-%m-%d}",
            book[merchant_id],
            Given(**orjson.loads(before)) if before else None,
        )
        for wallet_id, merchant_id, before in rows
    ]


def _of(programme_id: UUID, wallet_id: UUID) -> Any:
    return Favourite.objects.filter(programme_id=programme_id, wallet_id=wallet_id)


def _seen(best: Given | None) -> dict[str, Any]:
    if best is None:
        return {"seen_worth": None, "seen": None}
    return {"seen_worth": best.worth, "seen": orjson.loads(orjson.dumps(best))}
