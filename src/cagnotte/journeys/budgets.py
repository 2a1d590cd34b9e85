"""Offer budgets, spent exactly: each writer takes slices in escrow, so that writers do not wait for each other.

A slice is topped up from its pool only when an award was cut for want of room. The pools of all budgets are then
locked until the chunk is committed: two writers that came to need two of them in turn would wait for each other. What
a writer has left at its end goes back.
"""

from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

import psycopg

from cagnotte.platform.sql import load

SQL = load("ingest")
SLICES = 50
"""The first slice a writer takes is this part of the budget; the next are larger while much is left."""

POOL = 0
"""The slot of the rows that say how much of each budget the writers' slices hold."""


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
        self._saved: dict[str, tuple[int, int]] = {}
        self._asked: dict[str, int] = {}
        self._opened = False
        self._dry: set[str] = set()
        self._pools: dict[str, int] = {}

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
        self._pools.clear()
        if not self._limits:
            return
        rows = self._locked(self._slot, opened=self._opened)
        # Rows that are missing after all were rolled back with the chunk that wrote them.
        self._opened = self._limits.keys() <= {offer for offer, _, _ in rows}
        if not self._opened:
            rows = self._locked(self._slot)
        self._granted = {offer: granted for offer, granted, _ in rows}
        self._used = {offer: used for offer, _, used in rows}
        self._saved = {offer: (granted, used) for offer, granted, used in rows}

    def _locked(self, slot: int, *, opened: bool = False) -> list[tuple[str, int, int]]:
        """Lock a slot's slices of all budgets, in the order of offers; return (offer, granted, used) of each.

        opened: the rows are believed to be there already.
        """
        key = {"programme_id": self._programme_id, "slot": slot}
        if not opened:
            self._connection.execute(SQL.open_slices, {**key, "offers": sorted(self._limits)})
        rows = self._connection.execute(SQL.budget_slices, key)
        return [(str(offer), int(str(granted)), int(str(used))) for offer, granted, used in rows]

    def top_up(self, offer: str) -> bool:
        """Take one more slice of an offer's budget from the pool; return False when the pool is empty."""
        if offer in self._dry:
            return False
        self._before_asking()
        limit = self._limits[offer]
        key = {"programme_id": self._programme_id, "offer": offer}
        # Looked at before it is locked: a pool that is empty must not make writers wait for each other.
        seen = self._connection.execute(SQL.see_pool, key).fetchone()
        if seen and int(str(seen[0])) >= limit:
            self._dry.add(offer)
            return False
        self._lock_pools()
        left = limit - self._pools[offer]
        # Twice as much each time, so that a writer who needs much asks seldom, but never most of what is left.
        slice_minor = -(-limit // SLICES)
        change = min(max(slice_minor, min(self._asked.get(offer, slice_minor), left // 4)), left)
        if change <= 0:
            self._dry.add(offer)
            return False
        self._asked[offer] = 2 * change
        self._move_pool(offer, change)
        return True

    def _lock_pools(self) -> None:
        """Lock the pools of all budgets and read how much of each the slices hold, once a chunk."""
        if not self._pools:
            self._pools = {offer: granted for offer, granted, _ in self._locked(POOL)}

    def _move_pool(self, offer: str, change: int) -> None:
        """Move room from a locked pool to this writer's slice; back when negative."""
        key = {"programme_id": self._programme_id, "offer": offer}
        self._connection.execute(SQL.move_pool, {**key, "change": change})
        self._pools[offer] += change
        self._granted[offer] = self._granted.get(offer, 0) + change

    def use(self, offer: str, amount_minor: int) -> None:
        """Count what a decision took; negative when a restatement gives back."""
        self._used[offer] = self._used.get(offer, 0) + amount_minor

    def save(self) -> None:
        """Write those of this writer's slices that changed, at the end of a chunk."""
        for offer in sorted(self._granted.keys() | self._used.keys()):
            granted, used = self._granted.get(offer, 0), self._used.get(offer, 0)
            if self._saved.get(offer, (0, 0)) != (granted, used):
                key = {"programme_id": self._programme_id, "offer": offer, "slot": self._slot}
                self._connection.execute(SQL.save_slice, {**key, "granted": granted, "used": used})

    def give_back(self) -> None:
        """Return unused room to the pool, at the end of a run."""
        self.load()
        for offer in sorted(self._granted):
            unused = self[offer]
            if unused > 0:
                self._lock_pools()
                self._move_pool(offer, -unused)
        self.save()
