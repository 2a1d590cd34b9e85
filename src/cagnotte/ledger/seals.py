"""Seals: finished batches hashed into trees and chained, one chain per programme, off the hot path.

A seal covers every batch whose database transaction had ended when it was made. A slower one that began earlier holds
the mark back and is sealed by a later run, once: numbers of batches are never compared. docs/reference/proofs.md says
what is hashed; `trees` how.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.errors import NotFound
from cagnotte.domain.money import decimals_of
from cagnotte.ledger import owed
from cagnotte.ledger.services import refusals
from cagnotte.ledger.trees import leaf_hash, root_of
from cagnotte.platform.sql import load

SQL = load("seals")

Connection = psycopg.Connection[Any]

FORMAT = "cagnotte-seal-1"
BATCH_FORMAT = "cagnotte-batch-1"

BATCHES_MAX = 10_000
"""Batches one seal covers at most; a long backlog becomes several seals, each kept as soon as it is made."""

TRANSACTIONS_AT_ONCE = 50_000
"""Transactions hashed by one query; about a hundred bytes of memory each."""

_HASH_BYTES = 32


@dataclass(frozen=True)
class Seal:
    """A seal as it stands. `body` is the JSON text that `hash` is the SHA-256 of."""

    programme_id: UUID
    number: int
    hash: bytes
    body: str
    mark: str

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the body says."""
        facts: dict[str, Any] = json.loads(self.body)
        return facts

    @property
    def is_complete(self) -> bool:
        """Whether it says what is owed; the seals of a backlog before its last do not."""
        return self.facts["owed"] is not None and self.mark != "0"


@dataclass(slots=True)
class Sealed:
    """What a run sealed, and how many batches wait: a database transaction that began before they ended still runs."""

    seals: int = 0
    batches: int = 0
    transactions: int = 0
    waiting: int = 0


@dataclass(slots=True)
class SealedBatch:
    """A programme's part of a batch: how many transactions, and the root of their tree."""

    batch_id: UUID
    transactions: int
    root: bytes

    @property
    def text(self) -> str:
        """What stands for it in the tree of its seal."""
        return canonical([BATCH_FORMAT, str(self.batch_id), self.transactions, self.root.hex()])

    @property
    def leaf(self) -> bytes:
        """The hash of its text."""
        return leaf_hash(self.text.encode())


@dataclass(slots=True)
class _Step:
    """What one database transaction seals."""

    mark: str
    is_last: bool
    now: datetime
    batches: dict[UUID, list[SealedBatch]] = field(default_factory=lambda: defaultdict(list))


