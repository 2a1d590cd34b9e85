"""Vendure: orders in the shape in which version 3.7 was seen to answer, and what happens to them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.vendure import Vendure
from cagnotte.hooks.sources import (
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceFailed,
    TraceFound,
)
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, State, shop_orders
from tests.sources.fakes.returns import kept
from tests.sources.fakes.vendure import NAME, PASSWORD, VendureFake
from tests.sources.polling import Facts, Poller, Polling
from tests.sources.standing import Standing

CLICK = "k7m2p9q4r8s3t6v1w5x0"
TEA: dict[str, Any] = {
    "id": "1", "quantity": 2, "orderPlacedQuantity": 2, "unitPriceWithTax": 1250, "proratedLinePrice": 1875,
    "proratedLinePriceWithTax": 2250, "productVariant": {"sku": "TEA-250"},
}  # fmt: skip
POT: dict[str, Any] = {
    "id": "2", "quantity": 1, "orderPlacedQuantity": 1, "unitPriceWithTax": 3300, "proratedLinePrice": 2475,
    "proratedLinePriceWithTax": 2970, "productVariant": {"sku": "POT-1"},
}  # fmt: skip
ONE_TEA = {**TEA, "quantity": 1, "proratedLinePrice": 937, "proratedLinePriceWithTax": 1125}
NO_TEA = {**TEA, "quantity": 0, "proratedLinePrice": 0, "proratedLinePriceWithTax": 0}
NO_POT = {**POT, "quantity": 0, "proratedLinePrice": 0, "proratedLinePriceWithTax": 0}


def order(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "code": "E7QJZ27YYHLDFJTH", "state": "PaymentSettled", "orderPlacedAt": "2026-11-01T09:30:39.550Z",
        "updatedAt": "2026-11-01T09:30:38.000Z", "currencyCode": "EUR", "couponCodes": ["TEN"], "totalWithTax": 5710,
        "shipping": 408, "shippingWithTax": 490, "customer": {"emailAddress": "ana@mail.example"},
        "shippingAddress": {"countryCode": "FR"}, "customFields": {"cagnotteClick": CLICK}, "lines": [TEA, POT],
        "surcharges": [], "payments": [payment()],
    }  # fmt: skip
    return {**told, **changes}


def payment(*refunds: dict[str, Any], amount: int = 5710) -> dict[str, Any]:
    return {"id": "1", "state": "Settled", "amount": amount, "refunds": list(refunds)}


def refund(state: str, total: int, units: int = 0, *, line: str = "1") -> dict[str, Any]:
    lines = [{"orderLineId": line, "quantity": units}] if units else []
    return {"id": "1", "state": state, "total": total, "lines": lines}


def message(*orders: dict[str, Any]) -> Message:
    told = {"data": {"orders": {"totalItems": len(orders), "items": list(orders)}}}
    return Message(json.dumps(told).encode(), "orders")


def tea(**changes: Any) -> ReportLine:
    told: dict[str, Any] = {
        "number": 1, "sku": "TEA-250", "quantity": 2, "amount": Decimal("22.50"), "tax": Decimal("3.75"),
    }  # fmt: skip
    return ReportLine(**{**told, **changes})


def pot(**changes: Any) -> ReportLine:
    told: dict[str, Any] = {
        "number": 2, "sku": "POT-1", "quantity": 1, "amount": Decimal("29.70"), "tax": Decimal("4.95"),
    }  # fmt: skip
    return ReportLine(**{**told, **changes})


def report(**changes: Any) -> PurchaseReport:
    told: dict[str, Any] = {
        "order_ref": "E7QJZ27YYHLDFJTH",
        "occurred_at": Moment(
            "2026-11-01T09:30:39.550Z", "", datetime(2026, 11, 1, 9, 30, 39, 550000, UTC)
        ),
        "currency": "EUR",
        "lines": [tea(), pot()],
        "delivery": Decimal("4.90"),
        "delivery_tax": Decimal("0.82"),
        "status": Validation.PENDING,
        "native_status": "PaymentSettled",
        "traces": [
            TraceFound(Trace.CLICK, CLICK),
            TraceFound(Trace.PROMO_CODE, "TEN"),
            TraceFound(Trace.EMAIL, "ana@mail.example"),
        ],
        "country": "FR",
        "coupon_codes": ("TEN",),
        "updated_at": datetime(2026, 11, 1, 9, 30, 38, tzinfo=UTC),
    }
    return PurchaseReport(**{**told, **changes})


def message_of(bought: Bought) -> list[Message]:
    minor = int(bought.amount * 100)
    line = {
        **TEA, "quantity": 1, "orderPlacedQuantity": 1, "proratedLinePriceWithTax": minor, "proratedLinePrice": minor,
    }  # fmt: skip
    return [
        message(
            order(
                code=bought.order_ref, orderPlacedAt=bought.at.isoformat(), lines=[line], shipping=0, shippingWithTax=0,
                customFields={"cagnotteClick": bought.click},
            )
        )
    ]  # fmt: skip


LATER = "2026-11-10T09:00:00.000Z"
AT_LATER = datetime(2026, 11, 10, 9, tzinfo=UTC)
BACK = refund("Settled", 1125, 1)

CASE = Case(
    plugin=Vendure(),
    settings={"username": NAME, "click_field": "cagnotteClick"},
    secrets={"password": [PASSWORD]},
    lives=[
        Life(
            # One tea is paid back: no change of the order, and nothing until the refund is settled.
            "E7QJZ27YYHLDFJTH",
            [
                message(order()),
                message(order(payments=[payment(refund("Pending", 1125, 1))])),
                message(order(payments=[payment(BACK)])),
            ],
            report(lines=[tea(returned_quantity=1, returned_amount=Decimal("11.25")), pot()]),
        ),
        Life(
            "PENDING",
            [message(order(code="PENDING", payments=[payment(refund("Pending", 1125, 1))]))],
            report(order_ref="PENDING"),
        ),
        Life(
            # One tea is cancelled and paid back: once, not twice. All in the same second.
            "CANCELREFUND",
            [
                message(order(code="CANCELREFUND")),
                message(order(code="CANCELREFUND", lines=[ONE_TEA, POT], totalWithTax=4585)),
                message(
                    order(
                        code="CANCELREFUND", lines=[ONE_TEA, POT], totalWithTax=4585, payments=[payment(BACK)],
                    )
                ),
            ],
            report(
                order_ref="CANCELREFUND",
                lines=[
                    tea(returned_quantity=1, returned_amount=Decimal("11.25"), tax=Decimal("3.76")), pot(),
                ],
            ),
        ),
        Life(
            # A tea is cancelled, and more is given back for the rest.
            "GESTURE",
            [
                message(
                    order(
                        code="GESTURE", lines=[NO_TEA, POT], totalWithTax=3460, updatedAt=LATER, state="Delivered",
                        payments=[payment(refund("Settled", 2250, 2), refund("Settled", 297))],
                    )
                )
            ],
            report(
                order_ref="GESTURE", status=Validation.CONFIRMED, native_status="Delivered", updated_at=AT_LATER,
                lines=[
                    tea(
                        amount=Decimal("25.00"), tax=Decimal("0.00"), returned_quantity=2,
                        returned_amount=Decimal("25.00"),
                    ),
                    pot(returned_amount=Decimal("2.97")),
                ],
            ),
        ),
        Life(
            "CANCELLED",
            [
                message(order(code="CANCELLED")),
                message(
                    order(
                        code="CANCELLED", state="Cancelled", updatedAt=LATER, lines=[NO_TEA, NO_POT], totalWithTax=0,
                        shipping=0, shippingWithTax=0,
                    )
                ),
            ],
            report(
                order_ref="CANCELLED", status=Validation.DECLINED, native_status="Cancelled", reason="cancelled",
                updated_at=AT_LATER, delivery=Decimal("0.00"), delivery_tax=Decimal("0.00"),
                lines=[
                    tea(
                        amount=Decimal("25.00"), tax=Decimal("0.00"), returned_quantity=2,
                        returned_amount=Decimal("25.00"),
                    ),
                    pot(
                        amount=Decimal("33.00"), tax=Decimal("0.00"), returned_quantity=1,
                        returned_amount=Decimal("33.00"),
                    ),
                ],
            ),
        ),
        Life(
            # Wrapping costs more, paying early less.
            "SURCHARGES",
            [
                message(
                    order(
                        code="SURCHARGES", customFields=None,
                        surcharges=[{"price": 250, "priceWithTax": 300}, {"price": -435, "priceWithTax": -522}],
                    )
                )
            ],
            report(
                order_ref="SURCHARGES", delivery=Decimal("7.90"), delivery_tax=Decimal("1.32"),
                lines=[
                    tea(discount=Decimal("2.25"), tax=Decimal("3.38")),
                    pot(discount=Decimal("2.97"), tax=Decimal("4.46")),
                ],
                traces=[TraceFound(Trace.PROMO_CODE, "TEN"), TraceFound(Trace.EMAIL, "ana@mail.example")],
            ),
        ),
    ],
    with_status=lambda word: message(order(state=word)),
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
    useless=[message(order(orderPlacedAt=None, state="AddingItems"))],
)  # fmt: skip


def expected(order: Order, state: State) -> Facts:
    amount = kept(order, state, lambda line: line.price - line.coupon)
    return {"amount": Decimal(0) if state.status == "declined" else amount}


POLLING = Polling(
    serve=VendureFake,
    orders=shop_orders,
    settings=lambda fake: {"api_url": f"{fake.url}/admin-api", "history_days": "200"},
    tells=frozenset({"amount", "status", "click", "at"}),
    expected=expected,
    seen_days=None,
    errors_as_200=[b'{"errors": [{"message": "Cannot query field"}]}', b'{"data": null}', b"[]"],
    calls_again=4,
)


def test_an_order_is_fetched_by_its_code() -> None:
    orders = shop_orders()
    with VendureFake(orders, Clock(NOW)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        messages = CASE.plugin.fetch(poller.context(calling=True), orders[3].ref)
    assert list(poller.standing.take(*messages).reports()) == [orders[3].ref]


def test_the_name_of_a_custom_field_is_no_query() -> None:
    with VendureFake([], Clock(NOW)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        context = poller.context(calling=True)
        wrong = CASE.context(
            settings={**context.settings, "click_field": "a } secrets {"}, http=context.http
        )
        with pytest.raises(SourceFailed, match="no name of a custom field"):
            list(CASE.plugin.poll(wrong, {}))


@pytest.mark.parametrize(
    ("confirm_on", "state", "status"),
    [
        ("Shipped", "PaymentSettled", Validation.PENDING),
        ("Shipped", "PartiallyDelivered", Validation.CONFIRMED),
        ("Shipped", "Delivered", Validation.CONFIRMED),
        ("Shipped", "Modifying", Validation.PENDING),
        ("Shipped", "Cancelled", Validation.DECLINED),
        ("", "Delivered", None),
    ],
)
def test_an_order_has_the_states_before_its_own_behind_it(
    confirm_on: str, state: str, status: Validation | None
) -> None:
    context = CASE.context(settings={**CASE.context().settings, "confirm_on": confirm_on})
    found = Standing(CASE.plugin, context).take(message(order(state=state))).report(order()["code"])
    assert isinstance(found, PurchaseReport)
    assert found.status is status


def test_an_order_that_cannot_be_read_does_not_keep_the_others() -> None:
    broken = order(code="BROKEN", payments=[payment(refund("Lost", 1))])
    taken = Standing(CASE.plugin, CASE.context()).take(message(broken, order()))
    assert [one.where for one in taken.unreadable] == ["order 1"]
    assert "“Lost”" in taken.unreadable[0].sentence
    assert list(taken.reports()) == ["E7QJZ27YYHLDFJTH"]
