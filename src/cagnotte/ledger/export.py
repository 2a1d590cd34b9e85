"""The books as plain text for independent tools: beancount, hledger, and CSV.

Transactions stream from a server-side cursor; the names of accounts are kept in memory, nothing else. Closing
balances come from the stored balances, not from the entries, so the tool that reads the file compares the two.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import IO, Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.ids import public_id
from cagnotte.ledger.export_formats import WRITERS, ExportedAccount, ExportedTransaction
from cagnotte.platform.sql import load

SQL = load("ledger")

Connection = psycopg.Connection[Any]

FORMATS = tuple(WRITERS)

ROWS_PER_FETCH = 5_000

_ROOTS: dict[str, tuple[str, str]] = {
    "member": ("Liabilities", "Member"),
    "member.owing": ("Assets", "Member"),
    "funder": ("Assets", "Funder"),
    "funder.deposit": ("Liabilities", "Funder"),
    "merchant": ("Liabilities", "Merchant"),
    "programme": ("Liabilities", "Programme"),
    "programme.promotions_pending": ("Assets", "Programme"),
    "programme.bank": ("Assets", "Programme"),
    "programme.transit": ("Assets", "Programme"),
    "programme.margin": ("Income", "Programme"),
    "programme.breakage": ("Income", "Programme"),
    "programme.promotions": ("Expenses", "Programme"),
    "programme.losses": ("Expenses", "Programme"),
    "programme.fees": ("Expenses", "Programme"),
    "programme.fx_result": ("Expenses", "Programme"),
    "programme.rounding": ("Expenses", "Programme"),
    "programme.fx": ("Equity", "Programme"),
    "programme.funding": ("Equity", "Programme"),
    "opening": ("Equity", "Opening"),
}
"""Where a kind of account stands in the five roots accountants know: by kind, else by its first word."""


def export(
    connection: Connection,
    *,
    programme_id: UUID,
    format: str,  # noqa: A002 - the word users know it by
    out: IO[str],
    names: Mapping[UUID, str] | None = None,
) -> int:
    """Write a programme's books to `out` in one of FORMATS; return the number of transactions written.

    `names` gives merchants, brands and networks a readable name; members are always named by an opaque id. All is
    read at one moment when the connection is not inside a transaction yet. Raises InvalidInput for an unknown
    format.
    """
    if format not in WRITERS:
        raise InvalidInput(
            f"“{format}” is no export format; choose {', '.join(FORMATS)}.", format=format
        )
    with _one_moment(connection):
        accounts = _accounts(connection, programme_id, names or {})
        parameters = {"programme_id": programme_id}
        first_on, last_on = connection.execute(SQL.export_days, parameters).fetchone() or (
            None,
            None,
        )
        writer = WRITERS[format](out, accounts)
        writer.begin(first_on or date.min)
        written = 0
        for transaction in _transactions(connection, SQL.export_transactions, parameters):
            writer.transaction(transaction)
            written += 1
        writer.end((last_on or date.min) + timedelta(days=1))
    return written


@contextmanager
def _one_moment(connection: Connection) -> Iterator[None]:
    starts_here = connection.info.transaction_status is TransactionStatus.IDLE
    with connection.transaction():
        if starts_here:
            connection.execute(SQL.one_moment)
        connection.execute(SQL.read_to_the_end)
        yield


def _transactions(
    connection: Connection, query: LiteralString, parameters: Mapping[str, Any]
) -> Iterator[ExportedTransaction]:
    with connection.cursor(
        "ledger_export", row_factory=class_row(ExportedTransaction), binary=True
    ) as cursor:
        cursor.itersize = ROWS_PER_FETCH
        yield from cursor.execute(query, parameters)


def _accounts(
    connection: Connection, programme_id: UUID, names: Mapping[UUID, str]
) -> dict[UUID, ExportedAccount]:
    accounts: dict[UUID, ExportedAccount] = {}
    owners: dict[str, UUID] = {}
    rows = connection.execute(SQL.export_accounts, {"programme_id": programme_id})
    for account_id, kind, owner_id, currency, debit_minor in rows:
        name = _account_name(kind, owner_id, names, short=True)
        if owners.setdefault(name, owner_id) != owner_id:
            # Two owners of one name: the second is told apart by its id.
            name = _account_name(kind, owner_id, names, short=False)
        accounts[account_id] = ExportedAccount(name, currency, debit_minor)
    return accounts


def _account_name(kind: str, owner_id: UUID, names: Mapping[UUID, str], *, short: bool) -> str:
    first, _, state = kind.partition(".")
    root, group = _ROOTS.get(kind) or _ROOTS[first]
    parts = [root, group]
    if group in {"Member", "Funder", "Merchant"}:
        opaque = public_id("", owner_id).removeprefix("_").upper()
        written = "" if group == "Member" else _as_component(names.get(owner_id, ""))
        if not written:
            parts.append(f"{group[0]}{opaque}")
        else:
            parts.append(written if short else f"{written}-{opaque}")
    parts.append(state.title().replace("_", ""))
    return ":".join(parts)


def _as_component(name: str) -> str:
    """A name as one part of an account's: letters, digits and dashes, starting with a capital or digit."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")
    return kept[:1].upper() + kept[1:]
