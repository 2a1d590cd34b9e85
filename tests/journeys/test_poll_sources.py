"""Sources are asked over real HTTP, page by page, and nothing that is told is lost or asked for twice."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from cagnotte.domain.errors import InvalidInput
from cagnotte.hooks.sources import Message, Polled, SourceContext
from cagnotte.inbox import accounts, services
from cagnotte.inbox.models import Account, Wanted
from cagnotte.inbox.models import Message as Row
from cagnotte.journeys import poll_sources
from cagnotte.journeys.poll_sources import PollSummary, fetch_wanted, pause_after, poll
from cagnotte.platform.database import connect
from tests.journeys.paged_source import KEY, NOW, PROGRAMME, OrdersServer, Paged, installed
from tests.journeys.world import World

Connection = psycopg.Connection[Any]


@pytest.fixture
def shop() -> Iterator[OrdersServer]:
    with OrdersServer(orders=5) as server, installed(Paged()):
        yield server


@pytest.fixture
def account(shop: OrdersServer, empty_world: World, settings: Settings) -> Account:
    """The shop's account, with its key."""
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    empty_world.now = NOW
    path = empty_world.folder / "programme.yaml"
    path.write_text(PROGRAMME.format(url=shop.url))
    empty_world.load(path.read_text())
    for ref in ("shop", "hints"):
        accounts.set_secret(Account.objects.get(ref=ref), "key", KEY, now=NOW)
    return Account.objects.get(ref="shop")


@pytest.fixture
def connection(committed_db: str) -> Iterator[Connection]:
    assert committed_db
    with connect() as opened:
        yield opened


def kept() -> list[tuple[str, str]]:
    """Topic and way of all messages, in order."""
    return list(Row.objects.order_by("id").values_list("topic", "via"))


def standing(account: Account) -> Account:
    return Account.objects.get(id=account.id)


# ---- pages and cursors ----


