"""Eight writers whose batches overlap: no deadlock, nothing lost, nothing twice; and the order of locks behind it."""

import random
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import checks, selectors, services
from cagnotte.platform import database
from tests.contexts.ledger.books import booking, funder, given, later, member
from tests.load.crowd import LOAD_SECONDS, Connection, deadlocks, together

if TYPE_CHECKING:
    from cagnotte.domain.chart import Account

WRITERS = 8
WALLETS = [UUID(int=number) for number in range(1, 98)]
BATCH = 40
BEHIND, AHEAD = 300, 40
"""How far the facts of a batch may lie behind and before its writer's place."""


def fact(number: int) -> Transaction:
    """Fact `number`: a reward that two members share, always the same."""
    first, second = WALLETS[number % len(WALLETS)], WALLETS[number * 7 % len(WALLETS)]
    legs: Counter[Account] = Counter()
    amount = number % 50 + 2
    legs[member("pending", first)] -= amount - 1
    legs[member("pending", second)] -= 1
    legs[funder("accrued")] += amount
    return booking(legs, fact=UUID(int=number), at=later(number % 30))


@pytest.mark.usefixtures("committed_db")
def test_writers_of_overlapping_batches_lose_nothing_and_never_deadlock() -> None:
    places = count()
    ends_at = time.monotonic() + LOAD_SECONDS

    def writer(seed: int) -> Callable[[Connection], tuple[set[int], int]]:
        def work(connection: Connection) -> tuple[set[int], int]:
            chance = random.Random(seed)
            acknowledged: set[int] = set()
            new = 0
            while time.monotonic() < ends_at:
                place = next(places) * 10
                numbers = chance.sample(range(max(0, place - BEHIND), place + AHEAD), BATCH)
                chance.shuffle(numbers)
                done = services.post(connection, map(fact, numbers), batch_id=uuid4())
                connection.commit()
                assert done.conflicts == []
                assert done.new + done.duplicates == len(numbers)
                acknowledged.update(numbers)
                new += done.new
            return acknowledged, new

        return work

    results = together(*map(writer, range(WRITERS)))

    acknowledged = set().union(*(numbers for numbers, _ in results))
    expected: Counter[UUID] = Counter()
    for number in acknowledged:
        for entry in fact(number).entries:
            expected[entry.account.id] -= entry.amount_minor
    with database.connect() as connection:
        assert deadlocks(connection) == 0
        present = connection.execute("SELECT fact_id FROM ledger_transaction").fetchall()
        assert sorted(row[0].int for row in present) == sorted(acknowledged)
        assert sum(new for _, new in results) == len(acknowledged)
        for account in [*(member("pending", wallet) for wallet in WALLETS), funder("accrued")]:
            sign = 1 if account.kind.startswith("member.") else -1
            assert selectors.balance(connection, account) == sign * expected[account.id]
        assert checks.verify(connection) == []


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("place", [0, 11, 23])
def test_a_post_locks_balances_in_key_order_and_waits_with_only_the_lower_ones_locked(
    place: int,
) -> None:
    """What keeps writers from waiting for each other in a circle, seen from a third session."""
    accounts = sorted((member("available", UUID(int=n)) for n in range(1, 25)), key=lambda a: a.id)
    batch = [given(account.owner_id, 100) for account in accounts]
    random.Random(place).shuffle(batch)
    with database.connect("owner") as holder, database.connect("owner") as looker:
        services.post(holder, batch, batch_id=uuid4())
        holder.commit()
        lock_one = "SELECT 1 FROM ledger_balance WHERE account_id = %s FOR NO KEY UPDATE"
        holder.execute(lock_one, [accounts[place].id])

        def post() -> None:
            with database.connect() as connection:
                again = [given(account.owner_id, 1) for account in accounts]
                random.Random(place + 1).shuffle(again)
                services.post(connection, again, batch_id=uuid4())
                connection.commit()

        poster = Thread(target=post)
        poster.start()
        wait_until_somebody_waits(looker)
        free = looker.execute(
            "SELECT account_id FROM ledger_balance WHERE account_id = ANY (%s)"
            " ORDER BY account_id FOR NO KEY UPDATE SKIP LOCKED",
            [[account.id for account in accounts]],
        ).fetchall()
        looker.rollback()
        holder.rollback()
        poster.join(60)
        assert [row[0] for row in free] == [account.id for account in accounts[place + 1 :]]
        for account in accounts:
            assert selectors.balance(looker, account) == 101


def wait_until_somebody_waits(connection: Connection) -> None:
    """Return once a session of this database waits for another's row."""
    for _ in range(3000):
        rows = connection.execute(
            "SELECT 1 FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
            " WHERE NOT l.granted AND a.datname = current_database()"
        ).fetchall()
        connection.rollback()
        if rows:
            return
        time.sleep(0.01)
    raise AssertionError("nobody waited within thirty seconds")
