"""Questions about programmes, parties and members."""

from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from cagnotte.domain.errors import NotFound
from cagnotte.identity.addresses import of_address
from cagnotte.identity.models import Member, Party, Programme, Wallet
from cagnotte.platform import sql


def programme(slug: str | None) -> Programme:
    """Return the programme of that slug, or the only one that is no sandbox when no slug is given.

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
    live = [found for found in known.values() if found.sandbox_of is None]
    if len(live) != 1:
        raise NotFound(
            f"There are several programmes; name one of them: {slugs}.", slugs=list(known)
        )
    return live[0]


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


def party_page(
    programme_id: UUID, kind: str, *, after: str | None = None, count: int = 20
) -> list[Party]:
    """Return parties of a kind in the order of their references, those after one if it is named."""
    rows = Party.objects.filter(programme_id=programme_id, kind=kind)
    if after is not None:
        rows = rows.filter(ref__gt=after)
    return list(rows.order_by("ref")[:count])


def party(programme_id: UUID, kind: str, party_id: UUID) -> Party | None:
    """Return one party of a programme, None when it has none of this id and kind."""
    return Party.objects.filter(programme_id=programme_id, kind=kind, id=party_id).first()


def member_page(
    programme_id: UUID,
    *,
    after: str | None = None,
    count: int = 20,
    ref: str | None = None,
    email: str | None = None,
) -> list[Member]:
    """Return members with their wallets in the order of their numbers; email: whatever its capitals A to Z."""
    rows = Member.objects.filter(programme_id=programme_id).select_related("wallet")
    if after is not None:
        rows = rows.filter(ref__gt=after)
    if ref is not None:
        rows = rows.filter(ref=ref)
    if email is not None:
        rows = of_address(rows, email)
    return list(rows.order_by("ref")[:count])


def member(programme_id: UUID, member_id: UUID) -> Member | None:
    """Return one member of a programme with the wallet, None when there is none of this id."""
    found = Member.objects.filter(programme_id=programme_id, id=member_id)
    return found.select_related("wallet").first()


def wallet(programme_id: UUID, wallet_id: UUID) -> Wallet | None:
    """Return one wallet of a programme, None when there is none of this id."""
    return Wallet.objects.filter(programme_id=programme_id, id=wallet_id).first()
