"""Checks of the books: sums, legs, balances, accounts, periods. They report and repair nothing.

Every check is one statement that aggregates in the database, so memory stays flat and each sees one moment, even
while others post. Contexts above the ledger hand in further checks of the same shape (`extra`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from cagnotte.domain.chart import KINDS, TRANSIT_KINDS, Account
from cagnotte.domain.ids import bucket_of
from cagnotte.domain.money import format_minor
from cagnotte.platform.sql import load

SQL = load("ledger_checks")

Connection = psycopg.Connection[Any]
Row = Mapping[str, Any]
Progress = Callable[[int, int, str], None]
"""Called before each check with: checks done, checks in all, what is checked now."""

FINDINGS_MAX = 20
"""Findings named per check; beyond, the last one says how many there are in all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a check found: a fault, or a note on what stands and is explained."""

    check: str
    sentence: str
    facts: Row
    is_fault: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the books: its name, what it makes sure of, and how it finds what is wrong."""

    name: str
    promise: str
    find: Callable[[Connection], Iterator[Finding]]


def sql_check(
    name: str, promise: str, query: LiteralString, say: str, *, parameters: Row | None = None
) -> Check:
    """Make a check of a query whose rows are faults.

    `say` is a sentence with the columns in braces. A column `<name>_minor` beside a column `currency` can be
    written {<name>} and then reads as an amount; a column `total`, if any, is the number of all faults.
    """
    return Check(name, promise, partial(_find, name, query, say, parameters))


def verify(
    connection: Connection, *, progress: Progress | None = None, extra: Sequence[Check] = ()
) -> list[Finding]:
    """Run every check and return what they found: faults first, then notes; an empty list is a clean ledger."""
    checks = [*CHECKS, *extra]
    findings: list[Finding] = []
    connection.execute(SQL.work_memory)
    for done, check in enumerate(checks):
        if progress:
            progress(done, len(checks), check.promise)
        findings.extend(check.find(connection))
    if progress:
        progress(len(checks), len(checks), "done")
    return sorted(findings, key=lambda finding: not finding.is_fault)


def _rows(
    connection: Connection, query: LiteralString, parameters: Row | None
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def _find(
    name: str, query: LiteralString, say: str, parameters: Row | None, connection: Connection
) -> Iterator[Finding]:
    rows = _rows(connection, query, parameters)
    for row in rows:
        yield Finding(name, say.format_map({**row, **_amounts(row)}), row)
    total = rows[0].get("total", len(rows)) if rows else 0
    if total > len(rows):
        yield Finding(name, f"… {total} in all.", {"total": total})


def _amounts(row: Row) -> dict[str, str]:
    currency = row.get("currency")
    return {
        column.removesuffix("_minor"): f"{format_minor(value, currency)} {currency}"
        for column, value in row.items()
        if currency and column.endswith("_minor") and isinstance(value, int)
    }


def _find_in_transit(connection: Connection) -> Iterator[Finding]:
    """What stands in transit is no fault by itself; it is named with its age, so that somebody looks."""
    parameters = {"kinds": list(TRANSIT_KINDS)}
    for row in _rows(connection, SQL.standing_in_transit, parameters):
        amount = format_minor(row["debit_minor"], row["currency"])
        sentence = (
            f"{row['kind']} stands at {amount} {row['currency']} (debit positive) "
            f"since {row['since']:%Y-%m-%d}, {row['entries']} entries."
        )
        yield Finding("transit", sentence, row, is_fault=False)


def _find_accounts(connection: Connection) -> Iterator[Finding]:
    """Accounts must be what the chart says of their kind, under the id derived from their parts."""
    with connection.cursor("ledger_accounts", row_factory=dict_row) as cursor:
        cursor.itersize = 10_000
        for row in cursor.execute(SQL.accounts):
            kind = KINDS.get(row["kind"])
            if kind is None:
                yield Finding(
                    "accounts",
                    f"Account {row['id']} is of no kind in the chart: {row['kind']}.",
                    row,
                )
                continue
            expected = Account(kind.name, row["owner_id"], row["programme_id"], row["currency"]).id
            shown = (row["side"], row["mode"], row["never_negative"], row["id"])
            if shown != (kind.side.value, kind.mode.value, kind.never_negative, expected):
                yield Finding(
                    "accounts",
                    f"Account {row['id']} is not what the chart says of {kind.name}.",
                    row,
                )


def _find_buckets(connection: Connection) -> Iterator[Finding]:
    """A book lies in the bucket derived from its id."""
    with connection.cursor("ledger_books") as cursor:
        cursor.itersize = 10_000
        for book_id, bucket in cursor.execute(SQL.books):
            if bucket_of(book_id) != bucket:
                facts = {"book_id": book_id, "bucket": bucket}
                yield Finding("buckets", f"Book {book_id} lies in bucket {bucket}.", facts)


CHECKS: tuple[Check, ...] = (
    sql_check(
        "sum_of_all",
        "all entries sum to zero",
        SQL.sum_of_all,
        "The entries of programme {programme_id} are off by {off}.",
    ),
    sql_check(
        "sum_of_each",
        "each transaction sums to zero",
        SQL.sum_of_each,
        "Transaction {transaction_id} is off by {off}.",
    ),
    sql_check(
        "legs",
        "all legs are there, none is an orphan",
        SQL.legs,
        "Transaction {transaction_id} has {present} legs, not {expected}.",
    ),
    sql_check(
        "copies",
        "entries agree with their transaction",
        SQL.copies,
        "Leg {leg} of transaction {transaction_id} has another book, date or batch than it.",
    ),
    sql_check(
        "content",
        "what is booked is what was hashed",
        SQL.content,
        "Transaction {transaction_id} no longer has the content it was posted with.",
    ),
    sql_check(
        "accounts_of_entries",
        "entries agree with their account",
        SQL.accounts_of_entries,
        "Entries in {currency} name account {account_id}, which does not fit them.",
    ),
    sql_check(
        "row_balances",
        "members' balances are their entries",
        SQL.row_balances,
        "Account {account_id} shows {balance_minor}, its entries {entries_minor} (minor units).",
    ),
    sql_check(
        "deltas",
        "deltas are their entries",
        SQL.deltas,
        "Account {account_id} moved by {balance_minor} in batch {batch_id}, its entries by {entries_minor}.",
    ),
    sql_check(
        "snapshots",
        "snapshots are their deltas",
        SQL.snapshots,
        "The snapshot of account {account_id} shows {balance_minor}, its deltas {entries_minor}.",
    ),
    sql_check(
        "batches",
        "batches are complete",
        SQL.batches,
        "Batch {batch_id} holds {present} transactions, not {expected}.",
    ),
    sql_check(
        "closed_periods",
        "closed periods stay closed",
        SQL.closed_periods,
        "Transaction {transaction_id} of {effective_on} was recorded after its period was closed.",
    ),
    Check("accounts", "accounts are as the chart says", _find_accounts),
    Check("buckets", "books are in their bucket", _find_buckets),
    Check("transit", "transit accounts are at rest or explained", _find_in_transit),
)
"""The ledger's own checks, in the order they run."""
