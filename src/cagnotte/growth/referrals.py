"""A member's code for friends, and the friends who joined with it.

The code is drawn at random, so it tells nothing about the member; it is short enough to be said on the telephone, and
holds no sign that is mistaken for another on paper. What a sponsor is told of a friend is a number, the month of
joining and how far the first purchase is: never a name.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.db import IntegrityError, transaction
from psycopg.rows import tuple_row

from cagnotte.domain.errors import Conflict
from cagnotte.domain.ids import bucket_of
from cagnotte.growth.models import SponsorCode
from cagnotte.identity.models import Wallet
from cagnotte.platform import sql

Connection = psycopg.Connection[Any]

SQL = sql.load("growth")

ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
"""No 0 or 1, which are written like o, i and l: whatever looks alike on paper is one sign or none."""

CODE_LENGTH = 8
"""Nearly 40 bits: nobody finds a member's code by trying, and everybody can type one."""

JOINING = timedelta(hours=24)
"""So long after the cagnotte was opened a code still counts as given when joining."""

TRIES = 5
"""So many codes are drawn before one gives up finding a free one."""


class Noted(StrEnum):
    """What became of a code that somebody gave when joining."""

    NOTED = "noted"
    ALREADY = "already"
    """The friend has joined with a code before; the first one stands."""
    UNKNOWN = "unknown"
    OWN = "own"
    NOT_NEW = "not_new"
    """The friend has had a cagnotte for longer: a code brings new members alone."""


class FriendState(StrEnum):
    """How far a friend is."""

    JOINED = "joined"
    PENDING = "pending"
    """A purchase is known, and not confirmed."""
    CONFIRMED = "confirmed"


class Friend(NamedTuple):
    """A friend as the sponsor may see them. number: 1 for the first who joined."""

    number: int
    joined_at: datetime
    state: FriendState


def code_of(wallet: Wallet, *, now: datetime) -> str:
    """Return a member's code as it is kept, drawn the first time it is asked for.

    Raises Conflict when no free code was found in a few draws, which a second try mends.
    """
    kept = SponsorCode.objects.filter(wallet_id=wallet.id).first()
    if kept is not None:
        return kept.code
    for _ in range(TRIES):
        drawn = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        row = SponsorCode(
            wallet_id=wallet.id,
            programme_id=wallet.programme_id,
            bucket=wallet.bucket,
            code=drawn,
            drawn_at=now,
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            # Either the code is another's, or a second window of the same member was faster.
            kept = SponsorCode.objects.filter(wallet_id=wallet.id).first()
            if kept is not None:
                return kept.code
            continue
        return drawn
    raise Conflict("No free code was found; try again.")


def shown(code: str) -> str:
    """Return a code as people read it: `k7rm2v9t` is `K7RM-2V9T`."""
    return f"{code[:4]}-{code[4:]}".upper()


def typed(text: str) -> str:
    """Return the form in which a code is kept, of what somebody typed or pasted; "" for what can be none."""
    kept = "".join(sign for sign in text.lower() if sign.isalnum())
    return kept if len(kept) == CODE_LENGTH and set(kept) <= set(ALPHABET) else ""


def sponsor_of(code: str, programme_id: UUID) -> UUID | None:
    """Return the wallet of the member whose code it is, as typed; None for a code of nobody, or of one who left."""
    kept = typed(code)
    if not kept:
        return None
    found = SponsorCode.objects.filter(programme_id=programme_id, code=kept)
    wallet_id = found.values_list("wallet_id", flat=True).first()
    if wallet_id is None or not Wallet.objects.filter(id=wallet_id, closed_at=None).exists():
        return None
    return wallet_id


def note_friend(
    connection: Connection, *, programme_id: UUID, code: str, friend_wallet_id: UUID, now: datetime
) -> Noted:
    """Keep that a new member joined with a code, in the caller's database transaction; say what became of it.

    code: as typed. It never raises for a code that does not count: joining goes on without a sponsor. The first code
    of a friend stands for good.
    """
    sponsor = sponsor_of(code, programme_id)
    if sponsor is None:
        return Noted.UNKNOWN
    if sponsor == friend_wallet_id:
        return Noted.OWN
    facts = {
        "programme_id": programme_id,
        "sponsor_wallet_id": sponsor,
        "friend_wallet_id": friend_wallet_id,
        "bucket": bucket_of(sponsor),
        "code": typed(code),
        "now": now,
        "opened_after": now - JOINING,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        is_written, is_new = cursor.execute(SQL.note_friend, facts).fetchone() or (False, False)
    if is_written:
        return Noted.NOTED
    return Noted.ALREADY if is_new else Noted.NOT_NEW


def friends_of(connection: Connection, wallet_id: UUID) -> list[Friend]:
    """Return who joined with a member's code, the last first; one query."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(SQL.friends_of, {"wallet_id": wallet_id}).fetchall()
    return [Friend(number, joined_at, FriendState(state)) for number, joined_at, state in rows]


def forget(wallet_id: UUID) -> int:
    """Drop a member's code, so that it leads nowhere any more; return how many there were.

    Who joined with it stays noted under the wallets' ids, which are nobody's name once the member is erased.
    """
    return SponsorCode.objects.filter(wallet_id=wallet_id).delete()[0]
