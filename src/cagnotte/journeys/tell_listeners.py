"""Telling a listener of events: who they are about, as far as the members agree, and what became of each.

Who may be told is asked at the moment of telling: whoever has taken the consent back since, has closed the account or
was forgotten is not told of, whatever waits. Nothing is written here and no database transaction is open while the
service is asked; the caller keeps the outcomes as they come.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import psycopg
from django.conf import settings

from cagnotte.domain.errors import CagnotteError
from cagnotte.domain.ids import parse_public_id, public_id
from cagnotte.domain.money import Rounding, decimals_of, divide
from cagnotte.domain.purchases import Line, Purchase, Validation
from cagnotte.hooks.listeners import (
    Balances,
    Became,
    Event,
    Listener,
    ListenerCalls,
    OrderLine,
    OrderTold,
    Outcome,
    Person,
    Personal,
    ReturnedLine,
    Sum,
)
from cagnotte.hooks.sources import HttpAnswer, SourceFailed
from cagnotte.identity import consents
from cagnotte.ledger.selectors import MemberBalances, member_balances
from cagnotte.notices import listeners
from cagnotte.notices.models import ConnectedListener
from cagnotte.platform.http import Caller, CallFailed
from cagnotte.platform.secrets_box import fingerprint
from cagnotte.platform.sql import load
from cagnotte.purchases.facts import purchase_from_facts

SQL = load("listeners")
Connection = psycopg.Connection[Any]

KEY_LENGTH = 32
ANSWER_SECONDS = 30.0
"""A service that takes longer is asked again later."""
TELLING_SECONDS_MAX = 300.0
"""For all calls of one telling; with the last answer it stays within the time that a worker has for a batch."""
ANSWER_BYTES_MAX = 1024 * 1024

NO_CONSENT = "The member has not agreed to {purpose}, or no longer does."
BEFORE_CONSENT = "It happened before the member agreed to {purpose}."
NOBODYS = "It concerns no member."
NO_WORD = "{title} has no word for it."
TOO_OLD = "It is older than what {title} takes."


class CallsOnce:
    """The `ListenerCalls` of the hooks: each call is made once, for what is put off is told again anyway.

    Calls that begin more than `seconds_max` after this was made are refused, so that a slow service cannot keep a
    worker for longer than its events are its own. time: seconds that only grow.
    """

    def __init__(
        self,
        caller: Caller,
        *,
        seconds_max: float = TELLING_SECONDS_MAX,
        time: Callable[[], float] = time.monotonic,
    ) -> None:
        self._caller = caller
        self._time = time
        self._until = time() + seconds_max

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        """Ask, and return what was answered. Raises SourceFailed."""
        if self._time() > self._until:
            raise SourceFailed("The service is slow; the rest is told a little later.")
        asked = f"{url}?{urlencode(params)}" if params else url
        try:
            return HttpAnswer(*self._caller.once(method, asked, headers=headers or {}, body=body))
        except CallFailed as failed:
            raise SourceFailed(failed.sentence, **failed.facts) from None


@contextmanager
def open_calls() -> Iterator[ListenerCalls]:
    """Give the client for calls of a listener, which is closed afterwards."""
    with Caller(
        allow_private=settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES,
        answer_seconds=ANSWER_SECONDS,
        body_bytes_max=ANSWER_BYTES_MAX,
    ) as caller:
        yield CallsOnce(caller)


class EventRow(Protocol):
    """An event as it is kept. wallet_id: whose it is, None for nobody's."""

    @property
    def id(self) -> UUID: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def object_id(self) -> str: ...  # noqa: D102
    @property
    def wallet_id(self) -> UUID | None: ...  # noqa: D102
    @property
    def created_at(self) -> datetime: ...  # noqa: D102
    @property
    def data(self) -> Mapping[str, Any]: ...  # noqa: D102


Row = TypeVar("Row", bound=EventRow)


def tell(
    connection: Connection,
    row: ConnectedListener,
    events: Sequence[Row],
    *,
    now: datetime,
    http: ListenerCalls,
) -> Iterator[tuple[Row, Outcome]]:
    """Tell a listener of events of its programme, in their order; say of each what became of it, as it is known.

    Each event gets one outcome. What is put off (`Became.LATER`), by the service or because it cannot be reached, is
    to be told again, not before `retry_after_seconds` if there are any; so is what nobody knows of because the plugin
    stumbled. Raises NotFound when the plugin is no longer installed.
    """
    plugin = listeners.plugin_of(row)
    by_id = {event.id: event for event in events}
    with connection.transaction():
        handed = _handed(connection, row, plugin, events, now)
    ready: list[Event] = []
    for one in handed:
        if isinstance(one, Event):
            ready.append(one)
        else:
            yield by_id[_id_of(one.event_id)], one
    for start in range(0, len(ready), plugin.batch_max):
        waiting = {one.id: one for one in ready[start : start + plugin.batch_max]}
        sentence = f"{plugin.title} said nothing of it."
        try:
            context = listeners.context_of(row, now=now, http=http)
            for outcome in plugin.send(context, list(waiting.values())):
                if waiting.pop(outcome.event_id, None) is not None:
                    yield by_id[_id_of(outcome.event_id)], outcome
        except CagnotteError as failed:
            sentence = failed.sentence
        for left in waiting:
            yield by_id[_id_of(left)], Outcome(left, Became.LATER, sentence)


