"""Shopware 6: webhooks as its documentation shows them, orders as its Admin API describes them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.shopware import Shopware
from cagnotte.hooks import signing
from cagnotte.hooks.sources import (
    BadSignature,
    Incoming,
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
)
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import shop_orders
from tests.sources.fakes.returns import kept
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.fakes.shopware import CLIENT, SECRET, ShopwareFake, identity
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

CLICK = "k7m2p9q4r8s3t6v1w5x0"
ID = "0191f3e2a4b57c6d8e9f0a1b2c3d4e5f"
LIVE = "0fa91ce3e96a4bc2be4bd9ce752c3425"


def price(total: str, tax: str) -> dict[str, Any]:
    taxes = [{"tax": Number(tax), "taxRate": 20, "price": Number(total)}]
    return {"totalPrice": Number(total), "calculatedTaxes": taxes}


def item(
    place: int, number: str, quantity: int, total: str, tax: str, **changes: Any
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": f"{place:032}", "parentId": None, "type": "product", "quantity": quantity, "position": place,
        "payload": {"productNumber": number}, "price": price(total, tax),
    }  # fmt: skip
    return {**told, **changes}


TEA = item(1, "TEA-250", 2, "25.0", "4.17")
POT = item(2, "POT-1", 1, "33.0", "5.5")
TEN = item(3, "", 1, "-5.8", "-0.97", type="promotion", payload={"code": "TEN"})


MADE = "2026-11-01T09:30:40.000+00:00"


def payment(state: str, *back: str, of: str = "completed", made: str = MADE) -> dict[str, Any]:
    refunds = [
        {"amount": {"totalPrice": Number(one)}, "stateMachineState": word(of)} for one in back
    ]
    return {
        "createdAt": made, "amount": {"totalPrice": 62.9}, "stateMachineState": word(state),
        "captures": [{"refunds": refunds}] if back else None,
    }  # fmt: skip


def word(state: str) -> dict[str, str]:
    return {"technicalName": state}


def order(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": ID, "versionId": LIVE, "orderNumber": "10017", "orderDateTime": "2026-11-01T09:30:39.550+00:00",
        "createdAt": "2026-11-01T09:30:39.612+00:00", "updatedAt": None, "taxStatus": "gross",
        "shippingCosts": price("4.9", "0.82"), "currency": {"isoCode": "EUR"}, "lineItems": [POT, TEA],
        "orderCustomer": {"email": "ana@mail.example"}, "stateMachineState": {"technicalName": "open"},
        "deliveries": [{"shippingOrderAddress": {"country": {"iso": "DE"}}}], "transactions": [payment("paid")],
        "affiliateCode": "cagnotte", "campaignCode": CLICK, "customFields": None,
    }  # fmt: skip
    if "state" in changes:
        changes["stateMachineState"] = {"technicalName": changes.pop("state")}
    return {**told, **changes}


def message(*orders: dict[str, Any]) -> Message:
    return Message(json_bytes({"total": len(orders), "data": list(orders)}), "orders")


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
        "order_ref": "10017",
        "occurred_at": Moment(
            "2026-11-01T09:30:39.550+00:00", "", datetime(2026, 11, 1, 9, 30, 39, 550000, UTC)
        ),
        "currency": "EUR",
        "lines": [tea(), pot()],
        "delivery": Decimal("4.90"),
        "delivery_tax": Decimal("0.82"),
        "status": Validation.PENDING,
        "native_status": "open",
        "traces": [TraceFound(Trace.CLICK, CLICK), TraceFound(Trace.EMAIL, "ana@mail.example")],
        "country": "DE",
        "updated_at": datetime(2026, 11, 1, 9, 30, 39, 612000, UTC),
    }
    return PurchaseReport(**{**told, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        message(
            order(
                id=f"id-{bought.order_ref}", orderNumber=bought.order_ref, orderDateTime=bought.at.isoformat(),
                lineItems=[item(1, "TEA", 1, str(bought.amount), "0")], shippingCosts=price("0", "0"),
                campaignCode=bought.click,
            )
        )
    ]  # fmt: skip


def webhook(payload: Any, event: str = "checkout.order.placed") -> bytes:
    source = {"url": "https://shop.example", "appVersion": "1.0.0", "shopId": "dgrH7nLU6tlE"}
    told = {"data": {"payload": payload, "event": event}, "source": source, "timestamp": 1795284000}
    return json.dumps(told).encode()


def signed(body: bytes, secret: str) -> Incoming:
    return incoming(body, **{"shopware-shop-signature": signing.hmac_sha256(secret, body).hex()})


def incoming(body: bytes, **headers: str) -> Incoming:
    return Incoming("POST", "https://cagnotte.example/in/p/s/t", "", headers, body)


LATER = "2026-11-10T09:00:00.000+00:00"
AT_LATER = {"updated_at": datetime(2026, 11, 10, 9, tzinfo=UTC)}
NET = {
    "taxStatus": "net", "shippingCosts": price("4.08", "0.82"),
    "lineItems": [item(1, "TEA-250", 2, "20.83", "4.17"), item(2, "POT-1", 1, "27.5", "5.5")],
}  # fmt: skip

CASE = Case(
    plugin=Shopware(),
    settings={"client_id": CLIENT},
    secrets={"client_secret": [SECRET]},
    lives=[
        Life(
            # Paid, completed, and a part given back: the payment changes, the order does not.
            ID,
            [
                message(order(transactions=[payment("open")])),
                message(order()),
                message(order(state="completed", updatedAt=LATER)),
                message(
                    order(state="completed", updatedAt=LATER, transactions=[payment("refunded_partially", "5.8")])
                ),
            ],
            report(
                status=Validation.CONFIRMED, native_status="completed", **AT_LATER,
                lines=[tea(returned_amount=Decimal("2.50")), pot(returned_amount=Decimal("3.30"))],
            ),
        ),
        Life(
            # Prices without tax, for companies.
            "net",
            [message(order(id="net", **NET))],
            report(),
        ),
        Life(
            # A promotion, a set whose parts cost nothing more, and a payment that failed before the one that did not.
            "promotion",
            [
                message(
                    order(
                        id="promotion", affiliateCode="another", campaignCode="summer",
                        customFields={"cagnotte_click": CLICK, "secret": "x" * 900},
                        lineItems=[TEN, TEA, POT, item(4, "PART", 1, "33.0", "5.5", parentId=POT["id"])],
                        transactions=[payment("paid", made="2026-11-01T10:00:00.000+00:00"), payment("failed")],
                        state="completed",
                    )
                )
            ],
            report(
                status=Validation.CONFIRMED, native_status="completed", coupon_codes=("TEN",),
                traces=[
                    TraceFound(Trace.CLICK, CLICK), TraceFound(Trace.PROMO_CODE, "TEN"),
                    TraceFound(Trace.EMAIL, "ana@mail.example"),
                ],
                lines=[
                    tea(discount=Decimal("2.50"), tax=Decimal("3.75")),
                    pot(discount=Decimal("3.30"), tax=Decimal("4.95")),
                ],
            ),
        ),
        Life(
            # All is given back, and the shop keeps no captures.
            "refunded",
            [message(order(id="refunded")), message(order(id="refunded", transactions=[payment("refunded")]))],
            report(
                lines=[
                    tea(returned_quantity=2, returned_amount=Decimal("25.00")),
                    pot(returned_quantity=1, returned_amount=Decimal("33.00")),
                ]
            ),
        ),
        Life(
            "cancelled",
            [message(order(id="cancelled")), message(order(id="cancelled", state="cancelled", updatedAt=LATER))],
            report(status=Validation.DECLINED, native_status="cancelled", reason="cancelled", **AT_LATER),
        ),
        Life(
            "chargeback",
            [
                message(order(id="chargeback", state="completed")),
                message(order(id="chargeback", state="completed", transactions=[payment("chargeback")])),
            ],
            report(status=Validation.DECLINED, native_status="completed", reason="invalid_payment"),
        ),
        Life(
            # Sent before it is paid: nothing is confirmed. A refund that is still open gives nothing back.
            "invoice",
            [
                message(
                    order(
                        id="invoice", taxStatus="tax-free", state="completed",
                        transactions=[payment("open", "9.0", of="open")],
                    )
                )
            ],
            report(
                native_status="completed", delivery_tax=Decimal(0),
                lines=[tea(tax=Decimal(0)), pot(tax=Decimal(0))],
            ),
        ),
    ],
    with_status=lambda word: message(order(state=word)),
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
    signed=signed,
    secret_name="shop_secret",
    useless=[message(order(versionId="f" * 32)), message()],
)  # fmt: skip

POLLING = Polling(
    serve=ShopwareFake,
    orders=shop_orders,
    settings=lambda fake: {"api_url": fake.url, "history_days": "200"},
    tells=frozenset({"amount", "status", "click", "at"}),
    expected=lambda order, state: {
        "amount": kept(order, state, lambda line: line.price - line.coupon)
    },
    seen_days=None,
    errors_as_200=[b'{"errors": [{"code": "0", "status": "401"}]}', b'{"data": [{}], "total": 1}'],
    calls_again=5,
)


# ---- hints ----


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        ({"order": {"id": ID, "orderNumber": "10017"}}, [ID]),
        ([{"entity": "order", "operation": "update", "primaryKey": ID, "updatedFields": ["stateId"]}], [ID]),
        ([{"entity": "order", "operation": "delete", "primaryKey": ID}], []),
        ([{"entity": "product", "operation": "update", "primaryKey": ID}], []),
        ({"order": {"id": "../../oauth/token"}}, []),
        ({"customer": {"id": ID}}, []),
    ],
    ids=["placed", "written", "deleted", "product", "no id", "customer"],
)  # fmt: skip
def test_a_webhook_says_which_order_to_fetch(payload: Any, wanted: list[str]) -> None:
    reception = CASE.plugin.receive(incoming(webhook(payload)), CASE.context(), signed=True)
    assert (list(reception.messages), list(reception.wanted), reception.status) == ([], wanted, 200)


def test_without_an_app_nothing_is_signed_and_a_hint_is_a_hint() -> None:
    body = webhook({"order": {"id": ID}})
    assert not CASE.plugin.verify_signature(incoming(body), CASE.context())
    with pytest.raises(BadSignature):
        CASE.plugin.verify_signature(
            incoming(body), CASE.context(secrets={"shop_secret": ["secret-of-the-app"]})
        )


def test_an_order_is_fetched_by_its_id() -> None:
    orders = shop_orders()
    with ShopwareFake(orders, Clock(NOW)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        messages = CASE.plugin.fetch(poller.context(calling=True), identity(orders[3]))
    assert list(poller.standing.take(*messages).reports()) == [identity(orders[3])]


# ---- the rest ----


def test_a_link_names_whose_it_is() -> None:
    link = Link("https://shop.example/tea?size=250&x=é", CLICK)
    assert CASE.plugin.deep_link(link, CASE.context()) == (
        f"https://shop.example/tea?size=250&x=%C3%A9&affiliateCode=cagnotte&campaignCode={CLICK}"
    )


def test_another_s_campaign_is_no_click() -> None:
    found = Standing(CASE.plugin, CASE.context()).take(message(order(affiliateCode="another")))
    told = found.report(ID)
    assert isinstance(told, PurchaseReport)
    assert [one.kind for one in told.traces] == [Trace.EMAIL]


@pytest.mark.parametrize(
    "changed",
    [{"taxStatus": "sometimes"}, {"transactions": [payment("lost")]}],
    ids=["taxes", "payment"],
)
def test_an_unknown_word_is_refused_by_name(changed: dict[str, Any]) -> None:
    taken = Standing(CASE.plugin, CASE.context()).take(message(order(**changed), order(id="good")))
    refused = [one.sentence for one in taken.unreadable]
    try:
        taken.reports()
    except InvalidInput as error:
        refused.append(error.sentence)
    assert any("“sometimes”" in one or "“lost”" in one for one in refused)
    assert taken.report("good") == report()
