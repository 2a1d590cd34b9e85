"""django-oscar, as the app in its shop tells of it. The messages have the shape of those that the app sent."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.oscar import Oscar
from cagnotte.hooks import signing
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Incoming,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
)
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.standing import Standing

CLICK = "k7m2p9q4r8s3t6v1w5x0"
TEA: dict[str, Any] = {
    "number": 41, "sku": "TEA-250", "quantity": 2, "amount": "25.00", "discount": "2.50",
    "tax": "1.17", "category": "tea",
}  # fmt: skip
POT: dict[str, Any] = {
    "number": 42, "sku": "POT-1", "quantity": 1, "amount": "33.00", "discount": "0.00",
    "tax": "5.50", "category": "tableware",
}  # fmt: skip


def refund(amount: str, units: int = 0, number: int = 41, ref: int = 1) -> dict[str, Any]:
    named = [{"number": number, "quantity": units}] if units else []
    told = {"id": str(ref), "amount": amount, "reference": "", "lines": named}
    return {**told, "at": "2026-11-10T09:00:00+00:00"}


def message(**changes: Any) -> Message:
    order = {
        "number": "100017", "version": 1, "placed_at": "2026-11-01T09:30:00.792067+00:00",
        "currency": "EUR", "status": "Pending", "state": "", "reason": "", "lines": [TEA, POT],
        "delivery": "4.90", "delivery_tax": "0.82", "refunds": [], "vouchers": [], "click": CLICK,
        "member": "", "email": "", "country": "FR", "test": False,
        "changed_at": "2026-11-01T09:30:01+00:00", **changes,
    }  # fmt: skip
    told = {"type": "order.changed", "timestamp": order["changed_at"], "data": order}
    return Message(
        json.dumps(told).encode(), "order.changed", f"{order['number']}.{order['version']}"
    )


def report(**changes: Any) -> PurchaseReport:
    told: dict[str, Any] = {
        "order_ref": "100017",
        "occurred_at": Moment(
            "2026-11-01T09:30:00.792067+00:00", "", datetime(2026, 11, 1, 9, 30, 0, 792067, UTC)
        ),
        "currency": "EUR",
        "lines": [line(), pot()],
        "delivery": Decimal("4.90"),
        "delivery_tax": Decimal("0.82"),
        "native_status": "Pending",
        "traces": [TraceFound(Trace.CLICK, CLICK)],
        "country": "FR",
        "updated_at": datetime(2026, 11, 1, 9, 30, 1, tzinfo=UTC),
    }
    return PurchaseReport(**{**told, **changes})


def line(**changes: Any) -> ReportLine:
    told: dict[str, Any] = {
        "number": 41, "sku": "TEA-250", "quantity": 2, "amount": Decimal("25.00"),
        "discount": Decimal("2.50"), "tax": Decimal("1.17"), "category": "tea",
    }  # fmt: skip
    return ReportLine(**{**told, **changes})


def pot(**changes: Any) -> ReportLine:
    told: dict[str, Any] = {
        "number": 42, "sku": "POT-1", "quantity": 1, "amount": Decimal("33.00"),
        "tax": Decimal("5.50"), "category": "tableware",
    }  # fmt: skip
    return ReportLine(**{**told, **changes})


def message_of(bought: Bought) -> list[Message]:
    one = {**TEA, "quantity": 1, "amount": str(bought.amount), "discount": "0.00"}
    return [
        message(
            number=bought.order_ref,
            placed_at=bought.at.isoformat(),
            lines=[one],
            delivery="0.00",
            click=bought.click,
        )
    ]


def with_status(word: str) -> Message:
    return message(state=word, status="A word of the shop", reason="cancelled")


def signed(body: bytes, secret: str) -> Incoming:
    timestamp = str(int(NOW.timestamp()))
    headers = {
        "webhook-id": "100017.1",
        "webhook-timestamp": timestamp,
        "webhook-signature": signing.standard_signature(secret, "100017.1", timestamp, body),
    }
    return Incoming("POST", "https://cagnotte.example/in/p/s/t", "", headers, body)


LATER = {"changed_at": "2026-11-10T09:00:00+00:00"}
REFUNDED = {"updated_at": datetime(2026, 11, 10, 9, tzinfo=UTC)}

CASE = Case(
    plugin=Oscar(),
    secrets={"secret": ["whsec_c2VjcmV0IG9mIHRoZSBzaG9w"]},
    lives=[
        Life("100017", [message()], report()),
        Life(
            # One of two teas comes back, with the discount it had.
            "100018",
            [
                message(number="100018"),
                message(number="100018", version=2, status="Complete", state="confirmed"),
                message(
                    number="100018", version=4, status="Complete", state="confirmed",
                    refunds=[refund("11.25", 1)], **LATER,
                ),
            ],
            report(
                order_ref="100018",
                status=Validation.CONFIRMED,
                native_status="Complete",
                lines=[line(returned_quantity=1, returned_amount=Decimal("12.50")), pot()],
                **REFUNDED,
            ),
        ),
        Life(
            "100019",
            [
                message(number="100019"),
                message(
                    number="100019", version=3, status="Cancelled", state="declined", reason="cancelled", **LATER
                ),
            ],
            report(
                order_ref="100019", status=Validation.DECLINED, reason="cancelled", native_status="Cancelled",
                **REFUNDED,
            ),
        ),
        Life(
            # All is given back, the delivery too, without a word about articles.
            "100020",
            [message(number="100020", version=2, refunds=[refund("60.40")], **LATER)],
            report(
                order_ref="100020",
                lines=[
                    line(returned_quantity=2, returned_amount=Decimal("25.00")),
                    pot(returned_quantity=1, returned_amount=Decimal("33.00")),
                ],
                **REFUNDED,
            ),
        ),
        Life(
            "100021",
            [
                message(
                    number="100021", click="", member="M-7", email="ana@mail.example", vouchers=["ANA-10"], test=True
                )
            ],
            report(
                order_ref="100021",
                traces=[
                    TraceFound(Trace.MEMBER_NUMBER, "M-7"),
                    TraceFound(Trace.EMAIL, "ana@mail.example"),
                    TraceFound(Trace.PROMO_CODE, "ANA-10"),
                ],
                coupon_codes=("ANA-10",),
                test=True,
            ),
        ),
    ],
    with_status=with_status,
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
    signed=signed,
    useless=[Message(b'{"type": "ping", "data": {}}', "order.changed")],
)  # fmt: skip


def test_the_shop_s_number_of_a_message_names_it_so_that_a_repeat_is_known() -> None:
    incoming = signed(b"{}", "any")
    reception = CASE.plugin.receive(incoming, CASE.context(), signed=True)
    assert [one.event_id for one in reception.messages] == ["100017.1"]
    assert reception.status == 200


def test_a_number_that_is_no_text_is_the_same_order() -> None:
    # In the moment of its making Oscar holds an order's number as a whole number.
    taken = Standing(CASE.plugin, CASE.context()).take(message(number=100017), message(version=2))
    assert list(taken.pieces) == ["100017"]


def test_a_status_without_a_meaning_says_nothing() -> None:
    found = Standing(CASE.plugin, CASE.context()).take(message(status="In the oven"))
    told = found.report("100017")
    assert isinstance(told, PurchaseReport)
    assert (told.status, told.native_status, told.reason) == (None, "In the oven", "")


@pytest.mark.parametrize(
    "field", ["number", "version", "currency", "placed_at", "delivery", "test"]
)
def test_what_is_missing_is_named(field: str) -> None:
    told = json.loads(message().body)
    del told["data"][field]
    taken = Standing(CASE.plugin, CASE.context())
    with pytest.raises(Misread, match=field):
        taken.take(Message(json.dumps(told).encode())).report("100017")
