"""Admitad: days of Moscow, actions that are approved and not paid for, carts that are null."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.admitad import Admitad
from cagnotte.hooks.sources import (
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
    Unreadable,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.admitad import MOSCOW, AdmitadFake
from tests.sources.fakes.orders import Order, State
from tests.sources.fakes.server import Number, json_bytes
from tests.sources.polling import Facts, Polling
from tests.sources.standing import Standing

AT = Moment("2026-11-01 12:00:00", "Europe/Moscow", datetime(2026, 11, 1, 9, tzinfo=UTC))
CLICKED = Moment("2026-11-01 11:40:00", "Europe/Moscow", datetime(2026, 11, 1, 8, 40, tzinfo=UTC))


def action(**fields: Any) -> dict[str, Any]:
    return {
        "id": 17, "action_id": 700017, "order_id": "A-17", "advcampaign_id": 4711, "advcampaign_name": "Maison Verte",
        "status": "pending", "status_updated": None, "cart": Number("49.90"), "payment": Number("2.495"),
        "currency": "EUR", "subid": "k7m2p9q4", "subid1": None, "action_date": AT.text, "click_date": CLICKED.text,
        "closing_date": "2026-12-15", "paid": 0, "promocode": None, "positions": [], **fields,
    }  # fmt: skip


def actions(*told: dict[str, Any]) -> Message:
    body = {"results": told, "_meta": {"count": len(told), "limit": 500, "offset": 0}}
    return Message(json_bytes(body), "actions")


def report(**changes: Any) -> PurchaseReport:
    fields: dict[str, Any] = {
        "order_ref": "A-17",
        "merchant": "4711",
        "occurred_at": AT,
        "clicked_at": CLICKED,
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("49.90"))],
        "commission": Decimal("2.495"),
        "status": Validation.PENDING,
        "native_status": "pending",
        "paid": False,
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
        "coupon_codes": [],
    }
    return PurchaseReport(**{**fields, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        actions(
            action(
                order_id=bought.order_ref,
                action_date=bought.at.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:%S"),
                cart=Number(bought.amount),
                payment=Number(bought.commission),
                subid=bought.click,
            )
        )
    ]


LATER = {"status_updated": "2026-12-10 15:00:00"}

CASE = Case(
    plugin=Admitad(),
    settings={"client_id": "client-of-the-test", "shops": "shop.example=ab12cd34"},
    secrets={"client_secret": ["client-secret-of-the-test"]},
    lives=[
        Life(
            "700017",
            [
                actions(action()),
                actions(action(status="approved_but_stalled", status_updated="2026-12-01 15:00:00")),
                actions(action(status="approved", **LATER)),
                actions(action(status="approved", paid=1, **LATER)),
            ],
            report(
                status=Validation.CONFIRMED,
                native_status="approved",
                paid=True,
                updated_at=datetime(2026, 12, 10, 12, tzinfo=UTC),
            ),
        ),
        Life(
            "700018",
            [
                actions(action(action_id=700018)),
                actions(action(action_id=700018, status="approved", **LATER)),
                actions(action(action_id=700018, status="declined", **LATER)),
            ],
            report(
                status=Validation.DECLINED,
                native_status="declined",
                updated_at=datetime(2026, 12, 10, 12, tzinfo=UTC),
            ),
        ),
        Life(
            "700019",
            [
                actions(
                    action(
                        action_id=700019,
                        promocode="ANA5",
                        positions=[
                            {"id": 1, "product_id": "T-1", "product_category_name": "tea", "amount": "30.00"},
                            {"id": 2, "product_id": "L-9", "product_category_name": None, "amount": "19.90"},
                        ],
                    )
                )
            ],
            report(
                lines=[
                    ReportLine(1, "T-1", 1, Decimal("30.00"), category="tea"),
                    ReportLine(2, "L-9", 1, Decimal("19.90")),
                ],
                coupon_codes=["ANA5"],
                traces=[
                    TraceFound(Trace.CLICK, "k7m2p9q4"),
                    TraceFound(Trace.PROMO_CODE, "ANA5"),
                ],
            ),
        ),
        Life(
            "20",
            [actions(action(action_id=None, id=20, cart=None, payment=0, status="approved"))],
            report(
                lines=[ReportLine(1, "", 1, Decimal(0))],
                commission=Decimal(0),
                status=Validation.CONFIRMED,
                native_status="approved",
            ),
        ),
    ],
    with_status=lambda word: actions(action(status=word)),
    message_of=message_of,
    useless=[actions()],
)  # fmt: skip


def expected(order: Order, state: State) -> Facts:
    stalled = state.status == "confirmed" and not state.paid and order.number % 3 == 0
    return {"status": "pending"} if stalled else {}


POLLING = Polling(
    serve=AdmitadFake,
    tells=frozenset({"amount", "commission", "status", "click", "at", "paid"}),
    expected=expected,
    seen_days=None,
    calls_again=3,
    errors_as_200=[
        b'{"status_code": 401, "error_description": "expired"}',
        b'{"results": [], "_meta": null}',
        b'{"access_token": "", "results": {}}',
    ],
)


def standing() -> Standing:
    return Standing(CASE.plugin, CASE.context())


def test_positions_tell_the_amount_where_no_cart_does() -> None:
    told = action(cart=None, positions=[{"amount": "12.00"}, {"amount": "3.50"}])
    found = standing().take(actions(told)).report("700017")
    assert isinstance(found, PurchaseReport)
    assert sum(line.amount for line in found.lines) == Decimal("15.50")


def test_positions_that_do_not_make_up_the_cart_are_one_line() -> None:
    told = action(positions=[{"product_id": "T-1", "amount": "12.00"}])
    assert standing().take(actions(told)).report("700017") == report()


def test_moscow_has_no_summer_time() -> None:
    told = action(action_date="2026-03-29 02:30:00")
    found = standing().take(actions(told)).report("700017")
    assert isinstance(found, PurchaseReport)
    assert found.occurred_at.utc == datetime(2026, 3, 28, 23, 30, tzinfo=UTC)


def test_an_action_of_no_day_is_told_and_the_others_are_taken() -> None:
    taken = standing().take(actions(action(action_date="01.11.2026"), action(action_id=5)))
    (refused,) = taken.unreadable
    assert isinstance(refused, Unreadable)
    assert refused.where == "row 1"
    assert "01.11.2026" in refused.sentence
    assert list(taken.pieces) == ["5"]


@pytest.mark.parametrize(
    ("shop", "beginning"),
    [
        ("ab12cd34", "https://ad.admitad.com/g/ab12cd34/?subid=k7"),
        ("lnk.example/g/ab12cd34/", "https://lnk.example/g/ab12cd34/?subid=k7"),
        ("https://lnk.example/g/ab12cd34", "https://lnk.example/g/ab12cd34/?subid=k7"),
    ],
)
def test_a_link_is_made_of_a_code_or_a_tracking_link(shop: str, beginning: str) -> None:
    context = CASE.context(settings={"shops": f"shop.example={shop}"})
    made = CASE.plugin.deep_link(Link("https://www.shop.example/", "k7"), context)
    assert made == f"{beginning}&ulp=https%3A%2F%2Fwww.shop.example%2F"
