"""Somebody joins a programme: all that makes a member, in one database transaction.

A shop may have known them before, by the same address, from a till or from a file: then they become that member, with
what it has earned. That is done only for an address which they have proven to be theirs.
"""

import secrets
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from django.db import transaction

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.domain.errors import InvalidInput, Refused
from cagnotte.domain.member_numbers import NUMBER_BITS, number_of
from cagnotte.growth import referrals
from cagnotte.identity import consents, memberships, profiles, terms
from cagnotte.identity.addresses import folded, of_address
from cagnotte.identity.models import Member, Membership, Programme
from cagnotte.identity.services import MemberFacts, save_members
from cagnotte.notices import telling
from cagnotte.notices.kinds import WELCOME
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.tracking.services import claim_visit

SOURCE = "joining"
"""Where terms are accepted and consents given, as is kept with them."""

NAME_LENGTH_MAX = 200


class Told(NamedTuple):
    """What somebody says when joining.

    Attributes:
        email: the address. is_proven: whether a code sent there came back.
        terms: the version of the terms that was accepted.
        agreed: the purposes agreed to. wording: the version of what they were asked in.
        sponsor: a friend's code as typed, "" for none. visit_id: of the visitor who joins, None when unknown.
    """

    email: str
    is_proven: bool
    terms: str
    locale: str
    name: str = ""
    agreed: frozenset[Purpose] = frozenset()
    wording: str = ""
    birthday: date | None = None
    sponsor: str = ""
    visit_id: UUID | None = None


class Joined(NamedTuple):
    """The member that somebody now is. was_known: a shop had told of the member before."""

    member: Member
    was_known: bool


def join(person: Any, programme: Programme, told: Told, *, now: datetime) -> Joined:
    """Make a person a member of a programme, or let them be the member they are already.

    Raises InvalidInput for what cannot be kept, Refused for a sandbox, and Conflict when the same person joins in two
    windows at once; nothing is kept then.
    """
    if programme.sandbox_of is not None:
        raise Refused("Nobody joins a sandbox: its members are made up.")
    if len(told.name) > NAME_LENGTH_MAX or "\x00" in told.name:
        raise InvalidInput(f"A name has at most {NAME_LENGTH_MAX} characters.", field="name")
    today = now.astimezone(ZoneInfo(programme.timezone)).date()
    with transaction.atomic():
        is_member = memberships.member_at(person, programme.id)
        if is_member is not None:
            return Joined(is_member, was_known=True)
        connection = shared_connection()
        known = _known(programme, told) if told.is_proven else None
        member = _saved(connection, programme, told, known, now=now, today=today)
        memberships.join(person, member, now=now)
        if known is not None:
            # The shop told of them long ago, when nobody could be welcomed; of a new member the event tells.
            telling.tell(
                connection,
                programme_id=programme.id,
                wallet_id=member.wallet_id,
                kind=WELCOME,
                facts={},
                key=WELCOME,
                now=now,
            )
        _keep_acts(member, told, now=now)
        if told.birthday is not None:
            profiles.tell_birthday(
                programme_id=programme.id,
                wallet_id=member.wallet_id,
                birthday=told.birthday,
                today=today,
            )
        claim(connection, member, told.visit_id, now=now)
        if told.sponsor:
            referrals.note_friend(
                connection,
                programme_id=programme.id,
                code=told.sponsor,
                friend_wallet_id=member.wallet_id,
                now=now,
            )
    return Joined(member, was_known=known is not None)


def claim(
    connection: psycopg.Connection[Any], member: Member, visit_id: UUID | None, *, now: datetime
) -> bool:
    """Let the clicks of a visit count for whoever signed in during it; False for no visit, or another's."""
    return visit_id is not None and claim_visit(
        connection,
        programme_id=member.programme_id,
        visit_id=visit_id,
        wallet_id=member.wallet_id,
        now=now,
    )


def _known(programme: Programme, told: Told) -> Member | None:
    """Return the one member of that address whom nobody signs in as.

    Where several share an address, as families do, nobody can tell which it is: the shop puts them together later.
    """
    here = Member.objects.filter(programme=programme, wallet__closed_at=None)
    found = of_address(here, told.email)
    free = found.exclude(id__in=Membership.objects.filter(programme=programme).values("member_id"))
    rows = list(free.select_related("wallet")[:2])
    return rows[0] if len(rows) == 1 else None


def _saved(
    connection: psycopg.Connection[Any],
    programme: Programme,
    told: Told,
    known: Member | None,
    *,
    now: datetime,
    today: date,
) -> Member:
    ref = known.ref if known else _free_number(programme)
    facts = MemberFacts(
        line=1,
        ref=ref,
        # What stands stays where nothing is said.
        name=told.name or None,
        email=None if known else folded(told.email),
        locale=told.locale,
    )
    save_members(connection, programme.id, [facts], now=now, today=today)
    return Member.objects.select_related("wallet").get(programme=programme, ref=ref)


def _free_number(programme: Programme) -> str:
    while True:
        number = number_of(secrets.randbits(NUMBER_BITS))
        if not Member.objects.filter(programme=programme, ref=number).exists():
            return number


def _keep_acts(member: Member, told: Told, *, now: datetime) -> None:
    terms.accept(
        programme_id=member.programme_id,
        wallet_id=member.wallet_id,
        version=told.terms,
        source=SOURCE,
        now=now,
    )
    for purpose in sorted(told.agreed):
        act = Consent(purpose, granted=True, at=now, source=SOURCE, text_version=told.wording)
        consents.record(wallet_id=member.wallet_id, consent=act)
