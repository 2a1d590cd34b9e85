"""Shopify: orders and refunds as its documentation shows them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Channel, Validation
from cagnotte.extras.sources.shops.shopify import Shopify
from cagnotte.hooks import signing
from cagnotte.hooks.sources import (
    Ignored,
    Incoming,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceFailed,
    TraceFound,
    Waiting,
    Wanted,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import shop_orders
from tests.sources.fakes.returns import kept
from tests.sources.fakes.shopify import APP, SECRET, ShopifyFake, price
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

HOOK_SECRET = "secret-below-the-list-of-webhooks"
MUG = {
    "id": 46615, "sku": "MUG1", "product_id": 63, "quantity": 2, "current_quantity": 2, "price": "24.00",
    "total_discount": "0.00", "gift_card": False, "discount_allocations": [{"amount": "8.00"}],
    "tax_lines": [{"title": "TVA", "price": "6.67", "rate": 0.2}],
}  # fmt: skip
SHIPPING = {
    "price": "5.00",
    "discount_allocations": [],
    "tax_lines": [{"price": "0.83", "rate": 0.2}],
}


def order(**fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": 450789469, "name": "#1001", "order_number": 1001, "email": "ana@example.test", "currency": "EUR",
        "presentment_currency": "EUR", "created_at": "2026-11-10T11:00:00-05:00",
        "processed_at": "2026-11-10T11:00:00-05:00", "updated_at": "2026-11-10T11:00:00-05:00",
        "cancelled_at": None, "cancel_reason": None, "financial_status": "paid", "fulfillment_status": None,
        "taxes_included": True, "test": False, "source_name": "web", "landing_site": "/?utm_source=c",
        "note_attributes": [{"name": "cagnotte_click", "value": "k7m2p9q4"}], "discount_codes": [],
        "billing_address": {"name": "Ana", "country_code": "FR"}, "line_items": [MUG],
        "shipping_lines": [SHIPPING], "refunds": [],
        "total_price_set": {
            "shop_money": {"amount": "45.00", "currency_code": "EUR"},
            "presentment_money": {"amount": "45.00", "currency_code": "EUR"},
        },
    }  # fmt: skip
    return {**told, **fields}


def message(topic: str = "orders/updated", **fields: Any) -> Message:
    return Message(json.dumps(order(**fields)).encode(), topic)


def later(day: int, **fields: Any) -> Message:
    return message(updated_at=f"2026-11-{day}T11:00:00-05:00", **fields)


def refund(number: int = 509, **fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": number, "order_id": 450789469, "created_at": "2026-11-12T09:00:00-05:00",
        "processed_at": "2026-11-12T09:00:00-05:00",
        "refund_line_items": [
            {"id": 1, "quantity": 1, "line_item_id": 46615, "subtotal": "20.00", "total_tax": "3.33"}
        ],
        "order_adjustments": [], "transactions": [money("20.00")],
    }  # fmt: skip
    return {**told, **fields}


def money(amount: str, status: str = "success", currency: str = "EUR") -> dict[str, str]:
    return {
        "kind": "refund",
        "status": status,
        "amount": amount,
        "currency": currency,
        "gateway": "bogus",
    }


def refunded(**fields: Any) -> Message:
    return Message(json.dumps(refund(**fields)).encode(), "refunds/create")


def signed(body: bytes, secret: str) -> Incoming:
    headers = {
        "x-shopify-topic": "orders/updated",
        "x-shopify-hmac-sha256": signing.base64_text(signing.hmac_sha256(secret, body)),
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    }
    return Incoming("POST", "https://c.example/in/shopify", "", headers, body)


def message_of(bought: Bought) -> list[Message]:
    line = {**MUG, "quantity": 1, "price": str(bought.amount), "discount_allocations": []}
    return [
        message(
            name=f"#{bought.order_ref}",
            processed_at=bought.at.isoformat(),
            line_items=[line],
            shipping_lines=[],
            note_attributes=[],
            landing_site=f"/a?b=c&cagnotte_click={bought.click}",
        )
    ]


def with_status(word: str) -> Message:
    if word == "cancelled":
        return message(cancelled_at="2026-11-11T11:00:00-05:00", cancel_reason="customer")
    if word == "fulfilled":
        return message(fulfillment_status="fulfilled")
    return message(financial_status=word)


LINE = ReportLine(1, "MUG1", 2, Decimal("48.00"), Decimal("8.00"), Decimal("6.67"))
ONE_BACK = replace(LINE, returned_quantity=1, returned_amount=Decimal("24.00"))
ALL_BACK = replace(LINE, returned_quantity=2, returned_amount=Decimal("48.00"))
REPORT = PurchaseReport(
    order_ref="1001",
    occurred_at=Moment("2026-11-10T11:00:00-05:00", "", datetime(2026, 11, 10, 16, tzinfo=UTC)),
    currency="EUR",
    lines=[LINE],
    delivery=Decimal("5.00"),
    delivery_tax=Decimal("0.83"),
    status=Validation.PENDING,
    native_status="paid",
    traces=[TraceFound(Trace.CLICK, "k7m2p9q4"), TraceFound(Trace.EMAIL, "ana@example.test")],
    country="FR",
    updated_at=datetime(2026, 11, 10, 16, tzinfo=UTC),
)


def on(day: int) -> datetime:
    return datetime(2026, 11, day, 16, tzinfo=UTC)


CANCELLED = {"cancelled_at": "2026-11-11T11:00:00-05:00", "cancel_reason": "customer"}
CASE = Case(
    plugin=Shopify(),
    secrets={"webhook_secret": [HOOK_SECRET]},
    lives=[
        Life(
            "450789469",
            [
                refunded(),
                message("orders/create", financial_status="pending"),
                later(11, fulfillment_status="fulfilled"),
                later(
                    12,
                    financial_status="partially_refunded",
                    fulfillment_status="fulfilled",
                    refunds=[refund()],
                    line_items=[{**MUG, "current_quantity": 1}],
                ),
            ],
            replace(
                REPORT,
                lines=[ONE_BACK],
                status=Validation.CONFIRMED,
                native_status="fulfilled",
                updated_at=on(12),
            ),
        ),
        Life(
            "2",
            [message(id=2), later(11, id=2, **CANCELLED, financial_status="voided")],
            replace(
                REPORT,
                status=Validation.DECLINED,
                native_status="cancelled",
                reason="cancelled",
                updated_at=on(11),
            ),
        ),
        Life(
            "3",
            [
                later(
                    13,
                    id=3,
                    financial_status="refunded",
                    refunds=[refund(9, transactions=[money("45.00")])],
                ),
                refunded(id=9, order_id=3, transactions=[money("45.00", "pending")]),
            ],
            replace(
                REPORT,
                lines=[ALL_BACK],
                status=Validation.DECLINED,
                native_status="refunded",
                reason="returned",
                updated_at=on(13),
            ),
        ),
        Life(
            "4",
            [message(id=4), Message(b'{"id":4}', "orders/delete")],
            replace(REPORT, status=Validation.DECLINED, reason="cancelled"),
        ),
        Life(
            "5",
            [refunded(order_id=5)],
            Waiting("order_unknown", "Only a refund or the end of this order is known yet."),
        ),
    ],
    with_status=with_status,
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
    signed=signed,
    secret_name="webhook_secret",
    useless=[
        message(test=True),
        replace(message(), headers={"x-shopify-test": "true"}),
        Message(b'{"order_edit":{"id":1,"order_id":450789469}}', "orders/edited"),
    ],
)
POLLING = Polling(
    serve=ShopifyFake,
    orders=shop_orders,
    settings=lambda fake: {"api_url": fake.url, "history_days": "200", "client_id": APP},
    secrets={"client_secret": [SECRET]},
    tells=frozenset({"amount", "status", "click", "at"}),
    expected=lambda order, state: {"amount": kept(order, state, price)},
    seen_days=None,
)


def told(*messages: Message, **settings: str) -> PurchaseReport:
    context = CASE.context(settings={**CASE.context().settings, **settings})
    (report,) = Standing(CASE.plugin, context).take(*messages).reports().values()
    assert isinstance(report, PurchaseReport)
    return report


def after(*refunds: dict[str, Any], **fields: Any) -> PurchaseReport:
    return told(message(refunds=list(refunds), **fields))


# ---- webhooks ----


def test_a_delivery_is_kept_under_the_number_that_its_repeats_share() -> None:
    (found,) = CASE.plugin.receive(signed(b"{}", HOOK_SECRET), CASE.context(), signed=True).messages
    assert (found.topic, found.event_id) == (
        "orders/updated",
        "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    )


def test_a_stale_repeat_changes_nothing() -> None:
    new, old = later(14, fulfillment_status="fulfilled"), message("orders/create")
    assert told(new, old) == told(old, new)
    assert told(new, old).native_status == "fulfilled"


def test_an_edit_is_fetched_where_the_shop_may_be_asked() -> None:
    edit = Message(b'{"order_edit":{"id":1,"order_id":450789469}}', "orders/edited")
    (found,) = CASE.plugin.parse(edit, CASE.context())
    assert isinstance(found, Ignored)
    (found,) = CASE.plugin.parse(edit, CASE.context(secrets={"access_token": ["shpat_1"]}))
    assert found == Wanted("450789469")


# ---- amounts ----


def test_tax_is_added_where_prices_are_without_it() -> None:
    report = told(message(taxes_included=False))
    assert report.lines == [
        ReportLine(1, "MUG1", 2, Decimal("54.67"), Decimal("8.00"), Decimal("6.67"))
    ]
    assert (report.delivery, report.delivery_tax) == (Decimal("5.83"), Decimal("0.83"))


def test_a_gift_card_that_is_bought_is_marked() -> None:
    assert [
        line.gift_card for line in told(message(line_items=[{**MUG, "gift_card": True}])).lines
    ] == [True]


def test_an_edit_takes_units_away_without_any_refund() -> None:
    report = after(line_items=[{**MUG, "current_quantity": 1}])
    assert (report.lines, report.refunded) == ([ONE_BACK], Decimal(0))


def test_units_that_an_edit_took_away_are_not_taken_twice_when_a_refund_names_them() -> None:
    report = after(refund(), line_items=[{**MUG, "current_quantity": 1}])
    assert (report.lines, report.refunded) == ([ONE_BACK], Decimal(0))


@pytest.mark.parametrize(
    ("refunds", "lines", "delivery", "rest"),
    [
        ([refund(transactions=[money("30.00")])], [ONE_BACK], "5.00", "10.00"),
        ([refund(transactions=[money("15.00")])], [ONE_BACK], "5.00", "0"),
        ([refund(transactions=[money("20.00", "pending")])], [ONE_BACK], "5.00", "0"),
        ([refund(transactions=[])], [ONE_BACK], "5.00", "0"),
        ([refund(transactions=[money("20.00", "failure")])], [LINE], "5.00", "0"),
        ([refund(refund_line_items=[], transactions=[money("7.00")])], [LINE], "5.00", "7.00"),
        (
            [
                refund(
                    refund_line_items=[],
                    order_adjustments=[{"kind": "shipping_refund", "amount": "-4.17", "tax_amount": "-0.83"}],
                    transactions=[money("5.00")],
                )
            ],
            [LINE], "0.00", "0",
        ),
        (
            [
                refund(
                    order_adjustments=[{"kind": "refund_discrepancy", "amount": "-5.00", "tax_amount": "0.00"}],
                    transactions=[money("25.00")],
                )
            ],
            [ONE_BACK], "5.00", "5.00",
        ),
        (
            [
                refund(1, transactions=[]),
                refund(2, refund_line_items=[], transactions=[money("20.00")]),
            ],
            [ONE_BACK], "5.00", "0",
        ),
        ([refund(refund_line_items=[], transactions=[money("90.00")])], [ALL_BACK], "5.00", "0"),
    ],
    ids=[
        "a gesture beside the article", "a fee kept back", "money under way", "an article taken off unpaid",
        "money that was refused", "money alone", "the delivery alone", "a negative adjustment",
        "what one refund owed another pays", "more than was bought",
    ],
)  # fmt: skip
def test_what_a_refund_takes_off(
    refunds: list[dict[str, Any]], lines: list[ReportLine], delivery: str, rest: str
) -> None:
    report = after(*refunds)
    assert report.lines == lines
    assert (report.delivery, report.refunded) == (Decimal(delivery), Decimal(rest))


def test_money_given_back_in_the_customers_currency_counts_at_the_rate_of_the_order() -> None:
    rates = {
        "shop_money": {"amount": "45.00", "currency_code": "EUR"},
        "presentment_money": {"amount": "54.00", "currency_code": "CAD"},
    }
    back = refund(refund_line_items=[], transactions=[money("6.00", currency="CAD")])
    assert after(back, total_price_set=rates).refunded == Decimal("5.00")


# ---- standing ----


def test_a_refunded_order_is_not_a_cancelled_one() -> None:
    refunded_all = after(refund(transactions=[money("45.00")]), financial_status="refunded")
    assert (refunded_all.reason, refunded_all.lines) == ("returned", [ALL_BACK])
    cancelled = told(message(**CANCELLED))
    assert (cancelled.reason, cancelled.lines) == ("cancelled", [LINE])


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("fraud", "fraud"),
        ("inventory", "out_of_stock"),
        ("declined", "invalid_payment"),
        ("other", "cancelled"),
    ],
)
def test_why_an_order_was_cancelled_is_told(why: str, reason: str) -> None:
    assert told(message(**{**CANCELLED, "cancel_reason": why})).reason == reason


def test_which_word_confirms_is_a_setting() -> None:
    assert told(message(), confirm_on="paid").status is Validation.CONFIRMED
    partly = message(financial_status="partially_refunded")
    assert told(partly, confirm_on="paid").status is Validation.CONFIRMED
    assert told(message(fulfillment_status="fulfilled"), confirm_on="").status is None
    assert told(message(financial_status="authorized"), confirm_on="").status is Validation.PENDING


def test_a_sent_order_that_is_cleared_away_keeps_its_standing() -> None:
    sent = message(fulfillment_status="fulfilled")
    gone = Message(b'{"id":450789469}', "orders/delete")
    assert told(sent, gone).status is Validation.CONFIRMED


def test_orders_at_the_till_are_made_in_store() -> None:
    assert told(message(source_name="pos")).channel is Channel.STORE


# ---- asking ----


def test_without_a_key_the_shop_is_not_asked() -> None:
    assert list(CASE.plugin.poll(CASE.context(), {})) == []


def test_an_order_is_fetched_whole() -> None:
    orders = shop_orders()
    with ShopifyFake(orders, Clock(orders[-1].states[-1].since)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        (found,) = CASE.plugin.fetch(poller.context(calling=True), "7")
    report = told(found)
    assert report.order_ref == orders[6].ref


def test_a_lasting_token_is_used_where_the_app_has_one() -> None:
    with ShopifyFake([], Clock(on(10))) as fake:
        fake.may = lambda asked: asked.headers.get("x-shopify-access-token") == "shpat_lasting"  # type: ignore[method-assign]
        poller = Poller(CASE, POLLING, fake, fake.clock)
        context = poller.context(calling=True)
        context = replace(
            context,
            settings={**context.settings, "client_id": ""},
            secrets={"access_token": ["shpat_lasting"]},
        )
        pages = list(CASE.plugin.poll(context, {}))
        assert [asked.method for asked in fake.log] == ["GET"]
    assert len(pages) == 1


def test_a_next_page_on_another_server_is_not_asked_for() -> None:
    with ShopifyFake([], Clock(on(10))) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        fake.fail_next(
            200, {"link": '<https://elsewhere.example/x>; rel="next"'}, b'{"orders":[]}', after=1
        )
        with pytest.raises(SourceFailed, match="another server"):
            poller.poll()
    assert poller.cursor == {}


def test_a_shop_that_lists_in_another_order_is_not_trusted() -> None:
    rows = [order(id=n, updated_at=f"2026-11-{n}T11:00:00Z") for n in (12, 11)]
    with ShopifyFake([], Clock(on(20))) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        fake.fail_next(200, {}, json.dumps({"orders": rows}).encode(), after=1)
        with pytest.raises(SourceFailed, match="order of the changes"):
            poller.poll()
    assert (poller.cursor, poller.told()) == ({}, {})
