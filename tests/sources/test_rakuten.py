"""Rakuten Advertising: orders of several articles, rows with a minus before and after, dates of JavaScript."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.rakuten import Rakuten
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
    Waiting,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.rakuten import RakutenFake, text
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.polling import Facts, Polling
from tests.sources.standing import Standing


def row(**fields: Any) -> dict[str, Any]:
    return {
        "etransaction_id": "e-0001", "advertiser_id": 1111, "sid": 22222, "order_id": "333333333", "offer_id": "0",
        "sku_number": "MUG", "sale_amount": 10, "quantity": 2, "commissions": Number("0.80"),
        "process_date": "Wed Apr 30 2014 03:07:13 GMT+0000 (UTC)",
        "transaction_date": "Wed Apr 30 2014 03:07:00 GMT+0000 (UTC)", "transaction_type": "realtime",
        "product_name": "Mug", "u1": "k7m2p9q4", "currency": "USD", "is_event": "Y", **fields,
    }  # fmt: skip


CUP = {
    "etransaction_id": "e-0002",
    "sku_number": "CUP",
    "sale_amount": Number("25.50"),
    "quantity": 1,
}
MUG_BACK = {
    "etransaction_id": "e-0003", "sale_amount": -5, "quantity": -1, "commissions": Number("-0.40"), "is_event": "N",
    "process_date": "Fri May 30 2014 03:07:13 GMT+0000 (UTC)", "transaction_type": "batch",
}  # fmt: skip


def rows(*told: dict[str, Any]) -> Message:
    return Message(json_bytes(told), "process")


def report(**changes: Any) -> PurchaseReport:
    facts: dict[str, Any] = {
        "order_ref": "333333333",
        "occurred_at": Moment(
            "Wed Apr 30 2014 03:07:00 GMT+0000 (UTC)", "", datetime(2014, 4, 30, 3, 7, tzinfo=UTC)
        ),
        "currency": "USD",
        "lines": [ReportLine(1, "MUG", 2, Decimal(10))],
        "merchant": "1111",
        "commission": Decimal("0.80"),
        "status": Validation.PENDING,
        "native_status": "Y",
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
    }
    return PurchaseReport(**{**facts, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        rows(
            row(
                order_id=bought.order_ref,
                sale_amount=Number(bought.amount),
                commissions=Number(bought.commission),
                u1=bought.click,
                transaction_date=text(bought.at),
            )
        )
    ]


CASE = Case(
    plugin=Rakuten(page_size=7),
    settings={"account_id": "3267514", "link_id": "aB3dEfGhIjK", "shops": "shop.example=1111"},
    secrets={"client_id": ["client"], "client_secret": ["secret-of-rakuten"]},
    lives=[
        Life("1111:333333333", [rows(row())], report()),
        Life(
            "1111:444",
            [
                rows(row(order_id="444", **MUG_BACK)),
                rows(row(order_id="444"), row(order_id="444", **CUP)),
                rows(row(order_id="444", is_event="N"), row(order_id="444", is_event="N", **CUP)),
            ],
            report(
                order_ref="444",
                lines=[
                    ReportLine(
                        1, "MUG", 2, Decimal(10), returned_quantity=1, returned_amount=Decimal(5)
                    ),
                    ReportLine(2, "CUP", 1, Decimal("25.50")),
                ],
                commission=Decimal("1.20"),
                status=Validation.CONFIRMED,
                native_status="N",
            ),
        ),
        Life(
            "1111:555",
            [
                rows(row(order_id="555", is_event="N")),
                rows(
                    row(
                        order_id="555",
                        **{**MUG_BACK, "sale_amount": -10, "quantity": -2, "sku_number": "MUG"},
                    )
                ),
            ],
            report(
                order_ref="555",
                lines=[
                    ReportLine(
                        1, "MUG", 2, Decimal(10), returned_quantity=2, returned_amount=Decimal(10)
                    )
                ],
                commission=Decimal("0.40"),
                status=Validation.DECLINED,
                native_status="N",
            ),
        ),
        Life(
            "1111:666",
            [rows(row(order_id="666", **MUG_BACK))],
            Waiting("no_sale", "What is undone here has not been told as sold yet."),
        ),
        Life(
            "1111:777",
            [
                rows(row(order_id="777", is_event="N")),
                rows(row(order_id="777", **{**MUG_BACK, "sku_number": "OTHER"})),
            ],
            report(
                order_ref="777",
                refunded=Decimal(5),
                commission=Decimal("0.40"),
                status=Validation.CONFIRMED,
                native_status="N",
            ),
        ),
    ],
    with_status=lambda word: rows(row(is_event=word)),
    message_of=message_of,
    useless=[rows()],
)


def as_rakuten_tells(order: Order, state: State) -> Facts:
    """A sale that was processed stays so; one that is declined is taken away."""
    if state.status == "declined":
        return {"amount": Decimal(0), "commission": Decimal(0)}
    told = [one for one in order.states if one.since <= state.since]
    processed = any(one.status == "confirmed" for one in told)
    return {"status": "confirmed" if processed else state.status}


POLLING = Polling(
    serve=RakutenFake, expected=as_rakuten_tells, errors_as_200=[b'{"errors": "no"}', b"null"]
)


def test_an_article_sold_twice_is_taken_back_once_over() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    back = {**MUG_BACK, "sale_amount": -15, "quantity": -3}
    standing.take(rows(row(), row(etransaction_id="e-0009"), row(**back)))
    told = standing.report("1111:333333333")
    assert isinstance(told, PurchaseReport)
    assert [(line.returned_quantity, line.returned_amount) for line in told.lines] == [
        (2, Decimal(10)),
        (1, Decimal(5)),
    ]
    assert told.refunded == 0


def test_rows_in_two_currencies_are_refused() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(rows(row(), row(etransaction_id="e-0009", currency="EUR")))
    with pytest.raises(Misread, match="several currencies"):
        standing.report("1111:333333333")


@pytest.mark.parametrize(
    "written", ["30 Apr 2014", "Wed Avr 30 2014 03:07:00 GMT+0000", "2014-04-30T03:07:00", ""]
)
def test_dates_of_another_form_are_refused(written: str) -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(rows(row(transaction_date=written)))
    with pytest.raises(Misread, match="transaction_date"):
        standing.report("1111:333333333")


def test_a_date_knows_its_offset() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(rows(row(transaction_date="Sun Oct 25 2026 02:30:00 GMT+0200")))
    told = standing.report("1111:333333333")
    assert isinstance(told, PurchaseReport)
    assert told.occurred_at.utc == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_link_names_the_advertiser() -> None:
    assert CASE.plugin.deep_link(Link("https://shop.example/a?b=c", "k7m2"), CASE.context()) == (
        "https://click.linksynergy.com/deeplink?id=aB3dEfGhIjK&mid=1111&u1=k7m2"
        "&murl=https%3A%2F%2Fshop.example%2Fa%3Fb%3Dc"
    )
