"""Which version of a programme's terms a member accepted, and when. Kept as proof, also of who is forgotten."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cagnotte.domain import ids
from cagnotte.domain.errors import InvalidInput
from cagnotte.identity.models import TermsAcceptance

VERSION_LENGTH_MAX = 50


class Accepted(NamedTuple):
    """A version that a member accepted. source: where, such as "joining"."""

    version: str
    at: datetime
    source: str


def accept(
    *, programme_id: UUID, wallet_id: UUID, version: str, source: str, now: datetime
) -> bool:
    """Keep that a member accepted a version; return False when it stood so already.

    Raises InvalidInput without a version, or with one that is too long to be kept.
    """
    if not version.strip() or len(version) > VERSION_LENGTH_MAX:
        raise InvalidInput("Name the version of the terms: without it, nothing is proven.")
    _, is_new = TermsAcceptance.objects.get_or_create(
        wallet_id=wallet_id,
        version=version,
        defaults={
            "programme_id": programme_id,
            "bucket": ids.bucket_of(wallet_id),
            "at": now,
            "source": source,
        },
    )
    return is_new


def accepted(wallet_id: UUID) -> list[Accepted]:
    """Return the versions a member accepted, oldest first."""
    rows = TermsAcceptance.objects.filter(wallet_id=wallet_id).order_by("at", "id")
    return [Accepted(row.version, row.at, row.source) for row in rows]