def check(row: ConnectedListener, *, now: datetime, http: ListenerCalls) -> Sequence[str]:
    """Ask a listener's service whether all is as it should be; return what is wrong, a sentence each."""
    plugin = listeners.plugin_of(row)
    try:
        return plugin.check(listeners.context_of(row, now=now, http=http))
    except CagnotteError as failed:
        return [failed.sentence]


def _id_of(text: str) -> UUID:
    return parse_public_id("evt", text)


# ---- what is handed over ----


def _handed(
    connection: Connection,
    row: ConnectedListener,
    plugin: Listener,
    events: Sequence[EventRow],
    now: datetime,
) -> list[Event | Outcome]:
    """Return the events as the plugin gets them, or what becomes of those that it does not get."""
    agreed = consents.agreed(
        connection,
        row.programme_id,
        plugin.purpose,
        {event.wallet_id for event in events if event.wallet_id},
    )
    told: list[EventRow] = []
    found: dict[UUID, Outcome] = {}
    for event in events:
        why = _why_not(plugin, event, agreed, now)
        if why:
            found[event.id] = Outcome(public_id("evt", event.id), Became.SKIPPED, why)
        else:
            told.append(event)
    facts = _Facts.read(connection, row, told, plugin.needs(listeners.settings_of(row)))
    return [found[event.id] if event.id in found else facts.event(event) for event in events]


def _why_not(
    plugin: Listener, event: EventRow, agreed: Mapping[UUID, datetime], now: datetime
) -> str:
    """Say why a listener does not hear of an event; "" when it does."""
    if not plugin.wants(event.type):
        return NO_WORD.format(title=plugin.title)
    if event.wallet_id is None:
        return NOBODYS
    if plugin.age_max is not None and now - event.created_at >= plugin.age_max:
        return TOO_OLD.format(title=plugin.title)
    since = agreed.get(event.wallet_id)
    if since is None:
        return NO_CONSENT.format(purpose=plugin.purpose)
    if plugin.since_consent and event.created_at < since:
        return BEFORE_CONSENT.format(purpose=plugin.purpose)
    return ""


