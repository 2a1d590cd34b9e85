"""Partnerize: conversions of several items, of which some stand and others do not."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.partnerize import Partnerize
from cagnotte.hooks.sources import (
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceFailed,
    TraceFound,
    UnknownWord,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import first_day, network_orders
from tests.sources.fakes.partnerize import PartnerizeFake
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

AT = Moment("2026-11-01 09:00:00", "UTC", datetime(2026, 11, 1, 9, tzinfo=UTC))
CLICKED = Moment("2026-11-01 08:40:00", "UTC", datetime(2026, 11, 1, 8, 40, tzinfo=UTC))


def item(**fields: Any) -> dict[str, Any]:
    return {
        "conversion_item_id": "1100l7i1", "sku": "T-1", "category": "tea", "item_value": Number("30.00"),
        "item_publisher_commission": Number("1.500"), "item_status": "pending", "publisher_self_bill_id": None,
        "last_update": "2026-11-01 09:05:00", "reject_reason": None, "voucher_codes": [], **fields,
    }  # fmt: skip


SECOND = {"sku": "L-9", "item_value": Number("19.90"), "item_publisher_commission": Number("0.995")}


def conversions(
    *items: dict[str, Any], status: str = "pending", number: str = "1100l7", **fields: Any
) -> Message:
    told = {
        "conversion_id": number, "campaign_id": "1100l29", "conversion_time": AT.text, "currency": "EUR",
        "publisher_reference": "k7m2p9q4", "conversion_reference": "A-17", "country": "FR",
        "last_modified": "2026-11-01 09:05:00", "click": {"set_time": CLICKED.text, "clickref": "their-own"},
        "conversion_value": {"conversion_status": status, "value": Number("49.90"),
                             "publisher_commission": Number("2.495")},
        "conversion_items": list(items), **fields,
    }  # fmt: skip
    return Message(json_bytes({"conversions": [{"conversion_data": told}]}), "conversions")


def report(**changes: Any) -> PurchaseReport:
    fields: dict[str, Any] = {
        "order_ref": "A-17",
        "merchant": "1100l29",
        "occurred_at": AT,
        "clicked_at": CLICKED,
        "currency": "EUR",
        "lines": [
            ReportLine(1, "T-1", 1, Decimal("30.00"), category="tea"),
            ReportLine(2, "L-9", 1, Decimal("19.90"), category="tea"),
        ],
        "commission": Decimal("2.495"),
        "status": Validation.PENDING,
        "native_status": "pending",
        "paid": False,
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
        "country": "FR",
        "coupon_codes": [],
        "updated_at": datetime(2026, 11, 1, 9, 5, tzinfo=UTC),
    }
    return PurchaseReport(**{**fields, **changes})


DECEMBER = {"last_modified": "2026-12-03 10:00:00"}
JANUARY = {"last_modified": "2027-01-15 10:00:00"}


def message_of(bought: Bought) -> list[Message]:
    return [
        conversions(
            item(
                item_value=Number(bought.amount),
                item_publisher_commission=Number(bought.commission),
            ),
            conversion_reference=bought.order_ref,
            conversion_time=bought.at.strftime("%Y-%m-%d %H:%M:%S"),
            publisher_reference=bought.click,
        )
    ]


CASE = Case(
    plugin=Partnerize(),
    settings={
        "publisher_id": "111111l92",
        "application_key": "app-key",
        "shops": "shop.example=1101lABC",
    },
    secrets={"user_api_key": ["user-key-of-the-test"]},
    lives=[
        Life(
            "1100l7",
            [
                conversions(item(), item(**SECOND)),
                conversions(
                    item(item_status="approved"),
                    item(**SECOND, item_status="rejected", reject_reason="Returned"),
                    status="mixed",
                    **DECEMBER,
                ),
                conversions(
                    item(item_status="approved", publisher_self_bill_id=88),
                    item(**SECOND, item_status="rejected", reject_reason="Returned"),
                    status="mixed",
                    **JANUARY,
                ),
            ],
            report(
                lines=[
                    ReportLine(1, "T-1", 1, Decimal("30.00"), category="tea"),
                    ReportLine(
                        2, "L-9", 1, Decimal("19.90"), category="tea",
                        returned_quantity=1, returned_amount=Decimal("19.90"),
                    ),
                ],
                commission=Decimal("1.500"),
                status=Validation.CONFIRMED,
                native_status="mixed",
                paid=True,
                updated_at=datetime(2027, 1, 15, 10, tzinfo=UTC),
            ),
        ),
        Life(
            "1100l8",
            [
                conversions(item(voucher_codes=["ANA5"]), item(**SECOND), number="1100l8"),
                conversions(
                    item(item_status="rejected", reject_reason="Returned", voucher_codes=["ANA5"]),
                    item(**SECOND, item_status="rejected", reject_reason="returned"),
                    number="1100l8",
                    status="rejected",
                    **DECEMBER,
                ),
            ],
            report(
                commission=Decimal(0),
                status=Validation.DECLINED,
                native_status="rejected",
                reason="returned",
                coupon_codes=["ANA5"],
                traces=[
                    TraceFound(Trace.CLICK, "k7m2p9q4"),
                    TraceFound(Trace.PROMO_CODE, "ANA5"),
                ],
                updated_at=datetime(2026, 12, 3, 10, tzinfo=UTC),
            ),
        ),
        Life(
            "1100l9",
            [conversions(number="1100l9", status="approved")],
            report(
                lines=[ReportLine(1, "", 1, Decimal("49.90"))],
                status=Validation.CONFIRMED,
                native_status="approved",
            ),
        ),
    ],
    with_status=lambda word: conversions(item(item_status=word), status=word),
    message_of=message_of,
    useless=[Message(b'{"conversions": []}', "conversions")],
)  # fmt: skip

POLLING = Polling(
    serve=PartnerizeFake,
    tells=frozenset({"amount", "commission", "status", "click", "at", "paid"}),
    expected=lambda _, state: {"commission": Decimal(0)} if state.status == "declined" else {},
    seen_days=None,
    errors_as_200=[b'{"error": {"message": "no such publisher"}}', b"[]", b'{"conversions": {}}'],
)


def standing() -> Standing:
    return Standing(CASE.plugin, CASE.context())


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("pending", "approved", Validation.PENDING),
        ("pending", "rejected", Validation.PENDING),
        ("approved", "rejected", Validation.CONFIRMED),
        ("rejected", "rejected", Validation.DECLINED),
    ],
)
def test_a_conversion_waits_for_the_last_of_its_items(
    first: str, second: str, status: Validation
) -> None:
    told = conversions(item(item_status=first), item(**SECOND, item_status=second), status="mixed")
    found = standing().take(told).report("1100l7")
    assert isinstance(found, PurchaseReport)
    assert found.status is status


def test_a_mixed_conversion_without_items_is_refused() -> None:
    with pytest.raises(UnknownWord, match="has no items"):
        standing().take(conversions(status="mixed")).report("1100l7")


def test_an_item_below_zero_makes_the_conversion_one_line() -> None:
    told = conversions(item(), item(item_value=Number("-5.00")))
    found = standing().take(told).report("1100l7")
    assert isinstance(found, PurchaseReport)
    assert found.lines == [ReportLine(1, "", 1, Decimal("49.90"))]


def test_pages_may_be_counted_too() -> None:
    orders = network_orders()
    clock = Clock(first_day())
    clock.wait_days(60)
    with PartnerizeFake(orders, clock) as fake:
        fake.counts = True
        poller = Poller(CASE, POLLING, fake, clock)
        poller.poll()
        assert poller.told().keys() == {order.ref for order in orders if order.at(clock.now)}


def test_a_next_page_on_another_server_is_not_asked() -> None:
    clock = Clock(first_day())
    with PartnerizeFake([], clock) as fake:
        body = {
            "conversions": [],
            "hypermedia": {"pagination": {"next_page": "https://x.example/"}},
        }
        fake.fail_next(200, body=json.dumps(body).encode())
        with pytest.raises(SourceFailed, match="another server"):
            Poller(CASE, POLLING, fake, clock).poll()
        assert len(fake.log) == 1
