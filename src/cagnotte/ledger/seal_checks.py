"""Checks of the seals: that sealed batches hold what was sealed, and that nothing left, joined or changed places."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from cagnotte.ledger import owed, seals
from cagnotte.ledger.checks import FINDINGS_MAX, Check, Connection, Finding, sql_check
from cagnotte.ledger.seals import Seal, SealedBatch
from cagnotte.ledger.trees import Tree, leaf_hash, node_hash, root_of
from cagnotte.platform.sql import load

SQL = load("seals")

_FETCH_ROWS = 2_000

SealedParts = dict[tuple[UUID, UUID], tuple[int, SealedBatch]]
"""By (batch, programme): the number of the seal, and the batch as it was sealed."""


def _at_most(findings: Iterator[Finding], check: str) -> Iterator[Finding]:
    """Name the first findings, then how many there are."""
    count = 0
    for finding in findings:
        count += 1
        if count <= FINDINGS_MAX:
            yield finding
    if count > FINDINGS_MAX:
        yield Finding(check, f"… {count} in all.", {"total": count})


def _find_changed_batches(connection: Connection) -> Iterator[Finding]:
    return _at_most(_changed_batches(connection), "sealed_batches")


def _changed_batches(connection: Connection) -> Iterator[Finding]:
    """Hash every sealed batch anew, in portions, and compare both ways."""
    with connection.cursor("ledger_sealed_batches") as cursor:
        cursor.itersize = _FETCH_ROWS
        rows = cursor.execute(SQL.all_sealed_batches)
        parts: SealedParts = {}
        held = 0
        for batch_id, of_batch in groupby(rows, key=lambda row: row[0]):
            sealed = [
                (programme_id, number, SealedBatch(batch_id, count, root))
                for _, programme_id, number, count, root in of_batch
            ]
            held += sum(batch.transactions for _, _, batch in sealed)
            if parts and held > seals.TRANSACTIONS_AT_ONCE:
                yield from _compare(connection, parts)
                parts, held = {}, sum(batch.transactions for _, _, batch in sealed)
            parts |= {(batch_id, programme): (number, batch) for programme, number, batch in sealed}
        yield from _compare(connection, parts)


def _compare(connection: Connection, parts: SealedParts) -> Iterator[Finding]:
    if not parts:
        return
    batch_ids = list(dict.fromkeys(batch_id for batch_id, _ in parts))
    counts = [1] * len(batch_ids)
    missing = dict(parts)
    for programme_id, found in seals.hashed_batches(connection, batch_ids, counts):
        number, sealed = missing.pop((found.batch_id, programme_id), (None, None))
        if found != sealed:
            yield _changed(programme_id, number, sealed, found)
    for (_, programme_id), (number, sealed) in missing.items():
        yield _changed(programme_id, number, sealed, SealedBatch(sealed.batch_id, 0, b""))


def _changed(
    programme_id: UUID, number: int | None, sealed: SealedBatch | None, found: SealedBatch
) -> Finding:
    facts: dict[str, Any] = {
        "batch_id": found.batch_id,
        "programme_id": programme_id,
        "number": number,
    }
    if sealed is None:
        sentence = (
            f"Batch {found.batch_id} holds {found.transactions} transaction(s) of programme {programme_id} "
            "that were not there when it was sealed."
        )
    elif found.transactions != sealed.transactions:
        sentence = (
            f"Batch {found.batch_id} of seal {number} holds {found.transactions} transaction(s), "
            f"and {sealed.transactions} were sealed."
        )
    else:
        sentence = f"Batch {found.batch_id} of seal {number} no longer holds what was sealed."
    return Finding("sealed_batches", sentence, facts)


def _find_broken_chains(connection: Connection) -> Iterator[Finding]:
    return _at_most(_broken_chains(connection), "seals")


def _broken_chains(connection: Connection) -> Iterator[Finding]:
    with connection.cursor("ledger_seals") as cursor:
        cursor.itersize = _FETCH_ROWS
        every = (Seal(*row) for row in cursor.execute(SQL.all_seals))
        for programme_id, chain in groupby(every, key=lambda one: one.programme_id):
            before: Seal | None = None
            history: Tree[bytes] = Tree(node_hash)
            for one in chain:
                for what in _faults(connection, one, before, history):
                    sentence = f"Seal {one.number} of programme {programme_id} {what}."
                    facts = {"programme_id": programme_id, "number": one.number}
                    yield Finding("seals", sentence, facts)
                history.add(leaf_hash(one.hash))
                before = one


def _faults(
    connection: Connection, one: Seal, before: Seal | None, history: Tree[bytes]
) -> Iterator[str]:
    """Say what is wrong with a seal, given the one before it and the tree of all before it."""
    if seals.body_hash(one.body) != one.hash:
        yield "does not have the hash of its text"
        return
    try:
        yield from _contradictions(connection, one, before, history)
    except (ValueError, LookupError, TypeError):
        yield "cannot be read"


def _contradictions(
    connection: Connection, one: Seal, before: Seal | None, history: Tree[bytes]
) -> Iterator[str]:
    facts = one.facts
    told = (facts["programme"], facts["number"])
    if told != (str(one.programme_id), one.number) or one.mark not in {"0", facts["mark"]}:
        yield "stands in a row that is not its own"
    if one.number != (before.number + 1 if before else 1):
        yield f"follows {before.number if before else 'none'}: a seal is missing"
    past = (history.root() or root_of([])).hex()
    if (facts["previous"], facts["history"]) != (before.hash.hex() if before else "", past):
        yield "does not continue the seals before it"
    batches = seals.batches_of(connection, one.programme_id, one.number)
    shown = (len(batches), sum(batch.transactions for batch in batches))
    root = root_of(batch.leaf for batch in batches).hex()
    if (*shown, root) != (facts["batches"], facts["transactions"], facts["root"]):
        yield "does not hold the batches that were sealed"


def _find_changed_debts(connection: Connection) -> Iterator[Finding]:
    """What every latest seal says is owed is what the balances of today say of that moment."""
    for one in seals.heads(connection):
        if not one.is_complete:
            continue
        found = owed.told(owed.owed(connection, one.programme_id, number=one.number, mark=one.mark))
        if found != one.facts["owed"]:
            sentence = (
                f"What seal {one.number} of programme {one.programme_id} says is owed, or stands at the bank, "
                "is no longer what the balances say."
            )
            facts = {"programme_id": one.programme_id, "number": one.number}
            yield Finding("sealed_debts", sentence, facts)


CHECKS: tuple[Check, ...] = (
    Check("sealed_batches", "sealed batches hold what was sealed", _find_changed_batches),
    sql_check(
        "misplaced_batches",
        "every batch is in the seal of its time",
        SQL.misplaced_batches,
        "Batch {batch_id} {what}.",
    ),
    sql_check(
        "untrue_batches",
        "batches are described truly",
        SQL.untrue_batches,
        "Batch {batch_id} says another bucket or other times of recording than its transactions.",
    ),
    Check("seals", "seals continue one another", _find_broken_chains),
    Check("sealed_debts", "what was sealed as owed still adds up", _find_changed_debts),
)
"""What must hold between the ledger and its seals."""
