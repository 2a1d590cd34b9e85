"""What a listener's test module says about its service, for the contract that all listeners share.

Each plugin NAME has a module `tests/listeners/test_NAME.py` that defines `CASE`; `test_contract.py` finds it there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cagnotte.hooks.listeners import (
    Balances,
    Event,
    Listener,
    ListenerContext,
    OrderLine,
    OrderTold,
    Outcome,
    Person,
    ReturnedLine,
    Sum,
)
from cagnotte.journeys.tell_listeners import CallsOnce
from cagnotte.platform.http import Caller
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.server import FakeServer

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDER = OrderTold(
    ref="A-1001",
    merchant="corner",
    currency="EUR",
    occurred_at=NOW - timedelta(hours=2),
    amount=Decimal("44.90"),
    tax=Decimal("7.48"),
    delivery=Decimal("4.90"),
    lines=(OrderLine("MUG1", 2, Decimal("20.00"), "home", "Potier"),),
)
PRIVATE = ("Ana Roux", "ana", "H0906", "roux")
"""What of a member must not be seen where nobody asked for it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One service as its tests know it.

    Attributes:
        fake: makes a server that keeps the service's limits.
        settings: what is filled in, apart from where the service is; where: the setting that says so.
        secrets: right ones for the fake.
        heard: what a fake was told so far, as one text for each thing that counts there, in order.
        batch: so many events or contacts go into one request. event_type: one that it hears of.
        by_contact: it is told of members, not of events.
    """

    plugin: Listener
    fake: Callable[[Clock], FakeServer]
    settings: Mapping[str, str]
    where: str
    secrets: Mapping[str, str]
    heard: Callable[[Any], list[str]]
    batch: int
    event_type: str
    by_contact: bool = False

    def context(self, server: FakeServer, calls: CallsOnce, clock: Clock) -> ListenerContext:
        """What the plugin is handed to speak with a fake."""
        defaults = {
            one.name: one.default for one in self.plugin.settings if one.default is not None
        }
        return ListenerContext(
            settings={**defaults, **self.settings, self.where: server.url},
            secrets={name: [value] for name, value in self.secrets.items()},
            now=clock.now,
            http=calls,
        )


def calls() -> CallsOnce:
    """The platform's own client, which may speak with this machine in tests."""
    return CallsOnce(Caller(allow_private=True))


def person(number: int, **facts: Any) -> Person:
    """A member, with all that a listener could ask for."""
    known = {
        "ref": f"H{number:04}",
        "email": f"member{number}@shop.example",
        "name": "Ana Roux",
        "locale": "fr",
        "balances": Balances(Decimal("12.40"), Decimal("3.45"), "EUR"),
    }
    return Person(f"{number:032x}", **{**known, **facts})


def event(number: int, event_type: str, **facts: Any) -> Event:
    """An event of member `number`, unless another one is named."""
    known = {
        "created_at": NOW - timedelta(minutes=5),
        "programme": "corner",
        "object_key": f"rew_{number}",
        "person": person(number),
        "data": {"member_ref": "H0906"},
        "order": replace(ORDER, ref=f"A-{number}"),
        "sum": Sum(Decimal("3.45"), "EUR"),
    }
    return Event(f"evt_{number}", event_type, **{**known, **facts})


def returned(order: OrderTold, amount: str, *lines: ReturnedLine) -> OrderTold:
    """The order with this much coming back."""
    return replace(order, returned=Decimal(amount), returned_lines=lines)


def outcomes(case: Case, context: ListenerContext, events: Sequence[Event]) -> dict[str, Outcome]:
    """Send, and return what became of each event. Fails when one has two outcomes."""
    found: dict[str, Outcome] = {}
    for outcome in case.plugin.send(context, events):
        assert outcome.event_id not in found, "an event has one outcome"
        found[outcome.event_id] = outcome
    return found
