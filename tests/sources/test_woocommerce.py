"""WooCommerce: orders as version 7.9 was seen to send them, and what happens to them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.woocommerce import WooCommerce
from cagnotte.hooks import signing
from cagnotte.hooks.sources import (
    BadSignature,
    Incoming,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
    Unreadable,
    Waiting,
    Wanted,
)
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import shop_orders
from tests.sources.fakes.returns import kept
from tests.sources.fakes.woocommerce import KEY, SECRET, WooCommerceFake
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

HOOK_SECRET = "secret-typed-into-the-webhook"
MUG = {
    "id": 4, "name": "Mug", "product_id": 10, "variation_id": 0, "quantity": 2, "tax_class": "", "subtotal": "48.00",
    "subtotal_tax": "0.00", "total": "48.00", "total_tax": "0.00", "taxes": [], "meta_data": [], "sku": "MUG1",
    "price": 24,
}  # fmt: skip
PART = {"id": 15, "reason": "partial", "total": "-10.00"}
REST = {"id": 17, "reason": "", "total": "-43.00"}


def order(**fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": 14, "parent_id": 0, "status": "processing", "currency": "EUR", "version": "7.9.0",
        "prices_include_tax": True, "date_created": "2026-11-18T19:21:20", "date_modified": "2026-11-18T19:21:20",
        "date_created_gmt": "2026-11-18T18:21:20", "date_modified_gmt": "2026-11-18T18:21:20",
        "discount_total": "0.00", "shipping_total": "5.00", "shipping_tax": "0.00", "total": "53.00", "customer_id": 0,
        "billing": {"first_name": "Ana", "country": "FR", "email": "ana@example.test"}, "number": "W-14",
        "meta_data": [{"id": 100, "key": "cagnotte_click", "value": "k7m2p9q4"}], "line_items": [MUG],
        "tax_lines": [], "shipping_lines": [{"id": 5, "total": "5.00", "total_tax": "0.00"}], "fee_lines": [],
        "coupon_lines": [], "refunds": [], "date_paid_gmt": None,
    }  # fmt: skip
    return {**told, **fields}


def message(topic: str = "order.updated", **fields: Any) -> Message:
    return Message(json.dumps(order(**fields)).encode(), topic)


def later(minutes: int, **fields: Any) -> Message:
    at = datetime(2026, 11, 18, 18, 21, 20) + timedelta(minutes=minutes)  # noqa: DTZ001 - as the shop writes it
    return message(date_modified_gmt=at.isoformat(), **fields)


def refunds(*rows: dict[str, Any], of: int = 14) -> Message:
    return Message(json.dumps(rows).encode(), f"refunds/{of}")


def refunded_line(refund: int, paid: str, *, units: int = 0, of: int = 4) -> dict[str, Any]:
    return {
        "id": refund, "amount": paid, "shipping_lines": [],
        "line_items": [
            {
                "id": 6, "quantity": -units, "total": f"-{paid}", "total_tax": "0.00",
                "meta_data": [{"id": 48, "key": "_refunded_item_id", "value": str(of)}],
            }
        ],
    }  # fmt: skip


def signed(body: bytes, secret: str, **headers: str) -> Incoming:
    signature = signing.base64_text(signing.hmac_sha256(secret, body))
    told = {
        "content-type": "application/json",
        "x-wc-webhook-topic": "order.updated",
        "x-wc-webhook-signature": signature,
        "x-wc-webhook-delivery-id": "1ebc595d28366d18b01fabfa6ba0adf0",
    }
    return Incoming("POST", "https://c.example/in/woo", "", {**told, **headers}, body)


def message_of(bought: Bought) -> list[Message]:
    line = {**MUG, "quantity": 1, "subtotal": str(bought.amount), "total": str(bought.amount)}
    return [
        message(
            number=bought.order_ref,
            date_created_gmt=bought.at.strftime("%Y-%m-%dT%H:%M:%S"),
            line_items=[line],
            shipping_total="0.00",
            meta_data=[{"id": 1, "key": "cagnotte_click", "value": bought.click}],
        )
    ]


LINE = ReportLine(4, "MUG1", 2, Decimal("48.00"))
REPORT = PurchaseReport(
    order_ref="W-14",
    occurred_at=Moment(
        "2026-11-18T18:21:20", "UTC", datetime(2026, 11, 18, 18, 21, 20, tzinfo=UTC)
    ),
    currency="EUR",
    lines=[LINE],
    delivery=Decimal("5.00"),
    delivery_tax=Decimal("0.00"),
    status=Validation.PENDING,
    native_status="processing",
    traces=[TraceFound(Trace.CLICK, "k7m2p9q4"), TraceFound(Trace.EMAIL, "ana@example.test")],
    country="FR",
    updated_at=datetime(2026, 11, 18, 18, 21, 20, tzinfo=UTC),
)


def at(minutes: int) -> datetime:
    return datetime(2026, 11, 18, 18, 21, 20, tzinfo=UTC) + timedelta(minutes=minutes)


BACK = replace(LINE, returned_quantity=2, returned_amount=Decimal("48.00"))
CASE = Case(
    plugin=WooCommerce(),
    secrets={"webhook_secret": [HOOK_SECRET]},
    lives=[
        Life(
            "14",
            [
                message("order.created", status="refunded", refunds=[REST, PART]),
                message("order.updated", status="refunded", refunds=[REST, PART]),
                refunds(refunded_line(15, "10.00"), refunded_line(17, "38.00", units=2)),
            ],
            replace(
                REPORT,
                lines=[BACK],
                status=Validation.DECLINED,
                native_status="refunded",
                reason="returned",
            ),
        ),
        Life(
            "15",
            [
                message(id=15, status="pending"),
                later(1, id=15),
                later(3, id=15, refunds=[PART]),
                refunds(refunded_line(15, "10.00"), of=15),
            ],
            replace(
                REPORT,
                lines=[replace(LINE, returned_amount=Decimal("10.00"))],
                updated_at=at(3),
            ),
        ),
        Life(
            "18",
            [message(id=18), Message(b'{"id":18}', "order.deleted")],
            replace(REPORT, status=Validation.DECLINED, reason="cancelled"),
        ),
        Life(
            "19",
            [later(9, id=19, status="completed"), Message(b'{"id":19}', "order.deleted")],
            replace(
                REPORT,
                status=Validation.CONFIRMED,
                native_status="completed",
                updated_at=at(9),
            ),
        ),
        Life(
            "20",
            [refunds(refunded_line(3, "4.00"), of=20)],
            Waiting("order_unknown", "Only a refund or the end of this order is known yet."),
        ),
    ],
    with_status=lambda word: message(status=word),
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
    signed=signed,
    secret_name="webhook_secret",
    useless=[
        message(status="checkout-draft"),
        Message(
            json.dumps([{"id": 1, "status": "active", "topic": "order.updated"}]).encode(),
            "webhooks",
        ),
    ],
)
POLLING = Polling(
    serve=WooCommerceFake,
    orders=shop_orders,
    settings=lambda fake: {"api_url": fake.url, "history_days": "200"},
    secrets={"consumer_key": [KEY], "consumer_secret": [SECRET]},
    tells=frozenset({"amount", "status", "click", "at"}),
    expected=lambda order, state: {"amount": kept(order, state)},
    seen_days=None,
    calls_again=14,
)


def told(*messages: Message, **settings: str) -> PurchaseReport:
    context = CASE.context(settings={**CASE.context().settings, **settings})
    (report,) = Standing(CASE.plugin, context).take(*messages).reports().values()
    assert isinstance(report, PurchaseReport)
    return report


# ---- webhooks ----


def test_the_ping_of_a_new_webhook_is_answered_and_forgotten() -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    ping = Incoming("POST", "https://c.example/in/woo", "", form, b"webhook_id=2")
    assert CASE.plugin.verify_signature(ping, CASE.context()) is False
    reception = CASE.plugin.receive(ping, CASE.context(), signed=False)
    assert (reception.status, list(reception.messages), list(reception.wanted)) == (200, [], [])


@pytest.mark.parametrize("body", [b"webhook_id=2&id=14", b"webhook_id=x", b"webhook_id=2\n{}"])
def test_an_unsigned_message_that_only_looks_like_a_ping_is_refused(body: bytes) -> None:
    ping = Incoming("POST", "https://c.example/in/woo", "", {}, body)
    with pytest.raises(BadSignature):
        CASE.plugin.verify_signature(ping, CASE.context())


def test_a_delivery_keeps_its_topic_and_its_number() -> None:
    incoming = signed(json.dumps(order()).encode(), HOOK_SECRET)
    (kept_message,) = CASE.plugin.receive(incoming, CASE.context(), signed=True).messages
    assert kept_message.topic == "order.updated"
    assert kept_message.event_id == "1ebc595d28366d18b01fabfa6ba0adf0"
    assert kept_message.body == incoming.body


# ---- amounts ----


def test_amounts_of_lines_are_without_tax_and_get_it_added() -> None:
    line = {
        **MUG,
        "subtotal": "40.00",
        "subtotal_tax": "8.00",
        "total": "36.00",
        "total_tax": "7.20",
    }
    report = told(message(line_items=[line], shipping_total="5.00", shipping_tax="1.00"))
    (found,) = report.lines
    assert (found.amount, found.discount, found.tax) == (
        Decimal("48.00"), Decimal("4.80"), Decimal("7.20"),
    )  # fmt: skip
    assert (report.delivery, report.delivery_tax) == (Decimal("6.00"), Decimal("1.00"))


def test_a_fee_below_zero_is_a_discount_and_one_above_counts_as_delivery() -> None:
    tea = {**MUG, "id": 5, "sku": "TEA", "quantity": 1, "subtotal": "16.00", "total": "16.00"}
    fees = [
        {"id": 8, "name": "Loyal", "total": "-6.40", "total_tax": "0.00"},
        {"id": 9, "name": "Cash on delivery", "total": "2.00", "total_tax": "0.40"},
    ]
    report = told(message(line_items=[MUG, tea], fee_lines=fees))
    assert [line.discount for line in report.lines] == [Decimal("4.80"), Decimal("1.60")]
    assert report.delivery == Decimal("7.40")


def paid_by_cagnotte(value: str, **fields: Any) -> PurchaseReport:
    tea = {**MUG, "id": 9, "sku": "TEA", "quantity": 1, "subtotal": "12.00", "total": "12.00"}
    report = told(
        message(
            line_items=[MUG, tea],
            meta_data=[{"id": 1, "key": "cagnotte_paid", "value": value}],
            **fields,
        )
    )
    assert isinstance(report, PurchaseReport)
    return report


def test_what_the_cagnotte_pays_is_shared_out_over_articles_and_delivery() -> None:
    # 13.00 of 48.00 + 12.00 + 5.00.
    report = paid_by_cagnotte("13.00")
    assert [line.wallet for line in report.lines] == [Decimal("9.60"), Decimal("2.40")]
    assert [line.amount - line.discount for line in report.lines] == [Decimal(48), Decimal(12)]


def test_an_order_that_the_cagnotte_pays_whole_leaves_nothing_to_be_paid() -> None:
    for told_paid in ("65.00", "70.00"):
        report = paid_by_cagnotte(told_paid)
        assert [line.wallet for line in report.lines] == [Decimal("48.00"), Decimal("12.00")]


def test_where_the_cagnotte_pays_nothing_more_nothing_is_noted() -> None:
    report = paid_by_cagnotte("")
    assert [line.wallet for line in report.lines] == [Decimal(0), Decimal(0)]


def test_a_refund_known_by_its_total_alone_is_of_no_line_in_particular() -> None:
    report = told(message(refunds=[PART]))
    assert report.refunded == Decimal("10.00")
    assert report.lines == [LINE]


def test_refunds_that_take_all_articles_bring_all_back_whatever_the_word() -> None:
    report = told(message(refunds=[REST, PART]))
    assert (report.lines, report.refunded, report.status) == (
        [BACK],
        Decimal(0),
        Validation.PENDING,
    )


def test_a_refund_of_the_delivery_alone_leaves_the_articles() -> None:
    details = {
        "id": 15,
        "line_items": [],
        "shipping_lines": [{"total": "-5.00", "total_tax": "0.00"}],
    }
    refund = {"id": 15, "reason": "", "total": "-5.00"}
    report = told(message(refunds=[refund]), refunds(details))
    assert (report.lines, report.delivery, report.refunded) == ([LINE], Decimal(0), Decimal(0))


def test_a_refund_that_was_deleted_counts_no_more() -> None:
    report = told(
        message(refunds=[PART]), refunds(refunded_line(15, "10.00")), later(5, refunds=[])
    )
    assert (report.lines, report.refunded) == ([LINE], Decimal(0))


def test_units_that_came_back_take_their_share_of_the_price_before_discount() -> None:
    line = {**MUG, "total": "40.00"}
    report = told(
        message(line_items=[line], refunds=[{"id": 15, "total": "-20.00"}]),
        refunds(refunded_line(15, "20.00", units=1)),
    )
    (found,) = report.lines
    assert (found.returned_quantity, found.returned_amount) == (1, Decimal("24.00"))


def test_a_part_of_what_is_sold_by_weight_comes_back_by_its_money() -> None:
    tea = {**MUG, "quantity": 1.5}
    rows = refunds({**refunded_line(15, "16.00", units=0)})
    report = told(message(line_items=[tea], refunds=[{"id": 15, "total": "-16.00"}]), rows)
    (line,) = report.lines
    assert (line.quantity, line.returned_quantity, line.returned_amount) == (1, 0, Decimal("16.00"))


# ---- standing ----


def test_a_payment_that_succeeds_at_the_second_try_opens_the_purchase_again() -> None:
    failed, paid = message(status="failed"), later(5)
    assert told(failed, confirm_on="").status is Validation.DECLINED
    assert told(failed, confirm_on="").reason == "invalid_payment"
    assert told(failed, paid, confirm_on="").status is Validation.PENDING
    assert told(paid, failed, confirm_on="").status is Validation.PENDING


def test_a_shop_whose_words_confirm_nothing_leaves_it_to_the_contract() -> None:
    assert told(message(status="completed"), confirm_on="").status is None
    assert told(message(), confirm_on="").status is None
    assert told(message(status="on-hold"), confirm_on="").status is Validation.PENDING
    assert told(message(), confirm_on="processing").status is Validation.CONFIRMED
    assert told(message(status="completed"), confirm_on="processing").status is Validation.CONFIRMED


def test_an_order_that_comes_back_from_the_bin_stands_again() -> None:
    bin_it = Message(b'{"id":14}', "order.deleted")
    restored = message("order.restored")
    assert told(message(), bin_it).status is Validation.DECLINED
    assert told(message(), bin_it, restored).status is Validation.PENDING
    assert told(message(), bin_it, restored, bin_it).status is Validation.DECLINED


def test_a_stale_repeat_changes_nothing() -> None:
    new, old = later(30, status="completed"), message()
    assert told(new, old) == told(old, new)
    assert told(new, old).native_status == "completed"


# ---- traces ----


def test_the_landing_page_that_the_shop_remembers_leads_to_the_click() -> None:
    entry = "https://shop.example/mugs?utm_source=c&cagnotte_click=k7m2p9q4"
    meta = [{"key": "_wc_order_attribution_session_entry", "value": entry}]
    assert TraceFound(Trace.CLICK, "k7m2p9q4") in told(message(meta_data=meta)).traces


def test_coupons_and_member_numbers_are_traces_and_other_fields_are_not_kept() -> None:
    meta = [
        {"key": "carte", "value": 4711},
        {"key": "_billing_phone", "value": "+33 6 00 00 00 00"},
        {"key": "cagnotte_click", "value": {"odd": True}},
    ]
    coupons = [{"id": 3, "code": "ana-5", "discount": "0.00"}]
    taken = message(meta_data=meta, coupon_lines=coupons)
    report = told(taken, member_field="carte")
    assert [(found.kind, found.value) for found in report.traces] == [
        (Trace.MEMBER_NUMBER, "4711"),
        (Trace.PROMO_CODE, "ana-5"),
        (Trace.EMAIL, "ana@example.test"),
    ]
    assert report.coupon_codes == ("ana-5",)
    (piece,) = CASE.plugin.parse(taken, CASE.context())
    assert "+33" not in repr(piece)


# ---- asking ----


def test_an_order_of_a_page_that_cannot_be_read_leaves_the_others() -> None:
    rows = [order(id=1), order(id=2, currency=None, date_modified_gmt="soon"), order(id=3)]
    taken = Standing(CASE.plugin, CASE.context()).take(Message(json.dumps(rows).encode(), "orders"))
    assert sorted(taken.pieces) == ["1", "3"]
    assert [(one.where, one.reason) for one in taken.unreadable] == [("order 2", "misread")]


def test_a_webhook_with_refunds_asks_for_their_articles_where_the_shop_may_be_asked() -> None:
    keys = {"webhook_secret": [HOOK_SECRET], "consumer_key": [KEY], "consumer_secret": [SECRET]}
    hook = message(refunds=[PART])
    assert Wanted("14") in list(CASE.plugin.parse(hook, CASE.context(secrets=keys)))
    assert Wanted("14") not in list(CASE.plugin.parse(hook, CASE.context()))
    fetched = replace(hook, topic="order")
    assert Wanted("14") not in list(CASE.plugin.parse(fetched, CASE.context(secrets=keys)))


def test_without_a_key_the_shop_is_not_asked() -> None:
    assert list(CASE.plugin.poll(CASE.context(), {})) == []


def test_an_order_is_fetched_with_its_refunds() -> None:
    orders = shop_orders()
    with WooCommerceFake(orders, Clock(orders[-1].states[-1].since)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        returned = next(one for one in orders if one.states[-1].lines[0].returned)
        messages = CASE.plugin.fetch(poller.context(calling=True), str(returned.number))
        assert [one.topic for one in messages] == ["order", f"refunds/{returned.number}"]
        report = poller.standing.take(*messages).report(str(returned.number))
    assert isinstance(report, PurchaseReport)
    assert sum(line.returned_quantity for line in report.lines) > 0


def test_a_webhook_that_the_shop_switched_off_is_told_once() -> None:
    with WooCommerceFake([], Clock(NOW)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        fake.webhooks.append({**fake.webhooks[0], "id": 2, "name": "Paused", "status": "paused"})
        poller.poll()
        assert not poller.standing.unreadable
        fake.webhooks[0]["status"] = "disabled"
        pages = list(CASE.plugin.poll(poller.context(calling=True), {}))
    (off,) = pages[-1].messages
    assert off.event_id == "off:1:2026-09-01T08:00:00"
    (found,) = CASE.plugin.parse(off, CASE.context())
    assert isinstance(found, Unreadable)
    assert found.reason == "webhook_off"
    assert "“Orders”" in found.sentence


def test_orders_that_changed_in_one_second_are_all_asked_for() -> None:
    first = shop_orders()[0]
    same = [replace(first, number=n, ref=f"S-{n}") for n in range(1, 31)]
    with WooCommerceFake(same, Clock(first.states[0].since)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        poller.poll()
    assert len(poller.told()) == 30
