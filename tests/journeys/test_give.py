"""Gifts and automatic payouts with real commits: the books stay in order, nobody is told of an order that is none."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from cagnotte.domain.errors import InsufficientFunds, Refused
from cagnotte.domain.payouts import PayoutState
from cagnotte.identity.models import Programme
from cagnotte.journeys import ask_payout, auto_payout, give, pay_out, tell_events
from cagnotte.journeys.ask_payout import Desk
from cagnotte.journeys.pay_out import PayRun
from cagnotte.journeys.vouchers import Counter
from cagnotte.payouts import giving, selectors
from cagnotte.payouts.auto_rules import When
from cagnotte.payouts.giving import CharityFacts
from cagnotte.platform import database
from tests.contexts.wallet.world import NOON, PROGRAMME, TODAY, World, a_world

COUNTER = Counter(PROGRAMME, "EUR", NOON, TODAY)
DESK = Desk(PROGRAMME, NOON, TODAY)


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        made.rules()
        with made.connection.transaction():
            facts = [CharityFacts("sea", "Clean Seas", {"en": "Less plastic."})]
            giving.save_charities(made.connection, PROGRAMME, facts)
        yield made


def test_a_gift_takes_what_expires_first_and_is_passed_on(world: World) -> None:
    anna = world.wallet([(500, TODAY + timedelta(days=9)), (400, None)])
    given = give.give(
        world.connection, COUNTER, wallet_id=anna, charity="sea", amount_minor=700, token="t"
    )
    assert (given.amount_minor, given.passed_on) == (700, None)
    assert world.lots(anna) == [
        (500, 0, 0, TODAY + timedelta(days=9)),
        (400, 200, 0, None),
    ]
    assert (world.balances(anna), world.balance("programme.donations")) == ((200, 0, 0), 700)
    world.assert_sound()
    done = give.pass_on(world.connection, COUNTER, charity="sea")
    assert (done.gifts, done.amount_minor) == (1, 700)
    assert world.balance("programme.donations") == 0
    assert world.balance("programme.bank") == -700
    world.assert_sound()


def test_no_order_is_told_of_where_a_gift_was_made(world: World) -> None:
    anna = world.wallet([(500, None)])
    give.give(world.connection, COUNTER, wallet_id=anna, charity="sea", amount_minor=500, token="t")
    tell_events.tell(world.connection, now=NOON)
    assert world.rows("SELECT type FROM notices_event WHERE type LIKE 'wallet.%%'") == []


def test_two_forms_at_the_same_moment_are_one_gift(world: World) -> None:
    anna = world.wallet([(1000, None)])

    def once(_: int) -> object:
        with database.connect() as connection:
            return give.give(
                connection, COUNTER, wallet_id=anna, charity="sea", amount_minor=600, token="t"
            ).id

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(once, range(2))
    assert first == second
    assert world.balances(anna) == (400, 0, 0)
    world.assert_sound()


def test_what_cannot_be_given_moves_nothing(world: World) -> None:
    anna, frozen = world.wallet([(100, None)]), world.wallet([(100, None)], frozen=True)
    before = world.standing()
    for wallet_id, cents, error in ((anna, 101, InsufficientFunds), (frozen, 50, Refused)):
        with pytest.raises(error):
            give.give(
                world.connection,
                COUNTER,
                wallet_id=wallet_id,
                charity="sea",
                amount_minor=cents,
                token="t",
            )
    assert world.standing() == before


def test_two_requests_at_the_same_moment_are_one_payout(world: World) -> None:
    anna = world.wallet([(6000, None)])
    world.bank_account(anna)

    def once(_: int) -> object:
        with database.connect() as connection:
            return ask_payout.ask(
                connection, DESK, wallet_id=anna, amount_minor=2500, token="form"
            ).id

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(once, range(2))
    assert first == second
    assert world.balances(anna) == (3500, 2500, 0)
    world.assert_sound()


def test_an_automatic_payout_waits_for_approval_and_goes_out(world: World, tmp_path: Path) -> None:
    anna, ben = world.wallet([(6000, None)]), world.wallet([(6000, None)])
    world.bank_account(anna)
    world.bank_account(ben)
    auto_payout.choose(world.connection, DESK, wallet_id=anna, when=When(above_minor=5000))
    programme = Programme.objects.get(id=PROGRAMME)
    done = auto_payout.run(world.connection, programme, today=TODAY, now=NOON)
    assert (done.payouts, done.total_minor) == (1, 6000)
    (asked,) = selectors.payouts_of_wallet(world.connection, anna)
    assert asked.state is PayoutState.REQUESTED
    world.connection.rollback()
    ask_payout.approve(world.connection, DESK, [asked.end_to_end_id], by="ada")
    order = PayRun(PROGRAMME, NOON, NOON, TODAY, tmp_path, asked_only=True)
    sent = pay_out.run(world.connection, order)
    assert (sent.count, sent.total_minor, world.balances(ben)) == (1, 6000, (6000, 0, 0))
    world.assert_sound()


def test_the_hold_after_a_change_is_the_one_that_was_told(world: World) -> None:
    anna = world.wallet([(6000, None)])
    world.bank_account(anna, days_ago=2)
    world.rules(method_change_hold_hours=0)
    outlook = ask_payout.outlook(world.connection, DESK, wallet_id=anna)
    world.connection.rollback()
    assert outlook.usable_from == NOON + timedelta(days=1)
    assert outlook.refusal is not None
    plan = pay_out.plan(world.connection, programme_id=PROGRAMME, at=NOON, on=TODAY)
    assert [refusal.code for refusal in plan.refusals] == ["method_too_recent"]