def canonical(value: object) -> str:
    """Write JSON as it is hashed: no spaces, characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def seal(connection: Connection, *, now: datetime, batches_max: int = BATCHES_MAX) -> Sealed:
    """Seal every finished batch of every programme, one database transaction per step; a second run seals nothing.

    Any number of processes may call it at any time: they wait for one another. The connection must not be inside a
    transaction.
    """
    result = Sealed()
    while True:
        before = result.batches
        with connection.transaction(), refusals(connection):
            is_last = _seal_step(connection, now, batches_max, result)
        # A step that finds nothing to hash has met batches without transactions, which only a check can name.
        if is_last or result.batches == before:
            break
    with connection.transaction():
        [(result.waiting,)] = connection.execute(SQL.unsealed)
    return result


def _seal_step(connection: Connection, now: datetime, batches_max: int, result: Sealed) -> bool:
    connection.execute(SQL.lock)
    connection.execute(SQL.work_memory)
    [(mark, is_last, batch_ids, counts)] = connection.execute(
        SQL.next_batches, {"batches_max": batches_max}
    )
    step = _Step(mark, is_last, now)
    if batch_ids:
        for programme_id, batch in hashed_batches(connection, batch_ids, counts):
            step.batches[programme_id].append(batch)
    latest = {found.programme_id: found for found in heads(connection)}
    incomplete = {key for key, found in latest.items() if is_last and not found.is_complete}
    for programme_id in sorted({*step.batches, *incomplete}):
        _append(connection, programme_id, latest.get(programme_id), step)
        result.seals += 1
    hashed = [batch for batches in step.batches.values() for batch in batches]
    result.batches += len({batch.batch_id for batch in hashed})
    result.transactions += sum(batch.transactions for batch in hashed)
    return step.is_last


def hashed_batches(
    connection: Connection, batch_ids: Sequence[UUID], counts: Sequence[int]
) -> Iterator[tuple[UUID, SealedBatch]]:
    """Yield (programme, batch) with the root of its transactions as they stand, by batch and programme.

    batch_ids: in order. counts: about how many transactions each has, so that memory stays flat.
    """
    for some in _portions(batch_ids, counts):
        for batch_id, programme_id, hashes in leaves(connection, some):
            yield programme_id, SealedBatch(batch_id, len(hashes), root_of(hashes))


def leaves(
    connection: Connection, batch_ids: Sequence[UUID]
) -> Iterator[tuple[UUID, UUID, list[bytes]]]:
    """Yield (batch, programme, hashes of its transactions as their tree has them) of batches given in order."""
    limits = {"batch_ids": list(batch_ids), "first": batch_ids[0], "last": batch_ids[-1]}
    for batch_id, programme_id, joined in connection.execute(SQL.leaves, limits, binary=True):
        hashes = [
            joined[start : start + _HASH_BYTES] for start in range(0, len(joined), _HASH_BYTES)
        ]
        yield batch_id, programme_id, hashes


def _portions(batch_ids: Sequence[UUID], counts: Sequence[int]) -> Iterator[list[UUID]]:
    portion: list[UUID] = []
    held = 0
    for batch_id, count in zip(batch_ids, counts, strict=True):
        if portion and held + count > TRANSACTIONS_AT_ONCE:
            yield portion
            portion, held = [], 0
        portion.append(batch_id)
        held += count
    if portion:
        yield portion


def _append(connection: Connection, programme_id: UUID, before: Seal | None, step: _Step) -> None:
    number = before.number + 1 if before else 1
    batches = step.batches[programme_id]
    body = canonical(
        {
            "format": FORMAT,
            "programme": str(programme_id),
            "number": number,
            "previous": before.hash.hex() if before else "",
            "history": history_root(connection, programme_id, number).hex(),
            "sealed_at": step.now.astimezone(UTC).isoformat(timespec="seconds"),
            "mark": step.mark,
            "batches": len(batches),
            "transactions": sum(batch.transactions for batch in batches),
            "root": root_of(batch.leaf for batch in batches).hex(),
            **_standing(connection, programme_id, number, step),
        }
    )
    connection.execute(
        SQL.append_seal,
        {
            "programme_id": programme_id,
            "number": number,
            "body": body,
            "mark": step.mark,
            "batch_ids": [batch.batch_id for batch in batches],
            "counts": [batch.transactions for batch in batches],
            "roots": [batch.root for batch in batches],
        },
    )


def _standing(
    connection: Connection, programme_id: UUID, number: int, step: _Step
) -> Mapping[str, Any]:
    """On a run's last seal: what is owed, and how many decimals amounts have."""
    if not step.is_last:
        return {"decimals": {}, "owed": None}
    rows = connection.execute(SQL.currencies, {"programme_id": programme_id}).fetchall()
    found = owed.owed(connection, programme_id, number=number, mark=step.mark)
    return {
        "decimals": {currency: decimals_of(currency) for (currency,) in rows},
        "owed": owed.told(found),
    }


def history_root(connection: Connection, programme_id: UUID, number: int) -> bytes:
    """Return the root of the tree of all seals before `number`, so that each of them is proved by a short path."""
    return root_of(leaf_hash(each) for each in earlier_hashes(connection, programme_id, number))


def earlier_hashes(connection: Connection, programme_id: UUID, number: int) -> Iterator[bytes]:
    """Yield the hashes of a programme's seals before `number`, in order."""
    parameters = {"programme_id": programme_id, "before": number}
    return (row[0] for row in connection.execute(SQL.seal_hashes, parameters))


def heads(connection: Connection) -> list[Seal]:
    """Return the latest seal of every programme."""
    return [Seal(*row) for row in connection.execute(SQL.heads).fetchall()]


def head(connection: Connection, programme_id: UUID, number: int | None = None) -> Seal:
    """Return a programme's latest seal that says what is owed, or its seal `number`, if that does.

    Raises NotFound when there is none.
    """
    parameters = {"programme_id": programme_id, "last": number}
    for row in connection.execute(SQL.seals, parameters):
        found = Seal(*row)
        if found.is_complete and number in {None, found.number}:
            return found
        if number is not None:
            break
    raise NotFound(
        "There is no seal yet; make one with `cagnotte ledger seal`."
        if number is None
        else f"There is no seal {number} that says what is owed.",
        number=number,
    )


def seal_numbered(connection: Connection, programme_id: UUID, number: int) -> Seal:
    """Return a programme's seal of that number. Raises NotFound when there is none."""
    parameters = {"programme_id": programme_id, "last": number}
    row = connection.execute(SQL.seals, parameters).fetchone()
    if row is None or row[1] != number:
        raise NotFound(f"There is no seal {number}.", number=number)
    return Seal(*row)


def batches_of(connection: Connection, programme_id: UUID, number: int) -> list[SealedBatch]:
    """Return the batches of a seal, in the order of its tree."""
    parameters = {"programme_id": programme_id, "number": number}
    rows: Iterable[Any] = connection.execute(SQL.batches_of_seal, parameters)
    return [SealedBatch(*row) for row in rows]


def body_hash(body: str) -> bytes:
    """Return the hash of a seal's body."""
    return hashlib.sha256(body.encode()).digest()
