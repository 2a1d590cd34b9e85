"""What happens is told: once, in order, of everything that is committed."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from cagnotte.domain.ids import public_id
from cagnotte.domain.payouts import PayoutEvent
from cagnotte.domain.vouchers import Terms
from cagnotte.identity import api_keys
from cagnotte.identity.models import Programme
from cagnotte.journeys import (
    ask_payout,
    close_account,
    pay_out,
    read_inbox,
    redeem,
    tell_events,
    vouchers,
)
from cagnotte.journeys.ask_payout import Desk
from cagnotte.journeys.close_account import Closing
from cagnotte.journeys.pay_out import PayRun
from cagnotte.journeys.vouchers import Counter
from cagnotte.notices import deliveries
from cagnotte.notices.catalogue import TYPES
from cagnotte.notices.models import Event
from cagnotte.payouts.steps import Step, take_step
from cagnotte.platform.database import connect
from cagnotte.wallet.movements import occasion
from cagnotte.wallet.voucher_uses import UseAsk
from tests.journeys.inbox_world import Inbox, postback
from tests.journeys.world import World


@pytest.fixture
def heard(world: World) -> World:
    """The corner shop, with a key that may read its events, and nothing left to tell."""
    programme = Programme.objects.get(slug="corner")
    api_keys.make(programme, name="shop", now=world.now)
    tell(world)
    Event.objects.all().delete()
    return world


def tell(world: World) -> int:
    with connect() as connection:
        return tell_events.tell(connection, now=world.now)


def told(*names: str) -> list[tuple[str, dict[str, Any]]]:
    """Return types and data of what was told, in order; every one of a shape of the catalogue."""
    rows = list(Event.objects.order_by("number"))
    for row in rows:
        assert TYPES[row.type].shape.model_validate(row.data).plain() == row.data
        assert row.data["id"] == row.object_id
    return [(row.type, row.data) for row in rows if not names or row.type in names]


def types() -> list[str]:
    return [name for name, _ in told()]


def euros(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def test_a_reward_is_told_from_its_purchase_until_it_can_be_spent(heard: World) -> None:
    heard.buy("A1", "20.00")
    heard.answer("A1,confirm,,,,")
    heard.mature(date(2026, 4, 15))
    assert tell(heard) == 3
    assert [(name, data["amount"], data.get("before")) for name, data in told()] == [
        ("reward.tracked", euros(100), None),
        ("reward.confirmed", euros(100), euros(100)),
        ("reward.available", euros(100), None),
    ]
    (_, tracked), (_, confirmed), (_, available) = told()
    assert tracked["member_ref"] == "1"
    assert tracked["order_ref"] == "A1"
    assert (tracked["version"], confirmed["version"]) == (1, 2)
    assert (tracked["state"], confirmed["state"]) == ("pending", "confirmed")
    assert tracked["id"] == confirmed["id"] == available["id"]
    assert available["expires_on"] == "2027-04-15"


def test_what_is_told_once_is_not_told_again(heard: World) -> None:
    heard.buy("A1")
    assert tell(heard) == 1
    assert tell(heard) == 0
    assert types() == ["reward.tracked"]


def order(price: str, status: str, at: str, **line: Any) -> dict[str, Any]:
    """One order of the web shop, of a pot of jam, as told at a moment."""
    lines = [{"sku": "plum", "qty": 1, "price": price, "category": "jam", **line}]
    facts = {"id": "W1", "customer": {"number": "1"}, "at": "2026-02-10T10:00:00Z"}
    return {**facts, "currency": "EUR", "status": status, "updated_at": at, "lines": lines}


def test_a_reward_that_is_amended_declined_and_opened_again_is_told_each_time(
    heard: World,
) -> None:
    heard.web(order("20.00", "confirmed", "2026-02-10T10:00:00Z"))
    heard.mature(date(2026, 4, 15))
    heard.web(order("10.00", "confirmed", "2026-02-11T10:00:00Z"))
    heard.answer("W1,decline,returned,,,")
    heard.answer("W1,reopen,,,,")
    tell(heard)
    assert [
        (name, data.get("state"), data.get("reason"), data.get("before"), data["amount"])
        for name, data in told()
    ] == [
        ("reward.tracked", "confirmed", "", None, euros(100)),
        ("reward.available", None, None, None, euros(100)),
        ("reward.amended", "confirmed", "", euros(100), euros(50)),
        ("reward.declined", "declined", "returned", euros(50), euros(0)),
        ("reward.amended", "pending", "", euros(0), euros(50)),
    ]


def test_a_purchase_that_earns_nothing_is_not_told(heard: World) -> None:
    heard.till("A1,1,2026-02-10T10:00:00,EUR,,diesel,1,50.00,fuel,")
    assert tell(heard) == 0


def test_spending_is_told_from_the_hold_to_its_refund(heard: World) -> None:
    rich(heard)
    heard.spend("H1", 1000, capture=False)
    heard.spend("H2", 700)
    with connect() as connection:
        shop = checkout(heard, connection)
        redeem.capture(connection, shop, order="H1", amount_minor=400)
        redeem.refund(connection, shop, order="H1", refund_id="R1", amount_minor=100)
    tell(heard)
    assert [(name, data["order_ref"], data["amount"]) for name, data in told()] == [
        ("wallet.held", "H1", euros(1000)),
        ("wallet.held", "H2", euros(700)),
        ("wallet.captured", "H2", euros(700)),
        ("wallet.captured", "H1", euros(400)),
        ("wallet.released", "H1", euros(600)),
        ("wallet.refunded", "H1", euros(100)),
    ]


def test_a_payout_is_told_from_its_request_to_what_the_bank_says(
    heard: World, tmp_path: Path
) -> None:
    rich(heard)
    heard.send("members", "number,name,iban\n1,Ana,DE89370400440532013000\n")
    heard.write(
        "UPDATE payouts_payoutmethod SET changed_at = '2026-01-01', usable_from = '2026-01-04'"
    )
    with connect() as connection:
        programme_id, wallet_id = wallet_of(heard, connection)
        desk = Desk(programme_id, heard.now, heard.now.date())
        off = ask_payout.ask(connection, desk, wallet_id=wallet_id, amount_minor=1500)
        ask_payout.cancel(connection, desk, [off.end_to_end_id], by="ada", reason="asked twice")
        desk = Desk(programme_id, heard.now + timedelta(minutes=1), heard.now.date())
        asked = ask_payout.ask(connection, desk, wallet_id=wallet_id, amount_minor=2000)
        ask_payout.approve(connection, desk, [asked.end_to_end_id], by="ada")
        connection.commit()
        pay_out.run(
            connection,
            PayRun(programme_id, heard.now, heard.now, heard.now.date(), tmp_path / "bank"),
        )
        for event, step in (
            (PayoutEvent.SETTLE, Step(asked.id)),
            (PayoutEvent.RETURN, Step(asked.id, "AC04", "The account is closed.")),
        ):
            with connection.transaction():
                moment = occasion(
                    connection,
                    programme_id=programme_id,
                    currency="EUR",
                    now=heard.now,
                    on=heard.now.date(),
                )
                take_step(connection, event, [step], occasion=moment, source="test")
    tell(heard)
    of_each = {
        payout.id: [
            (name, data["amount"], data["code"], data["reason"])
            for name, data in told()
            if data["id"] == public_id("pay", payout.id)
        ]
        for payout in (off, asked)
    }
    assert of_each == {
        off.id: [
            ("payout.requested", euros(1500), "", ""),
            ("payout.cancelled", euros(1500), "", ""),
        ],
        asked.id: [
            ("payout.requested", euros(2000), "", ""),
            ("payout.sent", euros(2000), "", ""),
            ("payout.settled", euros(2000), "", ""),
            ("payout.returned", euros(2000), "AC04", "The account is closed."),
        ],
    }


def test_vouchers_are_told_from_their_issue_to_their_end(heard: World) -> None:
    rich(heard)
    with connect() as connection:
        programme_id, wallet_id = wallet_of(heard, connection)
        shop = checkout(heard, connection).merchant_id
        counter = Counter(programme_id, "EUR", heard.now, heard.now.date())
        one, two, three = (
            vouchers.issue(connection, counter, wallet_id=wallet_id, reference=ref, terms=terms())
            for ref in ("V1", "V2", "V3")
        )
        used = vouchers.use(connection, counter, UseAsk(one.id, shop, "N1", 5000, 300))
        vouchers.refund(connection, counter, use_id=used.id, reference="R1", amount_minor=100)
        vouchers.void(connection, counter, voucher_id=two.id)
    heard.expire(date(2026, 6, 1))
    tell(heard)
    ids = {public_id("vou", one.id): "V1", public_id("vou", two.id): "V2"}
    ids[public_id("vou", three.id)] = "V3"
    of_each: dict[str, list[Any]] = {"V1": [], "V2": [], "V3": []}
    for name, data in told():
        amount_minor = data["amount"]["amount_minor"]
        of_each[ids[data["id"]]].append((name, amount_minor, data.get("to_member")))
    assert of_each == {
        "V1": [
            ("voucher.issued", 500, None),
            ("voucher.used", 300, None),
            ("voucher.refunded", 100, None),
            ("voucher.expired", 300, True),
        ],
        "V2": [("voucher.issued", 500, None), ("voucher.voided", 500, True)],
        "V3": [("voucher.issued", 500, None), ("voucher.expired", 500, True)],
    }


def terms() -> Terms:
    return Terms("EUR", 500, date(2026, 1, 1), date(2026, 4, 1), 0, partial_use=True)


def test_members_are_told_when_they_come_and_when_they_leave(heard: World) -> None:
    heard.send("members", "number,name,iban\n4,Dan,\n5,Eve,\n1,Anna,\n")
    with connect() as connection:
        programme_id, wallet_id = wallet_of(heard, connection)
        order = Closing(programme_id, wallet_id, "EUR", heard.now, heard.now.date())
        close_account.run(connection, order)
        close_account.run(connection, order)
    tell(heard)
    assert sorted((name, data["ref"]) for name, data in told()) == [
        ("member.closed", "1"),
        ("member.joined", "4"),
        ("member.joined", "5"),
    ]


def test_an_order_that_is_nobodys_is_told_once_until_it_is_somebodys(heard: World) -> None:
    inbox = Inbox(heard)
    inbox.connect()
    inbox.send(postback(member="77"))
    inbox.send(postback(member="77", amount="60.00", updated_at="2026-03-01T11:59:00Z"))
    assert inbox.order()[0] == "unattributed"
    assert tell(heard) == 1
    [(name, data)] = told()
    assert (name, data["order_ref"], data["merchant"]) == (
        "purchase.unattributed",
        "A-17",
        "corner",
    )
    assert data["reason"] == "unknown_member"
    heard.send("members", "number,name,iban\n77,Eve,\n")
    with inbox.run(5) as (connection, run):
        read_inbox.attribute_again(connection, run)
    tell(heard)
    assert sorted(types()[1:]) == ["member.joined", "reward.tracked"]


def wallet_of(world: World, connection: psycopg.Connection[Any]) -> tuple[UUID, UUID]:
    ((wallet_id,),) = world.rows("SELECT wallet_id FROM identity_member WHERE ref = '1'")
    return world.programme_id(connection), wallet_id


def rich(world: World) -> None:
    """Let Ana have 50.00 to spend, and forget what was told of it."""
    world.buy("rich", "1000.00", at="2026-01-01T10:00:00", status="confirmed")
    world.mature(world.now.date())
    tell(world)
    Event.objects.all().delete()


def checkout(world: World, connection: psycopg.Connection[Any]) -> redeem.Checkout:
    ((merchant_id,),) = world.rows("SELECT id FROM identity_party WHERE kind = 'merchant'")
    return redeem.Checkout(
        world.programme_id(connection), merchant_id, "EUR", world.now, world.now.date()
    )


# ---- nothing lost, nothing out of order ----


def test_a_slow_writer_holds_nobody_up_and_is_told_once_it_is_done(heard: World) -> None:
    rich(heard)
    with connect() as slow, connect() as teller:
        shop, (_, wallet_id) = checkout(heard, slow), wallet_of(heard, slow)
        slow.rollback()
        with slow.transaction():
            redeem.hold(slow, shop, wallet_id=wallet_id, order="S1", amount_minor=100)
            heard.buy("A1", member="2")
            assert tell_events.tell(teller, now=heard.now) == 1
            # What is told is not told again while the slow one lasts.
            assert tell_events.tell(teller, now=heard.now) == 0
            heard.buy("A2", member="2")
            assert tell_events.tell(teller, now=heard.now) == 1
        assert tell_events.tell(teller, now=heard.now) == 1
    assert types() == ["reward.tracked", "reward.tracked", "wallet.held"]


def test_what_a_transaction_that_began_earlier_does_to_a_hold_later_is_told_later(
    heard: World,
) -> None:
    rich(heard)
    with connect() as early, connect() as lasting:
        shop = checkout(heard, early)
        early.rollback()
        with early.transaction():
            early.execute("SELECT pg_current_xact_id()")
            with lasting.transaction():
                lasting.execute("SELECT pg_current_xact_id()")
                heard.spend("H1", 500, capture=False)
                redeem.capture(early, shop, order="H1", amount_minor=500)
    tell(heard)
    assert types() == ["wallet.held", "wallet.captured"]


def test_what_is_rolled_back_is_never_told(heard: World) -> None:
    rich(heard)
    with connect() as connection:
        shop, (_, wallet_id) = checkout(heard, connection), wallet_of(heard, connection)
        redeem.hold(connection, shop, wallet_id=wallet_id, order="S1", amount_minor=100)
        connection.rollback()
    assert tell(heard) == 0


def test_two_who_tell_at_once_tell_everything_once(heard: World) -> None:
    for number in range(20):
        heard.buy(f"A{number}")
    with connect() as first, connect() as second:
        with first.transaction():
            first.execute("SELECT mark FROM notices_mark FOR UPDATE")
            assert tell_events.tell(second, now=heard.now) == 0
        assert tell_events.tell(second, now=heard.now) == 20
        assert tell_events.tell(first, now=heard.now) == 0
    assert len(types()) == 20


def test_a_telling_that_breaks_off_is_done_again_to_the_same_events(
    heard: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard.buy("A1")
    heard.send("members", "number,name,iban\n4,Dan,\n")
    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "enqueue", None)
        with pytest.raises(TypeError):
            tell(heard)
    assert types() == []
    assert tell(heard) == 2
    ids = {one.id for one in Event.objects.all()}
    # As if nothing had been told: the same facts are the same events.
    heard.write("UPDATE notices_mark SET mark = '3'")
    heard.write("DELETE FROM notices_told_batch")
    heard.write("DELETE FROM notices_event WHERE type = 'reward.tracked'")
    assert tell(heard) >= 1
    assert ids <= {one.id for one in Event.objects.all()}


def test_of_a_programme_that_nobody_listens_to_nothing_is_kept(world: World) -> None:
    world.buy("A1")
    assert tell(world) == 0
    api_keys.make(Programme.objects.get(slug="corner"), name="shop", now=world.now)
    assert tell(world) == 0
    world.buy("A2")
    assert tell(world) == 1
    assert not Event.objects.filter(data__order_ref="A1").exists()


def test_facts_of_many_wallets_are_told_in_chunks_that_keep_a_wallet_together(
    heard: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell_events, "CHUNK_FACTS", 2)
    for number, member in enumerate("123123"):
        heard.buy(f"A{number}", member=member)
        heard.answer(f"A{number},confirm,,,,")
    assert tell(heard) == 12
    for one in Event.objects.filter(type="reward.tracked"):
        confirmed = Event.objects.get(type="reward.confirmed", object_id=one.object_id)
        assert one.number < confirmed.number
