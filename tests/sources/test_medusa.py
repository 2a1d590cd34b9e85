"""Medusa 2: events as its subscribers get them, orders with the fields that its types name."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.medusa import Medusa
from cagnotte.hooks.sources import (
    Incoming,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
    UnknownWord,
)
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.medusa import KEY, MedusaFake, identity
from tests.sources.fakes.orders import shop_orders
from tests.sources.fakes.returns import kept
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

CLICK = "k7m2p9q4r8s3t6v1w5x0"
ID = "order_01JXYZ"


def item(
    number: int, sku: str, quantity: int, total: str, tax: str, back: int = 0
) -> dict[str, Any]:
    return {
        "id": f"ordli_{number}", "variant_sku": sku, "quantity": quantity, "total": Number(total),
        "tax_total": Number(tax), "created_at": "2026-11-01T09:30:39.550Z",
        "detail": {"return_received_quantity": back, "return_dismissed_quantity": 0},
    }  # fmt: skip


TEA = item(1, "TEA-250", 2, "25", "4.166666666666667")
TEA_BACK = item(1, "TEA-250", 2, "25", "4.166666666666667", back=1)
POT = item(2, "POT-1", 1, "33", "5.5")


def refunded(*amounts: str) -> list[dict[str, Any]]:
    given = [{"id": f"ref_{amount}", "amount": Number(amount)} for amount in amounts]
    return [{"payments": [{"id": "pay_1", "amount": 62.9, "refunds": given}]}]


def order(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": ID, "display_id": 17, "status": "pending", "version": 1, "currency_code": "eur",
        "email": "ana@mail.example", "created_at": "2026-11-01T09:30:39.550Z", "updated_at": "2026-11-01T09:30:40.100Z",
        "metadata": {"cagnotte_click": CLICK, "gift": True, "note": "x" * 900}, "payment_status": "captured",
        "total": Number("62.9"), "shipping_total": Number("4.9"), "shipping_tax_total": Number("0.816666666666667"),
        "shipping_address": {"country_code": "fr"}, "items": [POT, TEA], "payment_collections": refunded(),
    }  # fmt: skip
    return {**told, **changes}


def message(**changes: Any) -> Message:
    return Message(json_bytes({"order": order(**changes)}), "order")


def page(*orders: object) -> Message:
    return Message(json_bytes({"orders": list(orders), "count": len(orders)}), "orders")


def tea(**changes: Any) -> ReportLine:
    told: dict[str, Any] = {
        "number": 1, "sku": "TEA-250", "quantity": 2, "amount": Decimal("25.00"), "tax": Decimal("4.17"),
    }  # fmt: skip
    return ReportLine(**{**told, **changes})


def pot(**changes: Any) -> ReportLine:
    told: dict[str, Any] = {
        "number": 2, "sku": "POT-1", "quantity": 1, "amount": Decimal("33.00"), "tax": Decimal("5.50"),
    }  # fmt: skip
    return ReportLine(**{**told, **changes})


def report(**changes: Any) -> PurchaseReport:
    told: dict[str, Any] = {
        "order_ref": "17",
        "occurred_at": Moment(
            "2026-11-01T09:30:39.550Z", "", datetime(2026, 11, 1, 9, 30, 39, 550000, UTC)
        ),
        "currency": "EUR",
        "lines": [tea(), pot()],
        "delivery": Decimal("4.90"),
        "delivery_tax": Decimal("0.82"),
        "status": Validation.PENDING,
        "native_status": "pending",
        "traces": [TraceFound(Trace.CLICK, CLICK), TraceFound(Trace.EMAIL, "ana@mail.example")],
        "country": "FR",
        "updated_at": datetime(2026, 11, 1, 9, 30, 40, 100000, UTC),
    }
    return PurchaseReport(**{**told, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        message(
            id=f"order_{bought.order_ref}", display_id=bought.order_ref, created_at=bought.at.isoformat(),
            items=[item(1, "TEA", 1, str(bought.amount), "0")], total=Number(str(bought.amount)), shipping_total=0,
            shipping_tax_total=0, metadata={"cagnotte_click": bought.click},
        )
    ]  # fmt: skip


LATER = "2026-11-10T09:00:00.000Z"
AT_LATER = {"updated_at": datetime(2026, 11, 10, 9, tzinfo=UTC)}

CASE = Case(
    plugin=Medusa(),
    secrets={"api_key": [KEY]},
    lives=[
        Life(
            # A tea comes back, and its price is given back afterwards, which is no change of the order.
            ID,
            [
                message(payment_status="authorized"),
                page(order(status="completed", updated_at="2026-11-05T08:00:00.000Z")),
                message(status="completed", updated_at=LATER, version=2, items=[TEA_BACK, POT]),
                message(
                    status="completed", updated_at=LATER, version=2, items=[TEA_BACK, POT],
                    payment_collections=refunded("12.5"),
                ),
            ],
            report(
                status=Validation.CONFIRMED, native_status="completed", **AT_LATER,
                lines=[tea(returned_quantity=1, returned_amount=Decimal("12.50")), pot()],
            ),
        ),
        Life(
            # Store credit pays a part; amounts are not rounded; more is given back than for the tea.
            "order_CREDIT",
            [
                message(
                    id="order_CREDIT", total=Number("57.1000000000001"), items=[TEA_BACK, POT],
                    payment_collections=refunded("11.25", "4.09500000001"),
                )
            ],
            report(
                lines=[
                    tea(
                        discount=Decimal("2.50"), tax=Decimal("3.75"), returned_quantity=1,
                        returned_amount=Decimal("13.76"),
                    ),
                    pot(discount=Decimal("3.30"), tax=Decimal("4.95"), returned_amount=Decimal("3.30")),
                ]
            ),
        ),
        Life(
            "order_CANCELED",
            [
                message(id="order_CANCELED"),
                message(id="order_CANCELED", status="canceled", payment_status="canceled", updated_at=LATER),
            ],
            report(status=Validation.DECLINED, native_status="canceled", reason="cancelled", **AT_LATER),
        ),
        Life(
            # Completed before it is paid: nothing is confirmed.
            "order_UNPAID",
            [message(id="order_UNPAID", status="archived", payment_status="awaiting")],
            report(native_status="archived"),
        ),
    ],
    with_status=lambda word: message(status=word),
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
    useless=[message(status="draft"), page()],
)  # fmt: skip

POLLING = Polling(
    serve=MedusaFake,
    orders=shop_orders,
    settings=lambda fake: {"api_url": fake.url, "history_days": "200"},
    tells=frozenset({"amount", "status", "click", "at"}),
    expected=lambda order, state: {
        "amount": kept(order, state, lambda line: line.price - line.coupon)
    },
    seen_days=None,
    errors_as_200=[b'{"type": "invalid_data", "message": "no"}', b'{"orders": [], "offset": 0}'],
    calls_again=3,
    key=lambda order: str(order.number),
)


def hint(**told: Any) -> Incoming:
    body = json.dumps(told).encode()
    return Incoming("POST", "https://cagnotte.example/in/p/s/t", "", {}, body)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"id": ID}, [ID]),
        ({"id": "return_01J", "order_id": ID}, [ID]),
        ({"id": "pay_01J"}, []),
        ({"id": "order_../../users"}, []),
        ({"id": 7}, []),
        ({}, []),
    ],
    ids=["order", "return", "payment", "path", "number", "nothing"],
)
def test_an_event_says_which_order_to_fetch(data: dict[str, Any], wanted: list[str]) -> None:
    told = hint(name="order.placed", data=data, metadata={"eventGroupId": "01J"})
    assert not CASE.plugin.verify_signature(told, CASE.context())
    reception = CASE.plugin.receive(told, CASE.context(), signed=False)
    assert (list(reception.messages), list(reception.wanted), reception.status) == ([], wanted, 200)


def test_an_order_is_fetched_by_its_id() -> None:
    orders = shop_orders()
    with MedusaFake(orders, Clock(NOW)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        messages = CASE.plugin.fetch(poller.context(calling=True), identity(orders[3]))
    assert list(poller.standing.take(*messages).reports()) == [identity(orders[3])]


def test_an_unknown_state_of_a_payment_is_refused_by_name() -> None:
    taken = Standing(CASE.plugin, CASE.context())
    with pytest.raises(UnknownWord, match="“in_orbit”"):
        taken.take(message(status="completed", payment_status="in_orbit")).reports()


def test_one_order_that_cannot_be_read_does_not_keep_the_others() -> None:
    taken = Standing(CASE.plugin, CASE.context())
    taken.take(page(order(id="order_BAD", updated_at="yesterday"), order()))
    assert [one.where for one in taken.unreadable] == ["order order_BAD"]
    assert taken.report(ID) == report()


def test_what_is_no_order_does_not_keep_the_others() -> None:
    taken = Standing(CASE.plugin, CASE.context())
    taken.take(page("nothing", order()))
    assert [one.where for one in taken.unreadable] == ["order without a name"]
    assert taken.report(ID) == report()
