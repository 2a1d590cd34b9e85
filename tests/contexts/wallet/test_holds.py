"""Holds: money is reserved once, spent once, and comes back where it came from."""

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from cagnotte.domain.errors import (
    Conflict,
    IllegalTransition,
    InsufficientFunds,
    NotFound,
    PeriodClosed,
    Refused,
)
from cagnotte.domain.holds import HoldPurpose, HoldState
from cagnotte.ledger import services as ledger
from cagnotte.platform import database
from cagnotte.wallet import captures, selectors, services
from cagnotte.wallet.captures import CaptureAsk, RefundAsk
from cagnotte.wallet.selectors import HoldView
from cagnotte.wallet.services import HoldAsk
from tests.contexts.wallet.world import NOON, PROGRAMME, SHOP, TODAY, World, a_world, occasion_now

SOON, LATE = date(2026, 6, 30), date(2026, 12, 31)


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        yield made


def an_ask(wallet_id: UUID, amount: int, reference: str = "order-1") -> HoldAsk:
    return HoldAsk(
        wallet_id, amount, HoldPurpose.REDEEM, reference, SHOP, NOON + timedelta(minutes=30)
    )


def hold(world: World, wallet_id: UUID, amount: int, reference: str = "order-1") -> HoldView:
    with world.connection.transaction():
        return services.place_hold(
            world.connection, an_ask(wallet_id, amount, reference), occasion=world.occasion()
        )


def refused(world: World, act: Callable[[], object], error: type[Exception]) -> Exception:
    """Do something that must be refused, and show that nothing moved."""
    before = world.standing()
    with pytest.raises(error) as caught, world.connection.transaction():
        act()
    assert world.standing() == before
    world.assert_sound()
    return caught.value


# ---- placing --------------------------------------------------------------------------------------------------


def test_a_hold_takes_the_money_that_expires_first(world: World) -> None:
    anna = world.wallet([(500, None), (300, SOON), (400, LATE)])
    placed = hold(world, anna, 450)
    assert placed.state is HoldState.OPEN
    assert world.balances(anna) == (750, 450, 0)
    assert world.lots(anna) == [(300, 0, 0, SOON), (400, 250, 0, LATE), (500, 500, 0, None)]
    world.assert_sound()


def test_the_same_hold_asked_twice_is_one_hold(world: World) -> None:
    anna = world.wallet([(500, None)])
    first = hold(world, anna, 200)
    before = world.standing()
    assert hold(world, anna, 200) == first
    assert world.standing() == before


def test_another_amount_or_wallet_under_the_same_reference_is_a_conflict(world: World) -> None:
    anna, ben = world.wallet([(500, None)]), world.wallet([(500, None)])
    hold(world, anna, 200)
    error = refused(world, lambda: hold(world, anna, 300), Conflict)
    assert "“order-1” already stands for a hold of 2.00 EUR on this wallet" in str(error)
    error = refused(world, lambda: hold(world, ben, 200), Conflict)
    assert "on another wallet" in str(error)


def test_more_than_there_is_cannot_be_held(world: World) -> None:
    anna = world.wallet([(840, None)])
    error = refused(world, lambda: hold(world, anna, 2000), InsufficientFunds)
    assert str(error) == "8.40 EUR available, 11.60 EUR short of the 20.00 EUR asked for."


def test_money_past_its_last_day_cannot_be_held_even_before_it_is_swept(world: World) -> None:
    anna = world.wallet([(500, TODAY - timedelta(days=1)), (100, TODAY)])
    error = refused(world, lambda: hold(world, anna, 101), InsufficientFunds)
    assert "1.00 EUR available" in str(error)
    assert hold(world, anna, 100).amount_minor == 100


def test_frozen_and_closed_wallets_cannot_spend(world: World) -> None:
    frozen = world.wallet([(500, None)], frozen=True)
    error = refused(world, lambda: hold(world, frozen, 100), Refused)
    assert str(error) == "The wallet is frozen; it earns, but cannot spend."
    closed = world.wallet([(500, None)])
    world.close(closed)
    assert (
        str(refused(world, lambda: hold(world, closed, 100), Refused)) == "The account is closed."
    )


