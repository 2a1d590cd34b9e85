"""Kard: steps of an issuer's transactions, and what Kard says of them."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Channel, Validation
from cagnotte.extras.sources.cards.kard import Kard
from cagnotte.hooks.sources import (
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
from tests.sources.case import Bought, Case, Life
from tests.sources.standing import Standing

AUTHORISED_AT = "2026-07-08T17:05:52Z"
DATES = {"APPROVED": "authorizationDate", "SETTLED": "settledDate"}


def event(status: str, name: str = "t1", event_id: str = "", **changes: Any) -> dict[str, Any]:
    """One step of a transaction, as issuers send it."""
    told = {
        "transactionId": name, "userId": "M-17", "amount": 1250, "currency": "USD", "status": status,
        "direction": "DEBIT", "description": "THE CORNER NYC", "mcc": "5812", "cardBIN": "444400",
        "cardLastFour": "4305", "cardPresence": "PRESENT", "authorizationDate": AUTHORISED_AT,
        "merchant": {"id": "4029357733", "name": "The Corner", "addrCity": "New York", "addrCountry": "US"},
        DATES.get(status, "transactionDate"): "2026-07-10T09:00:00Z",
    }  # fmt: skip
    if status == "APPROVED":
        told["authorizationDate"] = AUTHORISED_AT
    given = event_id or f"{name}-{status}"
    return {"type": "transaction", "id": given, "attributes": {**told, **changes}}


def events(*told: dict[str, Any]) -> Message:
    return Message(json.dumps({"data": list(told)}).encode(), "kard")


def notification(kind: str, name: str = "t1", **attributes: Any) -> Message:
    told = {
        "message": "You earned cashback.", "name": "The Corner", "attributionUrl": "https://kard.example/a",
        "transactionId": name, "transactionAmountInCents": 1250, "transactionTimestamp": AUTHORISED_AT,
    }  # fmt: skip
    relations = {
        "user": {"data": {"type": "user", "id": "M-17"}},
        "transaction": {"data": {"type": "transaction", "id": name}},
    }
    data = {
        "type": kind,
        "id": f"n-{kind}",
        "attributes": {**told, **attributes},
        "relationships": relations,
    }
    return Message(json.dumps({"data": data, "meta": {"issuerId": "i"}}).encode(), "kard")


def purchase(word: str = "SETTLED", **changes: Any) -> PurchaseReport:
    told: dict[str, Any] = {
        "order_ref": "",
        "occurred_at": Moment(AUTHORISED_AT, "", datetime(2026, 7, 8, 17, 5, 52, tzinfo=UTC)),
        "currency": "USD",
        "lines": [ReportLine(1, "", 1, Decimal("12.50"))],
        "status": Kard.vocabulary.status(word),
        "native_status": word,
        "traces": (TraceFound(Trace.MEMBER_NUMBER, "M-17"),),
        "channel": Channel.STORE,
        "card": "M-17:4305",
        "descriptor": Descriptor("The Corner", "4029357733", "5812", "US"),
    }
    return PurchaseReport(**{**told, **changes})


def returned(name: str, amount: int, event_id: str, **changes: Any) -> dict[str, Any]:
    return event("RETURNED", name, event_id, amount=amount, **changes)


def message_of(bought: Bought) -> list[Message]:
    at = bought.at.isoformat()
    told = event(
        "SETTLED",
        amount=int(bought.amount * 100),
        authorizationDate=at,
        settledDate=at,
        currency="EUR",
    )
    commission = {
        "issuer": {"type": "cents", "value": 0},
        "user": {"type": "cents", "value": int(bought.commission * 100)},
    }
    return [events(told), notification("validTransaction", commissionEarned=commission)]


def signed(body: bytes, secret: str) -> Incoming:
    given = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Incoming("POST", "https://c.example/in/kard", "", {"notify-signature": given}, body)


CENTS = {"type": "cents", "value": 63}
SETTLED_LATER: dict[str, Any] = {"settledDate": "2026-07-11T09:00:00Z", "amount": 1100}

CASE = Case(
    plugin=Kard(),
    secrets={"webhook_key": ["the-key"]},
    secret_name="webhook_key",
    lives=[
        Life("t1", [events(event("APPROVED")), events(event("SETTLED"))], purchase()),
        Life(
            "t2",
            [events(event("APPROVED", "t2")), events(event("REVERSED", "t2"))],
            purchase("REVERSED", reason="other"),
        ),
        Life(
            # A part of the authorisation is given up, and then the rest settles: only what settled counts.
            "t3",
            [
                events(event("APPROVED", "t3")),
                events(event("REVERSED", "t3", amount=150)),
                events(event("SETTLED", "t3", **SETTLED_LATER)),
            ],
            purchase(lines=[ReportLine(1, "", 1, Decimal("11.00"))]),
        ),
        Life(
            "t4",
            [events(event("APPROVED", "t4")), events(event("REVERSED", "t4", amount=150))],
            purchase(
                "REVERSED",
                refunded=Decimal("1.50"),
                status=Validation.PENDING,
            ),
        ),
        Life(
            "t5",
            [events(event("SETTLED", "t5")), events(returned("t5", 400, "e1"), returned("t5", 50, "e2"))],
            purchase(refunded=Decimal("4.50")),
        ),
        Life(
            "t6",
            [events(event("SETTLED", "t6")), notification("earnedRewardSettled", "t6", commissionEarned=CENTS)],
            purchase(commission=Decimal("0.63")),
        ),
        Life(
            "t7",
            [events(event("SETTLED", "t7")), notification("clawback", "t7")],
            purchase(status=Validation.DECLINED, reason="other"),
        ),
        Life(
            "t8",
            [events(returned("t8", -400, "e3"))],
            Waiting(
                "refund_without_purchase",
                "A return came under a transaction of its own.",
                LooseRefund(
                    Decimal("4.00"),
                    "USD",
                    Moment("2026-07-10T09:00:00Z", "", datetime(2026, 7, 10, 9, tzinfo=UTC)),
                    (TraceFound(Trace.MEMBER_NUMBER, "M-17"),),
                    descriptor=Descriptor("The Corner", "4029357733", "5812", "US"),
                ),
            ),
        ),
        Life(
            "t9",
            [notification("clawback", "t9")],
            Waiting("purchase_not_told", "Kard spoke of the transaction t9, which was not told yet."),
        ),
    ],
    with_status=lambda word: events(event(word)),
    message_of=message_of,
    reads_back=frozenset({"amount", "at", "commission"}),
    signed=signed,
    useless=[
        notification("auditUpdate", status="CLOSED", auditCode=3005),
        Message(b'{"data": {"type": "fileProcessingResult", "id": "f", "attributes": {"fileName": "a"}}}'),
        events(),
    ],
)  # fmt: skip


def report(*messages: Message, object_id: str = "t1") -> PurchaseReport | Waiting:
    return Standing(CASE.plugin, CASE.context()).take(*messages).report(object_id)


def test_a_notification_alone_is_a_purchase_in_the_currency_that_was_filled_in() -> None:
    commission = {"type": "cents", "value": 63}
    found = report(notification("earnedRewardSettled", commissionEarned=commission))
    assert found == purchase(
        commission=Decimal("0.63"),
        channel=Channel.CARD,
        card="",
        descriptor=Descriptor("The Corner"),
    )


def test_a_rejected_reward_is_a_declined_purchase() -> None:
    found = report(events(event("SETTLED")), notification("earnedRewardRejected", reason="LIMIT"))
    assert isinstance(found, PurchaseReport)
    assert (found.status, found.reason) == (Validation.DECLINED, "other")


def test_what_is_reversed_after_it_settled_is_undone_as_far_as_it_goes() -> None:
    settled = event("SETTLED")
    whole = event("REVERSED", transactionDate="2026-07-12T09:00:00Z")
    found = report(events(settled), events(whole))
    assert isinstance(found, PurchaseReport)
    assert (found.status, found.refunded) == (Validation.DECLINED, Decimal(0))
    part = event("REVERSED", transactionDate="2026-07-12T09:00:00Z", amount=250)
    found = report(events(settled), events(part))
    assert isinstance(found, PurchaseReport)
    assert (found.status, found.refunded) == (Validation.CONFIRMED, Decimal("2.50"))


def test_a_credit_that_settles_is_a_refund() -> None:
    found = report(events(event("SETTLED", "t8", direction="CREDIT", amount=400)), object_id="t8")
    assert isinstance(found, Waiting)
    assert found.refund is not None
    assert found.refund.amount == Decimal("4.00")


def test_a_refund_that_was_found_to_be_of_a_purchase_is_deducted() -> None:
    taken = Standing(CASE.plugin, CASE.context()).take(events(event("SETTLED")))
    pieces = {key: piece.data for key, piece in taken.pieces["t1"].items()}
    found = CASE.plugin.fold("t1", {**pieces, "refund:t8": {"amount": "4.00"}}, CASE.context())
    assert isinstance(found, PurchaseReport)
    assert found.refunded == Decimal("4.00")


def test_one_bad_event_does_not_keep_the_others_from_being_read() -> None:
    bad = event("SETTLED", "t2", settledDate="yesterday")
    taken = Standing(CASE.plugin, CASE.context()).take(events(bad, event("SETTLED")))
    assert [(one.where, one.reason) for one in taken.unreadable] == [("event 1", "misread")]
    assert list(taken.reports()) == ["t1"]


@pytest.mark.parametrize(
    ("presence", "channel"), [("", Channel.CARD), ("ecommerce", Channel.WEB), ("1", Channel.STORE)]
)
def test_whether_the_card_was_there_says_where_it_was_used(presence: str, channel: Channel) -> None:
    found = report(events(event("SETTLED", cardPresence=presence)))
    assert isinstance(found, PurchaseReport)
    assert found.channel is channel


def test_a_signature_may_be_written_in_base64() -> None:
    digest = hmac.new(b"the-key", b"{}", hashlib.sha256).digest()
    headers = {"notify-signature": base64.b64encode(digest).decode()}
    assert CASE.plugin.verify_signature(Incoming("POST", "u", "", headers, b"{}"), CASE.context())


def test_a_notification_is_kept_under_its_own_name() -> None:
    told = notification("clawback")
    (kept,) = CASE.plugin.receive(
        signed(told.body, "the-key"), CASE.context(), signed=True
    ).messages
    assert kept.event_id == "n-clawback"
