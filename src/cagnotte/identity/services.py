"""Writing programmes, operators, parties and members."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from psycopg.rows import tuple_row

from cagnotte.domain import ids
from cagnotte.domain.attribution import Trace
from cagnotte.domain.errors import Conflict, InvalidInput
from cagnotte.domain.money import decimals_of
from cagnotte.identity import keys
from cagnotte.identity.models import Party, Programme
from cagnotte.platform import sql

SQL = sql.load("enrol")

MEMBER_COLUMNS = "line, id, wallet_id, bucket, address_key, ref, name, email, country, locale, segments, joined_on"


class MemberFacts(NamedTuple):
    """One row of a file of members. None: the file says nothing, and what stands stays.

    line: its place in the file; of two rows about one member the later counts.
    """

    line: int
    ref: str
    name: str | None = None
    email: str | None = None
    country: str | None = None
    locale: str | None = None
    segments: list[str] | None = None
    joined_on: date | None = None


class PartyFacts(NamedTuple):
    """A merchant, brand or network, as the programme file has it. site, hosts: of a merchant (`domain.links`)."""

    kind: str
    ref: str
    name: str
    country: str
    site: str = ""
    hosts: tuple[str, ...] = ()


class Counts(NamedTuple):
    """How many rows were new, and how many changed what stood; the others changed nothing."""

    new: int
    changed: int


def programme_id_of(slug: str) -> UUID:
    """Return the identity of a programme, which depends on its slug alone."""
    return ids.named_id("programme", slug)


def wallet_id_of(programme_id: UUID, member_ref: str) -> UUID:
    """Return the identity of the wallet opened for a member number."""
    return ids.named_id(programme_id, "wallet", member_ref)


def member_id_of(programme_id: UUID, member_ref: str) -> UUID:
    """Return the identity of a member number."""
    return ids.named_id(programme_id, "member", member_ref)


def party_id_of(programme_id: UUID, kind: str, ref: str) -> UUID:
    """Return the identity of a merchant, brand or network."""
    return ids.named_id(programme_id, kind, ref)


def create_programme(*, slug: str, name: str, currency: str, timezone: str, now: datetime) -> bool:
    """Make a programme; return False, changing nothing, when there is one of that slug.

    Raises UnknownCurrency.
    """
    decimals_of(currency)
    _, created = Programme.objects.get_or_create(
        slug=slug,
        defaults={
            "id": programme_id_of(slug),
            "name": name,
            "currency": currency,
            "timezone": timezone,
            "created_at": now,
        },
    )
    return created


def save_programme(
    *, slug: str, name: str, currency: str, timezone: str, now: datetime
) -> Programme:
    """Make a programme, or bring its name up to date, and lock it until the caller's transaction ends.

    Raises Conflict when it exists with another currency or time zone: its books and its days rest on them.
    """
    create_programme(slug=slug, name=name, currency=currency, timezone=timezone, now=now)
    # Two loads of one programme wait for each other here; members may be enrolled meanwhile.
    programme = Programme.objects.select_for_update(no_key=True).get(slug=slug)
    if programme.currency != currency:
        raise Conflict(
            f"“{slug}” keeps its books in {programme.currency}; its currency cannot become {currency}. "
            "A programme in another currency is another programme, with a slug of its own."
        )
    if programme.timezone != timezone:
        raise Conflict(
            f"“{slug}” counts its days in {programme.timezone}; purchases already dated there cannot move to "
            f"{timezone}."
        )
    if programme.name != name:
        programme.name = name
        programme.save(update_fields=["name"])
    return programme


def save_parties(programme_id: UUID, parties: Iterable[PartyFacts]) -> Counts:
    """Write merchants, brands and networks: new ones, and those of which something changed. None is removed."""
    rows = [
        Party(
            id=party_id_of(programme_id, party.kind, party.ref),
            programme_id=programme_id,
            kind=party.kind,
            ref=party.ref,
            name=party.name,
            country=party.country,
            site=party.site,
            hosts=list(party.hosts),
        )
        for party in parties
    ]
    known = {found.id: _told(found) for found in Party.objects.filter(programme_id=programme_id)}
    fresh = [row for row in rows if row.id not in known]
    changed = [row for row in rows if row.id in known and known[row.id] != _told(row)]
    Party.objects.bulk_create(fresh, batch_size=5000)
    Party.objects.bulk_update(changed, ["name", "country", "site", "hosts"], batch_size=1000)
    return Counts(len(fresh), len(changed))


def _told(party: Party) -> tuple[str, str, str, list[str]]:
    """What a programme file says of a party, and may change."""
    return party.name, party.country, party.site, party.hosts


def save_members(
    connection: psycopg.Connection[Any],
    programme_id: UUID,
    members: Iterable[MemberFacts],
    *,
    now: datetime,
    today: date,
) -> Counts:
    """Enrol members and open their wallets, all at once, inside the caller's transaction.

    The same rows again change nothing, and rows of erased members never do. `today` is the joining day of members
    whose row names none. A member's address is also linked as a key (see `keys`), and the one before it no longer is.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(SQL.create_member_stage)
        sql.copy_rows(
            connection,
            "member_stage",
            MEMBER_COLUMNS,
            (_staged(programme_id, member) for member in members),
        )
        cursor.execute(SQL.drop_erased)
        cursor.execute(SQL.open_wallets, {"programme_id": programme_id, "now": now})
        cursor.execute(
            SQL.merge_members, {"programme_id": programme_id, "today": today, "now": now}
        )
        counts = Counts(*(cursor.fetchone() or (0, 0)))
        cursor.execute(SQL.drop_old_address_keys, {"programme_id": programme_id})
        cursor.execute(SQL.link_addresses, {"programme_id": programme_id, "now": now})
        cursor.execute(SQL.drop_member_stage)
    return counts


def _staged(programme_id: UUID, member: MemberFacts) -> tuple[object, ...]:
    wallet_id = wallet_id_of(programme_id, member.ref)
    return (
        member.line,
        member_id_of(programme_id, member.ref),
        wallet_id,
        ids.bucket_of(wallet_id),
        # Null where the file says nothing; empty where it says that there is none.
        keys.stored(Trace.EMAIL, member.email) if member.email else member.email,
        *member[1:],
    )


def has_operator(*, email: str) -> bool:
    """Say whether somebody runs the console under that address."""
    return bool(_users().filter(username=email.lower(), is_staff=True).exists())


def create_operator(*, email: str, password: str, username: str | None = None) -> bool:
    """Make a person who may do everything in the console; return False when there is one of that name.

    The name is the e-mail address unless another is given. Raises InvalidInput when the password is too weak.
    """
    name = username or email.lower()
    if _users().filter(username=name).exists():
        return False
    try:
        validate_password(password, get_user_model()(username=name, email=email))
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages)) from error
    get_user_model().objects.create_superuser(username=name, email=email, password=password)
    return True


def _users() -> Any:
    return get_user_model()._default_manager  # noqa: SLF001 - the public way to any user model's rows
