"""Webhooks arrive: signed, at least once, in the order of each object; or it is on record why not."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from cagnotte.journeys import deliver_events, tell_events
from cagnotte.journeys.work import Worker
from cagnotte.notices import deliveries, endpoints
from cagnotte.notices.endpoints import EndpointFacts, MadeEndpoint
from cagnotte.notices.models import Attempt, Delivery, Event, WebhookEndpoint
from cagnotte.platform.database import connect
from tests.journeys.webhook_receiver import Received, Receiver
from tests.journeys.world import World


class Clock:
    """A moment that tests move on."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **parts: float) -> None:
        """Move on."""
        self.now += timedelta(**parts)


@pytest.fixture
def clock(world: World) -> Clock:
    # What happened before anybody listened is told to nobody.
    tell(world)
    return Clock(world.now)


@pytest.fixture
def shop(settings: Settings) -> Iterator[Receiver]:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    with Receiver() as receiver:
        yield receiver


def listen(world: World, shop: Receiver, **facts: Any) -> MadeEndpoint:
    """Make an endpoint of the shop."""
    with connect() as connection:
        programme_id = world.programme_id(connection)
    return endpoints.make(programme_id, EndpointFacts(shop.url, **facts), now=world.now)


def tell(world: World) -> None:
    with connect() as connection:
        tell_events.tell(connection, now=world.now)


def deliver(clock: Clock, dice: float = 0) -> int:
    """Send all that is due at this moment; return how many calls that took."""
    count = 0
    with connect() as connection:
        while found := deliver_events.deliver(connection, clock=clock, dice=lambda: dice):
            count += found
    return count


def states() -> list[tuple[str, int]]:
    return list(Delivery.objects.order_by("number").values_list("state", "attempts"))


def test_an_event_arrives_signed_with_what_the_catalogue_says(
    world: World, shop: Receiver, clock: Clock
) -> None:
    made = listen(world, shop)
    world.buy("A1")
    tell(world)
    assert deliver(clock) == 1
    [call] = shop.log
    event = Event.objects.get()
    assert call.path == "/hooks"
    assert call.headers["content-type"] == "application/json"
    assert call.json == {
        "id": call.id,
        "type": "reward.tracked",
        "timestamp": event.created_at.isoformat(),
        "data": event.data,
    }
    assert call.is_signed_with(made.secret)
    assert not call.is_signed_with("whsec_" + "A" * 40)
    assert len(call.body) < 20_000
    assert states() == [("delivered", 1)]
    [attempt] = Attempt.objects.all()
    assert (attempt.status, attempt.sentence) == (204, "")
    assert deliver(clock) == 0


def test_a_cloudevent_is_signed_the_same_way(world: World, shop: Receiver, clock: Clock) -> None:
    made = listen(world, shop, envelope="cloudevents")
    world.buy("A1")
    tell(world)
    deliver(clock)
    [call] = shop.log
    event = Event.objects.get()
    assert call.headers["content-type"] == "application/cloudevents+json"
    assert call.json == {
        "specversion": "1.0",
        "id": call.id,
        "source": "/programmes/corner",
        "type": "cagnotte.reward.tracked",
        "subject": event.object_id,
        "time": event.created_at.isoformat(),
        "datacontenttype": "application/json",
        "data": event.data,
    }
    assert call.is_signed_with(made.secret)


def test_while_a_secret_is_replaced_both_sign(world: World, shop: Receiver, clock: Clock) -> None:
    first = listen(world, shop)
    second = endpoints.rotate(WebhookEndpoint.objects.get(), now=world.now, keep_hours=2)
    world.buy("A1")
    tell(world)
    deliver(clock)
    assert shop.log[0].is_signed_with(first.secret)
    assert shop.log[0].is_signed_with(second.secret)
    world.buy("A2")
    tell(world)
    clock.wait(hours=3)
    deliver(clock)
    assert not shop.log[1].is_signed_with(first.secret)
    assert shop.log[1].is_signed_with(second.secret)


def test_an_endpoint_hears_of_the_types_it_asked_for_from_its_making_on(
    world: World, shop: Receiver, clock: Clock
) -> None:
    world.buy("A0")
    listen(world, shop, event_types=["reward.confirmed"])
    listen(world, shop, event_types=["wallet.held"])
    world.buy("A1")
    world.answer("A1,confirm,,,,")
    tell(world)
    deliver(clock)
    assert shop.types() == ["reward.confirmed"]


