"""Statements: what a wallet had, what came, what went, and what it has, for a month or a year.

A movement belongs to the month in which it was recorded, in the programme's time zone: a month that is over never
changes. What is told of late counts in the month in which it is told. Opening and closing are the ledger's own
balances, and everything in between is every movement of the wallet once, so that they add up to the cent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from cagnotte.domain.chart import KINDS, Account, Side
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.ids import milliseconds_of
from cagnotte.identity.models import Programme
from cagnotte.journeys.watch import Cause, Moved, causes
from cagnotte.platform.sql import load

SQL = load("statements")

Connection = psycopg.Connection[Any]

STATES = ("pending", "confirmed", "available", "held", "owing")
"""A wallet's accounts. What a member has in all is their sum, less what is owing."""

LineKey = Literal[
    "rebate",
    "bonus",
    "brought_over",
    "refunded",
    "voucher_back",
    "paid_back",
    "forgiven",
    "adjusted",
    "declined",
    "spent",
    "vouchers",
    "donated",
    "paid",
    "expired",
    "other",
]
"""What a line of a statement counts.

rebate: what shops give back of their purchases' price. bonus: what brands and the programme add. adjusted: taken back
of purchases that stand, such as after a return. declined: of purchases that shops refused. paid_back: transfers that
came back. other: everything else, in and out.
"""

LINES: tuple[LineKey, ...] = LineKey.__args__  # type: ignore[attr-defined] # in the order in which they are read

REWARD_KINDS = frozenset({"tracked", "confirmed", "declined", "reopened", "restated", "happened"})
"""Transactions about what a purchase earns; their fact is a version of it."""

BY_KIND: dict[str, LineKey] = {
    "refunded": "refunded",
    "donated": "donated",
    "payout_sent": "paid",
    "payout_rejected": "paid_back",
    "payout_returned": "paid_back",
    "voucher_issued": "vouchers",
    "voucher_refunded": "voucher_back",
    "voucher_expired": "voucher_back",
    "voucher_rest": "voucher_back",
    "voucher_void": "voucher_back",
    "expired": "expired",
    "given_up": "expired",
    "owing_given_up": "forgiven",
    "opening": "brought_over",
}


class Holding(NamedTuple):
    """What a wallet has at a moment, by state, in minor units; each zero or more."""

    pending: int = 0
    confirmed: int = 0
    available: int = 0
    held: int = 0
    owing: int = 0

    @property
    def total_minor(self) -> int:
        """All of it, less what is owing."""
        return self.pending + self.confirmed + self.available + self.held - self.owing


class LineOf(NamedTuple):
    """One line: how many movements, and by how much they changed what the member has; money out is negative."""

    key: LineKey
    movements: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A wallet over a period; first and last are days of the programme, both included.

    opening.total_minor + Σ lines = closing.total_minor. confirmed_minor and released_minor are steps that money took
    inside the wallet: what shops confirmed, and what became available. moves: the newest of all `movements`.
    """

    first: date
    last: date
    currency: str
    opening: Holding
    closing: Holding
    lines: list[LineOf]
    confirmed_minor: int
    released_minor: int
    movements: int
    moves: list[Moved] = field(default_factory=list)

    @property
    def earned_minor(self) -> int:
        """Rebate and bonus together."""
        return sum(line.amount_minor for line in self.lines if line.key in {"rebate", "bonus"})


class MonthOf(NamedTuple):
    """A month in short. closing_minor: all that the wallet had at its end. went_minor: zero or less."""

    first: date
    came_minor: int
    went_minor: int
    movements: int
    closing_minor: int

    @property
    def opening_minor(self) -> int:
        """All that the wallet had at its beginning."""
        return self.closing_minor - self.came_minor - self.went_minor


class Leg(NamedTuple):
    """A leg on one of a wallet's accounts. when: now, after or in; the rest is of legs in the period."""

    when: str
    transaction_id: UUID | None
    kind: str
    fact_id: UUID | None
    at: datetime | None
    state: str
    debit_minor: int


# ---- periods ------------------------------------------------------------------------------------------------------


