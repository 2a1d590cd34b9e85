"""Money that nobody spent in time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from cagnotte.domain.errors import PeriodClosed
from cagnotte.journeys import expire
from cagnotte.journeys.expire import ExpireResult, Expiry
from cagnotte.ledger import services as ledger
from tests.contexts.wallet.world import BRAND, NOON, PROGRAMME, TODAY, World, a_world

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        yield made


def run(world: World, *, days: int = 0) -> ExpireResult:
    moment = NOON + timedelta(days=days)
    return expire.run(world.connection, Expiry(PROGRAMME, "EUR", moment, moment.date()))


def test_each_lot_goes_to_the_account_that_was_fixed_with_it(world: World) -> None:
    anna, ben = world.wallet(), world.wallet()
    world.give(anna, 300, YESTERDAY, gains="programme.breakage")
    world.give(anna, 500, YESTERDAY, gains="funder.due")
    world.give(ben, 700, YESTERDAY, gains="programme.promotions")
    due = world.balance("funder.due", BRAND)
    result = run(world)
    assert (result.wallets, result.lots, result.amount_minor) == (2, 3, 1500)
    assert result.gained_minor == {
        "programme.breakage": 300,
        "funder.due": 500,
        "programme.promotions": 700,
    }
    assert world.balance("programme.breakage") == 300
    assert world.balance("funder.due", BRAND) == due - 500
    assert world.balance("programme.promotions") == -700
    assert world.balances(anna) == world.balances(ben) == (0, 0, 0)
    assert world.lots(anna) == [(300, 0, 300, YESTERDAY), (500, 0, 500, YESTERDAY)]
    world.assert_sound()


def test_the_last_day_and_money_without_one_stay(world: World) -> None:
    anna = world.wallet([(100, YESTERDAY), (200, TODAY), (300, TOMORROW), (400, None)])
    assert run(world).amount_minor == 100
    assert world.balances(anna) == (900, 0, 0)
    assert run(world, days=2).amount_minor == 500
    assert world.balances(anna) == (400, 0, 0)
    world.assert_sound()


def test_a_second_run_finds_nothing(world: World) -> None:
    world.wallet([(100, YESTERDAY)])
    run(world)
    before = world.standing()
    assert run(world).lots == 0
    assert world.standing() == before


def test_a_lot_of_which_nothing_was_fixed_goes_to_the_programme(world: World) -> None:
    world.wallet([(100, YESTERDAY)])
    with world.connection.transaction():
        world.connection.execute("UPDATE rewards_lot SET breakage_account = '{}'")
    assert run(world).gained_minor == {"programme.breakage": 100}


def test_many_wallets_are_taken_some_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expire, "WALLETS_AT_ONCE_MAX", 2)
    for _ in range(5):
        world.wallet([(100, YESTERDAY), (50, None)])
    told: list[int] = []
    result = expire.run(
        world.connection, Expiry(PROGRAMME, "EUR", NOON, TODAY), progress=told.append
    )
    assert (result.wallets, result.amount_minor) == (5, 500)
    assert told == [2, 4, 5]
    world.assert_sound()


def test_expiry_in_closed_books_is_booked_on_the_first_open_day(world: World) -> None:
    world.wallet([(100, YESTERDAY)])
    with world.connection.transaction():
        ledger.close_period(
            world.connection, programme_id=PROGRAMME, ends_on=TOMORROW, now=NOON, closed_by="test"
        )
    run(world)
    days = world.rows(
        "SELECT occurred_on, effective_on FROM ledger_transaction WHERE kind = 'expired'"
    )
    assert days == [(TODAY, TODAY + timedelta(days=2))]
    world.assert_sound()


def test_a_failure_in_the_middle_keeps_what_was_done_and_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expire, "WALLETS_AT_ONCE_MAX", 1)
    for _ in range(3):
        world.wallet([(100, YESTERDAY)])
    real, calls = expire.expire_lots, []

    def fail_second(*given: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise PeriodClosed
        return real(*given, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(expire, "expire_lots", fail_second)
        with pytest.raises(PeriodClosed):
            run(world)
    world.assert_sound()
    assert world.balance("programme.breakage") == 100
    assert run(world).lots == 2
    assert world.balance("programme.breakage") == 300
    world.assert_sound()
