"""Google Analytics 4: its words for our events, and its limits."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cagnotte.extras.listeners.ga4 import GoogleAnalytics
from cagnotte.hooks.listeners import Became, Event, OrderLine, Outcome, Personal, ReturnedLine, Sum
from tests.listeners.case import (
    NOW,
    ORDER,
    Case,
    calls,
    event,
    outcomes,
    person,
    returned,
)
from tests.listeners.fakes.ga4 import GoogleFake
from tests.sources.fakes.clock import Clock

CASE = Case(
    plugin=GoogleAnalytics(),
    fake=GoogleFake,
    settings={"measurement_id": "G-TEST123"},
    where="api_url",
    secrets={"api_secret": "right"},
    heard=lambda server: [one["params"]["transaction_id"] for _, one in server.taken],
    batch=25,
    event_type="reward.tracked",
)


def told(*events: Event, **settings: str) -> tuple[GoogleFake, dict[str, Outcome]]:
    """Send events to Google, and see what it makes of them."""
    clock = Clock(NOW)
    case = replace(CASE, settings={**CASE.settings, **settings})
    with GoogleFake(clock) as server:
        found = outcomes(case, case.context(server, calls(), clock), events)
    return server, found


def test_a_purchase_is_told_with_its_articles() -> None:
    server, _ = told(event(1, "reward.tracked", order=ORDER))
    ((client, sent),) = server.taken
    assert client == "0.0"
    assert sent == {
        "name": "purchase",
        "params": {
            "transaction_id": "A-1001",
            "affiliation": "corner",
            "currency": "EUR",
            "value": 40.0,
            "tax": 7.48,
            "shipping": 4.9,
            "items": [
                {
                    "item_id": "MUG1",
                    "item_category": "home",
                    "item_brand": "Potier",
                    "price": 20.0,
                    "quantity": 2,
                }
            ],
        },
        "timestamp_micros": int((NOW - timedelta(minutes=5)).timestamp()) * 1_000_000,
    }


@pytest.mark.parametrize("event_type", ["reward.amended", "reward.declined"])
def test_what_comes_back_is_a_refund(event_type: str) -> None:
    order = returned(ORDER, "20.00", ReturnedLine("MUG1", 1))
    server, _ = told(event(1, event_type, order=order))
    ((_, sent),) = server.taken
    assert (sent["name"], sent["params"]) == (
        "refund",
        {
            "transaction_id": "A-1001",
            "currency": "EUR",
            "value": 20.0,
            "items": [{"item_id": "MUG1", "quantity": 1}],
        },
    )


def test_what_becomes_available_is_earned_and_what_pays_is_spent() -> None:
    server, _ = told(
        event(1, "reward.available", order=None, sum=Sum(Decimal("3.45"), "EUR")),
        event(2, "wallet.captured", person=person(1), sum=Sum(Decimal("2.00"), "EUR")),
    )
    assert [(one["name"], one["params"]) for _, one in server.taken] == [
        ("earn_virtual_currency", {"virtual_currency_name": "cashback_eur", "value": 3.45}),
        (
            "spend_virtual_currency",
            {"virtual_currency_name": "cashback_eur", "value": 2.0, "item_name": "order"},
        ),
    ]


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        (event(1, "reward.amended", order=ORDER), "Nothing came back of the order."),
        (event(1, "reward.tracked", order=None), "It names no order."),
        (event(1, "reward.declined", order=None), "It names no order."),
        (event(1, "reward.available", sum=None), "It names no amount."),
        (event(1, "wallet.captured", sum=Sum(Decimal(0), "EUR")), "It names no amount."),
        (
            event(1, "reward.tracked", created_at=NOW - timedelta(hours=72)),
            "It is older than the 72 hours that Google Analytics looks back.",
        ),
    ],
)
def test_what_means_nothing_to_google_is_left_out_for_a_reason(odd: Event, sentence: str) -> None:
    server, found = told(odd, event(2, "reward.tracked"))
    assert found["evt_1"] == Outcome("evt_1", Became.SKIPPED, sentence)
    assert found["evt_2"].became is Became.SENT
    assert CASE.heard(server) == ["A-2"]


def test_each_client_has_requests_of_its_own() -> None:
    events = [event(number, "reward.tracked", person=person(number % 2)) for number in range(1, 53)]
    server, found = told(*events)
    assert {one.became for one in found.values()} == {Became.SENT}
    assert [len(asked.json()["events"]) for asked in server.log] == [25, 25, 1, 1]
    assert {asked.json()["client_id"] for asked in server.log} == {"0.0"}
    assert {asked.json()["user_id"] for asked in server.log} == {person(0).ref, person(1).ref}


def test_clients_are_told_apart_by_a_pseudonym_in_the_shape_of_googles_own() -> None:
    one = person(1, ref="")
    server, _ = told(
        event(1, "reward.tracked", person=replace(one, key="0000000200000003" + "0" * 16))
    )
    assert server.log[0].json()["client_id"] == "2.3"
    assert server.log[0].json()["user_id"] == "0000000200000003" + "0" * 16


def test_the_members_number_is_asked_for_only_where_reports_are_to_know_it() -> None:
    assert CASE.plugin.needs({"user_id": "pseudonym"}) == frozenset()
    assert CASE.plugin.needs({"user_id": "member_number"}) == {Personal.REF}


def test_advertisements_are_always_denied() -> None:
    server, _ = told(event(1, "reward.tracked"))
    assert server.log[0].json()["consent"] == {
        "ad_user_data": "DENIED",
        "ad_personalization": "DENIED",
    }


def test_long_orders_stay_within_what_google_takes() -> None:
    line = OrderLine("S" * 120, 1, Decimal("1.00"), "C" * 120, "B" * 120)
    order = replace(ORDER, ref="R" * 110, lines=(line,) * 450)
    events = [
        event(
            number,
            "reward.tracked",
            person=person(1),
            order=replace(order, ref=f"{number}-{order.ref}"),
        )
        for number in range(1, 8)
    ]
    server, found = told(*events)
    assert {one.became for one in found.values()} == {Became.SENT}
    assert server.lost == []
    assert len(server.taken) == 7


def test_outside_of_europe_another_address_may_be_named() -> None:
    (setting,) = (one for one in CASE.plugin.settings if one.name == "api_url")
    assert setting.default == "https://region1.google-analytics.com"


def test_a_check_names_what_is_wrong() -> None:
    clock = Clock(NOW)
    case = replace(CASE, settings={"measurement_id": "123", "user_id": "address"})
    with GoogleFake(clock) as server:
        problems = case.plugin.check(case.context(server, calls(), clock))
    assert list(problems) == [
        "The measurement_id begins with “G-”; the number of a stream is another.",
        "The user_id is one of pseudonym, member_number.",
        "Unknown measurement_id or api_secret.",
    ]
