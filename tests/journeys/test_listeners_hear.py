"""From a purchase to the services that hear of it: every event once, whatever happens on the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from pytest_django import Settings

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.identity import consents
from cagnotte.identity.models import Member
from cagnotte.journeys import deliver_events, tell_events
from cagnotte.notices import listeners
from cagnotte.notices.models import Delivery
from cagnotte.platform.database import connect
from tests.journeys.world import NOON, World
from tests.listeners.fakes.brevo import BrevoFake
from tests.listeners.fakes.ga4 import GoogleFake
from tests.sources.fakes.clock import Clock

HOUR = timedelta(hours=1)


@dataclass
class Outside:
    """The services, their clock, and what the platform does by itself."""

    world: World
    clock: Clock
    google: GoogleFake
    brevo: BrevoFake

    def connect(self) -> None:
        """Connect both services to the corner shop's programme."""
        with connect() as connection:
            programme_id = self.world.programme_id(connection)
        for plugin, settings, secret in (
            ("ga4", {"measurement_id": "G-TEST123", "api_url": self.google.url}, "api_secret"),
            ("brevo", {"list_id": "3", "api_url": self.brevo.url}, "api_key"),
        ):
            row = listeners.connect(
                programme_id=programme_id, ref=plugin, plugin=plugin, settings=settings, now=NOON
            )
            listeners.set_secret(row, secret, "right", now=NOON)

    def agree(self, member: str, *purposes: Purpose) -> None:
        """Let a member agree, long before."""
        row = Member.objects.get(ref=member)
        for purpose in purposes:
            act = Consent(purpose, granted=True, at=NOON - 9 * HOUR, source="x", text_version="1")
            consents.record(wallet_id=row.wallet_id, consent=act)

    def work(self) -> None:
        """Make events and carry them, as the worker does, until nothing is due any more."""
        with connect() as connection:
            tell_events.tell(connection, now=self.clock.now)
            while deliver_events.deliver_to_listeners(
                connection, clock=lambda: self.clock.now, dice=lambda: 0.5
            ):
                pass

    def sold(self) -> list[tuple[str, str, float]]:
        """What Google knows: event, order, value."""
        return [
            (one["name"], one["params"].get("transaction_id", ""), one["params"]["value"])
            for _, one in self.google.taken
        ]


@pytest.fixture
def outside(world: World, settings: Settings) -> Iterator[Outside]:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    clock = Clock(NOON)
    Member.objects.filter(ref="1").update(email="ana@shop.example")
    Member.objects.filter(ref="2").update(email="bob@shop.example")
    with GoogleFake(clock) as google, BrevoFake(clock) as brevo:
        found = Outside(world, clock, google, brevo)
        # What happened before somebody listens is nobody's news.
        found.work()
        found.connect()
        yield found


def states(ref: str) -> list[tuple[str, str]]:
    (row,) = (one for one in listeners.listeners() if one.ref == ref)
    found = Delivery.objects.filter(recipient_id=row.id).order_by("number")
    return [(one.state, one.sentence) for one in found]


def test_each_service_hears_of_the_members_who_agree_to_its_purpose(outside: Outside) -> None:
    outside.agree("1", Purpose.ANALYTICS)
    outside.agree("2", Purpose.MARKETING)
    outside.world.buy("A1", "20.00", member="1")
    outside.world.buy("B1", "30.00", member="2")
    outside.world.buy("C1", "40.00", member="3")
    outside.work()
    assert outside.sold() == [("purchase", "A1", 20.0)]
    assert {
        address: contact["CASHBACK_PENDING"] for address, contact in outside.brevo.contacts.items()
    } == {"bob@shop.example": 1.5}
    assert [state for state, _ in states("ga4")] == ["delivered", "skipped", "skipped"]
    assert states("ga4")[1][1] == "The member has not agreed to analytics, or no longer does."


def test_the_life_of_a_purchase_is_heard_in_its_order_and_once(outside: Outside) -> None:
    outside.agree("1", Purpose.ANALYTICS, Purpose.MARKETING)
    world = outside.world
    world.buy("A1", "20.00", status="pending")
    world.buy("A2", "50.00", status="pending")
    world.answer("A1,decline,returned,,,", "A2,confirm,,,,")
    world.mature(date(2026, 4, 1))
    outside.work()
    outside.work()
    assert sorted(outside.sold()) == [
        ("earn_virtual_currency", "", 2.5),
        ("purchase", "A1", 20.0),
        ("purchase", "A2", 50.0),
        ("refund", "A1", 20.0),
    ]
    names = [name for name, order, _ in outside.sold() if order == "A1"]
    assert names == ["purchase", "refund"]
    contact = outside.brevo.contacts["ana@shop.example"]
    assert (contact["CASHBACK_AVAILABLE"], contact["CASHBACK_PENDING"]) == (2.5, 0.0)
    assert outside.google.lost == []


def test_a_service_that_is_down_for_hours_hears_everything_once_when_it_is_back(
    outside: Outside,
) -> None:
    outside.agree("1", Purpose.ANALYTICS)
    outside.google.fail_next(503, times=3)
    for number in range(1, 4):
        outside.world.buy(f"A{number}", "20.00", member="1")
    outside.work()
    assert outside.sold() == []
    for _ in range(12):
        outside.clock.wait(HOUR.total_seconds() / 2)
        outside.work()
    assert sorted(outside.sold()) == [("purchase", f"A{number}", 20.0) for number in (1, 2, 3)]
    assert {state for state, _ in states("ga4")} == {"delivered"}


def test_what_waits_when_the_consent_ends_is_never_told(outside: Outside) -> None:
    outside.agree("1", Purpose.ANALYTICS)
    outside.google.fail_next(503)
    outside.world.buy("A1", "20.00", member="1")
    outside.work()
    row = Member.objects.get(ref="1")
    consents.withdraw_all(wallet_id=row.wallet_id, now=NOON, source="account page")
    outside.clock.wait(24 * HOUR.total_seconds())
    outside.work()
    assert outside.sold() == []
    assert [state for state, _ in states("ga4")] == ["skipped"]


def test_a_listener_that_was_removed_hears_no_more(outside: Outside) -> None:
    outside.agree("1", Purpose.ANALYTICS)
    for row in listeners.enabled():
        listeners.disconnect(row, now=NOON)
    outside.world.buy("A1", "20.00", member="1")
    outside.work()
    assert outside.sold() == []
    assert not Delivery.objects.exists()


def test_a_wrong_key_loses_nothing(outside: Outside) -> None:
    outside.agree("1", Purpose.MARKETING)
    (row,) = (one for one in listeners.enabled() if one.ref == "brevo")
    listeners.set_secret(row, "api_key", "wrong", now=NOON)
    outside.world.buy("A1", "20.00", member="1")
    outside.work()
    assert outside.brevo.contacts == {}
    ((state, sentence),) = states("brevo")
    assert state == "pending"
    assert "Look at the key" in sentence
    listeners.set_secret(row, "api_key", "right", now=NOON)
    outside.clock.wait(HOUR.total_seconds())
    outside.work()
    assert outside.brevo.written == ["ana@shop.example"]
    assert states("brevo") == [("delivered", "")]
