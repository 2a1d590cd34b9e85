"""impact.com: actions that are restated in place, hints that are fetched, articles where they add up."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.impact import Impact
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
    Unreadable,
    Waiting,
)
from tests.sources.calls import Calls
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.impact import ImpactFake, action_id
from tests.sources.fakes.orders import first_day, network_orders
from tests.sources.polling import Polling
from tests.sources.standing import Standing

ACTION = {
    "Id": "4711.9.100200", "CampaignId": "4711", "CampaignName": "Maison Verte", "ActionTrackerName": "Sale",
    "State": "PENDING", "Payout": "2.495", "Amount": "49.90", "IntendedAmount": "49.90", "Currency": "EUR",
    "EventDate": "2026-11-01T10:00:00+01:00", "LockingDate": "2026-12-01T00:00:00+01:00", "Oid": "A-17",
    "SubId1": "k7m2p9q4", "SubId2": "", "SubId3": "", "ReferringDate": "2026-11-01T09:40:00+01:00",
    "CreationDate": "2026-11-01T10:05:00+01:00", "ClearedDate": "", "PromoCode": "", "CustomerCountry": "FR",
}  # fmt: skip


def action(**fields: str) -> dict[str, str]:
    return {**ACTION, **fields}


def listed(*actions: dict[str, Any]) -> Message:
    return Message(json.dumps({"@page": "1", "Actions": actions}).encode(), "actions")


def items(*told: dict[str, str], of: str = "4711.9.100200") -> Message:
    body = json.dumps({"ActionItems": told}).encode()
    return Message(body, "items", headers={"action-id": of})


def report(**changes: Any) -> PurchaseReport:
    fields: dict[str, Any] = {
        "order_ref": "A-17",
        "merchant": "4711",
        "occurred_at": Moment(
            "2026-11-01T10:00:00+01:00", "", datetime(2026, 11, 1, 9, tzinfo=UTC)
        ),
        "clicked_at": Moment(
            "2026-11-01T09:40:00+01:00", "", datetime(2026, 11, 1, 8, 40, tzinfo=UTC)
        ),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("49.90"))],
        "commission": Decimal("2.495"),
        "status": Validation.PENDING,
        "native_status": "PENDING",
        "paid": False,
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
        "country": "FR",
        "coupon_codes": [],
    }
    return PurchaseReport(**{**fields, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        listed(
            action(
                Oid=bought.order_ref,
                EventDate=bought.at.isoformat(),
                Amount=str(bought.amount),
                Payout=str(bought.commission),
                SubId1=bought.click,
            )
        )
    ]


CASE = Case(
    plugin=Impact(),
    settings={"account_sid": "IRsid", "shops": "shop.example=shop.pxf.example/c/12/34/56"},
    secrets={"auth_token": ["token-of-the-test"]},
    lives=[
        Life(
            "4711.9.100200",
            [
                listed(action()),
                listed(
                    action(State="APPROVED", Amount="29.90", Payout="1.495", PromoCode="ANA5"),
                ),
                listed(
                    action(
                        State="APPROVED",
                        Amount="29.90",
                        Payout="1.495",
                        PromoCode="ANA5",
                        ClearedDate="2027-01-05T08:00:00Z",
                    )
                ),
            ],
            report(
                lines=[ReportLine(1, "", 1, Decimal("29.90"))],
                commission=Decimal("1.495"),
                status=Validation.CONFIRMED,
                native_status="APPROVED",
                paid=True,
                coupon_codes=["ANA5"],
                traces=[
                    TraceFound(Trace.CLICK, "k7m2p9q4"),
                    TraceFound(Trace.PROMO_CODE, "ANA5"),
                ],
            ),
            in_order=True,
        ),
        Life(
            "4711.9.100201",
            [
                listed(action(Id="4711.9.100201")),
                listed(
                    action(Id="4711.9.100201", State="REVERSED", Amount="0.00", Payout="0.00"),
                ),
                items(
                    {"Sku": "T-1", "Category": "tea", "Quantity": "2", "SaleAmount": "30.00",
                     "AdjustmentReason": "ITEM_RETURNED"},
                    {"Sku": "T-2", "Category": "tea", "Quantity": "1", "SaleAmount": "19.90",
                     "AdjustmentReason": "ITEM_RETURNED"},
                    of="4711.9.100201",
                ),
            ],
            report(
                lines=[
                    ReportLine(1, "T-1", 2, Decimal("30.00"), category="tea"),
                    ReportLine(2, "T-2", 1, Decimal("19.90"), category="tea"),
                ],
                commission=Decimal("0.00"),
                status=Validation.DECLINED,
                native_status="REVERSED",
                reason="returned",
            ),
            in_order=True,
        ),
        Life(
            "4711.9.100202",
            [items({"Sku": "T-1", "SaleAmount": "1.00"}, of="4711.9.100202")],
            Waiting("order_missing", "The articles came, and not yet their action."),
        ),
    ],
    with_status=lambda word: listed(action(State=word)),
    message_of=message_of,
    useless=[listed()],
)  # fmt: skip

POLLING = Polling(
    serve=ImpactFake,
    tells=frozenset({"amount", "commission", "status", "click", "at", "paid"}),
    expected=lambda _, state: {"commission": Decimal("0.00")} if state.status == "declined" else {},
    seen_days=None,
    errors_as_200=[b'{"Status": "ERROR", "Message": "Access Denied"}', b"[]", b'{"Actions": null}'],
)


def standing() -> Standing:
    return Standing(CASE.plugin, CASE.context())


def test_articles_that_do_not_make_up_the_amount_are_one_line() -> None:
    told = items({"Sku": "T-1", "Quantity": "1", "SaleAmount": "10.00"})
    found = standing().take(listed(action()), told).report("4711.9.100200")
    assert found == report()


def test_a_test_of_the_shop_never_earns() -> None:
    told = items(
        {"Sku": "T-1", "Quantity": "1", "SaleAmount": "49.90", "AdjustmentReason": "TEST_ACTION"}
    )
    found = standing().take(listed(action()), told).report("4711.9.100200")
    assert isinstance(found, PurchaseReport)
    assert found.test


def test_an_action_without_number_does_not_hold_up_the_others() -> None:
    taken = standing().take(listed(action(Id=""), action()))
    assert taken.unreadable == [Unreadable("misread", "“Id” is missing.", "row 1")]
    assert taken.reports() == {"4711.9.100200": report()}


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("campaign_id=4711&action_id=4711.9.100200&status=APPROVED", b""),
        ("", b"action_id=4711.9.100200"),
        ("", b'{"action_id": "4711.9.100200", "payout": "2.49"}'),
    ],
)
def test_a_notification_is_a_hint_alone(query: str, body: bytes) -> None:
    incoming = Incoming("POST", "https://c.example/in/impact", query, {}, body)
    assert not CASE.plugin.verify_signature(incoming, CASE.context())
    reception = CASE.plugin.receive(incoming, CASE.context(), signed=False)
    assert (reception.wanted, reception.messages, reception.status) == (["4711.9.100200"], (), 200)


@pytest.mark.parametrize("number", ["", "../../Advertisers", "4711/Items", "1.2?x=3"])
def test_a_notification_cannot_lead_elsewhere(number: str) -> None:
    incoming = Incoming(
        "POST", "https://c.example/in/impact", "", {}, json.dumps({"action_id": number}).encode()
    )
    with pytest.raises(Misread):
        CASE.plugin.receive(incoming, CASE.context(), signed=False)


def test_one_action_is_fetched_with_its_articles() -> None:
    order = next(order for order in network_orders() if len(order.states[0].lines) > 1)
    clock = Clock(order.states[0].since + timedelta(minutes=1))
    with ImpactFake([order], clock) as fake:
        context = CASE.context(
            settings={**CASE.context().settings, "api_url": fake.url}, http=Calls()
        )
        messages = CASE.plugin.fetch(context, action_id(order))
        found = standing().take(*messages).report(action_id(order))
        assert isinstance(found, PurchaseReport)
        assert [line.sku for line in found.lines] == [line.sku for line in order.states[0].lines]
        assert sum(line.amount for line in found.lines) == order.states[0].amount
        with pytest.raises(SourceFailed, match="status 404"):
            CASE.plugin.fetch(context, "1.2.3")
        with pytest.raises(SourceFailed, match="no action"):
            CASE.plugin.fetch(context, "../1")


def test_a_next_page_on_another_server_is_not_asked() -> None:
    with ImpactFake([], Clock(first_day())) as fake:
        body = (
            b'{"Actions": [], "@nextpageuri": "https://elsewhere.example/Mediapartners/x/Actions"}'
        )
        fake.fail_next(200, body=body)
        context = CASE.context(
            settings={**CASE.context().settings, "api_url": fake.url}, http=Calls()
        )
        with pytest.raises(SourceFailed, match="another server"):
            list(CASE.plugin.poll(context, {}))
        assert len(fake.log) == 1


def test_a_link_uses_the_tracking_link_of_its_shop() -> None:
    made = CASE.plugin.deep_link(Link("https://shop.example/tea?a=1", "k7m2p9q4"), CASE.context())
    assert made == (
        "https://shop.pxf.example/c/12/34/56?subId1=k7m2p9q4&u=https%3A%2F%2Fshop.example%2Ftea%3Fa%3D1"
    )
    with pytest.raises(SourceFailed, match=r"other\.example"):
        CASE.plugin.deep_link(Link("https://other.example/", "k7"), CASE.context())
