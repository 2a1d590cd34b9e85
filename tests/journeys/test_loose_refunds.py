"""Refunds that name no purchase find it, by member, shop, article and amount; or they wait, and nothing moves."""

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from cagnotte.hooks.sources import Message
from tests.journeys.inbox_world import Inbox
from tests.journeys.world import World, corner

DAY = timedelta(days=1)


@pytest.fixture
def till(empty_world: World) -> Inbox:
    """The corner shop, whose tills take things back without saying where they were sold."""
    empty_world.load(corner("funder_refund_days: 20", "member_clawback_days: 30"))
    found = Inbox(empty_world)
    found.connect("counter", "till")
    return found


def receipt(number: str, day: str, *lines: tuple[str, int, str], member: str = "1") -> Message:
    told: dict[str, Any] = {
        "merchant": "corner", "till": "T1", "number": number, "at": f"{day}T12:00:00+01:00", "currency": "EUR",
        "lines": [{"ean": ean, "quantity": quantity, "amount": amount} for ean, quantity, amount in lines],
    }  # fmt: skip
    if member:
        told["member"] = member
    return Message(json.dumps(told).encode(), "receipts")


def back(
    number: str, day: str, ean: str = "plum", amount: str = "10.00", **options: str
) -> Message:
    return receipt(number, day, (ean, -1, f"-{amount}"), **options)


def sold(
    number: str, day: str, ean: str = "plum", amount: str = "10.00", **options: str
) -> Message:
    return receipt(number, day, (ean, 1, amount), **options)


def of(number: str, day: str) -> str:
    return f"corner/T1/{day}/{number}"


def returned(inbox: Inbox) -> dict[str, int]:
    """Return how many cents came back of each order that stands."""
    rows = inbox.world.rows(
        "SELECT DISTINCT ON (p.order_ref) p.order_ref, v.facts FROM purchases_purchase AS p "
        "JOIN purchases_purchaseversion AS v ON v.purchase_id = p.id WHERE v.facts IS NOT NULL "
        "ORDER BY p.order_ref, v.number DESC"
    )
    return {ref: sum(line[11] for line in facts["lines"]) for ref, facts in rows}


def test_what_came_back_is_of_the_latest_purchase_at_its_price(till: Inbox) -> None:
    till.send(
        sold("1", "2026-02-01"),
        sold("2", "2026-02-03"),
        sold("3", "2026-02-05", amount="12.00"),
        ref="counter",
    )
    assert till.world.member("1") == {"pending": 160}
    till.send(back("4", "2026-02-07"), ref="counter")
    assert returned(till) == {"T1/2026-02-01/1": 0, "T1/2026-02-03/2": 1000, "T1/2026-02-05/3": 0}
    assert till.world.member("1") == {"pending": 110}
    assert till.order(of("4", "2026-02-07") + "#return", ref="counter") == (
        "standing",
        "refund_found",
    )
    ((found,),) = till.world.rows(
        "SELECT attribution FROM inbox_order WHERE reason = 'refund_found'"
    )
    assert (found["refund_of"], found["refund_fit"], found["refund_rules"]) == (
        str(till.order_id(of("2", "2026-02-03"), ref="counter")),
        "same_price",
        1,
    )


def test_a_refund_before_its_purchase_was_told_waits_for_it(till: Inbox) -> None:
    summary = till.send(back("4", "2026-02-07"), ref="counter")
    assert summary.states == {"waiting": 1}
    assert till.world.member("1") == {}
    till.send(sold("1", "2026-02-01"), ref="counter")
    assert returned(till) == {"T1/2026-02-01/1": 1000}
    assert till.world.member("1") == {}


def test_the_same_refund_again_counts_once(till: Inbox) -> None:
    till.send(
        sold("1", "2026-02-01"), sold("2", "2026-02-02"), back("4", "2026-02-07"), ref="counter"
    )
    before = till.world.digest()
    till.send(back("4", "2026-02-07"), ref="counter")
    till.replay("counter")
    assert till.world.digest() == before
    assert returned(till) == {"T1/2026-02-01/1": 0, "T1/2026-02-02/2": 1000}