class _Version(NamedTuple):
    """How an order stood at a version, and before it."""

    state: Validation
    order: Purchase
    state_before: Validation | None
    order_before: Purchase | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is read at once for all events of a telling."""

    programme: str
    test: bool
    people: Mapping[UUID, Person]
    versions: Mapping[tuple[UUID, int], _Version]

    @staticmethod
    def read(
        connection: Connection,
        row: ConnectedListener,
        events: Sequence[EventRow],
        needs: frozenset[Personal],
    ) -> "_Facts":
        wallet_ids = {event.wallet_id for event in events if event.wallet_id}
        return _Facts(
            programme=row.programme.slug,
            test=row.programme.sandbox_of is not None,
            people=_people(connection, row, wallet_ids, needs),
            versions=_versions(connection, row, events),
        )

    def event(self, row: EventRow) -> Event:
        """Return an event as a plugin gets it."""
        asked = _version_asked(row)
        version = self.versions.get(asked) if asked else None
        wallet_id = row.wallet_id or UUID(int=0)
        return Event(
            id=public_id("evt", row.id),
            type=row.type,
            created_at=row.created_at,
            programme=self.programme,
            object_key=row.object_id,
            person=self.people.get(wallet_id) or Person(_key(wallet_id)),
            data=row.data,
            order=_order_told(version) if version else None,
            sum=_sum(row.data),
            test=self.test,
        )


def _people(
    connection: Connection,
    row: ConnectedListener,
    wallet_ids: Iterable[UUID],
    needs: frozenset[Personal],
) -> dict[UUID, Person]:
    """Return the members behind wallets, with the facts that are needed and no others."""
    wallet_ids = list(wallet_ids)
    if not needs or not wallet_ids:
        return {}
    programme = row.programme
    facts = {"programme_id": programme.id, "wallet_ids": wallet_ids}
    balances: dict[UUID, MemberBalances] = {}
    if Personal.BALANCES in needs:
        balances = member_balances(connection, wallet_ids, programme.id, programme.currency)
    people = {}
    for wallet_id, ref, email, name, locale in connection.execute(SQL.people, facts).fetchall():
        people[wallet_id] = Person(
            key=_key(wallet_id),
            ref=ref if Personal.REF in needs else "",
            email=email if Personal.EMAIL in needs else "",
            name=name if Personal.NAME in needs else "",
            locale=locale if Personal.LOCALE in needs else "",
            balances=_balances(balances[wallet_id], programme.currency)
            if wallet_id in balances
            else None,
        )
    return people


def _key(wallet_id: UUID) -> str:
    """Return the pseudonym of a member: the same for ever, and nothing follows from it without our key."""
    return fingerprint(f"listener\x1f{wallet_id.hex}")[:KEY_LENGTH]


def _balances(held: MemberBalances, currency: str) -> Balances:
    return Balances(
        available=_exact(max(0, held.shown), currency),
        pending=_exact(held.pending + held.confirmed, currency),
        currency=currency,
    )


def _exact(amount_minor: int, currency: str) -> Decimal:
    """Return minor units as an exact amount in major ones."""
    return Decimal(amount_minor).scaleb(-decimals_of(currency))


def _sum(data: Mapping[str, Any]) -> Sum | None:
    told = data.get("amount")
    if not told:
        return None
    return Sum(_exact(told["amount_minor"], told["currency"]), told["currency"])


# ---- orders ----


def _version_asked(row: EventRow) -> tuple[UUID, int] | None:
    """Return the version of a purchase that an event is about, if it is about one."""
    if "purchase_id" not in row.data or "version" not in row.data:
        return None
    return parse_public_id("pur", row.data["purchase_id"]), row.data["version"]


def _versions(
    connection: Connection, row: ConnectedListener, events: Sequence[EventRow]
) -> dict[tuple[UUID, int], _Version]:
    asked = sorted({one for one in map(_version_asked, events) if one})
    if not asked:
        return {}
    zone = ZoneInfo(row.programme.timezone)
    facts = {
        "programme_id": row.programme_id,
        "purchase_ids": [purchase_id for purchase_id, _ in asked],
        "numbers": [number for _, number in asked],
    }
    return {
        (purchase_id, number): _Version(
            Validation(state),
            purchase_from_facts(orjson.loads(told), zone),
            Validation(state_before) if state_before else None,
            purchase_from_facts(orjson.loads(told_before), zone) if told_before else None,
        )
        for purchase_id, number, state, told, state_before, told_before in connection.execute(
            SQL.orders, facts
        )
    }


def _order_told(version: _Version) -> OrderTold:
    order, currency = version.order, version.order.currency
    return OrderTold(
        ref=order.order_ref,
        merchant=order.merchant,
        currency=currency,
        occurred_at=order.occurred_at,
        amount=_exact(order.amount_minor, currency),
        tax=_exact(
            sum(line.tax_minor for line in order.lines) + order.delivery_tax_minor, currency
        ),
        delivery=_exact(order.delivery_minor, currency),
        lines=[
            OrderLine(
                line.sku,
                line.quantity,
                _exact(_unit_minor(line), currency),
                line.category or "",
                line.brand or "",
            )
            for line in order.lines
        ],
        returned=_exact(max(0, _kept_before(version) - _kept(version)), currency),
        returned_lines=_returned_lines(version),
    )


def _unit_minor(line: Line) -> int:
    """The price of one unit after discounts, rounded."""
    return divide(line.amount_minor - line.discount_minor, max(1, line.quantity), Rounding.HALF_UP)


def _kept(version: _Version) -> int:
    """What the shop keeps of an order: nothing of one that was declined."""
    return 0 if version.state is Validation.DECLINED else _not_returned(version.order)


def _kept_before(version: _Version) -> int:
    if version.order_before is None or version.state_before is Validation.DECLINED:
        return 0
    return _not_returned(version.order_before)


def _not_returned(order: Purchase) -> int:
    """What an order cost, less what came back of its lines after their discounts."""
    return order.amount_minor - sum(
        divide(
            line.returned_minor * (line.amount_minor - line.discount_minor),
            line.amount_minor,
            Rounding.HALF_UP,
        )
        for line in order.lines
        if line.amount_minor
    )


def _returned_lines(version: _Version) -> list[ReturnedLine]:
    """Return the units that came back since the version before, by article."""
    if version.order_before is None:
        return []
    before = {(line.number, line.sku): line for line in version.order_before.lines}
    declined = version.state is Validation.DECLINED
    told = []
    for line in version.order.lines:
        was = before.get((line.number, line.sku))
        back_before = was.returned_quantity if was else 0
        back = line.quantity if declined else line.returned_quantity
        if back > back_before:
            told.append(ReturnedLine(line.sku, back - back_before))
    return told
