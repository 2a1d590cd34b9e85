"""Proofs for members and auditors: that an entry is sealed, that a balance is part of what is published as owed.

A proof is a JSON document that whoever trusts the published hash of a seal can check without us; the programme
`cagnotte-verify` does. docs/reference/proofs.md is its format. A proof discloses the legs it is about and nothing else:
what stands beside them on the way to the root are salted hashes.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.errors import LedgerCorrupt, NotFound
from cagnotte.ledger import owed, seals
from cagnotte.ledger.seals import Seal
from cagnotte.ledger.trees import Tree, leaf_hash, node_hash
from cagnotte.platform.sql import load

SQL = load("seals")

Connection = psycopg.Connection[Any]
Document = dict[str, Any]
Place = tuple[int, UUID]
"""Bucket and id of a transaction."""

FORMAT = "cagnotte-proof-1"
HEAD_FORMAT = "cagnotte-head-1"

Disclose = Callable[[str, UUID, int], bool]
"""Says of a leg, by its account's kind, its transaction and its number, whether the proof shows it."""


def members_legs(kind: str, _transaction_id: UUID, _leg: int) -> bool:
    """Disclose a member's own legs, and neither commissions nor margins."""
    return kind.startswith("member.")


def all_legs(_kind: str, _transaction_id: UUID, _leg: int) -> bool:
    """Disclose every leg, for an auditor."""
    return True


