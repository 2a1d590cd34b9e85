"""Confirmed money becomes available on its day, as lots, and what is owed is repaid first."""

import time
from datetime import date
from typing import Any

import pytest

from cagnotte.journeys.mature import mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.database import connect
from tests.journeys.world import World, corner

DAY_BEFORE, DUE = date(2026, 3, 11), date(2026, 3, 12)
BY_THE_BRAND = """
    - ref: acme-jam
      name: Acme gives 2 % on its jam
      effect: {kind: percent, rate: 2 %}
      conditions: {categories: [jam], brands: [acme]}
      funding: brand
"""


def confirmed(world: World, order: str = "A1", amount: str = "20.00") -> None:
    world.buy(order, amount, status="confirmed")


def test_money_is_available_when_its_delay_is_over_and_not_a_day_before(world: World) -> None:
    confirmed(world)

    assert world.mature(DAY_BEFORE).purchases == 0
    assert world.member("1") == {"confirmed": 100}
    result = world.mature(DUE)

    assert (result.purchases, result.released_minor, result.wallets) == (1, 100, 1)
    assert world.books() == {"funder.due": 100, "member.available": 100}
    assert world.purchase("A1") == ("confirmed", "", 1, 100, 100, 0)


def test_a_lot_lives_as_long_as_its_contract_says(world: World) -> None:
    confirmed(world)
    world.mature(DUE)
    assert world.lots() == [("A1", 100, 100, DUE, date(2027, 3, 12))]


def test_the_same_night_again_releases_nothing_twice(world: World) -> None:
    confirmed(world)
    world.mature(DUE)
    before = world.digest()
    assert world.mature(DUE).purchases == 0
    assert world.digest() == before


def test_the_night_folds_the_deltas_of_busy_accounts_and_moves_no_balance(world: World) -> None:
    confirmed(world)
    before = world.books()

    assert folded(world) == [("funder.due", 100, world.now)]
    assert world.books() == before
    assert world.faults() == []


def folded(world: World) -> list[tuple[Any, ...]]:
    """Run nights until one folds: whatever else the server runs, tests beside this one included, holds a fold back."""
    for _ in range(200):
        world.mature(DAY_BEFORE)
        found = world.rows(
            "SELECT a.kind, s.amount_minor, s.folded_at FROM ledger_snapshot AS s "
            "JOIN ledger_account AS a ON a.id = s.account_id WHERE s.amount_minor <> 0"
        )
        if found:
            return found
        time.sleep(0.05)
    pytest.fail("the deltas were never folded")


def test_pending_and_declined_purchases_are_not_released(world: World) -> None:
    world.buy("A1")
    world.buy("A2", status="declined")
    assert world.mature(date(2028, 1, 1)).purchases == 0
    assert world.member("1") == {"pending": 100}


def test_a_reward_of_nothing_waits_for_nothing(world: World) -> None:
    world.till("A1,1,2026-02-10T10:00:00,EUR,confirmed,diesel,1,60.00,fuel,")
    assert world.mature(DUE).purchases == 0
    assert world.purchase("A1") == ("confirmed", "", 1, 0, 0, 0)


def test_rewards_of_one_member_are_one_lot_each(world: World) -> None:
    confirmed(world, "A1")
    confirmed(world, "A2", "60.00")
    assert world.mature(DUE).released_minor == 400
    assert [lot[:3] for lot in world.lots()] == [("A1", 100, 100), ("A2", 300, 300)]


def test_what_a_member_owes_is_repaid_first(world: World) -> None:
    confirmed(world, "A1")
    world.mature(DUE)
    world.spend("S1", 100)
    world.answer("A1,decline,returned,,,")
    assert world.member("1") == {"owing": 100}
    confirmed(world, "A2", "10.00")
    confirmed(world, "A3", "30.00")

    result = world.mature(DUE)

    assert (result.released_minor, result.repaid_minor) == (200, 100)
    assert world.member("1") == {"available": 100}
    # Released in the order of their day and id: whichever came first repaid more, nothing is lost.
    assert sum(lot[2] for lot in world.lots()) == 100


@pytest.mark.parametrize("block", ["fraud", "claim", "insolvency"])
def test_a_blocked_purchase_keeps_waiting_until_the_block_is_gone(world: World, block: str) -> None:
    confirmed(world)
    world.write("UPDATE purchases_purchase SET blocks = ARRAY[%s]", block)

    result = world.mature(DUE)

    assert (result.purchases, result.waiting) == (0, {block: 1})
    assert world.member("1") == {"confirmed": 100}
    world.write("UPDATE purchases_purchase SET blocks = '{}' WHERE %s <> ''", block)
    assert world.mature(DUE).purchases == 1


