"""Messages of connected sources become purchases: each order once, whatever the order of its messages."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.domain.purchases import Purchase
from cagnotte.domain.rating import engine
from cagnotte.hooks.sources import Piece
from cagnotte.inbox import services
from cagnotte.journeys import read_inbox, settle_orders
from cagnotte.platform.database import connect
from cagnotte.tracking.services import NewClick, claim_visit, record_click
from tests.journeys.inbox_world import Inbox, Ledgerly, jsonly, ledgerly, piece, postback
from tests.journeys.world import World, corner

__all__ = ["ledgerly"]


@pytest.fixture
def inbox(world: World) -> Inbox:
    """The corner shop with one source of postbacks."""
    found = Inbox(world)
    found.connect()
    return found


@pytest.fixture
def shop(inbox: Inbox, ledgerly: Ledgerly) -> Inbox:
    """The same, with a shop that appends its refunds."""
    inbox.connect("shop", "ledgerly")
    return inbox


def later(minutes: int) -> str:
    """The source's time so many minutes after its first word."""
    return (datetime(2026, 2, 10, 9, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()


# ---- from a message to the books ----


def test_a_postback_becomes_a_purchase(inbox: Inbox) -> None:
    summary = inbox.send(postback(commission="2.495"))
    assert (summary.tally.new, summary.tally.reward_minor) == (1, 250)
    assert summary.messages == {"read": 1}
    assert summary.states == {"standing": 1}
    assert inbox.order() == ("standing", "")
    assert inbox.world.purchase("A-17") == ("pending", "", 1, 250, 0, 0)
    assert inbox.world.member("1") == {"pending": 250}
    ((attributed_by, commission),) = inbox.world.rows(
        "SELECT p.attributed_by, v.facts->>'commission' FROM purchases_purchase AS p "
        "JOIN purchases_purchaseversion AS v ON v.purchase_id = p.id"
    )
    assert (attributed_by, commission) == ("member_number", "250")


def test_an_order_is_restated_and_a_stale_word_changes_nothing(inbox: Inbox) -> None:
    inbox.send(postback())
    inbox.send(postback(status="confirmed", updated_at=later(5)))
    inbox.send(postback(amount="29.90", status="confirmed", updated_at=later(9)))
    before = inbox.world.digest()
    summary = inbox.send(postback(status="declined", reason="fraud", updated_at=later(2)))
    assert (summary.pieces, summary.states) == (0, {})
    assert inbox.world.purchase("A-17") == ("confirmed", "", 3, 150, 0, 0)
    assert inbox.world.digest() == before


def test_a_refund_before_its_order_waits_for_it(shop: Inbox) -> None:
    shop.send(piece(key="refund:1", amount="10.00"), ref="shop")
    assert shop.order("W1", "shop") == ("waiting", "order_missing")
    assert shop.world.books() == {}
    shop.send(piece(), ref="shop")
    assert shop.order("W1", "shop") == ("standing", "")
    assert shop.world.member("1") == {"confirmed": 150}


def test_the_click_that_led_to_an_order_counts_for_its_member_and_its_day(inbox: Inbox) -> None:
    with connect() as connection:
        programme_id = inbox.world.programme_id(connection)
        ((merchant_id, wallet_id),) = connection.execute(
            "SELECT p.id, m.wallet_id FROM identity_party AS p, identity_member AS m "
            "WHERE p.kind = 'merchant' AND m.ref = '2'"
        ).fetchall()
        new = new_click(programme_id, merchant_id)
        claim_visit(
            connection,
            programme_id=programme_id,
            visit_id=new.visit_id,
            wallet_id=wallet_id,
            now=inbox.world.now,
        )
        click = record_click(connection, new)
        connection.commit()
    inbox.send(postback(member="", click_id=click.ref))
    assert inbox.world.member("2") == {"pending": 250}
    ((attributed_by, clicked_at),) = inbox.world.rows(
        "SELECT p.attributed_by, v.facts->>'clicked_at' FROM purchases_purchase AS p "
        "JOIN purchases_purchaseversion AS v ON v.purchase_id = p.id"
    )
    assert (attributed_by, clicked_at) == ("click", "2026-02-09T20:00:00+01:00")


def new_click(programme_id: Any, merchant_id: Any) -> NewClick:
    return NewClick(
        programme_id,
        merchant_id,
        visit_id=uuid4(),
        clicked_at=datetime(2026, 2, 9, 19, tzinfo=UTC),
        offer=("standard", 1),
    )


def test_order_numbers_of_the_shop_are_the_purchases_own(shop: Inbox) -> None:
    shop.send(piece(number="#1001"), ref="shop")
    assert shop.world.purchase("#1001") == ("confirmed", "", 1, 200, 0, 0)


def test_what_the_catalogue_knows_of_an_article_holds(shop: Inbox) -> None:
    shop.world.write(
        "INSERT INTO catalog_product (programme_id, sku, name, category_ref, brand_ref, gift_card) "
        "SELECT id, 'earl', 'Earl Grey', 'tea', 'acme', false FROM identity_programme"
    )
    shop.send(piece(sku="earl"), ref="shop")
    assert shop.world.member("1") == {"confirmed": 200 + 80}


# ---- what is not recorded, and why ----


def test_a_test_order_is_kept_and_never_earns(shop: Inbox) -> None:
    shop.send(piece(test=True), ref="shop")
    assert shop.order("W1", "shop") == ("test", "test")
    assert shop.world.books() == {}


def test_an_order_that_turns_out_to_be_a_test_earns_no_more(shop: Inbox) -> None:
    shop.send(piece(version=1), ref="shop")
    shop.send(piece(version=2, test=True), ref="shop")
    assert shop.order("W1", "shop") == ("test", "test")
    assert shop.world.purchase("W1")[:2] == ("declined", "other")
    assert shop.world.member("1") == {}
    shop.send(piece(version=3), ref="shop")
    assert shop.world.member("1") == {"confirmed": 200}


def test_a_shop_the_programme_does_not_name_is_taken_once_it_does(inbox: Inbox) -> None:
    inbox.connect("net2", merchant="harbour")
    inbox.send(postback(), ref="net2")
    assert inbox.order(ref="net2") == ("rejected", "unknown_merchant")
    assert inbox.world.books() == {}
    inbox.world.load(
        corner().replace(
            "merchants: [{ref: corner, name: The corner shop}]",
            "merchants: [{ref: corner, name: The corner shop}, {ref: harbour, name: The harbour}]",
        )
    )
    assert inbox.replay("net2", state="rejected").tally.new == 1
    assert inbox.order(ref="net2") == ("standing", "")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"amount": "49.905"}, "bad_amount"),
        ({"amount": "-1"}, "negative_amount"),
        ({"amount": "99999999999999999"}, "amount_too_large"),
        ({"currency": "USD"}, "foreign_currency"),
        ({"currency": "EUX"}, "unknown_currency"),
        ({"at": "2026-03-09T10:00:00Z"}, "future_date"),
        ({"at": "0206-03-01T10:00:00Z"}, "bad_date"),
        ({"commission": "-0.01"}, "negative_amount"),
        ({"status": "maybe"}, "unknown_word"),
        ({"at": "yesterday"}, "misread"),
    ],
)
def test_an_order_that_cannot_be_taken_waits_with_its_reason(
    inbox: Inbox, told: dict[str, str], reason: str
) -> None:
    inbox.send(postback(**told))
    assert inbox.order() == ("rejected", reason)
    (queued,) = inbox.queue()
    assert queued.sentence.endswith((".", "…"))
    assert inbox.world.books() == {}
    inbox.send(postback(updated_at=later(5)))
    assert inbox.order() == ("standing", "")


