"""One order told by several sources earns once; where the rules leave a doubt, a person decides."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.domain.sightings import Verdict
from cagnotte.hooks.sources import Message
from cagnotte.inbox.models import Tolerance
from cagnotte.journeys import one_order, read_inbox, settle_orders
from tests.journeys.inbox_world import Inbox, Ledgerly, ledgerly, piece, postback
from tests.journeys.test_order_of_messages import sums
from tests.journeys.world import World

__all__ = ["ledgerly"]

BY_PERSON = {"by": "Zoé"}


@pytest.fixture
def inbox(world: World, ledgerly: Ledgerly) -> Inbox:
    """The corner shop's own webhooks, a network, and a second one that counts as much as the first."""
    found = Inbox(world)
    found.connect("shop", "ledgerly", rank=10)
    found.connect("net", rank=50)
    found.connect("net2", rank=50)
    return found


def webhook(**told: Any) -> Message:
    """The shop's word of order 17: 49.90, paid, of member 1."""
    return piece("gid-17", number="A-17", amount="49.90", **told)


def states(inbox: Inbox) -> dict[str, tuple[str, str]]:
    """Return (state, reason) of every order, by its source."""
    rows = inbox.world.rows(
        "SELECT a.ref, o.state, o.reason FROM inbox_order AS o "
        "JOIN inbox_account AS a ON a.id = o.account_id"
    )
    return {ref: (state, reason) for ref, state, reason in rows}


def test_an_order_of_webhook_and_network_earns_once_by_the_source_whose_word_counts(
    inbox: Inbox,
) -> None:
    inbox.send(webhook(), ref="shop")
    inbox.send(postback(), ref="net")
    assert states(inbox) == {"shop": ("standing", ""), "net": ("duplicate", "other_source")}
    assert inbox.world.member("1") == {"confirmed": 250}


def test_the_source_whose_word_counts_may_come_last(inbox: Inbox) -> None:
    inbox.send(postback(), ref="net")
    assert inbox.world.member("1") == {"pending": 250}
    inbox.send(webhook(), ref="shop")
    assert states(inbox) == {"shop": ("standing", ""), "net": ("duplicate", "other_source")}
    assert inbox.world.member("1") == {"confirmed": 250}
    stood_down = inbox.world.rows(
        "SELECT validation, reason FROM purchases_purchase WHERE native_id = 'A-17'"
    )
    assert stood_down == [("declined", "duplicate_order")]


def test_the_order_in_which_sources_tell_does_not_matter(inbox: Inbox) -> None:
    orders = list(itertools.permutations(range(4)))
    for number, order in enumerate(orders):
        name = f"P-{number}"
        told = [
            ("shop", piece(f"gid-{number}", number=name, amount="49.90", version=1)),
            ("shop", piece(f"gid-{number}", number=name, amount="49.90", version=2, status="open")),
            ("net", postback(name)),
            ("net2", postback(name, status="confirmed")),
        ]
        for place in order:
            ref, message = told[place]
            inbox.send(message, ref=ref)
    assert {state for _, state in states_of(inbox, "shop")} == {"standing"}
    assert {state for ref in ("net", "net2") for _, state in states_of(inbox, ref)} == {"duplicate"}
    assert inbox.world.member("1") == {"pending": 250 * len(orders)}
    assert sums(inbox.world, "1")["member.pending", ""] == -250 * len(orders)


def test_sources_read_at_the_same_moment_never_earn_twice(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle_orders, "CHUNK_ORDERS", 4)
    names = [f"P-{number}" for number in range(24)]
    inbox.keep(*[piece(name, number=name, amount="49.90") for name in names], ref="shop")
    inbox.keep(*[postback(name) for name in reversed(names)], ref="net")
    inbox.keep(*[postback(name) for name in names], ref="net2")
    start = Barrier(3)

    def work(ref: str) -> None:
        start.wait()
        try:
            inbox.read(ref)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as workers:
        list(workers.map(work, ["shop", "net", "net2"]))
    assert {state for _, state in states_of(inbox, "shop")} == {"standing"}
    assert {state for ref in ("net", "net2") for _, state in states_of(inbox, ref)} == {"duplicate"}
    assert inbox.world.member("1") == {"confirmed": 250 * len(names)}


