"""What every poll keeps to: nothing is lost or doubled whatever fails, late changes are seen, limits are kept.

See `polling` for what a source's own tests provide.
"""

import copy
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from cagnotte.hooks import manager
from cagnotte.hooks.sources import SourceBusy, SourceFailed
from tests.sources.case import Case
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Order, first_day
from tests.sources.polling import Poller, Polling

NAMES = [name for name, plugin in sorted(manager.source_plugins().items()) if plugin.polls]

WEEK = 7
FAILING_CALLS_MAX = 12
"""So many places at which a poll is made to fail, spread over its calls."""


@contextmanager
def polled(name: str, *, after_days: int = 0) -> Iterator[tuple[Poller, list[Order]]]:
    """Give a poller that never polled, some days after shopping began."""
    module = importlib.import_module(f"tests.sources.test_{name}")
    case, polling = module.CASE, module.POLLING
    assert isinstance(case, Case)
    assert isinstance(polling, Polling)
    orders = list(polling.orders())
    clock = Clock(first_day() + timedelta(days=after_days))
    with polling.serve(orders, clock) as fake:
        yield Poller(case, polling, fake, clock), orders


def check(poller: Poller, orders: list[Order], *, gap_days: int = 0) -> None:
    """All orders that exist are told, each as it stands."""
    told = poller.told()
    now = poller.clock.now
    known = {poller.polling.key(order): order for order in orders if order.at(now)}
    assert told.keys() == known.keys()
    for key, order in known.items():
        allowed = poller.allowed(order, now, gap_days=gap_days)
        assert told[key] in allowed, order.states


@pytest.mark.parametrize("name", NAMES)
def test_everything_arrives_however_late_it_changes(name: str) -> None:
    with polled(name) as (poller, orders):
        while poller.clock.now < first_day() + timedelta(days=240):
            poller.poll()
            check(poller, orders, gap_days=WEEK)
            poller.clock.wait_days(WEEK)


@pytest.mark.parametrize("name", NAMES)
def test_a_status_that_changes_within_four_months_is_seen_by_one_late_poll(name: str) -> None:
    with polled(name, after_days=50) as (poller, orders):
        poller.poll()
        check(poller, orders)
        poller.clock.wait_days(62)
        poller.poll()
        check(poller, orders)


@pytest.mark.parametrize("name", NAMES)
def test_a_second_poll_brings_nothing_new(name: str) -> None:
    with polled(name, after_days=60) as (poller, orders):
        poller.poll()
        told, pieces = poller.told(), copy.deepcopy(poller.standing.pieces)
        poller.poll()
        assert poller.told() == told
        assert poller.standing.pieces == pieces
        check(poller, orders)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["refused", "cut"])
def test_a_poll_that_fails_anywhere_goes_on_where_it_was(name: str, how: str) -> None:
    with polled(name, after_days=100) as (whole, orders):
        count = whole.poll()
        check(whole, orders)
        for place in sorted(
            {count * step // FAILING_CALLS_MAX for step in range(FAILING_CALLS_MAX)}
        ):
            whole.clock.now = first_day() + timedelta(days=100)
            whole.fake.log.clear()
            poller = Poller(whole.case, whole.polling, whole.fake, whole.clock)
            if how == "cut":
                poller.fake.cut_next(after=place)
            else:
                poller.fake.fail_next(500, body=b"Internal Server Error", after=place)
            with pytest.raises(SourceFailed):
                poller.poll()
            assert len(poller.fake.log) == place + 1, "a failure ends the poll at once"
            poller.poll()
            assert poller.told() == whole.told()
            assert len(poller.fake.log) <= count + poller.polling.calls_again


@pytest.mark.parametrize("name", NAMES)
def test_a_source_that_is_busy_is_asked_later(name: str) -> None:
    with polled(name, after_days=60) as (poller, orders):
        for after in (0, 2):
            poller.fake.fail_next(429, {"retry-after": "77"}, after=after)
            with pytest.raises(SourceBusy) as busy:
                poller.poll()
            assert busy.value.retry_after_seconds == 77
        poller.clock.wait(77)
        poller.poll()
        check(poller, orders)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_credentials_are_told_without_being_shown(name: str) -> None:
    with polled(name, after_days=60) as (poller, _):
        poller.fake.deny()
        with pytest.raises(SourceFailed) as failed:
            poller.poll()
        context = poller.context()
        secrets = [value for values in context.secrets.values() for value in values]
        assert not [value for value in secrets if value in str(failed.value)]
        assert (poller.cursor, poller.pages, poller.told()) == ({}, 0, {})


@pytest.mark.parametrize("name", NAMES)
def test_an_error_that_comes_as_an_answer_is_an_error(name: str) -> None:
    with polled(name, after_days=60) as (poller, orders):
        for body in (b"", b"<html><body>Maintenance</body></html>", *poller.polling.errors_as_200):
            for after in (0, 1):
                before = (poller.cursor, poller.told())
                poller.fake.fail_next(200, {"content-type": "text/html"}, body, after=after)
                with pytest.raises(SourceFailed):
                    poller.poll()
                if not after:
                    assert (poller.cursor, poller.told()) == before
        poller.poll()
        check(poller, orders)


@pytest.mark.parametrize("name", NAMES)
def test_a_poll_stays_within_what_the_source_allows(name: str) -> None:
    with polled(name, after_days=100) as (poller, _):
        poller.poll()
        poller.poll()
        pace = poller.plugin.pace
        assert pace is not None
        times = [asked.at for asked in poller.fake.log]
        for first, last in zip(times, times[pace.calls :], strict=False):
            assert (last - first).total_seconds() >= pace.seconds
