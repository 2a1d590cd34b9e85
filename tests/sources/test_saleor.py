"""Saleor: orders with the fields that its schema names, by webhook and by question, and what happens to them."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.saleor import SELECTED, Saleor
from cagnotte.hooks import signing
from cagnotte.hooks.sources import (
    BadSignature,
    Incoming,
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
from tests.sources.fakes.saleor import TOKEN, SaleorFake, identity
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

CLICK = "k7m2p9q4r8s3t6v1w5x0"


def money(amount: str) -> dict[str, Any]:
    return {"amount": Number(amount)}


def line(number: str, sku: str, quantity: int, gross: str, net: str) -> dict[str, Any]:
    prices = {"gross": money(gross), "net": money(net)}
    return {"id": number, "productSku": sku, "quantity": quantity, "totalPrice": prices}


TEA = line("L1", "TEA-250", 2, "25.0", "20.83")
POT = line("L2", "POT-1", 1, "33.0", "27.5")


def order(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": "T3JkZXI6MTc=", "number": "1017", "created": "2026-11-01T09:30:39.550000+00:00",
        "updatedAt": "2026-11-01T09:31:00.123456+00:00", "status": "UNFULFILLED", "userEmail": "ana@mail.example",
        "voucherCode": None, "channel": {"currencyCode": "EUR"}, "total": {"gross": money("62.9")},
        "totalRefunded": money("0.0"), "shippingPrice": {"gross": money("4.9"), "net": money("4.08")},
        "shippingAddress": {"country": {"code": "FR"}},
        "metadata": [{"key": "cagnotte_click", "value": CLICK}, {"key": "else", "value": "x" * 6000}],
        "lines": [TEA, POT], "fulfillments": [],
    }  # fmt: skip
    return {**told, **changes}


def event(**changes: Any) -> Message:
    told = {"issuedAt": "2026-11-01T09:31:01+00:00", "version": "3.22.1", "order": order(**changes)}
    return Message(json_bytes(told), "order_updated")


def page(*orders: dict[str, Any]) -> Message:
    info = {"hasNextPage": False, "endCursor": "x"}
    told = {"data": {"orders": {"pageInfo": info, "edges": [{"node": one} for one in orders]}}}
    return Message(json_bytes(told), "orders")


def fulfillment(status: str, units: int, of: str = "L1") -> dict[str, Any]:
    return {"status": status, "lines": [{"quantity": units, "orderLine": {"id": of}}]}


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
        "order_ref": "1017",
        "occurred_at": Moment(
            "2026-11-01T09:30:39.550000+00:00", "", datetime(2026, 11, 1, 9, 30, 39, 550000, UTC)
        ),
        "currency": "EUR",
        "lines": [tea(), pot()],
        "delivery": Decimal("4.90"),
        "delivery_tax": Decimal("0.82"),
        "status": Validation.PENDING,
        "native_status": "UNFULFILLED",
        "traces": [TraceFound(Trace.CLICK, CLICK), TraceFound(Trace.EMAIL, "ana@mail.example")],
        "country": "FR",
        "updated_at": datetime(2026, 11, 1, 9, 31, 0, 123456, UTC),
    }
    return PurchaseReport(**{**told, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        event(
            id=f"T{bought.order_ref}", number=bought.order_ref, created=bought.at.isoformat(),
            lines=[line("L1", "TEA", 1, str(bought.amount), "0")], total={"gross": money(str(bought.amount))},
            shippingPrice={"gross": money("0"), "net": money("0")},
            metadata=[{"key": "cagnotte_click", "value": bought.click}],
        )
    ]  # fmt: skip


def signed(body: bytes, secret: str) -> Incoming:
    return with_signature(body, signing.hmac_sha256(secret, body).hex())


def with_signature(body: bytes, signature: str) -> Incoming:
    headers = {"saleor-event": "order_updated", "saleor-signature": signature}
    return Incoming("POST", "https://cagnotte.example/in/p/s/t", "", headers, body)


LATER = "2026-11-10T09:00:00+00:00"
AT_LATER = {"updated_at": datetime(2026, 11, 10, 9, tzinfo=UTC)}
ONE_BACK: dict[str, Any] = {
    "fulfillments": [fulfillment("FULFILLED", 1), fulfillment("REFUNDED_AND_RETURNED", 1)],
    "totalRefunded": money("12.5"),
}

CASE = Case(
    plugin=Saleor(),
    secrets={"token": [TOKEN]},
    lives=[
        Life(
            # Bought, sent, and a tea paid back; the same is told by webhook and by question.
            "T3JkZXI6MTc=",
            [
                event(),
                event(status="FULFILLED", updatedAt="2026-11-03T08:00:00+00:00"),
                page(order(status="PARTIALLY_RETURNED", updatedAt=LATER, **ONE_BACK)),
                event(status="PARTIALLY_RETURNED", updatedAt=LATER, **ONE_BACK),
            ],
            report(
                status=Validation.CONFIRMED, native_status="PARTIALLY_RETURNED", **AT_LATER,
                lines=[tea(returned_quantity=1, returned_amount=Decimal("12.50")), pot()],
            ),
        ),
        Life(
            # A voucher for the whole order, and money that counts in binary.
            "VOUCHER",
            [
                event(
                    id="VOUCHER", number="1018", voucherCode="TEN", total={"gross": money("57.100000000000001")},
                    totalRefunded=money("5.21"), metadata=[],
                )
            ],
            report(
                order_ref="1018", coupon_codes=("TEN",),
                traces=[TraceFound(Trace.PROMO_CODE, "TEN"), TraceFound(Trace.EMAIL, "ana@mail.example")],
                lines=[
                    tea(discount=Decimal("2.50"), tax=Decimal("3.75"), returned_amount=Decimal("2.50")),
                    pot(discount=Decimal("3.30"), tax=Decimal("4.95"), returned_amount=Decimal("3.29")),
                ],
            ),
        ),
        Life(
            # An answer about one order that costs more than its parts.
            "ANSWER",
            [
                Message(
                    json_bytes({"data": {"order": order(id="ANSWER", total={"gross": money("64.9")})}}), "order"
                )
            ],
            report(delivery=Decimal("6.90")),
        ),
        Life(
            "RETURNED",
            [
                event(
                    id="RETURNED", status="RETURNED", updatedAt=LATER, totalRefunded=money("62.9"),
                    fulfillments=[
                        fulfillment("REFUNDED_AND_RETURNED", 2), fulfillment("REFUNDED_AND_RETURNED", 1, "L2")
                    ],
                )
            ],
            report(
                status=Validation.DECLINED, native_status="RETURNED", reason="returned", **AT_LATER,
                lines=[
                    tea(returned_quantity=2, returned_amount=Decimal("25.00")),
                    pot(returned_quantity=1, returned_amount=Decimal("33.00")),
                ],
            ),
        ),
    ],
    with_status=lambda word: event(status=word),
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
    signed=signed,
    useless=[event(status="DRAFT"), Message(b'{"issuedAt": "x", "version": "3.22.1"}', "ping")],
)  # fmt: skip

POLLING = Polling(
    serve=SaleorFake,
    orders=shop_orders,
    settings=lambda fake: {"api_url": f"{fake.url}/graphql/", "history_days": "200"},
    tells=frozenset({"amount", "status", "click", "at"}),
    expected=lambda order, state: {
        "amount": kept(order, state, lambda line: line.price - line.coupon)
    },
    seen_days=None,
    errors_as_200=[
        b'{"errors": [{"message": "Cannot query field"}]}', b'{"data": {"orders": null}}', b'{"data": {}}',
        b'{"data": {"orders": {"edges": []}}}',
    ],
    calls_again=3,
)  # fmt: skip


# ---- signatures by keys ----


@cache
def private_key(name: str) -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def key_set(name: str) -> str:
    numbers = private_key(name).public_key().public_numbers()
    key = {"kty": "RSA", "kid": name, "n": _number(numbers.n), "e": _number(numbers.e)}
    return json.dumps({"keys": [key]})


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def by_key(body: bytes, name: str) -> Incoming:
    header = {"alg": "RS256", "kid": name, "crit": ["b64"], "b64": False}
    protected = base64url(json.dumps(header).encode())
    signature = private_key(name).sign(f"{protected}.".encode() + body, PKCS1v15(), SHA256())
    return with_signature(body, f"{protected}..{base64url(signature)}")


def test_a_webhook_is_signed_by_a_key_of_the_shop_while_keys_are_replaced() -> None:
    body = event().body
    context = CASE.context(secrets={"keys": [key_set("new"), key_set("old")]})
    assert CASE.plugin.verify_signature(by_key(body, "new"), context)
    assert CASE.plugin.verify_signature(by_key(body, "old"), context)
    for forged in (by_key(body, "another"), with_signature(body, ""), signed(body, "guessed")):
        with pytest.raises(BadSignature):
            CASE.plugin.verify_signature(forged, context)
    with pytest.raises(BadSignature):
        CASE.plugin.verify_signature(by_key(body, "new"), CASE.context(secrets={}))


def test_a_public_key_is_no_secret_to_sign_with() -> None:
    # Whoever knows the public keys must not be able to sign with their text.
    body, keys = event().body, key_set("new")
    with pytest.raises(BadSignature):
        CASE.plugin.verify_signature(signed(body, keys), CASE.context(secrets={"keys": [keys]}))


# ---- the rest ----


def test_an_event_is_kept_as_it_came_under_its_topic() -> None:
    incoming = signed(event().body, "any")
    reception = CASE.plugin.receive(incoming, CASE.context(), signed=True)
    assert [(one.body, one.topic) for one in reception.messages] == [
        (incoming.body, "order_updated")
    ]


def test_an_order_is_fetched_by_its_id() -> None:
    orders = shop_orders()
    with SaleorFake(orders, Clock(NOW)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        messages = CASE.plugin.fetch(poller.context(calling=True), identity(orders[3]))
    assert list(poller.standing.take(*messages).reports()) == [identity(orders[3])]


def test_what_is_given_back_later_counts_although_the_order_did_not_change() -> None:
    early, late = event(), event(**ONE_BACK)
    for messages in ([early, late], [late, early]):
        found = Standing(CASE.plugin, CASE.context()).take(*messages).report("T3JkZXI6MTc=")
        assert isinstance(found, PurchaseReport)
        assert found.lines[0].returned_amount == Decimal("12.50")


def test_units_that_came_back_before_their_money_take_nothing_off() -> None:
    returned = event(fulfillments=[fulfillment("RETURNED", 1)])
    found = Standing(CASE.plugin, CASE.context()).take(returned).report("T3JkZXI6MTc=")
    assert found == report()


def test_an_unknown_state_of_a_fulfillment_is_refused_by_name() -> None:
    taken = Standing(CASE.plugin, CASE.context())
    taken.take(page(order(fulfillments=[fulfillment("SHREDDED", 1)]), order(id="B")))
    assert ["“SHREDDED”" in one.sentence for one in taken.unreadable] == [True]
    assert list(taken.pieces) == ["B"]


def test_the_how_to_shows_the_subscription_that_is_read() -> None:
    how_to = Path(__file__).parents[2] / "docs" / "how-to" / "sources" / "saleor.md"
    assert SELECTED.strip() in how_to.read_text(encoding="utf-8")
