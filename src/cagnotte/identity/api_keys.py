"""Keys to the REST interface: made, shown once, recognised by their hash, rotated and revoked.

A key is `cag_MODE_KIND_` and 256 random bits, so its plain SHA-256 is enough to keep: nobody tries them all.
A key opens one programme. Keys of mode "test" are keys of that programme's sandbox, which is a programme of its own
(`Programme.sandbox_of`); nothing that is done with them can reach the books of the other.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from django.db import transaction
from psycopg.rows import tuple_row

from cagnotte.domain import ids
from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.identity.models import ApiKey, Programme
from cagnotte.platform import sql

SQL = sql.load("api")

SCOPES: dict[str, str] = {
    "catalog:read": "Read the programme, its merchants, brands, contracts and offers.",
    "quotes:read": "Ask what a basket would earn.",
    "members:read": "Read members.",
    "members:write": "Enrol, change and close members; make tokens for their browsers.",
    "purchases:read": "Read purchases.",
    "purchases:write": "Send, restate, cancel, confirm and return purchases.",
    "rewards:read": "Read rewards with their explanation.",
    "cagnottes:read": "Read balances, movements and lots.",
    "holds:read": "Read holds.",
    "holds:write": "Hold, capture, release and refund money of cagnottes.",
    "vouchers:read": "Check vouchers.",
    "vouchers:write": "Issue, redeem and void vouchers.",
    "payouts:read": "Read payouts and where they go.",
    "payouts:write": "Ask for payouts and name accounts.",
    "events:read": "Read what happened.",
    "webhooks:read": "Read webhook endpoints and deliveries.",
    "webhooks:write": "Make and change webhook endpoints, send again.",
}
"""What a key may be allowed, with what that means."""

PUBLISHABLE_SCOPES = ("catalog:read", "quotes:read")
"""What a key in a browser may do: all of it is there for any visitor to see. The rest needs a member's token."""

KEY_BYTES = 32
OVERLAP_HOURS = 24
"""How long a rotated key stays valid, so that every server can change over."""

API_VERSION = "2026-11-22"
"""The version that new keys are made for."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class MadeKey(NamedTuple):
    """A new key and, this once, its secret."""

    row: ApiKey
    secret: str


class Caller(NamedTuple):
    """Whoever sent a request, as far as the key says; `left` is how many more requests fit now, −1 when none did.

    currency, timezone: the programme's.
    """

    id: UUID
    programme_id: UUID
    slug: str
    currency: str
    timezone: str
    kind: str
    mode: str
    scopes: frozenset[str]
    origins: tuple[str, ...]
    api_version: str
    expires_at: datetime | None
    revoked_at: datetime | None
    left: int

    @property
    def is_publishable(self) -> bool:
        """Whether it may be seen by everybody who opens a page."""
        return self.kind == ApiKey.Kind.PUBLISHABLE

    def is_valid(self, now: datetime) -> bool:
        """Tell whether it opens anything: neither revoked nor past its last moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Quota(NamedTuple):
    """How many requests may be made: so many at once, and again so many per so many seconds."""

    requests: int
    seconds: int


def make(  # noqa: PLR0913 - what a key is, by name
    programme: Programme,
    *,
    name: str,
    now: datetime,
    kind: str = ApiKey.Kind.SECRET,
    scopes: Iterable[str] | None = None,
    origins: Iterable[str] = (),
    expires_at: datetime | None = None,
    created_by: str = "",
) -> MadeKey:
    """Make a key; its mode is that of the programme. scopes: None = all that its kind may have.

    Raises InvalidInput for an unknown or forbidden scope, a missing or malformed origin, or an empty name.
    """
    if not name.strip() or len(name) > 100:  # noqa: PLR2004 - the width of the column
        raise InvalidInput("A key has a name of 1 to 100 characters.", field="name")
    mode = ApiKey.Mode.TEST if programme.sandbox_of else ApiKey.Mode.LIVE
    allowed = PUBLISHABLE_SCOPES if kind == ApiKey.Kind.PUBLISHABLE else tuple(SCOPES)
    secret = _drawn(mode, kind)
    row = ApiKey(
        id=ids.derived_id(now, uuid4()),
        programme=programme,
        name=name.strip(),
        kind=ApiKey.Kind(kind),
        mode=mode,
        scopes=_checked_scopes(allowed if scopes is None else scopes, allowed),
        origins=_checked_origins(kind, mode, origins),
        secret_hash=hash_of(secret),
        last4=secret[-4:],
        api_version=API_VERSION,
        created_at=now,
        created_by=created_by,
        expires_at=expires_at,
    )
    row.save(force_insert=True)
    return MadeKey(row, secret)


