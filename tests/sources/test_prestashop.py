"""PrestaShop: pages of its webservice, in the form of its published schemas."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.prestashop import PrestaShop
from cagnotte.hooks import signing
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Incoming,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
    Unreadable,
    Waiting,
)
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import shop_orders
from tests.sources.fakes.prestashop import KEY, PrestaShopFake, kept, row
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

PAID = {1: 0, 2: 1, 5: 1, 6: 0, 7: 0, 8: 0, 12: 1}
MUG: dict[str, object] = {
    "id": 31, "product_id": 10, "product_attribute_id": 0, "product_quantity": 2, "product_reference": "MUG1",
    "product_price": "20.000000", "unit_price_tax_incl": "24.000000", "unit_price_tax_excl": "20.000000",
}  # fmt: skip


def order_xml(*rows: dict[str, object], **fields: object) -> str:
    told: dict[str, object] = {
        "id": 14, "id_customer": 3, "id_currency": 1, "current_state": 2, "reference": "XKBKNABJK",
        "date_add": "2026-11-10 11:00:00", "date_upd": "2026-11-10 11:00:00", "delivery_date": "0000-00-00 00:00:00",
        "note": "", "gift_message": "", "valid": 1, "total_discounts": "8.000000",
        "total_discounts_tax_incl": "8.000000", "total_paid_tax_incl": "45.000000", "total_products_wt": "48.000000",
        "total_shipping_tax_incl": "5.000000", "total_shipping_tax_excl": "4.170000", "total_wrapping_tax_incl": "",
        "conversion_rate": "1.000000",
    }  # fmt: skip
    inner = "".join(row("order_row", "", **one) for one in rows or (MUG,))
    return row(
        "order",
        f"<associations><order_rows>{inner}</order_rows></associations>",
        **{**told, **fields},
    )


def page(*orders: str, rules: str = "", codes: str = "") -> Message:
    states = "".join(row("order_state", id=number, paid=paid) for number, paid in PAID.items())
    parts = {
        "orders": "".join(orders),
        "order_states": states,
        "currencies": row("currency", id=1, iso_code="EUR"),
        "customers": row("customer", id=3, email="ana@example.test"),
        "order_cart_rules": rules,
        "cart_rules": codes,
    }
    told = "".join(
        f"<prestashop><{name}>{rows}</{name}></prestashop>" for name, rows in parts.items()
    )
    return Message(f"<page>{told}</page>".encode(), "orders")


def order(*rows: dict[str, object], **fields: object) -> Message:
    return page(order_xml(*rows, **fields))


def slip(
    number: int = 9,
    *rows: tuple[int, int, str],
    of: int = 14,
    shipping: str = "0.000000",
    **fields: object,
) -> Message:
    inner = "".join(
        row(
            "order_slip_detail",
            id_order_detail=detail,
            product_quantity=count,
            amount_tax_incl=amount,
        )
        for detail, count, amount in rows
    )
    told = row(
        "order_slip",
        f"<associations><order_slip_details>{inner}</order_slip_details></associations>",
        **{
            "id": number, "id_order": of, "total_shipping_tax_incl": shipping, "amount": "0.000000",
            "date_add": "2026-11-12 09:00:00", "date_upd": "2026-11-12 09:00:00", **fields,
        },
    )  # fmt: skip
    named = row("order", id=of, reference="XKBKNABJK")
    parts = {"order_slips": told, "orders": named}
    told = "".join(
        f"<prestashop><{name}>{rows}</{name}></prestashop>" for name, rows in parts.items()
    )
    return Message(f"<page>{told}</page>".encode(), "order_slips")


def message_of(bought: Bought) -> list[Message]:
    local = bought.at.astimezone(CASE.context().zone)
    return [
        order(
            {**MUG, "product_quantity": 1, "unit_price_tax_incl": f"{bought.amount}0000"},
            reference=bought.order_ref,
            note=f"From a link; cagnotte_click={bought.click}",
            total_products_wt=f"{bought.amount}0000",
            total_discounts_tax_incl="0.000000",
            total_shipping_tax_incl="0.000000",
            date_add=local.strftime("%Y-%m-%d %H:%M:%S"),
        )
    ]


def with_status(word: str) -> Message:
    states = {"unpaid": 1, "paid": 2, "completed": 5, "cancelled": 6, "refunded": 7}
    return order(current_state=states.get(word, word))


def signed(body: bytes, secret: str, message_id: str = "orders-14-1") -> Incoming:
    at = str(int(NOW.timestamp()))
    signature = signing.standard_signature(secret, message_id, at, body)
    told = {"webhook-id": message_id, "webhook-timestamp": at, "webhook-signature": signature}
    return Incoming("POST", "https://cagnotte.example/in/x", "", told, body)


LINE = ReportLine(31, "MUG1", 2, Decimal("48.00"), Decimal("8.00"), Decimal("6.67"))
REPORT = PurchaseReport(
    order_ref="XKBKNABJK",
    occurred_at=Moment(
        "2026-11-10 11:00:00", "Europe/Paris", datetime(2026, 11, 10, 10, tzinfo=UTC)
    ),
    currency="EUR",
    lines=[LINE],
    delivery=Decimal("5.00"),
    delivery_tax=Decimal("0.83"),
    status=Validation.PENDING,
    native_status="paid",
    traces=[TraceFound(Trace.EMAIL, "ana@example.test")],
    updated_at=datetime(2026, 11, 10, 10, tzinfo=UTC),
)
CASE = Case(
    plugin=PrestaShop(),
    signed=signed,
    signed_body=b"<page><prestashop><orders/></prestashop></page>",
    secret_name="webhook_secret",
    lives=[
        Life(
            "XKBKNABJK",
            [
                slip(9, (31, 1, "24.000000")),
                order(current_state=1),
                order(current_state=5, date_upd="2026-11-11 08:00:00"),
                slip(10, shipping="5.000000"),
            ],
            replace(
                REPORT,
                lines=[replace(LINE, returned_quantity=1, returned_amount=Decimal("24.00"))],
                delivery=Decimal("0.00"),
                delivery_tax=Decimal(0),
                status=Validation.CONFIRMED,
                native_status="completed",
                updated_at=datetime(2026, 11, 11, 7, tzinfo=UTC),
            ),
        ),
        Life(
            "CANCELLED",
            [order(reference="CANCELLED", current_state=6)],
            replace(
                REPORT,
                order_ref="CANCELLED",
                status=Validation.DECLINED,
                native_status="cancelled",
                reason="cancelled",
            ),
        ),
        Life(
            "REFUNDED",
            [order(reference="REFUNDED", current_state=7)],
            replace(
                REPORT,
                order_ref="REFUNDED",
                lines=[replace(LINE, returned_quantity=2, returned_amount=Decimal("48.00"))],
                status=Validation.DECLINED,
                native_status="refunded",
                reason="returned",
            ),
        ),
    ],
    with_status=with_status,
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
)
POLLING = Polling(
    serve=PrestaShopFake,
    orders=shop_orders,
    settings=lambda fake: {"api_url": fake.url, "history_days": "200"},
    secrets={"webservice_key": [KEY]},
    tells=frozenset({"amount", "status", "click", "at"}),
    expected=lambda order, state: {"amount": kept(order, state)},
    seen_days=None,
    calls_again=9,
)


def told(*messages: Message, **settings: str) -> PurchaseReport:
    context = CASE.context(settings={**CASE.context().settings, **settings})
    (report,) = Standing(CASE.plugin, context).take(*messages).reports().values()
    assert isinstance(report, PurchaseReport)
    return report


# ---- amounts ----


def test_lines_share_the_shops_own_total_to_the_cent() -> None:
    tea = {**MUG, "id": 32, "product_quantity": 3, "unit_price_tax_incl": "3.333333"}
    report = told(
        order(MUG, tea, total_products_wt="58.000000", total_discounts_tax_incl="0.000000")
    )
    assert [line.amount for line in report.lines] == [Decimal("48.00"), Decimal("10.00")]


def test_vouchers_are_spread_over_the_articles() -> None:
    tea = {**MUG, "id": 32, "product_quantity": 1, "unit_price_tax_incl": "16.000000"}
    report = told(
        order(MUG, tea, total_products_wt="64.000000", total_discounts_tax_incl="6.400000")
    )
    assert [line.discount for line in report.lines] == [Decimal("4.80"), Decimal("1.60")]


def test_a_voucher_for_free_delivery_takes_nothing_off_the_articles() -> None:
    rule = row(
        "order_cart_rule",
        id=1,
        id_order=14,
        id_cart_rule=70,
        value="8.000000",
        free_shipping=1,
        deleted=0,
    )
    code = row("cart_rule", id=70, code="ANA-5")
    report = told(page(order_xml(), rules=rule, codes=code))
    assert [line.discount for line in report.lines] == [Decimal("3.00")]
    assert (report.delivery, report.delivery_tax) == (Decimal("0.00"), Decimal(0))
    assert TraceFound(Trace.PROMO_CODE, "ANA-5") in report.traces


def test_a_voucher_that_was_taken_off_the_order_is_none() -> None:
    rule = row(
        "order_cart_rule",
        id=1,
        id_order=14,
        id_cart_rule=70,
        value="8.000000",
        free_shipping=1,
        deleted=1,
    )
    report = told(page(order_xml(), rules=rule, codes=row("cart_rule", id=70, code="ANA-5")))
    assert (report.delivery, report.coupon_codes) == (Decimal("5.00"), ())


def test_an_empty_amount_is_not_zero_where_one_is_needed() -> None:
    with pytest.raises(Misread, match="total_products_wt"):
        told(order(total_products_wt=""))


def test_gift_wrapping_counts_as_delivery() -> None:
    assert told(order(total_wrapping_tax_incl="2.500000")).delivery == Decimal("7.50")


def test_more_slips_than_was_bought_bring_all_back_and_no_more() -> None:
    report = told(
        order(), slip(9, (31, 2, "48.000000")), slip(10, (31, 1, "24.000000"), shipping="9.000000")
    )
    assert [(line.returned_quantity, line.returned_amount) for line in report.lines] == [
        (2, Decimal("48.00"))
    ]
    assert report.delivery == Decimal(0)


# ---- what a cagnotte pays ----


def with_rules(*rules: tuple[int, str, str], **fields: object) -> PurchaseReport:
    tea = {**MUG, "id": 32, "product_quantity": 1, "unit_price_tax_incl": "16.000000"}
    used = "".join(
        row(
            "order_cart_rule",
            id=one,
            id_order=14,
            id_cart_rule=one,
            value=value,
            free_shipping=0,
            deleted=0,
        )
        for one, _, value in rules
    )
    codes = "".join(row("cart_rule", id=one, code=code) for one, code, _ in rules)
    return told(
        page(order_xml(MUG, tea, total_products_wt="64.000000", **fields), rules=used, codes=codes)
    )


def test_a_cart_rule_of_the_cagnotte_is_a_payment_and_no_discount() -> None:
    report = with_rules(
        (70, "CAGNOTTE-14-7F", "10.000000"), (71, "ANA-5", "8.000000"), total_discounts_tax_incl="18.000000"
    )  # fmt: skip
    assert [line.discount for line in report.lines] == [Decimal("6.00"), Decimal("2.00")]
    assert [line.wallet for line in report.lines] == [Decimal("7.50"), Decimal("2.50")]
    assert report.coupon_codes == ("ANA-5",)


def test_a_cagnotte_pays_no_more_than_the_articles() -> None:
    report = with_rules((70, "CAGNOTTE-14-7F", "64.010000"), total_discounts_tax_incl="64.010000")
    assert [(line.discount, line.wallet) for line in report.lines] == [
        (Decimal(0), Decimal("48.00")),
        (Decimal(0), Decimal("16.00")),
    ]
    assert report.delivery == Decimal("5.00")


# ---- the module in the shop ----


def test_the_module_tells_the_pages_that_the_webservice_answers() -> None:
    context = CASE.context(secrets={"webhook_secret": ["s"]})
    for message in (order(), slip(9, (31, 1, "24.000000"))):
        request = signed(message.body, "s")
        assert CASE.plugin.verify_signature(request, context)
        (taken,) = CASE.plugin.receive(request, context, signed=True).messages
        assert taken == replace(message, event_id="orders-14-1")


def test_without_a_key_the_shop_is_not_asked() -> None:
    assert list(CASE.plugin.poll(CASE.context(), {})) == []


# ---- baskets that the shop splits ----


def test_orders_of_one_reference_are_one_purchase() -> None:
    tea = {**MUG, "id": 32, "product_reference": "TEA", "product_quantity": 1}
    second = order_xml(
        tea, id=15, total_products_wt="24.000000", total_discounts_tax_incl="0.000000",
        total_shipping_tax_incl="0.000000", current_state=5,
    )  # fmt: skip
    report = told(page(order_xml(), second))
    assert [(line.number, line.sku) for line in report.lines] == [(31, "MUG1"), (32, "TEA")]
    assert (report.native_status, report.status) == ("paid", Validation.PENDING)


def test_of_a_split_basket_what_is_cancelled_came_back() -> None:
    tea = {**MUG, "id": 32, "product_reference": "TEA", "product_quantity": 1}
    second = order_xml(
        tea,
        id=15,
        total_products_wt="24.000000",
        total_discounts_tax_incl="0.000000",
        current_state=6,
    )
    report = told(page(order_xml(current_state=5), second))
    assert [line.returned_amount for line in report.lines] == [Decimal(0), Decimal("24.00")]
    assert (report.status, report.delivery) == (Validation.CONFIRMED, Decimal("5.00"))


# ---- states ----


def test_a_state_of_the_shops_own_is_known_by_its_flag() -> None:
    assert told(order(current_state=12)).native_status == "paid"


def test_which_states_end_an_order_is_a_setting() -> None:
    assert told(order(current_state=12), completed_states="12, 5").status is Validation.CONFIRMED
    assert told(order(current_state=2), cancelled_states="2").reason == "cancelled"


def test_an_order_in_an_unknown_state_waits_and_the_others_are_read() -> None:
    taken = Standing(CASE.plugin, CASE.context())
    taken.take(page(order_xml(current_state=99), order_xml(id=15, reference="OTHER")))
    assert list(taken.pieces) == ["OTHER"]
    assert [one.where for one in taken.unreadable] == ["order 14"]


def test_a_cancelled_order_that_is_paid_after_all_is_open_again() -> None:
    off, on = order(current_state=6), order(date_upd="2026-11-12 08:00:00")
    assert told(off, on, confirm_on="").status is Validation.PENDING
    assert told(on, confirm_on="").status is None


# ---- slips and traces ----


def test_a_slip_waits_for_its_order() -> None:
    report = Standing(CASE.plugin, CASE.context()).take(slip()).report("XKBKNABJK")
    assert report == Waiting("order_unknown", "Only a credit slip of this order is known yet.")


def test_a_slip_of_an_order_that_the_shop_does_not_tell_is_kept_as_a_problem() -> None:
    message = slip()
    orphan = replace(
        message, body=message.body.replace(b"<reference><![CDATA[XKBKNABJK]]></reference>", b"")
    )
    found = list(CASE.plugin.parse(orphan, CASE.context()))
    assert [type(one) for one in found] == [Unreadable]


def test_a_module_may_note_the_click_or_the_member() -> None:
    report = told(order(note="gift; cagnotte_click: zz11 ; cagnotte_member=4711"))
    assert report.traces[:2] == [
        TraceFound(Trace.CLICK, "zz11"),
        TraceFound(Trace.MEMBER_NUMBER, "4711"),
    ]


def test_times_are_the_shops_own() -> None:
    summer = order(date_add="2026-07-01 11:00:00")
    assert told(summer).occurred_at.utc == datetime(2026, 7, 1, 9, tzinfo=UTC)


def test_entities_in_an_answer_are_not_resolved() -> None:
    bomb = b'<!DOCTYPE page [<!ENTITY a SYSTEM "file:///etc/passwd">]><page>&a;</page>'
    assert list(CASE.plugin.parse(Message(bomb, "orders"), CASE.context())) == []


def test_a_poll_begins_two_hours_early_since_clocks_repeat_an_hour() -> None:
    with PrestaShopFake([], Clock(datetime(2026, 10, 25, 2, 30, tzinfo=UTC))) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        poller.cursor = {"since": "2026-10-25T00:50:00+00:00"}
        poller.poll()
        (asked,) = [one.query("filter[date_upd]") for one in fake.log if one.path == "/api/orders"]
    assert asked == "[2026-10-25 00:50:00,2099-12-31 23:59:59]"
