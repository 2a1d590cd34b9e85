"""Deliveries from Cagnotte: are they genuine, and what do they say?

Signed as [Standard Webhooks](https://www.standardwebhooks.com/) writes it: `webhook-signature` holds the HMAC-SHA256,
in base64, of `{webhook-id}.{webhook-timestamp}.{body}`, once for each secret that is valid.
"""

import binascii
import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cagnotte_client.errors import SignatureInvalid

TOLERANCE_SECONDS = 300
"""How far a delivery's time may be from ours."""

_PREFIX = "whsec_"
_VERSION = "v1"
_CLOUDEVENTS = "cagnotte."
"""What types begin with in the envelope of CloudEvents."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A genuine delivery.

    id: the same whenever the same event is delivered again; act on each id once. sent_at: when this attempt was made.
    payload: the whole body.
    """

    id: str
    sent_at: datetime
    payload: dict[str, Any]

    @property
    def type(self) -> str:
        """What happened, such as `reward.confirmed`, in whichever envelope it came."""
        return str(self.payload.get("type", "")).removeprefix(_CLOUDEVENTS)

    @property
    def data(self) -> dict[str, Any]:
        """What it happened to."""
        found = self.payload.get("data")
        return found if isinstance(found, dict) else {}


def verify(
    body: bytes | str,
    headers: Mapping[str, str],
    secrets: str | Sequence[str],
    *,
    tolerance_seconds: int = TOLERANCE_SECONDS,
    now: float | None = None,
) -> Delivery:
    """Return what a delivery says, if it is genuine. Raises SignatureInvalid.

    body: the bytes as they came; parsed and written again, they have another signature. headers: of the request, in
    any spelling. secrets: `whsec_…`; several while one is being replaced. now: seconds since 1970; the clock's without.
    """
    named = {name.lower(): value for name, value in headers.items()}
    identity, sent_at, signatures = (
        _header(named, name) for name in ("id", "timestamp", "signature")
    )
    content = body.encode() if isinstance(body, str) else body
    moment = _moment(sent_at)
    if abs((time.time() if now is None else now) - moment) > tolerance_seconds:
        raise SignatureInvalid(
            "The delivery was signed too long ago, or one of the clocks is wrong."
        )
    keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    if not keys:
        raise ValueError("Without a secret, no delivery can be verified.")
    told = [one.partition(",")[2] for one in signatures.split() if one.startswith(f"{_VERSION},")]
    signed = f"{identity}.{sent_at}.".encode() + content
    # All pairs are compared, each in constant time: how long it takes tells nothing.
    matches = [
        hmac.compare_digest(_signature(key, signed).encode(), one.encode())
        for key in keys
        for one in told
    ]
    if not any(matches):
        raise SignatureInvalid("None of the secrets made this signature.")
    return Delivery(identity, datetime.fromtimestamp(moment, UTC), _payload(content))


def sign(body: bytes | str, secret: str, *, id: str, timestamp: int) -> dict[str, str]:  # noqa: A002 - its name in the header
    """Return the headers of a delivery, to test what receives it. timestamp: seconds since 1970."""
    content = body.encode() if isinstance(body, str) else body
    signed = f"{id}.{timestamp}.".encode() + content
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"{_VERSION},{_signature(_key(secret), signed)}",
    }


def _header(named: Mapping[str, str], name: str) -> str:
    found = named.get(f"webhook-{name}")
    if not found:
        raise SignatureInvalid(f"The header webhook-{name} is missing.")
    return found


def _moment(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 11:  # noqa: PLR2004 - the year 5138
        raise SignatureInvalid("The header webhook-timestamp is no number of seconds.")
    return int(text)


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        # With an empty key anybody could sign.
        raise ValueError(f"A secret is {_PREFIX}… followed by base64; this is none.")
    return key


def _signature(key: bytes, signed: bytes) -> str:
    return b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _payload(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SignatureInvalid("The delivery is signed, but holds no JSON object.")
    return found
