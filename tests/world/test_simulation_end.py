"""A simulated world, run from its first file to its last payout, ends as it really happened."""

import csv
import json
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cagnotte.journeys import check_books, expire
from cagnotte.ledger import digest as ledger
from cagnotte.platform import database
from cagnotte.world.simulation.living import Lived, live
from cagnotte.world.simulation.making import World, make
from cagnotte.world.simulation.plan import FORMATS, Model, Plan, Returns

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
    exact: int = int(row[rule["of"]]) * rule["rate_bps"]
    return (exact + 5_000) // 10_000 if rule["rounding"] == "half_up" else exact // 10_000


def state_of_orders() -> dict[str, tuple[str, str, int]]:
    """Every order as it stands: (state, reason, reward)."""
    found = rows(
        "SELECT p.order_ref, p.validation, p.reason, r.amount_minor FROM purchases_purchase AS p "
        "JOIN rewards_reward AS r ON r.purchase_id = p.id"
    )
    return {order: (state, reason, reward) for order, state, reason, reward in found}


def digest(lived: Lived) -> str:
    with database.connect() as connection:
        return check_books.digest(connection, lived.programme_id)


def ledger_digest(lived: Lived) -> str:
    """The books alone, which know neither versions nor decisions."""
    with database.connect() as connection:
        return ledger.digest(connection, lived.programme_id)


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
    stands = state_of_orders()
    assert {ref: end for ref, end in stands.items() if end != happened.get(ref)} == {}
    assert stands.keys() == happened.keys()
    confirmed = sum(reward for state, _, reward in stands.values() if state == "confirmed")
    ((released,),) = rows("SELECT sum(released_minor)::bigint FROM rewards_reward")
    assert released == confirmed > 0
    assert lived.payouts > 0
    assert faults() == []


@pytest.mark.parametrize("format_name", FORMATS)
def test_returns_in_rows_of_their_own_lead_to_the_same_end_as_in_answers(
    committed_db: str, second_db: str, tmp_path: Path, format_name: str
) -> None:
    ends = []
    for returns, address in ((Returns.ANSWERS, committed_db), (Returns.APPENDED, second_db)):
        database.use_database(address)
        folder = tmp_path / returns.value
        world = small(
            folder,
            model=Model.TWO_STAGE,
            returns=returns,
            formats=(format_name,),
            plain=True,
            days=40,
            orders_per_month=9,
        )
        live(world)
        ends.append(state_of_orders())
        assert faults() == []
    database.use_database(committed_db)
    assert world.counts["returns"] > 10
    assert ends[0] == ends[1]


@pytest.mark.parametrize("model", Model)
def test_a_rich_world_ends_in_order_and_living_it_again_changes_nothing(
    committed_db: str, tmp_path: Path, model: Model
) -> None:
    world = small(tmp_path, model=model, members=60, days=35)
    lived = live(world)

    told = truth(world)
    happened = {
        row["order"]: (row["state"], row["reason"]) for row in told if row["enrolled"] == "yes"
    }
    assert {ref: end[:2] for ref, end in state_of_orders().items()} == happened
    strangers = world.counts.get("messages_of_strangers", 0)
    assert lived.rejected["purchases"] == Counter(
        {"unknown_member": strangers} if strangers else {}
    )
    unknown = world.counts.get("answers_of_strangers", 0)
    assert sum(lived.rejected.get("decisions", Counter()).values()) == unknown
    assert faults() == []

    before = digest(lived)
    again = live(world)
    assert digest(again) == before
    assert again.payouts == 0
    assert again.counts["purchases"]["new"] == 0

    expire_everything(lived, world)
    assert rows("SELECT coalesce(sum(remaining_minor), 0)::bigint FROM rewards_lot") == [(0,)]
    assert faults() == []


def expire_everything(lived: Lived, world: World) -> None:
    later = world.steps[-1].at + timedelta(days=4 * 366)
    with database.connect() as connection:
        expire.run(connection, expire.Expiry(lived.programme_id, "EUR", later, later.date()))


@pytest.mark.parametrize("model", [Model.COALITION, Model.PORTAL])
def test_two_formats_lead_to_the_same_books(
    committed_db: str, second_db: str, tmp_path: Path, model: Model
) -> None:
    digests = []
    for name, address in (("csv", committed_db), ("jsonl", second_db)):
        database.use_database(address)
        world = small(tmp_path / name, model=model, formats=(name,), members=50, days=40)
        digests.append(digest(live(world)))
    database.use_database(committed_db)
    assert digests[0] == digests[1]


def test_two_processes_lead_to_the_same_books_as_one(
    committed_db: str, second_db: str, tmp_path: Path
) -> None:
    world = small(tmp_path, model=Model.COALITION, days=40)
    alone = digest(live(world))
    database.use_database(second_db)
    together = digest(live(world, jobs=2))
    database.use_database(committed_db)
    assert together == alone


def test_the_messages_of_a_file_in_any_order_lead_to_the_same_end(
    committed_db: str, second_db: str, tmp_path: Path
) -> None:
    world = small(tmp_path, model=Model.PORTAL, formats=("jsonl",), plain=True, members=60)
    as_told, first = ledger_digest(live(world)), state_of_orders()

    database.use_database(second_db)
    shuffling = random.Random(2026)
    moved = 0
    for path in tmp_path.glob("orders-*.jsonl"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        mixed = shuffling.sample(lines, len(lines))
        moved += mixed != lines
        path.write_text("".join(mixed), encoding="utf-8")
    shuffled = live(world)
    assert moved > 2
    assert state_of_orders() == first
    assert ledger_digest(shuffled) == as_told
    assert faults() == []
    database.use_database(committed_db)