@pytest.mark.parametrize(
    ("required", "amounts", "released"),
    [
        ("paid", "billed_minor = 0", 0),
        ("paid", "billed_minor = 100", 0),
        ("paid", "billed_minor = 100, paid_minor = 99", 0),
        ("paid", "billed_minor = 100, paid_minor = 100", 1),
        ("paid", "billed_minor = 100, paid_minor = 60, written_off_minor = 40", 1),
        ("paid", "written_off_minor = 100", 1),
        ("billed", "billed_minor = 0", 0),
        ("billed", "billed_minor = 100", 1),
    ],
)
def test_money_waits_for_its_funder_as_far_as_the_contract_says(
    empty_world: World, required: str, amounts: str, released: int
) -> None:
    world = empty_world
    world.load(
        corner().replace("release: {days: 30}", f"release: {{days: 30, settlement: {required}}}")
    )
    confirmed(world)
    world.write(f"UPDATE rewards_rewardpart SET {amounts}")

    result = world.mature(DUE)

    assert result.purchases == released
    assert result.waiting == ({} if released else {"settlement": 1})


@pytest.mark.parametrize(
    ("breakage_to", "kind"), [("funder", "funder.due"), ("programme", "programme.breakage")]
)
def test_who_gains_expired_money_is_frozen_on_the_lot(
    empty_world: World, breakage_to: str, kind: str
) -> None:
    empty_world.load(corner(f"breakage_to: {breakage_to}"))
    confirmed(empty_world)
    empty_world.mature(DUE)
    assert empty_world.rows("SELECT breakage_to, breakage_account->>'kind' FROM rewards_lot") == [
        (breakage_to, kind)
    ]


def test_days_may_count_from_the_confirmation(empty_world: World) -> None:
    world = empty_world
    world.load(corner().replace("release: {days: 30}", "release: {days: 10, from: confirmed}"))
    world.buy("A1")
    world.answer("A1,confirm,,,,")
    assert world.mature(date(2026, 3, 10)).purchases == 0
    assert world.mature(date(2026, 3, 11)).purchases == 1


def test_a_release_is_booked_on_the_day_it_happens(world: World) -> None:
    confirmed(world)
    world.mature(DUE)
    assert world.rows(
        "SELECT occurred_on, effective_on FROM ledger_transaction WHERE kind = 'released'"
    ) == [(DUE, DUE)]


def test_a_funder_that_pays_for_nothing_gains_nothing_when_what_the_member_kept_expires(
    empty_world: World,
) -> None:
    world = empty_world
    world.load(corner("breakage_to: funder", "member_clawback_days: 10"))
    confirmed(world)
    world.answer("A1,decline,returned,,,")
    assert world.books() == {"member.confirmed": 100, "programme.losses": 100}

    world.mature(date(2026, 4, 1))
    world.expire(date(2027, 5, 1))

    assert world.books() == {"programme.breakage": 100, "programme.losses": 100}


def test_the_shops_own_contract_rules_also_where_a_brand_pays_for_everything(
    empty_world: World,
) -> None:
    world = empty_world
    text = corner("breakage_to: funder", offers=BY_THE_BRAND)
    world.load(
        text.replace(
            "effect: {kind: percent, rate: 5 %}",
            "effect: {kind: percent, rate: 5 %}\n    conditions: {categories: [tea]}",
        )
    )
    world.till("A1,1,2026-02-10T10:00:00,EUR,confirmed,plum,1,50.00,jam,acme")
    assert world.rows("SELECT funder_kind, reward_minor FROM rewards_rewardpart") == [
        ("brand", 100)
    ]

    world.mature(DUE)

    assert world.lots() == [("A1", 100, 100, DUE, date(2027, 3, 12))]
    assert world.rows("SELECT breakage_to, breakage_account ->> 'kind' FROM rewards_lot") == [
        ("funder", "funder.due")
    ]


def test_what_comes_on_top_of_a_released_reward_is_a_lot_of_its_own(
    world: World,
) -> None:
    confirmed(world)
    world.mature(DUE)
    world.buy("A1", "30.00", status="confirmed")

    result = world.mature(date(2026, 3, 13))

    assert (result.purchases, result.wallets, result.released_minor) == (1, 1, 50)
    assert [lot[1:4] for lot in world.lots()] == [(100, 100, DUE), (50, 50, date(2026, 3, 13))]


def test_a_night_of_many_chunks_releases_what_one_of_a_single_chunk_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for member in ("1", "2", "3"):
        confirmed_for(world, member)
    monkeypatch.setattr("cagnotte.journeys.mature.CHUNK_PURCHASES", 1)
    seen: list[int] = []

    with connect() as connection:
        run = ProgrammeRun.open(connection, "corner", world.now)
        result = mature(connection, run, on=DUE, on_chunk=seen.append)

    # All of a wallet is in one chunk, however small chunks are.
    assert seen == [2, 2, 2]
    assert (result.purchases, result.wallets, result.released_minor) == (6, 3, 900)


def confirmed_for(world: World, member: str) -> None:
    for number, amount in enumerate(("20.00", "40.00")):
        world.buy(f"M{member}-{number}", amount, member=member, status="confirmed")
