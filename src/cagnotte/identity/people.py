"""People who sign in, by their address; as what (member, staff), others say."""

from typing import Any

from django.contrib.auth import get_user_model

from cagnotte.domain.errors import Conflict


def person_of(address: str) -> Any | None:
    """Return the person of an address, whatever its capitals; None when there is none."""
    known = _users().filter(email__iexact=address).order_by("-is_superuser", "pk").first()
    return known or _users().filter(username=address.lower()).first()


def found_or_made(address: str) -> tuple[Any, bool]:
    """Return the person of an address, made without a password if there is none; and whether it was made."""
    known = person_of(address)
    if known is not None:
        return known, False
    person = get_user_model()(username=address.lower(), email=address.lower())
    person.set_unusable_password()
    person.save(force_insert=True)
    return person, True


def change_address(person: Any, address: str) -> None:
    """Let a person sign in by another address, which must have been proven before.

    Raises Conflict when it is somebody else's; nothing is changed then.
    """
    known = person_of(address)
    if known is not None and known.pk != person.pk:
        raise Conflict("Another account signs in by this address.")
    by_address = person.username == person.email.lower()
    person.email = address.lower()
    if by_address:
        person.username = address.lower()
    person.save(update_fields=["email", "username"])


def _users() -> Any:
    return get_user_model()._default_manager  # noqa: SLF001 - the public way to any user model's rows