def test_a_poll_keeps_every_page_with_the_place_where_the_next_goes_on(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    summary = poll(connection, account, now=NOW)
    assert summary == PollSummary(pages=4, messages=4)
    assert shop.paths == ["/orders?0", "/orders?2", "/orders?4", "/orders?5"]
    assert kept() == [("orders", "poll")] * 4
    now = standing(account)
    assert now.cursor == {"after": 5}
    assert (now.last_polled_at, now.next_poll_at) == (NOW, NOW + timedelta(hours=2))
    assert now.last_message_at == NOW


def test_the_next_poll_asks_only_for_what_is_new(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    poll(connection, account, now=NOW)
    shop.sell()
    shop.log.clear()
    later = NOW + timedelta(hours=2)
    # The empty page at the end says what the empty page before it said: it is known.
    assert poll(connection, account, now=later).pages == 2
    assert shop.paths == ["/orders?5", "/orders?6"]
    assert standing(account).cursor == {"after": 6}


def test_a_source_that_fails_in_the_middle_is_asked_on_from_there(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    shop.fail_next(500, after=2)
    summary = poll(connection, account, now=NOW)
    assert (summary.pages, summary.failed) == (2, "Paged shop answered 500.")
    failed = standing(account)
    assert failed.cursor == {"after": 4}
    assert (failed.last_error, failed.errors_in_a_row) == ("Paged shop answered 500.", 1)
    assert failed.last_polled_at is None
    shop.log.clear()
    assert poll(connection, account, now=NOW) == PollSummary(pages=2, messages=2)
    assert shop.paths == ["/orders?4", "/orders?5"]
    mended = standing(account)
    assert (mended.errors_in_a_row, mended.last_polled_at) == (0, NOW)
    assert mended.last_error == "Paged shop answered 500.", "what happened last stays to be read"


def test_an_answer_that_breaks_off_is_no_page(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    shop.cut_next(after=1)
    summary = poll(connection, account, now=NOW)
    assert summary.pages == 1
    assert "broke the connection off" in summary.failed
    assert len(kept()) == 1
    assert standing(account).cursor == {"after": 2}


def test_a_poller_that_dies_between_pages_is_followed_by_one_that_goes_on(
    account: Account, shop: OrdersServer
) -> None:
    class Killed(BaseException):
        pass

    def dies() -> bool:
        raise Killed

    with connect() as doomed, pytest.raises(Killed):
        poll(doomed, account, now=NOW, stop=dies)
    assert standing(account).cursor == {"after": 2}
    with connect() as connection:
        assert poll(connection, account, now=NOW).pages == 3
    assert shop.paths == ["/orders?0", "/orders?2", "/orders?4", "/orders?5"]
    assert len(kept()) == 4


def test_a_page_and_its_cursor_are_kept_together_or_not_at_all(
    connection: Connection, account: Account, shop: OrdersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any) -> None:
        raise psycopg.OperationalError("the connection is lost")

    with monkeypatch.context() as patch:
        patch.setattr(services, "move_cursor", lost)
        with pytest.raises(psycopg.OperationalError):
            poll(connection, account, now=NOW)
    assert kept() == []
    untouched = standing(account)
    assert (untouched.cursor, untouched.last_message_at, untouched.errors_in_a_row) == ({}, None, 0)
    assert poll(connection, account, now=NOW).pages == 4


def test_a_poll_that_is_told_to_stop_ends_after_its_page_and_stays_due(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    summary = poll(connection, account, now=NOW, stop=lambda: True)
    assert (summary.pages, summary.stopped) == (1, True)
    assert standing(account).next_poll_at is None
    assert poll(connection, account, now=NOW).pages == 3


def test_two_pollers_of_one_account_never_ask_at_the_same_time(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    in_the_middle, go_on = threading.Event(), threading.Event()
    first: list[PollSummary] = []

    def waits() -> bool:
        in_the_middle.set()
        assert go_on.wait(20)
        return False

    def run() -> None:
        with connect() as other:
            first.append(poll(other, account, now=NOW, stop=waits))
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    assert in_the_middle.wait(20)
    assert poll(connection, account, now=NOW) == PollSummary(elsewhere=True)
    assert fetch_wanted(connection, account, now=NOW) == PollSummary(elsewhere=True)
    hints = Account.objects.get(ref="hints")
    assert poll(connection, hints, now=NOW).pages == 4, "other accounts go on"
    go_on.set()
    thread.join()
    assert first == [PollSummary(pages=4, messages=4)]
    assert poll(connection, account, now=NOW).pages == 1, "who is done leaves the account free"


def test_who_found_an_account_due_leaves_it_to_whoever_asked_first(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    found = Account.objects.get(id=account.id)
    assert poll(connection, account, now=NOW).pages == 4
    asked = list(shop.paths)
    assert poll(connection, found, now=NOW, only_if_due=True) == PollSummary(elsewhere=True)
    assert shop.paths == asked
    later = NOW + timedelta(days=1)
    assert poll(connection, found, now=later, only_if_due=True).pages == 1


def test_a_poller_that_read_the_account_long_ago_goes_on_from_the_present_cursor(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    stale = standing(account)
    poll(connection, account, now=NOW)
    shop.log.clear()
    poll(connection, stale, now=NOW)
    assert shop.paths == ["/orders?5"]


# ---- what sources and plugins do ----


def test_a_source_that_asks_to_come_back_later_is_put_off_and_has_not_failed(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    shop.fail_next(429, {"retry-after": "900"}, after=1)
    summary = poll(connection, account, now=NOW)
    until = NOW + timedelta(seconds=900)
    assert summary == PollSummary(pages=1, messages=1, put_off_until=until)
    busy = standing(account)
    assert (busy.next_poll_at, busy.errors_in_a_row, busy.last_error) == (until, 0, "")
    assert account not in poll_sources.due(now=until - timedelta(seconds=1))
    assert account in poll_sources.due(now=until)
    shop.log.clear()
    assert poll(connection, account, now=until).pages == 3
    assert shop.paths[0] == "/orders?2"


@pytest.mark.parametrize(
    ("asked", "seconds"), [("9999999", 24 * 60 * 60), ("90", 90)], ids=["absurd", "minutes"]
)
def test_no_source_puts_itself_off_for_ever(
    connection: Connection, account: Account, shop: OrdersServer, asked: str, seconds: int
) -> None:
    shop.fail_next(429, {"retry-after": asked})
    assert poll(connection, account, now=NOW).put_off_until == NOW + timedelta(seconds=seconds)


def test_failures_in_a_row_make_longer_pauses(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    shop.deny()
    pauses = []
    for _ in range(3):
        poll(connection, account, now=NOW)
        at = standing(account).next_poll_at
        assert at is not None
        pauses.append((at - NOW).total_seconds())
    assert standing(account).errors_in_a_row == 3
    for pause, longest in zip(pauses, (60, 120, 240), strict=True):
        assert longest / 2 <= pause <= longest


def test_pauses_end_at_six_hours_and_are_not_the_same_for_all() -> None:
    drawn = {pause_after(1_000) for _ in range(50)}
    assert max(drawn) <= timedelta(hours=6)
    assert min(drawn) >= timedelta(hours=3)
    assert len(drawn) > 1


def test_a_plugin_that_crashes_costs_only_its_own_poll_and_tells_no_secret(
    connection: Connection, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashes(_self: Paged, context: SourceContext, _cursor: object) -> Iterator[Polled]:
        yield Polled([Message(b"{}")], {"after": 1})
        raise KeyError(context.secret("key"))

    monkeypatch.setattr(Paged, "poll", crashes)
    summary = poll(connection, account, now=NOW)
    assert (summary.pages, summary.failed) == (
        1,
        "The plugin failed with KeyError; what was kept before stands.",
    )
    assert standing(account).errors_in_a_row == 1
    assert len(kept()) == 1


def test_a_cursor_that_cannot_be_kept_is_the_plugins_fault(
    connection: Connection, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(*_: object) -> Iterator[Polled]:
        yield Polled([Message(b"{}")], {"after": NOW})

    monkeypatch.setattr(Paged, "poll", odd)
    assert "failed with TypeError" in poll(connection, account, now=NOW).failed
    assert kept() == []
    assert standing(account).cursor == {}


def test_a_missing_secret_is_told_with_the_command_that_sets_it(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    account.secret_set.all().delete()
    assert "set it with `cagnotte sources secret`" in poll(connection, account, now=NOW).failed
    assert shop.log == []


def test_an_address_in_our_own_network_is_not_asked(
    connection: Connection, account: Account, shop: OrdersServer, settings: Settings
) -> None:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = False
    assert "addresses begin with https" in poll(connection, account, now=NOW).failed
    account.settings = {"url": shop.url.replace("http:", "https:")}
    account.save()
    assert "private network" in poll(connection, account, now=NOW).failed
    assert shop.log == []


@pytest.mark.usefixtures("account")
def test_a_source_that_sends_by_itself_cannot_be_asked(connection: Connection) -> None:
    with pytest.raises(InvalidInput, match="sends by itself"):
        poll(connection, Account.objects.get(ref="partners"), now=NOW)


def test_who_waits_longest_is_due_first(account: Account) -> None:
    def due() -> list[str]:
        return [found.ref for found in poll_sources.due(now=NOW)]

    assert due() == ["hints", "shop"], "never asked yet, by name; what is never asked is never due"
    Account.objects.filter(ref="hints").update(next_poll_at=NOW - timedelta(minutes=1))
    assert due() == ["shop", "hints"]
    Account.objects.filter(ref="shop").update(next_poll_at=NOW - timedelta(minutes=2))
    assert due() == ["shop", "hints"]
    Account.objects.filter(ref="shop").update(next_poll_at=NOW + timedelta(seconds=1))
    assert due() == ["hints"]
    Account.objects.filter(ref="hints").update(active=False)
    assert due() == []


def test_an_account_whose_plugin_is_gone_is_not_due(account: Account) -> None:
    Account.objects.update(plugin="gone")
    assert poll_sources.due(now=NOW) == []


# ---- single orders ----


def hint(connection: Connection, account: Account, *orders: str, now: datetime = NOW) -> None:
    with connection.transaction():
        services.want(connection, account.id, orders, now=now)


def test_orders_that_were_hinted_at_are_fetched_once(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    hint(connection, account, "A-2", "A-4")
    assert [found.ref for found in poll_sources.wanting(connection, now=NOW)] == ["shop"]
    assert fetch_wanted(connection, account, now=NOW) == PollSummary(fetched=2, messages=2)
    assert shop.paths == ["/orders/A-2", "/orders/A-4"]
    assert kept() == [("order", "fetch")] * 2
    assert poll_sources.wanting(connection, now=NOW) == []
    assert fetch_wanted(connection, account, now=NOW) == PollSummary()


def test_an_order_that_cannot_be_fetched_waits_and_keeps_no_other_waiting(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    hint(connection, account, "A-1", "B-1")
    summary = fetch_wanted(connection, account, now=NOW)
    assert (summary.fetched, summary.failed) == (1, "Paged shop answered 404.")
    left = Wanted.objects.get()
    assert (left.object_id, left.tries, left.last_error) == ("B-1", 1, "Paged shop answered 404.")
    assert left.not_before is not None
    assert NOW + timedelta(seconds=30) <= left.not_before <= NOW + timedelta(seconds=60)
    assert poll_sources.wanting(connection, now=NOW) == []
    later = left.not_before
    shop.sell(id="B-1")
    assert fetch_wanted(connection, account, now=later).fetched == 1
    assert not Wanted.objects.exists()


def test_a_busy_source_puts_all_its_orders_off(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    hint(connection, account, "A-1", "A-2", "A-3")
    shop.fail_next(429, {"retry-after": "120"}, after=1)
    summary = fetch_wanted(connection, account, now=NOW)
    until = NOW + timedelta(seconds=120)
    assert summary == PollSummary(fetched=1, messages=1, put_off_until=until)
    left = Wanted.objects.order_by("object_id").values_list("object_id", "not_before", "tries")
    assert list(left) == [("A-2", until, 0), ("A-3", until, 0)]
    assert fetch_wanted(connection, account, now=until).fetched == 2


def test_a_hint_that_comes_while_its_order_is_fetched_is_not_lost(
    connection: Connection,
    account: Account,
    shop: OrdersServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hint(connection, account, "A-1")
    fetch = Paged.fetch

    def changed_meanwhile(self: Paged, context: SourceContext, object_id: str) -> Any:
        told = fetch(self, context, object_id)
        with connect() as other:
            hint(other, account, object_id, now=NOW + timedelta(seconds=1))
        return told

    with monkeypatch.context() as patch:
        patch.setattr(Paged, "fetch", changed_meanwhile)
        assert fetch_wanted(connection, account, now=NOW).fetched == 1
    assert Wanted.objects.count() == 1
    assert fetch_wanted(connection, account, now=NOW + timedelta(seconds=2)).fetched == 1
    assert not Wanted.objects.exists()


def test_fetching_stops_between_orders_when_told(
    connection: Connection, account: Account, shop: OrdersServer
) -> None:
    hint(connection, account, "A-1", "A-2")
    told = iter([False, True])
    assert fetch_wanted(connection, account, now=NOW, stop=lambda: next(told)).fetched == 1
    assert Wanted.objects.count() == 1
