"""Tradedoubler: letters, reasons, payments, times without offset."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.tradedoubler import Tradedoubler
from cagnotte.hooks.sources import (
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import network_orders
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.fakes.tradedoubler import TradedoublerFake
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing


def transaction(**fields: Any) -> dict[str, Any]:
    return {
        "transactionId": "7711", "programId": 225, "sourceId": 3494691, "eventId": 51, "eventTypeId": 5,
        "timeOfLastClick": "2026-10-25 01:50:00.0", "timeOfTransaction": "2026-10-25 02:30:00.0",
        "timeOfLastModified": "2026-10-25 04:00:00.0", "epi": "k7m2p9q4", "epi2": "", "leadNumber": "",
        "orderNumber": "A-17", "orderValue": Number("49.9"), "commission": Number("2.495"), "paid": False,
        "status": "P", "reasonId": None, "reasonName": None, "voucherCode": None, "pendingRule": None, **fields,
    }  # fmt: skip


def page(*items: dict[str, Any], currency: str | None = "EUR") -> Message:
    told = {"offset": 0, "limit": 100, "reportCurrencyCode": currency, "items": items}
    return Message(json_bytes(told), "modified")


def one(**fields: Any) -> Message:
    return page(transaction(**fields))


def report(**changes: Any) -> PurchaseReport:
    facts: dict[str, Any] = {
        "order_ref": "A-17",
        # In the night in which clocks go back, half past two comes twice: the first is meant.
        "occurred_at": Moment(
            "2026-10-25 02:30:00.0", "Europe/Paris", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        ),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("49.9"))],
        "merchant": "225",
        "commission": Decimal("2.495"),
        "status": Validation.PENDING,
        "native_status": "P",
        "paid": False,
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
        "clicked_at": Moment(
            "2026-10-25 01:50:00.0", "Europe/Paris", datetime(2026, 10, 24, 23, 50, tzinfo=UTC)
        ),
    }
    return PurchaseReport(**{**facts, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        one(
            orderNumber=bought.order_ref,
            orderValue=Number(bought.amount),
            commission=Number(bought.commission),
            epi=bought.click,
            timeOfTransaction=bought.at.isoformat(),
        )
    ]


CASE = Case(
    plugin=Tradedoubler(page_size=7),
    settings={"site_id": "3494691", "shops": "shop.example=225"},
    secrets={
        "client_id": ["client"],
        "client_secret": ["secret-of-td"],
        "username": ["me@cagnotte.example"],
        "password": ["p w&d"],
    },
    lives=[
        Life(
            "7711",
            [
                one(),
                one(status="A", timeOfLastModified="2026-11-30 08:00:00.0"),
                one(status="A", paid=True, paymentId=9, timeOfLastModified="2027-01-15 08:00:00.0"),
            ],
            report(status=Validation.CONFIRMED, native_status="A", paid=True),
        ),
        Life(
            "7712",
            [
                one(transactionId=7712, status="A"),
                one(
                    transactionId=7712,
                    status="D",
                    reasonId=4,
                    reasonName="Returned goods",
                    commission=0,
                ),
            ],
            report(
                status=Validation.DECLINED,
                native_status="D",
                reason="returned",
                commission=Decimal(0),
            ),
        ),
        Life(
            "7713",
            [
                one(
                    transactionId="7713",
                    eventTypeId=4,
                    orderNumber="",
                    leadNumber="L-3",
                    orderValue=0,
                    epi=None,
                    timeOfLastClick=None,
                    voucherCode="WELCOME",
                    # In spring the clock jumps from two to three.
                    timeOfTransaction="2026-03-29T02:30:00",
                    paid=None,
                )
            ],
            report(
                order_ref="L-3",
                lines=[ReportLine(1, "", 1, Decimal(0))],
                traces=[],
                clicked_at=None,
                coupon_codes=("WELCOME",),
                paid=None,
                occurred_at=Moment(
                    "2026-03-29T02:30:00", "Europe/Paris", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
                ),
            ),
        ),
        Life(
            "7714",
            [one(transactionId="7714", status="D", reasonName="Not my customer")],
            report(status=Validation.DECLINED, native_status="D", reason="other"),
        ),
    ],
    with_status=lambda word: one(status=word),
    message_of=message_of,
    useless=[page()],
)

POLLING = Polling(
    serve=TradedoublerFake,
    tells=frozenset({"amount", "commission", "status", "click", "at", "paid"}),
    errors_as_200=[b'{"message": "no"}', b"[]"],
)


def test_the_zone_is_that_of_the_account() -> None:
    context = CASE.context(zone=ZoneInfo("Europe/Stockholm"))
    told = Standing(CASE.plugin, context).take(one()).report("7711")
    assert isinstance(told, PurchaseReport)
    assert told.occurred_at.zone == "Europe/Stockholm"


def test_a_report_without_currency_is_in_the_one_that_was_asked_for() -> None:
    context = CASE.context(settings={"currency": "SEK"})
    standing = Standing(CASE.plugin, context).take(page(transaction(), currency=None))
    told = standing.report("7711")
    assert isinstance(told, PurchaseReport)
    assert told.currency == "SEK"


def test_a_transaction_without_the_time_of_its_change_is_named() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(page(transaction(timeOfLastModified=None), transaction(transactionId="8")))
    assert list(standing.pieces) == ["8"]
    assert [found.where for found in standing.unreadable] == ["row 1"]


def test_one_site_can_be_asked_for_alone() -> None:
    orders = network_orders(count=3)
    clock = Clock(orders[-1].states[-1].since)
    with TradedoublerFake(orders, clock) as fake:
        settings = {"api_url": fake.url, "source_id": "3494691", "currency": "SEK"}
        polling = replace(POLLING, settings=lambda _fake: settings)
        poller = Poller(CASE, polling, fake, clock)
        poller.poll()
        asked = [one for one in fake.log if one.method == "GET"]
        assert {one.query("sourceId") for one in asked} == {"3494691"}
        assert {one.currency for one in reports(poller.standing)} == {"SEK"}


def reports(standing: Standing) -> list[PurchaseReport]:
    return [one for one in standing.reports().values() if isinstance(one, PurchaseReport)]


def test_a_link_names_programme_and_site() -> None:
    assert CASE.plugin.deep_link(Link("https://shop.example/a?b=c", "k7m2"), CASE.context()) == (
        "https://clk.tradedoubler.com/click?p=225&a=3494691&epi=k7m2"
        "&url=https%3A%2F%2Fshop.example%2Fa%3Fb%3Dc"
    )
