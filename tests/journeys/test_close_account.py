"""A member leaves: nothing is lost, and nothing is paid twice."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from cagnotte.domain.errors import (
    Conflict,
    InsufficientFunds,
    InvalidInput,
    InvalidRow,
    NotFound,
    Refused,
)
from cagnotte.domain.payouts import PayoutEvent, PayoutState
from cagnotte.journeys import close_account, expire, pay_out, pay_unclaimed, redeem, tend_closed
from cagnotte.journeys.ask_payout import Desk
from cagnotte.journeys.close_account import ClosedAccount, Closing
from cagnotte.journeys.expire import ExpireResult, Expiry
from cagnotte.journeys.pay_out import PayOutResult, PayRun
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.redeem import Checkout
from cagnotte.journeys.tend_closed import Tended
from cagnotte.payouts import selectors as payout_selectors
from cagnotte.payouts.steps import Step, take_step
from cagnotte.payouts.unclaimed import UnclaimedAsk
from tests.contexts.wallet.world import (
    IBANS,
    NOON,
    PROGRAMME,
    SHOP,
    TODAY,
    Connection,
    World,
    a_world,
)

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
    assert (later.was_closed, later.payout_minor, later.unclaimed_minor) == (True, 250, 0)
    assert world.balance("programme.unclaimed") == 0
    assert world.balances(anna) == (0, 3250, 0)
    world.assert_sound()


# ---- what becomes available afterwards -------------------------------------------------------------------------


def night(world: World, *, days: int = 1) -> Tended:
    """Do the step of the night for closed accounts."""
    run = ProgrammeRun.open(world.connection, "market", NOON + timedelta(days=days))
    world.connection.commit()
    return tend_closed.tend(world.connection, run)


def expire_on(world: World, day: date) -> ExpireResult:
    moment = NOON + timedelta(days=(day - TODAY).days)
    return expire.run(world.connection, Expiry(PROGRAMME, "EUR", moment, day))


def test_what_becomes_available_later_is_paid_by_the_night_before_it_could_expire(
    world: World, tmp_path: Path
) -> None:
    world.rules(fee_minor=50)
    anna, bob = world.wallet(), world.wallet([(700, TODAY + timedelta(days=30))])
    world.bank_account(anna)
    close(world, anna)
    world.give(anna, 2000, TODAY + timedelta(days=1))
    assert night(world) == Tended(wallets=1, payout_minor=2000)
    assert world.balances(anna) == (0, 2000, 0)
    before = world.standing()
    assert night(world, days=2) == Tended()
    assert world.standing() == before
    expire_on(world, TODAY + timedelta(days=5))
    later = NOON + timedelta(days=5)
    result = pay_out.run(
        world.connection, PayRun(PROGRAMME, later, later, later.date(), tmp_path, asked_only=True)
    )
    assert (result.count, result.total_minor) == (1, 1950)
    assert world.balances(anna) == (0, 0, 0)
    assert world.balance("programme.breakage") == 0
    assert world.balances(bob) == (700, 0, 0)
    world.assert_sound()


def test_without_a_way_to_pay_it_the_night_keeps_it_aside(world: World) -> None:
    world.rules(fee_minor=50)
    alone, frozen, small = world.wallet(), world.wallet(frozen=True), world.wallet()
    world.bank_account(frozen)
    world.bank_account(small, IBANS[2])
    for wallet_id, amount_minor in ((alone, 300), (frozen, 400), (small, 50)):
        close(world, wallet_id)
        world.give(wallet_id, amount_minor, TODAY + timedelta(days=1))
    assert night(world) == Tended(wallets=3, unclaimed_minor=750)
    expire_on(world, TODAY + timedelta(days=5))
    assert world.balance("programme.unclaimed") == 750
    assert world.balance("programme.breakage") == 0
    world.assert_sound()


@pytest.mark.parametrize(
    "error", [Refused("No."), KeyError("unexpected")], ids=["ours", "not ours"]
)
def test_an_account_that_fails_keeps_no_other_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    first, second = sorted([world.wallet(), world.wallet()])
    for wallet_id in (first, second):
        close(world, wallet_id)
        world.give(wallet_id, 100)
    done = close_account.run

    def fails_once(connection: Connection, order: Closing) -> ClosedAccount:
        if order.wallet_id == first:
            raise error
        return done(connection, order)

    monkeypatch.setattr(close_account, "run", fails_once)
    assert night(world) == Tended(wallets=1, unclaimed_minor=100, failed=1)
    monkeypatch.undo()
    assert night(world) == Tended(wallets=1, unclaimed_minor=100)
    world.assert_sound()


def test_closed_accounts_spend_nothing_themselves(world: World) -> None:
    world.rules()
    anna = world.wallet()
    close(world, anna)
    world.give(anna, 3000)
    before = world.standing()
    checkout = Checkout(PROGRAMME, SHOP, "EUR", NOON, TODAY)
    with pytest.raises(Refused, match="The account is closed"):
        redeem.hold(world.connection, checkout, wallet_id=anna, order="1", amount_minor=500)
    assert world.standing() == before


# ---- what is kept aside is paid after all ----------------------------------------------------------------------


def ask(wallet_id: UUID, **changes: Any) -> UnclaimedAsk:
    told = {"reference": "letter 7", "holder": "Ana Müller", "iban": IBANS[3]} | changes
    return UnclaimedAsk(wallet_id, **told)


def desk(days: int = 0) -> Desk:
    return Desk(PROGRAMME, NOON + timedelta(days=days), TODAY + timedelta(days=days))


def send(world: World, folder: Path, days: int) -> PayOutResult:
    moment = NOON + timedelta(days=days)
    order = PayRun(PROGRAMME, moment, moment, moment.date(), folder)
    return pay_out.run(world.connection, order)


def step(world: World, event: PayoutEvent, payout_id: UUID, days: int) -> None:
    with world.connection.transaction():
        done = take_step(
            world.connection,
            event,
            [Step(payout_id)],
            occasion=world.occasion(days=days),
            source="b",
        )
    assert not done.refused


def test_unclaimed_money_goes_to_the_account_the_operator_is_told(
    world: World, tmp_path: Path
) -> None:
    world.rules(fee_minor=50)
    anna, bob = world.wallet([(840, None)]), world.wallet([(500, None)])
    close(world, anna)
    close(world, bob)
    made = pay_unclaimed.pay(world.connection, desk(1), ask(anna, amount_minor=800))
    assert (made.amount_minor, made.fee_minor, made.state) == (800, 0, PayoutState.APPROVED)
    assert world.balance("programme.unclaimed") == 1340
    result = send(world, tmp_path, 2)
    assert (result.count, result.total_minor) == (1, 800)
    assert IBANS[3] in result.batches[0].path.read_text()
    assert world.balance("programme.unclaimed") == 540
    assert world.balance("programme.payouts") == 800
    step(world, PayoutEvent.SETTLE, made.id, 3)
    assert world.balance("programme.payouts") == 0
    assert world.balance("programme.bank") == -800
    with world.connection.transaction():
        assert payout_selectors.kept_aside(world.connection, anna) == 40
        assert payout_selectors.kept_aside(world.connection, bob) == 500
        assert payout_selectors.account_of_wallet(world.connection, anna) is None
    world.assert_sound()


def test_one_reference_is_one_payout(world: World, tmp_path: Path) -> None:
    world.rules()
    anna, bob = world.wallet([(840, None)]), world.wallet([(500, None)])
    close(world, anna)
    close(world, bob)
    made = pay_unclaimed.pay(world.connection, desk(), ask(anna, amount_minor=400))
    before = world.standing()
    again = pay_unclaimed.pay(world.connection, desk(1), ask(anna, amount_minor=400))
    assert again == made
    pasted = ask(anna, amount_minor=400, reference=" letter 7 ")
    assert pay_unclaimed.pay(world.connection, desk(1), pasted) == made
    others = (
        ask(anna, amount_minor=300),
        ask(bob, amount_minor=400),
        ask(anna, amount_minor=400, iban=IBANS[4]),
        ask(anna, amount_minor=400, holder="Bob"),
    )
    for other in others:
        with pytest.raises(Conflict, match=r"already stands for a payout of 4\.00 EUR"):
            pay_unclaimed.pay(world.connection, desk(1), other)
    assert world.standing() == before
    send(world, tmp_path, 1)
    assert pay_unclaimed.pay(world.connection, desk(2), ask(anna)).id == made.id
    assert world.balance("programme.unclaimed") == 940
    world.assert_sound()


def test_never_more_than_is_kept_aside_for_that_member(world: World, tmp_path: Path) -> None:
    anna, bob = world.wallet([(840, None)]), world.wallet([(9000, None)])
    close(world, anna)
    close(world, bob)
    with pytest.raises(NotFound, match="no payout settings"):
        pay_unclaimed.pay(world.connection, desk(), ask(anna))
    world.rules()
    pay_unclaimed.pay(world.connection, desk(), ask(anna, amount_minor=500))
    before = world.standing()
    refused = (
        (InsufficientFunds, ask(anna, reference="2", amount_minor=341)),
        (InsufficientFunds, ask(anna, reference="2", amount_minor=0)),
        (InsufficientFunds, ask(anna, reference="2", amount_minor=-1)),
        (InvalidRow, ask(anna, reference="2", iban="FR00")),
        (InvalidInput, ask(anna, reference=" ")),
        (InvalidInput, ask(anna, reference="2", holder=" ")),
        (NotFound, ask(uuid4(), reference="2")),
    )
    for kind, other in refused:
        with pytest.raises(kind):
            pay_unclaimed.pay(world.connection, desk(), other)
    assert world.standing() == before
    assert pay_unclaimed.pay(world.connection, desk(), ask(anna, reference="2")).amount_minor == 340
    send(world, tmp_path, 1)
    with pytest.raises(InsufficientFunds, match=r"0\.00 EUR is kept aside"):
        pay_unclaimed.pay(world.connection, desk(2), ask(anna, reference="3"))
    world.assert_sound()


@pytest.mark.parametrize("settled", [False, True], ids=["rejected", "returned"])
def test_what_the_bank_sends_back_is_kept_aside_again(
    world: World, tmp_path: Path, settled: bool
) -> None:
    world.rules()
    anna = world.wallet([(840, None)])
    close(world, anna)
    made = pay_unclaimed.pay(world.connection, desk(), ask(anna))
    send(world, tmp_path, 1)
    if settled:
        step(world, PayoutEvent.SETTLE, made.id, 2)
    step(world, PayoutEvent.RETURN if settled else PayoutEvent.REJECT, made.id, 3)
    assert world.balance("programme.unclaimed") == 840
    assert world.balance("programme.payouts") == 0
    assert world.balance("programme.bank") == 0
    assert (
        pay_unclaimed.pay(world.connection, desk(4), ask(anna, reference="2")).amount_minor == 840
    )
    world.assert_sound()


def test_a_payout_that_is_called_off_leaves_the_money_aside(world: World) -> None:
    world.rules()
    anna = world.wallet([(840, None)])
    close(world, anna)
    made = pay_unclaimed.pay(world.connection, desk(), ask(anna))
    step(world, PayoutEvent.CANCEL, made.id, 1)
    assert world.balance("programme.unclaimed") == 840
    assert (
        pay_unclaimed.pay(world.connection, desk(4), ask(anna, reference="2")).amount_minor == 840
    )
    world.assert_sound()
