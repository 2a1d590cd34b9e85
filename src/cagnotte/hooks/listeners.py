"""Listeners to events: what a plugin for web analytics or for a CRM provides.

A listener is told, in batches, what happened in a programme: events that were committed, each with an id that stays
the same however often it is told. It speaks with one service, and says of every event what became of it: sent, left
out for a reason, refused for good, or to be told again later. What it says is kept as it goes, so that a batch that
breaks off in its middle goes on where it stopped: nothing is lost, and what was sent is not sent again.

Who a member is, is told by purpose. A listener names its `purpose` and the personal facts that it `needs`; it is
handed events of members who have agreed to that purpose, with those facts and no others. Events that concern no
member are not handed to listeners.

Amounts are exact, in major units of their currency.
"""

import enum
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from cagnotte.domain.consents import Purpose
from cagnotte.hooks.sources import HttpAnswer, Proof, Setting, SourceFailed

# ---- what is told ----


class Personal(enum.StrEnum):
    """A fact about a member that a listener may ask for, beside the pseudonym that every listener gets."""

    REF = "ref"
    """The number that shops know the member by."""
    EMAIL = "email"
    NAME = "name"
    LOCALE = "locale"
    BALANCES = "balances"
    """What the cagnotte holds."""


class Balances(NamedTuple):
    """What a cagnotte holds now, ≥ 0. pending: earned, and not to be spent yet."""

    available: Decimal
    pending: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Person:
    """The member of an event, as far as the listener may know; what it did not ask for is empty.

    key: 32 hexadecimal digits, the same for a member in all events of a programme; it leads nobody to the member.
    The facts are those of now, not of when the event happened.
    """

    key: str
    ref: str = ""
    email: str = ""
    name: str = ""
    locale: str = ""
    balances: Balances | None = None


class OrderLine(NamedTuple):
    """One article of an order. price: of one unit after discounts, tax included; rounded to the currency's decimals."""

    sku: str
    quantity: int
    price: Decimal
    category: str = ""
    brand: str = ""


class ReturnedLine(NamedTuple):
    """Units of an article that came back."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderTold:
    """The order that an event is about, as it stood when the event happened.

    Attributes:
        ref: the shop's own number of it; other tools of the shop know it by the same. merchant: the shop's reference.
        amount: what it cost, tax and delivery included, discounts deducted; whatever came back of it.
        tax, delivery: contained in the amount.
        returned: by this event: what came back since the order was told before; of a refusal, all that was left.
        returned_lines: of which articles, where that is known.
    """

    ref: str
    merchant: str
    currency: str
    occurred_at: datetime
    amount: Decimal
    tax: Decimal = Decimal(0)
    delivery: Decimal = Decimal(0)
    lines: Sequence[OrderLine] = ()
    returned: Decimal = Decimal(0)
    returned_lines: Sequence[ReturnedLine] = ()


class Sum(NamedTuple):
    """An amount of money, exact, in major units."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a programme.

    Attributes:
        id: "evt_…", the same however often it is told. type: such as "reward.tracked", of the catalogue of events.
        object_key: the public id of what it is about; events of one object are told in their order.
        data: what a webhook of this event says, JSON.
        order: of events about a reward or purchase. sum: what was earned, spent or paid, where the event has one.
        test: of a test copy of a programme.
    """

    id: str
    type: str
    created_at: datetime
    programme: str
    object_key: str
    person: Person
    data: Mapping[str, Any] = field(default_factory=dict)
    order: OrderTold | None = None
    sum: Sum | None = None
    test: bool = False


# ---- what became of it ----


class Became(enum.StrEnum):
    """What became of an event at a listener."""

    SENT = "sent"
    SKIPPED = "skipped"
    """Left out, and rightly: there is nothing to say, it is too old, it has no consent. Never told again."""
    REFUSED = "refused"
    """The service does not take it, and would not take it a second time; a person should look."""
    LATER = "later"
    """Not taken now; told again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event. sentence: why, unless it was sent. retry_after_seconds: when the service says so."""

    event_id: str
    became: Became
    sentence: str = ""
    retry_after_seconds: int | None = None


def alike(
    events: Sequence[Event],
    became: Became,
    sentence: str = "",
    *,
    retry_after_seconds: int | None = None,
) -> Iterator[Outcome]:
    """Say the same of several events."""
    for event in events:
        yield Outcome(event.id, became, sentence, retry_after_seconds)


# ---- what a plugin is handed ----


class ListenerCalls(Protocol):
    """Calls out for a listener: bounded in time and size, never to private addresses, each made once."""

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        """Ask, and return what was answered whatever its status, 429 and redirects too: waiting is not its part.

        Raises SourceFailed when there is no answer.
        """


@dataclass(frozen=True, slots=True)
class ListenerContext:
    """What a listener may use.

    Attributes:
        settings: what the person filled in, without secrets; defaults are in.
        secrets: by name, the present value first, then the one before it while it is being replaced.
        now: the moment of this call, aware.
    """

    settings: Mapping[str, str]
    secrets: Mapping[str, Sequence[str]]
    now: datetime
    http: ListenerCalls

    def secret(self, name: str) -> str:
        """Return the present value of a secret. Raises SourceFailed when none was given."""
        values = self.secrets.get(name, ())
        if not values:
            raise SourceFailed(
                f"The secret “{name}” is not set; set it with `cagnotte listeners secret`."
            )
        return values[0]


class Listener(ABC):
    """A service that is told of events. Stateless: all that changes is in the context.

    Attributes:
        name: such as "ga4": how commands name it. title: such as "Google Analytics 4": how people read it.
        proof: how well it is known what the service takes. settings: what a person fills in to connect it.
        purpose: what members must have agreed to. event_types: the events it has a word for.
        batch_max: how many events it is handed at once. age_max: older events are not handed to it.
        since_consent: whether it may hear only of what happened after the member agreed.
    """

    name: str
    title: str
    proof: Proof
    purpose: Purpose
    settings: Sequence[Setting] = ()
    event_types: frozenset[str]
    batch_max: int = 100
    age_max: timedelta | None = None
    since_consent: bool = True

    def wants(self, event_type: str) -> bool:
        """Tell whether events of this type mean anything to the service."""
        return event_type in self.event_types

    def needs(self, settings: Mapping[str, str]) -> frozenset[Personal]:  # noqa: ARG002 - some depend on them
        """Return the facts about a member that it cannot do without; by default the pseudonym is enough."""
        return frozenset()

    @abstractmethod
    def send(self, context: ListenerContext, events: Sequence[Event]) -> Iterator[Outcome]:
        """Tell the service, request by request, and say after each one what became of its events.

        Every event gets one outcome, in any order. What was yielded stands, also when a later request fails: an
        event of which nothing was said is told again. Raises SourceFailed when the service cannot be reached.
        """

    @abstractmethod
    def check(self, context: ListenerContext) -> Sequence[str]:
        """Ask the service whether all is as it should be, without telling it anything that stays.

        Returns what is wrong, a sentence each. Raises SourceFailed when it cannot be reached.
        """