def test_two_refunds_are_of_two_purchases_and_a_third_waits(till: Inbox) -> None:
    till.send(sold("1", "2026-02-01"), sold("2", "2026-02-02"), ref="counter")
    till.send(
        back("4", "2026-02-07"), back("5", "2026-02-08"), back("6", "2026-02-09"), ref="counter"
    )
    assert returned(till) == {"T1/2026-02-01/1": 1000, "T1/2026-02-02/2": 1000}
    assert till.order(of("6", "2026-02-09") + "#return", ref="counter") == (
        "waiting",
        "refund_without_purchase",
    )
    # A purchase that is told later is its own.
    till.send(sold("3", "2026-02-03"), ref="counter")
    assert returned(till)["T1/2026-02-03/3"] == 1000


@pytest.mark.parametrize(
    "message",
    [
        back("4", "2026-02-07", ean="fig"),
        back("4", "2026-02-07", amount="10.01"),
        back("4", "2026-01-31"),
        back("4", "2026-03-04"),
        back("4", "2026-02-07", member="2"),
    ],
    ids=[
        "another article",
        "more than was paid",
        "before it",
        "after the window",
        "another member",
    ],
)
def test_what_fits_nothing_waits_and_nothing_moves(till: Inbox, message: Message) -> None:
    till.world.now += 5 * DAY
    till.send(sold("1", "2026-02-01"), ref="counter")
    before = till.world.digest()
    summary = till.send(message, ref="counter")
    assert summary.states == {"waiting": 1}
    assert till.world.digest() == before


def test_the_window_is_the_contracts_longest_and_its_end_is_included(till: Inbox) -> None:
    till.world.now += 5 * DAY
    till.send(sold("1", "2026-02-01"), back("4", "2026-03-03"), ref="counter")
    assert returned(till) == {"T1/2026-02-01/1": 1000}


def test_a_refund_of_nobody_waits_for_somebody(till: Inbox) -> None:
    till.send(sold("1", "2026-02-01"), back("4", "2026-02-07", member=""), ref="counter")
    name = of("4", "2026-02-07") + "#return"
    assert till.order(name, ref="counter") == ("unattributed", "no_candidate")
    assert returned(till) == {"T1/2026-02-01/1": 0}


def test_a_refund_at_no_shop_of_ours_is_refused(till: Inbox) -> None:
    till.connect("tills", "till", merchant="")
    told = json.loads(back("4", "2026-02-07").body)
    message = Message(json.dumps({**told, "merchant": "elsewhere"}).encode(), "receipts")
    summary = till.send(message, ref="tills")
    assert summary.states == {"rejected": 1}


def test_a_later_purchase_does_not_draw_a_refund_away(till: Inbox) -> None:
    till.send(sold("1", "2026-02-01", amount="12.00"), back("4", "2026-02-07"), ref="counter")
    assert returned(till) == {"T1/2026-02-01/1": 1000}
    till.send(sold("2", "2026-02-02"), ref="counter")
    till.replay("counter")
    assert returned(till) == {"T1/2026-02-01/1": 1000, "T1/2026-02-02/2": 0}


def test_a_refund_that_is_corrected_is_corrected_where_it_counts(till: Inbox) -> None:
    till.send(sold("1", "2026-02-01"), back("4", "2026-02-07"), ref="counter")
    told = json.loads(back("4", "2026-02-07", amount="4.00").body)
    till.send(Message(json.dumps({**told, "revision": 1}).encode(), "receipts"), ref="counter")
    assert returned(till) == {"T1/2026-02-01/1": 400}
    assert till.order(of("4", "2026-02-07") + "#return", ref="counter") == (
        "standing",
        "refund_found",
    )


def test_the_order_of_messages_does_not_matter_where_one_purchase_fits(empty_world: World) -> None:
    empty_world.load(corner())
    messages = (
        sold("1", "2026-02-01"),
        sold("2", "2026-02-02", ean="fig"),
        back("3", "2026-02-03"),
    )
    sums = set()
    for number, order in enumerate(itertools.permutations(messages)):
        inbox = Inbox(empty_world)
        ref = f"counter{number}"
        inbox.connect(ref, "till")
        before = empty_world.member("1").get("pending", 0)
        for message in order:
            body = message.body.replace(b'"till": "T1"', f'"till": "T{number}"'.encode())
            inbox.send(Message(body, "receipts"), ref=ref)
        sums.add(empty_world.member("1").get("pending", 0) - before)
    assert sums == {50}
