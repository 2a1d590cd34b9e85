"""Any order of holds, captures, releases, refunds, payouts and expiries keeps the books right."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cagnotte.domain.errors import Refused
from cagnotte.domain.holds import HoldPurpose
from cagnotte.domain.payouts import PayoutEvent, PlannedPayout
from cagnotte.journeys import expire
from cagnotte.payouts import services as payouts
from cagnotte.payouts.steps import Step, take_step
from cagnotte.wallet import captures, services
from cagnotte.wallet.captures import CaptureAsk, RefundAsk
from cagnotte.wallet.services import HoldAsk
from tests.contexts.wallet.world import SHOP, TODAY, World, a_world


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        yield made


class Act(NamedTuple):
    """One thing that happens: what, to which of those there are, how much, after how many days."""

    what: str
    which: int
    amount: int
    days: int


WHAT = (
    "hold", "capture", "release", "refund", "expire", "owe", "give", "pay", "send", "settle",
    "reject", "return", "cancel",
)  # fmt: skip
acts = st.lists(
    st.builds(
        Act, st.sampled_from(WHAT), st.integers(0, 5), st.integers(1, 900), st.integers(0, 4)
    ),
    min_size=5,
    max_size=25,
)


class Play:
    """The acts, one after the other; what is not possible is refused and changes nothing."""

    def __init__(self, world: World, wallet_id: UUID) -> None:
        self.world = world
        self.wallet_id = wallet_id
        self.day = 0
        self.minute = 0
        self.available = self.owing = 0
        self.holds: list[UUID] = []
        self.captures: list[UUID] = []
        self.payouts: list[UUID] = []

    def play(self, act: Act) -> None:
        self.day += act.days
        self.minute += 1
        self.available, _, self.owing = self.world.balances(self.wallet_id)
        with suppress(Refused), self.world.connection.transaction():
            getattr(self, f"_{act.what}", self._step)(act)

    @property
    def occasion(self) -> Any:
        return self.world.occasion(days=self.day, minutes=self.minute)

    def _pick(self, known: list[UUID], which: int) -> UUID:
        if not known:
            raise Refused("There is none yet.")
        return known[which % len(known)]

    def _hold(self, act: Act) -> None:
        ask = HoldAsk(self.wallet_id, act.amount, HoldPurpose.REDEEM, f"{self.minute}", SHOP)
        placed = services.place_hold(self.world.connection, ask, occasion=self.occasion)
        self.holds.append(placed.id)

    def _capture(self, act: Act) -> None:
        ask = CaptureAsk(self._pick(self.holds, act.which), act.amount, act.amount // 50)
        done = captures.capture(self.world.connection, ask, occasion=self.occasion)
        self.captures.append(done.id)

    def _release(self, act: Act) -> None:
        hold = self._pick(self.holds, act.which)
        services.release(self.world.connection, [hold], occasion=self.occasion)

    def _refund(self, act: Act) -> None:
        ask = RefundAsk(self._pick(self.captures, act.which), f"{self.minute}", act.amount)
        captures.refund_capture(self.world.connection, ask, occasion=self.occasion)

    def _expire(self, act: Act) -> None:
        expire.expire_lots(self.world.connection, [self.wallet_id], occasion=self.occasion)

    def _owe(self, act: Act) -> None:
        if self.available or self.owing:
            raise Refused("A debt stands only where nothing is available.")
        self.world.owe(self.wallet_id, act.amount)

    def _give(self, act: Act) -> None:
        if self.owing:
            raise Refused("What comes in repays the debt first.")
        last_day = TODAY + timedelta(days=self.day + act.which * 10)
        self.world.give(self.wallet_id, act.amount, last_day if act.which else None)

    def _pay(self, act: Act) -> None:
        planned = PlannedPayout(self.wallet_id, UUID(int=1), act.amount, act.amount // 60)
        made = payouts.create(self.world.connection, [planned], occasion=self.occasion)
        self.payouts += [payout.id for payout in made.payouts]

    def _step(self, act: Act) -> None:
        step = Step(self._pick(self.payouts, act.which))
        event = PayoutEvent(act.what)
        take_step(self.world.connection, event, [step], occasion=self.occasion, source="test")


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts)
def test_whatever_happens_no_cent_is_lost(world: World, played: list[Act]) -> None:
    wallet_id = world.wallet([(500, TODAY + timedelta(days=3)), (700, None)])
    play = Play(world, wallet_id)
    for act in played:
        play.play(act)
    world.assert_sound()
    # What was put in is what is left, spent, expired or under way.
    put_in = sum(row[0] for row in world.lots(wallet_id))
    left = sum(row[1] + row[2] for row in world.lots(wallet_id))
    ((gone,),) = world.rows(
        "SELECT coalesce(sum(CASE WHEN h.state = 'open' THEN a.amount_minor"
        " ELSE a.captured_minor - a.returned_minor END), 0)"
        " FROM wallet_hold_allocation a JOIN wallet_hold h ON h.id = a.hold_id WHERE a.wallet_id = %s",
        wallet_id,
    )
    ((repaid,),) = world.rows(
        "SELECT coalesce(sum(-e.amount_minor), 0) FROM ledger_entry e"
        " JOIN ledger_account a ON a.id = e.account_id"
        " WHERE a.owner_id = %s AND a.kind = 'member.owing' AND e.amount_minor < 0",
        wallet_id,
    )
    assert put_in == left + gone + repaid
