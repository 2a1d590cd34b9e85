"""What happens is told: once, in order, of everything that is committed."""

import threading
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from cagnotte.domain.ids import public_id
from cagnotte.domain.payouts import PayoutEvent
from cagnotte.domain.vouchers import Terms
from cagnotte.identity import api_keys
from cagnotte.identity.models import Programme
from cagnotte.journeys import ask_payout, close_account, pay_out, redeem, tell_events, vouchers
from cagnotte.journeys.ask_payout import Desk
from cagnotte.journeys.close_account import Closing
from cagnotte.journeys.pay_out import PayRun
from cagnotte.journeys.vouchers import Counter
from cagnotte.notices.catalogue import TYPES
from cagnotte.notices.models import Event
from cagnotte.payouts.steps import Step, take_step
from cagnotte.platform import outbox
from cagnotte.platform.database import connect
from cagnotte.wallet.movements import occasion
from cagnotte.wallet.voucher_uses import UseAsk
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
    heard.write("UPDATE payouts_payoutmethod SET changed_at = '2026-01-01T00:00:00Z'")
    with connect() as connection:
        programme_id, wallet_id = wallet_of(heard, connection)
        desk = Desk(programme_id, heard.now, heard.now.date())
        off = ask_payout.ask(connection, desk, wallet_id=wallet_id, amount_minor=1500)
        ask_payout.cancel(connection, desk, [off.end_to_end_id], by="ada", reason="asked twice")
        asked = ask_payout.ask(connection, desk, wallet_id=wallet_id, amount_minor=2000)
        ask_payout.approve(connection, desk, [asked.end_to_end_id], by="ada")
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
    rows = [(name, data["amount"], data["code"], data["reason"]) for name, data in told()]
    ours = {data["id"] for name, data in told() if name == "payout.settled"}
    assert ours == {public_id("pay", asked.id)}
    # The rest of what Ana has is paid by the same run.
    assert [row for row in rows if row[1]["amount_minor"] in (1500, 2000)] == [
        ("payout.requested", euros(1500), "", ""),
        ("payout.cancelled", euros(1500), "", ""),
        ("payout.requested", euros(2000), "", ""),
        ("payout.sent", euros(2000), "", ""),
        ("payout.settled", euros(2000), "", ""),
        ("payout.returned", euros(2000), "AC04", "The account is closed."),
    ]


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
    rows = [(name, ids[data["id"]], data["amount"], data.get("to_member")) for name, data in told()]
    assert rows == [
        ("voucher.issued", "V1", euros(500), None),
        ("voucher.issued", "V2", euros(500), None),
        ("voucher.issued", "V3", euros(500), None),
        ("voucher.used", "V1", euros(300), None),
        ("voucher.refunded", "V1", euros(100), None),
        ("voucher.voided", "V2", euros(500), True),
        *[row for row in rows if row[0] == "voucher.expired"],
    ]
    assert sorted(row for row in rows if row[0] == "voucher.expired") == [
        ("voucher.expired", "V1", euros(300), True),
        ("voucher.expired", "V3", euros(500), True),
    ]


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
