"""Orders for fakes, out of a simulated world: what was bought, and all that becomes of it, day by day.

`network_orders` tells orders as affiliate networks do (an amount and a commission, pending for weeks, approved,
declined, corrected, taken back), `shop_orders` as shops do (lines, edits, returns). The same seed gives the same
orders. A fake shows of each order `order.at(clock.now)`: how it stands then, or None when nobody knows of it yet.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cagnotte.world.simulation.courses import NetworkMessage, returned_minor
from cagnotte.world.simulation.members import members
from cagnotte.world.simulation.networks import Networks
from cagnotte.world.simulation.plan import TIMEZONE, FilesPer, Model, Plan
from cagnotte.world.simulation.shopping import Item, Shopping
from cagnotte.world.simulation.shopping import Order as Drawn
from cagnotte.world.simulation.shops import networks, shops
from cagnotte.world.simulation.tills import Tills

STARTS_ON = date(2026, 9, 20)
"""The first day of shopping, so that clocks go back while orders are made and forth while they are approved."""

DAYS = 45
MEMBERS = 60
ZONE = ZoneInfo(TIMEZONE)
PAID_AFTER = timedelta(days=40)
"""After its last word, a network pays what it confirmed."""

_LETTERS = "abcdefghjkmnpqrstvwxyz0123456789"


class Line(NamedTuple):
    """An article of an order. price: of all units, before `coupon`. returned: units that came back so far."""

    number: int
    sku: str
    category: str
    units: int
    price: Decimal
    coupon: Decimal
    returned: int = 0
    returned_price: Decimal = Decimal(0)


class State(NamedTuple):
    """How an order stands from a moment on.

    Attributes:
        since: aware. status: pending, confirmed, declined. amount: for the articles, coupons off, delivery apart;
            of a shop's order less what came back.
        commission: of a network's order; else 0. paid: the network has paid it.
    """

    since: datetime
    status: str
    reason: str
    amount: Decimal
    commission: Decimal
    paid: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """An order and its life.

    Attributes:
        number: from 1. ref: the shop's. shop: number of the shop, as text. click: a reference of ours.
        bought_at, clicked_at: aware. delivery: what it costs beside the articles.
    """

    number: int
    ref: str
    shop: str
    member: str
    email: str
    click: str
    bought_at: datetime
    clicked_at: datetime
    delivery: Decimal
    code: str
    states: tuple[State, ...] = field(repr=False)

    def at(self, now: datetime) -> State | None:
        """Return how it stands; None while nothing is known of it."""
        return next((state for state in reversed(self.states) if state.since <= now), None)


def network_orders(*, seed: int = 24, count: int = 40) -> list[Order]:
    """Return orders that networks tell, by the time they were made."""
    plan = Plan(seed=seed, members=MEMBERS, days=DAYS, model=Model.PORTAL, starts_on=STARTS_ON)
    told = Networks(plan, networks(plan))
    drawn = _drawn(plan, count)
    return [
        _order(number, one, _network_states(told.course(one).messages, one))
        for number, one in enumerate(drawn, 1)
    ]


def shop_orders(*, seed: int = 24, count: int = 40) -> list[Order]:
    """Return orders that shops tell, by the time they were made."""
    plan = Plan(
        seed=seed, members=MEMBERS, days=DAYS, model=Model.COALITION, starts_on=STARTS_ON,
        files_per=FilesPer.DAY,
    )  # fmt: skip
    tills = Tills(plan)
    drawn = _drawn(plan, count)
    return [
        _order(number, one, _shop_states(plan, tills, one)) for number, one in enumerate(drawn, 1)
    ]


def first_day() -> datetime:
    """Return when shopping begins."""
    return datetime(STARTS_ON.year, STARTS_ON.month, STARTS_ON.day, tzinfo=ZONE).astimezone(UTC)


def _drawn(plan: Plan, count: int) -> list[Drawn]:
    """Draw orders, and take so many of them from the whole time of shopping alike."""
    sellers = shops(plan)
    drawn = list(Shopping(plan, members(plan, len(sellers)), sellers))
    return [drawn[place * len(drawn) // count] for place in range(count)]


def _order(number: int, drawn: Drawn, states: list[State]) -> Order:
    bought_at = states[0].since
    bought_at = _moment(STARTS_ON + timedelta(days=drawn.day), drawn.second)
    digest = hashlib.sha256(drawn.ref.encode()).digest()
    return Order(
        number=number,
        ref=drawn.ref,
        shop=str(1000 + drawn.shop.number),
        member=drawn.member.ref,
        email=f"{drawn.member.ref.lower()}@mail.example",
        click="".join(_LETTERS[byte % 32] for byte in digest[:20]),
        bought_at=bought_at,
        clicked_at=bought_at - timedelta(minutes=5 + number),
        delivery=_major(drawn.delivery_minor),
        code=drawn.code,
        states=tuple(_in_time(states)),
    )


def _in_time(states: list[State]) -> Iterable[State]:
    """Give states a second apart at least, oldest first."""
    last: datetime | None = None
    for state in states:
        since = state.since if last is None else max(state.since, last + timedelta(seconds=1))
        yield state._replace(since=since)
        last = since


def _network_states(messages: list[NetworkMessage], drawn: Drawn) -> list[State]:
    """Return what a network shows: each word from the day on which it is first heard of."""
    heard: dict[str, NetworkMessage] = {}
    for message in messages:
        heard.setdefault(message.told_at, message)
    lines = _lines(drawn.items, {})
    states = [
        State(
            _moment(STARTS_ON + timedelta(days=message.delivered), drawn.second),
            message.status,
            message.reason,
            _major(message.amount_minor),
            _major(message.commission_minor),
            False,
            lines,
        )
        for _, message in sorted(heard.items())
    ]
    last = states[-1]
    if last.status == "confirmed":
        states.append(last._replace(since=last.since + PAID_AFTER, paid=True))
    return states


def _shop_states(plan: Plan, tills: Tills, drawn: Drawn) -> list[State]:
    course, periods = tills.course(drawn), plan.calendar.periods
    told: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for answer in course.answers:
        told.setdefault((answer.period, answer.decision), []).append((answer.line, answer.units))
    reasons = {answer.decision: answer.reason for answer in course.answers}
    first, *others = course.messages
    edited = [message for message in others if message.told_at > first.told_at]
    items = edited[-1].items if edited else first.items
    states = [
        _shop_state(_moment(STARTS_ON + timedelta(days=drawn.day), drawn.second), first.items)
    ]
    if edited:
        on = date.fromisoformat(edited[-1].told_at[:10])
        states.append(_shop_state(_moment(on, drawn.second), items))
    returned: dict[int, int] = {}
    status, reason = "pending", ""
    for (period, decision), rows in sorted(told.items(), key=lambda one: one[0][0]):
        if decision == "amend":
            returned = dict(rows)
        else:
            status = {"confirm": "confirmed", "decline": "declined"}[decision]
            reason = reasons[decision]
        since = _moment(periods[period].ends_on - timedelta(days=1), drawn.second)
        states.append(_shop_state(since, items, status, reason, returned))
    return states


def _shop_state(
    since: datetime,
    items: tuple[Item, ...],
    status: str = "pending",
    reason: str = "",
    returned: Mapping[int, int] | None = None,
) -> State:
    lines = _lines(items, returned or {})
    amount = sum((line.price - line.coupon - line.returned_price for line in lines), Decimal(0))
    return State(since, status, reason, amount, Decimal(0), False, lines)


def _lines(items: tuple[Item, ...], returned: Mapping[int, int]) -> tuple[Line, ...]:
    return tuple(
        Line(
            number, item.article.sku, item.article.category, item.units,
            _major(item.price_minor), _major(item.coupon_minor), returned.get(number, 0),
            _major(returned_minor(item, returned.get(number, 0))),
        )
        for number, item in enumerate(items, 1)
    )  # fmt: skip


def _moment(day: date, second: int) -> datetime:
    local = datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(seconds=second)
    return local.astimezone(UTC)


def _major(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)
