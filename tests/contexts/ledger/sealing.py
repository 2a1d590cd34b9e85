"""Sealing in tests: all the way, though other tests' sessions on the same server may hold it up for a moment."""

import time
from datetime import datetime

import pytest

from cagnotte.ledger import seals
from cagnotte.ledger.seals import BATCHES_MAX, Seal, Sealed
from tests.contexts.ledger.books import NOON, Connection


def seal_all(
    connection: Connection, *, now: datetime = NOON, batches_max: int = BATCHES_MAX
) -> Sealed:
    """Seal until no batch waits; return all that was sealed."""
    connection.rollback()
    total = Sealed()
    for _ in range(600):
        run = seals.seal(connection, now=now, batches_max=batches_max)
        total.seals += run.seals
        total.batches += run.batches
        total.transactions += run.transactions
        if run.waiting == 0:
            return total
        time.sleep(0.05)
    pytest.fail("the batches were never sealed")


def everything(connection: Connection) -> list[Seal]:
    """Every seal of every programme, in order."""
    found = [Seal(*row) for row in connection.execute(seals.SQL.all_seals)]
    connection.rollback()
    return found
