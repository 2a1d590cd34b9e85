"""Two writers that come to need the same two budgets in opposite orders do not wait for each other in a circle."""

from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from uuid import UUID

import pytest

from cagnotte.journeys.budgets import Budgets
from cagnotte.platform import database
from tests.load.crowd import Connection, deadlocks, together

PROGRAMME = UUID(int=5)


@pytest.mark.usefixtures("committed_db")
def test_the_second_budget_a_writer_needs_is_locked_with_the_first() -> None:
    both_have_one = Barrier(2)

    def writer(slot: int, first: str, second: str) -> Callable[[Connection], int]:
        def work(connection: Connection) -> int:
            budgets = Budgets(connection, PROGRAMME, {"april": 100, "spring": 100}, slot)
            with connection.transaction():
                budgets.load()
                assert budgets.top_up(first)
                # As it should be, the other waits for this writer's end and never comes here.
                with suppress(BrokenBarrierError):
                    both_have_one.wait(0.5)
                assert budgets.top_up(second)
                budgets.save()
            return sum(budgets.values())

        return work

    assert together(writer(1, "april", "spring"), writer(2, "spring", "april")) == [4, 4]

    with database.connect() as connection:
        pools = "SELECT offer, granted_minor FROM rewards_budgetslice WHERE slot = 0 ORDER BY offer"
        assert connection.execute(pools).fetchall() == [("april", 4), ("spring", 4)]
        connection.rollback()
        assert deadlocks(connection) == 0
