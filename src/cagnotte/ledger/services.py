"""Writing to the ledger: post transactions, close periods, fold deltas.

The database functions of `migrations/0001_ledger.sql` are the only way in; this module renders what they read,
and turns their refusals into errors with sentences. Everything runs inside the caller's database transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg

from cagnotte.domain.chart import KINDS, Account
from cagnotte.domain.ids import bucket_of
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger.refusals import UNKNOWN_ACCOUNT, refusal_of
from cagnotte.platform.sql import escape, load, rows_text, write_text

SQL = load("ledger")

Connection = psycopg.Connection[Any]

STAGE_COLUMNS = (
    "batch_id, bucket, transaction_id, programme_id, book_id, kind, fact_id, step, occurred_on, effective_on, "
    "recorded_at, payload_hash, account_ids, amounts_minor"
)
KNOWN_ACCOUNTS_MAX = 200_000
"""Accounts remembered as open per connection; beyond, the memory starts again empty."""

_known_accounts: WeakKeyDictionary[Connection, set[UUID]] = WeakKeyDictionary()
_opened_blindly: WeakKeyDictionary[Connection, set[UUID]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class PostResult:
    """What became of a batch: transactions written, already there with the same content, or with other content."""

    new: int
    duplicates: int
    conflicts: list[UUID]
    """Ids that already stand with other content; what stands was kept and nothing was written."""


def post(
    connection: Connection, transactions: Iterable[Transaction], *, batch_id: UUID
) -> PostResult:
    """Post a batch of transactions, opening the accounts they name. One batch id is posted once.

    A transaction already posted, here or earlier in the batch, is a duplicate when its content is equal and a
    conflict otherwise; both write nothing. All other transactions are written, or none when an error is raised.
    Raises InsufficientFunds, PeriodClosed, UnbalancedTransaction or LedgerError; the database transaction is then
    lost, as after any database error.
    """
    first: dict[UUID, Transaction] = {}
    duplicates, conflicts = 0, []
    for transaction in transactions:
        earlier = first.get(transaction.id)
        if earlier is None:
            first[transaction.id] = transaction
        elif earlier.payload_hash == transaction.payload_hash:
            duplicates += 1
        else:
            conflicts.append(transaction.id)
    result = post_rendered(
        connection,
        [render(transaction) for transaction in first.values()],
        {entry.account for transaction in first.values() for entry in transaction.entries},
        batch_id=batch_id,
    )
    return PostResult(result.new, result.duplicates + duplicates, [*result.conflicts, *conflicts])


def note_open(connection: Connection, accounts: Iterable[UUID]) -> None:
    """Remember accounts, by id, that were found open and committed: nobody has to ask again."""
    known = _known_accounts.setdefault(connection, set())
    if len(known) > KNOWN_ACCOUNTS_MAX:
        known.clear()
    known.update(accounts)


def staged_text(lines: Sequence[str], *, batch_id: UUID | None) -> str:
    """Return transactions rendered by `render` as an array of rows of the stage, for `post_blindly`."""
    return rows_text(_with_batch(lines, batch_id)) if batch_id else "{}"


def _with_batch(lines: Sequence[str], batch_id: UUID) -> list[str]:
    prefix = f"{batch_id.int:032x}\t"
    return [prefix + line for line in lines]


def post_rendered(
    connection: Connection, lines: Sequence[str], accounts: Iterable[Account], *, batch_id: UUID
) -> PostResult:
    """Post transactions already rendered by `render`, whose accounts are all among `accounts`.

    The fast lane of large imports. A transaction must not come twice in one batch. Raises as `post`.
    """
    if not lines:
        return PostResult(0, 0, [])
    with refusals(connection):
        open_accounts(connection, accounts)
        write_text(connection, "ledger_stage", STAGE_COLUMNS, _with_batch(lines, batch_id))
    return post_staged(connection, batch_id=batch_id)


def post_staged(connection: Connection, *, batch_id: UUID) -> PostResult:
    """Post what stands in the stage under a batch id, written there by a query; its accounts are open.

    A transaction must not come twice in one batch. Raises as `post`.
    """
    with refusals(connection):
        [(new, duplicates, conflicts)] = connection.execute(SQL.post_batch, {"batch_id": batch_id})
    return PostResult(new, duplicates, conflicts)


def post_blindly(connection: Connection, *, batch_id: UUID) -> None:
    """Post what stands in the stage, without waiting in a pipeline; only for transactions that cannot be there yet.

    Raises nothing here: whoever ends the pipeline turns what the ledger refuses into errors (`refusals`).
    """
    connection.execute(SQL.post_batch, {"batch_id": batch_id})


def render(transaction: Transaction) -> str:
    """Write a transaction as one row of the stage, in COPY's text format, without its batch and line end."""
    entries = transaction.entries
    accounts = ",".join([entry.account.hex for entry in entries])
    amounts = ",".join([str(entry.amount_minor) for entry in entries])
    return (
        f"{transaction.bucket}\t{transaction.id.int:032x}\t{transaction.programme_id.int:032x}"
        f"\t{transaction.book_id.int:032x}\t{escape(transaction.kind)}\t{transaction.fact_id.int:032x}"
        f"\t{transaction.step}\t{transaction.occurred_on}\t{transaction.effective_on}\t{transaction.recorded_at}"
        f"\t\\\\x{transaction.payload_hash.hex()}\t{{{accounts}}}\t{{{amounts}}}"
    )