def test_a_failure_is_tried_again_on_schedule_under_the_same_id(
    world: World, shop: Receiver, clock: Clock
) -> None:
    listen(world, shop)
    world.buy("A1")
    tell(world)
    shop.answer = lambda _: (500, {})
    assert deliver(clock) == 1
    waits = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    for number, seconds in enumerate(waits, 1):
        assert states() == [("pending", number)]
        clock.wait(seconds=seconds - 1)
        assert deliver(clock) == 0
        clock.wait(seconds=1)
        assert deliver(clock) == 1
    assert states() == [("failed", 10)]
    assert Delivery.objects.get().sentence == "It answered 500."
    assert {call.id for call in shop.log} == {shop.log[0].id}
    clock.wait(days=30)
    assert deliver(clock) == 0


def test_waits_differ_by_up_to_a_tenth(world: World, shop: Receiver, clock: Clock) -> None:
    listen(world, shop)
    world.buy("A1")
    tell(world)
    shop.answer = lambda _: (500, {})
    deliver(clock, dice=1.0)
    assert Delivery.objects.get().next_at == clock.now + timedelta(seconds=5.5)


@pytest.mark.parametrize(
    ("asked", "seconds"), [("120", 120), ("1", 5), ("999999", 86_400), ("soon", 5)]
)
def test_the_endpoint_may_ask_to_be_left_alone_for_longer(
    world: World, shop: Receiver, clock: Clock, asked: str, seconds: int
) -> None:
    listen(world, shop)
    world.buy("A1")
    tell(world)
    shop.answer = lambda _: (429, {"retry-after": asked})
    assert deliver(clock) == 1
    assert Delivery.objects.get().next_at == clock.now + timedelta(seconds=seconds)


def test_a_redirect_is_a_failure_and_followed_nowhere(
    world: World, shop: Receiver, clock: Clock
) -> None:
    listen(world, shop)
    world.buy("A1")
    tell(world)
    shop.answer = lambda _: (302, {"location": "/elsewhere"})
    assert deliver(clock) == 1
    assert [call.path for call in shop.log] == ["/hooks"]
    assert states() == [("pending", 1)]


def test_later_events_of_an_object_wait_for_the_earlier_and_others_do_not(
    world: World, shop: Receiver, clock: Clock
) -> None:
    listen(world, shop)
    world.buy("A1")
    world.buy("B1", member="2")
    tell(world)
    refused = Event.objects.get(data__order_ref="A1").object_id

    def answer(call: Received) -> tuple[int, dict[str, str]]:
        return (500 if call.json["data"]["id"] == refused else 204), {}

    shop.answer = answer
    deliver(clock)
    world.answer("A1,confirm,,,,", "B1,confirm,,,,")
    tell(world)
    deliver(clock)
    told = [(call.json["data"]["order_ref"], call.json["type"]) for call in shop.log]
    assert told.count(("A1", "reward.confirmed")) == 0
    assert told[-1] == ("B1", "reward.confirmed")
    shop.answer = lambda _: (204, {})
    clock.wait(seconds=5)
    deliver(clock)
    told = [(call.json["data"]["order_ref"], call.json["type"]) for call in shop.log]
    assert told[-2:] == [("A1", "reward.tracked"), ("A1", "reward.confirmed")]


def test_an_endpoint_that_is_gone_is_switched_off_and_what_waits_is_given_up(
    world: World, shop: Receiver, clock: Clock
) -> None:
    listen(world, shop)
    for order in ("A1", "A2"):
        world.buy(order)
    world.answer("A1,confirm,,,,")
    tell(world)
    shop.answer = lambda _: (410, {})
    deliver(clock)
    row = WebhookEndpoint.objects.get()
    assert (row.disabled_because, row.disabled_at) == ("gone", clock.now)
    assert {state for state, _ in states()} == {"failed"}
    world.buy("A3")
    tell(world)
    assert deliver(clock) == 0


def test_an_endpoint_without_a_good_answer_for_days_is_switched_off(
    world: World, shop: Receiver, clock: Clock
) -> None:
    listen(world, shop)
    shop.answer = lambda _: (503, {})
    world.buy("A1")
    tell(world)
    deliver(clock)
    clock.wait(days=5, seconds=-1)
    deliver(clock)
    assert WebhookEndpoint.objects.get().disabled_at is None
    clock.wait(days=1)
    deliver(clock)
    assert WebhookEndpoint.objects.get().disabled_because == "failing"


