"""Fidel: authorisations that clear under one id, refunds that are told twice, and signatures of signatures."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Channel, Validation
from cagnotte.extras.sources.cards.fidel import Fidel
from cagnotte.hooks.sources import (
    BadSignature,
    Descriptor,
    Incoming,
    LooseRefund,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
    Waiting,
)
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.standing import Standing

CARD = "62744670-0000-4ba3-8e89-000000000001"
SHOP = "0ff99cfd-0000-48fe-af55-000000000002"
URL = "https://cagnotte.example/in/corner/fidel/token"
MILLISECONDS = str(int(NOW.timestamp() * 1000))


def transaction(name: str = "t1", **changes: Any) -> dict[str, Any]:
    """A transaction of Select at a shop in London."""
    told = {
        "id": name, "accountId": "our-account", "programId": "our-programme", "amount": 10, "currency": "GBP",
        "auth": True, "cleared": False, "authCode": "A73H890", "approvalCode": "AA00BB", "cardPresent": True,
        "created": "2026-07-08T17:05:52.567Z", "updated": "2026-07-08T17:05:52.567Z",
        "datetime": "2026-07-08T18:05:52", "offer": None, "wallet": None,
        "card": {"id": CARD, "firstNumbers": "444400", "lastNumbers": "4305", "scheme": "visa"},
        "brand": {"id": "brand-1", "name": "The Corner", "logoURL": None, "metadata": None},
        "location": {
            "id": SHOP, "address": "5 Main St", "city": "London", "postcode": "W1", "countryCode": "GBR",
            "timezone": "Europe/London", "geolocation": None, "metadata": None,
        },
        "identifiers": {"MID": "12345678", "visaAuthCode": "A73H890", "mastercardAuthCode": None},
    }  # fmt: skip
    return {**told, **changes}


def stream(name: str, **changes: Any) -> dict[str, Any]:
    """A transaction of the Stream product, which knows no locations."""
    told = transaction(name)
    del told["cardPresent"], told["identifiers"]["MID"]
    told["brand"] = {"name": "The Corner"}
    told["location"] = {
        "city": "New York",
        "countryCode": "USA",
        "postcode": "10001",
        "state": None,
    }
    more = {"merchantCategoryCode": "5812", "merchantDescriptor": "THE CORNER NYC", "billingAmount": 8,
            "billingCurrency": "EUR", "programType": "transaction-stream", "currency": "USD"}  # fmt: skip
    return {**told, **more, **changes}


def webhook(told: dict[str, Any]) -> Message:
    return Message(json.dumps(told).encode(), "webhook")


def clearing(name: str = "t1", **changes: Any) -> Message:
    cleared = {"cleared": True, "updated": "2026-07-10T09:20:44.134Z"}
    return webhook(transaction(name, **{**cleared, **changes}))


def refund(name: str, amount: Any, **changes: Any) -> Message:
    told = {"auth": False, "cleared": True, "amount": amount, "datetime": "2026-07-20T11:00:00",
            "created": "2026-07-20T10:00:01Z", "updated": "2026-07-20T10:00:01Z"}  # fmt: skip
    return webhook(transaction(name, **{**told, **changes}))


def purchase(amount: str = "10", **changes: Any) -> PurchaseReport:
    told: dict[str, Any] = {
        "order_ref": "",
        "merchant": SHOP,
        "occurred_at": Moment(
            "2026-07-08T18:05:52", "Europe/London", datetime(2026, 7, 8, 17, 5, 52, tzinfo=UTC)
        ),
        "currency": "GBP",
        "lines": [ReportLine(1, "", 1, Decimal(amount))],
        "status": Validation.CONFIRMED,
        "native_status": "cleared",
        "traces": [TraceFound(Trace.CARD, CARD)],
        "channel": Channel.STORE,
        "country": "GB",
        "card": CARD,
        "updated_at": datetime(2026, 7, 10, 9, 20, 44, 134000, tzinfo=UTC),
    }
    return PurchaseReport(**{**told, **changes})


AUTHORISED: dict[str, Any] = {
    "status": Validation.PENDING,
    "native_status": "authorised",
    "updated_at": datetime(2026, 7, 8, 17, 5, 52, 567000, tzinfo=UTC),
}


def sign(secret: str, content: bytes) -> str:
    """The documented signature, written again here."""
    first = base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest())
    return base64.b64encode(hmac.new(secret.encode(), first, hashlib.sha256).digest()).decode()


def signed(
    body: bytes, secret: str, *, milliseconds: str = MILLISECONDS, query: str = ""
) -> Incoming:
    address = URL + (f"?{query}" if query else "")
    given = sign(secret, body + address.encode() + milliseconds.encode())
    headers = {
        "x-fidel-signature": given, "x-fidel-timestamp": milliseconds, "fidel-message-id": "m-1",
    }  # fmt: skip
    return Incoming("POST", URL, query, headers, body)


def message_of(bought: Bought) -> list[Message]:
    local = bought.at.replace(tzinfo=None).isoformat()
    place = {**transaction()["location"], "timezone": "UTC"}
    told = transaction("t9", amount=0, currency="EUR", datetime=local, location=place)
    return [Message(json.dumps(told).replace('"amount": 0', f'"amount": {bought.amount}').encode())]


CASE = Case(
    plugin=Fidel(),
    secrets={"clearing_secret": ["clearing"], "auth_secret": ["auth"], "refund_secret": ["refund"]},
    secret_name="clearing_secret",
    lives=[
        Life("t1", [webhook(transaction()), clearing(amount=12.5)], purchase("12.5")),
        Life("t2", [webhook(transaction("t2"))], purchase(**AUTHORISED)),
        Life(
            "t3",
            [
                clearing("t3"),
                refund("r3", -4, originalTransactionId="t3"),
                # The same refund once more, as a clearing.
                refund("r3", -4, originalTransactionId="t3", authCode="other"),
            ],
            purchase(refunded=Decimal(4)),
        ),
        Life(
            "r4",
            [refund("r4", -10)],
            Waiting(
                "refund_without_purchase",
                "Fidel did not find the purchase of this refund.",
                LooseRefund(
                    Decimal(10),
                    "GBP",
                    Moment(
                        "2026-07-20T11:00:00",
                        "Europe/London",
                        datetime(2026, 7, 20, 10, tzinfo=UTC),
                    ),
                    (TraceFound(Trace.CARD, CARD),),
                    SHOP,
                ),
            ),
        ),
        Life(
            "t5",
            [refund("r5", -10, originalTransactionId="t5")],
            Waiting(
                "purchase_not_told", "A refund names the transaction t5, which was not told yet."
            ),
        ),
    ],
    message_of=message_of,
    reads_back=frozenset({"amount", "at"}),
    signed=signed,
    useless=[
        webhook({"id": "c1", "event": "card.failed", "message": "Error linking card."}),
        webhook({"id": "c1", "programId": "p", "scheme": "visa", "live": True}),
        webhook(transaction("t8", identifiers={"MID": "TEST_MID_d74bc1ca"})),
    ],
)


def report(*messages: Message, object_id: str = "t1", **settings: str) -> PurchaseReport | Waiting:
    context = CASE.context(settings={**CASE.context().settings, **settings})
    return Standing(CASE.plugin, context).take(*messages).report(object_id)


def test_an_authorisation_may_be_made_to_wait_until_it_clears() -> None:
    found = report(webhook(transaction()), authorisations="wait")
    assert found == Waiting("not_cleared", "The card was authorised; nothing has cleared yet.")
    assert report(webhook(transaction()), clearing(), authorisations="wait") == purchase()


def test_a_late_authorisation_does_not_undo_a_clearing() -> None:
    assert report(clearing(amount=12.5), webhook(transaction())) == purchase("12.5")


def test_shops_may_be_known_by_their_brand() -> None:
    found = report(clearing(), merchant_is="brand")
    assert isinstance(found, PurchaseReport)
    assert found.merchant == "brand-1"


def test_no_more_is_given_back_than_was_paid() -> None:
    found = report(
        clearing(),
        refund("r1", -7, originalTransactionId="t1"),
        refund("r2", -7, originalTransactionId="t1"),
    )
    assert found == purchase(refunded=Decimal(10))


def test_the_stream_product_tells_a_descriptor_instead_of_a_location() -> None:
    found = report(webhook(stream("t1")))
    assert isinstance(found, PurchaseReport)
    assert (found.merchant, found.channel, found.country) == ("", Channel.CARD, "US")
    assert found.descriptor == Descriptor("THE CORNER NYC", "", "5812", "US")
    assert found.occurred_at.utc == datetime(2026, 7, 8, 18, 5, 52, tzinfo=UTC)


def test_a_purchase_with_a_distance_is_of_the_web() -> None:
    found = report(webhook(transaction(cardPresent=False)))
    assert isinstance(found, PurchaseReport)
    assert found.channel is Channel.WEB


def test_each_webhook_has_a_key_of_its_own() -> None:
    for secret in ("clearing", "auth", "refund"):
        assert CASE.plugin.verify_signature(signed(b"{}", secret, query="event=x"), CASE.context())


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_message_cannot_be_sent_again(minutes: int) -> None:
    moment = NOW + timedelta(minutes=minutes)
    request = signed(b"{}", "clearing", milliseconds=str(int(moment.timestamp() * 1000)))
    with pytest.raises(BadSignature, match="more than 300 seconds"):
        CASE.plugin.verify_signature(request, CASE.context())


def test_all_attempts_at_telling_an_event_are_one_message() -> None:
    (kept,) = CASE.plugin.receive(signed(b"{}", "auth"), CASE.context(), signed=True).messages
    assert (kept.body, kept.event_id) == (b"{}", "m-1")
