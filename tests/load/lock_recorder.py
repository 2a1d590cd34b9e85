"""Records which rows statements lock, in which order, per database transaction.

The house's order is in ARCHITECTURE.md. Rows locked before by the same transaction may be locked again at any time; so
may lots, holds and vouchers whose wallet it has locked, for nobody else can have locked them: that is recorded too.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from cagnotte.journeys.budgets import POOL

ORDER = {
    "own budget slices": 0,
    "purchases_purchase": 1,
    "identity_wallet": 2,
    "rewards_budgetslice": 3,
    "payouts_payout": 4,
    "wallet_hold": 5,
    "wallet_voucher": 6,
    "rewards_lot": 7,
    "ledger_balance": 8,
}
"""What is locked, and its place in the order."""

GUARDED = {"wallet_hold", "wallet_voucher", "rewards_lot"}
"""Locked by those alone who have locked the wallet before."""

Rows = list[tuple[object, object]]

_LOCKING = re.compile(r"\bFOR (NO KEY )?UPDATE\b")
_TABLE = re.compile(r"\bFROM (\w+)")
_LEDGER = re.compile(r"\bledger_(post|lock_balances)\s*\(")


@dataclass
class Locks:
    """What one database transaction has locked so far."""

    highest: int = -1
    keys: dict[str, set[object]] = field(default_factory=dict)


@dataclass
class Recorder:
    """The locks of every transaction, by its id, and what was locked out of order."""

    transactions: dict[object, Locks] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    unguarded: list[str] = field(default_factory=list)

    def note(self, transaction: object, what: str, rows: Rows, query: str) -> None:
        """Note that a transaction has locked some rows, given by their key and the wallet they belong to."""
        self.seen.add(what)
        locks = self.transactions.setdefault(transaction, Locks())
        place, first = ORDER[what], " ".join(query.split())[:120]
        known = locks.keys.setdefault(what, set())
        wallets = locks.keys.get("identity_wallet", set())
        if what in GUARDED and not wallets.issuperset(wallet for _, wallet in rows):
            self.unguarded.append(f"{what} without its wallet: {first}")
        new = {key for key, wallet in rows if not (what in GUARDED and wallet in wallets)} - known
        if place < locks.highest and new:
            later = next(name for name, other in ORDER.items() if other == locks.highest)
            self.violations.append(f"{what} after {later}: {first}")
        known.update(key for key, _ in rows)
        locks.highest = max(locks.highest, place)


@contextmanager
def recorded_locks(patch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """Record the locks of every statement of this process while the block runs."""
    recorder = Recorder()
    original: Any = psycopg.Cursor.execute

    def execute(cursor: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        result = original(cursor, query, *arguments, **named)
        what = _what(str(query), arguments[0] if arguments else None)
        if what is not None:
            transaction = cursor.connection.cursor()
            original(transaction, "SELECT pg_backend_pid(), pg_current_xact_id()::text")
            recorder.note(transaction.fetchone(), what, _rows(cursor), str(query))
        return result

    with patch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", execute)
        yield recorder


def _what(query: str, parameters: Any) -> str | None:
    """Return what a statement locks rows of, None when it locks none."""
    text = re.sub(r"--.*", "", query)
    if _LEDGER.search(text):
        return "ledger_balance"
    if not _LOCKING.search(text):
        return None
    found = _TABLE.search(text)
    assert found is not None, query
    if found[1] == "rewards_budgetslice" and parameters["slot"] != POOL:
        return "own budget slices"
    return found[1]


def _rows(cursor: Any) -> Rows:
    """Return (key, wallet or None) of the rows a cursor holds, and leave it as it was."""
    names = [column.name for column in cursor.description or ()]
    key = next((names.index(name) for name in ("id", "offer") if name in names), 0)
    wallet = names.index("wallet_id") if "wallet_id" in names else None
    rows = cursor.fetchall()
    if rows:
        cursor.scroll(0, mode="absolute")
    return [(row[key], None if wallet is None else row[wallet]) for row in rows]
