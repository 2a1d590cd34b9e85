"""Signatures of incoming messages: over the raw bytes, compared in constant time, by any of the valid secrets."""

import base64
import binascii
import contextlib
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from cagnotte.hooks import reading
from cagnotte.hooks.sources import BadSignature

TOLERANCE_SECONDS = 300
"""How far a signed time may be from ours."""


def hmac_sha256(secret: str | bytes, content: bytes) -> bytes:
    """Return the HMAC-SHA256 of bytes under a secret text or key."""
    key = secret.encode() if isinstance(secret, str) else secret
    return hmac.new(key, content, hashlib.sha256).digest()


def hexadecimal(digest: bytes) -> str:
    """Write a digest as lower-case hexadecimal digits."""
    return digest.hex()


def base64_text(digest: bytes) -> str:
    """Write a digest in standard base64."""
    return base64.b64encode(digest).decode()


def check(
    given: str | Iterable[str],
    secrets: Sequence[str | bytes],
    content: bytes,
    *,
    written: Callable[[bytes], str] = base64_text,
) -> None:
    """Accept when one of the given signatures is the HMAC-SHA256 of `content` under one of the secrets.

    Every pair is compared, each in constant time. Raises BadSignature, also when no secret or no signature is there.
    """
    expected = [written(hmac_sha256(secret, content)).encode() for secret in secrets if secret]
    offered = [given] if isinstance(given, str) else list(given)
    right = False
    for one in offered:
        for other in expected:
            right |= hmac.compare_digest(one.encode(errors="replace"), other)
    if not right:
        raise BadSignature(
            "The signature is missing."
            if not any(offered)
            else "The signature does not fit the message."
        )


def check_time(
    signed_at: datetime, now: datetime, *, tolerance_seconds: int = TOLERANCE_SECONDS
) -> None:
    """Accept a signed time near ours, so that an old message cannot be sent again. Raises BadSignature."""
    if abs((now - signed_at).total_seconds()) > tolerance_seconds:
        raise BadSignature(
            f"The message was signed at {signed_at.isoformat()}, more than {tolerance_seconds} seconds from now."
        )


# ---- Standard Webhooks ----

STANDARD_PREFIX = "whsec_"


def standard_key(secret: str) -> bytes:
    """Return the key behind a secret: what follows “whsec_”, in base64; any other text is its own bytes.

    Raises BadSignature for a prefix without base64 behind it.
    """
    if not secret.startswith(STANDARD_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except binascii.Error:
        raise BadSignature(
            f"The secret begins with “{STANDARD_PREFIX}”, but no base64 follows."
        ) from None


def standard_signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Return what the header `webhook-signature` says of a message, after the specification Standard Webhooks 1.0."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64_text(hmac_sha256(standard_key(secret), content))


def check_standard(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> str:
    """Check a request signed after Standard Webhooks 1.0 and return its `webhook-id`.

    headers: names in lower case. Raises BadSignature, also when it was signed more than five minutes from `now`.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = [
        one.removeprefix("v1,")
        for one in headers.get("webhook-signature", "").split()
        if one.startswith("v1,")
    ]
    content = f"{message_id}.{timestamp}.".encode() + body
    check(given, [standard_key(secret) for secret in secrets if secret], content)
    try:
        signed_at = reading.unix_moment(timestamp, "webhook-timestamp")
    except reading.Misread:
        raise BadSignature("The message does not say when it was signed.") from None
    check_time(signed_at.utc, now)
    return message_id


# ---- JSON Web Signatures ----


def check_detached_jws(given: str, key_sets: Sequence[str], content: bytes) -> None:
    """Check a JSON Web Signature whose payload is the message itself, unencoded (RFC 7515 appendix F, RFC 7797).

    Only RS256 is taken. key_sets: JSON Web Key Sets (RFC 7517) as texts; the key is the one of the header's `kid`.
    Raises BadSignature, also for a signature of another kind and for a key that is in none of the sets.
    """
    try:
        protected, payload, signature = given.split(".")
        header = reading.mapping(reading.read_json(_from_base64url(protected)), "The header")
    except (ValueError, reading.Misread):
        raise BadSignature("The signature is missing, or is no JSON Web Signature.") from None
    if payload or header.get("alg") != "RS256" or header.get("b64") is not False:
        raise BadSignature("The signature is not of the kind that was agreed.")
    if header.get("crit") != ["b64"]:
        raise BadSignature("The signature demands what is not known here.")
    signed = protected.encode() + b"." + content
    for key in _rsa_keys(key_sets, header.get("kid")):
        try:
            key.public_key().verify(_from_base64url(signature), signed, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            continue
        return
    raise BadSignature("The signature does not fit the message, or its key is not known here.")


def _rsa_keys(key_sets: Sequence[str], kid: Any) -> list[RSAPublicNumbers]:
    """Return the keys of that name in all sets. A set that cannot be read holds none."""
    found: list[RSAPublicNumbers] = []
    for told in key_sets:
        with contextlib.suppress(reading.Misread, ValueError):
            known = reading.mapping(reading.read_json(told.encode()), "The key set")
            found += [
                RSAPublicNumbers(_big_number(key, "e"), _big_number(key, "n"))
                for key in reading.sequence(known.get("keys"), "keys")
                if reading.dig(key, "kty") == "RSA" and reading.dig(key, "kid") == kid
            ]
    return found


def _from_base64url(text: str) -> bytes:
    """Read base64 in the alphabet of addresses, without its padding. Raises ValueError."""
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)


def _big_number(key: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_from_base64url(reading.text(key, name, length_max=3000)), "big")
