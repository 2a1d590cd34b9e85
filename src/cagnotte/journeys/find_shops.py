"""Find a shop: by its name, its kind, what it gives, or an address of one of its pages.

Names are found whatever their accents, by other names and by their hosts; what is mistyped finds what is closest.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.errors import NotFound
from cagnotte.identity.models import Programme
from cagnotte.journeys.shops_told import (
    Asked,
    CategoryCount,
    CategoryName,
    ClaimPolicy,
    Found,
    Point,
    Rate,
    RateRow,
    ShopCard,
    ShopFull,
    ShopMeasured,
)

__all__ = [
    "FEATURES",
    "PAGE_SIZE",
    "SORTS",
    "Asked",
    "CategoryCount",
    "CategoryName",
    "ClaimPolicy",
    "Found",
    "Point",
    "Rate",
    "RateRow",
    "ShopCard",
    "ShopFull",
    "ShopMeasured",
    "cards_of",
    "categories",
    "claim_policy",
    "featured",
    "find",
    "forget_shops",
    "logo",
    "shop",
    "shop_of_address",
    "suggest",
]

Connection = psycopg.Connection[Any]

FEATURES = ("online", "in_store", "claims", "boosted", "fast", "new_customers")
"""What lists can be narrowed by: any of a page's pills. fast: half of the purchases are confirmed within 45 days."""

SORTS = ("relevance", "rate", "speed", "reliability", "name")

PAGE_SIZE = 24


def find(
    connection: Connection,  # noqa: ARG001 - first version
    programme: Programme,  # noqa: ARG001
    asked: Asked,  # noqa: ARG001
    *,
    now: datetime,  # noqa: ARG001
) -> Found:
    """Return a page of the shops that fit; where nothing is called so, the closest names."""
    return Found([], 0, 1, dict.fromkeys(FEATURES, 0), [], closest=False)


def suggest(
    connection: Connection,  # noqa: ARG001
    programme: Programme,  # noqa: ARG001
    text: str,  # noqa: ARG001
    *,
    now: datetime,  # noqa: ARG001
    limit: int = 8,  # noqa: ARG001
) -> list[ShopCard]:
    """Return the shops that what was typed so far may mean, the likeliest first."""
    return []


def featured(
    connection: Connection,  # noqa: ARG001
    programme: Programme,  # noqa: ARG001
    *,
    now: datetime,  # noqa: ARG001
    limit: int = 12,  # noqa: ARG001
) -> list[ShopCard]:
    """Return the shops of the front page: those the programme names, then those that give most."""
    return []


def cards_of(
    connection: Connection,  # noqa: ARG001
    programme: Programme,  # noqa: ARG001
    merchant_ids: list[UUID],  # noqa: ARG001
    *,
    now: datetime,  # noqa: ARG001
) -> list[ShopCard]:
    """Return the cards of some shops, in that order; those that are no more are absent."""
    return []


def categories(
    connection: Connection,  # noqa: ARG001
    programme: Programme,  # noqa: ARG001
    *,
    now: datetime,  # noqa: ARG001
) -> list[CategoryCount]:
    """Return the kinds of shops with how many shops each has, in the programme file's order."""
    return []


def shop_of_address(
    connection: Connection,  # noqa: ARG001
    programme: Programme,  # noqa: ARG001
    address: str,  # noqa: ARG001
    *,
    now: datetime,  # noqa: ARG001
) -> ShopCard | None:
    """Return the shop whose page an address is; None where no shop has such pages."""
    return None


def shop(connection: Connection, programme: Programme, ref: str, *, now: datetime) -> ShopFull:  # noqa: ARG001
    """Return all that is told of one shop. Raises NotFound."""
    raise NotFound(f"There is no shop “{ref}”.", ref=ref)


def logo(connection: Connection, programme: Programme, ref: str) -> str:  # noqa: ARG001
    """Return a shop's drawing as SVG. Raises NotFound where it has none."""
    raise NotFound(f"The shop “{ref}” has no logo.", ref=ref)


def claim_policy(connection: Connection, programme: Programme, merchant_id: UUID) -> ClaimPolicy:  # noqa: ARG001
    """Return when cashback that is missing at a shop may be claimed, and with what."""
    return ClaimPolicy(
        accepted=True, after_days=7, within_days=90, needs=("order_number", "order_date", "amount")
    )


def forget_shops() -> None:
    """Read everything anew at the next question; for tests and for whoever has just loaded a programme."""
