"""Kwanko: conversions of the API, letters of the older web service, calls that are hints."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.kwanko import Kwanko
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Incoming,
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceFailed,
    TraceFound,
    UnknownWord,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.kwanko import FIRST_NUMBER, KwankoFake
from tests.sources.fakes.orders import Order, first_day, network_orders
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

PURCHASED = 1_792_890_000
"""25 October 2026, two o'clock in Paris for the second time that night."""


def conversion(**fields: Any) -> dict[str, Any]:
    return {
        "kwanko_id": "30001", "campaign": {"id": 5001, "name": "Programme"}, "state": "pending_approval",
        "completed_at_timestamp": PURCHASED, "turnover": {"value": Number("120.0"), "currency": "EUR"},
        "websites_per_language": [website()], **fields,
    }  # fmt: skip


def website(**fields: Any) -> dict[str, Any]:
    return {
        "id": 493471, "argsites": {"argsite": "k7m2p9q4"}, "earnings": {"value": 6, "currency": "EUR"}, **fields,
    }  # fmt: skip


def answer(*conversions: dict[str, Any]) -> Message:
    return Message(json_bytes({"conversions": conversions}), "conversions")


def legacy(*rows: str, first: str = "OK 1") -> Message:
    return Message("\n".join([first, *rows, ""]).encode(), "requete")


def report(**changes: Any) -> PurchaseReport:
    facts: dict[str, Any] = {
        "order_ref": "",
        "occurred_at": Moment(str(PURCHASED), "", datetime(2026, 10, 25, 1, 0, tzinfo=UTC)),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("120.0"))],
        "merchant": "5001",
        "commission": Decimal(6),
        "commission_currency": "EUR",
        "status": Validation.PENDING,
        "native_status": "pending_approval",
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
    }
    return PurchaseReport(**{**facts, **changes})


