"""A few runs of the machine told beforehand; and what it says when something in Cagnotte is broken on purpose."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cagnotte.domain import lots
from cagnotte.domain.bookings import targets
from cagnotte.domain.contracts import ClawbackPolicy
from cagnotte.domain.payouts import PayoutEvent
from cagnotte.domain.rating import commissions
from cagnotte.journeys import close_account, give_up_owing, restate
from cagnotte.journeys.clawback import WalletLots
from cagnotte.payouts import steps
from cagnotte.wallet import captures, services, voucher_ends
from tests.model.machine import Machine
from tests.model.rating import Line
from tests.model.system import Arena

ANA = ("corner", "ana")
GROCER, BAKER = 0, 1
BASKET = (Line(40_000), Line(20_011, tea=True))


class Play:
    """The machine's acts, each followed by the comparison."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act = getattr(self._machine, name)

        def played(*arguments: object) -> object:
            done = act(*arguments)
            self._machine.all_is_equal()
            return done

        return played


def a_debt(play: Play) -> None:
    """Spent money is taken back: what is left is owed, repaid by a refund and a release, and given up at last."""
    play.earn_long_ago(ANA, GROCER, BASKET)
    play.earn_long_ago(ANA, BAKER, (Line(20_000),))
    spent = play.spend_then_decline(ANA, 100, 250, 0)
    play.refund(spent, 7)
    play.earn_long_ago(ANA, GROCER, (Line(11_111),))
    play.expire(ANA, 31, True)


def lots_and_their_days(play: Play) -> None:
    """Money comes back to lots that would expire soon; what expires is taken back from whoever gained by it."""
    play.earn_long_ago(ANA, BAKER, BASKET)
    # Two months of life, but there before what lives for one.
    order = play.earn_long_ago(ANA, GROCER, (Line(30_000),))
    held = play.hold(ANA, BAKER, 15, 30)
    play.capture(held, 80, 333)
    play.refund(held, 33)
    play.expire(ANA, 31, False)
    play.bring_back(order, 0, 60)
    play.expire(ANA, 2, True)
    play.answer(order, "decline")


def payouts(play: Play) -> None:
    """Paid, rejected, returned; a hold that expired and is captured late; and an account that is closed."""
    play.earn_long_ago(ANA, GROCER, BASKET)
    for answer in ("rejected", "returned", "settled"):
        play.ask_and_be_paid(ANA, answer)
    play.earn_long_ago(ANA, GROCER, BASKET)
    held = play.hold(ANA, GROCER, 40, 30)
    play.expire(ANA, 1, False)
    play.capture(held, 50, 0)
    last = play.pay(ANA).values[0]
    play.earn_long_ago(ANA, BAKER, (Line(100),))
    play.close(ANA, True)
    play.bank_says(last, "returned")
    play.refund(held, 10)


def windows(play: Play) -> None:
    """Returns after one side's window is over, then after both; and a decline that is undone."""
    order = play.earn_long_ago(ANA, BAKER, BASKET)
    play.expire(ANA, 11, False)
    play.bring_back(order, 0, 50)
    play.answer(order, "decline")
    play.answer(order, "reopen")
    play.answer(order, "confirm")
    play.expire(ANA, 31, False)
    play.answer(order, "decline")


def policies(play: Play) -> None:
    """In yen and dinars: other policies of clawback and return, deadlines, a block."""
    for who in (("tokyo", "ana"), ("souk", "bob")):
        for shop in (0, 1):
            order = play.earn_long_ago(who, shop, BASKET)
            play.spend_then_decline(who, 50, 0, shop)
            play.bring_back(order, 1, 100)
        blocked = play.earn(who, 1, (Line(777), Line(1, tea=True)), "confirmed", 12)
        play.block(blocked, True)
        play.earn(who, 0, BASKET, "", 31)
        play.mature(who)
        play.block(blocked, False)
        play.expire(who, 70, False)
        play.mature(who)


