"""Who signs in as which member."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from cagnotte.domain.errors import Conflict
from cagnotte.identity.models import Member, Membership


def member_at(person: Any, programme_id: UUID) -> Member | None:
    """Return the member that a person is in a programme, with the wallet; None for who is none there."""
    found = Membership.objects.filter(person_id=person.pk, programme_id=programme_id)
    membership = found.select_related("member__wallet").first()
    return membership.member if membership else None


def memberships_of(person: Any) -> list[Membership]:
    """Return all that a person is a member of, by the programme's name; sandboxes are left out."""
    found = Membership.objects.filter(person_id=person.pk, programme__sandbox_of=None)
    return list(found.select_related("programme", "member").order_by("programme__name"))


def join(person: Any, member: Member, *, now: datetime) -> Membership:
    """Let a person sign in as a member; the same again changes nothing.

    Raises Conflict when somebody else signs in as this member, or the person is another member of the programme.
    """
    try:
        with transaction.atomic():
            membership, _ = Membership.objects.get_or_create(
                person_id=person.pk,
                member=member,
                defaults={"programme_id": member.programme_id, "since": now},
            )
    except IntegrityError:
        raise Conflict(
            "Either somebody else signs in as this member, or this person is another member of the programme."
        ) from None
    return membership
