"""One hash for the state of the books by natural keys, so that two ways to the same state can be compared.

Ids and recording times are left out: importing in one go, or interrupted and repeated, gives the same digest.
"""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.platform.sql import load

SQL = load("ledger")

_MODULUS = 1 << 256


class Tally:
    """A hash of a set of rows that does not depend on their order: the sum of their SHA-256, modulo 2^256.

    Rows are added as they stream by, so neither sorting nor memory is needed. A row that comes twice counts twice.
    """

    def __init__(self) -> None:
        self._sum = 0

    def add(self, *parts: object) -> None:
        """Add a row; its parts count by their text."""
        text = "\x1f".join(map(str, parts))
        self._sum += int.from_bytes(hashlib.sha256(text.encode()).digest())

    def hexdigest(self) -> str:
        """Return the hash of all rows so far, 64 hexadecimal digits."""
        return hashlib.sha256((self._sum % _MODULUS).to_bytes(32)).hexdigest()


def digest(
    connection: psycopg.Connection[Any],
    programme_id: UUID,
    *,
    key_of: Callable[[UUID], str] = str,
    tally: Tally | None = None,
) -> str:
    """Return the SHA-256 of a programme's books: sums of entries per account, and per book and account.

    `key_of` gives the natural key of an owner or book (a member number, a merchant's reference); the default is its
    id. A `tally` given by the caller, who adds rows of other contexts to it, receives the ledger's rows.
    """
    tally = tally or Tally()
    parameters = {"programme_id": programme_id}
    with connection.cursor("ledger_digest_accounts") as cursor:
        for kind, owner_id, currency, amount_minor in cursor.execute(
            SQL.digest_accounts, parameters
        ):
            tally.add("account", kind, key_of(owner_id), currency, amount_minor)
    with connection.cursor("ledger_digest_books") as cursor:
        for book_id, kind, owner_id, currency, amount_minor in cursor.execute(
            SQL.digest_books, parameters
        ):
            tally.add("book", key_of(book_id), kind, key_of(owner_id), currency, amount_minor)
    return tally.hexdigest()
