"""HubSpot: contacts in batches, what it refuses of them, and its limits."""

from dataclasses import replace
from typing import Any

import pytest

from cagnotte.extras.listeners.hubspot import HubSpot
from cagnotte.hooks.listeners import Became, Event, Outcome, Personal
from tests.listeners.case import NOW, Case, calls, event, outcomes, person
from tests.listeners.fakes.hubspot import HubSpotFake
from tests.sources.fakes.clock import Clock

CASE = Case(
    plugin=HubSpot(),
    fake=HubSpotFake,
    settings={},
    where="api_url",
    secrets={"token": "right"},
    heard=lambda server: server.written,
    batch=100,
    event_type="reward.confirmed",
    by_contact=True,
)
BY_NUMBER = {"member_property": "member_number"}


def told(*events: Event, **facts: Any) -> tuple[HubSpotFake, dict[str, Outcome]]:
    """Tell HubSpot of events. settings: beside the defaults; missing: properties that it does not have."""
    clock = Clock(NOW)
    case = replace(CASE, settings=facts.pop("settings", {}))
    with HubSpotFake(clock) as server:
        for name, value in facts.items():
            setattr(server, name, value)
        found = outcomes(case, case.context(server, calls(), clock), events)
    return server, found


def test_a_contact_says_what_the_cagnotte_holds() -> None:
    server, _ = told(event(7, "reward.confirmed"))
    assert server.contacts == {
        "member7@shop.example": {
            "email": "member7@shop.example",
            "cashback_available": "12.40",
            "cashback_pending": "3.45",
        }
    }


def test_a_contact_may_be_known_by_the_members_number() -> None:
    server, _ = told(event(7, "reward.confirmed"), settings=BY_NUMBER)
    assert server.contacts == {
        "H0007": {
            "email": "member7@shop.example",
            "member_number": "H0007",
            "cashback_available": "12.40",
            "cashback_pending": "3.45",
        }
    }


def test_the_number_is_asked_for_only_where_contacts_are_known_by_it() -> None:
    assert CASE.plugin.needs({}) == {Personal.EMAIL, Personal.BALANCES}
    assert CASE.plugin.needs(BY_NUMBER) == {Personal.EMAIL, Personal.BALANCES, Personal.REF}


def test_all_events_of_a_member_are_one_contact() -> None:
    events = [event(number, "reward.confirmed", person=person(1)) for number in range(1, 6)]
    server, found = told(*events)
    assert server.written == ["member1@shop.example"]
    assert [one.became for one in found.values()] == [Became.SENT] * 5


def test_two_members_of_one_address_do_not_spoil_a_batch() -> None:
    one, two = person(1, email="Home@shop.example"), person(2, email="home@shop.example")
    server, found = told(
        event(1, "reward.confirmed", person=one), event(2, "reward.confirmed", person=two)
    )
    assert [one.became for one in found.values()] == [Became.SENT] * 2
    assert len(server.log) == 2


def test_a_member_without_an_address_is_left_out() -> None:
    server, found = told(
        event(1, "reward.confirmed", person=person(1, email="")), event(2, "reward.confirmed")
    )
    assert found["evt_1"] == Outcome("evt_1", Became.SKIPPED, "The member has no e-mail address.")
    assert server.written == ["member2@shop.example"]


def test_one_bad_address_spoils_no_batch() -> None:
    events = [event(number, "reward.confirmed") for number in range(1, 21)]
    events[12] = event(13, "reward.confirmed", person=person(13, email="nonsense"))
    server, found = told(*events)
    assert found["evt_13"].became is Became.REFUSED
    assert "Email address nonsense is invalid" in found["evt_13"].sentence
    assert [name for name, one in found.items() if one.became is Became.SENT] == [
        one.id for one in events if one.id != "evt_13"
    ]
    assert sorted(server.written) == sorted(set(server.written))
    assert len(server.written) == 19


def test_by_number_hubspot_names_the_contact_it_does_not_take() -> None:
    events = [event(number, "reward.confirmed") for number in range(1, 6)]
    events[2] = event(3, "reward.confirmed", person=person(3, email="nonsense"))
    server, found = told(*events, settings=BY_NUMBER)
    assert found["evt_3"] == Outcome("evt_3", Became.REFUSED, "HubSpot: The address is invalid.")
    assert server.written == ["H0001", "H0002", "H0004", "H0005"]
    assert len(server.log) == 1


def test_a_missing_property_puts_everything_off_until_somebody_makes_it() -> None:
    events = [event(number, "reward.confirmed") for number in (1, 2, 3)]
    server, found = told(*events, missing={"cashback_pending"})
    assert {one.became for one in found.values()} == {Became.LATER}
    assert all("cashback_pending" in one.sentence for one in found.values())
    assert server.written == []
    assert len(server.log) == 1


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [("SECONDLY", 1), ("TEN_SECONDLY_ROLLING", 10), ("DAILY", 3600), ("", 10)],
)
def test_each_limit_is_waited_for_as_long_as_it_lasts(policy: str, seconds: int) -> None:
    clock = Clock(NOW)
    with HubSpotFake(clock) as server:
        server.policy = policy
        context = CASE.context(server, calls(), clock)
        for number in range(1, 101):
            assert set(became(context, event(number, "reward.confirmed"))) == {Became.SENT}
        over = outcomes(CASE, context, [event(101, "reward.confirmed")])["evt_101"]
        assert (over.became, over.retry_after_seconds) == (Became.LATER, seconds)
        clock.wait(10)
        assert became(context, event(101, "reward.confirmed")) == [Became.SENT]
        assert len(server.written) == 101


def became(context: Any, *events: Event) -> list[Became]:
    return [one.became for one in outcomes(CASE, context, events).values()]


def test_a_locked_record_is_tried_again_soon() -> None:
    clock = Clock(NOW)
    with HubSpotFake(clock) as server:
        server.fail_next(423)
        found = outcomes(CASE, CASE.context(server, calls(), clock), [event(1, "member.joined")])
    assert (found["evt_1"].became, found["evt_1"].retry_after_seconds) == (Became.LATER, 2)


def test_a_check_looks_for_the_properties() -> None:
    clock = Clock(NOW)
    case = replace(CASE, settings={"member_property": "cashback_pending"})
    with HubSpotFake(clock) as server:
        server.missing = {"cashback_available"}
        problems = case.plugin.check(case.context(server, calls(), clock))
    assert list(problems) == [
        "HubSpot has no contact property “cashback_available”; make it first.",
        "The values of “cashback_pending” are not unique; members cannot be known by it.",
    ]
