"""GoCardless: rows with and without numbers, days in wordings, credits that may be refunds, and four calls a day."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Channel, Validation
from cagnotte.extras.sources.banks.gocardless import GoCardless
from cagnotte.extras.sources.banks.statements import bought_on
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Descriptor,
    LooseRefund,
    Message,
    Moment,
    Pace,
    PurchaseReport,
    ReportLine,
    SourceBusy,
    SourceFailed,
    TraceFound,
    Waiting,
)
from tests.sources.calls import Calls
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, json_reply, route
from tests.sources.polling import Polling
from tests.sources.standing import Standing

ACCOUNT = "3fa85f64-0000-4562-b3fc-000000000001"
ANOTHER = "3fa85f64-0000-4562-b3fc-000000000002"
TOPIC = f"accounts/{ACCOUNT}/transactions"
CARD = (TraceFound(Trace.CARD, f"gocardless:{ACCOUNT}"),)


def row(amount: str = "-15.00", **changes: Any) -> dict[str, Any]:
    told = {
        "internalTransactionId": "a411fd18", "bookingDate": "2026-11-17", "valueDate": "2026-11-17",
        "transactionAmount": {"amount": amount, "currency": "EUR"},
        "remittanceInformationUnstructured": "PAIEMENT CB 1411 MAISON VERTE LYON CARTE 27571395",
    }  # fmt: skip
    return {key: value for key, value in {**told, **changes}.items() if value is not None}


def statement(*booked: dict[str, Any], pending: Sequence[dict[str, Any]] = ()) -> Message:
    told = {"transactions": {"booked": list(booked), "pending": list(pending)}}
    return Message(json.dumps(told).encode(), TOPIC)


def moment(day: str) -> Moment:
    return Moment(
        day, "Europe/Paris", datetime.fromisoformat(f"{day}T11:00:00+00:00").astimezone(UTC)
    )


def purchase(**changes: Any) -> PurchaseReport:
    told: dict[str, Any] = {
        "order_ref": "",
        "occurred_at": moment("2026-11-14"),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("15.00"))],
        "status": Validation.CONFIRMED,
        "native_status": "booked",
        "traces": CARD,
        "channel": Channel.CARD,
        "card": f"gocardless:{ACCOUNT}",
        "descriptor": Descriptor("PAIEMENT CB 1411 MAISON VERTE LYON CARTE 27571395"),
    }
    return PurchaseReport(**{**told, **changes})


def message_of(bought: Bought) -> list[Message]:
    told = row(f"-{bought.amount}", remittanceInformationUnstructured="MAISON VERTE")
    return [statement(told)]


CASE = Case(
    plugin=GoCardless(),
    settings={"secret_id": "the-id"},
    secrets={"secret_key": ["the-key"]},
    lives=[
        Life(
            f"{ACCOUNT}:a411fd18",
            [
                statement(pending=[row(internalTransactionId=None, remittanceInformationUnstructured="MAISON")]),
                statement(row()),
            ],
            purchase(),
        ),
        Life(
            f"{ACCOUNT}:c2",
            [statement(row("15.00", internalTransactionId="c2", creditorName="x", debtorName="MAISON VERTE"))],
            Waiting(
                "refund_without_purchase",
                "Money came in; whether it is a refund shows when a purchase at the same shop fits.",
                LooseRefund(
                    Decimal("15.00"), "EUR", moment("2026-11-14"), CARD, descriptor=Descriptor("MAISON VERTE")
                ),
            ),
        ),
    ],
    message_of=message_of,
    reads_back=frozenset({"amount"}),
    useless=[
        statement(),
        statement(pending=[row()]),
        statement(row("0.00")),
        statement(row("-760.00", bankTransactionCode="PMNT-ICDT-STDO")),
        Message(b'{"transactions": {}}', TOPIC),
    ],
)  # fmt: skip


def pieces(*messages: Message) -> list[str]:
    return list(Standing(CASE.plugin, CASE.context()).take(*messages).pieces)


def test_a_row_keeps_its_name_however_often_its_days_are_asked_for() -> None:
    nameless = row(internalTransactionId=None)
    first = pieces(statement(nameless))
    assert (
        pieces(statement(nameless), statement(nameless, row("-3.00", internalTransactionId=None)))[
            :1
        ]
        == first
    )


def test_two_rows_that_say_the_same_are_two_purchases() -> None:
    nameless = row(internalTransactionId=None)
    assert len(pieces(statement(nameless, nameless), statement(nameless))) == 2


def test_a_number_that_the_bank_uses_twice_names_two_rows() -> None:
    told: dict[str, Any] = {"internalTransactionId": None, "transactionId": "9998"}
    assert len(pieces(statement(row(**told), row("-9.00", **told)), statement(row(**told)))) == 2
    # The bank words it differently the next day: still the same row.
    reworded = row(**told, remittanceInformationUnstructured="MAISON VERTE")
    assert len(pieces(statement(row(**told)), statement(reworded))) == 1


def test_an_empty_number_is_none() -> None:
    blank = row(internalTransactionId=None, transactionId=" ")
    assert pieces(statement(blank)) == pieces(statement(row(internalTransactionId=None)))


def test_the_same_row_of_two_accounts_is_two_rows() -> None:
    other = Message(statement(row()).body, f"accounts/{ANOTHER}/transactions")
    assert pieces(statement(row()), other) == [f"{ACCOUNT}:a411fd18", f"{ANOTHER}:a411fd18"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("CB MAISON VERTE 14/11/26", "2026-11-14"),
        ("CB MAISON VERTE 14/11", "2026-11-14"),
        ("CARTE 14.11.2026 MAISON", "2026-11-14"),
        ("PAIEMENT CB 1411 MAISON", "2026-11-14"),
        ("CB MAISON 31/02", "2026-11-17"),
        ("CB MAISON 01/11/26", "2026-11-17"),
        ("CB MAISON 18/11/26", "2026-11-17"),
        ("MAISON VERTE", "2026-11-17"),
    ],
)
def test_the_day_of_a_purchase_stands_in_its_wording(text: str, day: str) -> None:
    assert bought_on(text, date(2026, 11, 17)).isoformat() == day


def test_a_purchase_before_new_year_is_booked_after_it() -> None:
    assert bought_on("CB MAISON 30/12", date(2027, 1, 4)) == date(2026, 12, 30)


def test_a_refund_that_was_found_is_deducted() -> None:
    taken = Standing(CASE.plugin, CASE.context()).take(statement(row()))
    (name,) = taken.pieces
    told = {key: piece.data for key, piece in taken.pieces[name].items()}
    for found, refunded in (("4.00", "4.00"), ("40.00", "15.00")):
        report = CASE.plugin.fold(name, {**told, "refund:x": {"amount": found}}, CASE.context())
        assert report == purchase(refunded=Decimal(refunded))


def test_one_bad_row_does_not_keep_the_others_from_being_read() -> None:
    taken = Standing(CASE.plugin, CASE.context()).take(
        statement(row(bookingDate="soon"), row(), row("fifteen"))
    )
    assert [one.where for one in taken.unreadable] == ["booked row 1", "booked row 3"]
    assert len(taken.pieces) == 1


def test_a_message_that_names_no_account_is_refused() -> None:
    with pytest.raises(Misread, match="names no account"):
        pieces(Message(statement(row()).body, "accounts/a/b/transactions"))


# ---- polls ----


class BankFake(FakeServer):
    """One member's account; each order is a row that is booked when it is known, and never changes."""

    bearer = "token-of-today"
    limit = Pace(600, 60)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders
        self.asked_for: list[str] = []
        self.waiting: set[str] = set()

    @route("POST", "/token/new/", free=True)
    def token(self, asked: Asked) -> Reply:
        if asked.json() != {"secret_id": "the-id", "secret_key": "the-key"}:
            raise Refusal(401, b'{"detail": "Authentication failed"}')
        return json_reply({"access": self.bearer, "access_expires": 86400})

    @route("GET", "/requisitions/")
    def requisitions(self, asked: Asked) -> Reply:
        told = [
            {"id": "r1", "status": "LN", "accounts": [ACCOUNT]},
            {"id": "r2", "status": "EX", "accounts": ["expired-account"]},
            {"id": "r3", "status": "LN", "accounts": ["closed-account", ACCOUNT]},
        ]
        start = int(asked.query("offset", "0"))
        return json_reply({"count": len(told), "next": None, "results": told[start : start + 100]})

    @route("GET", "/accounts/{account}/transactions/")
    def transactions(self, asked: Asked, account: str) -> Reply:
        self.asked_for.append(account)
        if account == "closed-account":
            raise Refusal(409, b'{"summary": "Account suspended"}')
        if account in self.waiting:
            return self.busy(86400)
        since = date.fromisoformat(asked.query("date_from"))
        rows = [self._row(order) for order in self.orders if order.at(self.clock.now)]
        booked = [one for one in rows if one["bookingDate"] >= since.isoformat()]
        return json_reply({"transactions": {"booked": booked, "pending": []}})

    def _row(self, order: Order) -> dict[str, Any]:
        return row(
            f"-{order.states[0].amount}",
            internalTransactionId=order.ref,
            bookingDate=order.states[0].since.date().isoformat(),
            remittanceInformationUnstructured=f"SHOP {order.shop}",
        )


