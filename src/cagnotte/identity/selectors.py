"""Questions about programmes, parties and members."""

from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from cagnotte.domain.errors import NotFound
from cagnotte.identity.models import Party, Programme
from cagnotte.platform import sql


def programme(slug: str | None) -> Programme:
    """Return the programme of that slug, or the only one when no slug is given.

    Raises NotFound, with the slugs that exist, when there is none or the choice is open.
    """
    known = {found.slug: found for found in Programme.objects.order_by("slug")}
    if slug in known:
        return known[slug]
    if not known:
        raise NotFound(
            "There is no programme yet; make one with `cagnotte programme load FILE` or `cagnotte init`."
        )
    slugs = ", ".join(known)
    if slug is not None:
        raise NotFound(f"There is no programme “{slug}”. The programmes are: {slugs}.", slug=slug)
    if len(known) > 1:
        raise NotFound(
            f"There are several programmes; name one of them: {slugs}.", slugs=list(known)
        )
    return next(iter(known.values()))


def parties(programme_id: UUID) -> dict[tuple[str, str], UUID]:
    """Return the id of every merchant, brand and network, by (kind, ref)."""
    rows = Party.objects.filter(programme_id=programme_id).values_list("kind", "ref", "id")
    return {(kind, ref): party_id for kind, ref, party_id in rows}


def party_names(programme_id: UUID) -> dict[tuple[str, str], str]:
    """Return the name of every merchant, brand and network, by (kind, ref), for sentences."""
    rows = Party.objects.filter(programme_id=programme_id).values_list("kind", "ref", "name")
    return {(kind, ref): name for kind, ref, name in rows}


class Shop(NamedTuple):
    """A merchant that links lead to. site, hosts: see `domain.links`; without a site it has no links."""

    id: UUID
    ref: str
    name: str
    site: str
    hosts: frozenset[str]


def shops(programme_id: UUID) -> dict[str, Shop]:
    """Return every merchant of a programme by its reference."""
    rows = Party.objects.filter(programme_id=programme_id, kind=Party.Kind.MERCHANT)
    return {
        row.ref: Shop(row.id, row.ref, row.name, row.site, frozenset(row.hosts))
        for row in rows.order_by("ref")
    }


def member_index(
    connection: psycopg.Connection[Any], programme_id: UUID
) -> dict[str, tuple[UUID, UUID]]:
    """Return (wallet id, member id) of every member, by member number; one query."""
    # Plain tuples, whatever row factory the connection carries: a programme may have a million members.
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(sql.load("enrol").member_index, {"programme_id": programme_id})
        return {ref: (wallet_id, member_id) for ref, wallet_id, member_id in cursor}
