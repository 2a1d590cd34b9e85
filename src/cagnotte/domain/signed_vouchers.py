"""Vouchers that a till can check without a line: what they say, as a text to be signed and put into a QR code.

    CV1.PAYLOAD.SIGNATURE

PAYLOAD is JSON (RFC 8259) in UTF-8, SIGNATURE an Ed25519 signature (RFC 8032) over the bytes of "CV1." and PAYLOAD as
they stand in the text; both are written in base64url without padding (RFC 4648, section 5). Keys of the payload:

    v  the voucher's id, vou_…        k  the key's id, vky_…          p  the programme's id, pro_…
    a  amount in minor units          c  its currency                 m  smallest basket, in minor units
    f  first day, YYYY-MM-DD          u  last day                     s  the only shop, mer_…; absent = any

Signing is left to others: this module holds no key.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.ids import parse_public_id, public_id
from cagnotte.domain.vouchers import Terms

VERSION = "CV1"
LENGTH_MAX = 1_000
"""Characters of a signed voucher; real ones have about 350."""

_NOT_ONE = "This is no signed voucher of Cagnotte."


@dataclass(frozen=True, slots=True)
class SignedVoucher:
    """What a signed voucher says; its terms are those of the voucher."""

    voucher_id: UUID
    key_id: UUID
    programme_id: UUID
    terms: Terms


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text taken apart: what it says, the bytes that were signed, and the signature over them."""

    says: SignedVoucher
    signed: bytes
    signature: bytes


def to_sign(voucher: SignedVoucher) -> str:
    """Return the text that is signed: version and payload."""
    terms = voucher.terms
    payload: dict[str, Any] = {
        "v": public_id("vou", voucher.voucher_id),
        "k": public_id("vky", voucher.key_id),
        "p": public_id("pro", voucher.programme_id),
        "a": terms.amount_minor,
        "c": terms.currency,
        "m": terms.minimum_basket_minor,
        "f": terms.valid_from.isoformat(),
        "u": terms.valid_until.isoformat(),
    }
    if terms.merchant_id is not None:
        payload["s"] = public_id("mer", terms.merchant_id)
    return f"{VERSION}.{_text(json.dumps(payload, separators=(',', ':')).encode())}"


def with_signature(text: str, signature: bytes) -> str:
    """Return the whole text of a signed voucher."""
    return f"{text}.{_text(signature)}"


def take_apart(text: str) -> Sealed:
    """Read a signed voucher; its signature is still to be checked. Raises InvalidInput when it is none."""
    version, _, rest = text.strip().partition(".")
    payload, _, signature = rest.partition(".")
    if version != VERSION or len(text) > LENGTH_MAX:
        raise InvalidInput(_NOT_ONE)
    try:
        says = _says(json.loads(_bytes(payload)))
        return Sealed(says, f"{version}.{payload}".encode(), _bytes(signature))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise InvalidInput(_NOT_ONE) from error


def _says(payload: dict[str, Any]) -> SignedVoucher:
    if not all(type(payload[key]) is int for key in "am"):
        raise ValueError("amounts are whole numbers")
    return SignedVoucher(
        voucher_id=parse_public_id("vou", payload["v"]),
        key_id=parse_public_id("vky", payload["k"]),
        programme_id=parse_public_id("pro", payload["p"]),
        terms=Terms(
            currency=str(payload["c"]),
            amount_minor=payload["a"],
            valid_from=date.fromisoformat(payload["f"]),
            valid_until=date.fromisoformat(payload["u"]),
            minimum_basket_minor=payload["m"],
            partial_use=False,
            merchant_id=parse_public_id("mer", payload["s"]) if "s" in payload else None,
            signed=True,
        ),
    )


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
