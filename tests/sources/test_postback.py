"""The signed postback: the smallest source, and the pattern for the tests of the others."""

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.postback import Postback
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
from tests.sources.case import Bought, Case, Life
from tests.sources.standing import Standing

SECRET = "shared-secret-of-the-shop"


def postback(**fields: str) -> Message:
    told = {
        "order_id": "A-17", "amount": "49.90", "currency": "EUR", "status": "pending", "click_id": "k7m2p9q4",
        "at": "2026-11-01T10:00:00+01:00", "updated_at": "2026-11-01T10:00:05+01:00", "commission": "2.495",
    }  # fmt: skip
    return Message(urlencode({**told, **fields}).encode(), "postback")


def signed(body: bytes, secret: str) -> Incoming:
    fields = sorted({"order_id": "A-17", "amount": "49.90"}.items())
    sig = signing.hmac_sha256(secret, urlencode(fields).encode()).hex()
    return Incoming(
        "POST",
        "https://cagnotte.example/in/shop",
        "",
        {},
        urlencode([*fields, ("sig", sig)]).encode(),
    )


def message_of(bought: Bought) -> list[Message]:
    return [
        postback(
            order_id=bought.order_ref,
            amount=str(bought.amount),
            commission=str(bought.commission),
            click_id=bought.click,
            at=bought.at.isoformat(),
        )
    ]


CASE = Case(
    plugin=Postback(),
    settings={"link": "https://shop.example/out?to={target}&c={click}"},
    secrets={"secret": [SECRET]},
    lives=[
        Life(
            "A-17",
            [
                postback(),
                postback(status="confirmed", updated_at="2026-11-09T08:00:00Z"),
                postback(amount="29.90", status="confirmed", updated_at="2026-11-12T08:00:00Z"),
            ],
            PurchaseReport(
                order_ref="A-17",
                occurred_at=Moment(
                    "2026-11-01T10:00:00+01:00", "", datetime(2026, 11, 1, 9, tzinfo=UTC)
                ),
                currency="EUR",
                lines=[ReportLine(1, "", 1, Decimal("29.90"))],
                commission=Decimal("2.495"),
                status=Validation.CONFIRMED,
                native_status="confirmed",
                traces=[TraceFound(Trace.CLICK, "k7m2p9q4")],
            ),
        )
    ],
    with_status=lambda word: postback(status=word),
    message_of=message_of,
    signed=signed,
)


def test_fields_may_come_in_the_query() -> None:
    fields = sorted({"order_id": "A-17", "note": "é & more"}.items())
    sig = signing.hmac_sha256(SECRET, urlencode(fields).encode()).hex()
    incoming = Incoming(
        "GET", "https://c.example/in/x", urlencode([*fields, ("sig", sig)]), {}, b""
    )
    assert CASE.plugin.verify_signature(incoming, CASE.context())
    reception = CASE.plugin.receive(incoming, CASE.context(), signed=True)
    assert (reception.status, reception.answer, len(reception.messages)) == (200, "OK", 1)


def test_an_order_without_its_number_is_refused_with_the_name_of_the_field() -> None:
    with pytest.raises(Misread, match="order_id"):
        Standing(CASE.plugin, CASE.context()).take(postback(order_id=""))


def test_shops_of_one_source_may_use_the_same_numbers() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(postback(shop="1001"))
    standing.take(postback(shop="1002", amount="5.00"))
    told = [one for one in standing.reports().values() if isinstance(one, PurchaseReport)]
    assert [(one.merchant, one.order_ref, one.lines[0].amount) for one in told] == [
        ("1001", "A-17", Decimal("49.90")),
        ("1002", "A-17", Decimal("5.00")),
    ]


def test_a_shop_cannot_be_mistaken_for_a_part_of_a_number() -> None:
    with pytest.raises(Misread, match="“shop” is “a/b”"):
        Standing(CASE.plugin, CASE.context()).take(postback(shop="a/b"))