def test_a_good_answer_ends_a_time_of_failures(world: World, shop: Receiver, clock: Clock) -> None:
    listen(world, shop)
    world.buy("A1")
    tell(world)
    shop.answer = lambda _: (500, {})
    deliver(clock)
    assert WebhookEndpoint.objects.get().failing_since == clock.now
    shop.answer = lambda _: (200, {})
    clock.wait(seconds=5)
    deliver(clock)
    assert WebhookEndpoint.objects.get().failing_since is None


def test_a_private_address_is_never_called(
    world: World, shop: Receiver, clock: Clock, settings: Settings
) -> None:
    listen(world, shop)
    world.buy("A1")
    tell(world)
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = False
    assert deliver(clock) == 1
    assert shop.log == []
    assert states() == [("pending", 1)]


def test_an_endpoint_that_says_nothing_is_left_in_time(
    world: World, shop: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver_events, "ANSWER_SECONDS", 0.2)
    listen(world, shop)
    world.buy("A1")
    tell(world)
    shop.pause_seconds = 1
    deliver(clock)
    assert Delivery.objects.get().sentence == "127.0.0.1 did not answer in time."


def test_many_workers_send_each_event_once(world: World, shop: Receiver, clock: Clock) -> None:
    listen(world, shop)
    for number in range(30):
        world.buy(f"A{number}", member="123"[number % 3])
    world.answer(*[f"A{number},confirm,,,," for number in range(30)])
    tell(world)
    shop.pause_seconds = 0.02

    def work() -> None:
        try:
            deliver(clock)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    deliver(clock)
    ids = [call.id for call in shop.log]
    assert len(ids) == len(set(ids)) == 60
    assert set(states()) == {("delivered", 1)}
    order: dict[str, list[str]] = {}
    for call in shop.log:
        order.setdefault(call.json["data"]["id"], []).append(call.json["type"])
    assert set(map(tuple, order.values())) == {("reward.tracked", "reward.confirmed")}


def test_what_a_worker_that_died_had_taken_is_sent_by_another(
    world: World, shop: Receiver, clock: Clock
) -> None:
    listen(world, shop)
    world.buy("A1")
    tell(world)
    with connect() as connection, connection.transaction():
        assert len(deliveries.claim(connection, now=clock.now)) == 1
    assert deliver(clock) == 0
    clock.wait(seconds=deliveries.LEASE_SECONDS)
    assert deliver(clock) == 1
    assert states() == [("delivered", 1)]


def test_what_was_delivered_is_sent_again_when_asked(
    world: World, shop: Receiver, clock: Clock
) -> None:
    made = listen(world, shop)
    for order in ("A1", "A2"):
        world.buy(order)
    tell(world)
    deliver(clock)
    first = [call.id for call in shop.log]
    with connect() as connection:
        ask = {"since": world.now, "now": clock.now}
        assert deliveries.again_since(connection, made.row, only_lost=True, **ask) == 0
        assert deliveries.again_since(connection, made.row, only_lost=False, **ask) == 2
    deliver(clock)
    assert sorted(call.id for call in shop.log) == sorted(first * 2)


def test_the_worker_tells_and_sends(world: World, shop: Receiver, clock: Clock) -> None:
    listen(world, shop)
    world.buy("A1")
    worker = Worker(clock=clock, stop=threading.Event(), idle_seconds=0.01)
    with connect() as connection:
        assert worker.carry(connection)
        assert not worker.carry(connection)
        assert not worker.carry_to_listeners(connection)
    assert shop.types() == ["reward.tracked"]


def test_old_events_are_deleted_with_what_became_of_them(
    world: World, shop: Receiver, clock: Clock
) -> None:
    listen(world, shop)
    world.buy("A1")
    tell(world)
    deliver(clock)
    world.now += timedelta(days=31)
    world.buy("A2")
    tell(world)
    with connect() as connection:
        assert deliveries.tidy(connection, now=world.now) == 1
        assert deliveries.tidy(connection, now=world.now + timedelta(days=31)) == 0
    assert Event.objects.get().data["order_ref"] == "A2"
    assert Attempt.objects.count() == 0
    assert Delivery.objects.get().state == "pending"
