"""Orders of the interface that are nobody's yet: the bodies of its calls, read back to the cent."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Channel, Validation
from cagnotte.extras.sources.shops.rest import Rest
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import Message, Moment, PurchaseReport, ReportLine, TraceFound
from tests.sources.case import Case, Life
from tests.sources.standing import Standing

AT = "2026-11-20T12:30:00+01:00"


def order(**changes: Any) -> dict[str, Any]:
    return {
        "merchant": "corner", "order_ref": "A-1", "occurred_at": AT, "currency": "EUR",
        "lines": [{"sku": "tea", "quantity": 2, "amount_minor": 1990}], **changes,
    }  # fmt: skip


def message(**changes: Any) -> Message:
    return Message(json.dumps(order(**changes)).encode(), "purchases")


def report(**changes: Any) -> PurchaseReport:
    facts: dict[str, Any] = {
        "order_ref": "A-1",
        "merchant": "corner",
        "occurred_at": Moment(AT, "", datetime(2026, 11, 20, 11, 30, tzinfo=UTC)),
        "currency": "EUR",
        "lines": [ReportLine(1, "tea", 2, Decimal("19.90"))],
        "traces": [],
        "coupon_codes": [],
    }
    return PurchaseReport(**{**facts, **changes})


WHOLE = message(
    order_ref="A-2",
    lines=[
        {
            "sku": "tea", "quantity": 2, "amount_minor": 1990, "discount_minor": 190, "tax_minor": 300,
            "wallet_minor": 500, "category": "drinks", "brand": "acme",
        },
        {"amount_minor": 5000, "gift_card": True},
    ],
    channel="store", country="FR", coupon_codes=["TEN"], delivery_minor=490, delivery_tax_minor=82, card="tok-1",
    commission_minor=77, status="declined", reason="fraud", member_ref="H1",
    traces=[{"kind": "click", "value": "c1", "at": AT}, {"kind": "email", "value": "ab"}],
)  # fmt: skip

CASE = Case(
    plugin=Rest(),
    lives=[
        Life("corner/A-1", [message()], report(), in_order=True),
        Life(
            "corner/A-2",
            [WHOLE],
            report(
                order_ref="A-2",
                lines=[
                    ReportLine(
                        1, "tea", 2, Decimal("19.90"), Decimal("1.90"), Decimal("3.00"), Decimal("5.00"),
                        "drinks", "acme",
                    ),
                    ReportLine(2, "", 1, Decimal("50.00"), gift_card=True),
                ],
                channel=Channel.STORE,
                country="FR",
                coupon_codes=["TEN"],
                delivery=Decimal("4.90"),
                delivery_tax=Decimal("0.82"),
                card="tok-1",
                commission=Decimal("0.77"),
                status=Validation.DECLINED,
                native_status="declined",
                reason="fraud",
                traces=[
                    TraceFound(Trace.MEMBER_NUMBER, "H1"),
                    TraceFound(Trace.CLICK, "c1", datetime(2026, 11, 20, 11, 30, tzinfo=UTC)),
                    TraceFound(Trace.EMAIL, "ab"),
                ],
            ),
            in_order=True,
        ),
        Life(
            "corner/A-3",
            [message(order_ref="A-3"), message(order_ref="A-3", lines=[{"amount_minor": 5}])],
            report(order_ref="A-3", lines=[ReportLine(1, "", 1, Decimal("0.05"))]),
            in_order=True,
        ),
    ],
    with_status=lambda word: message(status=word),
    message_of=lambda bought: [
        message(
            order_ref=bought.order_ref,
            occurred_at=bought.at.isoformat(),
            lines=[{"amount_minor": int(bought.amount * 100)}],
            commission_minor=int(bought.commission * 100),
            traces=[{"kind": "click", "value": bought.click}],
        )
    ],
)  # fmt: skip


def standing() -> Standing:
    return Standing(CASE.plugin, CASE.context())


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", "1990"), ("EUR", "19.90"), ("TND", "1.990")]
)
def test_minor_units_are_those_of_the_currency(currency: str, amount: str) -> None:
    (found,) = standing().take(message(currency=currency)).reports().values()
    assert isinstance(found, PurchaseReport)
    assert found.lines[0].amount == Decimal(amount)


def test_a_trace_of_an_unknown_kind_is_refused_by_name() -> None:
    taken = standing().take(message(traces=[{"kind": "hunch", "value": "x"}]))
    with pytest.raises(Misread, match="“hunch” is no kind of trace"):
        taken.reports()