def test_an_order_that_becomes_wrong_stays_as_it_was_recorded(inbox: Inbox) -> None:
    inbox.send(postback())
    before = inbox.world.digest()
    inbox.send(postback(amount="no amount", updated_at=later(5)))
    assert inbox.order() == ("rejected", "misread")
    assert inbox.world.digest() == before


def test_an_order_does_not_move_to_another_shop(inbox: Inbox) -> None:
    two = corner().replace(
        "merchants: [{ref: corner, name: The corner shop}]",
        "merchants: [{ref: corner, name: The corner shop}, {ref: harbour, name: The harbour}]",
    )
    inbox.world.load(two)
    inbox.send(postback())
    account = inbox.account()
    account.merchant = "harbour"
    account.save()
    inbox.send(postback(amount="59.90", updated_at=later(5)))
    assert inbox.order() == ("rejected", "other_merchant")
    assert inbox.world.purchase("A-17") == ("pending", "", 1, 250, 0, 0)


# ---- plugins that fail ----


def test_a_message_that_its_plugin_fails_on_holds_up_no_other(shop: Inbox) -> None:
    summary = shop.send(piece("W1"), jsonly(crash=1), piece("W2"), ref="shop")
    assert summary.messages == {"read": 2, "unreadable": 1}
    assert shop.messages("shop") == [("read", ""), ("unreadable", "plugin_failed"), ("read", "")]
    assert summary.tally.new == 2
    ((sentence,),) = shop.world.rows("SELECT sentence FROM inbox_message WHERE state <> 'read'")
    assert "ZeroDivisionError" in sentence


