"""Paying at a checkout with the cagnotte, as shops do it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from cagnotte.domain.errors import Conflict, InsufficientFunds, NotFound, Refused
from cagnotte.domain.holds import HoldState
from cagnotte.journeys import expire, redeem, spending_rules
from cagnotte.journeys.expire import Expiry
from cagnotte.journeys.redeem import Checkout
from tests.contexts.wallet.world import NOON, PROGRAMME, SHOP, TODAY, World, a_world

CHECKOUT = Checkout(PROGRAMME, SHOP, "EUR", NOON, TODAY)
OTHER_SHOP = replace(CHECKOUT, merchant_id=UUID(int=99))
LATER = replace(CHECKOUT, now=NOON + timedelta(hours=2))


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        yield made


def hold(world: World, wallet: UUID, amount: int, checkout: Checkout = CHECKOUT) -> HoldState:
    held = redeem.hold(
        world.connection, checkout, wallet_id=wallet, order="17", amount_minor=amount
    )
    return held.state


def test_an_order_is_held_captured_and_partly_refunded(world: World) -> None:
    anna = world.wallet([(2000, None)])
    assert hold(world, anna, 1500) is HoldState.OPEN
    redeem.capture(world.connection, CHECKOUT, order="17", amount_minor=1200, fee_minor=24)
    redeem.refund(world.connection, LATER, order="17", refund_id="r-1", amount_minor=600)
    assert world.balances(anna) == (1400, 0, 0)
    assert world.balance("merchant.clearing", SHOP) == -588
    assert world.balance("programme.margin") == 12
    world.assert_sound()


def test_a_capture_asked_for_again_keeps_its_fee_whatever_the_contract_says_by_then(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = world.wallet([(2000, None)])
    hold(world, anna, 1500)

    def capture(fee_minor: int | None = None, amount: int = 1200) -> tuple[UUID, int]:
        done = redeem.capture(
            world.connection, LATER, order="17", amount_minor=amount, fee_minor=fee_minor
        )
        return done.id, done.fee_minor

    monkeypatch.setattr(spending_rules, "fee_of", lambda _contract, minor: minor // 50)
    first = capture()
    assert first[1] == 24
    before = world.standing()
    monkeypatch.setattr(spending_rules, "fee_of", lambda _contract, minor: minor // 20)
    assert capture() == capture(24) == first
    for fee_minor, amount in ((60, 1200), (0, 1200), (None, 1100)):
        with pytest.raises(Conflict, match=r"already captured, at 12\.00 EUR"):
            capture(fee_minor, amount)
    assert world.standing() == before
    assert world.balance("programme.margin") == 24
    world.assert_sound()


def test_a_late_capture_asked_for_again_keeps_its_fee(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = world.wallet([(2000, None)])
    hold(world, anna, 500)
    expire.run(world.connection, Expiry(PROGRAMME, "EUR", LATER.now, TODAY))
    made = []
    for bps in (50, 20):
        monkeypatch.setattr(spending_rules, "fee_of", lambda _contract, minor, by=bps: minor // by)
        made.append(
            redeem.capture(world.connection, LATER, order="17", amount_minor=500, fee_minor=None)
        )
    assert made[0] == made[1]
    assert (made[0].fee_minor, world.balances(anna)) == (10, (1500, 0, 0))
    world.assert_sound()


def test_two_shops_may_number_their_orders_alike(world: World) -> None:
    anna = world.wallet([(2000, None)])
    hold(world, anna, 500)
    hold(world, anna, 700, OTHER_SHOP)
    assert world.balances(anna) == (800, 1200, 0)
    redeem.release(world.connection, OTHER_SHOP, order="17")
    assert world.balances(anna) == (1500, 500, 0)
    world.assert_sound()


def test_an_order_nobody_captured_is_authorised_anew_and_can_be_refunded(world: World) -> None:
    anna = world.wallet([(2000, None)])
    hold(world, anna, 500)
    result = expire.run(world.connection, Expiry(PROGRAMME, "EUR", LATER.now, TODAY))
    assert (result.holds, result.lots) == (1, 0)
    redeem.capture(world.connection, LATER, order="17", amount_minor=500)
    assert world.balances(anna) == (1500, 0, 0)
    redeem.refund(world.connection, LATER, order="17", refund_id="r-1", amount_minor=500)
    assert world.balances(anna) == (2000, 0, 0)
    world.assert_sound()


def test_what_is_refused_at_the_checkout_moves_nothing(world: World) -> None:
    anna = world.wallet([(840, None)])
    before = world.standing()
    with pytest.raises(InsufficientFunds, match=r"8\.40 EUR available"):
        hold(world, anna, 2000)
    with pytest.raises(NotFound, match="Order “17” has no hold"):
        redeem.capture(world.connection, CHECKOUT, order="17", amount_minor=1)
    with pytest.raises(NotFound, match="Order “17” has no hold"):
        redeem.release(world.connection, CHECKOUT, order="17")
    assert world.standing() == before
    hold(world, anna, 800)
    before = world.standing()
    with pytest.raises(NotFound, match="has taken nothing from a wallet"):
        redeem.refund(world.connection, CHECKOUT, order="17", refund_id="r", amount_minor=1)
    with pytest.raises(Conflict):
        hold(world, anna, 700)
    assert world.standing() == before
    redeem.capture(world.connection, CHECKOUT, order="17", amount_minor=800)
    before = world.standing()
    with pytest.raises(Refused, match=r"8\.01 EUR cannot be refunded"):
        redeem.refund(world.connection, CHECKOUT, order="17", refund_id="r", amount_minor=801)
    assert world.standing() == before


def test_the_worker_gives_back_what_nobody_captured_in_time(world: World) -> None:
    anna = world.wallet([(2000, None)])
    hold(world, anna, 500)
    minutes = redeem.HOLD_MINUTES
    early, due = NOON + timedelta(minutes=minutes - 1), NOON + timedelta(minutes=minutes)
    assert expire.overdue(world.connection, now=early) == []
    [programme] = expire.overdue(world.connection, now=due)
    assert expire.give_back_overdue(world.connection, programme, now=early) == 0
    assert world.balances(anna) == (1500, 500, 0)
    assert expire.give_back_overdue(world.connection, programme, now=due) == 1
    assert expire.give_back_overdue(world.connection, programme, now=due) == 0
    assert expire.overdue(world.connection, now=due) == []
    assert world.balances(anna) == (2000, 0, 0)
    world.assert_sound()