def legacy_report(**changes: Any) -> PurchaseReport:
    facts: dict[str, Any] = {
        "order_ref": "A-17",
        "occurred_at": Moment(
            "2026-10-25 02:30:00", "Europe/Paris", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        ),
        "lines": [ReportLine(1, "", 1, Decimal("120.50"))],
        "commission": Decimal("6.025"),
        "commission_currency": "",
        "native_status": "a",
    }
    return report(**{**facts, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        answer(
            conversion(
                completed_at_timestamp=int(bought.at.timestamp()),
                turnover={"value": Number(bought.amount), "currency": "EUR"},
                websites_per_language=[
                    website(
                        argsites={"argsite": bought.click},
                        earnings={"value": Number(bought.commission), "currency": "EUR"},
                    )
                ],
            )
        )
    ]


def with_status(word: str) -> Message:
    if len(word) == 1:
        return legacy(f"5001;7;6.00;120.00;EUR;{word};2026-10-25 02:30:00;k7m2;A-17")
    return answer(conversion(state=word))


CASE = Case(
    plugin=Kwanko(),
    settings={"shops": "shop.example=P4AD3545983221S1UC41290b082408V4"},
    secrets={"token": ["token-of-kwanko"], "password": ["XewP&e4eJXd8"]},
    lives=[
        Life("5001-30001", [answer(conversion())], report(), in_order=True),
        Life(
            "5001-30002",
            [
                answer(conversion(kwanko_id=30002)),
                answer(conversion(kwanko_id=30002, state="approved")),
                answer(
                    conversion(
                        kwanko_id=30002,
                        state="rejected",
                        websites_per_language=[
                            website(argsites=[]),
                            website(earnings={"value": Number("1.25"), "currency": "EUR"}),
                        ],
                    )
                ),
            ],
            report(
                status=Validation.DECLINED, native_status="rejected", commission=Decimal("7.25")
            ),
            in_order=True,
        ),
        Life(
            "5001-7",
            [
                legacy("5001;7;6.025;120,50;EUR;a;2026-10-25 02:30:00;k7m2p9q4;A-17"),
                legacy("5001;7;6.025;120,50;EUR;v;2026-10-25 02:30:00;k7m2p9q4;A-17"),
            ],
            legacy_report(status=Validation.CONFIRMED, native_status="v"),
            in_order=True,
        ),
        Life(
            "5001-8",
            [legacy("5001;8;6.025;120.50;EUR;r;25/10/2026 02:30:00;k7m2p9q4;é", first="OK")],
            legacy_report(
                order_ref="é",
                status=Validation.DECLINED,
                native_status="r",
                occurred_at=Moment(
                    "25/10/2026 02:30:00", "Europe/Paris", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
                ),
            ),
            in_order=True,
        ),
        Life(
            "5001-9",
            [legacy("5001;9;6.025;120.50;EUR;a;2026-10-25 01:30:00 UTC;;")],
            legacy_report(
                order_ref="",
                traces=[],
                occurred_at=Moment(
                    "2026-10-25 01:30:00 UTC", "UTC", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
                ),
            ),
            in_order=True,
        ),
    ],
    with_status=with_status,
    message_of=message_of,
    reads_back=frozenset({"amount", "commission", "click", "at"}),
    useless=[answer(), legacy(first="OK 0")],
)


def number_of(order: Order) -> str:
    return f"{order.shop}-{FIRST_NUMBER + order.number}"


POLLING = Polling(
    serve=KwankoFake,
    key=number_of,
    report_key=lambda object_id, _report: object_id,
    errors_as_200=[b'{"message": "Unauthenticated."}'],
)

LEGACY = replace(
    POLLING,
    settings=lambda fake: {
        "login": "me@cagnotte.example",
        "legacy_url": f"{fake.url}/requete.php",
        "api_url": fake.url,
    },
)


def test_the_older_web_service_tells_the_same_and_the_shops_number() -> None:
    orders = network_orders()
    clock = Clock(first_day())
    with KwankoFake(orders, clock) as fake:
        poller = Poller(CASE, LEGACY, fake, clock)
        for _ in range(30):
            poller.poll()
            clock.wait_days(7)
        told = poller.told()
        assert told.keys() == {number_of(order) for order in orders}
        for order in orders:
            assert told[number_of(order)] in poller.allowed(order, clock.now, gap_days=7)
        assert {asked.path for asked in fake.log} == {"/requete.php"}
        refs = {order.ref for order in orders}
        reports = poller.standing.reports().values()
        assert {one.order_ref for one in reports if isinstance(one, PurchaseReport)} == refs


def test_the_older_web_service_refuses_with_a_number() -> None:
    clock = Clock(first_day())
    polling = replace(LEGACY, secrets={"password": ["wrong-password"]})
    with KwankoFake([], clock) as fake:
        poller = Poller(CASE, polling, fake, clock)
        with pytest.raises(SourceFailed, match="error 2") as failed:
            poller.poll()
        assert "wrong-password" not in str(failed.value)
        assert poller.cursor == {}
        fake.fail_next(200, body=b"Service indisponible")
        with pytest.raises(SourceFailed, match="refused"):
            poller.poll()


def test_letters_that_contradict_each_other_are_refused_by_name() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(legacy("5001;7;6;120;EUR;va;2026-10-25 02:30:00;k7m2;A-17"))
    with pytest.raises(UnknownWord, match="va"):
        standing.report("5001-7")


def test_a_row_that_is_too_short_is_named_and_the_others_are_read() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(
        legacy("5001;7;6;120", "5001;8;6;120;EUR;a;2026-10-25 02:30:00;k7m2;A-17", first="OK 2")
    )
    assert list(standing.pieces) == ["5001-8"]
    assert [one.where for one in standing.unreadable] == ["row 1"]


def test_earnings_in_two_currencies_are_refused() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    other = website(earnings={"value": 1, "currency": "GBP"})
    standing.take(answer(conversion(websites_per_language=[website(), other])))
    assert "several" in standing.unreadable[0].sentence


# ---- calls of the conversion track ----


def test_a_call_is_a_hint_and_the_last_days_are_fetched() -> None:
    orders = network_orders()
    order = orders[5]
    clock = Clock(order.states[0].since)
    with KwankoFake(orders, clock) as fake:
        poller = Poller(CASE, POLLING, fake, clock)
        query = f"campaign={order.shop}&id={FIRST_NUMBER + order.number}&gain=1.5"
        incoming = Incoming("GET", "https://c.example/in/x", query, {}, b"")
        reception = CASE.plugin.receive(incoming, CASE.context(), signed=False)
        assert list(reception.wanted) == [number_of(order)]
        assert (list(reception.messages), reception.answer) == ([], "OK")
        poller.standing.take(*CASE.plugin.fetch(poller.context(calling=True), reception.wanted[0]))
        assert number_of(order) in poller.told()


def test_a_call_without_the_numbers_is_not_kwankos() -> None:
    with pytest.raises(Misread, match="campaign"):
        CASE.plugin.receive(
            Incoming("GET", "https://c.example/in/x", "id=7", {}, b""), CASE.context(), signed=False
        )


def test_a_link_names_the_campaign() -> None:
    assert CASE.plugin.deep_link(Link("https://shop.example/a?b=c", "k7m2"), CASE.context()) == (
        "https://action.metaffiliation.com/trk.php?mclic=P4AD3545983221S1UC41290b082408V4"
        "&argsite=k7m2&redir=https%3A%2F%2Fshop.example%2Fa%3Fb%3Dc"
    )


def test_whoever_signs_in_one_way_is_not_asked_for_the_other_ways_secret() -> None:
    assert [one.name for one in CASE.plugin.settings if one.secret and one.default is None] == []
