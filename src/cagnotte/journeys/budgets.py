"""Offer budgets, spent exactly: each writer takes slices in escrow, so that writers do not wait for each other.

A slice is topped up from the pool only when an award was cut for want of room; the pool's row is then locked
until the chunk is committed. What a writer has left at its end goes back.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import LiteralString
from uuid import UUID

import psycopg

from cagnotte.platform.sql import load

SQL = load("ingest")
SLICES = 50
"""A budget is handed out in at least this many slices."""


class Budgets(Mapping[str, int]):
    """Room left for this writer under each budget, as `decide` reads it: offer reference → minor units.

    before_asking: called before the database is asked for more room in the midst of a chunk.
    """

    def __init__(
        self,
        connection: psycopg.Connection[tuple[object, ...]],
        programme_id: UUID,
        limits: Mapping[str, int],
        slot: int,
        *,
        before_asking: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._programme_id = programme_id
        self._limits = limits
        self._slot = slot
        self._before_asking = before_asking
        self._granted: dict[str, int] = {}
        self._used: dict[str, int] = {}
        self._dry: set[str] = set()

    def __getitem__(self, offer: str) -> int:
        if offer not in self._limits:
            raise KeyError(offer)
        return self._granted.get(offer, 0) - self._used.get(offer, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._limits)

    def __len__(self) -> int:
        return len(self._limits)

    def load(self) -> None:
        """Read and lock this writer's slices, at the start of a chunk."""
        self._dry.clear()
        if not self._limits:
            return
        key = {"programme_id": self._programme_id, "slot": self._slot}
        self._connection.execute(SQL.open_slices, {**key, "offers": sorted(self._limits)})
        rows = self._connection.execute(SQL.budget_slices, key).fetchall()
        self._granted = {str(offer): int(str(granted)) for offer, granted, _ in rows}
        self._used = {str(offer): int(str(used)) for offer, _, used in rows}

    def top_up(self, offer: str) -> bool:
        """Take one more slice of an offer's budget from the pool; return False when the pool is empty."""
        if offer in self._dry:
            return False
        self._before_asking()
        limit = self._limits[offer]
        key = {"programme_id": self._programme_id, "offer": offer}
        # Looked at before it is locked: a pool that is empty must not make writers wait for each other.
        if self._granted_by(SQL.see_pool, key) >= limit:
            self._dry.add(offer)
            return False
        self._connection.execute(SQL.open_pool, key)
        change = min(-(-limit // SLICES), limit - self._granted_by(SQL.lock_pool, key))
        if change <= 0:
            self._dry.add(offer)
            return False
        self._connection.execute(SQL.move_pool, {**key, "change": change})
        self._granted[offer] = self._granted.get(offer, 0) + change
        return True

    def _granted_by(self, query: LiteralString, key: dict[str, object]) -> int:
        """Return how much of a budget its slices hold, read as `query` reads it."""
        row = self._connection.execute(query, key).fetchone()
        return int(str(row[0])) if row else 0

    def use(self, offer: str, amount_minor: int) -> None:
        """Count what a decision took; negative when a restatement gives back."""
        self._used[offer] = self._used.get(offer, 0) + amount_minor

    def save(self) -> None:
        """Write this writer's slices, at the end of a chunk."""
        for offer in sorted(self._granted.keys() | self._used.keys()):
            self._connection.execute(
                SQL.save_slice,
                {
                    "programme_id": self._programme_id,
                    "offer": offer,
                    "slot": self._slot,
                    "granted": self._granted.get(offer, 0),
                    "used": self._used.get(offer, 0),
                },
            )

    def give_back(self) -> None:
        """Return unused room to the pool, at the end of a run."""
        self.load()
        for offer in sorted(self._granted):
            unused = self[offer]
            if unused > 0:
                key = {"programme_id": self._programme_id, "offer": offer}
                self._connection.execute(SQL.lock_pool, key)
                self._connection.execute(SQL.move_pool, {**key, "change": -unused})
                self._granted[offer] -= unused
        self.save()
