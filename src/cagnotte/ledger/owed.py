"""What is owed as of a seal: a tree of every member's balance with sums, and what stands against it.

Members can check their own leaf against the root; nobody can leave one out without the sums being wrong for whoever
checks. docs/reference/proofs.md says what is hashed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.domain.errors import LedgerError
from cagnotte.ledger.trees import Sum, Tree, node_sum, root_of
from cagnotte.platform.sql import load

SQL = load("seals")

Connection = psycopg.Connection[Any]

STATES = ("pending", "confirmed", "available", "held")
"""What each leaf holds, in this order. What members owe is no part of it: it would lower what others are shown."""

OTHER_DEBTS = {
    "vouchers": "programme.vouchers",
    "unclaimed": "programme.unclaimed",
    "payouts": "programme.payouts",
    "donations": "programme.donations",
    "deposits": "funder.deposit",
}
"""What else the money at the bank must cover, by the name it is published under."""

BANK = "programme.bank"
AMOUNT_BOUND = 1 << 63
"""Every sum is below; the ledger's integers are too."""

_FETCH_ROWS = 10_000


class Leaf(NamedTuple):
    """One wallet's leaf, with what only its member is told."""

    text: str
    salt: bytes
    place: int
    path: list[Sum]


@dataclass(slots=True)
class Owed:
    """What is owed in one currency, in minor units.

    members: the sums of all wallets by state. others: further debts, and `bank`. leaf: the wallet asked for, if it is
    owed anything.
    """

    root: bytes = field(default_factory=lambda: root_of([]))
    wallets: int = 0
    members: tuple[int, ...] = (0,) * len(STATES)
    others: dict[str, int] = field(default_factory=dict)
    leaf: Leaf | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """As it stands in a seal."""
        names = (*OTHER_DEBTS, "bank")
        return {
            "root": self.root.hex(),
            "wallets": self.wallets,
            **dict(zip(STATES, self.members, strict=True)),
            **{name: self.others.get(name, 0) for name in names},
        }


def owed(
    connection: Connection,
    programme_id: UUID,
    *,
    number: int,
    mark: str,
    wallet_id: UUID | None = None,
) -> dict[str, Owed]:
    """Return what a programme owes per currency as of its seal `number`, which was made at `mark`.

    Follows the leaves of one wallet when asked to. Memory does not grow with the number of wallets.
    Raises LedgerError when a balance is below zero: it cannot be written into the tree.
    """
    found: dict[str, Owed] = {}
    parameters = {
        "programme_id": programme_id,
        "number": number,
        "mark": mark,
        "wallet_id": wallet_id,
        "kinds": [*OTHER_DEBTS.values(), BANK],
    }
    with connection.cursor("ledger_owed") as cursor:
        cursor.itersize = _FETCH_ROWS
        cursor.execute(SQL.owed, parameters)
        for currency, rows in groupby(cursor, key=lambda row: row[0]):
            found[currency] = _grown(rows)
    names = {kind: name for name, kind in OTHER_DEBTS.items()} | {BANK: "bank"}
    for kind, currency, amount_minor in connection.execute(SQL.standing, parameters):
        if amount_minor or currency in found:
            found.setdefault(currency, Owed()).others[names[kind]] = amount_minor
    return dict(sorted(found.items()))


def _grown(rows: Iterator[tuple[Any, ...]]) -> Owed:
    tree, mine = Tree(node_sum), None
    for _, leaf, *amounts, is_followed, salt, text in rows:
        if min(amounts) < 0:
            raise LedgerError("A member's balance is below zero; run cagnotte ledger verify.")
        tree.add(Sum(leaf, tuple(amounts)), follow=is_followed)
        if is_followed:
            mine = (text, salt, tree.size - 1)
    root = tree.root()
    if root is None or max(root.amounts) >= AMOUNT_BOUND:
        raise LedgerError("What members are owed is more than can be written.")
    leaf_told = Leaf(*mine, tree.path()) if mine else None
    return Owed(root.hash, tree.size, root.amounts, {}, leaf_told)


def told(found: Mapping[str, Owed]) -> dict[str, Any]:
    """Return what is owed per currency as it stands in a seal."""
    return {currency: one.facts for currency, one in found.items()}