def render(document: Mapping[str, Any]) -> str:
    """Write a document the one way the verifier accepts: keys in order, one space of indent, a line end."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def published(head: Seal) -> Document:
    """Return what an operator publishes of a seal: its text, which says what is owed, and its hash."""
    return {"format": HEAD_FORMAT, "seal": {"hash": head.hash.hex(), "text": head.body}}


def places_of_facts(
    connection: Connection, programme_id: UUID, fact_ids: Sequence[UUID]
) -> list[Place]:
    """Return where the transactions stand that some facts caused."""
    parameters = {"programme_id": programme_id, "fact_ids": list(fact_ids)}
    return connection.execute(SQL.places_of_facts, parameters).fetchall()


def places(connection: Connection, transaction_ids: Sequence[UUID]) -> list[Place]:
    """Return where some transactions stand; those that do not exist are left out."""
    return connection.execute(SQL.places, {"ids": list(transaction_ids)}).fetchall()


def prove_transactions(
    connection: Connection,
    head: Seal,
    standing: Iterable[Place],
    *,
    disclose: Disclose = members_legs,
) -> Document:
    """Return the proof that transactions are part of what `head` seals.

    Raises NotFound when one is in no seal up to the head, LedgerCorrupt when the books no longer show what was sealed.
    """
    sought = sorted(standing)
    parameters = {
        "programme_id": head.programme_id,
        "buckets": [bucket for bucket, _ in sought],
        "ids": [identity for _, identity in sought],
    }
    legs, accounts = _disclosed(connection, parameters, disclose)
    proved, numbers = [], set()
    for identity, batch_id, number, text in connection.execute(
        SQL.transaction_texts, parameters
    ).fetchall():
        if number is None or number > head.number:
            raise NotFound(
                f"Transaction {identity} is in no seal up to {head.number}; run `cagnotte ledger seal` first.",
                transaction_id=identity,
            )
        if number != head.number:
            numbers.add(number)
        leaf = leaf_hash(text.encode())
        place, path, batch = _way(connection, head.programme_id, number, batch_id, leaf)
        proved.append(
            {
                "text": text,
                "place": place,
                "path": path,
                "batch": batch,
                "seal": number,
                "legs": legs[identity],
            }
        )
    if not proved:
        raise NotFound("There is nothing to prove: no such transaction is booked.")
    return {
        **_proof(head),
        "accounts": sorted(accounts.values(), key=lambda account: str(account["id"])),
        "seals": _earlier(connection, head, numbers),
        "transactions": proved,
    }


def prove_balance(connection: Connection, head: Seal, wallet_id: UUID) -> Document:
    """Return the proof that a wallet's balances are part of what `head` says is owed.

    Raises NotFound when nothing was owed to it, LedgerCorrupt when the books no longer say what was sealed.
    """
    standing = owed.owed(
        connection,
        head.programme_id,
        number=head.number,
        mark=head.mark,
        wallet_id=wallet_id,
    )
    if owed.told(standing) != head.facts["owed"]:
        raise _corrupt(head.number)
    balances = [
        {
            "text": leaf.text,
            "salt": leaf.salt.hex(),
            "place": leaf.place,
            "path": [{"hash": node.hash.hex(), "sums": list(node.amounts)} for node in leaf.path],
        }
        for leaf in (one.leaf for one in standing.values())
        if leaf
    ]
    if not balances:
        raise NotFound(
            f"Nothing was owed to this member when seal {head.number} was made.",
            wallet_id=wallet_id,
        )
    return {**_proof(head), "balances": balances}


def prove_seal(connection: Connection, head: Seal, number: int) -> Document:
    """Return the proof that `head` continues an earlier seal. Raises NotFound when there is no such seal."""
    if not 0 < number < head.number:
        raise NotFound(f"There is no seal {number} before seal {head.number}.", number=number)
    return {**_proof(head), "seals": _earlier(connection, head, {number})}


def _proof(head: Seal) -> Document:
    return {
        "format": FORMAT,
        "head": {"hash": head.hash.hex(), "text": head.body},
        "accounts": [],
        "balances": [],
        "seals": [],
        "transactions": [],
    }


def _disclosed(
    connection: Connection, parameters: Mapping[str, Any], disclose: Disclose
) -> tuple[dict[UUID, list[Document]], dict[UUID, Document]]:
    """Return the disclosed legs by transaction, and their accounts by id."""
    legs: dict[UUID, list[Document]] = defaultdict(list)
    accounts: dict[UUID, Document] = {}
    for identity, leg, salt, text, account_id, kind, owner_id, currency in connection.execute(
        SQL.leg_texts, parameters
    ):
        if disclose(kind, identity, leg):
            legs[identity].append({"salt": salt.hex(), "text": text})
            accounts[account_id] = {
                "id": str(account_id),
                "kind": kind,
                "owner": str(owner_id),
                "currency": currency,
            }
    return legs, accounts


def _way(
    connection: Connection, programme_id: UUID, number: int, batch_id: UUID, leaf: bytes
) -> tuple[int, list[str], Document]:
    """Return a transaction's place and path in its batch, and the batch's in its seal."""
    inside = Tree(node_hash)
    for _, of_programme, hashes in seals.leaves(connection, [batch_id]):
        for each in hashes if of_programme == programme_id else ():
            inside.add(each, follow=each == leaf)
    around, found = Tree(node_hash), None
    for batch in seals.batches_of(connection, programme_id, number):
        around.add(batch.leaf, follow=batch.batch_id == batch_id)
        if batch.batch_id == batch_id:
            found = batch
    if found is None or inside.index is None or inside.root() != found.root:
        raise _corrupt(number)
    told = {"text": found.text, "place": around.index, "path": _hex(around.path())}
    return inside.index, _hex(inside.path()), told


def _earlier(connection: Connection, head: Seal, numbers: set[int]) -> list[Document]:
    """Return seals before the head, each with its path in the head's tree of all seals before it."""
    hashes = list(seals.earlier_hashes(connection, head.programme_id, head.number))
    proved = []
    for number in sorted(numbers):
        tree = Tree(node_hash)
        for place, each in enumerate(hashes):
            tree.add(leaf_hash(each), follow=place == number - 1)
        if (tree.root() or b"").hex() != head.facts["history"]:
            raise _corrupt(head.number)
        found = seals.seal_numbered(connection, head.programme_id, number)
        proved.append({"text": found.body, "path": _hex(tree.path())})
    return proved


def _hex(nodes: Iterable[bytes]) -> list[str]:
    return [node.hex() for node in nodes]


def _corrupt(number: int) -> LedgerCorrupt:
    return LedgerCorrupt(
        f"The books no longer show what seal {number} sealed; run `cagnotte ledger verify`.",
        number=number,
    )
