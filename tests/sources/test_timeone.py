"""TimeOne: a status that is nought, three decimals, three calls in a quarter of an hour, sentences as errors."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.timeone import TimeOne
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceBusy,
    SourceFailed,
    TraceFound,
    Waiting,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import first_day, network_orders
from tests.sources.fakes.timeone import KEY, LIMITED, TimeOneFake
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

PARIS = ZoneInfo("Europe/Paris")


def action(**fields: str) -> str:
    told = {
        "id": "24865308", "SubID": "k7m2p9q4", "ActionDate": "2026-10-25 02:30:00", "ValidationDate": "",
        "ActionStatus": "1", "ActionType": "3", "ProgramCommission": "20.000%", "ActionCommission": "3.334",
        "CartAmount": "16.67", "ProgramComID": "73146", "PartnerComID": "73146", "Title": "Vente",
        "ProgramCurrency": "EUR", "Device": "mobile", **fields,
    }  # fmt: skip
    return "<action " + " ".join(f"{key}={quoteattr(value)}" for key, value in told.items()) + "/>"


def answer(*actions: str, topic: str = "action 2026-10-25/2026-10-26") -> Message:
    program = f'<program id="546"><name><![CDATA[Été]]></name>{"".join(actions)}</program>'
    return Message(f'<partner id="51238">{program}</partner>'.encode(), topic)


def one(**fields: str) -> Message:
    return answer(action(**fields))


def billed(**fields: str) -> Message:
    return answer(action(**fields), topic="billed 2026-10-25/2026-12-26")


def report(**changes: Any) -> PurchaseReport:
    facts: dict[str, Any] = {
        "order_ref": "24865308",
        "occurred_at": Moment(
            "2026-10-25 02:30:00", "Europe/Paris", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        ),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("16.67"))],
        "merchant": "546",
        "commission": Decimal("3.334"),
        "status": Validation.PENDING,
        "native_status": "1",
        "paid": False,
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
    }
    return PurchaseReport(**{**facts, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        one(
            id=bought.order_ref,
            CartAmount=str(bought.amount),
            ActionCommission=str(bought.commission),
            SubID=bought.click,
            ActionDate=bought.at.isoformat(),
        )
    ]


CASE = Case(
    plugin=TimeOne(),
    settings={"partner_id": "51238", "shops": "shop.example=546"},
    secrets={"key": [KEY]},
    lives=[
        Life("546:24865308", [one()], report(), in_order=True),
        Life(
            "546:17",
            [
                billed(id="17", ActionStatus="2"),
                one(id="17"),
                one(id="17", ActionStatus="2", ValidationDate="2026-11-30"),
            ],
            report(order_ref="17", status=Validation.CONFIRMED, native_status="2", paid=True),
            in_order=True,
        ),
        Life(
            "546:18",
            [one(id="18", ActionStatus="2"), one(id="18", ActionStatus="0")],
            report(order_ref="18", status=Validation.DECLINED, native_status="0"),
            in_order=True,
        ),
        Life(
            "546:19",
            [
                one(
                    id="19",
                    ActionType="4",
                    CartAmount="",
                    SubID=quote_plus("k7 m2&é"),
                    ActionStatus="2",
                )
            ],
            report(
                order_ref="19",
                lines=[ReportLine(1, "", 1, Decimal(0))],
                status=Validation.CONFIRMED,
                native_status="2",
                traces=[TraceFound(Trace.CLICK, "k7 m2&é")],
            ),
            in_order=True,
        ),
        Life(
            "546:20",
            [billed(id="20", ActionStatus="2")],
            Waiting("no_action", "The action that is billed has not been told yet."),
        ),
    ],
    with_status=lambda word: one(ActionStatus=word),
    message_of=message_of,
    useless=[answer(), Message(b'<partner id="51238"></partner>', "action")],
)

POLLING = Polling(
    serve=TimeOneFake,
    tells=frozenset({"amount", "commission", "status", "click", "at"}),
    errors_as_200=[b"Wrong information on parameter : p, k"],
)


def test_what_is_billed_is_paid_unless_the_setting_says_otherwise() -> None:
    orders = network_orders()
    clock = Clock(first_day())
    with TimeOneFake(orders, clock) as fake:
        poller = Poller(CASE, replace(POLLING, tells=frozenset({"paid"})), fake, clock)
        while clock.now < orders[-1].states[-1].since:
            poller.poll()
            clock.wait_days(7)
        poller.poll()
        paid = {order.ref for order in orders if order.states[-1].paid}
        assert paid
        assert {ref for ref, told in poller.told().items() if told["paid"]} == paid
    context = CASE.context(settings={**CASE.settings, "billed_is_paid": "no"})
    told = Standing(CASE.plugin, context).take(one(), billed()).report("546:24865308")
    assert told == report(paid=None)


def test_the_limit_is_told_as_a_sentence() -> None:
    clock = Clock(first_day())
    with TimeOneFake([], clock) as fake:
        poller = Poller(CASE, POLLING, fake, clock)
        fake.fail_next(200, body=LIMITED)
        with pytest.raises(SourceBusy) as busy:
            poller.poll()
        assert busy.value.retry_after_seconds == 900
        assert poller.cursor == {}


def test_wrong_credentials_are_told_as_a_sentence() -> None:
    clock = Clock(first_day())
    with TimeOneFake([], clock) as fake:
        poller = Poller(CASE, POLLING, fake, clock)
        fake.deny()
        with pytest.raises(SourceFailed, match="does not accept"):
            poller.poll()


def test_names_in_latin_1_do_no_harm() -> None:
    message = one()
    latin = Message(message.body.decode().encode("latin-1"), message.topic)
    assert Standing(CASE.plugin, CASE.context()).take(latin).report("546:24865308") == report()


@pytest.mark.parametrize(
    "body",
    [
        b"<html></html>",
        b"<partner",
        b"Thank you",
        b'<!DOCTYPE x [<!ENTITY a "b">]><partner><program id="1"><action id="&a;"/></program></partner>',
    ],
)
def test_what_is_no_list_of_actions_tells_of_none(body: bytes) -> None:
    standing = Standing(CASE.plugin, CASE.context())
    try:
        standing.take(Message(body, "action"))
    except Misread:
        return
    assert standing.pieces == {}
    assert standing.unreadable


def test_a_link_names_the_programme_and_the_site() -> None:
    assert CASE.plugin.deep_link(Link("https://shop.example/a?b=c", "k7m2"), CASE.context()) == (
        "https://tracking.publicidees.com/clic.php?progid=546&partid=51238&cb=k7m2"
        "&dpl=https%3A%2F%2Fshop.example%2Fa%3Fb%3Dc"
    )
