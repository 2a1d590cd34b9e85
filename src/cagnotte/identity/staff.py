"""Who works for a programme, and what each role may do.

A person signs in with an e-mail address, and has one role in each programme. Whoever runs the whole house (Django's
superuser, made by `cagnotte init`) may do everything everywhere.
"""

import enum
import re
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.identity.addresses import folded
from cagnotte.identity.models import Programme, Staff
from cagnotte.identity.people import found_or_made

Role = Staff.Role


class Ability(enum.StrEnum):
    """What a page lets its visitor do."""

    LOOK = "look"
    """See how the programme is doing and what was asked of its interface."""
    MAKE_KEYS = "make_keys"
    """See, make, rotate and revoke keys."""
    MANAGE_WEBHOOKS = "manage_webhooks"
    """Make and change webhook endpoints, send again."""
    RESET_SANDBOX = "reset_sandbox"
    """Make the sandbox, and begin a new one."""
    MANAGE_STAFF = "manage_staff"
    """Invite people and take roles away."""


ABILITIES: dict[str, frozenset[Ability]] = {
    Role.OWNER: frozenset(Ability),
    Role.DEVELOPER: frozenset(Ability) - {Ability.MANAGE_STAFF},
    Role.SUPPORT: frozenset({Ability.LOOK}),
}
"""What each role may do."""

EMAIL_LENGTH_MAX = 150
"""The width of Django's column for names of users, which the address is."""

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")


class Post(NamedTuple):
    """A programme and a person's role there."""

    programme: Programme
    role: str

    def may(self, ability: Ability) -> bool:
        """Tell whether the role allows it."""
        return ability in ABILITIES[self.role]


def programmes_of(person: Any) -> list[Post]:
    """Return the programmes a person works for, by name; sandboxes belong to their programme and are not named."""
    if not person.is_active:
        return []
    live = Programme.objects.filter(sandbox_of=None).order_by("name", "slug")
    if person.is_superuser:
        return [Post(programme, Role.OWNER) for programme in live]
    roles = dict(Staff.objects.filter(person_id=person.pk).values_list("programme_id", "role"))
    return [Post(programme, roles[programme.id]) for programme in live.filter(id__in=roles)]


def post_at(person: Any, slug: str) -> Post:
    """Return a person's role in the programme of that slug.

    Raises NotFound when there is none, whether or not the programme exists: strangers learn nothing.
    """
    for post in programmes_of(person):
        if post.programme.slug == slug:
            return post
    raise NotFound(f"You have no programme “{slug}”.", slug=slug)


def staff_of(programme_id: UUID) -> list[Staff]:
    """Return who works for a programme, owners first, then by address."""
    rows = Staff.objects.filter(programme_id=programme_id).select_related("person")
    order = list(ABILITIES)
    return sorted(rows, key=lambda row: (order.index(row.role), row.person.get_username()))


class Invited(NamedTuple):
    """A role that was given; is_new: whether the person was unknown before."""

    staff: Staff
    is_new: bool


@transaction.atomic
def invite(*, email: str, programme: Programme, role: str, now: datetime, by: str = "") -> Invited:
    """Give a person a role in a programme, or another than before; make the person if need be.

    A new person has no password: the first sign-in is by a code sent to the address, which proves it.
    Raises InvalidInput for what is no address or no role, Refused for a sandbox, and when the last owner would be
    none any more.
    """
    address = folded(email.strip())
    if not address.isascii():
        raise InvalidInput(
            f"“{email}” has letters beyond a to z; mail to such addresses cannot be told apart safely.",
            field="email",
        )
    if len(address) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(address):
        raise InvalidInput(f"“{email}” is no e-mail address.", field="email")
    if role not in ABILITIES:
        raise InvalidInput(f"“{role}” is no role; there are: {', '.join(ABILITIES)}.", field="role")
    if programme.sandbox_of is not None:
        raise Refused(
            f"“{programme.slug}” is a sandbox; who works for its programme works there too."
        )
    _lock(programme.id)
    person, is_new = found_or_made(address)
    found = Staff.objects.filter(person=person, programme=programme).first()
    if found is None:
        row = Staff(person=person, programme=programme, role=role, since=now, added_by=by)
        row.save(force_insert=True)
        return Invited(row, is_new)
    if found.role == Role.OWNER and role != Role.OWNER:
        _keep_an_owner(found)
    found.role = role
    found.save(update_fields=["role"])
    return Invited(found, is_new)


@transaction.atomic
def dismiss(*, programme_id: UUID, staff_id: int) -> Staff:
    """Take a person's role in a programme away; the person may still sign in.

    Raises NotFound when the programme has no such row, Refused when it is its last owner's.
    """
    _lock(programme_id)
    found = Staff.objects.filter(programme_id=programme_id, id=staff_id).first()
    if found is None:
        raise NotFound("There is nobody of that number in this programme.")
    if found.role == Role.OWNER:
        _keep_an_owner(found)
    found.delete()
    return found


def _lock(programme_id: UUID) -> None:
    """Let those who change the staff of a programme do so in turn."""
    Programme.objects.select_for_update(no_key=True).get(id=programme_id)


def _keep_an_owner(leaving: Staff) -> None:
    owners = Staff.objects.filter(programme_id=leaving.programme_id, role=Role.OWNER)
    if not owners.exclude(id=leaving.id).exists():
        raise Refused("A programme keeps one owner at least; make somebody else owner first.")
