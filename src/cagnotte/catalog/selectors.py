"""Questions to the catalogue, answered with the values that rating reads."""

import dataclasses
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import psycopg
from django.db.models import F

from cagnotte.catalog import models
from cagnotte.catalog.definitions import contract_from, offer_from
from cagnotte.domain.contracts import Contract
from cagnotte.domain.offers import Offer
from cagnotte.platform import sql

VersionKey = tuple[str, int]
"""Reference and version number, as decisions keep them."""


def contracts(programme_id: UUID) -> list[Contract]:
    """Return every version of every contract that is in force on some day, with those days as its validity.

    Versions of one contract never share a day, so a date finds at most one of each. Ordered by reference and version.
    """
    rows = _in_force(models.Contract.objects.all(), programme_id)
    return [
        dataclasses.replace(contract_from(data), valid_from=since, valid_until=until)
        for data, since, until in rows
    ]


def offers(programme_id: UUID) -> list[Offer]:
    """Return every version of every offer that is in force on some day, as `contracts` does."""
    rows = _in_force(models.Offer.objects.all(), programme_id)
    return [
        dataclasses.replace(offer_from(data), valid_from=since, valid_until=until)
        for data, since, until in rows
    ]


def contracts_by_version(programme_id: UUID, keys: Iterable[VersionKey]) -> dict[VersionKey, Contract]:
    """Return the named versions as they were loaded, in force or not; for decisions made under them."""
    wanted = set(keys)
    rows = models.Contract.objects.filter(programme_id=programme_id, ref__in={ref for ref, _ in wanted})
    return {
        (row.ref, row.version): contract_from(row.definition)
        for row in rows
        if (row.ref, row.version) in wanted
    }


def offers_by_version(programme_id: UUID, keys: Iterable[VersionKey]) -> dict[VersionKey, Offer]:
    """Return the named versions as they were loaded, in force or not; for decisions made under them."""
    wanted = set(keys)
    rows = models.Offer.objects.filter(programme_id=programme_id, ref__in={ref for ref, _ in wanted})
    return {
        (row.ref, row.version): offer_from(row.definition)
        for row in rows
        if (row.ref, row.version) in wanted
    }


def by_version(
    programme_id: UUID, *, contracts: Iterable[VersionKey], offers: Iterable[VersionKey]
) -> tuple[dict[VersionKey, Contract], dict[VersionKey, Offer]]:
    """Return the contracts and offers that a frozen decision names, as they were loaded."""
    return contracts_by_version(programme_id, contracts), offers_by_version(programme_id, offers)


def category_parents(programme_id: UUID) -> dict[str, str | None]:
    """Return the parent of every category, None for roots."""
    return dict(
        models.Category.objects.filter(programme_id=programme_id).values_list("ref", "parent_ref")
    )


def category_names(programme_id: UUID) -> dict[str, str]:
    """Return the name of every category, for sentences."""
    return dict(models.Category.objects.filter(programme_id=programme_id).values_list("ref", "name"))


def products(
    connection: psycopg.Connection[Any], programme_id: UUID
) -> dict[str, tuple[str | None, str | None, bool]]:
    """Return (category, brand, is a gift card) of every article, by its sku; one query."""
    # Plain tuples, whatever row factory the connection carries: a catalogue may hold 100,000 articles.
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        cursor.execute(sql.load("catalogue").products_of_programme, {"programme": programme_id})
        return {
            sku: (category or None, brand or None, gift_card)
            for sku, category, brand, gift_card in cursor
        }


def _in_force(rows: Any, programme_id: UUID) -> Any:
    """Definitions with their days, without versions whose window is empty."""
    return (
        rows.filter(programme_id=programme_id, valid_until__gte=F("valid_from"))
        .order_by("ref", "version")
        .values_list("definition", "valid_from", "valid_until")
    )
