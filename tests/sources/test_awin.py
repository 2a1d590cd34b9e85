"""Awin: three sweeps, hints that are fetched, deletions, amendments, payments."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.awin import Awin
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Incoming,
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.awin import FIRST_NUMBER, AwinFake
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import first_day, network_orders
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing


def transaction(**fields: Any) -> dict[str, Any]:
    return {
        "id": 2_001, "advertiserId": 3661, "publisherId": 45628, "type": "Commission group transaction",
        "commissionStatus": "pending", "commissionAmount": {"amount": Number("4.26"), "currency": "EUR"},
        "saleAmount": {"amount": Number("42.60"), "currency": "EUR"}, "clickRefs": {"clickRef": "k7m2p9q4"},
        "clickDate": "2026-10-25T00:40:00", "transactionDate": "2026-10-25T00:45:10", "validationDate": None,
        "declineReason": None, "voucherCode": None, "customerCountry": "FR", "orderRef": "A-17", "amended": False,
        "paidToPublisher": False, "basketProducts": None, "customParameters": [], **fields,
    }  # fmt: skip


def page(*rows: dict[str, Any]) -> Message:
    return Message(json_bytes(rows), "transaction")


def one(**fields: Any) -> Message:
    return page(transaction(**fields))


def product(sku: str, quantity: int, price: str) -> dict[str, Any]:
    return {
        "productId": sku, "productName": "Thing", "unitPrice": Number(price), "quantity": quantity,
        "skuCode": None, "category": "home",
    }  # fmt: skip


def report(**changes: Any) -> PurchaseReport:
    facts: dict[str, Any] = {
        "order_ref": "A-17",
        "occurred_at": Moment(
            "2026-10-25T00:45:10", "UTC", datetime(2026, 10, 25, 0, 45, 10, tzinfo=UTC)
        ),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("42.60"))],
        "merchant": "3661",
        "commission": Decimal("4.26"),
        "commission_currency": "EUR",
        "status": Validation.PENDING,
        "native_status": "pending",
        "paid": False,
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
        "clicked_at": Moment(
            "2026-10-25T00:40:00", "UTC", datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
        ),
        "country": "FR",
    }
    return PurchaseReport(**{**facts, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        one(
            orderRef=bought.order_ref,
            saleAmount={"amount": Number(bought.amount), "currency": "EUR"},
            commissionAmount={"amount": Number(bought.commission), "currency": "EUR"},
            clickRefs={"clickRef": bought.click},
            transactionDate=bought.at.strftime("%Y-%m-%dT%H:%M:%S"),
        )
    ]


CASE = Case(
    plugin=Awin(),
    settings={"publisher_id": "45628", "shops": "shop.example=3661"},
    secrets={"token": ["token-of-awin"]},
    lives=[
        Life("2001", [one()], report(), in_order=True),
        Life(
            "2002",
            [
                one(id=2_002),
                one(
                    id=2_002,
                    amended=True,
                    amendReason="correction",
                    oldSaleAmount={"amount": Number("42.60"), "currency": "EUR"},
                    saleAmount={"amount": 30, "currency": "EUR"},
                    commissionAmount={"amount": Number("3.0"), "currency": "EUR"},
                    basketProducts=[product("MUG", 2, "7.50"), product("CUP", 1, "15")],
                ),
                one(
                    id=2_002,
                    commissionStatus="approved",
                    validationDate="2026-12-01T08:00:00",
                    saleAmount={"amount": 30, "currency": "EUR"},
                    commissionAmount={"amount": Number("3.0"), "currency": "EUR"},
                    basketProducts=[product("MUG", 2, "7.50"), product("CUP", 1, "15")],
                    paidToPublisher=True,
                    voucherCode="WELCOME10",
                ),
            ],
            report(
                lines=[
                    ReportLine(1, "MUG", 2, Decimal("15.00"), category="home"),
                    ReportLine(2, "CUP", 1, Decimal(15), category="home"),
                ],
                commission=Decimal("3.0"),
                status=Validation.CONFIRMED,
                native_status="approved",
                paid=True,
                coupon_codes=("WELCOME10",),
            ),
            in_order=True,
        ),
        Life(
            "2003",
            [
                one(id=2_003, commissionStatus="approved", paidToPublisher=True),
                one(id=2_003, commissionStatus="declined", declineReason="Order returned"),
            ],
            report(status=Validation.DECLINED, native_status="declined", reason="returned"),
            in_order=True,
        ),
        Life(
            "2004",
            [one(id=2_004, commissionStatus="deleted", clickRefs=None, orderRef=None)],
            report(status=Validation.DECLINED, native_status="deleted", traces=[], order_ref=""),
            in_order=True,
        ),
    ],
    with_status=lambda word: one(commissionStatus=word),
    message_of=message_of,
    useless=[page(), one(type="Bonus", saleAmount={"amount": 0, "currency": "EUR"})],
)

POLLING = Polling(
    serve=AwinFake,
    tells=frozenset({"amount", "commission", "status", "click", "at", "paid"}),
)


def test_articles_that_do_not_make_up_the_amount_are_left_out() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(one(basketProducts=[product("MUG", 2, "7.50")]))
    assert standing.report("2001") == report()


def test_a_row_that_cannot_be_read_spoils_no_other() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(page(transaction(id=None), transaction(id=7), transaction(id="x")))
    assert list(standing.pieces) == ["7"]
    assert [one.where for one in standing.unreadable] == ["row 1", "row 3"]
    assert "“id” is missing" in standing.unreadable[0].sentence


def test_an_order_of_less_than_nothing_is_refused() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(one(saleAmount={"amount": -5, "currency": "EUR"}))
    with pytest.raises(Misread, match="less than nothing"):
        standing.report("2001")


# ---- notifications ----


def test_a_notification_is_a_hint() -> None:
    pushed = {"transactionId": "105956531", "transactionAmount": "26.09", "commission": "1.64"}
    body = urlencode({"AwinTransactionPush": json.dumps(pushed)}).encode()
    incoming = Incoming("POST", "https://c.example/in/x", "", {}, body)
    assert not CASE.plugin.verify_signature(incoming, CASE.context())
    reception = CASE.plugin.receive(incoming, CASE.context(), signed=False)
    assert (list(reception.messages), list(reception.wanted)) == ([], ["105956531"])
    assert (reception.status, reception.answer) == (200, "OK")


def test_a_notification_may_come_in_the_query() -> None:
    incoming = Incoming(
        "GET", "https://c.example/in/x", "transactionId=105956531&amount=26.09", {}, b""
    )
    reception = CASE.plugin.receive(incoming, CASE.context(), signed=False)
    assert list(reception.wanted) == ["105956531"]


@pytest.mark.parametrize(
    "body", [b"", b"AwinTransactionPush=", b"AwinTransactionPush=%7B", b"AwinTransactionPush=7"]
)
def test_a_request_without_a_transaction_is_not_awins(body: bytes) -> None:
    with pytest.raises(Misread):
        CASE.plugin.receive(
            Incoming("POST", "https://c.example/in/x", "", {}, body), CASE.context(), signed=False
        )


def test_a_hint_is_fetched_by_its_number() -> None:
    orders = network_orders()
    clock = Clock(orders[-1].states[-1].since)
    with AwinFake(orders, clock) as fake:
        poller = Poller(CASE, POLLING, fake, clock)
        number = str(FIRST_NUMBER + orders[3].number)
        context = poller.context(calling=True)
        poller.standing.take(*CASE.plugin.fetch(context, number))
        assert list(poller.told()) == [orders[3].ref]
        assert list(CASE.plugin.fetch(context, "1")) == []


def test_payments_are_seen_long_after_the_purchase() -> None:
    orders = network_orders()
    clock = Clock(first_day())
    with AwinFake(orders, clock) as fake:
        poller = Poller(CASE, POLLING, fake, clock)
        while clock.now < orders[-1].states[-1].since:
            poller.poll()
            clock.wait_days(7)
        poller.poll()
        paid = [order for order in orders if order.states[-1].paid]
        assert paid
        assert all(poller.told()[order.ref]["paid"] for order in paid)


# ---- links ----


def test_a_link_names_the_advertiser() -> None:
    link = "https://shop.example/é?a=b&c=d"

    assert CASE.plugin.deep_link(Link(link, "k7m2"), CASE.context()) == (
        "https://www.awin1.com/cread.php?awinmid=3661&awinaffid=45628&clickref=k7m2"
        "&ued=https%3A%2F%2Fshop.example%2F%C3%A9%3Fa%3Db%26c%3Dd"
    )
