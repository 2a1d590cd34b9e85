"""Eight people import files at once that hold the same orders: each order counts once, nobody stumbles."""

import random
import time
from collections.abc import Callable
from itertools import count

from cagnotte.platform import database
from tests.journeys.world import World, corner
from tests.load.crowd import LOAD_SECONDS, Connection, deadlocks, together

IMPORTERS = 8
FILE = 30
HEADER = "order,member,at,currency,status,sku,qty,amount,category,brand\n"
OFFERS = """
    - ref: spring
      name: 1 % more while 4.00 last
      role: boost
      effect: {kind: percent, rate: 1 %}
      limits: {budget: "4.00"}
    - ref: april
      name: 2 % more while 5.00 last
      role: boost
      effect: {kind: percent, rate: 2 %}
      limits: {budget: "5.00"}
"""


def row(number: int) -> str:
    """Order `number`, always the same: some pots of jam, 1.00 each."""
    member, pots = number % 3 + 1, number % 40 + 1
    return f"A{number},{member},2026-02-10T10:00:00,EUR,,plum,{pots},{pots}.00,jam,\n"


def test_overlapping_files_are_taken_once_whoever_is_first(empty_world: World) -> None:
    empty_world.load(corner(offers=OFFERS))
    places, files = count(), count()
    ends_at = time.monotonic() + LOAD_SECONDS

    def importer(seed: int) -> Callable[[Connection], tuple[set[int], int]]:
        def work(_connection: Connection) -> tuple[set[int], int]:
            chance = random.Random(seed)
            sent: set[int] = set()
            new = 0
            while time.monotonic() < ends_at:
                place = next(places) * 8
                numbers = chance.sample(range(max(0, place - 200), place + FILE), FILE)
                path = empty_world.folder / f"till-{next(files)}.csv"
                path.write_text(HEADER + "".join(map(row, numbers)))
                summary = empty_world.send_file(path, "till")
                assert summary.rejected == {}
                sent.update(numbers)
                new += summary.counts["new"]
            return sent, new

        return work

    results = together(*map(importer, range(IMPORTERS)))

    sent = set().union(*(numbers for numbers, _ in results))
    assert sum(new for _, new in results) == len(sent)
    orders = empty_world.rows("SELECT order_ref FROM purchases_purchase")
    assert sorted(orders) == sorted((f"A{number}",) for number in sent)
    # 5 % of all pots, and what the two offers gave while their budgets lasted, is what members wait for.
    budgets = dict(
        empty_world.rows(
            "SELECT offer, sum(used_minor)::bigint FROM rewards_budgetslice GROUP BY offer"
        )
    )
    assert 0 < budgets["spring"] <= 400
    assert 0 < budgets["april"] <= 500
    pots = sum(number % 40 + 1 for number in sent)
    waiting = sum(empty_world.member(member).get("pending", 0) for member in "123")
    assert waiting == pots * 5 + sum(budgets.values())
    with database.connect() as connection:
        assert deadlocks(connection) == 0