def test_between_equal_ranks_what_stands_stays(inbox: Inbox) -> None:
    inbox.send(postback(), ref="net2")
    inbox.send(postback(status="confirmed"), ref="net")
    assert states(inbox) == {"net2": ("standing", ""), "net": ("duplicate", "other_source")}
    assert inbox.world.member("1") == {"pending": 250}


def test_a_duplicate_changes_without_changing_anything(inbox: Inbox) -> None:
    inbox.send(webhook(), ref="shop")
    inbox.send(postback(), ref="net")
    before = inbox.world.digest()
    inbox.send(postback(amount="10.00", updated_at="2026-02-11T10:00:00Z"), ref="net")
    inbox.send(
        postback(status="declined", reason="fraud", updated_at="2026-02-12T10:00:00Z"), ref="net"
    )
    assert states(inbox)["net"] == ("duplicate", "other_source")
    assert inbox.world.digest() == before


def test_what_a_source_tells_without_tax_or_delivery_is_the_same_order(inbox: Inbox) -> None:
    tolerant = Tolerance(programme_id=programme_id(inbox), amount_bps=0, amount_minor=0, hours=1)
    tolerant.save()
    inbox.send(webhook(), ref="shop")
    inbox.send(postback(amount="49.89"), ref="net")
    assert states(inbox)["net"] == ("doubtful", "amount_differs")


def programme_id(inbox: Inbox) -> Any:
    ((found,),) = inbox.world.rows("SELECT id FROM identity_programme")
    return found


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"amount": "50.90"}, ("duplicate", "other_source")),
        ({"amount": "51.00"}, ("doubtful", "amount_differs")),
        ({"at": "2026-02-12T10:00:00+01:00"}, ("duplicate", "other_source")),
        ({"at": "2026-02-12T10:00:01+01:00"}, ("doubtful", "time_differs")),
        ({"member": "2"}, ("doubtful", "other_member")),
        ({"order": "A-18"}, ("standing", "")),
        ({"order": "a17"}, ("duplicate", "other_source")),
    ],
)
def test_sources_may_differ_a_little(
    inbox: Inbox, told: dict[str, str], state: tuple[str, str]
) -> None:
    inbox.send(webhook(), ref="shop")
    inbox.send(postback(**told), ref="net")
    assert states(inbox) == {"shop": ("standing", ""), "net": state}


def test_nothing_is_booked_for_an_order_in_doubt_until_a_person_decides(inbox: Inbox) -> None:
    inbox.send(webhook(), ref="shop")
    inbox.send(postback(amount="60.00"), ref="net")
    (queued,) = inbox.queue("net")
    shop, net = inbox.order_id("gid-17", "shop"), inbox.order_id("A-17", "net")
    assert (queued.state, queued.reason, queued.with_orders) == (
        "doubtful", "amount_differs", [shop],
    )  # fmt: skip
    assert inbox.world.member("1") == {"confirmed": 250}
    with inbox.run(5) as (connection, run):
        read_inbox.say_distinct(connection, run, net, shop, **BY_PERSON)
    assert states(inbox)["net"] == ("standing", "")
    assert inbox.world.member("1") == {"confirmed": 250, "pending": 300}
    # A person may think again, and only a person.
    with inbox.run(6) as (connection, run):
        read_inbox.say_same(connection, run, shop, net, **BY_PERSON)
    assert states(inbox)["net"] == ("duplicate", "other_source")
    assert inbox.world.member("1") == {"confirmed": 250}
    inbox.send(postback(amount="70.00", updated_at="2026-02-11T10:00:00Z"), ref="net")
    assert inbox.world.member("1") == {"confirmed": 250}


