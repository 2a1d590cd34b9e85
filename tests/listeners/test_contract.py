"""What every listener keeps to, whatever it speaks to: one test for each promise, once for each plugin."""

import importlib
import json

import pytest

from cagnotte.hooks import manager
from cagnotte.hooks.listeners import Became, Event, ListenerContext, Outcome, Personal
from cagnotte.hooks.sources import SourceFailed
from tests.listeners.case import NOW, PRIVATE, Case, calls, event, outcomes, person
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.server import FakeServer

NAMES = sorted(manager.listeners())


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    found = importlib.import_module(f"tests.listeners.test_{request.param}").CASE
    assert isinstance(found, Case)
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


def many(case: Case, count: int) -> list[Event]:
    """Events that need three requests: of one member where a member is a request of its own, else of as many."""
    who = {} if case.by_contact else {"person": person(1)}
    return [event(number, case.event_type, **who) for number in range(1, count + 1)]


def became(found: dict[str, Outcome]) -> list[Became]:
    return [outcome.became for outcome in found.values()]


def test_a_plugin_says_who_it_is_and_what_it_needs(case: Case) -> None:
    plugin = case.plugin
    assert manager.listener(plugin.name).title == plugin.title
    assert all(setting.help.endswith(".") for setting in plugin.settings)
    assert len({setting.name for setting in plugin.settings}) == len(plugin.settings)
    assert plugin.event_types
    assert plugin.wants(case.event_type)
    assert not plugin.wants("webhook_endpoint.test")
    assert plugin.batch_max >= case.batch


def test_events_arrive_once_each_and_in_their_order(case: Case, clock: Clock) -> None:
    events = many(case, 2 * case.batch + 1)
    with case.fake(clock) as server:
        found = outcomes(case, case.context(server, calls(), clock), events)
        heard = case.heard(server)
    assert list(found) == [one.id for one in events]
    assert set(became(found)) == {Became.SENT}
    assert len(heard) == len(set(heard)) == len(events)
    assert len(server.log) == 3


def test_what_was_told_before_counts_once(case: Case, clock: Clock) -> None:
    events = many(case, 3)
    with case.fake(clock) as server:
        context = case.context(server, calls(), clock)
        outcomes(case, context, events)
        once = set(case.heard(server))
        outcomes(case, context, events)
        assert set(case.heard(server)) == once


def test_nothing_is_asked_when_there_is_nothing_to_tell(case: Case, clock: Clock) -> None:
    with case.fake(clock) as server:
        assert outcomes(case, case.context(server, calls(), clock), []) == {}
        assert server.log == []


def test_a_service_that_is_busy_is_told_the_rest_later_and_nothing_twice(
    case: Case, clock: Clock
) -> None:
    events = many(case, 3 * case.batch)
    with case.fake(clock) as server:
        server.fail_next(429, {"retry-after": "120"}, after=1)
        context = case.context(server, calls(), clock)
        found = outcomes(case, context, events)
        assert became(found) == [Became.SENT] * case.batch + [Became.LATER] * 2 * case.batch
        later = [found[one.id] for one in events[case.batch :]]
        assert {one.retry_after_seconds for one in later} == {120}
        assert all(one.sentence for one in later)
        # Once it is busy it is left alone.
        assert len(server.log) == 2
        clock.wait(120)
        again = [one for one in events if found[one.id].became is Became.LATER]
        assert set(became(outcomes(case, context, again))) == {Became.SENT}
        heard = case.heard(server)
    assert len(heard) == len(set(heard)) == len(events)


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_a_service_in_trouble_is_told_again_later(case: Case, clock: Clock, status: int) -> None:
    events = many(case, 2)
    with case.fake(clock) as server:
        server.fail_next(status)
        context = case.context(server, calls(), clock)
        found = outcomes(case, context, events)
        assert set(became(found)) == {Became.LATER}
        assert case.heard(server) == []
        assert set(became(outcomes(case, context, events))) == {Became.SENT}


