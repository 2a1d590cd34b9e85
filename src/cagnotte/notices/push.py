"""What a browser is pushed: encrypted for it alone (RFC 8291), signed with our key (RFC 8292).

The push service in between learns neither what is said nor to whom: it sees an address it gave out itself, a
signature, and bytes.
"""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import http_ece
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from cagnotte.notices.devices import Subscription, decoded

KEPT_SECONDS = 3 * 86_400
"""How long a push service keeps a message for a device that is off."""

SIGNED_FOR = timedelta(hours=12)
"""How long a signature holds; at most a day is allowed."""

TEXT_LENGTH_MAX = 300
SALT_BYTES = 16


class Push(NamedTuple):
    """A message as it is sent: POST to url."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def message(
    subscription: Subscription,
    *,
    told: Mapping[str, str],
    key: ec.EllipticCurvePrivateKey,
    contact: str,
    urgent: bool,
    now: datetime,
) -> Push:
    """Write a message to a browser. told: title, body and url, which its service worker shows.

    contact: a mail address under which the push service reaches who runs this server. urgent: it may wake the device.
    """
    text = orjson.dumps({name: value[:TEXT_LENGTH_MAX] for name, value in told.items()})
    sealed = http_ece.encrypt(
        text,
        salt=os.urandom(SALT_BYTES),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decoded(subscription.p256dh),
        auth_secret=decoded(subscription.auth),
        version="aes128gcm",
    )
    parts = urlsplit(subscription.endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + SIGNED_FOR).timestamp()),
        "sub": f"mailto:{contact}",
    }
    headers = {
        **Vapid02(key).sign(claims),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEPT_SECONDS),
        "Urgency": "high" if urgent else "normal",
    }
    return Push(subscription.endpoint, headers, sealed)