def test_nothing_unknown_wallets_and_closed_books_are_refused(world: World) -> None:
    anna = world.wallet([(500, None)])
    refused(world, lambda: hold(world, anna, 0), Refused)
    refused(world, lambda: hold(world, uuid4(), 100), NotFound)
    with world.connection.transaction():
        ledger.close_period(
            world.connection, programme_id=PROGRAMME, ends_on=TODAY, now=NOON, closed_by="test"
        )
    refused(world, lambda: hold(world, anna, 100), PeriodClosed)
    with world.connection.transaction():
        next_day = occasion_now(world.connection)
        assert next_day.effective_on == TODAY + timedelta(days=1)
        services.place_hold(world.connection, an_ask(anna, 100), occasion=next_day)
    assert world.balances(anna) == (400, 100, 0)


def test_in_a_batch_what_one_wallet_cannot_give_stops_no_other(world: World) -> None:
    anna, ben = world.wallet([(500, None)]), world.wallet([(100, None)])
    asks = [an_ask(anna, 300, "a"), an_ask(ben, 300, "b"), an_ask(anna, 200, "c")]
    asks.append(an_ask(anna, 1, "d"))
    with world.connection.transaction():
        placed = services.place_holds(world.connection, asks, occasion=world.occasion())
    assert set(placed.holds) == {"a", "c"}
    assert {name: type(error) for name, error in placed.refused.items()} == {
        "b": InsufficientFunds,
        "d": InsufficientFunds,
    }
    assert world.balances(anna) == (0, 500, 0)
    assert world.balances(ben) == (100, 0, 0)
    world.assert_sound()


