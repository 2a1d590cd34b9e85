"""Magento: orders with the fields of its published interface."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.magento import Magento
from cagnotte.hooks.sources import Message, Moment, PurchaseReport, ReportLine, TraceFound, Waiting
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.magento import TOKEN, MagentoFake
from tests.sources.fakes.orders import shop_orders
from tests.sources.fakes.returns import kept
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

MUG: dict[str, Any] = {
    "item_id": 31, "sku": "MUG1-RED", "product_type": "configurable", "qty_ordered": 2, "qty_refunded": 0,
    "qty_canceled": 0, "row_total": Number("40.0000"), "row_total_incl_tax": Number("48.0000"),
    "discount_amount": Number("6.6700"), "tax_amount": Number("6.6700"), "discount_tax_compensation_amount": 0,
    "base_row_total": Number("44.00"),
}  # fmt: skip
CHILD: dict[str, Any] = {
    "item_id": 32, "parent_item_id": 31, "sku": "MUG1-RED", "product_type": "simple", "qty_ordered": 2,
    "row_total": 0, "row_total_incl_tax": 0,
}  # fmt: skip


def order(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "entity_id": 14, "increment_id": "000000014", "state": "processing", "status": "to_be_packed",
        "created_at": "2026-11-10 10:00:00", "updated_at": "2026-11-10 10:00:00", "order_currency_code": "EUR",
        "base_currency_code": "USD", "customer_email": "ana@example.test", "discount_amount": Number("-6.6700"),
        "subtotal": Number("40.0000"), "grand_total": Number("45.0000"), "shipping_incl_tax": Number("5.0000"),
        "shipping_tax_amount": Number("0.8300"), "billing_address": {"country_id": "FR"},
        "extension_attributes": {"cagnotte_click": "k7m2p9q4", "shipping_assignments": []},
        "items": list(items or (MUG, CHILD)),
    }  # fmt: skip
    return {**told, **fields}


def message(*items: dict[str, Any], **fields: Any) -> Message:
    return Message(json_bytes(order(*items, **fields)), "order")


def refunded(units: int, net: str, tax: str, **fields: Any) -> dict[str, Any]:
    return {
        **MUG,
        "qty_refunded": units,
        "amount_refunded": Number(net),
        "tax_refunded": Number(tax),
        **fields,
    }


def message_of(bought: Bought) -> list[Message]:
    item = {
        **MUG, "qty_ordered": 1, "row_total": Number(bought.amount), "row_total_incl_tax": Number(bought.amount),
        "discount_amount": 0, "tax_amount": 0,
    }  # fmt: skip
    return [
        message(
            item,
            increment_id=bought.order_ref,
            created_at=bought.at.strftime("%Y-%m-%d %H:%M:%S"),
            shipping_incl_tax=0,
            extension_attributes={"cagnotte_click": bought.click},
        )
    ]


LINE = ReportLine(31, "MUG1-RED", 2, Decimal("48.00"), Decimal("8.00"), Decimal("6.67"))
ONE_BACK = replace(LINE, returned_quantity=1, returned_amount=Decimal("24.00"))
ALL_BACK = replace(LINE, returned_quantity=2, returned_amount=Decimal("48.00"))
HALF = refunded(1, "20.0000", "3.3300", discount_refunded=Number("3.3300"))
REPORT = PurchaseReport(
    order_ref="000000014",
    occurred_at=Moment("2026-11-10 10:00:00", "UTC", datetime(2026, 11, 10, 10, tzinfo=UTC)),
    currency="EUR",
    lines=[LINE],
    delivery=Decimal("5.00"),
    delivery_tax=Decimal("0.83"),
    status=Validation.PENDING,
    native_status="processing",
    traces=[TraceFound(Trace.CLICK, "k7m2p9q4"), TraceFound(Trace.EMAIL, "ana@example.test")],
    country="FR",
    updated_at=datetime(2026, 11, 10, 10, tzinfo=UTC),
)
CASE = Case(
    plugin=Magento(),
    secrets={"access_token": [TOKEN]},
    lives=[
        Life(
            "14",
            [
                message(state="pending_payment"),
                message(updated_at="2026-11-10 10:05:00"),
                message(
                    HALF, CHILD, state="complete", total_refunded=Number("20.0000"),
                    updated_at="2026-11-15 09:00:00",
                ),
            ],
            replace(
                REPORT,
                lines=[ONE_BACK],
                status=Validation.CONFIRMED,
                native_status="complete",
                updated_at=datetime(2026, 11, 15, 9, tzinfo=UTC),
            ),
        ),
        Life(
            "15",
            [message(entity_id=15, state="canceled")],
            replace(
                REPORT, status=Validation.DECLINED, native_status="canceled", reason="cancelled"
            ),
        ),
        Life(
            "16",
            [message(entity_id=16, state="closed", total_refunded=Number("45.0000"))],
            replace(
                REPORT,
                lines=[ALL_BACK],
                status=Validation.DECLINED,
                native_status="closed",
                reason="returned",
            ),
        ),
        Life(
            "17",
            [message(entity_id=17, items=[])],
            Waiting("no_lines", "The order holds no articles yet."),
        ),
    ],
    with_status=lambda word: message(state=word),
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
)  # fmt: skip
POLLING = Polling(
    serve=MagentoFake,
    orders=shop_orders,
    settings=lambda fake: {"api_url": fake.url, "history_days": "200"},
    tells=frozenset({"amount", "status", "click", "at"}),
    expected=lambda order, state: {"amount": kept(order, state)},
    seen_days=None,
)


def told(*messages: Message, **settings: str) -> PurchaseReport:
    context = CASE.context(settings={**CASE.context().settings, **settings})
    (report,) = Standing(CASE.plugin, context).take(*messages).reports().values()
    assert isinstance(report, PurchaseReport)
    return report


# ---- items and amounts ----


def test_of_a_bundle_priced_by_its_parts_the_parts_are_the_lines() -> None:
    bundle = {**MUG, "product_type": "bundle"}
    parts = [
        {**MUG, "item_id": 40, "parent_item_id": 31, "product_type": "simple", "sku": "CUP"},
        {
            **MUG, "item_id": 41, "parent_item_id": 31, "product_type": "simple", "sku": "LID",
            "row_total": Number("10.00"), "row_total_incl_tax": Number("12.00"), "discount_amount": 0,
            "tax_amount": Number("2.00"),
        },
    ]  # fmt: skip
    report = told(message(bundle, *parts))
    assert [(line.sku, line.amount) for line in report.lines] == [
        ("CUP", Decimal("48.00")),
        ("LID", Decimal("12.00")),
    ]


def test_tax_that_a_discount_hid_is_paid_all_the_same() -> None:
    item = {
        **MUG, "discount_amount": Number("8.0000"), "tax_amount": Number("6.6667"),
        "discount_tax_compensation_amount": Number("1.3333"),
    }  # fmt: skip
    (line,) = told(message(item)).lines
    assert line.amount - line.discount == Decimal("40.00")


def test_amounts_in_the_currency_of_the_shop_are_not_read() -> None:
    assert told(message({**MUG, "base_row_total": Number("999.00")})) == REPORT


def test_a_gift_card_that_is_bought_is_marked() -> None:
    (line,) = told(message({**MUG, "product_type": "giftcard"})).lines
    assert line.gift_card


@pytest.mark.parametrize(
    ("item", "fields", "line", "delivery", "rest"),
    [
        (HALF, {"total_refunded": "20.0000"}, ONE_BACK, "5.00", "0"),
        (HALF, {"total_refunded": "25.0000"}, ONE_BACK, "5.00", "5.00"),
        (HALF, {"total_refunded": "15.0000"}, ONE_BACK, "5.00", "0"),
        (
            MUG,
            {"total_refunded": "5.0000", "shipping_refunded": "4.1700", "shipping_tax_refunded": "0.8300"},
            LINE, "0.00", "0",
        ),
        ({**MUG, "qty_canceled": 1}, {}, ONE_BACK, "5.00", "0"),
        (MUG, {"total_refunded": "60.0000"}, ALL_BACK, "5.00", "0"),
    ],
    ids=[
        "an article", "a gesture beside it", "a fee kept back", "the delivery alone", "a part cancelled unpaid",
        "more than was bought",
    ],
)  # fmt: skip
def test_what_a_refund_takes_off(
    item: dict[str, Any], fields: dict[str, str], line: ReportLine, delivery: str, rest: str
) -> None:
    counted = {name: Number(value) for name, value in fields.items()}
    report = told(message(item, CHILD, **counted))
    assert report.lines == [line]
    assert (report.delivery, report.refunded) == (Decimal(delivery), Decimal(rest))


def test_a_part_of_what_is_sold_by_weight_comes_back_by_its_money() -> None:
    tea = {**MUG, "qty_ordered": Number("1.5000"), "qty_refunded": Number("0.5000")}
    part = {**tea, "amount_refunded": Number("13.3300"), "total_refunded": Number("13.3300")}
    (line,) = told(message(part)).lines
    assert (line.quantity, line.returned_quantity, line.returned_amount) == (1, 0, Decimal("16.00"))
    (line,) = told(message({**tea, "qty_refunded": 0, "qty_canceled": Number("0.7500")})).lines
    assert (line.returned_quantity, line.returned_amount) == (0, Decimal("24.00"))


# ---- standing and traces ----


def test_the_state_counts_and_not_the_shops_own_status() -> None:
    assert told(message(status="canceled")).status is Validation.PENDING


def test_which_state_confirms_is_a_setting() -> None:
    assert told(message(), confirm_on="processing").status is Validation.CONFIRMED
    assert told(message(state="complete"), confirm_on="processing").status is Validation.CONFIRMED
    assert told(message(), confirm_on="").status is None
    assert told(message(state="new"), confirm_on="processing").status is Validation.PENDING


def test_a_coupon_is_a_trace() -> None:
    report = told(message(coupon_code="ANA-5"))
    assert TraceFound(Trace.PROMO_CODE, "ANA-5") in report.traces
    assert report.coupon_codes == ("ANA-5",)


# ---- asking ----


def test_an_order_is_fetched_whole() -> None:
    orders = shop_orders()
    with MagentoFake(orders, Clock(orders[-1].states[-1].since)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        (found,) = CASE.plugin.fetch(poller.context(calling=True), "7")
    assert told(found).order_ref == orders[6].ref


def test_an_order_of_a_page_that_cannot_be_read_leaves_the_others() -> None:
    rows = [order(entity_id=1), order(entity_id=2, state=None), order(entity_id=3)]
    body = json_bytes({"items": rows, "total_count": 3})
    taken = Standing(CASE.plugin, CASE.context()).take(Message(body, "orders"))
    assert sorted(taken.pieces) == ["1", "3"]
    assert [one.where for one in taken.unreadable] == ["order 2"]


def test_the_last_page_is_not_asked_for_again_and_again() -> None:
    orders = shop_orders(count=40)
    with MagentoFake(orders, Clock(orders[-1].states[-1].since)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        calls = poller.poll()
    assert calls <= 4
    assert len(poller.told()) == len(orders)
