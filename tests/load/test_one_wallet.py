"""Sixteen spend, withdraw and claw back from one wallet at once: no cent twice, none below zero, none lost."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Event, Lock
from typing import Any
from uuid import UUID

import pytest

from cagnotte.domain.errors import InsufficientFunds, PayoutRefused
from cagnotte.journeys import ask_payout, redeem
from cagnotte.platform import database
from tests.journeys.world import NOON, World
from tests.load.crowd import Connection, deadlocks, meanwhile, together

AMOUNT = 1000
ORDERS = 40
RELEASED_ON = date(2026, 4, 1)
STANDING = """
    SELECT
        coalesce(sum(b.amount_minor) FILTER (WHERE a.kind = 'member.available'), 0)::bigint,
        coalesce(sum(b.amount_minor) FILTER (WHERE a.kind = 'member.held'), 0)::bigint,
        coalesce(sum(b.amount_minor) FILTER (WHERE a.kind = 'member.owing'), 0)::bigint,
        (SELECT coalesce(sum(remaining_minor), 0)::bigint FROM rewards_lot WHERE wallet_id = %(wallet)s),
        (SELECT coalesce(sum(amount_minor), 0)::bigint FROM wallet_hold
         WHERE wallet_id = %(wallet)s AND state = 'open')
    FROM ledger_account AS a JOIN ledger_balance AS b ON b.account_id = a.id
    WHERE a.owner_id = %(wallet)s
"""


@dataclass
class Purse:
    """Ana's wallet, what can be done to it, and how often each was done."""

    world: World
    wallet_id: UUID
    programme_id: UUID
    merchant_id: UUID
    done: dict[str, int] = field(default_factory=dict)
    quiet: Event = field(default_factory=Event)
    """Set once nothing is clawed back or given up any more: who is refused then may go."""
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    _counting: Lock = field(default_factory=Lock)

    def count(self, what: str) -> None:
        with self._counting:
            self.done[what] = self.done.get(what, 0) + 1

    def checkout(self, number: int) -> redeem.Checkout:
        now = NOON + timedelta(days=40, milliseconds=number)
        return redeem.Checkout(self.programme_id, self.merchant_id, "EUR", now, now.date())

    def spend(self, connection: Connection) -> None:
        """Pay orders with the cagnotte until nothing is left."""
        self._until_nothing_is_left(connection, self._pay)

    def withdraw(self, connection: Connection) -> None:
        """Ask for payouts until nothing is left."""
        self._until_nothing_is_left(connection, self._ask)

    def _until_nothing_is_left(
        self, connection: Connection, take: Callable[[Connection, int], None]
    ) -> None:
        while True:
            last = self.quiet.is_set()
            try:
                take(connection, next(self.numbers))
            except (InsufficientFunds, PayoutRefused):
                if last:
                    return

    def _pay(self, connection: Connection, number: int) -> None:
        shop, order = self.checkout(number), f"order-{number}"
        redeem.hold(connection, shop, wallet_id=self.wallet_id, order=order, amount_minor=AMOUNT)
        redeem.capture(connection, shop, order=order, amount_minor=AMOUNT)
        self.count("spent")

    def _ask(self, connection: Connection, number: int) -> None:
        # A payout is named after its moment: each is asked for at one of its own.
        shop = self.checkout(number)
        desk = ask_payout.Desk(self.programme_id, shop.now, shop.on)
        ask_payout.ask(connection, desk, wallet_id=self.wallet_id, amount_minor=AMOUNT)
        self.count("withdrawn")

    def change_of_mind(self, connection: Connection) -> None:
        """Reserve money and give it back, ten times."""
        for _ in range(10):
            number = next(self.numbers)
            shop, order = self.checkout(number), f"order-{number}"
            try:
                redeem.hold(
                    connection, shop, wallet_id=self.wallet_id, order=order, amount_minor=AMOUNT
                )
            except InsufficientFunds:
                continue
            redeem.release(connection, shop, order=order)
            self.count("given up")

    def claw_back(self, orders: range) -> Callable[[Connection], None]:
        """Decline orders whose reward was released, one file each."""

        def work(_connection: Connection) -> None:
            for order in orders:
                path = self.world.folder / f"declined-{order}.csv"
                path.write_text(
                    f"order,answer,why,line,units,amount\nA{order},decline,returned,,,\n"
                )
                now = NOON + timedelta(days=40, seconds=order)
                summary = self.world.send_file(path, "answers", now=now)
                assert summary.counts["decline"] == 1
                self.count("declined")

        return work

    def watch(self, connection: Connection) -> None:
        """Nothing that anybody could have read was below zero or in two places."""
        row = connection.execute(STANDING, {"wallet": self.wallet_id}).fetchone()
        assert row is not None
        available, held, owing, lots, holds = row
        assert min(row) >= 0
        assert (lots, holds) == (available, held)
        assert not (available and owing), "owing while there is money to repay it with"

    @property
    def taken(self) -> int:
        return self.done.get("spent", 0) + self.done.get("withdrawn", 0)

    def standing(self) -> dict[str, int]:
        return self.world.member("1")


@pytest.fixture
def purse(empty_world: World) -> Purse:
    """Ana, with 400.00 available in forty lots, and a bank account."""
    empty_world.load()
    empty_world.send("members", "number,name,iban\n1,Ana,DE89370400440532013000\n")
    rows = [
        f"A{order},1,2026-02-01T10:00:00,EUR,confirmed,tea,1,200.00,jam," for order in range(ORDERS)
    ]
    empty_world.till(*rows)
    empty_world.mature(RELEASED_ON, now=NOON + timedelta(days=31))
    assert empty_world.member("1") == {"available": ORDERS * AMOUNT}
    ((wallet_id, programme_id, merchant_id),) = empty_world.rows(
        "SELECT m.wallet_id, m.programme_id, p.id FROM identity_member AS m, identity_party AS p "
        "WHERE m.ref = '1' AND p.kind = 'merchant'"
    )
    return Purse(empty_world, wallet_id, programme_id, merchant_id)


def test_spending_and_withdrawing_succeed_exactly_as_often_as_the_balance_allows(
    purse: Purse,
) -> None:
    """400.00 less 3.45 spent before, in steps of 10.00: thirty-nine times, and 6.55 stay."""
    purse.world.spend("first", 345)
    purse.quiet.set()

    with meanwhile(purse.watch):
        together(*[purse.spend] * 8, *[purse.withdraw] * 8)

    assert purse.taken == (ORDERS * AMOUNT - 345) // AMOUNT == 39
    held = purse.done.get("withdrawn", 0) * AMOUNT
    assert purse.standing() == {"available": 655} | ({"held": held} if held else {})


def test_what_is_clawed_back_meanwhile_is_neither_spent_nor_forgotten(purse: Purse) -> None:
    """Whoever comes first: what was given is spent, withdrawn, taken back, or owed."""
    declined = ORDERS // 2

    def reversals(connection: Connection) -> None:
        together(
            *[purse.claw_back(range(first, declined, 4)) for first in range(4)],
            *[purse.change_of_mind] * 4,
        )
        purse.quiet.set()

    with meanwhile(purse.watch):
        together(reversals, *[purse.spend] * 4, *[purse.withdraw] * 4)

    taken = purse.taken
    standing = purse.standing()
    assert purse.done["declined"] == declined
    assert standing.get("available", 0) == 0
    assert standing.get("held", 0) == purse.done.get("withdrawn", 0) * AMOUNT
    assert standing.get("owing", 0) == (taken + declined - ORDERS) * AMOUNT
    assert taken >= ORDERS - declined
    with database.connect() as connection:
        assert deadlocks(connection) == 0
