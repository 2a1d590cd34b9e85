"""Signatures after Standard Webhooks 1.0, of what the shop tells and of what it is told.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

SECRET_PREFIX = "whsec_"  # noqa: S105 - what the standard writes before secrets
TOLERANCE_SECONDS = 5 * 60
"""A message that was signed longer ago than this, or as much ahead, is not taken: it may be a copy."""


def headers(message_id: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """Return the headers that sign a message."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{_digest(message_id, str(timestamp), body, secret)}",
    }


def is_right(given: Mapping[str, str], body: bytes, secret: str, *, at: float) -> bool:
    """Tell whether a message was signed with the secret, and lately. given: its headers. at: now, in Unix seconds."""
    message_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not (secret and message_id and timestamp.isascii() and timestamp.isdigit()):
        return False
    wanted = f"v1,{_digest(message_id, timestamp, body, secret)}"
    told = given.get("webhook-signature", "").split()
    # Each is compared in full, so that nobody learns from how long it takes.
    fits = [hmac.compare_digest(one.encode(), wanted.encode()) for one in told]
    return any(fits) and abs(at - int(timestamp)) <= TOLERANCE_SECONDS


def _digest(message_id: str, timestamp: str, body: bytes, secret: str) -> str:
    key = secret.encode()
    if secret.startswith(SECRET_PREFIX):
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    content = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
