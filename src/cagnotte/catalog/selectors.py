"""Questions to the catalogue, answered with the values that rating reads."""

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db.models import Max
from psycopg.rows import tuple_row

from cagnotte.catalog import models
from cagnotte.catalog.definitions import contract_from, offer_from
from cagnotte.catalog.versions import InForce, VersionRow, in_force
from cagnotte.domain.contracts import Contract, FunderKind
from cagnotte.domain.offers import Offer
from cagnotte.platform import sql

VersionKey = tuple[str, int]
"""Reference and version number, as decisions keep them."""


def contracts(programme_id: UUID, *, known_at: datetime | None = None) -> list[Contract]:
    """Return every version of every contract that is in force on some day, with those days as its validity.

    Versions of one contract never share a day. `known_at` leaves out what was loaded later. Ordered by reference
    and version.
    """
    return [
        dataclasses.replace(
            contract_from(found.row.definition),
            valid_from=found.valid_from,
            valid_until=found.valid_until,
        )
        for found in _in_force(models.Contract, programme_id, known_at)
    ]


def contract_of_shop(programme_id: UUID, merchant_ref: str, on: date) -> Contract | None:
    """Return the contract that says how a shop works with the programme on a day: its own, else its network's."""
    rows = models.Contract.objects.filter(
        programme_id=programme_id, definition__merchant=merchant_ref
    ).exclude(funder_kind=FunderKind.BRAND)
    columns = [field.name for field in dataclasses.fields(VersionRow)]
    found = in_force(
        VersionRow(*row) for row in rows.order_by("ref", "version").values_list(*columns)
    )
    standing = [
        contract_from(one.row.definition)
        for one in found
        if one.valid_from <= on <= one.valid_until
    ]
    return min(
        standing, key=lambda one: (one.funder_kind != FunderKind.MERCHANT, one.ref), default=None
    )


def offers(programme_id: UUID, *, known_at: datetime | None = None) -> list[Offer]:
    """Return every version of every offer that is in force on some day, as `contracts` does."""
    return [
        dataclasses.replace(
            offer_from(found.row.definition),
            valid_from=found.valid_from,
            valid_until=found.valid_until,
        )
        for found in _in_force(models.Offer, programme_id, known_at)
    ]


def editions(programme_id: UUID) -> list[datetime]:
    """Return the moments at which loads changed contracts or offers, in order; rules differ between two of them."""
    moments: set[datetime] = set()
    for model in (models.Contract, models.Offer):
        for known_from, closed_at in model.objects.filter(programme_id=programme_id).values_list(
            "known_from", "closed_at"
        ):
            moments.add(known_from)
            if closed_at is not None:
                moments.add(closed_at)
    return sorted(moments)


def edition(programme_id: UUID) -> datetime | None:
    """Return the last of `editions` without reading them all; None before the first load."""
    moments: list[datetime] = []
    for model in (models.Contract, models.Offer):
        rows = model.objects.filter(programme_id=programme_id)
        latest = rows.aggregate(known=Max("known_from"), closed=Max("closed_at"))
        moments += [moment for moment in latest.values() if moment is not None]
    return max(moments, default=None)


def contracts_by_version(
    programme_id: UUID, keys: Iterable[VersionKey]
) -> dict[VersionKey, Contract]:
    """Return the named versions as they were loaded, in force or not; for decisions made under them."""
    return {
        key: contract_from(data) for key, data in _named(models.Contract, programme_id, set(keys))
    }


def contract_versions(programme_id: UUID) -> list[Contract]:
    """Return every version of every contract as it was loaded, in force or not; for what was decided under them."""
    return [contract_from(row.definition) for row in version_rows(models.Contract, programme_id)]


def offers_by_version(programme_id: UUID, keys: Iterable[VersionKey]) -> dict[VersionKey, Offer]:
    """Return the named versions as they were loaded, in force or not; for decisions made under them."""
    return {key: offer_from(data) for key, data in _named(models.Offer, programme_id, set(keys))}


def category_parents(programme_id: UUID) -> dict[str, str | None]:
    """Return the parent of every category, None for roots."""
    return dict(
        models.Category.objects.filter(programme_id=programme_id).values_list("ref", "parent_ref")
    )


def category_names(programme_id: UUID) -> dict[str, str]:
    """Return the name of every category, for sentences."""
    return dict(
        models.Category.objects.filter(programme_id=programme_id).values_list("ref", "name")
    )


def offer_names(programme_id: UUID) -> dict[str, str]:
    """Return the latest name of every offer, for sentences."""
    rows = models.Offer.objects.filter(programme_id=programme_id).order_by("version")
    return dict(rows.values_list("ref", "name"))


def products(
    connection: psycopg.Connection[Any], programme_id: UUID
) -> dict[str, tuple[str | None, str | None, bool]]:
    """Return (category, brand, is a gift card) of every article, by its sku; one query."""
    # Plain tuples, whatever row factory the connection carries: a catalogue may hold 100,000 articles.
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(sql.load("catalogue").products_of_programme, {"programme_id": programme_id})
        return {
            sku: (category or None, brand or None, gift_card)
            for sku, category, brand, gift_card in cursor
        }


def products_named(
    connection: psycopg.Connection[Any], programme_id: UUID, skus: Iterable[str]
) -> dict[str, tuple[str | None, str | None, bool]]:
    """Return (category, brand, is a gift card) of some articles, by sku; those the catalogue lacks are absent."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        values = {"programme_id": programme_id, "skus": sorted(set(skus))}
        cursor.execute(sql.load("catalogue").products_named, values)
        return {
            sku: (category or None, brand or None, gift_card)
            for sku, category, brand, gift_card in cursor
        }


def _in_force(
    model: type[models.Contract | models.Offer], programme_id: UUID, known_at: datetime | None
) -> Iterator[InForce]:
    return in_force(version_rows(model, programme_id), known_at=known_at)


def version_rows(
    model: type[models.Contract | models.Offer], programme_id: UUID
) -> Iterator[VersionRow]:
    """Give every stored version, ordered by reference and version."""
    columns = [field.name for field in dataclasses.fields(VersionRow)]
    rows = model.objects.filter(programme_id=programme_id).order_by("ref", "version")
    for row in rows.values_list(*columns):
        yield VersionRow(*row)


def _named(
    model: type[models.Contract | models.Offer], programme_id: UUID, keys: set[VersionKey]
) -> Iterator[tuple[VersionKey, dict[str, Any]]]:
    rows = model.objects.filter(programme_id=programme_id, ref__in={ref for ref, _ in keys})
    for ref, version, definition in rows.values_list("ref", "version", "definition"):
        if (ref, version) in keys:
            yield (ref, version), definition