def open_accounts(connection: Connection, accounts: Iterable[Account]) -> None:
    """Make sure that accounts exist, those that keep a balance row with it.

    Remembers per connection which accounts are committed, so that the hot path asks once and again after an
    account's birth, then never more.
    """
    known = _known_accounts.setdefault(connection, set())
    missing = {account.hex: account for account in accounts if account.id not in known}
    if not missing:
        return
    committed = _committed(connection, missing)
    if len(committed) < len(missing):
        # Rare beside the many that were opened before: what is asked of them is but their ids.
        for row in committed:
            del missing[row.hex]
        committed += _open(connection, list(missing.values()))
    if len(known) + len(committed) > KNOWN_ACCOUNTS_MAX:
        known.clear()
    known.update(committed)


def open_accounts_blindly(connection: Connection, accounts: Iterable[Account]) -> None:
    """Open those accounts that are not known to be open, without asking or waiting.

    Whoever commits says so (`note_committed`), and they are known from then on.
    """
    known = _known_accounts.setdefault(connection, set())
    missing = [account for account in accounts if account.id not in known]
    if missing:
        _ask_to_open(connection, missing)
        _opened_blindly.setdefault(connection, set()).update([one.id for one in missing])


def note_committed(connection: Connection) -> None:
    """Remember the accounts that were opened blindly: they stand now."""
    opened = _opened_blindly.pop(connection, None)
    if opened:
        note_open(connection, opened)


def forget_opened(connection: Connection) -> None:
    """Forget the accounts that were opened blindly: they were rolled back."""
    _opened_blindly.pop(connection, None)


def _committed(connection: Connection, hexes: Iterable[str]) -> list[UUID]:
    # As one text: psycopg renders a list item by item, which took longer than the query.
    ids = f"{{{','.join(hexes)}}}"
    # Planned anew each time: a plan kept from the ledger's first days would read the whole table for ever.
    rows = connection.execute(SQL.committed_accounts, {"ids": ids}, prepare=False)
    return [row[0] for row in rows]


def _open(connection: Connection, accounts: Sequence[Account]) -> list[UUID]:
    return [row[0] for row in _ask_to_open(connection, accounts)]


def _ask_to_open(connection: Connection, accounts: Sequence[Account]) -> psycopg.Cursor[Any]:
    kinds = [KINDS[account.kind] for account in accounts]
    return connection.execute(
        SQL.open_accounts,
        {
            "ids": [account.id for account in accounts],
            "programme_ids": [account.programme_id for account in accounts],
            "kinds": [kind.name for kind in kinds],
            "owner_ids": [account.owner_id for account in accounts],
            "currencies": [account.currency for account in accounts],
            "sides": [kind.side.value for kind in kinds],
            "modes": [kind.mode.value for kind in kinds],
            "never_negatives": [kind.never_negative for kind in kinds],
            "buckets": [bucket_of(account.owner_id) for account in accounts],
        },
    )


def close_period(
    connection: Connection, *, programme_id: UUID, ends_on: date, now: datetime, closed_by: str
) -> bool:
    """Close a programme's books up to and with `ends_on`; return False when they already are.

    Waits for posts under way. From then on a transaction effective on or before that day is refused.
    """
    row = connection.execute(
        SQL.close_period,
        {"programme_id": programme_id, "ends_on": ends_on, "now": now, "closed_by": closed_by},
    ).fetchone()
    return bool(row and row[0])


def first_open_day(connection: Connection, programme_id: UUID, day: date) -> date:
    """Return the first day from `day` on whose period is open: the `effective_on` of a fact of that day."""
    row = connection.execute(
        SQL.first_open_day, {"programme_id": programme_id, "day": day}
    ).fetchone()
    found: date = row[0] if row else day
    return found


def fold(connection: Connection, *, now: datetime) -> int:
    """Fold the deltas of finished database transactions into snapshots; return how many accounts moved.

    Reads are right with or without it; it keeps them short. Any number of processes may call it at any time.
    """
    row = connection.execute(SQL.fold, {"now": now}).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def refusals(connection: Connection) -> Iterator[None]:
    """Turn what the ledger's database functions refuse into errors of `cagnotte.domain.errors`."""
    try:
        yield
    except psycopg.Error as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        if error.sqlstate == UNKNOWN_ACCOUNT:
            # An account we believed open is not: ask again next time.
            _known_accounts.pop(connection, None)
        raise refusal from error