def vouchers(play: Play) -> None:
    """Given with an order and bought; used, refunded, called off, over; and taken back with the order."""
    order = play.earn_long_ago(ANA, GROCER, BASKET)
    play.use_voucher(ANA, 0, GROCER, 60, 60_000)
    play.refund_voucher(ANA, 0, 40)
    play.bring_back(order, 0, 90)
    play.answer(order, "decline")
    second = play.earn_long_ago(ANA, GROCER, BASKET)
    play.buy_voucher(ANA, 50, 40, False)
    play.buy_voucher(ANA, 60, 4, True)
    play.use_voucher(ANA, 2, BAKER, 70, 1_500)
    play.use_voucher(ANA, 1, BAKER, 30, 60_000)
    play.expire(ANA, 11, True)
    play.refund_voucher(ANA, 1, 50)
    play.void_voucher(ANA, 2)
    play.expire(ANA, 11, False)
    play.answer(second, "decline")
    play.answer(second, "confirm")
    play.mature(ANA)
    play.expire(ANA, 70, False)
    play.close(ANA, True)
    play.refund_voucher(ANA, 2, 20)


STORIES = (a_debt, lots_and_their_days, payouts, windows, policies, vouchers)


def play(arena: Arena, story: Callable[[Play], None]) -> None:
    """Play a story from its beginning."""
    machine = Machine(arena)
    machine.members = [ANA]
    try:
        story(Play(machine))
    finally:
        machine.teardown()


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_played_as_the_model_tells_it(
    arena: Arena, story: Callable[[Play], None]
) -> None:
    play(arena, story)


def never(*_: object, **__: object) -> int:
    return 0


def never_closed(*_: object, **__: object) -> voucher_ends.ClosedVouchers:
    return voucher_ends.ClosedVouchers()


def at_once(before: Any, validation: Any, parts: Any, policy: Any, _age: timedelta) -> Any:
    return targets.target(before, validation, parts, policy, timedelta(0))


def skipped(own: Any) -> Any:
    def take_back(self: WalletLots, row: Any, amount: int, _policy: object, lost: int = 0) -> Any:
        return own(self, row, amount, ClawbackPolicy.SKIP, lost)

    return take_back


BREAKS = {
    "the money that lives longest is spent first": (
        lots_and_their_days,
        (lots, "spending_order", lambda lot: (lot.available_on, lot.id)),
    ),
    "refunded money gets no grace": (lots_and_their_days, (lots, "REFUND_GRACE_DAYS", 0)),
    "expired money is not asked back": (
        lots_and_their_days,
        (WalletLots, "_take_expired", lambda *_: ()),
    ),
    "the fee stays when an order is refunded": (
        lots_and_their_days,
        (captures, "_fee_back", never),
    ),
    "nothing is ever owed": (a_debt, (WalletLots, "take_back", skipped(WalletLots.take_back))),
    "debts are never given up": (
        a_debt,
        (give_up_owing, "run", lambda *_, **__: give_up_owing.GivenUp()),
    ),
    "holds do not expire": (payouts, (services, "expire_holds", never)),
    "what cannot be paid is forgotten": (payouts, (close_account, "_to_unclaimed", never)),
    "a rejected payout is not given back": (
        payouts,
        (steps, "_MONEY", {**steps._MONEY, PayoutEvent.REJECT: steps._nothing}),
    ),
    "vouchers never end": (vouchers, (voucher_ends, "close_overdue", never_closed)),
    "vouchers are kept when their order is declined": (
        vouchers,
        (restate, "_vouchers_lost", never),
    ),
    "what a voucher did not give is lost": (vouchers, (voucher_ends, "let_go", never)),
    "windows never end": (windows, (restate, "target", at_once)),
    "commissions are rounded down": (
        policies,
        (commissions, "round_half_up", lambda numerator, denominator: numerator // denominator),
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_the_machine_notices_when(arena: Arena, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    story, (owner, name, broken) = BREAKS[what]
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(AssertionError, match="should be"):
        play(arena, story)
