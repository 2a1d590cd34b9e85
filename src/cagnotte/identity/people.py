"""People who sign in, by their address; as what (member, staff), others say."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from cagnotte.domain.errors import Conflict
from cagnotte.identity.addresses import folded, is_same, of_address
from cagnotte.identity.models import Membership
from cagnotte.identity.services import MemberFacts, save_members
from cagnotte.platform.shared_connection import shared_connection


def person_of(address: str) -> Any | None:
    """Return the person of an address, whatever its capitals A to Z; None when there is none."""
    known = of_address(_users(), address).order_by("-is_superuser", "pk").first()
    return known or _users().filter(username=folded(address)).first()


def found_or_made(address: str) -> tuple[Any, bool]:
    """Return the person of an address, made without a password if there is none; and whether it was made."""
    known = person_of(address)
    if known is not None:
        return known, False
    person = get_user_model()(username=folded(address), email=folded(address))
    person.set_unusable_password()
    person.save(force_insert=True)
    return person, True


@transaction.atomic
def change_address(person: Any, address: str, *, now: datetime) -> None:
    """Let a person sign in and be written to by another address, which must have been proven before.

    The members they are follow, wherever they had the old address. Raises Conflict when the new one is somebody
    else's; nothing is changed then.
    """
    known = person_of(address)
    if known is not None and known.pk != person.pk:
        raise Conflict("Another account signs in by this address.")
    before, after = person.email, folded(address)
    if person.username == folded(before):
        person.username = after
    person.email = after
    person.save(update_fields=["email", "username"])
    memberships = Membership.objects.filter(person_id=person.pk).select_related("member")
    for membership in memberships:
        if not is_same(membership.member.email, before):
            continue
        facts = MemberFacts(line=1, ref=membership.member.ref, email=after)
        save_members(
            shared_connection(), membership.programme_id, [facts], now=now, today=now.date()
        )


def _users() -> Any:
    return get_user_model()._default_manager  # noqa: SLF001 - the public way to any user model's rows
