"""A simulated world, run from its first file to its last payout, ends as it really happened."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from cagnotte.journeys import check_books
from cagnotte.platform import database
from cagnotte.world.simulation.living import live
from cagnotte.world.simulation.making import World, make
from cagnotte.world.simulation.plan import Model, Plan

SMALL = {"seed": 7, "members": 80, "days": 60}


def small(folder: Path, **plan: Any) -> World:
    return make(Plan(**{**SMALL, **plan}), folder)


def rows(query: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()


def faults() -> list[str]:
    with database.connect() as connection:
        return [found.sentence for found in check_books.verify(connection) if found.is_fault]


def truth(world: World) -> list[dict[str, str]]:
    with (world.folder / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def plain_reward(row: dict[str, str], rule: dict[str, Any]) -> int:
    """What an order earns under a plain programme, by nothing but its row of the truth."""
    if row["state"] == "declined":
        return 0
    exact = int(row[rule["of"]]) * rule["rate_bps"]
    return (exact + 5_000) // 10_000 if rule["rounding"] == "half_up" else exact // 10_000


@pytest.mark.parametrize("model", Model)
def test_every_order_of_a_plain_world_ends_as_it_happened(
    committed_db: str, tmp_path: Path, model: Model
) -> None:
    world = small(tmp_path, model=model, plain=True)
    lived = live(world)

    rule = json.loads((tmp_path / "truth.json").read_bytes())["plain_reward"]
    happened = {
        row["order"]: (row["state"], row["reason"], plain_reward(row, rule))
        for row in truth(world)
        if row["enrolled"] == "yes"
    }
    stands = {
        order: (state, reason, reward)
        for order, state, reason, reward in rows(
            "SELECT p.order_ref, p.validation, p.reason, r.amount_minor FROM purchases_purchase AS p "
            "JOIN rewards_reward AS r ON r.purchase_id = p.id"
        )
    }
    assert {ref: end for ref, end in stands.items() if end != happened[ref]} == {}
    assert stands.keys() == happened.keys()
    confirmed = sum(reward for state, _, reward in stands.values() if state == "confirmed")
    ((released,),) = rows("SELECT sum(released_minor)::bigint FROM rewards_reward")
    assert released == confirmed > 0
    assert lived.payouts > 0
    assert faults() == []
