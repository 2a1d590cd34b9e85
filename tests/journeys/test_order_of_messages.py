"""The messages about one purchase, in any order, repeated or in other files, lead to the same end."""

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.world import World, corner

MANY = 400
OFFERS = """
    - ref: tiers
      name: 3 %, or 10 % from 15.00
      priority: 1
      effect: {kind: tiered, tiers: [{from: "0", rate: 3 %}, {from: "15", rate: 10 %}]}
      conditions: {categories: [jam]}
    - ref: extra
      name: 10 % more, up to 1.00 a month
      role: boost
      effect: {kind: percent, rate: 10 %}
      limits: {per_member: {window: month, amount: "1.00"}}
    - ref: club
      name: 1 % more after 10.00
      role: boost
      effect:
        {kind: progressive, window: month, tiers: [{from: "0", rate: 0 %}, {from: "10", rate: 1 %}]}
"""

Message = dict[str, Any]


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """One word of the web shop about its order of jam and tea; times may collide."""
    jam = draw(st.sampled_from(["8.00", "12.00", "20.00"]))
    returned = draw(st.sampled_from(["", "4.00", jam]))
    return {
        "currency": "EUR",
        "at": "2026-02-10T10:00:00",
        "updated_at": f"2026-02-11T10:0{draw(st.integers(0, 4))}:00Z",
        "status": draw(st.sampled_from(["pending", "confirmed", "declined"])),
        "lines": [
            {
                "sku": "plum",
                "qty": 1,
                "price": jam,
                "category": "jam",
                "returned": {"price": returned, "qty": int(returned == jam)},
            },
            {
                "sku": "earl",
                "qty": 1,
                "price": draw(st.sampled_from(["5.00", "9.00"])),
                "category": "tea",
                "brand": "acme",
            },
        ],
    }


def time_and_status(message: Message) -> tuple[str, str]:
    """Messages that are alike in both are told apart by their hash, which holds the order's name."""
    return message["updated_at"], message["status"]


histories = st.lists(messages(), min_size=1, max_size=5, unique_by=time_and_status)
draws = st.randoms(use_true_random=False)


def send(world: World, member: str, messages: list[Message], cuts: random.Random) -> Iterator[None]:
    """Send messages in files of one to three; stop after each file."""
    waiting = [
        {**message, "id": f"W{member}", "customer": {"number": member}} for message in messages
    ]
    while waiting:
        size = cuts.randint(1, 3)
        world.web(*waiting[:size])
        waiting = waiting[size:]
        yield


def shuffled(messages: list[Message], rng: random.Random) -> list[Message]:
    """Return all messages in another order, some of them more than once."""
    again = messages + rng.choices(messages, k=rng.randint(0, 2))
    rng.shuffle(again)
    return again


def outcome(world: World, member: str) -> tuple[Any, ...]:
    """Return all that stands of a member: the purchase, the reward, the sums of entries, the counters."""
    return (
        world.rows(
            "SELECT p.validation, p.reason, p.amount_minor, p.reported_at, r.base_minor, "
            "r.amount_minor, r.released_minor, r.kept_minor, d.decision, d.frozen "
            "FROM purchases_purchase AS p JOIN rewards_reward AS r ON r.purchase_id = p.id "
            "JOIN rewards_decision AS d ON d.id = r.decision_id "
            "WHERE p.order_ref = %s",
            f"W{member}",
        ),
        sums(world, member),
        world.rows(
            "SELECT c.name, c.period, c.amount_minor, c.count FROM rewards_counter AS c "
            "JOIN identity_member AS m ON m.wallet_id = c.wallet_id "
            "WHERE m.ref = %s AND (c.amount_minor <> 0 OR c.count <> 0) ORDER BY c.name, c.period",
            member,
        ),
    )


def sums(world: World, member: str) -> dict[tuple[str, str], int]:
    """Return the sums of entries in a member's book, by kind of account and its owner, zeros left out."""
    rows = world.rows(
        "SELECT a.kind, coalesce(party.ref, ''), sum(e.amount_minor)::bigint FROM ledger_entry AS e "
        "JOIN ledger_account AS a ON a.id = e.account_id "
        "JOIN identity_member AS m ON m.wallet_id = e.book_id "
        "LEFT JOIN identity_party AS party ON party.id = a.owner_id "
        "WHERE m.ref = %s GROUP BY 1, 2 HAVING sum(e.amount_minor) <> 0",
        member,
    )
    return {(kind, owner): minor for kind, owner, minor in rows}


