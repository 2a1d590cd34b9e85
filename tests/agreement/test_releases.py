"""What the night's query releases, names, books and freezes is what the functions of the domain say, to the byte.

Rewards of some members are put into every state that a release looks at, drawn at random. Two nights are run, with
restatements, spending and debts between them, and all that each wrote is compared with what plain Python makes of
the same rows.
"""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from cagnotte.domain.bookings.earning import Owners, released
from cagnotte.domain.contracts import ReleaseSettlement
from cagnotte.domain.ids import bucket_of, derived_id
from cagnotte.domain.lifecycle import BLOCKS, settlement_allows, settlement_of
from cagnotte.domain.periods import add_months
from cagnotte.domain.transactions import Transaction
from tests.journeys.world import World, corner

NIGHTS = (date(2026, 8, 30), date(2026, 8, 31))
REWARDS_EACH = 14
LOT_MONTHS = 18
"""From the last days of August: to the last of February."""

REQUIRED = {"merchant": ReleaseSettlement.BILLED, "brand": ReleaseSettlement.PAID}
OFFERS = """
    - ref: acme-jam
      name: Acme gives 6 % on its jam
      effect: {kind: percent, rate: 6 %}
      conditions: {categories: [jam], brands: [acme]}
      funding: brand
    - ref: ours
      name: 4 % on plums
      effect: {kind: percent, rate: 4 %}
      conditions: {skus: [plum]}
      funding: programme
    - ref: next-time
      name: 5.00 for your next order
      role: bonus
      effect: {kind: voucher, amount: "5.00", minimum_basket: "50.00", valid_days: 60}
      conditions: {minimum_basket: "100.00"}
"""
GOODS = ("leaf,1,{},tea,", "leaf,1,{},tea,acme", "pot,1,{},jam,acme", "plum,1,{},food,")
"""Paid for by the shop, by the shop and the brand, by the brand alone, by the programme alone."""


class Part(NamedTuple):
    """What a release looks at of one funder's part."""

    kind: str
    commission_minor: int
    reward_minor: int
    billed_minor: int
    paid_minor: int
    written_off_minor: int


class Reward(NamedTuple):
    """A reward before a night."""

    purchase_id: UUID
    wallet_id: UUID
    merchant_id: UUID
    version: int
    blocks: list[str]
    amount_minor: int
    released_minor: int
    voucher_minor: int
    vouchered_minor: int
    parts: tuple[Part, ...]


@pytest.fixture
def world(empty_world: World) -> World:
    """A shop whose money waits for its bill, and a brand whose money waits until it has paid."""
    text = corner("breakage_to: funder", offers=OFFERS)
    text = text.replace("lot_months: 12", f"lot_months: {LOT_MONTHS}")
    text = text.replace("{days: 30}", "{days: 30, settlement: billed}")
    text = text.replace("brand: acme\n", "brand: acme\n    release: {settlement: paid}\n", 1)
    text = text.replace(
        "effect: {kind: percent, rate: 5 %}",
        "effect: {kind: percent, rate: 5 %}\n    conditions: {categories: [tea]}",
    )
    empty_world.load(text)
    return empty_world


def order(number: int, member: int, amount: str) -> str:
    goods = GOODS[number % len(GOODS)].format(amount)
    return f"O{member}-{number},{member},2026-02-10T10:00:00,EUR,confirmed,{goods}"


def scatter(world: World, draw: random.Random) -> None:
    """Put every reward that is due into a state of its own."""
    for (purchase_id,) in world.rows(
        "SELECT id FROM purchases_purchase WHERE release_on IS NOT NULL ORDER BY order_ref"
    ):
        blocks = draw.sample(sorted(BLOCKS), draw.choice((0, 0, 0, 0, 0, 1, 2)))
        day = NIGHTS[0] - timedelta(days=draw.randint(0, 5))
        change = "UPDATE purchases_purchase SET blocks = %s, release_on = %s WHERE id = %s"
        world.write(change, blocks, day, purchase_id)
        parts = "SELECT position, commission_minor FROM rewards_rewardpart WHERE purchase_id = %s"
        for position, commission in world.rows(parts, purchase_id):
            full = (0, 0, 0, 0, commission, commission, commission + 1, commission - 1)
            amounts = [max(0, draw.choice(full)) for _ in range(3)]
            change = (
                "UPDATE rewards_rewardpart SET billed_minor = %s, paid_minor = %s, written_off_minor = %s "
                "WHERE purchase_id = %s AND position = %s"
            )
            world.write(change, *amounts, purchase_id, position)


