"""What connected sources tell of one order, in any order, repeated, cut into any readings, ends in the same books."""

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cagnotte.hooks.sources import Message
from tests.journeys.inbox_world import Inbox, Ledgerly, ledgerly, piece, postback
from tests.journeys.test_order_of_messages import MANY, OFFERS, sums
from tests.journeys.world import World, corner

__all__ = ["ledgerly"]

EXAMPLES = int(os.environ.get("CAGNOTTE_TEST_ORDERS", "3"))

Fields = dict[str, str]


@st.composite
def postbacks(draw: st.DrawFn) -> list[Fields]:
    """What a network says of one order: times may collide, and its date may move."""
    return draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "amount": st.sampled_from(["8.00", "12.00", "20.00"]),
                    "status": st.sampled_from(["pending", "confirmed", "declined"]),
                    "at": st.sampled_from(
                        ["2026-01-31T23:30:00+01:00", "2026-02-10T10:00:00+01:00"]
                    ),
                    "updated_at": st.integers(0, 4).map(lambda n: f"2026-02-11T10:0{n}:00Z"),
                }
            ),
            min_size=1,
            max_size=5,
        )
    )


@st.composite
def events(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What a shop says of one order: the order as it changes, and its refunds, each by its own name."""
    told: list[dict[str, Any]] = [
        {
            "version": draw(st.integers(1, 4)),
            "amount": draw(st.sampled_from(["20.00", "40.00"])),
            "status": draw(st.sampled_from(["open", "paid"])),
        }
        for _ in range(draw(st.integers(1, 3)))
    ]
    refunds = draw(st.lists(st.sampled_from(["3.00", "10.00", "40.00"]), max_size=3))
    told += [{"key": f"refund:{number}", "amount": amount} for number, amount in enumerate(refunds)]
    return told


def postbacks_of(member: str, history: list[Fields]) -> list[Message]:
    return [postback(f"W{member}", member=member, **fields) for fields in history]


def events_of(member: str, history: list[dict[str, Any]]) -> list[Message]:
    return [
        piece(f"W{member}", **{**fields, **({} if "key" in fields else {"member": member})})
        for fields in history
    ]


SOURCES = {
    "net": (postbacks(), postbacks_of),
    "shop": (events(), events_of),
}


def send(inbox: Inbox, ref: str, messages: list[Message], cuts: random.Random) -> None:
    """Keep one to three messages at a time; read them at once, or later with the next."""
    waiting = list(messages)
    while waiting:
        size = cuts.randint(1, 3)
        inbox.keep(*waiting[:size], ref=ref)
        waiting = waiting[size:]
        if not waiting or cuts.random() < 0.6:
            inbox.read(ref)


def shuffled(messages: list[Message], rng: random.Random) -> list[Message]:
    again = messages + rng.choices(messages, k=rng.randint(0, 2))
    rng.shuffle(again)
    return again


def outcome(world: World, member: str) -> tuple[Any, ...]:
    """Return all that stands of a member: the purchase, the reward, the decision, the sums of entries."""
    return (
        world.rows(
            "SELECT p.validation, p.reason, p.occurred_on, p.amount_minor, r.base_minor, "
            "r.amount_minor, r.released_minor, r.kept_minor, d.decision, d.frozen "
            "FROM purchases_purchase AS p JOIN rewards_reward AS r ON r.purchase_id = p.id "
            "JOIN rewards_decision AS d ON d.id = r.decision_id WHERE p.order_ref = %s",
            f"W{member}",
        ),
        sums(world, member),
        world.rows("SELECT state, reason FROM inbox_order WHERE object_id = %s", f"W{member}"),
    )


@pytest.fixture
def numbers(empty_world: World, request: pytest.FixtureRequest) -> Iterator[str]:
    """The numbers of many members nobody has used yet."""
    empty_world.load(corner(f"returns: {request.param}", offers=OFFERS))
    members = [str(number) for number in range(100, 100 + MANY)]
    empty_world.send("members", "number,name,iban\n" + "".join(f"{m},M,\n" for m in members))
    return iter(members)


@pytest.mark.parametrize("ref", SOURCES)
@pytest.mark.parametrize("numbers", ["redecide", "by_line"], indirect=True)
def test_any_order_of_the_messages_ends_in_the_same_books(
    empty_world: World, ledgerly: Ledgerly, numbers: Iterator[str], ref: str
) -> None:
    inbox = Inbox(empty_world)
    inbox.connect("net")
    inbox.connect("shop", "ledgerly")
    histories, messages_of = SOURCES[ref]

    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
    @given(histories, st.randoms(use_true_random=False))
    def check(history: list[Any], rng: random.Random) -> None:
        one, other = next(numbers), next(numbers)
        send(inbox, ref, messages_of(one, history), rng)
        send(inbox, ref, shuffled(messages_of(other, history), rng), rng)
        assert outcome(empty_world, one) == outcome(empty_world, other)

    check()