@pytest.fixture
def numbers(empty_world: World, request: pytest.FixtureRequest) -> Iterator[str]:
    """The programme with a return policy, and the numbers of many members nobody has used yet."""
    empty_world.load(corner(f"returns: {request.param}", offers=OFFERS))
    members = [str(number) for number in range(100, 100 + MANY)]
    empty_world.send("members", "number,name,iban\n" + "".join(f"{m},M,\n" for m in members))
    return iter(members)


slow = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("numbers", ["redecide", "by_line", "by_order"], indirect=True)
def test_any_order_of_the_messages_leads_to_the_same_decision_and_the_same_sums(
    empty_world: World, numbers: Iterator[str]
) -> None:
    @slow
    @given(histories, draws)
    def check(history: list[Message], rng: random.Random) -> None:
        one, other = next(numbers), next(numbers)
        for _ in send(empty_world, one, history, rng):
            pass
        for _ in send(empty_world, other, shuffled(history, rng), rng):
            pass
        assert outcome(empty_world, one) == outcome(empty_world, other)

    check()


@pytest.mark.parametrize("numbers", ["redecide"], indirect=True)
def test_the_same_messages_again_change_nothing(empty_world: World, numbers: Iterator[str]) -> None:
    @slow
    @given(histories, draws)
    def check(history: list[Message], rng: random.Random) -> None:
        member = next(numbers)
        for _ in send(empty_world, member, history, rng):
            pass
        before = outcome(empty_world, member)
        versions = empty_world.rows("SELECT count(*) FROM purchases_purchaseversion")
        for _ in send(empty_world, member, shuffled(history, rng), rng):
            pass
        assert outcome(empty_world, member) == before
        assert empty_world.rows("SELECT count(*) FROM purchases_purchaseversion") == versions

    check()


MEMBERS_SIDE = ("member.pending", "member.confirmed", "member.available", "member.owing")


@pytest.mark.parametrize("numbers", ["redecide"], indirect=True)
def test_money_that_moved_in_between_changes_no_reward_and_nothing_for_the_funders(
    empty_world: World, numbers: Iterator[str]
) -> None:
    world = empty_world

    def ending(member: str) -> tuple[Any, ...]:
        """R, the funders' side, and what the member has had of it altogether, spent money included."""
        found = sums(world, member)
        spent = -sum(
            minor
            for (minor,) in world.rows(
                "SELECT e.amount_minor FROM ledger_entry AS e "
                "JOIN ledger_transaction AS t ON t.id = e.transaction_id "
                "JOIN ledger_account AS a ON a.id = e.account_id "
                "JOIN identity_member AS m ON m.wallet_id = e.book_id "
                "WHERE m.ref = %s AND t.kind = 'captured' AND a.kind = 'merchant.clearing'",
                member,
            )
        )
        had = spent - sum(minor for (kind, _), minor in found.items() if kind in MEMBERS_SIDE)
        funders = {
            key: minor
            for key, minor in found.items()
            if key[0] not in (*MEMBERS_SIDE, "merchant.clearing")
        }
        share = found.get(("merchant.clearing", "corner"), 0) + spent
        return world.purchase(f"W{member}")[0], had, share, funders

    @slow
    @given(histories, draws)
    def check(history: list[Message], rng: random.Random) -> None:
        one, other = next(numbers), next(numbers)
        for _ in send(world, one, history, rng):
            pass
        for number, _ in enumerate(send(world, other, shuffled(history, rng), rng)):
            if rng.random() < 0.7:
                world.mature(date(2026, 6, 1))
            available = world.member(other).get("available", 0)
            if available and rng.random() < 0.7:
                world.spend(f"S{other}-{number}", available, member=other)
        world.mature(date(2026, 6, 1))
        assert ending(one) == ending(other)

    check()


def test_a_word_repeated_later_makes_what_was_said_in_between_out_of_date(world: World) -> None:
    def word(minute: int, status: str) -> Message:
        return {
            "id": "W1",
            "customer": {"number": "1"},
            "at": "2026-02-10T10:00:00",
            "currency": "EUR",
            "status": status,
            "updated_at": f"2026-02-11T10:0{minute}:00Z",
            "lines": [{"sku": "plum", "qty": 1, "price": "20.00", "category": "jam"}],
        }

    world.web(word(1, "confirmed"))
    assert world.web(word(3, "confirmed")).counts["unchanged"] == 1
    assert world.web(word(2, "declined")).counts["stale"] == 1
    assert world.purchase("W1")[0] == "confirmed"
