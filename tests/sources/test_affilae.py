"""Affilae: cents, SubIDs, and pages that nobody counts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.affilae import Affilae
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceFailed,
    TraceFound,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.affilae import AffilaeFake, cents, text
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import first_day, network_orders
from tests.sources.fakes.server import json_bytes
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

AT = Moment("2026-11-01T09:00:00.000Z", "", datetime(2026, 11, 1, 9, tzinfo=UTC))


def conversion(**fields: Any) -> Message:
    told = {
        "id": "66ea9601", "program": {"id": "5ce4f2", "name": "Maison Verte"}, "externalId": "A-17",
        "amount": 4990, "commissionsTotal": 250, "currency": "EUR", "subId": "k7m2p9q4", "status": "pending",
        "refuseReason": None, "createdAt": AT.text, "isLocked": False, **fields,
    }  # fmt: skip
    return Message(json_bytes({"conversions": {"data": [told]}}), "conversions")


def report(**changes: Any) -> PurchaseReport:
    fields: dict[str, Any] = {
        "order_ref": "A-17",
        "merchant": "5ce4f2",
        "occurred_at": AT,
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("49.90"))],
        "commission": Decimal("2.50"),
        "status": Validation.PENDING,
        "native_status": "pending",
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
    }
    return PurchaseReport(**{**fields, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        conversion(
            externalId=bought.order_ref,
            createdAt=text(bought.at),
            amount=cents(bought.amount),
            commissionsTotal=cents(bought.commission),
            subId=bought.click,
        )
    ]


CASE = Case(
    plugin=Affilae(),
    settings={"profile_id": "profile-1", "shops": "shop.example=66ea961280/262"},
    secrets={"token": ["token-of-the-test"]},
    lives=[
        Life(
            "66ea9601",
            [
                conversion(),
                conversion(status="accepted", amount=2990, commissionsTotal=150),
            ],
            report(
                lines=[ReportLine(1, "", 1, Decimal("29.90"))],
                commission=Decimal("1.50"),
                status=Validation.CONFIRMED,
                native_status="accepted",
            ),
            in_order=True,
        ),
        Life(
            "66ea9602",
            [
                conversion(id="66ea9602", subId0="w1x5", program="5ce4f2"),
                conversion(
                    id="66ea9602", subId0="w1x5", program="5ce4f2",
                    status="refused", refuseReason="Returned",
                ),
            ],
            report(
                status=Validation.DECLINED,
                native_status="refused",
                reason="returned",
                traces=[TraceFound(Trace.CLICK, "w1x5")],
            ),
            in_order=True,
        ),
        Life(
            "66ea9603",
            [conversion(id="66ea9603", currency="JPY", amount=4990, subId=None)],
            report(
                currency="JPY",
                lines=[ReportLine(1, "", 1, Decimal(4990))],
                commission=Decimal(250),
                traces=[],
            ),
        ),
    ],
    with_status=lambda word: conversion(status=word),
    message_of=message_of,
    useless=[Message(b'{"conversions": {"data": []}}', "conversions")],
)  # fmt: skip

POLLING = Polling(
    serve=AffilaeFake,
    errors_as_200=[b'{"message": "invalid token"}', b'{"conversions": []}', b"[]"],
)


def test_a_network_that_knows_no_pages_is_not_asked_for_ever() -> None:
    clock = Clock(first_day())
    clock.wait_days(20)
    with AffilaeFake(network_orders(), clock) as fake:
        fake.one_page = True
        with pytest.raises(SourceFailed, match="same page"):
            Poller(CASE, POLLING, fake, clock).poll()


def test_an_amount_that_is_no_whole_number_of_cents_is_refused() -> None:
    taken = Standing(CASE.plugin, CASE.context()).take(conversion(amount="49.90"))
    with pytest.raises(Misread, match=r"“amount” is 49\.90, not a whole number"):
        taken.report("66ea9601")


def test_a_link_carries_the_click_as_first_subid() -> None:
    link = Link("https://shop.example/tea", "k7m2p9q4")
    assert CASE.plugin.deep_link(link, CASE.context()) == (
        "https://lb.affilae.com/r/?p=66ea961280&af=262&aesubid0=k7m2p9q4"
        "&lp=https%3A%2F%2Fshop.example%2Ftea"
    )
    incomplete = CASE.context(settings={"shops": "shop.example=66ea961280"})
    with pytest.raises(SourceFailed, match="PID/AFID"):
        CASE.plugin.deep_link(link, incomplete)
