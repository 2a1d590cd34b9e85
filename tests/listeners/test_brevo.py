"""Brevo: contacts one by one or by import, and its limits."""

from dataclasses import replace
from typing import Any

from cagnotte.extras.listeners.brevo import Brevo
from cagnotte.hooks.listeners import Became, Event, Outcome, Personal
from tests.listeners.case import NOW, Case, calls, event, outcomes, person
from tests.listeners.fakes.brevo import BrevoFake
from tests.sources.fakes.clock import Clock

CASE = Case(
    plugin=Brevo(),
    fake=BrevoFake,
    settings={"list_id": "3"},
    where="api_url",
    secrets={"api_key": "right"},
    heard=lambda server: server.written,
    batch=1,
    event_type="reward.confirmed",
    by_contact=True,
)


def told(*events: Event, **settings: str) -> tuple[BrevoFake, dict[str, Outcome]]:
    """Tell Brevo of events."""
    clock = Clock(NOW)
    case = replace(CASE, settings={**CASE.settings, **settings})
    with BrevoFake(clock) as server:
        found = outcomes(case, case.context(server, calls(), clock), events)
    return server, found


def test_a_contact_says_what_the_cagnotte_holds_and_is_put_in_the_list() -> None:
    server, _ = told(event(7, "reward.confirmed", person=person(7, ref="")))
    assert server.contacts == {
        "member7@shop.example": {"CASHBACK_AVAILABLE": 12.4, "CASHBACK_PENDING": 3.45, "lists": {3}}
    }


def test_a_contact_may_carry_the_members_number() -> None:
    server, _ = told(event(7, "reward.confirmed"), ext_id="yes")
    assert server.contacts["member7@shop.example"]["ext_id"] == "H0007"
    assert CASE.plugin.needs({"ext_id": "yes"}) == {
        Personal.EMAIL,
        Personal.BALANCES,
        Personal.REF,
    }
    assert CASE.plugin.needs({"ext_id": "no"}) == {Personal.EMAIL, Personal.BALANCES}


def test_many_contacts_go_as_one_import() -> None:
    events = [event(number, "reward.confirmed") for number in range(1, 301)]
    server, found = told(*events)
    assert {one.became for one in found.values()} == {Became.SENT}
    assert (len(server.log), server.imports, len(server.contacts)) == (1, 1, 300)
    assert server.contacts["member300@shop.example"]["CASHBACK_PENDING"] == 3.45


def test_an_import_that_is_put_off_loses_nothing() -> None:
    clock = Clock(NOW)
    events = [event(number, "reward.confirmed") for number in range(1, 31)]
    with BrevoFake(clock) as server:
        context = CASE.context(server, calls(), clock)
        server.fail_next(429, {"x-sib-ratelimit-reset": "17"})
        found = outcomes(CASE, context, events)
        assert {(one.became, one.retry_after_seconds) for one in found.values()} == {
            (Became.LATER, 17)
        }
        assert {one.became for one in outcomes(CASE, context, events).values()} == {Became.SENT}
    assert len(server.written) == 30


def test_ten_calls_a_second_are_what_brevo_takes_and_the_rest_waits_as_long_as_it_says() -> None:
    clock = Clock(NOW)
    with BrevoFake(clock) as server:
        context = CASE.context(server, calls(), clock)
        first = [event(number, "reward.confirmed") for number in range(1, 8)]
        second = [event(number, "reward.confirmed") for number in range(8, 15)]
        assert became(context, first) == [Became.SENT] * 7
        assert became(context, second) == [Became.SENT] * 3 + [Became.LATER] * 4
        clock.wait(2)
        assert became(context, second[3:]) == [Became.SENT] * 4
    assert len(server.written) == len(set(server.written)) == 14


def became(context: Any, events: list[Event]) -> list[Became]:
    return [one.became for one in outcomes(CASE, context, events).values()]


def test_an_address_that_is_none_is_refused_and_the_others_arrive() -> None:
    server, found = told(
        event(1, "reward.confirmed", person=person(1, email="nonsense")),
        event(2, "reward.confirmed"),
        event(3, "reward.confirmed", person=person(3, email="")),
    )
    assert found["evt_1"] == Outcome(
        "evt_1", Became.REFUSED, "Brevo answered 400: email is not valid"
    )
    assert found["evt_2"].became is Became.SENT
    assert found["evt_3"].became is Became.SKIPPED
    assert server.written == ["member2@shop.example"]


def test_a_check_looks_for_attributes_and_list() -> None:
    clock = Clock(NOW)
    case = replace(CASE, settings={"list_id": "4", "ext_id": "perhaps"})
    with BrevoFake(clock) as server:
        server.attributes = {"CASHBACK_AVAILABLE"}
        problems = case.plugin.check(case.context(server, calls(), clock))
        assert list(problems) == [
            "ext_id is yes or no.",
            "Brevo has no contact attribute “CASHBACK_PENDING”; make it first.",
            "Brevo does not show the list 4.",
        ]
        case = replace(CASE, settings={"list_id": "four"})
        problems = case.plugin.check(case.context(server, calls(), clock))
        assert list(problems) == ["The list_id is a number."]
