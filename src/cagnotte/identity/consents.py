"""What members agree to, beside the programme itself: asked by purpose, kept as proof, ended at any time.

Acts are appended and never changed, also not when a member is forgotten: they say under a pseudonym alone that
somebody agreed, when, where and to which wording, which is what must be proven. Whoever closes the account or wishes
to be forgotten agrees to nothing any more.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import transaction
from psycopg.rows import tuple_row

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.identity.models import Consent as Row
from cagnotte.identity.models import Wallet
from cagnotte.platform import sql

TEXT_LENGTH_MAX = 50
"""Of a source, and of a version."""


@transaction.atomic
def record(*, wallet_id: UUID, consent: Consent) -> bool:
    """Keep an act of a member; return False, keeping nothing, when it stands so already.

    Raises InvalidInput without a source, or when something is granted and no wording is named; NotFound.
    """
    _require(consent)
    # The wallet's row stands for its owner's facts: two who write for one member do so in turn.
    if not Wallet.objects.select_for_update(no_key=True).filter(id=wallet_id).exists():
        raise NotFound("There is no such cagnotte.", wallet_id=wallet_id)
    last = Row.objects.filter(wallet_id=wallet_id, purpose=consent.purpose).order_by("id").last()
    stands = last is not None and last.granted
    if stands == consent.granted and (
        last is None or not consent.granted or last.text_version == consent.text_version
    ):
        return False
    Row.objects.create(wallet_id=wallet_id, **consent._asdict())
    return True


def _require(consent: Consent) -> None:
    for what, text in (("source", consent.source), ("version", consent.text_version)):
        if len(text) > TEXT_LENGTH_MAX or "\x00" in text:
            raise InvalidInput(f"The {what} has at most {TEXT_LENGTH_MAX} characters.")
    if not consent.source.strip():
        raise InvalidInput("Say where the member said so, such as “checkout”.")
    if consent.granted and not consent.text_version.strip():
        raise InvalidInput(
            "Name the version of the wording that the member agreed to: without it, nothing is proven."
        )


def withdraw_all(*, wallet_id: UUID, now: datetime, source: str) -> int:
    """End all that a member agreed to; return how much there was."""
    return sum(
        record(wallet_id=wallet_id, consent=Consent(purpose, granted=False, at=now, source=source))
        for purpose in Purpose
    )


def history(wallet_id: UUID) -> list[Consent]:
    """Return all acts of a member, oldest first."""
    rows = Row.objects.filter(wallet_id=wallet_id).order_by("id")
    return [
        Consent(Purpose(row.purpose), row.granted, row.at, row.source, row.text_version)
        for row in rows
    ]


def standing(wallet_id: UUID) -> Mapping[Purpose, Consent]:
    """Return the last act of a member for each purpose; one never asked for is absent."""
    return {consent.purpose: consent for consent in history(wallet_id)}


def agreed(
    connection: psycopg.Connection[Any],
    programme_id: UUID,
    purpose: Purpose,
    wallet_ids: Iterable[UUID],
) -> dict[UUID, datetime]:
    """Return which of some members agree to a purpose, and since when without a break; one query.

    Members whose account is closed agree to nothing.
    """
    facts = {
        "programme_id": programme_id,
        "purpose": purpose.value,
        "wallet_ids": list(wallet_ids),
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(sql.load("consents").agreed, facts).fetchall())
