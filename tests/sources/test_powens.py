"""Powens: webhooks of connections and of accounts, rows that are to come, and rows that the bank took back."""

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
from cagnotte.extras.sources.banks.powens import Powens
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
from tests.sources.case import Bought, Case, Life
from tests.sources.standing import Standing

URL = "https://cagnotte.example/in/corner/powens/token"
CARD = (TraceFound(Trace.CARD, "powens:17"),)


def row(name: int = 101, value: Any = -15.5, **changes: Any) -> dict[str, Any]:
    told = {
        "id": name, "id_account": 17, "date": "2026-11-17", "rdate": "2026-11-14", "value": value, "type": "card",
        "original_wording": "CB MAISON VERTE 14/11/26", "simplified_wording": "MAISON VERTE", "coming": False,
        "deleted": None, "last_update": "2026-11-17 08:00:00",
    }  # fmt: skip
    return {**told, **changes}


def connection(*rows: dict[str, Any]) -> Message:
    account = {"id": 17, "name": "Compte", "currency": {"id": "EUR"}, "transactions": list(rows)}
    told = {"user": {"id": 3}, "connection": {"id": 5, "state": None, "accounts": [account]}}
    return Message(json.dumps(told).encode(), "webhook")


def account(*rows: dict[str, Any]) -> Message:
    told = {"id": 17, "id_user": 3, "currency": {"id": "EUR"}, "transactions": list(rows)}
    return Message(json.dumps(told).encode(), "webhook")


def moment(day: str) -> Moment:
    return Moment(
        day, "Europe/Paris", datetime.fromisoformat(f"{day}T11:00:00+00:00").astimezone(UTC)
    )


def purchase(**changes: Any) -> PurchaseReport:
    told: dict[str, Any] = {
        "order_ref": "",
        "occurred_at": moment("2026-11-14"),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("15.5"))],
        "status": Validation.CONFIRMED,
        "native_status": "booked",
        "traces": CARD,
        "channel": Channel.CARD,
        "card": "powens:17",
        "descriptor": Descriptor("CB MAISON VERTE 14/11/26"),
    }
    return PurchaseReport(**{**told, **changes})


def signed(body: bytes, secret: str) -> Incoming:
    date = "2026-11-20T12:00:00Z"
    content = f"POST./in/corner/powens/token.{date}.".encode() + body
    given = base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()
    return Incoming("POST", URL, "", {"bi-signature": given, "bi-signature-date": date}, body)


def message_of(bought: Bought) -> list[Message]:
    told = json.dumps({"transactions": [row(value="VALUE")], "id": 17, "currency": "EUR"})
    return [Message(told.replace('"VALUE"', f"-{bought.amount}").encode())]


DELETED = {"deleted": "2026-11-18 08:00:00", "last_update": "2026-11-18 08:00:00"}

CASE = Case(
    plugin=Powens(),
    secrets={"secret": ["the-secret"]},
    lives=[
        Life("101", [connection(row(coming=True)), connection(row()), account(row())], purchase()),
        Life(
            "102",
            [account(row(102)), account(row(102, **DELETED))],
            purchase(status=Validation.DECLINED, native_status="deleted", reason="cancelled"),
        ),
        Life(
            "103",
            [account(row(103, "15.50", type="payback", original_wording="AVOIR MAISON VERTE"))],
            Waiting(
                "refund_without_purchase",
                "Money came in; whether it is a refund shows when a purchase at the same shop fits.",
                LooseRefund(
                    Decimal("15.50"),
                    "EUR",
                    moment("2026-11-14"),
                    CARD,
                    descriptor=Descriptor("AVOIR MAISON VERTE"),
                ),
            ),
        ),
        Life(
            "104",
            [account(row(104, 15), row(104, 15, **DELETED))],
            Waiting("row_deleted", "The bank took this row back."),
        ),
    ],
    message_of=message_of,
    reads_back=frozenset({"amount"}),
    signed=signed,
    useless=[
        account(row(type="transfer")),
        account(row(type="summary_card")),
        account(row(coming=True)),
        account(row(value=0)),
        Message(b'{"id": 17, "user": {}}'),
        connection(),
    ],
)


def test_one_bad_row_does_not_keep_the_others_from_being_read() -> None:
    taken = Standing(CASE.plugin, CASE.context()).take(account(row(1, date="", rdate=None), row()))
    assert [one.where for one in taken.unreadable] == ["row 1"]
    assert list(taken.reports()) == ["101"]


def test_an_account_without_currency_has_the_one_that_was_filled_in() -> None:
    told = Message(json.dumps({"id": 17, "transactions": [row()]}).encode())
    assert Standing(CASE.plugin, CASE.context()).take(told).report("101") == purchase()


def test_the_signature_is_of_this_address() -> None:
    request = signed(b"{}", "the-secret")
    elsewhere = Incoming("POST", URL + "2", "", request.headers, b"{}")
    with pytest.raises(BadSignature):
        CASE.plugin.verify_signature(elsewhere, CASE.context())