def period_of(named: str) -> tuple[date, date]:
    """Return first and last day of a month ("2026-03") or a year ("2026"). Raises InvalidInput for anything else."""
    try:
        if len(named) == len("2026"):
            return date(int(named), 1, 1), date(int(named), 12, 31)
        first = date.fromisoformat(f"{named}-01")
    except ValueError as error:
        raise InvalidInput(
            f"“{named}” is neither a month such as 2026-03 nor a year such as 2026.", period=named
        ) from error
    return first, _next_month(first) - timedelta(days=1)


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _moment(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _low(moment: datetime) -> UUID:
    """Return an id that none of a transaction recorded from that moment on lies below: ids begin with their time."""
    # One millisecond of room: a moment and its id are rounded in two ways.
    return UUID(int=max(0, milliseconds_of(moment) - 1) << 80)


def _accounts(programme: Programme, wallet_id: UUID) -> dict[str, UUID]:
    return {
        state: Account(f"member.{state}", wallet_id, programme.id, programme.currency).id
        for state in STATES
    }


# ---- one statement --------------------------------------------------------------------------------------------------


def statement(
    connection: Connection,
    programme: Programme,
    wallet_id: UUID,
    *,
    first: date,
    last: date,
    listed: int = 0,
) -> Statement:
    """Return a wallet's statement from a day to a day, both included, with so many of its newest movements."""
    zone = ZoneInfo(programme.timezone)
    since, until = _moment(first, zone), _moment(last + timedelta(days=1), zone)
    accounts = _accounts(programme, wallet_id)
    asked = {
        "account_ids": list(accounts.values()),
        "states": list(accounts),
        "low": _low(since),
        "since": since,
        "until": until,
    }
    legs = [Leg(*row) for row in connection.execute(SQL.statement, asked)]
    moves = moves_of(legs)
    # Only of what is listed, and of what was paid with the cagnotte, it matters what is behind it.
    sought = {
        fact_id
        for place, (move, fact_id) in enumerate(moves)
        if place < listed or move.kind == "captured"
    }
    known = causes(connection, wallet_id, sought)
    told = [
        move._replace(cause=known[fact_id]) if fact_id in known else move for move, fact_id in moves
    ]
    bonuses = _bonuses(
        connection,
        [fact_id for move, fact_id in moves if move.kind in REWARD_KINDS and move.total_minor > 0],
    )
    lines = lines_of(
        (move, bonuses.get(fact_id, 0)) for move, (_, fact_id) in zip(told, moves, strict=True)
    )
    opening, closing = ends_of(legs)
    return Statement(
        first=first,
        last=last,
        currency=programme.currency,
        opening=opening,
        closing=closing,
        lines=lines,
        confirmed_minor=sum(
            max(0, move.changes.get("confirmed", 0)) for move in told if move.kind in REWARD_KINDS
        ),
        released_minor=sum(
            -move.changes.get("confirmed", 0) for move in told if move.kind == "released"
        ),
        movements=len(told),
        moves=told[:listed],
    )


def ends_of(legs: Sequence[Leg]) -> tuple[Holding, Holding]:
    """Return what the wallet had before the first leg in the period and after its last, from what it has now."""
    closing, opening = dict.fromkeys(STATES, 0), dict.fromkeys(STATES, 0)
    for leg in legs:
        own_minor = _sign(leg.state) * leg.debit_minor
        if leg.when == "now":
            closing[leg.state] += own_minor
            opening[leg.state] += own_minor
        else:
            opening[leg.state] -= own_minor
            closing[leg.state] -= own_minor if leg.when == "after" else 0
    return Holding(**opening), Holding(**closing)


def moves_of(legs: Iterable[Leg]) -> list[tuple[Moved, UUID]]:
    """Put the legs in the period together to movements, newest first, each with its fact."""
    heads: dict[UUID, Leg] = {}
    changes: dict[UUID, dict[str, int]] = defaultdict(dict)
    for leg in legs:
        if leg.when == "in" and leg.transaction_id is not None:
            heads[leg.transaction_id] = leg
            by_state = changes[leg.transaction_id]
            own_minor = _sign(leg.state) * leg.debit_minor
            by_state[leg.state] = by_state.get(leg.state, 0) + own_minor
    made = [
        (Moved(identity, leg.kind, leg.at, changes[identity], Cause()), leg.fact_id)
        for identity, leg in heads.items()
        if leg.at is not None and leg.fact_id is not None
    ]
    return sorted(made, key=lambda one: (one[0].at, one[0].id), reverse=True)


def _sign(state: str) -> int:
    return -1 if KINDS[f"member.{state}"].side is Side.CREDIT else 1


def lines_of(moves: Iterable[tuple[Moved, int]]) -> list[LineOf]:
    """Sum movements by what they are, each with what changed of the bonus in it; lines without any are left out."""
    counted: dict[LineKey, int] = defaultdict(int)
    summed: dict[LineKey, int] = defaultdict(int)
    for move, bonus_minor in moves:
        for key, amount_minor in _parts(move, bonus_minor):
            counted[key] += 1
            summed[key] += amount_minor
    return [LineOf(key, counted[key], summed[key]) for key in LINES if counted[key]]


def _parts(move: Moved, bonus_minor: int) -> list[tuple[LineKey, int]]:
    """Split a movement into lines; one that only moves money inside the wallet is in none."""
    total_minor = move.total_minor
    if not total_minor:
        return []
    if move.kind in REWARD_KINDS:
        if total_minor < 0:
            return [("declined" if move.kind == "declined" else "adjusted", total_minor)]
        bonus = min(max(bonus_minor, 0), total_minor)
        parts: list[tuple[LineKey, int]] = [("rebate", total_minor - bonus), ("bonus", bonus)]
        return [part for part in parts if part[1]]
    if move.kind == "captured":
        by_purpose: dict[str, LineKey] = {"donation": "donated", "voucher": "vouchers"}
        return [(by_purpose.get(move.cause.what, "spent"), total_minor)]
    return [(BY_KIND.get(move.kind, "other"), total_minor)]


def _bonuses(connection: Connection, fact_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """Return by how much brands' and the programme's part of a reward grew with some versions of purchases."""
    if not fact_ids:
        return {}
    rows = connection.execute(SQL.bonuses, {"ids": list(fact_ids)})
    return {version: after - before for version, after, before in rows}


# ---- many, in short --------------------------------------------------------------------------------------------------


def months(
    connection: Connection, programme: Programme, wallet_id: UUID, *, year: int, today: date
) -> list[MonthOf]:
    """Return the months of a year up to today's, newest first."""
    zone = ZoneInfo(programme.timezone)
    since = _moment(date(year, 1, 1), zone)
    asked = {
        "account_ids": list(_accounts(programme, wallet_id).values()),
        "low": _low(since),
        "since": since,
        "zone": programme.timezone,
    }
    rows = connection.execute(SQL.months, asked).fetchall()
    standing_minor = sum(row[1] for row in rows if row[0] is None)
    moved = {row[0]: row[1:] for row in rows if row[0] is not None}
    for first in sorted(moved, reverse=True):
        if first.year > year:
            standing_minor -= moved[first][0] + moved[first][1]
    found = []
    for number in range(12, 0, -1):
        first = date(year, number, 1)
        came_minor, went_minor, movements = moved.get(first, (0, 0, 0))
        if first <= today:
            found.append(MonthOf(first, came_minor, went_minor, movements, standing_minor))
        standing_minor -= came_minor + went_minor
    return found


def years(
    connection: Connection, programme: Programme, wallet_id: UUID, *, today: date
) -> list[int]:
    """Return the years of a wallet's movements up to today's, newest first; today's alone without any."""
    asked = {"account_ids": list(_accounts(programme, wallet_id).values())}
    [(begun,)] = connection.execute(SQL.first_movement, asked).fetchall()
    first = begun.astimezone(ZoneInfo(programme.timezone)).year if begun else today.year
    return list(range(today.year, min(first, today.year) - 1, -1))
