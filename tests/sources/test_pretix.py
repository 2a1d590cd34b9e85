"""pretix: orders in the shape in which version 2026.8 was seen to tell them, and what happens to them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.pretix import Pretix
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Incoming,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
    Unreadable,
)
from tests.sources.case import NOW, Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import shop_orders
from tests.sources.fakes.pretix import TOKEN, PretixFake, code
from tests.sources.fakes.returns import kept
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

CLICK = "k7m2p9q4r8s3t6v1w5x0"
ANSWER = {
    "question": 1, "answer": CLICK, "question_identifier": "CAGNOTTE_CLICK", "options": [], "option_identifiers": [],
}  # fmt: skip


def position(number: int = 1, price: str = "25.00", **changes: Any) -> dict[str, Any]:
    told = {
        "positionid": number, "item": 7, "variation": None, "price": price, "tax_value": "1.30", "answers": [ANSWER],
        "canceled": False,
    }  # fmt: skip
    return {**told, **changes}


def order(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "code": "LSQ77", "event": "play", "status": "p", "testmode": False, "email": "ana@mail.example",
        "datetime": "2026-11-01T09:30:00.875978Z", "fees": [], "total": "50.00",
        "positions": [position(), position(2)], "last_modified": "2026-11-01T09:31:00.772947Z",
        "payments": [{"local_id": 1, "state": "confirmed", "amount": "50.00"}], "refunds": [],
    }  # fmt: skip
    return {**told, **changes}


def page(*orders: dict[str, Any]) -> Message:
    body = {"count": len(orders), "next": None, "previous": None, "results": list(orders)}
    return Message(json.dumps(body).encode(), "orders", headers={"event-currencies": "play=EUR"})


def message(**changes: Any) -> Message:
    body = json.dumps(order(**changes)).encode()
    return Message(body, "orders", headers={"event-currencies": "play=EUR"})


def money(state: str, amount: str, number: int = 1) -> dict[str, Any]:
    return {"local_id": number, "state": state, "amount": amount}


def line(number: int = 1, **changes: Any) -> ReportLine:
    told: dict[str, Any] = {
        "number": number, "sku": "7", "quantity": 1, "amount": Decimal("25.00"), "tax": Decimal("1.30"),
    }  # fmt: skip
    return ReportLine(**{**told, **changes})


BACK: dict[str, Any] = {"returned_quantity": 1, "returned_amount": Decimal("25.00")}


def report(**changes: Any) -> PurchaseReport:
    told: dict[str, Any] = {
        "order_ref": "LSQ77",
        "occurred_at": Moment(
            "2026-11-01T09:30:00.875978Z", "", datetime(2026, 11, 1, 9, 30, 0, 875978, UTC)
        ),
        "currency": "EUR",
        "lines": [line(), line(2)],
        "status": Validation.CONFIRMED,
        "native_status": "p",
        "traces": [TraceFound(Trace.CLICK, CLICK), TraceFound(Trace.EMAIL, "ana@mail.example")],
        "updated_at": datetime(2026, 11, 1, 9, 31, 0, 772947, UTC),
    }
    return PurchaseReport(**{**told, **changes})


def message_of(bought: Bought) -> list[Message]:
    answer = {**ANSWER, "answer": bought.click}
    return [
        message(
            code=bought.order_ref,
            datetime=bought.at.isoformat(),
            total=str(bought.amount),
            positions=[position(price=str(bought.amount), answers=[answer])],
            payments=[money("confirmed", str(bought.amount))],
        )
    ]


LATER = "2026-11-10T09:00:00.000000Z"
AT_LATER = datetime(2026, 11, 10, 9, tzinfo=UTC)

CASE = Case(
    plugin=Pretix(),
    settings={"organizer": "theatre", "confirm_on": "p"},
    secrets={"token": [TOKEN]},
    lives=[
        Life(
            # Ordered, paid, and a part given back: the refund is no change of the order.
            "play/LSQ77",
            [
                message(
                    status="n", payments=[money("created", "50.00")], last_modified="2026-11-01T09:30:00.955344Z"
                ),
                message(),
                message(refunds=[money("created", "10.00")]),
                message(refunds=[money("done", "10.00")]),
            ],
            report(
                lines=[line(returned_amount=Decimal("5.00")), line(2, returned_amount=Decimal("5.00"))]
            ),
        ),
        Life(
            # A ticket is taken off and its price given back: once, not twice.
            "play/ABC12",
            [
                page(order(code="ABC12")),
                message(
                    code="ABC12", total="25.00", positions=[position(), position(2, canceled=True)],
                    refunds=[money("done", "25.00")], last_modified=LATER,
                ),
            ],
            report(order_ref="ABC12", lines=[line(), line(2, **BACK)], updated_at=AT_LATER),
        ),
        Life(
            # All tickets are taken off, and a fee for that is left.
            "play/FEE99",
            [
                message(
                    code="FEE99", total="5.00", positions=[position(canceled=True), position(2, canceled=True)],
                    fees=[{"fee_type": "cancellation", "value": "5.00", "tax_value": "0.80"}],
                    refunds=[money("done", "45.00")], last_modified=LATER,
                ),
            ],
            report(
                order_ref="FEE99", lines=[line(**BACK), line(2, **BACK)], updated_at=AT_LATER,
                delivery=Decimal("5.00"), delivery_tax=Decimal("0.80"),
            ),
        ),
        Life(
            # Not paid in time, and paid after all; the ticket has a variation and there was a discount.
            "play/EXP01",
            [
                message(code="EXP01", status="e", payments=[]),
                message(
                    code="EXP01", last_modified=LATER, total="45.00", payments=[money("confirmed", "45.00")],
                    positions=[position(variation=3), position(2)],
                    fees=[{"fee_type": "other", "value": "-5.00", "tax_value": "0.00", "canceled": False}],
                ),
            ],
            report(
                order_ref="EXP01", updated_at=AT_LATER,
                lines=[
                    line(sku="7-3", discount=Decimal("2.50"), tax=Decimal("1.17")),
                    line(2, discount=Decimal("2.50"), tax=Decimal("1.17")),
                ],
            ),
        ),
        Life(
            "play/CAN01",
            [message(code="CAN01"), message(code="CAN01", status="c", last_modified=LATER)],
            report(
                order_ref="CAN01", status=Validation.DECLINED, native_status="c", reason="booking_cancelled",
                updated_at=AT_LATER,
            ),
        ),
        Life("play/TEST1", [message(code="TEST1", testmode=True)], report(order_ref="TEST1", test=True)),
    ],
    with_status=lambda word: message(status=word),
    message_of=message_of,
    reads_back=frozenset({"amount", "click", "at", "order_ref"}),
)  # fmt: skip

POLLING = Polling(
    serve=PretixFake,
    orders=shop_orders,
    settings=lambda fake: {"api_url": fake.url, "history_days": "200"},
    tells=frozenset({"amount", "status", "click", "at"}),
    expected=lambda order, state: {
        "amount": kept(order, state, lambda line: line.price - line.coupon)
    },
    seen_days=None,
    calls_again=3,
    key=code,
)


def hint(**changes: Any) -> Incoming:
    told = {
        "notification_id": 15, "organizer": "theatre", "event": "play", "code": "LSQ77",
        "action": "pretix.event.order.refund.created", **changes,
    }  # fmt: skip
    body = json.dumps(told).encode()
    return Incoming("POST", "https://cagnotte.example/in/p/s/t", "", {}, body)


def test_a_webhook_is_a_hint_at_an_order_to_fetch() -> None:
    assert not CASE.plugin.verify_signature(hint(), CASE.context())
    reception = CASE.plugin.receive(hint(), CASE.context(), signed=False)
    assert (reception.messages, reception.wanted, reception.status) == ((), ["play/LSQ77"], 200)


def test_a_webhook_about_something_else_is_answered_and_forgotten() -> None:
    reception = CASE.plugin.receive(
        hint(action="pretix.event.changed"), CASE.context(), signed=False
    )
    assert (reception.messages, reception.wanted, reception.status) == ((), (), 200)


@pytest.mark.parametrize(
    "wrong",
    [{"organizer": "another"}, {"event": "../../orders"}, {"code": "A/B"}, {"code": ""}, {"event": ".."}],
)  # fmt: skip
def test_a_hint_leads_nowhere_else(wrong: dict[str, str]) -> None:
    with pytest.raises(Misread):
        CASE.plugin.receive(hint(**wrong), CASE.context(), signed=False)


def test_an_order_is_fetched_with_its_event_s_currency_and_without_its_guests() -> None:
    orders = shop_orders()
    with PretixFake(orders, Clock(NOW)) as fake:
        poller = Poller(CASE, POLLING, fake, fake.clock)
        messages = CASE.plugin.fetch(poller.context(calling=True), f"play/{code(orders[0])}")
    assert [one.headers for one in messages] == [{"event-currencies": "play=EUR"}]
    asked = set(fake.log[0].all("include"))
    assert "positions.price" in asked
    assert not {name for name in asked if "name" in name or "secret" in name or "address" in name}


def test_of_two_tellings_of_one_moment_the_one_whose_refund_went_further_counts() -> None:
    early = message(refunds=[money("created", "10.00"), money("done", "5.00", 2)])
    late = message(refunds=[money("failed", "10.00"), money("done", "5.00", 2)])
    for messages in ([early, late], [late, early]):
        found = Standing(CASE.plugin, CASE.context()).take(*messages).report("play/LSQ77")
        assert isinstance(found, PurchaseReport)
        assert sum(line.returned_amount for line in found.lines) == Decimal("5.00")


def test_a_paid_order_says_nothing_where_no_word_confirms() -> None:
    context = CASE.context(settings={**CASE.context().settings, "confirm_on": ""})
    found = Standing(CASE.plugin, context).take(message()).report("play/LSQ77")
    assert isinstance(found, PurchaseReport)
    assert found.status is None


def test_one_order_that_cannot_be_read_does_not_keep_the_others() -> None:
    broken = order(code="BAD01", refunds=[money("lost", "1.00")])
    taken = Standing(CASE.plugin, CASE.context()).take(page(broken, order()))
    assert list(taken.reports()) == ["play/LSQ77"]
    (problem,) = taken.unreadable
    assert isinstance(problem, Unreadable)
    assert (problem.where, "lost" in problem.sentence) == ("order 1", True)


def test_an_order_whose_currency_is_not_known_is_not_read() -> None:
    taken = Standing(CASE.plugin, CASE.context())
    taken.take(Message(json.dumps(order()).encode(), "orders"))
    assert ["“play”" in one.sentence for one in taken.unreadable] == [True]
