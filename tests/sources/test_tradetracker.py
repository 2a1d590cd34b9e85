"""TradeTracker: SOAP without a SOAP library, several sites, transactions that lose their commission."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.tradetracker import TradeTracker
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceFailed,
    TraceFound,
    Unreadable,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import first_day
from tests.sources.fakes.tradetracker import FAULT, TradeTrackerFake, answer
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

AT = Moment("2026-11-01T10:00:00+01:00", "", datetime(2026, 11, 1, 9, tzinfo=UTC))
CLICKED = Moment("2026-11-01T09:40:00+01:00", "", datetime(2026, 11, 1, 8, 40, tzinfo=UTC))


def transaction(**fields: str) -> str:
    told = {
        "ID": "8017", "reference": "k7m2p9q4", "transactionType": "sale", "transactionStatus": "pending",
        "currency": "EUR", "commission": "2.495", "orderAmount": "49.90", "registrationDate": AT.text,
        "assessmentDate": "", "originatingClickDate": CLICKED.text, "rejectionReason": "", "paidOut": "false",
        "countryCode": "FR", **fields,
    }  # fmt: skip
    texts = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())
    return f"<item><campaign><ID>4711</ID><name>Maison Verte</name></campaign>{texts}</item>"


def conversions(*items: str) -> Message:
    content = f"<conversionTransactions>{''.join(items)}</conversionTransactions>"
    return Message(answer("getConversionTransactions", content), "conversions")


def report(**changes: Any) -> PurchaseReport:
    fields: dict[str, Any] = {
        "order_ref": "",
        "merchant": "4711",
        "occurred_at": AT,
        "clicked_at": CLICKED,
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("49.90"))],
        "commission": Decimal("2.495"),
        "status": Validation.PENDING,
        "native_status": "pending",
        "paid": False,
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
        "country": "FR",
    }
    return PurchaseReport(**{**fields, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        conversions(
            transaction(
                registrationDate=bought.at.isoformat(),
                orderAmount=str(bought.amount),
                commission=str(bought.commission),
                reference=bought.click,
            )
        )
    ]


DECEMBER = {"assessmentDate": "2026-12-10T10:00:00+01:00"}
ASSESSED_AT = datetime(2026, 12, 10, 9, tzinfo=UTC)

CASE = Case(
    plugin=TradeTracker(),
    settings={"customer_id": "4711", "site_ids": "301 302", "shops": "shop.example=1001"},
    secrets={"passphrase": ["passphrase-of-the-test & more"]},
    lives=[
        Life(
            "8017",
            [
                conversions(transaction()),
                conversions(transaction(transactionStatus="accepted", **DECEMBER)),
                conversions(transaction(transactionStatus="accepted", paidOut="true", **DECEMBER)),
            ],
            report(
                status=Validation.CONFIRMED,
                native_status="accepted",
                paid=True,
                updated_at=ASSESSED_AT,
            ),
        ),
        Life(
            "8018",
            [
                conversions(transaction(ID="8018")),
                conversions(
                    transaction(
                        ID="8018", transactionStatus="accepted", paidOut="true", **DECEMBER
                    )
                ),
                conversions(
                    transaction(
                        ID="8018",
                        transactionStatus="rejected",
                        rejectionReason="returned_goods",
                        commission="0",
                        **DECEMBER,
                    )
                ),
            ],
            report(
                status=Validation.DECLINED,
                native_status="rejected",
                reason="returned",
                commission=Decimal(0),
                updated_at=ASSESSED_AT,
            ),
        ),
        Life(
            "8019",
            [conversions(transaction(ID="8019", registrationDate="2026-10-25T02:30:00"))],
            report(
                occurred_at=Moment(
                    "2026-10-25T02:30:00",
                    "Europe/Paris",
                    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
                )
            ),
        ),
    ],
    with_status=lambda word: conversions(transaction(transactionStatus=word)),
    message_of=message_of,
    reads_back=frozenset({"amount", "commission", "click", "at"}),
    useless=[
        conversions(),
        conversions(
            transaction(transactionStatus="rejected", rejectionReason="test_transaction"),
        ),
    ],
)  # fmt: skip

POLLING = Polling(
    serve=TradeTrackerFake,
    settings=lambda fake: {"api_url": f"{fake.url}/soap/affiliate"},
    tells=frozenset({"amount", "commission", "status", "click", "at", "paid", "reason"}),
    expected=lambda _, state: {"commission": Decimal(0)} if state.status == "declined" else {},
    errors_as_200=[FAULT, answer("getAffiliateSites")],
    calls_again=3,
    key=lambda order: str(8_000 + order.number),
    report_key=lambda object_id, _: object_id,
)


def standing() -> Standing:
    return Standing(CASE.plugin, CASE.context())


def test_a_transaction_without_number_does_not_hold_up_the_others() -> None:
    taken = standing().take(conversions(transaction(ID=""), transaction()))
    assert taken.unreadable == [Unreadable("misread", "“ID” is missing.", "row 1")]
    assert taken.reports() == {"8017": report()}


def test_lists_inside_a_transaction_are_none_of_its_fields() -> None:
    inside = "<affiliateSitesPaidOut><item><ID>301</ID></item></affiliateSitesPaidOut><ID>8017</ID>"
    message = conversions(transaction().replace("<ID>8017</ID>", inside))
    assert standing().take(message).reports() == {"8017": report()}


@pytest.mark.parametrize(
    "body",
    [
        b"not XML",
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + answer("getConversionTransactions")[39:],
        answer("getCampaigns"),
        FAULT,
    ],
)
def test_what_is_no_list_of_transactions_is_refused_whole(body: bytes) -> None:
    with pytest.raises(Misread):
        standing().take(Message(body, "conversions"))


def test_a_session_is_needed() -> None:
    clock = Clock(first_day())
    with TradeTrackerFake([], clock) as fake:
        fake.fail_next(200, body=answer("authenticate"))
        with pytest.raises(SourceFailed, match="gave no session"):
            Poller(CASE, POLLING, fake, clock).poll()


@pytest.mark.parametrize("sites", [" ", "301 x", "301<", "٣"])
def test_sites_are_numbers(sites: str) -> None:
    context = CASE.context(settings={"site_ids": sites, "shops": "shop.example=1001"})
    with pytest.raises(SourceFailed, match="site_ids"):
        CASE.plugin.deep_link(Link("https://shop.example/", "k7"), context)


def test_a_link_goes_through_the_first_site() -> None:
    made = CASE.plugin.deep_link(Link("https://shop.example/tea", "k7"), CASE.context())
    assert made == (
        "https://tc.tradetracker.net/?c=1001&m=12&a=301&r=k7&u=https%3A%2F%2Fshop.example%2Ftea"
    )


def test_times_without_offset_are_of_the_zone_of_the_account() -> None:
    context = CASE.context(zone=ZoneInfo("Europe/Lisbon"))
    message = conversions(transaction(registrationDate="2026-11-01T10:00:00"))
    found = Standing(CASE.plugin, context).take(message).report("8017")
    assert isinstance(found, PurchaseReport)
    assert found.occurred_at.utc == datetime(2026, 11, 1, 10, tzinfo=UTC)
