"""Effinity: Latin-1, columns by name, days before months, errors with status 200."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.effinity import Effinity
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceFailed,
    TraceFound,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.effinity import KEY, EffinityFake
from tests.sources.fakes.orders import first_day
from tests.sources.polling import Poller, Polling
from tests.sources.standing import Standing

HEADER = (
    "id_transaction|id_affilieur|id_programme|effi_id|type|montant|commission|statut|date|dateclic|"
    "datetran|ref|payed"
)
PARIS = ZoneInfo("Europe/Paris")


def line(**fields: str) -> str:
    told = {
        "id_transaction": "TX-1001", "id_affilieur": "77", "id_programme": "5001", "effi_id": "k7m2p9q4",
        "type": "vente", "montant": "120.00", "commission": "6.005", "statut": "Attente",
        "date": "29/03/2026 02:30:00", "dateclic": "", "datetran": "", "ref": "A-17", "payed": "0", **fields,
    }  # fmt: skip
    return "|".join(told[name] for name in HEADER.split("|"))


def answer(*lines: str, header: str = HEADER, encoding: str = "latin-1") -> Message:
    return Message("\r\n".join([header, *lines, ""]).encode(encoding), "datetran")


def one(**fields: str) -> Message:
    return answer(line(**fields))


def report(**changes: Any) -> PurchaseReport:
    facts: dict[str, Any] = {
        "order_ref": "A-17",
        # Half past two does not exist in that night; it is moved on by an hour.
        "occurred_at": Moment(
            "29/03/2026 02:30:00", "Europe/Paris", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
        ),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("120.00"))],
        "merchant": "5001",
        "commission": Decimal("6.005"),
        "status": Validation.PENDING,
        "native_status": "Attente",
        "paid": False,
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
    }
    return PurchaseReport(**{**facts, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        one(
            ref=bought.order_ref,
            montant=str(bought.amount),
            commission=str(bought.commission).replace(".", ","),
            effi_id=bought.click,
            datetran=bought.at.isoformat(),
        )
    ]


CASE = Case(
    plugin=Effinity(),
    settings={"shops": "shop.example=23247206"},
    secrets={"key": [KEY]},
    lives=[
        Life("TX-1001", [one()], report(), in_order=True),
        Life(
            "TX-1002",
            [
                one(id_transaction="TX-1002"),
                one(
                    id_transaction="TX-1002",
                    statut="Valide",
                    payed="1",
                    datetran="2026-10-25 02:30:00",
                    dateclic="24/10/2026 23:00:00",
                ),
            ],
            report(
                status=Validation.CONFIRMED,
                native_status="Valide",
                paid=True,
                occurred_at=Moment(
                    "2026-10-25 02:30:00", "Europe/Paris", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
                ),
                clicked_at=Moment(
                    "24/10/2026 23:00:00", "Europe/Paris", datetime(2026, 10, 24, 21, tzinfo=UTC)
                ),
            ),
            in_order=True,
        ),
        Life(
            "TX-1003",
            [
                answer(
                    line(
                        id_transaction="TX-1003",
                        statut="Refusé",
                        montant="300",
                        commission="0,00",
                        effi_id="",
                        payed="",
                        date="02/02/2026",
                    )
                )
            ],
            report(
                lines=[ReportLine(1, "", 1, Decimal(300))],
                commission=Decimal("0.00"),
                status=Validation.DECLINED,
                native_status="Refusé",
                traces=[],
                paid=None,
                occurred_at=Moment(
                    "02/02/2026", "Europe/Paris", datetime(2026, 2, 1, 23, tzinfo=UTC)
                ),
            ),
            in_order=True,
        ),
    ],
    with_status=lambda word: one(statut=word),
    message_of=message_of,
    useless=[answer()],
)

POLLING = Polling(
    serve=EffinityFake,
    tells=frozenset({"amount", "commission", "status", "click", "at", "paid"}),
    errors_as_200=[b"bad credentials !"],
)


def test_an_answer_in_utf_8_is_read_too() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(answer(line(statut="Refusé"), encoding="utf-8"))
    told = standing.report("TX-1001")
    assert isinstance(told, PurchaseReport)
    assert told.status is Validation.DECLINED


def test_columns_are_found_by_their_names() -> None:
    message = answer(
        "6.00|Valide|TX-9|15/01/2026 10:00:00|80.00|5001",
        header="commission|statut|id_transaction|date|montant|id_programme",
    )
    told = Standing(CASE.plugin, CASE.context()).take(message).report("TX-9")
    assert isinstance(told, PurchaseReport)
    assert (told.commission, told.order_ref, told.paid) == (Decimal("6.00"), "", None)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(Misread, match="statut"):
        list(CASE.plugin.parse(answer(header=HEADER.replace("statut", "etat")), CASE.context()))


def test_a_row_without_its_number_is_named_and_the_others_are_read() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(answer(line(id_transaction=""), line()))
    assert list(standing.pieces) == ["TX-1001"]
    assert [one.where for one in standing.unreadable] == ["row 1"]


def test_a_wrong_key_is_told_although_the_status_is_200() -> None:
    clock = Clock(first_day())
    with EffinityFake([], clock) as fake:
        poller = Poller(CASE, POLLING, fake, clock)
        fake.deny()
        with pytest.raises(SourceFailed, match="does not accept the key"):
            poller.poll()


def test_a_link_names_the_counter() -> None:
    assert CASE.plugin.deep_link(Link("https://shop.example/a?b=c", "k7m2"), CASE.context()) == (
        "https://track.effiliation.com/servlet/effi.redir?id_compteur=23247206&effi_id=k7m2"
        "&url=https%3A%2F%2Fshop.example%2Fa%3Fb%3Dc"
    )
