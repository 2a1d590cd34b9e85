"""A member asks to be paid; it is approved, or called off."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cagnotte.domain.errors import InsufficientFunds, NotFound, PayoutRefused
from cagnotte.domain.payouts import PayoutState, RefusalCode
from cagnotte.journeys import ask_payout, pay_out
from cagnotte.journeys.ask_payout import Desk
from cagnotte.journeys.pay_out import PayRun
from cagnotte.payouts import selectors
from tests.contexts.wallet.world import NOON, PROGRAMME, TODAY, World, a_world

DESK = Desk(PROGRAMME, NOON, TODAY)


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        made.rules()
        yield made


def test_what_is_asked_for_is_held_and_goes_out_once_approved(world: World, tmp_path: Path) -> None:
    anna = world.wallet([(6000, None)])
    world.bank_account(anna)
    asked = ask_payout.ask(world.connection, DESK, wallet_id=anna, amount_minor=4500)
    assert asked.state is PayoutState.REQUESTED
    assert world.balances(anna) == (1500, 4500, 0)
    order = PayRun(PROGRAMME, NOON, NOON, TODAY, tmp_path)
    assert pay_out.run(world.connection, order).count == 0
    stepped = ask_payout.approve(world.connection, DESK, [asked.end_to_end_id], by="ada")
    assert [payout.id for payout in stepped.taken] == [asked.id]
    result = pay_out.run(world.connection, order)
    assert (result.count, result.total_minor) == (1, 4500)
    world.assert_sound()


def test_without_an_amount_all_that_is_available_is_asked_for(world: World) -> None:
    anna = world.wallet([(6000, None), (100, TODAY - timedelta(days=1))])
    world.bank_account(anna)
    assert ask_payout.ask(world.connection, DESK, wallet_id=anna).amount_minor == 6000
    world.assert_sound()


def test_a_request_called_off_is_the_members_money_again(world: World) -> None:
    anna = world.wallet([(6000, None)])
    world.bank_account(anna)
    asked = ask_payout.ask(world.connection, DESK, wallet_id=anna)
    stepped = ask_payout.cancel(
        world.connection, DESK, [asked.end_to_end_id], by="ada", reason="asked twice"
    )
    assert len(stepped.taken) == 1
    assert world.balances(anna) == (6000, 0, 0)
    (only,) = selectors.steps_of_payout(world.connection, asked.id)
    assert (only.event, only.reason, only.source) == ("cancel", "asked twice", "ada")
    world.connection.rollback()
    world.assert_sound()


def test_what_may_be_at_the_bank_is_not_called_off(world: World, tmp_path: Path) -> None:
    anna = world.wallet([(6000, None)])
    world.bank_account(anna)
    pay_out.run(world.connection, PayRun(PROGRAMME, NOON, NOON, TODAY, tmp_path))
    ((reference,),) = world.rows("SELECT end_to_end_id FROM payouts_payout")
    before = world.standing()
    stepped = ask_payout.cancel(world.connection, DESK, [reference], by="ada", reason="no")
    assert stepped.taken == []
    assert "is in a batch and may be at the bank" in str(stepped.refused[0][1])
    assert world.standing() == before


def test_what_the_rules_stand_against_is_refused_and_moves_nothing(world: World) -> None:
    anna, ben = world.wallet([(6000, None)]), world.wallet([(6000, None)])
    world.bank_account(anna)
    before = world.standing()
    with pytest.raises(PayoutRefused) as refused:
        ask_payout.ask(world.connection, DESK, wallet_id=ben)
    assert refused.value.facts["reason"] is RefusalCode.NO_METHOD
    with pytest.raises(PayoutRefused, match=r"15\.00 EUR short of the 20\.00 EUR minimum"):
        ask_payout.ask(world.connection, DESK, wallet_id=anna, amount_minor=500)
    with pytest.raises(InsufficientFunds, match=r"10\.00 EUR short"):
        ask_payout.ask(world.connection, DESK, wallet_id=anna, amount_minor=7000)
    with pytest.raises(NotFound, match="“po-x”"):
        ask_payout.approve(world.connection, DESK, ["po-x"], by="ada")
    assert world.standing() == before


def test_more_than_one_payout_pays_is_refused_and_not_cut(world: World) -> None:
    anna = world.wallet([(6000, None)])
    world.bank_account(anna)
    world.rules(maximum_minor=3000)
    before = world.standing()
    for token in ("form", "form", None):
        with pytest.raises(
            PayoutRefused, match=r"50\.00 EUR asked for, and one payout pays 30\.00 EUR at most"
        ) as refused:
            ask_payout.ask(world.connection, DESK, wallet_id=anna, amount_minor=5000, token=token)
        assert refused.value.facts["reason"] is RefusalCode.ABOVE_MAXIMUM
        assert refused.value.facts["maximum_minor"] == 3000
    assert world.standing() == before
    asked = ask_payout.ask(world.connection, DESK, wallet_id=anna, amount_minor=3000, token="form")
    assert (asked.amount_minor, world.balances(anna)) == (3000, (3000, 3000, 0))
    assert ask_payout.ask(world.connection, DESK, wallet_id=anna).amount_minor == 3000
    assert world.balances(anna) == (0, 6000, 0)
    world.assert_sound()


def test_what_was_asked_for_stands_when_the_maximum_falls(world: World) -> None:
    anna = world.wallet([(6000, None)])
    world.bank_account(anna)
    first = ask_payout.ask(world.connection, DESK, wallet_id=anna, amount_minor=5000, token="f")
    world.rules(maximum_minor=3000)
    again = ask_payout.ask(world.connection, DESK, wallet_id=anna, amount_minor=5000, token="f")
    assert (again.id, world.balances(anna)) == (first.id, (1000, 5000, 0))
    world.assert_sound()