@pytest.mark.parametrize("status", [401, 403, 301])
def test_what_a_person_can_mend_gives_nothing_up(case: Case, clock: Clock, status: int) -> None:
    events = many(case, 2)
    with case.fake(clock) as server:
        server.fail_next(status, {"location": "https://elsewhere.example/"})
        found = outcomes(case, case.context(server, calls(), clock), events)
    assert set(became(found)) == {Became.LATER}
    assert all("Look at" in one.sentence or "look at" in one.sentence for one in found.values())


def test_a_batch_that_breaks_off_keeps_what_was_said_of_it(case: Case, clock: Clock) -> None:
    events = many(case, 2 * case.batch)
    with case.fake(clock) as server:
        server.cut_next(after=1)
        said: list[Outcome] = []
        with pytest.raises(SourceFailed):
            said.extend(_until_it_fails(case, case.context(server, calls(), clock), events, said))
    assert [one.event_id for one in said] == [one.id for one in events[: case.batch]]
    assert {one.became for one in said} == {Became.SENT}


def _until_it_fails(
    case: Case, context: ListenerContext, events: list[Event], said: list[Outcome]
) -> list[Outcome]:
    for outcome in case.plugin.send(context, events):
        said.append(outcome)  # noqa: PERF402 - what came before the failure is kept
    return []


def test_a_service_that_cannot_be_reached_is_said_to_be_so(case: Case, clock: Clock) -> None:
    with case.fake(clock) as server:
        context = case.context(server, calls(), clock)
    with pytest.raises(SourceFailed):
        outcomes(case, context, many(case, 1))


def test_no_more_of_a_member_leaves_than_is_needed(case: Case, clock: Clock) -> None:
    needs = case.plugin.needs({**case.settings})
    with case.fake(clock) as server:
        known = person(
            7,
            name="Ana Roux",
            ref="H0906" if Personal.REF in needs else "",
            email="ana@shop.example" if Personal.EMAIL in needs else "",
        )
        told = event(7, case.event_type, person=known, data={"member_ref": "H0906", "name": "roux"})
        outcomes(case, case.context(server, calls(), clock), [told])
        sent = " ".join(_texts(server))
    allowed = {"ana"} if Personal.EMAIL in needs else set()
    assert [word for word in PRIVATE if word in sent and word not in allowed] == []


def _texts(server: FakeServer) -> list[str]:
    return [
        f"{asked.path} {asked.fields} {asked.body.decode(errors='replace')}" for asked in server.log
    ]


def test_secrets_stand_in_headers_or_bodies_unless_the_service_wants_them_in_the_address(
    case: Case, clock: Clock
) -> None:
    with case.fake(clock) as server:
        outcomes(case, case.context(server, calls(), clock), many(case, 1))
        (asked,) = server.log
    in_address = {value for _, value in asked.fields} & set(case.secrets.values())
    assert bool(in_address) == (case.plugin.name == "ga4")


def test_a_missing_secret_is_named(case: Case, clock: Clock) -> None:
    with case.fake(clock) as server:
        whole = case.context(server, calls(), clock)
        context = ListenerContext(whole.settings, {}, whole.now, whole.http)
        with pytest.raises(SourceFailed, match="is not set"):
            outcomes(case, context, many(case, 1))
        assert server.log == []


def test_a_check_finds_nothing_wrong_and_leaves_nothing(case: Case, clock: Clock) -> None:
    with case.fake(clock) as server:
        assert list(case.plugin.check(case.context(server, calls(), clock))) == []
        assert case.heard(server) == []


def test_a_check_finds_a_wrong_secret(case: Case, clock: Clock) -> None:
    with case.fake(clock) as server:
        whole = case.context(server, calls(), clock)
        wrong = {name: ["wrong"] for name in case.secrets}
        context = ListenerContext(whole.settings, wrong, whole.now, whole.http)
        assert len(case.plugin.check(context)) == 1


def test_an_answer_of_another_kind_is_no_traceback(case: Case, clock: Clock) -> None:
    for body in (b"<html>", b"[]", b"null", b'{"errors": 7}', json.dumps({"a": [1]}).encode()):
        with case.fake(clock) as server:
            server.fail_next(200, {"content-type": "text/html"}, body)
            found = outcomes(case, case.context(server, calls(), clock), many(case, 1))
        assert len(found) == 1