def test_a_message_is_read_again_once_its_plugin_is_mended(
    shop: Inbox, ledgerly: Ledgerly, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.send(piece("W1"), jsonly(crash=1, order="W2"), ref="shop")
    before = shop.world.digest()
    assert shop.replay("shop", state="unreadable").messages == {"unreadable": 1}
    assert shop.world.digest() == before
    monkeypatch.setattr(
        ledgerly, "parse", lambda message, context: Ledgerly.parse(ledgerly, piece("W2"), context)
    )
    summary = shop.replay("shop", state="unreadable")
    assert summary.messages == {"read": 1}
    assert summary.tally.new == 1
    assert shop.messages("shop") == [("read", ""), ("read", "")]


def test_an_order_that_its_plugin_fails_on_waits_for_a_better_one(
    shop: Inbox, ledgerly: Ledgerly
) -> None:
    shop.send(piece("W1", crash=True), piece("W2"), ref="shop")
    assert shop.order("W1", "shop") == ("rejected", "plugin_failed")
    assert shop.order("W2", "shop") == ("standing", "")


@pytest.mark.parametrize(
    "bad",
    [
        {"order": "x" * 121},
        {"order": ""},
        {"order": "a\x00b"},
        {"key": "k" * 201},
        {"version": 2**70},
        {"order": 17},
    ],
)
def test_a_piece_that_no_plugin_may_make_is_kept_unreadable(
    shop: Inbox, bad: dict[str, Any]
) -> None:
    told = {"order": "W1", "key": "order", "data": {}, "version": 1, **bad}
    shop.send(jsonly(**told), piece("W2"), ref="shop")
    assert [state for state, _ in shop.messages("shop")] == ["unreadable", "read"]
    assert shop.world.rows("SELECT object_id FROM inbox_order") == [("W2",)]


def test_what_tells_of_no_purchase_is_put_aside_and_hints_are_noted(shop: Inbox) -> None:
    summary = shop.send(jsonly(ping=1), jsonly(changed="W9"), ref="shop")
    assert summary.messages == {"ignored": 1, "read": 1}
    assert summary.wanted == 1
    assert shop.world.rows("SELECT object_id, tries FROM inbox_wanted") == [("W9", 0)]


def test_an_account_whose_plugin_is_gone_leaves_its_messages_alone(inbox: Inbox) -> None:
    inbox.connect("old", "forgotten")
    inbox.keep(postback(), ref="old")
    with pytest.raises(NotFound, match="forgotten"):
        inbox.read("old")
    assert inbox.messages("old") == [("new", "")]


@pytest.mark.parametrize(
    "told",
    [
        {"shop": "\x00harbour"},
        {"member": "1\x00"},
        {"member": "\ud800"},
        {"sku": "\x00"},
        {"number": "\x00"},
        {"shop": "\ud800"},
        {"currency": "\x00"},
        {"status": "\x00"},
    ],
)
def test_texts_that_cannot_be_kept_hold_up_no_other_order(
    shop: Inbox, told: dict[str, Any]
) -> None:
    account = shop.account("shop")
    account.merchant = ""
    account.save()
    shop.send(piece("W1", **{"shop": "corner", **told}), piece("W2", shop="corner"), ref="shop")
    assert shop.order("W1", "shop")[0] in ("rejected", "unattributed")
    assert shop.order("W2", "shop") == ("standing", "")


def test_an_order_that_cannot_be_recorded_is_set_apart_from_the_others(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = engine.decide

    def refuse(purchase: Purchase, *arguments: Any, **named: Any) -> Any:
        if purchase.order_ref == "A-3":
            raise InvalidInput("This one cannot be decided.")
        return decide(purchase, *arguments, **named)

    monkeypatch.setattr(engine, "decide", refuse)
    summary = inbox.send(*[postback(f"A-{number}") for number in range(6)])
    assert summary.states == {"standing": 5, "rejected": 1}
    assert inbox.order("A-3") == ("rejected", "not_recorded")
    assert inbox.world.rows("SELECT count(*) FROM purchases_purchase") == [(5,)]
    monkeypatch.undo()
    assert inbox.replay(state="rejected").tally.new == 1


# ---- read again ----


def test_reading_everything_again_changes_nothing(shop: Inbox) -> None:
    shop.send(postback(), postback(status="confirmed", updated_at=later(3)))
    shop.send(piece(key="refund:1", amount="10.00"), piece(), ref="shop")
    before = shop.world.digest()
    for ref in ("net", "shop"):
        summary = shop.replay(ref)
        assert (summary.pieces, summary.states, summary.messages) == (0, {}, {"read": 2})
    assert shop.world.digest() == before


def test_a_plugin_that_reads_better_now_changes_what_it_had_read(
    shop: Inbox, ledgerly: Ledgerly, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.send(piece(), piece(key="refund:1", amount="10.00"), ref="shop")
    read = Ledgerly.parse

    def without_refunds(message: Any, context: Any) -> Any:
        found = list(read(ledgerly, message, context))
        return [one for one in found if isinstance(one, Piece) and one.key == "order"]

    monkeypatch.setattr(ledgerly, "parse", without_refunds)
    summary = shop.replay("shop")
    assert summary.pieces == 1
    assert shop.world.member("1") == {"confirmed": 200}
    monkeypatch.undo()
    # The second plugin left the message with nothing, which is no reason not to read it again.
    shop_again = shop.world.rows("SELECT state FROM inbox_message ORDER BY id")
    assert shop_again == [("read",), ("ignored",)]


def test_reading_an_older_message_again_never_outdoes_a_newer_one(shop: Inbox) -> None:
    shop.send(piece(amount="40.00"), ref="shop")
    shop.send(piece(amount="50.00"), ref="shop")
    ((first,),) = shop.world.rows("SELECT min(id) FROM inbox_message")
    assert shop.replay("shop", messages=[first]).pieces == 0
    assert shop.world.member("1") == {"confirmed": 250}


def test_a_message_whose_bytes_are_gone_leaves_what_it_told(inbox: Inbox) -> None:
    inbox.send(postback())
    with connect() as connection:
        assert services.forget_bodies(connection, before=inbox.world.now + timedelta(days=1)) == 1
        connection.commit()
    summary = inbox.replay()
    assert (summary.gone, summary.messages) == (1, {})
    assert inbox.order() == ("standing", "")
    inbox.keep(postback("A-18"))
    inbox.world.write("DELETE FROM inbox_body")
    inbox.read()
    assert inbox.messages()[1] == ("unreadable", "body_gone")


def test_an_unknown_state_is_refused_with_those_there_are(inbox: Inbox) -> None:
    with pytest.raises(InvalidInput, match="unattributed"):
        inbox.replay(state="sleeping")


# ---- whose it is ----


def test_an_order_of_nobody_is_taken_when_its_member_enrols(inbox: Inbox) -> None:
    inbox.send(postback(member="77"))
    assert inbox.order() == ("unattributed", "unknown_member")
    (queued,) = inbox.queue()
    assert queued.attribution is not None
    assert queued.attribution["passed_over"] == [["77", "unknown_member"]]
    with inbox.run() as (connection, run):
        assert read_inbox.attribute_again(connection, run).tally.new == 0
    inbox.world.send("members", "number,name,iban\n77,Eve,\n")
    with inbox.run(5) as (connection, run):
        assert read_inbox.attribute_again(connection, run).tally.new == 1
    assert inbox.world.member("77") == {"pending": 250}


def test_an_order_without_a_trace_is_given_to_a_member_by_a_person(inbox: Inbox) -> None:
    inbox.send(postback(member=""))
    assert inbox.order() == ("unattributed", "no_candidate")
    order = inbox.order_id()
    with inbox.run() as (connection, run):
        with pytest.raises(NotFound, match="“99”"):
            read_inbox.attribute_to(connection, run, order, "99", by="Zoé")
        with pytest.raises(InvalidInput):
            read_inbox.attribute_to(connection, run, order, "2", by="")
        with pytest.raises(NotFound):
            read_inbox.attribute_to(connection, run, uuid4(), "2", by="Zoé")
        assert inbox.order() == ("unattributed", "no_candidate")
        read_inbox.attribute_to(connection, run, order, "2", by="Zoé")
    assert inbox.world.member("2") == {"pending": 250}
    assert inbox.world.rows("SELECT attributed_by FROM purchases_purchase") == [("person",)]
    # Later traces of another member change nothing, and neither does another person.
    inbox.send(postback(member="1", amount="59.90", updated_at=later(9)))
    assert inbox.world.member("1") == {}
    assert inbox.world.member("2") == {"pending": 300}
    with inbox.run() as (connection, run), pytest.raises(Refused, match="A-17"):
        read_inbox.attribute_to(connection, run, order, "3", by="Zoé")


def test_a_restatement_that_names_another_member_moves_nothing_to_them(inbox: Inbox) -> None:
    inbox.send(postback())
    inbox.send(postback(member="2", amount="59.90", updated_at=later(9)))
    assert inbox.world.member("1") == {"pending": 300}
    assert inbox.world.member("2") == {}


def test_a_closed_account_begins_nothing_new(inbox: Inbox) -> None:
    inbox.world.write(
        "UPDATE identity_wallet SET closed_at = now() WHERE id = "
        "(SELECT wallet_id FROM identity_member WHERE ref = '1')"
    )
    inbox.send(postback())
    assert inbox.order() == ("unattributed", "member_closed")
    assert inbox.world.books() == {}


# ---- interrupted, and several at once ----


def test_messages_that_were_kept_are_read_after_a_crash_exactly_once(inbox: Inbox) -> None:
    inbox.keep(postback(), postback("A-18"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "note_read", interrupt)
        with pytest.raises(KeyboardInterrupt):
            inbox.read()
    assert inbox.messages() == [("new", ""), ("new", "")]
    assert inbox.world.rows("SELECT count(*) FROM inbox_piece") == [(0,)]
    assert inbox.read().tally.new == 2


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "point", ["Chunk.take_reports", "_Settling._write", "_Settling._wake", "_Settling.give_back"]
)
def test_an_interruption_while_settling_loses_nothing_and_doubles_nothing(
    inbox: Inbox, point: str
) -> None:
    inbox.keep(postback(), postback("A-18", member="2"))
    owner, name = point.split(".")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(getattr(settle_orders, owner), name, interrupt)
        with pytest.raises(KeyboardInterrupt):
            inbox.read()
    inbox.read(later=5)
    assert inbox.world.member("1") == {"pending": 250}
    assert inbox.world.member("2") == {"pending": 250}
    assert inbox.world.rows("SELECT count(*) FROM purchases_purchaseversion") == [(2,)]


def test_two_workers_at_once_do_the_work_once(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_inbox, "CHUNK_MESSAGES", 7)
    monkeypatch.setattr(settle_orders, "CHUNK_ORDERS", 3)
    inbox.keep(
        *[
            postback(f"A-{number}", member=str(number % 3 + 1), status=status, updated_at=later(at))
            for number in range(30)
            for at, status in ((1, "pending"), (2, "confirmed"))
        ]
    )
    start = Barrier(4)

    def work(_: int) -> int:
        start.wait()
        try:
            return inbox.read().tally.new
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(work, range(4))) == 30
    assert inbox.world.rows("SELECT count(*) FROM purchases_purchase") == [(30,)]
    assert inbox.world.member("1") == {"confirmed": 2500}
    assert set(inbox.messages()) == {("read", "")}
    assert inbox.world.rows("SELECT count(*) FROM inbox_order WHERE due") == [(0,)]


def test_a_limit_leaves_the_rest_for_later(inbox: Inbox) -> None:
    inbox.keep(*[postback(f"A-{number}") for number in range(5)])
    assert inbox.read(limit=2).messages == {"read": 2}
    assert inbox.read(later=1).messages == {"read": 3}
    assert inbox.world.rows("SELECT count(*) FROM purchases_purchase") == [(5,)]


def test_budgets_hold_for_orders_of_connected_sources_too(empty_world: World) -> None:
    offers = """
    - ref: spring
      name: 10 % more while 3.00 last
      role: boost
      effect: {kind: percent, rate: 10 %}
      limits: {budget: "3.00"}
    """
    empty_world.load(corner(offers=offers))
    inbox = Inbox(empty_world)
    inbox.connect()
    inbox.send(postback(amount="20.00"), postback("A-18", amount="20.00", member="2"))
    rewards = empty_world.rows("SELECT sum(amount_minor)::integer FROM rewards_reward")
    assert rewards == [(100 + 100 + 300,)]
