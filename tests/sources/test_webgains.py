"""Webgains: states as numbers, ten-thousandths, and no asking for what changed."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.webgains import Webgains
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
from tests.sources.fakes.server import json_bytes
from tests.sources.fakes.webgains import WebgainsFake, ten_thousandths
from tests.sources.polling import Polling
from tests.sources.standing import Standing

AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
SECONDS = int(AT.timestamp())
DAY = 86_400


def transaction(**fields: Any) -> Message:
    told = {
        "id": 900017, "date": SECONDS, "status": 50, "status_changed_date": None, "click_reference": "k7m2p9q4",
        "order_reference": "A-17", "program": {"id": 4711, "name": "Maison Verte"},
        "value": {"amount": 499000, "currency_code": "EUR"},
        "commission": {"amount": 24950, "currency_code": "EUR"}, **fields,
    }  # fmt: skip
    pagination = {"current_page": 1, "last_page": 1}
    return Message(json_bytes({"data": [told], "pagination": pagination}), "transactions")


def report(**changes: Any) -> PurchaseReport:
    fields: dict[str, Any] = {
        "order_ref": "A-17",
        "merchant": "4711",
        "occurred_at": Moment(str(SECONDS), "", AT),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("49.90"))],
        "commission": Decimal("2.495"),
        "status": Validation.PENDING,
        "native_status": "50",
        "paid": False,
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
    }
    return PurchaseReport(**{**fields, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        transaction(
            order_reference=bought.order_ref,
            date=int(bought.at.timestamp()),
            value={"amount": ten_thousandths(bought.amount), "currency_code": "EUR"},
            commission={"amount": ten_thousandths(bought.commission), "currency_code": "EUR"},
            click_reference=bought.click,
        )
    ]


CASE = Case(
    plugin=Webgains(),
    settings={"publisher_id": "4711", "campaign_id": "88", "shops": "shop.example=1001"},
    secrets={"token": ["token-of-the-test"]},
    lives=[
        Life(
            "900017",
            [
                transaction(),
                transaction(status=20, status_changed_date=SECONDS + 40 * DAY),
                transaction(status=10, status_changed_date=SECONDS + 70 * DAY),
            ],
            report(
                status=Validation.CONFIRMED,
                native_status="10",
                paid=True,
                updated_at=datetime(2027, 1, 10, 9, tzinfo=UTC),
            ),
        ),
        Life(
            "900018",
            [
                transaction(id=900018, status=20, status_changed_date=SECONDS + 40 * DAY),
                transaction(id=900018, status=70, status_changed_date=SECONDS + 40 * DAY),
            ],
            report(
                status=Validation.DECLINED,
                native_status="70",
                updated_at=datetime(2026, 12, 11, 9, tzinfo=UTC),
            ),
        ),
        Life(
            "900019",
            [
                transaction(
                    id=900019,
                    click_reference=None,
                    value={"amount": 1234500, "currency_code": "SEK"},
                )
            ],
            report(
                currency="SEK",
                lines=[ReportLine(1, "", 1, Decimal("123.45"))],
                commission_currency="EUR",
                traces=[],
            ),
        ),
    ],
    with_status=lambda word: transaction(status=int(word) if word.isdigit() else word),
    message_of=message_of,
    useless=[Message(b'{"data": [], "pagination": {"last_page": 1}}', "transactions")],
)  # fmt: skip

POLLING = Polling(
    serve=WebgainsFake,
    tells=frozenset({"amount", "commission", "status", "click", "at", "paid"}),
    errors_as_200=[b'{"message": "Unauthenticated."}', b'{"data": []}', b'{"data": null}'],
)


@pytest.mark.parametrize("word", ["30", "40", "50", "60"])
def test_what_clients_disagree_about_is_not_released(word: str) -> None:
    taken = Standing(CASE.plugin, CASE.context()).take(transaction(status=int(word)))
    found = taken.report("900017")
    assert isinstance(found, PurchaseReport)
    assert (found.status, found.paid) == (Validation.PENDING, False)


def test_a_link_needs_the_number_of_the_website() -> None:
    link = Link("https://shop.example/tea", "k7")
    assert CASE.plugin.deep_link(link, CASE.context()) == (
        "https://track.webgains.com/click.html?wgcampaignid=88&wgprogramid=1001&clickref=k7"
        "&wgtarget=https%3A%2F%2Fshop.example%2Ftea"
    )
    without = CASE.context(settings={**CASE.context().settings, "campaign_id": ""})
    with pytest.raises(SourceFailed, match="campaign_id"):
        CASE.plugin.deep_link(link, without)
