"""The messages about one purchase, in any order, repeated or in other files, lead to the same end.

Two kinds of sources: one tells an order again with what came back so far, the other tells each return by itself.
"""

import json
import os
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.world import World, corner

MANY = 400
AT_ONCE = 20
EXAMPLES = int(os.environ.get("CAGNOTTE_TEST_ORDERS", "3"))
"""Histories tried per test; a search that takes its time tries some hundreds."""
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

JOURNAL = """
  - ref: journal
    kind: purchases
    format: jsonl
    timezone: Europe/Paris
    lines: lines
    returns: appended
    fields: {order_ref: id, member: customer.number, occurred_at: at, currency: currency, status: status,
             updated_at: updated_at, return_id: slip}
    line_fields: {sku: sku, quantity: qty, amount: price, category: category, brand: brand}
    defaults: {merchant: corner}
"""

Message = dict[str, Any]


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """One word of the web shop about its order of jam and tea; times may collide, and its date may move."""
    jam = draw(st.sampled_from(["8.00", "12.00", "20.00"]))
    returned = draw(st.sampled_from(["", "4.00", jam]))
    return {
        "currency": "EUR",
        "at": draw(st.sampled_from(["2026-01-31T23:30:00", "2026-02-10T10:00:00"])),
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


@st.composite
def journals(draw: st.DrawFn) -> list[Message]:
    """What a source says that appends its returns: the order, told anew, and each return under its own name."""
    told = draw(st.lists(messages(), min_size=1, max_size=3, unique_by=time_and_status))
    for message in told:
        for line in message["lines"]:
            line.pop("returned", None)
    slips = draw(st.lists(st.sampled_from(["plum", "earl", ""]), max_size=3))
    for number, sku in enumerate(slips):
        price = draw(st.sampled_from(["-3.00", "-8.00", "-20.00"]))
        back = {"sku": sku, "qty": -1 if sku and draw(st.booleans()) else 0, "price": price}
        told.append({"slip": f"R{number}", "lines": [back]})
    return told


SOURCES = {
    "web": st.lists(messages(), min_size=1, max_size=5, unique_by=time_and_status),
    "journal": journals(),
}
"""What each source can say about one purchase."""

draws = st.randoms(use_true_random=False)


def send(
    world: World, source: str, member: str, messages: list[Message], cuts: random.Random
) -> Iterator[None]:
    """Send messages in files of one to three; stop after each file."""
    order = {"id": f"W{member}", "currency": "EUR"}
    waiting = []
    for message in messages:
        # Who brings a return back need not show a card.
        who = {} if "slip" in message else {"customer": {"number": member}}
        waiting.append(json.dumps({**order, **who, **message}) + "\n")
    while waiting:
        size = cuts.randint(1, 3)
        summary = world.send(source, "".join(waiting[:size]))
        assert summary.rejected == {}
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
            "SELECT p.validation, p.reason, p.occurred_on, p.amount_minor, p.reported_at, "
            "r.base_minor, r.amount_minor, r.released_minor, r.kept_minor, d.decision, d.frozen "
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
    """The programme with a return policy, and the numbers of many members nobody has used yet.

    Each has bought in January and in February already, so that the months have different room under their caps.
    """
    empty_world.load(corner(f"returns: {request.param}", offers=OFFERS) + JOURNAL)
    members = [str(number) for number in range(100, 100 + MANY)]
    empty_world.send("members", "number,name,iban\n" + "".join(f"{m},M,\n" for m in members))
    return _fresh(empty_world, members)


def _fresh(world: World, members: list[str]) -> Iterator[str]:
    """Give members, a few of whom go shopping at a time."""
    bought = [("J", "2026-01-15", "12.00"), ("F", "2026-02-05", "7.00")]
    for start in range(0, len(members), AT_ONCE):
        some = members[start : start + AT_ONCE]
        world.till(
            *[
                f"{name}{member},{member},{day}T10:00:00,EUR,,plum,1,{price},jam,"
                for member in some
                for name, day, price in bought
            ]
        )
        yield from some


slow = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("numbers", ["redecide", "by_line", "by_order"], indirect=True)
def test_any_order_of_the_messages_leads_to_the_same_decision_and_the_same_sums(
    empty_world: World, numbers: Iterator[str], source: str
) -> None:
    @slow
    @given(SOURCES[source], draws)
    def check(history: list[Message], rng: random.Random) -> None:
        one, other = next(numbers), next(numbers)
        for _ in send(empty_world, source, one, history, rng):
            pass
        for _ in send(empty_world, source, other, shuffled(history, rng), rng):
            pass
        assert outcome(empty_world, one) == outcome(empty_world, other)

    check()


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("numbers", ["redecide"], indirect=True)
def test_the_same_messages_again_change_nothing(
    empty_world: World, numbers: Iterator[str], source: str
) -> None:
    @slow
    @given(SOURCES[source], draws)
    def check(history: list[Message], rng: random.Random) -> None:
        member = next(numbers)
        for _ in send(empty_world, source, member, history, rng):
            pass
        before = outcome(empty_world, member)
        versions = empty_world.rows("SELECT count(*) FROM purchases_purchaseversion")
        for _ in send(empty_world, source, member, shuffled(history, rng), rng):
            pass
        assert outcome(empty_world, member) == before
        assert empty_world.rows("SELECT count(*) FROM purchases_purchaseversion") == versions

    check()


def pay(world: World, member: str, cents: int) -> bool:
    """Note that the shop has paid for a member's order, when it owes anything for it by now."""
    paid = world.rows(
        "UPDATE rewards_rewardpart AS x SET paid_minor = %s FROM purchases_purchase AS p, "
        "identity_party AS f WHERE p.id = x.purchase_id AND f.id = x.funder_id "
        "AND f.kind = 'merchant' AND p.order_ref = %s RETURNING 1",
        cents,
        f"W{member}",
    )
    return paid != []


@pytest.mark.parametrize("numbers", ["redecide"], indirect=True)
def test_a_payment_noted_early_or_late_releases_the_same(
    empty_world: World, numbers: Iterator[str]
) -> None:
    world, later = empty_world, date(2026, 6, 1)

    @slow
    @given(SOURCES["web"], draws)
    def check(history: list[Message], rng: random.Random) -> None:
        one, other = next(numbers), next(numbers)
        for _ in send(world, "web", one, history, rng):
            pass
        pay(world, one, 240)
        noted = False
        for _ in send(world, "web", other, shuffled(history, rng), rng):
            noted = noted or (rng.random() < 0.5 and pay(world, other, 240))
        if not noted:
            pay(world, other, 240)
        world.mature(later)
        assert outcome(world, one) == outcome(world, other)
        assert parts(world, one) == parts(world, other)

    # What the shop owes is released once it is paid; 2.40 is enough for some of the orders.
    world.load(
        corner("returns: redecide", offers=OFFERS).replace("{days: 30}", "{settlement: paid}")
    )
    check()


def parts(world: World, member: str) -> list[tuple[Any, ...]]:
    """Return what each funder of an order owes and has paid; one that owes nothing any more left out."""
    return world.rows(
        "SELECT f.ref, x.commission_minor, x.reward_minor, x.share_minor, x.margin_minor, "
        "x.paid_minor FROM rewards_rewardpart AS x "
        "JOIN purchases_purchase AS p ON p.id = x.purchase_id "
        "JOIN identity_party AS f ON f.id = x.funder_id "
        "WHERE p.order_ref = %s AND x.commission_minor > 0 ORDER BY f.ref",
        f"W{member}",
    )


MEMBERS_SIDE = ("member.pending", "member.confirmed", "member.available", "member.owing")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("numbers", ["redecide"], indirect=True)
def test_money_that_moved_in_between_changes_no_reward_and_nothing_for_the_funders(
    empty_world: World, numbers: Iterator[str], source: str
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
    @given(SOURCES[source], draws)
    def check(history: list[Message], rng: random.Random) -> None:
        one, other = next(numbers), next(numbers)
        for _ in send(world, source, one, history, rng):
            pass
        for number, _ in enumerate(send(world, source, other, shuffled(history, rng), rng)):
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
