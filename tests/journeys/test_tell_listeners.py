"""Who a listener hears of, what it is told of them, and what becomes of each event."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import pytest
from pytest_django import Settings

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import public_id
from cagnotte.hooks import manager
from cagnotte.hooks.listeners import (
    Balances,
    Became,
    Event,
    Listener,
    ListenerContext,
    OrderTold,
    Outcome,
    Person,
    Personal,
    ReturnedLine,
    Sum,
)
from cagnotte.hooks.sources import Proof, Setting, SourceFailed
from cagnotte.identity import consents
from cagnotte.identity.models import Member, Wallet
from cagnotte.journeys import tell_listeners
from cagnotte.notices import listeners
from cagnotte.notices.models import ConnectedListener
from cagnotte.platform.database import connect
from cagnotte.platform.http import Caller
from tests.journeys.world import NOON, World
from tests.listeners.fakes.hubspot import HubSpotFake
from tests.sources.fakes.clock import Clock

BEFORE = NOON - timedelta(days=30)


class Row(NamedTuple):
    """An event as it is kept."""

    id: UUID
    type: str
    object_id: str
    wallet_id: UUID | None
    created_at: datetime
    data: Mapping[str, Any]


class Ear(Listener):
    """A listener that keeps what it is handed, and says what the test wants."""

    name = "ear"
    title = "Ear"
    proof = Proof.CAPTURED
    purpose = Purpose.ANALYTICS
    settings = (Setting("tone", "High or low.", default="low"), Setting("key", "Any.", secret=True))
    event_types = frozenset(
        {"reward.tracked", "reward.amended", "reward.declined", "reward.available"}
    )
    batch_max = 2

    def __init__(self, *needs: Personal) -> None:
        self.heard: list[list[Event]] = []
        self.personal = frozenset(needs)
        self.fails_at: int | None = None
        self.forgets: set[str] = set()

    def needs(self, settings: Mapping[str, str]) -> frozenset[Personal]:
        """What the test asks for."""
        return self.personal

    def send(self, context: ListenerContext, events: Sequence[Event]) -> Iterator[Outcome]:
        """Keep them, one by one."""
        self.heard.append([])
        for event in events:
            if sum(map(len, self.heard)) == self.fails_at:
                raise SourceFailed("The ear is gone.")
            self.heard[-1].append(event)
            if event.id not in self.forgets:
                yield Outcome(event.id, Became.SENT)
        yield Outcome("evt_0000000000000000000000000z", Became.SENT)

    def check(self, context: ListenerContext) -> Sequence[str]:
        """Say how it is set."""
        return [context.settings["tone"], context.secret("key")]

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.heard for event in batch]


@contextmanager
def installed(plugin: Listener, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    known = manager.listeners()
    with monkeypatch.context() as patch:
        patch.setattr(manager, "listeners", lambda: {**known, plugin.name: plugin})
        patch.setattr(manager, "listener", lambda name: {**known, plugin.name: plugin}[name])
        yield


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    plugin = Ear()
    with installed(plugin, monkeypatch):
        yield plugin


def connected(plugin: str = "ear", **settings: str) -> ConnectedListener:
    ((programme_id,),) = _rows("SELECT id FROM identity_programme")
    listeners.connect(
        programme_id=programme_id, ref=plugin, plugin=plugin, settings=settings, now=NOON
    )
    return listeners.listener(programme_id, plugin)


def _rows(query: str, *values: object) -> list[tuple[Any, ...]]:
    with connect() as connection:
        return connection.execute(query, values).fetchall()


def wallet(member: str) -> UUID:
    found: UUID = Member.objects.get(ref=member).wallet_id
    return found


def agree(*members: str, purpose: Purpose = Purpose.ANALYTICS, at: datetime = BEFORE) -> None:
    for member in members:
        consents.record(
            wallet_id=wallet(member),
            consent=Consent(purpose, granted=True, at=at, source="checkout", text_version="v1"),
        )


def withdraw(member: str) -> None:
    consents.record(
        wallet_id=wallet(member),
        consent=Consent(Purpose.ANALYTICS, granted=False, at=NOON, source="account page"),
    )


def event(event_type: str, member: str | None = "1", *, at: datetime = NOON, **data: Any) -> Row:
    """An event of a member, with any data."""
    wallet_id = wallet(member) if member else None
    told = uuid5(UUID(int=1), f"{event_type}{member}{data}{at}")
    return Row(told, event_type, "rew_1", wallet_id, at, data)


def of_order(event_type: str, order: str, version: int) -> Row:
    """An event about an order as it stood at a version."""
    ((purchase_id, wallet_id),) = _rows(
        "SELECT id, wallet_id FROM purchases_purchase WHERE order_ref = %s", order
    )
    data = {
        "purchase_id": public_id("pur", purchase_id),
        "version": version,
        "amount": {"amount_minor": 100, "currency": "EUR"},
    }
    told = uuid5(purchase_id, f"{event_type}{version}")
    return Row(told, event_type, public_id("rew", purchase_id), wallet_id, NOON, data)


def tell(row: ConnectedListener, *events: Row) -> list[tuple[Row, Became, str]]:
    with connect() as connection, tell_listeners.open_calls() as http:
        told = tell_listeners.tell(connection, row, events, now=NOON, http=http)
        return [(one, outcome.became, outcome.sentence) for one, outcome in told]


# ---- who is told of ----


def test_nobody_is_told_of_who_has_not_agreed(world: World, ear: Ear) -> None:
    row = connected()
    events = [event("reward.available", "1"), event("reward.available", "2")]
    agree("2")
    assert tell(row, *events) == [
        (events[0], Became.SKIPPED, "The member has not agreed to analytics, or no longer does."),
        (events[1], Became.SENT, ""),
    ]
    assert len(ear.events) == 1


def test_consent_to_one_purpose_is_none_to_another(world: World, ear: Ear) -> None:
    row = connected()
    agree("1", purpose=Purpose.MARKETING)
    ((_, became, _),) = tell(row, event("reward.available"))
    assert became is Became.SKIPPED
    assert ear.heard == []


def test_what_waits_is_not_told_once_the_consent_is_taken_back(world: World, ear: Ear) -> None:
    row, waiting = connected(), event("reward.available")
    agree("1")
    withdraw("1")
    ((_, became, _),) = tell(row, waiting)
    assert became is Became.SKIPPED
    assert ear.heard == []


def test_what_happened_before_the_consent_stays_untold(world: World, ear: Ear) -> None:
    row = connected()
    agree("1", at=NOON - timedelta(hours=1))
    old = event("reward.available", at=NOON - timedelta(hours=2))
    assert tell(row, old) == [
        (old, Became.SKIPPED, "It happened before the member agreed to analytics.")
    ]
    ear.since_consent = False
    ((_, became, _),) = tell(row, old)
    assert became is Became.SENT


def test_whoever_closed_the_account_is_not_told_of(world: World, ear: Ear) -> None:
    row = connected()
    agree("1")
    Wallet.objects.filter(id=wallet("1")).update(closed_at=NOON)
    ((_, became, _),) = tell(row, event("reward.available"))
    assert became is Became.SKIPPED
    assert ear.heard == []


def test_what_concerns_nobody_or_has_no_word_or_is_too_old_is_left_out(
    world: World, ear: Ear
) -> None:
    row = connected()
    agree("1")
    ear.age_max = timedelta(hours=72)
    events = [
        event("reward.available", None),
        event("payout.sent"),
        event("reward.available", at=NOON - timedelta(hours=72)),
    ]
    assert [(became, why) for _, became, why in tell(row, *events)] == [
        (Became.SKIPPED, "It concerns no member."),
        (Became.SKIPPED, "Ear has no word for it."),
        (Became.SKIPPED, "It is older than what Ear takes."),
    ]
    assert ear.heard == []


# ---- what is told of them ----


def test_without_need_a_member_is_a_pseudonym_that_stays_the_same(world: World, ear: Ear) -> None:
    row = connected()
    agree("1", "2")
    tell(row, event("reward.available", "1"), event("reward.tracked", "1"))
    tell(row, event("reward.available", "2"))
    one, same, other = (heard.person for heard in ear.events)
    assert one == same == Person(one.key)
    assert other == Person(other.key)
    assert one.key != other.key
    assert len(one.key) == 32
    assert wallet("1").hex not in (one.key, other.key)


def test_a_member_is_described_as_far_as_is_needed(world: World, ear: Ear) -> None:
    row = connected()
    agree("1")
    Member.objects.filter(ref="1").update(email="ana@shop.example")
    world.buy("A1", "20.00", status="confirmed")
    world.buy("A2", "30.00")
    world.mature(date(2026, 3, 12))
    ear.personal = frozenset({Personal.EMAIL, Personal.BALANCES})
    tell(row, event("reward.available"))
    assert ear.events[0].person == Person(
        key=ear.events[0].person.key,
        email="ana@shop.example",
        balances=Balances(Decimal("1.00"), Decimal("1.50"), "EUR"),
    )
    ear.personal = frozenset({Personal.REF, Personal.NAME, Personal.LOCALE})
    tell(row, event("reward.available"))
    assert ear.events[1].person == Person(
        key=ear.events[0].person.key, ref="1", name="Ana", locale="fr"
    )


def test_an_event_says_what_a_webhook_would_and_its_amount_exactly(world: World, ear: Ear) -> None:
    row = connected()
    agree("1")
    data: dict[str, Any] = {"amount": {"amount_minor": 345, "currency": "EUR"}, "lot_id": "lot_1"}
    told = event("reward.available", **data)
    tell(row, told)
    (heard,) = ear.events
    assert heard.id == public_id("evt", told.id)
    assert (heard.type, heard.object_key, heard.programme) == (
        "reward.available",
        "rew_1",
        "corner",
    )
    assert heard.data == data
    assert heard.sum == Sum(Decimal("3.45"), "EUR")
    assert (heard.order, heard.test, heard.created_at) == (None, False, NOON)


def web_order(status: str, at: str, *lines: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": "W1",
        "customer": {"number": "1"},
        "at": "2026-02-10T10:00:00",
        "currency": "EUR",
        "status": status,
        "updated_at": at,
        "lines": list(lines),
    }


JAM = {"sku": "plum", "qty": 3, "price": "30.00", "category": "jam"}
TEA = {"sku": "sencha", "qty": 1, "price": "10.00", "category": "tea", "brand": "acme"}
BACK = {"returned": {"qty": 1, "price": "10.00"}}


def test_an_order_is_told_as_it_stood_when_the_event_happened(world: World, ear: Ear) -> None:
    row = connected()
    agree("1")
    world.web(web_order("pending", "2026-02-10T10:00:00Z", JAM, TEA))
    world.web(web_order("pending", "2026-02-11T10:00:00Z", {**JAM, **BACK}, TEA))
    world.web(web_order("declined", "2026-02-12T10:00:00Z", {**JAM, **BACK}, TEA))
    tell(
        row,
        of_order("reward.tracked", "W1", 1),
        of_order("reward.amended", "W1", 2),
        of_order("reward.declined", "W1", 3),
    )
    orders = [heard.order for heard in ear.events]
    tracked, amended, declined = orders
    assert isinstance(tracked, OrderTold)
    assert (tracked.ref, tracked.merchant, tracked.currency) == ("W1", "corner", "EUR")
    assert (tracked.amount, tracked.returned, tracked.returned_lines) == (
        Decimal("40.00"),
        Decimal("0.00"),
        [],
    )
    assert [tuple(line) for line in tracked.lines] == [
        ("plum", 3, Decimal("10.00"), "jam", ""),
        ("sencha", 1, Decimal("10.00"), "tea", "acme"),
    ]
    assert isinstance(amended, OrderTold)
    assert (amended.amount, amended.returned) == (Decimal("40.00"), Decimal("10.00"))
    assert amended.returned_lines == [ReturnedLine("plum", 1)]
    assert isinstance(declined, OrderTold)
    # All that was left: what came back before is not told again.
    assert declined.returned == Decimal("30.00")
    assert declined.returned_lines == [ReturnedLine("plum", 2), ReturnedLine("sencha", 1)]


def test_an_order_that_grows_brings_nothing_back(world: World, ear: Ear) -> None:
    row = connected()
    agree("1")
    world.web(web_order("pending", "2026-02-10T10:00:00Z", TEA))
    world.web(web_order("pending", "2026-02-11T10:00:00Z", JAM, TEA))
    tell(row, of_order("reward.amended", "W1", 2))
    (heard,) = ear.events
    assert heard.order is not None
    assert (heard.order.amount, heard.order.returned) == (Decimal("40.00"), Decimal("0.00"))


def test_an_order_that_is_restated_smaller_gives_the_difference_back(
    world: World, ear: Ear
) -> None:
    row = connected()
    agree("1")
    world.web(web_order("pending", "2026-02-10T10:00:00Z", JAM, TEA))
    world.web(web_order("pending", "2026-02-11T10:00:00Z", {**JAM, "price": "24.00"}, TEA))
    tell(row, of_order("reward.amended", "W1", 2))
    (heard,) = ear.events
    assert heard.order is not None
    assert (heard.order.returned, heard.order.returned_lines) == (Decimal("6.00"), [])


def test_an_order_that_the_programme_does_not_have_is_not_told(world: World, ear: Ear) -> None:
    row = connected()
    agree("1")
    strange = event("reward.tracked", purchase_id=public_id("pur", UUID(int=9)), version=1)
    tell(row, strange)
    assert ear.events[0].order is None


# ---- what became of them ----


def test_events_come_in_their_order_and_no_more_at_once_than_is_taken(
    world: World, ear: Ear
) -> None:
    row = connected()
    agree("1", "2", "3")
    events = [event("reward.available", member, n=n) for n, member in enumerate("12312")]
    assert [(one, became) for one, became, _ in tell(row, *events)] == [
        (one, Became.SENT) for one in events
    ]
    assert [len(batch) for batch in ear.heard] == [2, 2, 1]
    assert [heard.data["n"] for heard in ear.events] == [0, 1, 2, 3, 4]


def test_what_fails_in_its_middle_keeps_what_was_said_and_puts_the_rest_off(
    world: World, ear: Ear
) -> None:
    row = connected()
    agree("1")
    ear.fails_at = 3
    events = [event("reward.available", n=n) for n in range(6)]
    told = tell(row, *events)
    assert [(one.data["n"], became) for one, became, _ in told] == [
        (0, Became.SENT),
        (1, Became.SENT),
        (2, Became.SENT),
        (3, Became.LATER),
        (4, Became.LATER),
        (5, Became.LATER),
    ]
    assert {why for *_, why in told[3:]} == {"The ear is gone."}


def test_an_event_of_which_nothing_is_said_is_told_again(world: World, ear: Ear) -> None:
    row = connected()
    agree("1")
    events = [event("reward.available", n=n) for n in range(2)]
    ear.forgets = {public_id("evt", events[0].id)}
    assert tell(row, *events) == [
        (events[1], Became.SENT, ""),
        (events[0], Became.LATER, "Ear said nothing of it."),
    ]


def test_a_listener_is_checked_with_its_settings_and_secrets(world: World, ear: Ear) -> None:
    row = connected(tone="high")
    with tell_listeners.open_calls() as http:
        (problem,) = tell_listeners.check(row, now=NOON, http=http)
        assert "The secret “key” is not set" in problem
        listeners.set_secret(row, "key", "open sesame", now=NOON)
        assert list(tell_listeners.check(row, now=NOON, http=http)) == ["high", "open sesame"]


def test_a_plugin_that_is_gone_is_said_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(Ear(), monkeypatch):
        row = connected()
    assert listeners.enabled() == []
    assert not listeners.wants(row, "reward.available")
    with pytest.raises(NotFound, match="There is no listener “ear”"):
        tell(row, event("reward.available"))


# ---- for real ----


def test_a_crm_hears_how_a_member_stands_through_the_platforms_own_client(
    world: World, settings: Settings
) -> None:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    world.buy("A1", "20.00", status="confirmed")
    Member.objects.filter(ref="1").update(email="ana@shop.example")
    agree("1", purpose=Purpose.MARKETING)
    told = of_order("reward.confirmed", "A1", 1)
    with HubSpotFake(Clock(datetime(2026, 3, 1, 12, tzinfo=UTC))) as server:
        row = connected("hubspot", api_url=server.url)
        listeners.set_secret(row, "token", "right", now=NOON)
        assert tell(row, told) == [(told, Became.SENT, "")]
        assert server.contacts == {
            "ana@shop.example": {
                "email": "ana@shop.example",
                "cashback_available": "0.00",
                "cashback_pending": "1.00",
            }
        }


def test_a_service_in_a_private_network_is_never_called(world: World) -> None:
    agree("1", purpose=Purpose.MARKETING)
    Member.objects.filter(ref="1").update(email="ana@shop.example")
    with HubSpotFake(Clock(NOON)) as server:
        row = connected("hubspot", api_url=server.url)
        listeners.set_secret(row, "token", "right", now=NOON)
        ((_, became, _),) = tell(row, event("member.joined"))
        assert became is Became.LATER
        assert server.log == []


def test_a_slow_service_does_not_keep_a_worker_for_ever() -> None:
    times = iter((0.0, 299.0, 301.0))
    with HubSpotFake(Clock(NOON)) as server:
        calls = tell_listeners.CallsOnce(Caller(allow_private=True), time=lambda: next(times))
        assert calls.request("GET", f"{server.url}/nothing").status == 404
        with pytest.raises(SourceFailed, match="is slow"):
            calls.request("GET", f"{server.url}/nothing")
        assert len(server.log) == 1