def test_a_doubt_that_has_gone_needs_nobody(inbox: Inbox) -> None:
    inbox.send(webhook(), ref="shop")
    inbox.send(postback(amount="60.00"), ref="net")
    inbox.send(postback(updated_at="2026-02-11T10:00:00Z"), ref="net")
    assert states(inbox)["net"] == ("duplicate", "other_source")
    assert inbox.queue("net") == []


def test_a_declined_order_that_another_source_confirms_waits_for_a_person(inbox: Inbox) -> None:
    inbox.send(postback(), ref="net")
    inbox.send(postback(status="confirmed"), ref="net2")
    inbox.send(
        postback(status="declined", reason="fraud", updated_at="2026-02-12T10:00:00Z"), ref="net"
    )
    assert states(inbox) == {"net": ("standing", ""), "net2": ("doubtful", "declined_elsewhere")}
    assert inbox.world.member("1") == {}
    # The source takes its word back: the doubt is gone.
    inbox.send(postback(status="confirmed", updated_at="2026-02-13T10:00:00Z"), ref="net")
    assert states(inbox) == {"net": ("standing", ""), "net2": ("duplicate", "other_source")}
    assert inbox.world.member("1") == {"confirmed": 250}


@pytest.mark.parametrize("same", [True, False])
def test_a_person_says_whether_the_confirmed_one_counts(inbox: Inbox, same: bool) -> None:
    inbox.send(postback(status="declined", reason="fraud"), ref="net")
    inbox.send(postback(status="confirmed"), ref="net2")
    assert states(inbox)["net2"] == ("doubtful", "declined_elsewhere")
    say = read_inbox.say_same if same else read_inbox.say_distinct
    with inbox.run(5) as (connection, run):
        say(
            connection,
            run,
            inbox.order_id("A-17", "net"),
            inbox.order_id("A-17", "net2"),
            **BY_PERSON,
        )
    if same:
        assert states(inbox)["net2"] == ("duplicate", "other_source")
        assert inbox.world.member("1") == {}
    else:
        assert states(inbox)["net2"] == ("standing", "")
        assert inbox.world.member("1") == {"confirmed": 250}


def test_a_better_source_that_declines_leaves_what_another_confirmed(inbox: Inbox) -> None:
    inbox.connect("registry", rank=1)
    inbox.send(postback(status="confirmed"), ref="net")
    inbox.send(postback(status="declined", reason="fraud"), ref="registry")
    assert states(inbox) == {
        "net": ("standing", ""),
        "registry": ("doubtful", "declined_elsewhere"),
    }
    assert inbox.world.member("1") == {"confirmed": 250}


def test_the_source_that_knows_the_member_tells_the_one_that_counts(inbox: Inbox) -> None:
    inbox.send(webhook(member=None), ref="shop")
    assert states(inbox) == {"shop": ("unattributed", "no_candidate")}
    inbox.send(postback(), ref="net")
    assert states(inbox) == {"shop": ("standing", ""), "net": ("duplicate", "other_source")}
    assert inbox.world.member("1") == {"confirmed": 250}
    (told_by,) = inbox.world.rows(
        "SELECT attribution->>'told_by' FROM inbox_order WHERE state = 'standing'"
    )
    assert told_by == ("net",)


def test_it_tells_it_also_when_it_came_first(inbox: Inbox) -> None:
    inbox.send(postback(), ref="net")
    inbox.send(webhook(member=None), ref="shop")
    assert states(inbox) == {"shop": ("standing", ""), "net": ("duplicate", "other_source")}
    assert inbox.world.member("1") == {"confirmed": 250}


def test_a_duplicate_whose_better_source_turns_out_to_be_a_test_counts(inbox: Inbox) -> None:
    inbox.send(webhook(member=None), ref="shop")
    inbox.send(postback(member=""), ref="net")
    assert states(inbox)["net"] == ("duplicate", "other_source")
    inbox.send(webhook(member=None, test=True, version=2), ref="shop")
    assert states(inbox) == {
        "shop": ("test", "test"),
        "net": ("unattributed", "no_candidate"),
    }


