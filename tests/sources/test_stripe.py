"""Stripe: events with the objects of its published fixtures."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.stripe import Stripe
from cagnotte.hooks import signing
from cagnotte.hooks.sources import (
    BadSignature,
    Incoming,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
    UnknownWord,
    Waiting,
)
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.standing import Standing

SECRET = "whsec_of_the_test"
PAID_AT = 1794700000
INTENT = "pi_1PgafyB7WZ01zgkW"


def event(kind: str, told: dict[str, Any], *, after: int = 0, live: bool = True) -> Message:
    number = f"evt_{told['id']}_{kind}_{after}"
    content = {
        "id": number, "object": "event", "api_version": "2024-06-20", "created": PAID_AT + after, "livemode": live,
        "type": kind, "data": {"object": told}, "pending_webhooks": 1,
    }  # fmt: skip
    return Message(json.dumps(content).encode(), kind, number)


def charge(
    *, after: int = 0, kind: str = "charge.updated", live: bool = True, **fields: Any
) -> Message:
    told = {
        "id": "ch_1PgafuB7", "object": "charge", "amount": 5300, "amount_captured": 5300, "amount_refunded": 0,
        "captured": True, "refunded": False, "status": "succeeded", "currency": "eur", "created": PAID_AT,
        "livemode": live, "payment_intent": INTENT, "metadata": {}, "disputed": False, "receipt_email": None,
        "billing_details": {"email": "ana@example.test", "name": "Ana", "address": {"country": "FR"}},
    }  # fmt: skip
    return event(kind, {**told, **fields}, after=after, live=live)


def session(**fields: Any) -> Message:
    told = {
        "id": "cs_live_1", "object": "checkout.session", "mode": "payment", "payment_intent": INTENT,
        "amount_subtotal": 5300, "amount_total": 5300, "currency": "eur", "created": PAID_AT - 90,
        "client_reference_id": "k7m2p9q4", "metadata": {"order_id": "A-17"}, "payment_status": "paid",
        "customer_details": {"email": "ana@example.test", "address": {"country": "FR"}},
        "total_details": {"amount_discount": 500, "amount_shipping": 500, "amount_tax": 883},
        "shipping_cost": {"amount_total": 500, "amount_subtotal": 500, "amount_tax": 83},
    }  # fmt: skip
    return event("checkout.session.completed", {**told, **fields}, after=2)


def refund(number: str, amount: int, status: str = "succeeded", *, after: int = 100) -> Message:
    told = {
        "id": number, "object": "refund", "amount": amount, "status": status, "charge": "ch_1PgafuB7",
        "payment_intent": INTENT, "currency": "eur", "created": PAID_AT + 100, "metadata": {},
    }  # fmt: skip
    return event("refund.failed" if status == "failed" else "refund.updated", told, after=after)


def dispute(
    status: str, amount: int = 5300, *, after: int = 200, reason: str = "fraudulent"
) -> Message:
    told = {
        "id": "du_1", "object": "dispute", "amount": amount, "status": status, "reason": reason,
        "charge": "ch_1PgafuB7", "payment_intent": INTENT, "currency": "eur", "created": PAID_AT + 200,
        "metadata": {},
    }  # fmt: skip
    return event("charge.dispute.updated", told, after=after)


def canceled(**fields: Any) -> Message:
    told = {
        "id": INTENT, "object": "payment_intent", "amount": 5300, "status": "canceled", "currency": "eur",
        "created": PAID_AT, "metadata": {},
    }  # fmt: skip
    return event("payment_intent.canceled", {**told, **fields}, after=300)


def signed(body: bytes, secret: str, *, at: datetime = NOW) -> Incoming:
    stamp = str(int(at.timestamp()))
    signature = signing.hmac_sha256(secret, stamp.encode() + b"." + body).hex()
    header = f"t={stamp},v1={'0' * 64},v1={signature},v0=1"
    return Incoming("POST", "https://c.example/in/stripe", "", {"stripe-signature": header}, body)


def message_of(bought: Bought) -> list[Message]:
    cents = int(bought.amount * 100)
    return [
        charge(amount=cents, amount_captured=cents, created=int(bought.at.timestamp())),
        session(
            client_reference_id=bought.click,
            metadata={"order_id": bought.order_ref},
            total_details={},
            shipping_cost=None,
        ),
    ]


def with_status(word: str) -> Message:
    return {
        "uncaptured": charge(captured=False, amount_captured=0),
        "canceled": charge(captured=False, amount_captured=0, amount_refunded=5300, refunded=True),
        "refunded": charge(amount_refunded=5300, refunded=True),
    }.get(word) or charge(status=word)


LINE = ReportLine(1, "", 1, Decimal("53.00"), Decimal("5.00"), Decimal("8.00"))
PLAIN = ReportLine(1, "", 1, Decimal("53.00"), Decimal("0.00"), Decimal("0.00"))
REPORT = PurchaseReport(
    order_ref="A-17",
    occurred_at=Moment(str(PAID_AT), "", datetime(2026, 11, 14, 23, 46, 40, tzinfo=UTC)),
    currency="EUR",
    lines=[LINE],
    delivery=Decimal("5.00"),
    delivery_tax=Decimal("0.83"),
    status=None,
    native_status="succeeded",
    traces=[TraceFound(Trace.CLICK, "k7m2p9q4"), TraceFound(Trace.EMAIL, "ana@example.test")],
    country="FR",
)
REFUNDED = Decimal("10.00")
CASE = Case(
    plugin=Stripe(),
    secrets={"webhook_secret": [SECRET]},
    lives=[
        Life(
            INTENT,
            [
                session(),
                charge(kind="charge.succeeded"),
                charge(kind="charge.refunded", amount_refunded=1000, after=100),
                refund("re_1", 1000),
            ],
            replace(REPORT, refunded=REFUNDED),
        ),
        Life(
            "pi_2",
            [
                charge(payment_intent="pi_2"),
                charge(payment_intent="pi_2", amount_refunded=5300, refunded=True, after=100),
                event(
                    "refund.failed",
                    {
                        "id": "re_2", "object": "refund", "amount": 5300, "status": "failed",
                        "charge": "ch_1PgafuB7", "payment_intent": "pi_2", "metadata": {},
                    },
                    after=900,
                ),
            ],
            replace(
                REPORT,
                order_ref="pi_2",
                lines=[PLAIN],
                delivery=Decimal("0.00"),
                delivery_tax=Decimal(0),
                status=Validation.PENDING,
                traces=[TraceFound(Trace.EMAIL, "ana@example.test")],
            ),
        ),
        Life(
            "ch_3",
            [
                charge(id="ch_3", payment_intent=None, status="pending"),
                charge(id="ch_3", payment_intent=None, status="failed", after=5),
            ],
            replace(
                REPORT,
                order_ref="ch_3",
                lines=[PLAIN],
                delivery=Decimal("0.00"),
                delivery_tax=Decimal(0),
                status=Validation.DECLINED,
                native_status="failed",
                reason="invalid_payment",
                traces=[TraceFound(Trace.EMAIL, "ana@example.test")],
            ),
        ),
        Life(
            "pi_4",
            [charge(payment_intent="pi_4", status="failed")],
            Waiting("unpaid", "No payment has gone through yet."),
        ),
    ],
    with_status=with_status,
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
    signed=signed,
    secret_name="webhook_secret",
    useless=[
        charge(live=False),
        event("customer.created", {"id": "cus_1", "object": "customer"}),
        session(payment_intent=None, mode="setup"),
    ],
)  # fmt: skip


def told(*messages: Message, **settings: str) -> PurchaseReport:
    context = CASE.context(settings={**CASE.context().settings, **settings})
    report = Standing(CASE.plugin, context).take(*messages).report(INTENT)
    assert isinstance(report, PurchaseReport)
    return report


# ---- signatures ----


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_event_that_was_signed_long_ago_is_refused(minutes: int) -> None:
    late = signed(b"{}", SECRET, at=NOW + timedelta(minutes=minutes))
    with pytest.raises(BadSignature, match="signed at"):
        CASE.plugin.verify_signature(late, CASE.context())


@pytest.mark.parametrize("header", ["", "t=,v1=00", "t=x,v1=00", "v1=00", "t=1794700000"])
def test_a_header_without_time_or_signature_is_refused(header: str) -> None:
    incoming = Incoming("POST", "https://c.example/", "", {"stripe-signature": header}, b"{}")
    with pytest.raises(BadSignature):
        CASE.plugin.verify_signature(incoming, CASE.context())


def test_an_event_is_kept_under_its_own_id() -> None:
    incoming = signed(charge().body, SECRET)
    (found,) = CASE.plugin.receive(incoming, CASE.context(), signed=True).messages
    assert (found.topic, found.event_id) == ("charge.updated", "evt_ch_1PgafuB7_charge.updated_0")


# ---- amounts ----


@pytest.mark.parametrize(
    ("currency", "amount", "read"),
    [
        ("jpy", 500, "500"),
        ("kwd", 5120, "5.120"),
        ("isk", 500, "5"),
        ("ugx", 500, "5"),
        ("mga", 500, "500"),
    ],
)
def test_each_currency_has_its_smallest_unit(currency: str, amount: int, read: str) -> None:
    report = told(charge(currency=currency, amount=amount, amount_captured=amount))
    assert report.lines[0].amount == Decimal(read)
    assert report.currency == currency.upper()


def test_what_was_set_aside_and_not_captured_was_never_paid() -> None:
    report = told(charge(amount=5300, amount_captured=4000, amount_refunded=1300))
    assert (report.lines[0].amount, report.refunded) == (Decimal("40.00"), Decimal(0))


@pytest.mark.parametrize(
    ("messages", "refunded"),
    [
        ([charge(amount_refunded=3000, after=9)], "30.00"),
        ([charge(), refund("re_1", 3000, "pending")], "30.00"),
        ([charge(amount_refunded=3000, after=9), refund("re_1", 2000), refund("re_2", 1000)], "30.00"),
        ([charge(amount_refunded=3000, after=9), refund("re_2", 1000)], "30.00"),
        ([charge(amount_refunded=3000, after=9), refund("re_1", 2000), refund("re_2", 1000, "failed")], "20.00"),
        ([charge(amount_refunded=2000, after=9), refund("re_1", 2000), refund("re_2", 1000, "failed")], "20.00"),
        ([charge(), dispute("lost", 1500)], "15.00"),
        ([charge(), dispute("won", 1500)], "0"),
        ([charge(), dispute("warning_closed", 1500)], "0"),
    ],
)  # fmt: skip
def test_what_was_given_back_is_counted_once(messages: list[Message], refunded: str) -> None:
    assert told(*messages).refunded == Decimal(refunded)
    assert told(*reversed(messages)).refunded == Decimal(refunded)


def test_a_refund_of_all_brings_back_the_articles_whatever_the_delivery() -> None:
    report = told(session(), charge(amount_refunded=5300, after=9))
    assert [line.returned_amount for line in report.lines] == [Decimal("53.00")]
    assert (report.status, report.reason) == (Validation.DECLINED, "returned")


# ---- standing ----


def test_a_payment_says_nothing_unless_it_is_told_to_confirm() -> None:
    assert told(charge()).status is None
    assert told(charge(), confirm_on="succeeded").status is Validation.CONFIRMED


def test_a_dispute_keeps_the_purchase_open_until_it_is_decided() -> None:
    open_one, lost = dispute("needs_response"), dispute("lost", after=400)
    assert told(charge(), open_one, confirm_on="succeeded").status is Validation.PENDING
    report = told(charge(), lost, open_one)
    assert (report.status, report.reason) == (Validation.DECLINED, "fraud")
    won = dispute("won", after=400)
    assert told(charge(), open_one, won, confirm_on="succeeded").status is Validation.CONFIRMED


def test_money_set_aside_and_released_is_a_cancelled_purchase() -> None:
    report = told(charge(captured=False, amount_captured=0), canceled())
    assert (report.status, report.reason) == (Validation.DECLINED, "cancelled")


def test_an_intent_that_never_saw_money_is_no_purchase() -> None:
    report = Standing(CASE.plugin, CASE.context()).take(canceled()).report(INTENT)
    assert isinstance(report, Waiting)


@pytest.mark.parametrize("message", [refund("re_1", 100, "lingering"), dispute("lingering")])
def test_a_state_that_is_not_known_is_refused_by_name(message: Message) -> None:
    with pytest.raises(UnknownWord, match="lingering"):
        told(charge(), message)


# ---- traces ----


def test_the_reference_of_a_checkout_is_what_the_shop_says_it_is() -> None:
    by_member = told(charge(), session(), reference_is="member")
    assert by_member.traces[0] == TraceFound(Trace.MEMBER_NUMBER, "k7m2p9q4")
    by_order = told(charge(), session(metadata={}), reference_is="order")
    assert by_order.order_ref == "k7m2p9q4"
    assert [one.kind for one in by_order.traces] == [Trace.EMAIL]


def test_a_click_may_stand_in_the_metadata_of_any_object() -> None:
    report = told(charge(metadata={"cagnotte_click": "zz11", "phone": "+33 6"}))
    assert report.traces[0] == TraceFound(Trace.CLICK, "zz11")


def test_a_payment_of_a_connected_account_names_it() -> None:
    told_event = json.loads(charge().body)
    message = Message(json.dumps({**told_event, "account": "acct_9"}).encode(), "charge.updated")
    assert told(message).merchant == "acct_9"