def due(world: World) -> list[Reward]:
    """Read what is due, in the order in which debts are repaid."""
    found = world.rows("""
        SELECT p.id, p.wallet_id, p.merchant_id, p.version, p.blocks, r.amount_minor, r.released_minor, r.voucher_minor,
               r.vouchered_minor
        FROM purchases_purchase AS p JOIN rewards_reward AS r ON r.purchase_id = p.id
        WHERE p.release_on IS NOT NULL ORDER BY p.release_on, p.id
    """)
    parts = (
        "SELECT funder_kind, commission_minor, reward_minor, billed_minor, paid_minor, written_off_minor "
        "FROM rewards_rewardpart WHERE purchase_id = %s ORDER BY position"
    )
    return [
        Reward._make((*row, tuple(Part._make(part) for part in world.rows(parts, row[0]))))
        for row in found
    ]


def waits_for(reward: Reward) -> str | None:
    if reward.blocks:
        return min(reward.blocks)
    for part in reward.parts:
        settlement = settlement_of(
            commission_minor=part.commission_minor,
            billed_minor=part.billed_minor,
            paid_minor=part.paid_minor,
            written_off_minor=part.written_off_minor,
        )
        required = REQUIRED.get(part.kind, ReleaseSettlement.NONE)
        if part.commission_minor and not settlement_allows(required, settlement):
            return "settlement"
    return None


class Expected:
    """What plain Python makes of a night: its transactions, lots and reasons to wait."""

    def __init__(self, world: World, night: date) -> None:
        ((self.programme_id, self.shop_id),) = world.rows(
            "SELECT programme_id, id FROM identity_party WHERE kind = 'merchant'"
        )
        owing = """
            SELECT a.owner_id, b.amount_minor FROM ledger_account AS a JOIN ledger_balance AS b ON b.account_id = a.id
            WHERE a.kind = 'member.owing'
        """
        self.owing: dict[UUID, int] = dict(world.rows(owing))
        self.now, self.night = world.now, night
        self.waiting: Counter[str] = Counter()
        self.repaid_minor = 0
        self.transactions: dict[UUID, Transaction] = {}
        self.lots: set[tuple[Any, ...]] = set()
        self.vouchers: list[tuple[UUID, int, date]] = []
        for reward in due(world):
            self._judge(reward)

    def _judge(self, reward: Reward) -> None:
        reason = waits_for(reward)
        if reason:
            self.waiting[reason] += 1
            return
        due = reward.amount_minor - reward.released_minor
        voucher = min(max(reward.voucher_minor - reward.vouchered_minor, 0), due)
        if voucher:
            self.vouchers.append((reward.purchase_id, voucher, self.night + timedelta(days=60)))
        if due > voucher:
            self._release(reward, due - voucher)

    def _release(self, reward: Reward, amount: int) -> None:
        owing = self.owing.get(reward.wallet_id, 0)
        repaid = min(amount, owing)
        self.owing[reward.wallet_id] = owing - repaid
        self.repaid_minor += repaid
        release_id = derived_id(
            self.now, reward.purchase_id, "release", reward.version, reward.released_minor
        )
        transaction = Transaction.of(
            released(
                amount, owing, Owners(self.programme_id, reward.wallet_id, self.shop_id, "EUR")
            ),
            programme_id=self.programme_id,
            book_id=reward.wallet_id,
            kind="released",
            fact_id=release_id,
            occurred_on=self.night,
            recorded_at=self.now,
        )
        assert transaction is not None
        self.transactions[transaction.id] = transaction
        self.lots.add(
            (release_id, reward.wallet_id, bucket_of(reward.wallet_id), reward.purchase_id, "purchase_rebate", "EUR",
             amount, amount - repaid, 0, self.night, add_months(self.night, LOT_MONTHS), *self._gainer(reward))
        )  # fmt: skip

    def _gainer(self, reward: Reward) -> tuple[str, str, str]:
        """Who gains when the lot expires: the shop's contract says, whoever pays, unless it is all our own money."""
        if all(part.kind == "programme" for part in reward.parts if part.reward_minor):
            return "programme", "programme.promotions", str(self.programme_id)
        return "funder", "funder.due", str(self.shop_id)