def test_sixteen_tills_on_one_wallet_never_spend_more_than_it_holds(world: World) -> None:
    anna = world.wallet([(300, SOON), (700, None)])
    outcomes: list[str] = []

    def till(number: int) -> None:
        with database.connect() as connection:
            try:
                with connection.transaction():
                    services.place_hold(
                        connection, an_ask(anna, 90, f"till-{number}"), occasion=world.occasion()
                    )
                outcomes.append("held")
            except InsufficientFunds:
                outcomes.append("refused")

    threads = [threading.Thread(target=till, args=[number]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["held"] * 11 + ["refused"] * 5
    assert world.balances(anna) == (10, 990, 0)
    world.assert_sound()


# ---- releasing and expiring -------------------------------------------------------------------------------------


def test_a_released_hold_goes_back_to_its_lots(world: World) -> None:
    anna = world.wallet([(300, SOON), (400, LATE)])
    placed = hold(world, anna, 450)
    with world.connection.transaction():
        (released,) = services.release(world.connection, [placed.id], occasion=world.occasion())
    assert released.state is HoldState.RELEASED
    assert world.balances(anna) == (700, 0, 0)
    assert world.lots(anna) == [(300, 300, 0, SOON), (400, 400, 0, LATE)]
    before = world.standing()
    with world.connection.transaction():
        services.release(world.connection, [placed.id], occasion=world.occasion(minutes=5))
    assert world.standing() == before
    world.assert_sound()


def test_money_that_expired_while_held_can_be_spent_until_the_day_after(world: World) -> None:
    anna = world.wallet([(300, TODAY)])
    placed = hold(world, anna, 200)
    with world.connection.transaction():
        services.release(world.connection, [placed.id], occasion=world.occasion(days=3))
    # The part that was not held keeps its own last day.
    assert world.lots(anna) == [(100, 100, 0, TODAY), (200, 200, 0, TODAY + timedelta(days=4))]
    world.assert_sound()


def test_what_comes_back_repays_first_what_is_owing(world: World) -> None:
    anna = world.wallet([(300, SOON), (400, LATE)])
    placed = hold(world, anna, 700)
    world.owe(anna, 350)
    with world.connection.transaction():
        services.release(world.connection, [placed.id], occasion=world.occasion())
    # The money that expires first repays; the member keeps what lives longer.
    assert world.balances(anna) == (350, 0, 0)
    assert world.lots(anna) == [(300, 0, 0, SOON), (400, 350, 0, LATE)]
    world.assert_sound()


def test_a_hold_nobody_captured_goes_back_by_itself(world: World) -> None:
    anna = world.wallet([(500, None)])
    placed = hold(world, anna, 200)
    with world.connection.transaction():
        assert services.expire_holds(world.connection, occasion=world.occasion(minutes=29)) == 0
        assert services.expire_holds(world.connection, occasion=world.occasion(minutes=30)) == 1
        assert services.expire_holds(world.connection, occasion=world.occasion(minutes=31)) == 0
        (expired,) = selectors.holds_by_id(world.connection, [placed.id])
    assert expired.state is HoldState.EXPIRED
    assert world.balances(anna) == (500, 0, 0)
    world.assert_sound()


def test_a_hold_of_an_account_closed_meanwhile_is_unclaimed(world: World) -> None:
    anna = world.wallet([(500, None)])
    placed = hold(world, anna, 200)
    world.close(anna)
    with world.connection.transaction():
        services.release(world.connection, [placed.id], occasion=world.occasion())
    assert world.balances(anna) == (300, 0, 0)
    assert world.balance("programme.unclaimed") == 200
    world.assert_sound()


# ---- capturing ------------------------------------------------------------------------------------------------


def capture(world: World, hold_id: UUID, amount: int, fee: int = 0, *, minutes: int = 1) -> object:
    with world.connection.transaction():
        return captures.capture(
            world.connection,
            CaptureAsk(hold_id, amount, fee),
            occasion=world.occasion(minutes=minutes),
        )


def test_a_capture_pays_the_shop_and_gives_the_rest_back(world: World) -> None:
    anna = world.wallet([(300, SOON), (400, LATE)])
    placed = hold(world, anna, 600)
    capture(world, placed.id, 350, 7)
    assert world.balances(anna) == (350, 0, 0)
    assert world.lots(anna) == [(300, 0, 0, SOON), (400, 350, 0, LATE)]
    assert world.balance("merchant.clearing", SHOP) == -343
    assert world.balance("programme.margin") == 7
    world.assert_sound()


def test_the_same_capture_twice_is_one_capture(world: World) -> None:
    anna = world.wallet([(500, None)])
    placed = hold(world, anna, 200)
    first = capture(world, placed.id, 200, 4)
    before = world.standing()
    assert capture(world, placed.id, 200, 4, minutes=9) == first
    assert world.standing() == before
    refused(world, lambda: capture(world, placed.id, 199, 4), Conflict)


def test_what_a_hold_cannot_give_is_not_captured(world: World) -> None:
    anna = world.wallet([(500, None)])
    placed = hold(world, anna, 200)
    error = refused(world, lambda: capture(world, placed.id, 201), InsufficientFunds)
    assert str(error) == "2.01 EUR asked for, 2.00 EUR held."
    refused(world, lambda: capture(world, placed.id, 0), Refused)
    refused(world, lambda: capture(world, placed.id, 100, 101), Refused)
    refused(world, lambda: capture(world, uuid4(), 100), NotFound)


def test_a_released_hold_cannot_be_captured_nor_a_captured_one_released(world: World) -> None:
    anna = world.wallet([(500, None)])
    gone, spent = hold(world, anna, 200, "a"), hold(world, anna, 100, "b")
    with world.connection.transaction():
        services.release(world.connection, [gone.id], occasion=world.occasion())
    refused(world, lambda: capture(world, gone.id, 200), IllegalTransition)
    capture(world, spent.id, 100)

    def release() -> object:
        return services.release(world.connection, [spent.id], occasion=world.occasion())

    refused(world, release, IllegalTransition)


def test_a_late_capture_is_authorised_anew(world: World) -> None:
    anna = world.wallet([(500, None)])
    placed = hold(world, anna, 200)
    with world.connection.transaction():
        services.expire_holds(world.connection, occasion=world.occasion(minutes=45))
    capture(world, placed.id, 150, minutes=50)
    capture(world, placed.id, 150, minutes=55)
    assert world.balances(anna) == (350, 0, 0)
    assert world.balance("merchant.clearing", SHOP) == -150
    world.assert_sound()


def test_a_late_capture_of_money_spent_meanwhile_is_refused(world: World) -> None:
    anna = world.wallet([(500, None)])
    placed = hold(world, anna, 400)
    with world.connection.transaction():
        services.expire_holds(world.connection, occasion=world.occasion(minutes=45))
    hold(world, anna, 300, "order-2")
    refused(world, lambda: capture(world, placed.id, 400, minutes=50), InsufficientFunds)


# ---- refunds --------------------------------------------------------------------------------------------------


def spend(world: World, wallet_id: UUID, amount: int, fee: int = 0) -> UUID:
    placed = hold(world, wallet_id, amount)
    with world.connection.transaction():
        done = captures.capture(
            world.connection, CaptureAsk(placed.id, amount, fee), occasion=world.occasion()
        )
    return done.id


def refund(
    world: World, capture_id: UUID, amount: int, reference: str = "r1", *, days: int = 1
) -> object:
    with world.connection.transaction():
        return captures.refund_capture(
            world.connection,
            RefundAsk(capture_id, reference, amount),
            occasion=world.occasion(days=days),
        )


def test_a_refund_goes_back_to_the_lots_it_came_from_with_a_grace(world: World) -> None:
    anna = world.wallet([(300, SOON), (400, LATE)])
    spent = spend(world, anna, 500)
    refund(world, spent, 350)
    # 200 back to what lives until the year's end, 150 of what would expire within the grace.
    grace = TODAY + timedelta(days=31)
    assert world.lots(anna) == [
        (150, 0, 0, SOON),
        (150, 150, 0, grace),
        (400, 400, 0, LATE),
    ]
    assert world.balances(anna) == (550, 0, 0)
    assert world.balance("merchant.clearing", SHOP) == -150
    world.assert_sound()


def test_parts_of_a_refund_give_all_of_the_fee_back(world: World) -> None:
    anna = world.wallet([(1000, None)])
    spent = spend(world, anna, 1000, 25)
    assert world.balance("programme.margin") == 25
    for number, amount in enumerate([333, 333, 334]):
        refund(world, spent, amount, f"r{number}")
    assert world.balance("programme.margin") == 0
    assert world.balance("merchant.clearing", SHOP) == 0
    assert world.balances(anna) == (1000, 0, 0)
    world.assert_sound()


def test_a_refund_is_done_once_and_never_beyond_what_was_taken(world: World) -> None:
    anna = world.wallet([(1000, None)])
    spent = spend(world, anna, 800)
    first = refund(world, spent, 500)
    before = world.standing()
    assert refund(world, spent, 500, days=2) == first
    assert world.standing() == before
    refused(world, lambda: refund(world, spent, 400), Conflict)
    error = refused(world, lambda: refund(world, spent, 301, "r2"), Refused)
    assert "3.01 EUR cannot be refunded: 8.00 EUR was taken" in str(error)
    assert "3.00 EUR of it is not yet refunded" in str(error)
    refused(world, lambda: refund(world, uuid4(), 1), NotFound)


def test_a_refund_repays_what_is_owing_and_an_account_that_is_closed_leaves_it_unclaimed(
    world: World,
) -> None:
    anna = world.wallet([(1000, None)])
    spent = spend(world, anna, 1000, 20)
    world.owe(anna, 300)
    refund(world, spent, 400)
    assert world.balances(anna) == (100, 0, 0)
    world.close(anna)
    refund(world, spent, 600, "r2")
    assert world.balances(anna) == (100, 0, 0)
    assert world.balance("programme.unclaimed") == 600
    assert world.balance("programme.margin") == 0
    world.assert_sound()