def test_payments_without_a_number_are_paired_with_receipts_one_to_one(inbox: Inbox) -> None:
    receipts = [
        piece(f"T{hour}", number=f"T{hour}", amount="2.50", at=f"2026-02-10T{hour}:00:00+01:00")
        for hour in ("08", "16")
    ]
    payments = [
        piece(f"C{number}", amount="2.50", at=f"2026-02-10T{hour}:02:00+01:00")
        for number, hour in enumerate(("08", "12", "16"))
    ]
    inbox.connect("card", "ledgerly", rank=90)
    inbox.send(*receipts, ref="shop")
    inbox.send(*payments, ref="card")
    rows = inbox.world.rows(
        "SELECT o.object_id, o.state FROM inbox_order AS o JOIN inbox_account AS a "
        "ON a.id = o.account_id WHERE a.ref = 'card' ORDER BY 1"
    )
    assert sorted(state for _, state in rows) == ["duplicate", "duplicate", "standing"]
    # Three coffees: 5 % of 2.50, half up, three times.
    assert inbox.world.member("1") == {"confirmed": 39}


def test_payments_of_other_members_or_amounts_are_other_orders(inbox: Inbox) -> None:
    inbox.connect("card", "ledgerly", rank=90)
    inbox.send(webhook(), ref="shop")
    inbox.send(
        piece("C1", amount="49.90", member="2"),
        piece("C2", amount="49.00"),
        piece("C3", amount="49.90", at="2026-02-13T10:00:00+01:00"),
        ref="card",
    )
    assert {state for _, state in states_of(inbox, "card")} == {"standing"}


def states_of(inbox: Inbox, ref: str) -> list[tuple[str, str]]:
    return [
        (object_id, state)
        for object_id, state in inbox.world.rows(
            "SELECT object_id, state FROM inbox_order WHERE account_id = %s ORDER BY object_id",
            inbox.accounts[ref],
        )
    ]


def test_two_orders_of_one_source_are_never_compared(inbox: Inbox) -> None:
    inbox.send(piece("1", number="A-17"), piece("2", number="A-17"), ref="shop")
    assert states_of(inbox, "shop") == [("1", "standing"), ("2", "standing")]
    with inbox.run() as (connection, run), pytest.raises(Refused, match="one source"):
        read_inbox.say_same(
            connection, run, inbox.order_id("1", "shop"), inbox.order_id("2", "shop"), by="Zoé"
        )


def test_a_decision_names_known_orders_and_who_decides(inbox: Inbox) -> None:
    inbox.send(webhook(), ref="shop")
    known, unknown = inbox.order_id("gid-17", "shop"), inbox.order_id("A-17", "net")
    with inbox.run() as (connection, run):
        with pytest.raises(NotFound):
            read_inbox.say_same(connection, run, known, unknown, by="Zoé")
        with pytest.raises(InvalidInput):
            one_order.decide(connection, run, (known, unknown), Verdict.SAME, by="")
        with pytest.raises(InvalidInput):
            one_order.decide(connection, run, (known, unknown), Verdict.DOUBTFUL, by="Zoé")
    assert inbox.world.rows("SELECT count(*) FROM inbox_link") == [(0,)]


def test_reading_again_changes_nothing_between_sources(inbox: Inbox) -> None:
    inbox.send(postback(), ref="net")
    inbox.send(webhook(), ref="shop")
    inbox.send(postback(amount="60.00"), ref="net2")
    before, found = inbox.world.digest(), states(inbox)
    for ref in ("net", "shop", "net2"):
        inbox.replay(ref)
        for state in ("standing", "duplicate", "doubtful"):
            inbox.replay(ref, state=state)
    assert inbox.world.digest() == before
    assert states(inbox) == found