def _drawn(mode: str, kind: str) -> str:
    value, letters = int.from_bytes(secrets.token_bytes(KEY_BYTES)), []
    for _ in range(50):  # 36^50 is more than 256 bits
        value, place = divmod(value, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    short = "sk" if kind == ApiKey.Kind.SECRET else "pk"
    return f"cag_{mode}_{short}_{''.join(letters)}"


def hash_of(secret: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checked_scopes(scopes: Iterable[str], allowed: tuple[str, ...]) -> list[str]:
    wanted = set(scopes)
    unknown = sorted(wanted - set(allowed))
    if unknown or not wanted:
        raise InvalidInput(
            f"“{', '.join(unknown)}” is no scope of such a key. Its scopes are: {', '.join(allowed)}.",
            field="scopes",
        )
    return [scope for scope in allowed if scope in wanted]


def _checked_origins(kind: str, mode: str, origins: Iterable[str]) -> list[str]:
    wanted = sorted({origin.strip().lower().rstrip("/") for origin in origins})
    if kind == ApiKey.Kind.SECRET:
        if wanted:
            raise InvalidInput(
                "A secret key is never used by a page; it has no origins.", field="origins"
            )
        return []
    for origin in wanted:
        if not (_ORIGIN.fullmatch(origin) or (origin == "*" and mode == ApiKey.Mode.TEST)):
            raise InvalidInput(
                f"“{origin}” is no origin; write it like https://shop.example (any page: *, for test keys alone).",
                field="origins",
            )
    return wanted


def admit(
    connection: psycopg.Connection[Any], secret: str, *, quota: Quota, address: str, now: datetime
) -> Caller | None:
    """Recognise a key and count this request against its quota, in one statement; None when nobody holds it.

    address: what tells browsers with one publishable key apart; empty for secret keys.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            SQL.admit,
            {
                "secret_hash": hash_of(secret),
                "address": f":{address}" if address else "",
                "quota": quota.requests,
                "refill_per_second": quota.requests / quota.seconds,
                "now": now,
            },
        ).fetchone()
    if row is None:
        return None
    *facts, admitted, level = row
    key = Caller._make([*facts, int(level) if admitted else -1])
    return key._replace(scopes=frozenset(key.scopes), origins=tuple(key.origins))


def keys_of(programme_id: UUID) -> list[ApiKey]:
    """Return a programme's keys and those of its sandboxes, newest first."""
    return list(
        ApiKey.objects.filter(
            programme_id__in=[
                programme_id,
                *Programme.objects.filter(sandbox_of=programme_id).values_list("id", flat=True),
            ]
        )
        .select_related("programme")
        .order_by("-created_at")
    )


def key(programme_id: UUID, text: str) -> ApiKey:
    """Return the key of that id (key_…), last four characters or name, among `keys_of`.

    Raises NotFound when there is none, or several that fit.
    """
    fitting = [
        row
        for row in keys_of(programme_id)
        if text in (ids.public_id("key", row.id), row.last4, row.name)
    ]
    if len(fitting) != 1:
        what = "no key" if not fitting else f"{len(fitting)} keys"
        raise NotFound(f"There is {what} “{text}”; `cagnotte keys list` shows them.", key=text)
    return fitting[0]


@transaction.atomic
def revoke(key_id: UUID, *, now: datetime) -> ApiKey:
    """Let a key open nothing any more, at once; revoking it again changes nothing."""
    row = ApiKey.objects.select_for_update().get(id=key_id)
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
    return row


@transaction.atomic
def rotate(
    key_id: UUID, *, now: datetime, overlap_hours: int = OVERLAP_HOURS, by: str = ""
) -> MadeKey:
    """Make a key that may do the same; the one before stays valid for so many hours.

    Raises Refused when it was revoked, has expired, or was rotated before.
    """
    row = ApiKey.objects.select_for_update(of=("self",)).select_related("programme").get(id=key_id)
    if row.revoked_at or row.replaced_by or (row.expires_at and row.expires_at <= now):
        raise Refused(
            "Only a key that is valid and was not rotated before can be rotated; make a new one."
        )
    made = make(
        row.programme, name=row.name, now=now, kind=row.kind, scopes=row.scopes, origins=row.origins,
        expires_at=row.expires_at, created_by=by,
    )  # fmt: skip
    until = now + timedelta(hours=overlap_hours)
    row.expires_at = min(until, row.expires_at) if row.expires_at else until
    row.replaced_by = made.row.id
    row.save(update_fields=["expires_at", "replaced_by"])
    return made