def booked(world: World, night: date) -> Iterator[tuple[Any, ...]]:
    """Give the releases of a night as they stand in the ledger, with their legs."""
    query = """
        SELECT bucket, id, programme_id, book_id, fact_id, step, occurred_on, effective_on, recorded_at, legs,
               payload_hash
        FROM ledger_transaction WHERE kind = 'released' AND occurred_on = %s
    """
    for row in world.rows(query, night):
        legs = world.rows(
            "SELECT account_id, amount_minor FROM ledger_entry WHERE transaction_id = %s ORDER BY leg",
            row[1],
        )
        yield (*row, legs)


def as_booked(transaction: Transaction) -> tuple[Any, ...]:
    entries = [(entry.account.id, entry.amount_minor) for entry in transaction.entries]
    return (
        transaction.bucket, transaction.id, transaction.programme_id, transaction.book_id, transaction.fact_id,
        transaction.step, transaction.occurred_on, transaction.effective_on, transaction.recorded_at, len(entries),
        transaction.payload_hash, entries,
    )  # fmt: skip


def lots_of(world: World, night: date) -> set[tuple[Any, ...]]:
    query = """
        SELECT id, wallet_id, bucket, purchase_id, origin, currency, amount_minor, remaining_minor, expired_minor,
               available_on, expires_on, breakage_to, breakage_account ->> 'kind', breakage_account ->> 'owner_id'
        FROM rewards_lot WHERE available_on = %s
    """
    return set(world.rows(query, night))


def run(world: World, night: date) -> Expected:
    """Run a night, and compare everything it wrote with what was expected of it."""
    expected = Expected(world, night)
    result = world.mature(night)
    transactions = expected.transactions.values()
    assert sorted(booked(world, night)) == sorted(map(as_booked, transactions))
    assert lots_of(world, night) == expected.lots
    query = (
        "SELECT purchase_id, amount_minor, valid_until FROM wallet_voucher WHERE valid_from = %s"
    )
    assert sorted(world.rows(query, night)) == sorted(expected.vouchers)
    assert (result.vouchers, result.voucher_minor) == (
        len(expected.vouchers),
        sum(amount for _, amount, _ in expected.vouchers),
    )
    assert result.waiting == expected.waiting
    assert (result.purchases, result.wallets, result.repaid_minor) == (
        len(transactions), len({one.book_id for one in transactions}), expected.repaid_minor,
    )  # fmt: skip
    assert result.released_minor == sum(lot[6] for lot in expected.lots)
    return expected


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_nights_write_what_plain_python_says(world: World, seed: int) -> None:
    draw = random.Random(seed)
    amounts = [f"{draw.randint(20, 60)}.{draw.randint(10, 99)}" for _ in range(REWARDS_EACH)]
    amounts[4] = "120.00"
    orders = [
        order(number, member, amount)
        for member in (1, 2, 3)
        for number, amount in enumerate(amounts)
    ]
    world.till(*orders)
    scatter(world, draw)
    first = run(world, NIGHTS[0])
    assert len(first.transactions) > REWARDS_EACH
    assert {"settlement", "fraud"} <= first.waiting.keys()
    vouchers = len(first.vouchers)

    # Ana has spent everything when some of it is taken back; others get more than was released.
    world.spend("S1", world.member("1")["available"])
    shrunk = [order(number, 1, "1.00") for number in (0, 1, 5, 8)]
    grown = [order(number, 3, "99.00") for number in range(REWARDS_EACH)]
    world.till(*shrunk, *grown)
    assert world.member("1")["owing"] > 0
    late = [order(number, 1, "30.00") for number in range(REWARDS_EACH, 2 * REWARDS_EACH)]
    world.till(*late)
    scatter(world, draw)
    second = run(world, NIGHTS[1])
    assert second.repaid_minor > 0
    assert vouchers + len(second.vouchers) > 0
    assert any(
        transaction.entries[-1].account.kind == "member.owing"
        for transaction in second.transactions.values()
    )
