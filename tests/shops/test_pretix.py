"""A real pretix: somebody buys tickets, gives some back, and Cagnotte is called, asks, and reads it right."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django import Settings

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.pretix import Pretix
from cagnotte.hooks.sources import PurchaseReport, TraceFound
from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account
from cagnotte.journeys.work import Worker
from cagnotte.platform.database import connect
from tests.journeys.world import World
from tests.shops.cagnotte_server import cagnotte_server, click_of
from tests.shops.pretix_server import Theatre, theatre
from tests.shops.processes import free_port
from tests.shops.receiver import Receiver

CLICK = "k7m2p9q4r8s3t6v1w5x0"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver(Pretix(), {}, {"organizer": "theatre"}) as ready:
        yield ready


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Theatre]:
    with theatre(tmp_path_factory.mktemp("pretix"), cagnotte_url=receiver.url) as ready:
        receiver.secrets = {"token": [ready.token]}
        receiver.settings["api_url"] = ready.url
        yield ready


def report(receiver: Receiver, code: str) -> PurchaseReport:
    receiver.fetch_what_is_wanted()
    found = receiver.standing.report(f"play/{code}")
    assert isinstance(found, PurchaseReport)
    return found


def sold(found: PurchaseReport) -> list[tuple[Decimal, int, Decimal]]:
    return [(line.amount, line.returned_quantity, line.returned_amount) for line in found.lines]


FULL = Decimal("25.00")


def test_tickets_arrive_with_the_click_and_are_pending_until_they_are_paid(
    shop: Theatre, receiver: Receiver
) -> None:
    code = shop.buy(2, click=CLICK)
    assert receiver.wanted == [f"play/{code}"]
    found = report(receiver, code)
    assert sold(found) == [(FULL, 0, Decimal(0)), (FULL, 0, Decimal(0))]
    assert (found.order_ref, found.currency, found.native_status) == (code, "EUR", "n")
    assert found.status is Validation.PENDING
    assert found.traces[0] == TraceFound(Trace.CLICK, CLICK)
    assert not found.test
    shop.ask("POST", f"/orders/{code}/mark_paid/")
    found = report(receiver, code)
    assert (found.status, found.native_status) == (None, "p")


def test_money_given_back_comes_off_although_the_order_does_not_change(
    shop: Theatre, receiver: Receiver
) -> None:
    code = shop.buy(2, click=CLICK)
    shop.ask("POST", f"/orders/{code}/mark_paid/")
    before = report(receiver, code)
    refund(shop, code, "10.00")
    found = report(receiver, code)
    assert sold(found) == [(FULL, 0, Decimal("5.00"))] * 2
    assert found.updated_at == before.updated_at, "pretix counts a refund as no change"


def test_a_ticket_that_is_taken_off_and_paid_back_comes_off_once(
    shop: Theatre, receiver: Receiver
) -> None:
    code = shop.buy(2)
    shop.ask("POST", f"/orders/{code}/mark_paid/")
    second = shop.ask("GET", f"/orders/{code}/")["positions"][1]["id"]
    shop.ask("DELETE", f"/orderpositions/{second}/")
    refund(shop, code, "25.00")
    assert sold(report(receiver, code)) == [(FULL, 0, Decimal(0)), (FULL, 1, FULL)]


def test_a_cancelled_order_is_declined(shop: Theatre, receiver: Receiver) -> None:
    code = shop.buy(1, click=CLICK)
    shop.ask("POST", f"/orders/{code}/mark_canceled/", send_email=False)
    found = report(receiver, code)
    assert (found.status, found.reason) == (Validation.DECLINED, "booking_cancelled")


def test_a_poll_finds_the_orders_and_their_refunds_without_any_webhook(
    shop: Theatre, receiver: Receiver
) -> None:
    code = shop.buy(2)
    shop.ask("POST", f"/orders/{code}/mark_paid/")
    refund(shop, code, "50.00")
    whole = report(receiver, code)
    with Receiver(Pretix(), receiver.secrets, receiver.settings) as another:
        another.poll()
        assert another.standing.report(f"play/{code}") == whole
        assert len(another.standing.pieces) == shop.ask("GET", "/orders/")["count"]


# ---- the whole road, to the member's cagnotte ----

PROGRAMME = """
programme: {slug: corner, name: Theatres, currency: EUR, timezone: Europe/Paris}
merchants: [{ref: theatre, name: The theatre, site: "https://theatre.example/play/"}]
contracts: [{ref: theatre, merchant: theatre, same_entity: true}]
offers: [{ref: standard, name: 5 % on everything, effect: {kind: percent, rate: 5 %}}]
sources:
  - {ref: members, kind: members, format: csv, fields: {ref: number, name: name}}
  - ref: tickets
    plugin: pretix
    merchant: theatre
    settings: {organizer: theatre, api_url: "ADDRESS", confirm_on: p}
"""


def test_tickets_earn_what_is_left_of_them(
    empty_world: World, tmp_path: Path, settings: Settings
) -> None:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    world = empty_world
    world.now = now = datetime.now(UTC)
    worker = Worker(clock=lambda: datetime.now(UTC), stop=threading.Event())

    def work() -> None:
        with connect() as connection:
            while worker.round(connection):
                pass

    port = free_port()
    world.load(PROGRAMME.replace("ADDRESS", f"http://127.0.0.1:{port}"))
    account = Account.objects.select_related("programme").get(ref="tickets")
    path = accounts.address_path(account, now=now)
    with cagnotte_server() as url, theatre(tmp_path, cagnotte_url=url + path, port=port) as shop:
        accounts.set_secret(account, "token", shop.token, now=now)
        work()
        code = shop.buy(2, click=click_of(url, "1", shop="theatre.example"))
        assert world.member("1") == {}, "a hint is nobody's word"
        work()
        assert world.member("1") == {"pending": 250}, "5 % of 50.00"

        shop.ask("POST", f"/orders/{code}/mark_paid/")
        work()
        assert world.member("1") == {"confirmed": 250}

        refund(shop, code, "10.00")
        work()
        assert world.member("1") == {"confirmed": 200}, "5 % of 40.00"

        shop.ask("POST", f"/orders/{code}/mark_canceled/", send_email=False)
        work()
        assert world.member("1") == {}
    assert world.purchase(code)[:2] == ("declined", "booking_cancelled")


def refund(shop: Theatre, code: str, amount: str) -> None:
    told = {
        "state": "created",
        "source": "admin",
        "amount": amount,
        "payment": 1,
        "provider": "manual",
    }
    made = shop.ask("POST", f"/orders/{code}/refunds/", **told, execution_date=None)
    shop.ask("POST", f"/orders/{code}/refunds/{made['local_id']}/done/")
