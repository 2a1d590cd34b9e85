"""Merchants and brands."""

from typing import Literal

from ninja import Router, Schema
from pydantic import Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, publishable
from cagnotte.api.shapes import nothing, read_id
from cagnotte.domain.ids import public_id
from cagnotte.identity import selectors
from cagnotte.identity.models import Party

router = Router(tags=["Merchants and brands"])


class Merchant(Schema):
    """A shop where members earn."""

    id: str = Field(examples=["mer_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["merchant"] = "merchant"
    ref: str = Field(description="Its name in purchases and offers.")
    name: str
    country: str | None = Field(description="ISO 3166, null when nobody said.")
    site: str | None


class Merchants(pages.Page):
    """A page of merchants."""

    data: list[Merchant]


class Brand(Schema):
    """A maker of products that rewards them wherever they are bought."""

    id: str = Field(examples=["bra_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["brand"] = "brand"
    ref: str
    name: str
    country: str | None


class Brands(pages.Page):
    """A page of brands."""

    data: list[Brand]


@router.get("/merchants", response=Merchants, auth=publishable("catalog:read"))
def list_merchants(
    request: ApiRequest, limit: pages.Limit = 20, cursor: pages.Cursor = None
) -> Merchants:
    """Return the programme's merchants, by reference."""
    cut = _page(request, Party.Kind.MERCHANT, limit, cursor)
    return Merchants(data=[_merchant(row) for row in cut.rows], **cut.rest)


@router.get("/merchants/{merchant_id}", response=Merchant, auth=publishable("catalog:read"))
def get_merchant(request: ApiRequest, merchant_id: str) -> Merchant:
    """Return one merchant."""
    return _merchant(_party(request, Party.Kind.MERCHANT, "mer", merchant_id))


@router.get("/brands", response=Brands, auth=publishable("catalog:read"))
def list_brands(
    request: ApiRequest, limit: pages.Limit = 20, cursor: pages.Cursor = None
) -> Brands:
    """Return the programme's brands, by reference."""
    cut = _page(request, Party.Kind.BRAND, limit, cursor)
    return Brands(data=[_brand(row) for row in cut.rows], **cut.rest)


@router.get("/brands/{brand_id}", response=Brand, auth=publishable("catalog:read"))
def get_brand(request: ApiRequest, brand_id: str) -> Brand:
    """Return one brand."""
    return _brand(_party(request, Party.Kind.BRAND, "bra", brand_id))


def _page(request: ApiRequest, kind: Party.Kind, limit: int, cursor: str | None) -> pages.Cut:
    place = pages.place(cursor, of=kind.value)
    rows = selectors.party_page(
        request.key.programme_id, kind, after=place[0] if place else None, count=limit + 1
    )
    return pages.page(rows, limit, of=kind.value, key=lambda row: [row.ref])


def _party(request: ApiRequest, kind: Party.Kind, prefix: str, text: str) -> Party:
    found = selectors.party(request.key.programme_id, kind, read_id(prefix, text, kind.value))
    if found is None:
        raise nothing(text, kind.value)
    return found


def _merchant(row: Party) -> Merchant:
    return Merchant(
        id=public_id("mer", row.id), ref=row.ref, name=row.name, country=row.country or None, site=row.site or None
    )  # fmt: skip


def _brand(row: Party) -> Brand:
    return Brand(
        id=public_id("bra", row.id), ref=row.ref, name=row.name, country=row.country or None
    )
