"""Matomo: orders and events in its words, in bulk, and what it says of them."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cagnotte.extras.listeners.matomo import Matomo
from cagnotte.hooks.listeners import Became, Event, Outcome, Sum
from tests.listeners.case import NOW, ORDER, Case, calls, event, outcomes, person, returned
from tests.listeners.fakes.matomo import MatomoFake
from tests.sources.fakes.clock import Clock

CASE = Case(
    plugin=Matomo(),
    fake=MatomoFake,
    settings={"site_id": "3"},
    where="url",
    secrets={"token": "right"},
    heard=lambda server: [one["ec_id"] for one in server.tracked],
    batch=50,
    event_type="reward.tracked",
)


def told(
    *events: Event, invalid: str = "", **settings: str
) -> tuple[MatomoFake, dict[str, Outcome]]:
    """Send events to Matomo, and see what it makes of them."""
    clock = Clock(NOW)
    case = replace(
        CASE,
        settings={**CASE.settings, **settings},
        secrets={"token": settings.pop("token", "right")},
    )
    with MatomoFake(clock) as server:
        server.invalid_orders = {invalid}
        found = outcomes(case, case.context(server, calls(), clock), events)
    return server, found


def test_a_purchase_is_an_order_with_its_articles() -> None:
    server, _ = told(event(1, "reward.tracked", order=ORDER), page_url="https://shop.example/")
    (sent,) = server.tracked
    assert json.loads(sent.pop("ec_items")) == [["MUG1", "MUG1", "home", 20.0, 2]]
    assert sent == {
        "idsite": "3",
        "rec": "1",
        "apiv": "1",
        "_id": "0" * 16,
        "uid": f"{1:032x}",
        "cdt": "2026-11-20 11:55:00",
        "url": "https://shop.example/",
        "idgoal": "0",
        "ec_id": "A-1001",
        "revenue": "44.90",
        "ec_st": "40.00",
        "ec_tx": "7.48",
        "ec_sh": "4.90",
    }


@pytest.mark.parametrize("event_type", ["reward.amended", "reward.declined"])
def test_what_comes_back_is_an_event_of_less_than_nothing(event_type: str) -> None:
    server, _ = told(event(1, event_type, order=returned(ORDER, "20.00")))
    (sent,) = server.tracked
    assert {key: sent[key] for key in ("e_c", "e_a", "e_n", "e_v")} == {
        "e_c": "cashback",
        "e_a": "refund",
        "e_n": "A-1001",
        "e_v": "-20.00",
    }
    assert "idgoal" not in sent


def test_what_comes_back_may_be_a_conversion_of_a_goal() -> None:
    server, _ = told(event(1, "reward.declined", order=returned(ORDER, "44.90")), refund_goal="5")
    (sent,) = server.tracked
    assert (sent["idgoal"], sent["revenue"]) == ("5", "-44.90")
    assert "e_c" not in sent


def test_what_is_earned_and_spent_are_events() -> None:
    server, _ = told(
        event(1, "reward.available", order=None),
        event(2, "wallet.captured", order=None, sum=Sum(Decimal("2.00"), "EUR")),
        category="Cagnotte",
    )
    assert [(one["e_c"], one["e_a"], one["e_n"], one["e_v"]) for one in server.tracked] == [
        ("Cagnotte", "earned", "EUR", "3.45"),
        ("Cagnotte", "spent", "EUR", "2.00"),
    ]


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        (event(1, "reward.amended", order=ORDER), "Nothing came back of the order."),
        (event(1, "reward.tracked", order=None), "It names no order."),
        (event(1, "reward.available", sum=None), "It names no amount."),
    ],
)
def test_what_means_nothing_to_matomo_is_left_out_for_a_reason(odd: Event, sentence: str) -> None:
    server, found = told(odd, event(2, "reward.tracked"))
    assert found["evt_1"] == Outcome("evt_1", Became.SKIPPED, sentence)
    assert CASE.heard(server) == ["A-2"]


def test_what_happened_days_ago_is_taken_because_the_token_comes_with_it() -> None:
    server, found = told(event(1, "reward.tracked", created_at=NOW - timedelta(days=9)))
    assert found["evt_1"].became is Became.SENT
    assert server.tracked[0]["cdt"] == "2026-11-11 12:00:00"
    assert server.log[0].json()["token_auth"] == "right"


def test_what_matomo_calls_invalid_is_named_and_the_rest_is_not_told_again() -> None:
    events = [event(number, "reward.tracked", person=person(1)) for number in (1, 2, 3)]
    server, found = told(*events, invalid="A-2")
    assert found["evt_2"] == Outcome("evt_2", Became.REFUSED, "Matomo calls it invalid.")
    assert [found[name].became for name in ("evt_1", "evt_3")] == [Became.SENT, Became.SENT]
    assert len(server.log) == 1


def test_to_a_token_without_rights_matomo_does_not_say_which_and_nothing_is_told_twice() -> None:
    events = [event(number, "reward.tracked", person=person(1)) for number in (1, 2, 3)]
    server, found = told(*events, invalid="A-2", token="writer")
    assert {one.became for one in found.values()} == {Became.REFUSED}
    assert "Matomo took 2 of 3 and does not say which" in found["evt_1"].sentence
    assert CASE.heard(server) == ["A-1", "A-3"]


def test_a_fault_of_the_tracker_puts_the_whole_parcel_off() -> None:
    clock = Clock(NOW)
    events = [event(number, "reward.tracked") for number in (1, 2)]
    with MatomoFake(clock) as server:
        context = CASE.context(server, calls(), clock)
        server.fail_next(400, body=b'{"status": "error", "tracked": 1, "invalid": 0}')
        assert {one.became for one in outcomes(CASE, context, events).values()} == {Became.LATER}
        assert {one.became for one in outcomes(CASE, context, events).values()} == {Became.SENT}
    assert CASE.heard(server) == ["A-1", "A-2"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"result": "error", "message": "No access."}, "Matomo does not show the site: No access."),
        ([], "Matomo does not show the site: its answer is of another kind"),
        (
            {"idsite": "3", "ecommerce": "0"},
            "The site is not set up as an e-commerce site, so Matomo shows no orders.",
        ),
    ],
)
def test_a_check_tells_what_matomo_says(answer: object, sentence: str) -> None:
    clock = Clock(NOW)
    with MatomoFake(clock) as server:
        server.fail_next(200, body=json.dumps(answer).encode())
        assert list(CASE.plugin.check(CASE.context(server, calls(), clock))) == [sentence]
