"""Browsers that members are pushed to, and the keys that say who pushes (VAPID, RFC 8292).

What a browser gives us is sealed: its address and keys are all that is needed to write to it.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import IntegrityError, transaction
from django.db.models import Q

from cagnotte.domain.errors import InvalidInput, Refused
from cagnotte.domain.ids import bucket_of, named_id, public_id
from cagnotte.identity.models import Wallet
from cagnotte.notices.models import PushDevice, ServerKey
from cagnotte.platform import kept_secrets
from cagnotte.platform.secrets_box import fingerprint, seal, unseal

PREFIX = "dev"
"""Public ids of devices begin so."""

VAPID = "vapid"
"""The name of the key."""

DEVICES_MAX = 10
"""Most devices of one member."""

ADDRESS_LENGTH_MAX = 2_000
POINT_BYTES, SECRET_BYTES = 65, 16
"""Of an uncompressed point on P-256, and of the secret that a browser shares."""


class Subscription(NamedTuple):
    """What a browser's push service gave it. p256dh, auth: base64url without padding."""

    endpoint: str
    p256dh: str
    auth: str


class DeviceView(NamedTuple):
    """A device as its member sees it."""

    id: UUID
    name: str
    since: datetime

    @property
    def public_id(self) -> str:
        """The id in forms."""
        return public_id(PREFIX, self.id)


def checked(subscription: Subscription) -> Subscription:
    """Return a subscription that can be sent to. Raises InvalidInput."""
    endpoint, p256dh, auth = subscription
    if not all(isinstance(text, str) for text in subscription):
        raise InvalidInput("That is no subscription of a browser.")
    if not re.match(r"https?://[^\s/]", endpoint) or len(endpoint) > ADDRESS_LENGTH_MAX:
        raise InvalidInput("That is no address of a push service.")
    try:
        point = decoded(p256dh)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        secret = decoded(auth)
    except (ValueError, binascii.Error):
        raise InvalidInput("The keys of the browser cannot be read.") from None
    if len(point) != POINT_BYTES or len(secret) != SECRET_BYTES:
        raise InvalidInput("The keys of the browser cannot be read.")
    return subscription


def add(
    *,
    programme_id: UUID,
    wallet_id: UUID,
    subscription: Subscription,
    name: str,
    now: datetime,
) -> UUID:
    """Keep a browser and return its id; one that was another member's before is this one's now.

    Raises Refused for too many.
    """
    print_ = fingerprint(subscription.endpoint)
    device_id = named_id("device", print_, wallet_id)
    with transaction.atomic():
        # The wallet's row stands for its owner's facts: two browsers that are added at once are counted in turn.
        Wallet.objects.select_for_update(no_key=True).get(id=wallet_id)
        others = PushDevice.objects.filter(wallet_id=wallet_id).exclude(fingerprint=print_)
        if others.count() >= DEVICES_MAX:
            raise Refused(
                f"You are told on {DEVICES_MAX} devices already; take one off the list first."
            )
        PushDevice.objects.filter(fingerprint=print_).exclude(wallet_id=wallet_id).delete()
        PushDevice.objects.update_or_create(
            fingerprint=print_,
            defaults={
                "id": device_id,
                "programme_id": programme_id,
                "wallet_id": wallet_id,
                "bucket": bucket_of(wallet_id),
                "sealed": seal(json.dumps(subscription)),
                "name": name[:60],
                "since": now,
            },
        )
    return device_id


def remove(*, wallet_id: UUID, device_id: UUID) -> bool:
    """Push no more to a member's device; False when the member has none such."""
    count, _ = PushDevice.objects.filter(wallet_id=wallet_id, id=device_id).delete()
    return bool(count)


def remove_browser(
    *, wallet_ids: Sequence[UUID], device_ids: Sequence[UUID], endpoints: Sequence[str]
) -> int:
    """Push no more to one browser of somebody, known by ids or addresses; return how many rows went.

    wallet_ids: of all that they are a member as; other members' devices stay.
    """
    is_it = Q(id__in=device_ids) | Q(fingerprint__in=[fingerprint(one) for one in endpoints])
    return PushDevice.objects.filter(is_it, wallet_id__in=wallet_ids).delete()[0]


def of_wallet(wallet_id: UUID) -> list[DeviceView]:
    """Return a member's devices, the latest first."""
    rows = PushDevice.objects.filter(wallet_id=wallet_id).order_by("-since")
    return [DeviceView(row.id, row.name, row.since) for row in rows]


def subscriptions_of(wallet_id: UUID) -> dict[UUID, Subscription]:
    """Return where to push to a member, by device. Raises SecretUnreadable."""
    rows = PushDevice.objects.filter(wallet_id=wallet_id).order_by("since")
    return {row.id: Subscription(*json.loads(unseal(row.sealed))) for row in rows}


def private_key(*, now: datetime) -> ec.EllipticCurvePrivateKey:
    """Return the key that signs what is pushed; it is made at the first need, and never again.

    Raises SecretUnreadable.
    """
    row = ServerKey.objects.filter(name=VAPID).first() or _made(now)
    (text, *_) = kept_secrets.values(row, now)
    found = serialization.load_pem_private_key(text.encode(), None)
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise TypeError("the key for pushes is of another kind")
    return found


def public_key(*, now: datetime) -> str:
    """Return what a browser is told when it subscribes: the public key, base64url."""
    point = private_key(now=now).public_key()
    return encoded(
        point.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
    )


def name_of(user_agent: str) -> str:
    """Return a browser and its system in two words, for people; empty for none that we know."""
    browser = _first(
        user_agent,
        (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")),
    )
    system = _first(
        user_agent,
        (
            ("Android", "Android"),
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Windows", "Windows"),
            ("Mac OS", "Mac"),
            ("Linux", "Linux"),
        ),
    )
    return " · ".join(part for part in (browser, system) if part)


def encoded(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Read base64url, padded or not. Raises ValueError."""
    bare = text.rstrip("=")
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _made(now: datetime) -> ServerKey:
    made = ec.generate_private_key(ec.SECP256R1())
    text = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    row = ServerKey(name=VAPID)
    try:
        with transaction.atomic():
            kept_secrets.fill(row, text, now=now)
    except IntegrityError:
        return ServerKey.objects.get(name=VAPID)
    return row


def _first(text: str, known: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in known if mark in text), "")
