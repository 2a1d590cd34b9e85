"""The worker does what is due, for each account by itself, and ends well."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connections
from pytest_django import Settings

from cagnotte.hooks.sources import Message
from cagnotte.identity.models import ApiAnswer
from cagnotte.inbox import accounts, services
from cagnotte.inbox.models import Account, Order
from cagnotte.inbox.models import Message as Row
from cagnotte.journeys import deliver_events, expire, tell_events, tend_clicks, work
from cagnotte.journeys.expire import Overdue
from cagnotte.journeys.read_inbox import read_inbox
from cagnotte.journeys.work import Worker
from cagnotte.notices import listeners
from cagnotte.platform.database import connect
from tests.journeys.paged_source import KEY, NOW, PROGRAMME, OrdersServer, Paged, body, installed
from tests.journeys.world import World

Connection = psycopg.Connection[Any]


@pytest.fixture
def shop() -> Iterator[OrdersServer]:
    with OrdersServer(orders=3) as server, installed(Paged()):
        yield server


@pytest.fixture
def world(shop: OrdersServer, empty_world: World, settings: Settings) -> World:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    empty_world.now = NOW
    empty_world.load(PROGRAMME.format(url=shop.url))
    for ref in ("shop", "hints"):
        accounts.set_secret(Account.objects.get(ref=ref), "key", KEY, now=NOW)
    Account.objects.filter(ref="hints").update(next_poll_at=NOW + timedelta(days=1))
    return empty_world


class Clock:
    """A moment that tests move on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(clock: Clock) -> Worker:
    return Worker(clock=clock, stop=threading.Event(), idle_seconds=0.01)


@pytest.fixture
def connection(committed_db: str) -> Iterator[Connection]:
    assert committed_db
    with connect() as opened:
        yield opened


def push(connection: Connection, ref: str, *bodies: bytes) -> None:
    with connection.transaction():
        services.keep(
            connection,
            Account.objects.get(ref=ref).id,
            [Message(one) for one in bodies],
            via="push",
            signed=True,
            now=NOW,
        )


ORDER = {"id": "B-1", "member": "2", "amount": "40.00", "status": "pending", "version": 1}


def test_a_round_asks_fetches_and_reads_and_the_next_has_nothing_to_do(
    world: World, worker: Worker, connection: Connection, shop: OrdersServer
) -> None:
    push(connection, "hints", body(ORDER))
    assert worker.round(connection)
    assert world.member("1") == {"pending": 300}
    assert world.member("2") == {"pending": 200}
    shop.log.clear()
    assert not worker.round(connection)
    assert shop.log == []


def test_an_account_is_asked_again_when_its_time_has_come(
    world: World, worker: Worker, connection: Connection, shop: OrdersServer, clock: Clock
) -> None:
    worker.round(connection)
    shop.sell(member="2")
    clock.now = NOW + timedelta(hours=2) - timedelta(seconds=1)
    assert not worker.round(connection)
    clock.now = NOW + timedelta(hours=2)
    assert worker.round(connection)
    assert world.member("2") == {"pending": 100}


def test_what_fails_for_one_account_keeps_no_other_waiting_and_is_left_alone_for_a_while(
    world: World,
    worker: Worker,
    connection: Connection,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    def fails_for_hints(connection: Connection, run: Any, account: Account) -> Any:
        tried.append(account.ref)
        if account.ref == "hints":
            raise RuntimeError("broken")
        return read_inbox(connection, run, account)

    monkeypatch.setattr("cagnotte.journeys.work.read_inbox", fails_for_hints)
    push(connection, "hints", body(ORDER))
    worker.round(connection)
    assert sorted(tried) == ["hints", "shop"]
    assert world.member("1") == {"pending": 300}
    tried.clear()
    assert not worker.round(connection)
    assert tried == []
    clock.now = NOW + timedelta(seconds=work.TROUBLE_SECONDS)
    worker.round(connection)
    assert tried == ["hints"]
    monkeypatch.undo()
    clock.now = NOW + timedelta(seconds=2 * work.TROUBLE_SECONDS)
    assert worker.round(connection)
    assert world.member("2") == {"pending": 200}


def test_orders_that_nobody_settled_are_settled_without_a_new_message(
    world: World, worker: Worker, connection: Connection
) -> None:
    worker.round(connection)
    Order.objects.filter(object_id="A-1").update(due=True, content_hash=None)
    assert worker.round(connection)
    assert not Order.objects.filter(due=True).exists()
    assert world.member("1") == {"pending": 300}


def test_a_worker_that_is_told_to_stop_finishes_its_page_only(
    world: World, connection: Connection, shop: OrdersServer, clock: Clock
) -> None:
    stop = threading.Event()
    shop.sell()
    worker = Worker(clock=clock, stop=stop)
    original = services.move_cursor

    def stops(*arguments: Any) -> None:
        original(*arguments)
        stop.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "move_cursor", stops)
        worker.run()
    assert shop.paths == ["/orders?0"]
    assert Account.objects.get(ref="shop").cursor == {"after": 2}
    assert Row.objects.get().state == "new"
    stop.clear()
    worker.round(connection)
    assert world.member("1") == {"pending": 400}


def test_two_workers_beside_each_other_do_everything_once(
    world: World, shop: OrdersServer, clock: Clock
) -> None:
    for _ in range(20):
        shop.sell()
    stop = threading.Event()

    def run() -> None:
        try:
            Worker(clock=clock, stop=stop, idle_seconds=0.01).run()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    _wait_until(lambda: world.member("1") == {"pending": 2_300})
    stop.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert len(shop.paths) == len(set(shop.paths)), "no page was asked for twice"
    assert world.member("1") == {"pending": 2_300}


