"""Budgets are hard: no order of arrival, no return and no number of writers gives more than there is."""

import threading
from collections.abc import Iterator

import pytest

from cagnotte.journeys.budgets import Budgets
from cagnotte.platform.database import connect
from tests.journeys.world import World, corner

SPRING = """
    - ref: spring
      name: 10 % more while 5.00 last
      role: boost
      effect: {kind: percent, rate: 10 %}
      conditions: {minimum_basket: "5.00"}
      limits: {budget: "5.00"}
"""


@pytest.fixture
def world(empty_world: World) -> Iterator[World]:
    """5 % on everything and 10 % more while 5.00 last; nothing beyond is ever given."""
    empty_world.load(corner(offers=SPRING))
    yield empty_world
    assert sum(given(empty_world).values()) <= 500
    assert used(empty_world) == sum(given(empty_world).values())


def given(world: World) -> dict[str, int]:
    """Return what the boost gives on each order that is not declined, in cents."""
    return {
        order: minor
        for order, minor in world.rows(
            "SELECT p.order_ref, (budget->>1)::int FROM rewards_reward AS r "
            "JOIN purchases_purchase AS p ON p.id = r.purchase_id "
            "JOIN rewards_decision AS d ON d.id = r.decision_id, "
            "jsonb_array_elements(d.decision->'budgets') AS budget "
            "WHERE p.validation <> 'declined'"
        )
        if minor
    }


def used(world: World) -> int:
    (row,) = world.rows("SELECT coalesce(sum(used_minor), 0)::bigint FROM rewards_budgetslice")
    return int(row[0])


def test_the_purchase_that_meets_the_end_of_a_budget_gets_what_is_left(world: World) -> None:
    world.buy("A1", "30.00")
    world.buy("A2", "30.00")
    world.buy("A3", "30.00")
    assert given(world) == {"A1": 300, "A2": 200}
    assert world.member("1") == {"pending": 3 * 150 + 500}


def test_room_that_a_decline_frees_serves_the_next_purchase(world: World) -> None:
    world.buy("A1", "30.00")
    world.buy("A2", "30.00")
    world.answer("A1,decline,cancelled,,,")
    world.buy("A3", "40.00")
    assert given(world) == {"A2": 200, "A3": 300}


def test_room_that_a_return_frees_serves_the_next_purchase(world: World) -> None:
    world.buy("A1", "50.00")
    world.answer("A1,amend,,1,0,20.00")
    world.buy("A2", "50.00")
    assert given(world) == {"A1": 300, "A2": 200}


def test_a_purchase_that_met_an_empty_budget_gets_nothing_when_it_is_amended(
    world: World,
) -> None:
    world.buy("A1", "50.00")
    world.buy("A2", "30.00")
    world.answer("A1,amend,,1,0,20.00")
    world.answer("A2,amend,,1,0,10.00")
    assert given(world) == {"A1": 300}


def test_an_order_that_grows_takes_what_is_left_today_and_no_more(world: World) -> None:
    world.buy("A1", "10.00")
    world.buy("A2", "30.00")
    world.buy("A1", "90.00")
    assert given(world) == {"A1": 200, "A2": 300}


def test_an_order_that_first_meets_the_conditions_later_takes_what_is_left(world: World) -> None:
    world.buy("A1", "4.00")
    world.buy("A2", "30.00")
    world.buy("A1", "40.00")
    assert given(world) == {"A1": 200, "A2": 300}


def test_what_a_writer_did_not_use_goes_back_to_the_pool(world: World) -> None:
    world.buy("A1", "20.50")
    rows = world.rows(
        "SELECT slot, granted_minor, used_minor FROM rewards_budgetslice ORDER BY slot"
    )
    assert rows == [(0, 205, 0), (1, 205, 205)]


def test_writers_of_one_slot_wait_for_each_other(world: World) -> None:
    """Two importers that start at once share a slot: neither may write over what the other took."""
    taken: list[int] = []

    def take() -> None:
        with connect() as connection:
            programme_id = world.programme_id(connection)
            connection.commit()
            budgets = Budgets(connection, programme_id, {"spring": 500}, slot=1)
            for _ in range(10):
                with connection.transaction():
                    budgets.load()
                    while budgets["spring"] < 30 and budgets.top_up("spring"):
                        pass
                    amount = min(budgets["spring"], 30)
                    budgets.use("spring", amount)
                    budgets.save()
                taken.append(amount)

    writers = [threading.Thread(target=take) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert sum(taken) == used(world) == 500
    world.write("DELETE FROM rewards_budgetslice")


def test_messages_of_one_file_share_a_budget_in_their_order(world: World) -> None:
    at = "1,2026-02-10T10:00:00,EUR,,plum,1"
    world.till(f"A1,{at},30.00,jam,", f"A2,{at},30.00,jam,", f"A3,{at},30.00,jam,")
    assert given(world) == {"A1": 300, "A2": 200}
