"""Other ways to recognise a member than by number: address, card, personal code, QR code, receipt.

Each is a `MemberKey`, kept in the one form that `stored` gives it, so that what a source writes and what a member
typed meet. An address is kept as a keyed hash alone. A card, an address or a receipt may be several members'; then it
decides nothing by itself (see `domain.attribution`). A personal code and a QR code are one member's alone.
"""

import hashlib
import re
import secrets
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.db import IntegrityError, transaction

from cagnotte.domain.attribution import Trace
from cagnotte.domain.errors import Conflict, InvalidInput
from cagnotte.identity.models import MemberKey
from cagnotte.platform import sql
from cagnotte.platform.secrets_box import fingerprint

KINDS = (Trace.EMAIL, Trace.CARD, Trace.PROMO_CODE, Trace.QR_CODE, Trace.RECEIPT)
"""Kinds of trace that lead to a member through a key; a member number and a click need none."""

SOLE = frozenset({Trace.PROMO_CODE, Trace.QR_CODE})
"""Kinds whose value is one member's alone."""

VALUE_LENGTH_MAX = 90
"""Of a value as given; with what is put before a receipt's it still fits its column."""

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Base32 after Crockford: no letter that is read as a digit."""

CODE_LENGTH = 8
"""Characters of a personal code, short enough to be typed: 40 bits."""

QR_LENGTH = 20
"""Characters of what a QR code shows, which no one types and no one may guess: 100 bits."""

TRIES = 5
"""So many codes are drawn before one gives up finding a free one."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CARD_NUMBER = re.compile(r"\d{12,19}")


class Key(NamedTuple):
    """A key of a member as it is kept."""

    kind: Trace
    value: str
    since: datetime | None


def stored(kind: Trace, value: str, merchant_id: UUID | None = None) -> str:
    """Return the form in which a key of this kind is kept and looked for.

    merchant_id: whose receipt it is; needed for receipts alone, since shops number theirs alike.
    Raises InvalidInput for a value that can be no key: empty, too long, or the number of a card itself.
    """
    text = value.strip()
    if not text or (len(text) > VALUE_LENGTH_MAX and kind is not Trace.EMAIL):
        raise InvalidInput(f"A {kind} has 1 to {VALUE_LENGTH_MAX} characters.")
    match kind:
        case Trace.EMAIL:
            return _address(text)
        case Trace.CARD:
            return _token(text)
        case Trace.PROMO_CODE | Trace.QR_CODE:
            return text.lower()
        case Trace.RECEIPT if merchant_id is not None:
            return f"{merchant_id.hex}:{''.join(text.split()).upper()}"
    raise InvalidInput(f"A {kind} is no key of a member.")


def _address(text: str) -> str:
    """Hash an address; one that came hashed (SHA-256 of it in small letters, the usual way) meets the same key."""
    lowered = text.lower()
    told = lowered if _SHA256.fullmatch(lowered) else hashlib.sha256(lowered.encode()).hexdigest()
    return fingerprint(told)


def _token(text: str) -> str:
    """Refuse what looks like the number of a card: that may not be kept, only what a card scheme calls the card."""
    digits = re.sub(r"[ -]", "", text)
    if _CARD_NUMBER.fullmatch(digits) and _has_check_digit(digits):
        raise InvalidInput(
            "This is the number of a card itself, which is never kept here; give the token that the card scheme made "
            "for it."
        )
    return text


def _has_check_digit(digits: str) -> bool:
    """Tell whether the last digit is the one that the Luhn formula (ISO/IEC 7812-1, annex B) asks for."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


# ---- linking --------------------------------------------------------------------------------------------------


def link(
    *,
    programme_id: UUID,
    wallet_id: UUID,
    kind: Trace,
    value: str,
    now: datetime,
    merchant_id: UUID | None = None,
) -> bool:
    """Let a value lead to a member from now on; return False when it did already.

    Raises InvalidInput as `stored`, Conflict when it is another member's and may not be shared.
    """
    kept = stored(kind, value, merchant_id)
    row = MemberKey(
        programme_id=programme_id, wallet_id=wallet_id, kind=kind, value=kept, since=now
    )
    same = MemberKey.objects.filter(programme_id=programme_id, kind=kind, value=kept)
    if same.filter(wallet_id=wallet_id).exists():
        return False
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        if same.filter(wallet_id=wallet_id).exists():
            return False
        raise Conflict(f"This {kind} belongs to another member.", kind=kind) from None
    return True


def unlink(*, programme_id: UUID, wallet_id: UUID, kind: Trace, value: str) -> bool:
    """Let a value lead to this member no longer; return False when it did not. Purchases it led here stay.

    value: as given when it was linked, or as `keys_of` shows it. Raises InvalidInput as `stored`.
    """
    forms = {value}
    if kind is not Trace.RECEIPT:
        forms.add(stored(kind, value))
    rows = MemberKey.objects.filter(
        programme_id=programme_id, wallet_id=wallet_id, kind=kind, value__in=forms
    )
    return bool(rows.delete()[0])


def give_promo_code(
    *, programme_id: UUID, wallet_id: UUID, now: datetime, code: str | None = None
) -> str:
    """Give a member a code of their own, drawn unless named; return it as it is kept, in small letters.

    Raises Conflict when the named code is another member's.
    """
    if code is not None:
        link(
            programme_id=programme_id,
            wallet_id=wallet_id,
            kind=Trace.PROMO_CODE,
            value=code,
            now=now,
        )
        return stored(Trace.PROMO_CODE, code)
    return _drawn(programme_id, wallet_id, Trace.PROMO_CODE, CODE_LENGTH, now)


def make_qr_code(*, programme_id: UUID, wallet_id: UUID, now: datetime) -> str:
    """Draw the reference that a member's QR code shows at the till; return it.

    One that was drawn before goes on leading to the member until it is unlinked.
    """
    return _drawn(programme_id, wallet_id, Trace.QR_CODE, QR_LENGTH, now)


def _drawn(programme_id: UUID, wallet_id: UUID, kind: Trace, length: int, now: datetime) -> str:
    for _ in range(TRIES):
        text = "".join(secrets.choice(ALPHABET) for _ in range(length))
        try:
            if link(programme_id=programme_id, wallet_id=wallet_id, kind=kind, value=text, now=now):
                return text
        except Conflict:
            continue
    raise Conflict(f"No free {kind} was found; try again.", kind=kind)


def forget(connection: psycopg.Connection[Any], programme_id: UUID, wallet_id: UUID) -> int:
    """Delete all keys of a member, inside the caller's transaction; return how many."""
    facts = {"programme_id": programme_id, "wallet_id": wallet_id}
    return connection.execute(sql.load("enrol").delete_keys_of, facts).rowcount


def keys_of(wallet_id: UUID) -> list[Key]:
    """Return all keys of a member as they are kept, by kind and age. Addresses are hashes."""
    rows = MemberKey.objects.filter(wallet_id=wallet_id).order_by("kind", "since", "value")
    return [Key(Trace(row.kind), row.value, row.since) for row in rows]
