"""Codes by which a member pays one order at a till: shown for some minutes, used once, kept as a keyed hash alone."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cagnotte.domain.errors import Conflict, NotFound
from cagnotte.domain.ids import bucket_of, derived_id
from cagnotte.platform.secrets_box import fingerprint
from cagnotte.platform.sql import load
from cagnotte.wallet.movements import Connection, lock_wallets

SQL = load("pay_codes")

DIGITS = 12
"""Of a code: few enough to be typed at a till, too many to be guessed while it is valid."""

MINUTES = 5
"""How long a code can be used."""

TRIES = 5
"""So many codes are drawn before one gives up finding a free one."""

_GROUP = 4


@dataclass(frozen=True, slots=True)
class PayCodeView:
    """A code, without itself. taken_for: the reference of the hold that used it."""

    id: UUID
    wallet_id: UUID
    maximum_minor: int | None
    made_at: datetime
    expires_at: datetime
    taken_at: datetime | None
    taken_for: str


def shown(code: str) -> str:
    """Write a code in groups that are easily read out: 4821 0937 5516."""
    return " ".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def make(
    connection: Connection,
    *,
    programme_id: UUID,
    wallet_id: UUID,
    now: datetime,
    maximum_minor: int | None = None,
) -> tuple[str, UUID]:
    """Draw a code for a wallet, in the caller's transaction; return it and its id. An unused one before it is over.

    maximum_minor: the most it may take, in minor units of the programme's currency.
    Raises NotFound when the wallet is not of this programme, Conflict when no free code was found.
    """
    lock_wallets(connection, [wallet_id], programme_id=programme_id)
    connection.execute(SQL.drop_unused, {"wallet_id": wallet_id})
    for _ in range(TRIES):
        code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
        code_hash = _hash(code)
        code_id = derived_id(now, "pay-code", programme_id, code_hash)
        values = {
            "id": code_id,
            "programme_id": programme_id,
            "wallet_id": wallet_id,
            "bucket": bucket_of(wallet_id),
            "code_hash": code_hash,
            "maximum_minor": maximum_minor,
            "now": now,
            "expires_at": now + timedelta(minutes=MINUTES),
        }
        if connection.execute(SQL.insert, values).rowcount:
            return code, code_id
    raise Conflict("No free code was found; try again.")


def take(
    connection: Connection, programme_id: UUID, code: str, *, reference: str, now: datetime
) -> PayCodeView:
    """Use a code for a hold of this reference, in the caller's transaction; again for the same one, it stays used.

    Raises NotFound when there is no such code or its time is over, Conflict when it was used for another hold.
    """
    values = {"programme_id": programme_id, "code_hash": _hash("".join(code.split()))}
    row = connection.execute(SQL.by_hash, values).fetchone()
    if row is None:
        raise _unknown()
    lock_wallets(connection, [row[1]], programme_id=programme_id)
    row = connection.execute(SQL.by_hash, values).fetchone()
    if row is None:
        raise _unknown()
    found = PayCodeView(*row)
    if found.taken_at is not None:
        if found.taken_for != reference:
            raise Conflict("This code has paid another order; the member makes a new one.")
        return found
    if now >= found.expires_at:
        raise _unknown()
    connection.execute(SQL.take, {"id": found.id, "reference": reference, "now": now})
    return found


def _unknown() -> NotFound:
    return NotFound("This code does not exist or its time is over; the member makes a new one.")


def code_of_wallet(
    connection: Connection, programme_id: UUID, wallet_id: UUID, code_id: UUID
) -> PayCodeView | None:
    """Return a wallet's code by its id, to see whether it was used; None when it has none such any more."""
    values = {"programme_id": programme_id, "wallet_id": wallet_id, "id": code_id}
    row = connection.execute(SQL.taken_of_wallet, values).fetchone()
    return PayCodeView(*row) if row else None


def _hash(code: str) -> str:
    return fingerprint(f"pay code {code}")