def test_a_worker_waits_for_a_database_that_is_away(
    world: World, shop: OrdersServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, tried = threading.Event(), []

    def away_at_first() -> Any:
        tried.append(1)
        if len(tried) < 3:
            raise psycopg.OperationalError("away")
        return connect()

    def ends(_seconds: float) -> bool:
        if len(tried) > 3 and world.member("1"):
            stop.set()
        return stop.is_set()

    monkeypatch.setattr("cagnotte.journeys.work.connect", away_at_first)
    monkeypatch.setattr(stop, "wait", ends)
    Worker(clock=clock, stop=stop).run()
    assert world.member("1") == {"pending": 300}


def _wait_until(holds: Any) -> None:
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never came about")


def test_what_the_interface_keeps_no_longer_is_deleted_once_an_hour(
    world: World, worker: Worker, clock: Clock, connection: Connection
) -> None:
    facts = {
        "programme_id": Account.objects.get(ref="shop").programme_id, "fingerprint": b"", "status": 201,
        "sealed_body": "", "answered_at": NOW, "expires_at": NOW - timedelta(seconds=1),
    }  # fmt: skip
    left = []
    for minutes in (0, 59, 60):
        ApiAnswer.objects.create(token=str(minutes), **facts)
        clock.now = NOW + timedelta(minutes=minutes)
        worker.round(connection)
        left.append(ApiAnswer.objects.count())
    assert left == [0, 1, 0]


# ---- what nobody expected -----------------------------------------------------------------------------------------


def key_error(_connection: Connection) -> None:
    raise KeyError("unknown")


def unique_violation(connection: Connection) -> None:
    """Leaves the database transaction failed."""
    connection.execute("INSERT INTO identity_programme SELECT * FROM identity_programme")


FAULTS = (key_error, unique_violation)


@pytest.mark.parametrize("fault", FAULTS)
def test_holds_that_cannot_be_given_back_in_one_programme_keep_nothing_else_waiting(
    world: World,
    worker: Worker,
    connection: Connection,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
) -> None:
    ids = [UUID(int=1), UUID(int=2)]
    tried = []

    def give_back(connection: Connection, programme: Overdue, *, now: datetime) -> int:
        tried.append(programme.programme_id)
        if programme.programme_id == ids[0]:
            fault(connection)
        return 1

    def overdue(_connection: Connection, *, now: datetime) -> list[Overdue]:
        return [Overdue(one, "EUR", "Europe/Paris") for one in ids]

    monkeypatch.setattr(expire, "overdue", overdue)
    monkeypatch.setattr(expire, "give_back_overdue", give_back)
    tended = []
    monkeypatch.setattr(tend_clicks, "tend", lambda _, now: tended.append(now))

    assert worker.round(connection)
    assert (tried, tended) == (ids, [NOW])
    assert world.member("1") == {"pending": 300}
    worker.round(connection)
    assert tried == [*ids, ids[1]], "left alone for a while"
    clock.now = NOW + timedelta(seconds=work.TROUBLE_SECONDS)
    worker.round(connection)
    assert tried[3:] == ids


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_tidied_keeps_nothing_else_from_it(
    world: World, clock: Clock, connection: Connection, fault: Any
) -> None:
    tidied: list[datetime] = []
    chores = [lambda _now: fault(connection), tidied.append]
    worker = Worker(clock=clock, stop=threading.Event(), chores=chores)

    worker.round(connection)
    clock.now = NOW + timedelta(minutes=59)
    worker.round(connection)
    assert tidied == [NOW]
    assert worker.is_troubled
    clock.now = NOW + timedelta(minutes=60)
    worker.round(connection)
    assert tidied == [NOW, NOW + timedelta(minutes=60)]


def test_a_listener_that_fails_keeps_no_other_untold(
    world: World, worker: Worker, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def tell(_connection: Connection, *, row: Any, clock: Any) -> int:
        if row.ref == "one":
            raise RuntimeError("nobody expected this")
        told.append(row.ref)
        return 1

    rows = [SimpleNamespace(id=uuid4(), ref=ref) for ref in ("one", "two")]
    monkeypatch.setattr(listeners, "enabled", lambda: rows)
    monkeypatch.setattr(deliver_events, "deliver_to_listener", tell)

    assert worker.carry_to_listeners(connection)
    assert told == ["two"]
    assert worker.is_troubled


@pytest.mark.parametrize("fault", FAULTS)
def test_events_that_cannot_be_made_keep_no_others_from_being_delivered(
    world: World,
    worker: Worker,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
) -> None:
    monkeypatch.setattr(tell_events, "tell", lambda connection, now: fault(connection))
    monkeypatch.setattr(deliver_events, "deliver", lambda _, clock: 1)

    assert worker.carry(connection)


def test_a_thread_outlives_what_nobody_expected(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, nights = threading.Event(), []

    def night(_worker: Worker, _connection: Connection) -> bool:
        nights.append(threading.current_thread().name)
        if len(nights) < 3:
            raise KeyError("unknown")
        stop.set()
        return False

    monkeypatch.setattr(Worker, "night", night)
    monkeypatch.setattr(work, "TROUBLE_SECONDS", 0)
    Worker(clock=clock, stop=stop, idle_seconds=0.01).run()
    assert nights == ["cagnotte-night"] * 3