POLLING = Polling(
    serve=BankFake,
    # What failed, a token, and the list of accounts.
    calls_again=3,
    settings=lambda fake: {"api_url": fake.url, "history_days": "365"},
    tells=frozenset({"amount"}),
    expected=lambda order, _state: {"amount": order.states[0].amount},
    key=lambda order: f"{ACCOUNT}:{order.ref}",
    report_key=lambda object_id, _report: object_id,
)


def poll(fake: BankFake, cursor: dict[str, Any]) -> tuple[list[Message], dict[str, Any]]:
    context = CASE.context(
        settings={**CASE.context().settings, "api_url": fake.url},
        now=fake.clock.now,
        http=Calls(clock=fake.clock, pace=CASE.plugin.pace),
    )
    messages: list[Message] = []
    for page in CASE.plugin.poll(context, cursor):
        messages += page.messages
        cursor = dict(page.cursor)
    return messages, cursor


def test_an_account_is_asked_at_most_four_times_a_day() -> None:
    with BankFake([], Clock(NOW)) as fake:
        messages, cursor = poll(fake, {})
        assert [message.topic for message in messages] == [TOPIC]
        assert fake.asked_for == [ACCOUNT, "closed-account"]
        fake.clock.now += timedelta(hours=5, minutes=59)
        assert poll(fake, cursor) == ([], cursor)
        assert len(fake.asked_for) == 2
        fake.clock.now += timedelta(minutes=1)
        assert len(poll(fake, cursor)[0]) == 1


def test_a_bank_that_is_busy_does_not_keep_the_other_accounts_waiting() -> None:
    with BankFake([], Clock(NOW)) as fake:
        fake.waiting = {ACCOUNT}
        with pytest.raises(SourceBusy):
            poll(fake, {})
        assert fake.asked_for[-1] == "closed-account"


def test_a_wrong_secret_is_named() -> None:
    with BankFake([], Clock(NOW)) as fake:
        context = CASE.context(
            settings={**CASE.context().settings, "api_url": fake.url},
            secrets={"secret_key": ["wrong"]},
            http=Calls(clock=fake.clock, pace=CASE.plugin.pace),
        )
        with pytest.raises(SourceFailed, match="gives no token for this secret"):
            list(CASE.plugin.poll(context, {}))
