"""Keys that sign vouchers, so that a till without a line can check them: Ed25519, one pair in use per programme.

The private half is sealed like bank details. `verify` needs nothing but a public key: it is what a till does.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cagnotte.domain import signed_vouchers
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.ids import derived_id
from cagnotte.domain.signed_vouchers import SignedVoucher
from cagnotte.platform import secrets_box
from cagnotte.wallet.voucher_views import SQL, Connection, VoucherView


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key: 32 bytes. A retired one signs no more; what it signed stays valid."""

    id: UUID
    number: int
    key: bytes
    created_at: datetime
    retired_at: datetime | None


def public_keys(connection: Connection, programme_id: UUID) -> list[PublicKey]:
    """Return every key that ever signed for a programme, oldest first."""
    rows = connection.execute(SQL.keys_of_programme, {"programme_id": programme_id})
    return [
        PublicKey(key_id, number, base64.b64decode(public), created_at, retired_at)
        for key_id, number, public, created_at, retired_at in rows
    ]


def rotate(connection: Connection, programme_id: UUID, *, now: datetime) -> None:
    """Make a new key pair; the one in use, if any, signs no more. Runs in the caller's transaction."""
    connection.execute(SQL.retire_key, {"programme_id": programme_id, "now": now})
    pair = Ed25519PrivateKey.generate()
    public = pair.public_key().public_bytes_raw()
    connection.execute(
        SQL.insert_key,
        {
            "id": derived_id(now, "voucher-key", programme_id, public.hex()),
            "programme_id": programme_id,
            "public_key": base64.b64encode(public).decode(),
            "sealed_key": secrets_box.seal(base64.b64encode(pair.private_bytes_raw()).decode()),
            "now": now,
        },
    )


def signed(connection: Connection, voucher: VoucherView, *, now: datetime) -> str:
    """Return the signed text of a voucher; a programme's first makes its first key.

    Raises SecretUnreadable when the key was sealed with another CAGNOTTE_FIELD_KEY.
    """
    programme = {"programme_id": voucher.programme_id}
    row = connection.execute(SQL.key_in_use, programme).fetchone()
    if row is None:
        rotate(connection, voucher.programme_id, now=now)
        row = connection.execute(SQL.key_in_use, programme).fetchone()
    if row is None:
        raise InvalidInput("The programme has no key to sign vouchers with.")
    key_id, _, _, sealed_key = row
    pair = Ed25519PrivateKey.from_private_bytes(base64.b64decode(secrets_box.unseal(sealed_key)))
    says = SignedVoucher(voucher.id, key_id, voucher.programme_id, voucher.terms)
    text = signed_vouchers.to_sign(says)
    return signed_vouchers.with_signature(text, pair.sign(text.encode()))


def verify(text: str, keys: Mapping[UUID, bytes]) -> SignedVoucher:
    """Return what a signed voucher says, after checking who signed it; `keys` are public keys by id.

    Raises InvalidInput when it is none, was signed by none of the keys, or was changed since.
    """
    sealed = signed_vouchers.take_apart(text)
    key = keys.get(sealed.says.key_id)
    if key is None:
        raise InvalidInput("The voucher was signed with a key that is not known here.")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(sealed.signature, sealed.signed)
    except InvalidSignature:
        raise InvalidInput("The voucher's signature is wrong: it was changed, or forged.") from None
    return sealed.says
