"""A member leaves: nothing is lost, and nothing is paid twice."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from cagnotte.domain.errors import NotFound, Refused
from cagnotte.journeys import close_account, pay_out, redeem
from cagnotte.journeys.close_account import ClosedAccount, Closing
from cagnotte.journeys.pay_out import PayRun
from cagnotte.journeys.redeem import Checkout
from tests.contexts.wallet.world import NOON, PROGRAMME, SHOP, TODAY, World, a_world

YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        yield made


def close(world: World, wallet_id: UUID, *, days: int = 0) -> ClosedAccount:
    moment = NOON + timedelta(days=days)
    order = Closing(PROGRAMME, wallet_id, "EUR", moment, moment.date())
    return close_account.run(world.connection, order)


def test_what_is_left_goes_out_whatever_the_minimum(world: World, tmp_path: Path) -> None:
    world.rules(threshold_minor=2000)
    anna = world.wallet([(840, None)])
    world.bank_account(anna)
    closed = close(world, anna)
    assert closed == ClosedAccount(
        was_closed=False,
        payout_minor=840,
        unclaimed_minor=0,
        expired_minor=0,
        given_up_minor=0,
        waiting_minor=0,
    )
    assert world.balances(anna) == (0, 840, 0)
    result = pay_out.run(world.connection, PayRun(PROGRAMME, NOON, NOON, TODAY, tmp_path))
    assert (result.count, result.total_minor) == (1, 840)
    assert world.balances(anna) == (0, 0, 0)
    world.assert_sound()


def test_without_a_bank_account_the_money_waits_for_its_owner(world: World) -> None:
    world.rules()
    anna = world.wallet([(840, None), (100, YESTERDAY)])
    closed = close(world, anna)
    assert (closed.payout_minor, closed.unclaimed_minor, closed.expired_minor) == (0, 840, 100)
    assert world.balances(anna) == (0, 0, 0)
    assert world.balance("programme.unclaimed") == 840
    assert world.balance("programme.breakage") == 100
    world.assert_sound()


def test_a_programme_that_pays_nothing_out_keeps_it_unclaimed(world: World) -> None:
    anna = world.wallet([(840, None)])
    assert close(world, anna).unclaimed_minor == 840
    world.assert_sound()


def test_what_is_owed_is_given_up_and_what_waits_follows_its_course(world: World) -> None:
    anna = world.wallet()
    world.owe(anna, 320)
    purse = world.purse(anna)
    with world.connection.transaction():
        world.book(
            {purse.programme("promotions_pending"): 500, purse.member("pending"): -500},
            anna,
            uuid4(),
        )
    closed = close(world, anna)
    assert (closed.given_up_minor, closed.waiting_minor) == (320, 500)
    assert world.balance("programme.losses") == 320
    assert world.balances(anna) == (0, 0, 0)
    world.assert_sound()


def test_an_account_whose_money_is_held_stays_open(world: World) -> None:
    world.rules()
    anna = world.wallet([(3000, None)])
    checkout = Checkout(PROGRAMME, SHOP, "EUR", NOON, TODAY)
    redeem.hold(world.connection, checkout, wallet_id=anna, order="1", amount_minor=500)
    before = world.standing()
    with pytest.raises(Refused, match=r"5\.00 EUR is held for an open order"):
        close(world, anna)
    assert world.standing() == before
    with pytest.raises(NotFound):
        close(world, uuid4())


def test_closing_again_moves_only_what_came_in_since(world: World) -> None:
    world.rules()
    anna = world.wallet([(3000, None)])
    world.bank_account(anna)
    close(world, anna)
    before = world.standing()
    again = close(world, anna, days=1)
    assert again == ClosedAccount(True, 0, 0, 0, 0, 0)
    assert world.standing() == before
    world.give(anna, 250)
    later = close(world, anna, days=2)
    assert (later.was_closed, later.unclaimed_minor) == (True, 250)
    assert world.balance("programme.unclaimed") == 250
    assert world.balances(anna) == (0, 3000, 0)
    world.assert_sound()
