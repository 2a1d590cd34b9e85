"""Offers as anybody may see them: what is given, for what, and until when. Who pays is left out."""

from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from cagnotte.api import conditional, pages
from cagnotte.api.access import ApiRequest, publishable
from cagnotte.api.shapes import Amount, amount, nothing, read_id
from cagnotte.catalog import selectors
from cagnotte.catalog.definitions import EFFECT_NAMES
from cagnotte.catalog.headlines import headline
from cagnotte.domain import offers as domain
from cagnotte.domain.ids import public_id

router = Router(tags=["Offers"])

PROGRAMMES_KEPT = 64


class Offer(Schema):
    """One version of an offer, published."""

    id: str = Field(examples=["off_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["offer"] = "offer"
    ref: str
    version: int
    name: str
    headline: str = Field(description="What it gives, as a sentence.", examples=["5% back"])
    role: str = Field(
        description="base: the ordinary rate; boost: adds to it; bonus: for the whole order."
    )
    effect: str = Field(description="How it counts.")
    rate_bps: int | None = Field(
        description="Its rate, or the highest of its tiers; null for sums."
    )
    amount: Amount | None = Field(description="Its sum, per order or unit; null for rates.")
    merchants: list[str] = Field(description="Where it holds; empty = everywhere.")
    categories: list[str] = Field(description="For what; empty = everything.")
    brands: list[str]
    minimum_basket: Amount | None
    for_some_members: bool = Field(description="Whether it is for some members alone.")
    valid_from: date | None
    valid_until: date | None = Field(description="The last day; null = until further notice.")


class Offers(pages.Page):
    """A page of offers."""

    data: list[Offer]


OnDay = Annotated[date | None, Query(description="Those in force on this day; without it, today.")]
AtMerchant = Annotated[
    str | None, Query(max_length=100, description="Those that hold at this merchant.")
]


@router.get("/offers", response=Offers, auth=publishable("catalog:read"))
def list_offers(
    request: ApiRequest,
    response: HttpResponse,
    limit: pages.Limit = 20,
    cursor: pages.Cursor = None,
    on: OnDay = None,
    merchant: AtMerchant = None,
) -> Offers:
    """Return the offers in force on a day, by reference; sentences follow Accept-Language (en, fr)."""
    place = pages.place(cursor, of="offers")
    day = on or _today(request)
    rows = [
        one
        for one in _published(request)
        if one.valid_from <= day <= one.valid_until and _holds_at(one, merchant)
        and (place is None or (one.ref, one.version) > (place[0], int(place[1])))
    ]  # fmt: skip
    cut = pages.page(rows[: limit + 1], limit, of="offers", key=lambda one: [one.ref, one.version])
    response["Cache-Control"] = "private, max-age=60"
    return Offers(data=[_offer(one, request.key.currency) for one in cut.rows], **cut.rest)


@router.get("/offers/{offer_id}", response=Offer, auth=publishable("catalog:read"))
def get_offer(request: ApiRequest, response: HttpResponse, offer_id: str) -> Offer:
    """Return one version of an offer."""
    wanted = read_id("off", offer_id, "offer")
    for one in _published(request):
        if one.id == wanted:
            found = _offer(one, request.key.currency)
            response["ETag"] = conditional.etag_of(found)
            return found
    raise nothing(offer_id, "offer")


def _today(request: ApiRequest) -> date:
    return request.now.astimezone(ZoneInfo(request.key.timezone)).date()


def _published(request: ApiRequest) -> tuple[domain.Offer, ...]:
    programme_id = request.key.programme_id
    return _of_edition(programme_id, selectors.edition(programme_id))


@lru_cache(maxsize=PROGRAMMES_KEPT)
def _of_edition(programme_id: UUID, _edition: datetime | None) -> tuple[domain.Offer, ...]:
    """Read the offers once per edition: two loads apart, they are the same."""
    return tuple(selectors.offers(programme_id))


def _holds_at(one: domain.Offer, merchant: str | None) -> bool:
    conditions = one.conditions
    return merchant is None or (
        (not conditions.merchants or merchant in conditions.merchants)
        and merchant not in conditions.not_merchants
    )


def _offer(one: domain.Offer, currency: str) -> Offer:
    effect, conditions = one.effect, one.conditions
    sum_minor = getattr(effect, "amount_minor", None)
    basket = conditions.minimum_basket_minor or getattr(effect, "minimum_basket_minor", 0)
    return Offer(
        id=public_id("off", one.id),
        ref=one.ref,
        version=one.version,
        name=one.name,
        headline=headline(one, currency),
        role=one.role.value,
        effect=EFFECT_NAMES[type(effect)],
        rate_bps=_rate_bps(effect),
        amount=None if sum_minor is None else amount(sum_minor, currency),
        merchants=sorted(conditions.merchants),
        categories=sorted(conditions.products.categories),
        brands=sorted(conditions.products.brands),
        minimum_basket=amount(basket, currency) if basket else None,
        for_some_members=bool(conditions.segments or conditions.not_segments or conditions.first),
        valid_from=None if one.valid_from == date.min else one.valid_from,
        valid_until=None if one.valid_until == date.max else one.valid_until,
    )


def _rate_bps(effect: domain.Effect) -> int | None:
    """Return a rate that people can compare; a share of a commission nobody sees is none."""
    if isinstance(effect, domain.Percent):
        return effect.rate_bps
    if isinstance(effect, domain.Tiered | domain.Progressive):
        return max(tier.rate_bps for tier in effect.tiers)
    return None
