"""A real pretix: somebody buys tickets, gives some back, and Cagnotte is called, asks, and reads it right."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.pretix import Pretix
from cagnotte.hooks.sources import PurchaseReport, TraceFound
from tests.shops.pretix_server import Theatre, theatre
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
