"""Signatures of incoming messages: over the raw bytes, compared in constant time, by any of the valid secrets."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from cagnotte.hooks.sources import BadSignature

TOLERANCE_SECONDS = 300
"""How far a signed time may be from ours."""


def hmac_sha256(secret: str, content: bytes) -> bytes:
    """Return the HMAC-SHA256 of bytes under a secret text."""
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def hexadecimal(digest: bytes) -> str:
    """Write a digest as lower-case hexadecimal digits."""
    return digest.hex()


def base64_text(digest: bytes) -> str:
    """Write a digest in standard base64."""
    return base64.b64encode(digest).decode()


def check(
    given: str | Iterable[str],
    secrets: Sequence[str],
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
