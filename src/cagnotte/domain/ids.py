"""Identities made by the application, never by a sequence of the database.

A ledger transaction's id is derived from the fact that causes it, so the primary key is the idempotency key.
UUID layouts follow RFC 9562: version 7 for ids of new facts, version 8 for derived ids.
"""

import hashlib
import uuid
from datetime import datetime
from functools import lru_cache

BUCKETS = 1024
"""Number of shards a book can fall into; fixed for ever, since every row carries its bucket."""

PUBLIC_LENGTH = 26
"""Characters of base32 that hold 128 bits."""

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_DECODE = {character: value for value, character in enumerate(_CROCKFORD)}


def _stamp(milliseconds: int, rest: int, version: int) -> uuid.UUID:
    value = (milliseconds & ((1 << 48) - 1)) << 80 | (rest & ((1 << 80) - 1))
    value = value & ~(0xF << 76) | version << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


@lru_cache(maxsize=64)
def milliseconds_of(moment: datetime) -> int:
    """Return an aware moment as milliseconds since 1970-01-01 UTC."""
    return int(moment.timestamp() * 1000)


def _digest(parts: tuple[object, ...]) -> bytes:
    """Hash parts by their text; ids by their digits, which are made faster."""
    texts = [f"{part.int:032x}" if type(part) is uuid.UUID else str(part) for part in parts]
    return hashlib.sha256("\x1f".join(texts).encode()).digest()


def derived_id(moment: datetime, *parts: object) -> uuid.UUID:
    """Return the UUIDv8 of a fact: 48 bits of its recording time, the rest SHA-256 of `parts`.

    Equal moment and parts give equal ids, on every machine.
    """
    return _stamp(milliseconds_of(moment), int.from_bytes(_digest(parts)[:10]), 8)


def milliseconds_in(identity: uuid.UUID) -> int:
    """Return the time, as `milliseconds_of`, that an id of `derived_id` begins with."""
    return identity.int >> 80


def transaction_id(
    recorded_at: datetime, programme_id: uuid.UUID, kind: str, fact_id: uuid.UUID, step: int
) -> uuid.UUID:
    """Return the id of the ledger transaction that fact `fact_id` causes at its `step` (0, 1 …)."""
    return derived_id(recorded_at, programme_id, kind, fact_id, step)


def named_id(*parts: object) -> uuid.UUID:
    """Return a UUIDv8 that depends on `parts` alone: accounts and other things known by name."""
    digest = _digest(parts)
    return _stamp(int.from_bytes(digest[10:16]), int.from_bytes(digest[:10]), 8)


def bucket_of(book_id: uuid.UUID) -> int:
    """Return the shard (0 … BUCKETS − 1) of a book and of all rows that belong to it."""
    return int.from_bytes(hashlib.blake2b(book_id.bytes, digest_size=2).digest()) % BUCKETS


def public_id(prefix: str, identity: uuid.UUID) -> str:
    """Write an id for people and URLs, such as "pur_01j9…": the prefix and 26 characters of base32."""
    value, characters = identity.int, []
    for _ in range(PUBLIC_LENGTH):
        value, digit = divmod(value, 32)
        characters.append(_CROCKFORD[digit])
    return f"{prefix}_{''.join(reversed(characters))}"


def parse_public_id(prefix: str, text: str) -> uuid.UUID:
    """Read back what `public_id` wrote. Raises ValueError when the prefix or the letters are wrong."""
    head, _, tail = text.partition("_")
    # The first of 26 letters holds 3 bits; a higher one would be a second name of the same id.
    well_formed = len(tail) == PUBLIC_LENGTH and set(tail) <= _DECODE.keys() and tail[0] <= "7"
    if head != prefix or not well_formed:
        raise ValueError(
            f"“{text}” is no id of the form {prefix}_ followed by 26 letters and digits"
        )
    value = 0
    for character in tail:
        value = value * 32 + _DECODE[character]
    return uuid.UUID(int=value)
