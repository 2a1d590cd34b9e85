"""Watching money grow: what a member holds and when more comes, their purchases, and each one from click to payout.

Everything is asked by wallet: what belongs to another wallet is not found. Amounts are minor units of the currency
beside them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import parse_public_id, public_id
from cagnotte.domain.money import FULL_BPS
from cagnotte.identity.models import Programme
from cagnotte.journeys.measure_delays import Measured
from cagnotte.journeys.movement_words import wording
from cagnotte.ledger import selectors as ledger
from cagnotte.platform.sql import load

SQL = load("watching")

Connection = psycopg.Connection[Any]

EXPIRING_DAYS = 60
"""Money that expires within so many days is worth a word."""

MONTHS_CHARTED = 12

LOTS_LISTED_MAX = 200
"""Parts of an available balance that are listed one by one."""

State = Literal[
    "pending",
    "confirmed",
    "available",
    "reserved",
    "paid",
    "spent",
    "expired",
    "declined",
    "nothing",
]
"""How a purchase stands for its member, one word at a time.

pending: the shop has not answered. confirmed: it has, and the money waits for its day. available: it can be spent.
reserved: it is on its way out. paid, spent, expired: it has left the cagnotte so. declined: refused. nothing: it was
accepted and earns nothing, such as after a return.
"""

Kind = Literal["pending", "confirmed", "released", "declined", "nothing"]
"""By what a list of purchases is narrowed; released: was made available, whatever became of it."""

KINDS: tuple[Kind, ...] = ("pending", "confirmed", "released", "declined", "nothing")


# ---- what a member holds -----------------------------------------------------------------------------------------


class Due(NamedTuple):
    """An amount and its day."""

    day: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Balances:
    """What a wallet holds in the programme's currency.

    Attributes:
        available_minor: what can be spent now, never below zero. owing_minor: what is to be made up for first.
        reserved_minor: on its way out: payouts under way, orders being paid.
        paid_minor: what has been sent to the member's bank so far, fees deducted.
        next_money: the first day on which confirmed money is due to be available, with how much of it; None = none
            has a day.
        expiring: what expires within EXPIRING_DAYS, soonest first.
    """

    currency: str
    pending_minor: int
    confirmed_minor: int
    available_minor: int
    reserved_minor: int
    owing_minor: int
    paid_minor: int
    next_money: Due | None
    expiring: list[Due]

    @property
    def is_new(self) -> bool:
        """Whether nothing has ever come in."""
        held = self.pending_minor + self.confirmed_minor + self.available_minor
        return not (held or self.reserved_minor or self.owing_minor or self.paid_minor)


def balances(
    connection: Connection, programme: Programme, wallet_id: UUID, *, today: date
) -> Balances:
    """Tell what a wallet holds, when more of it can be spent, and what expires soon."""
    held = ledger.member_balances(connection, [wallet_id], programme.id, programme.currency)
    now = held[wallet_id]
    asked = {
        "wallet_id": wallet_id,
        "programme_id": programme.id,
        "today": today,
        "until": today + timedelta(days=EXPIRING_DAYS),
        "waiting": now.confirmed > 0,
    }
    [(paid_minor, due, going)] = connection.execute(SQL.standing, asked).fetchall()
    return Balances(
        currency=programme.currency,
        pending_minor=now.pending,
        confirmed_minor=now.confirmed,
        available_minor=now.available,
        reserved_minor=now.held,
        owing_minor=now.owing,
        paid_minor=paid_minor,
        next_money=_due(orjson.loads(due)) if due else None,
        expiring=[_due(one) for one in orjson.loads(going)],
    )


def _due(told: Sequence[Any]) -> Due:
    return Due(date.fromisoformat(told[0]), int(told[1]))


class OpenLot(NamedTuple):
    """A part of what is available. origin: where it is from when no purchase earned it; shop: None then."""

    id: UUID
    amount_minor: int
    remaining_minor: int
    available_on: date
    expires_on: date | None
    origin: str
    purchase_id: UUID | None
    shop: str | None

    @property
    def purchase(self) -> str:
        """The public id of the purchase that earned it, "" where none did."""
        return public_id("pur", self.purchase_id) if self.purchase_id and self.shop else ""


class OpenHold(NamedTuple):
    """A part of what is reserved, and for what: redeem, payout, voucher or donation."""

    purpose: str
    amount_minor: int
    since: datetime
    until: datetime | None
    shop: str | None


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What the available and the reserved figure are made of. rest_minor: in lots beyond those listed."""

    lots: list[OpenLot]
    rest_minor: int
    holds: list[OpenHold]


def made_of(connection: Connection, programme: Programme, wallet_id: UUID) -> MadeOf:
    """Tell which lots the available balance is made of, first-expiring first, and which holds the reserved one."""
    asked = {"wallet_id": wallet_id, "currency": programme.currency, "count": LOTS_LISTED_MAX}
    held = ledger.member_balances(connection, [wallet_id], programme.id, programme.currency)
    lots = [OpenLot(*row) for row in connection.execute(SQL.open_lots, asked)]
    return MadeOf(
        lots=lots,
        rest_minor=held[wallet_id].available - sum(lot.remaining_minor for lot in lots),
        holds=[OpenHold(*row) for row in connection.execute(SQL.open_holds, asked)],
    )


class Month(NamedTuple):
    """What the purchases of a month earn: sure is confirmed, unsure waits for the shops."""

    first: date
    sure_minor: int
    unsure_minor: int

    @property
    def total_minor(self) -> int:
        """Both together."""
        return self.sure_minor + self.unsure_minor


def by_month(
    connection: Connection, programme: Programme, wallet_id: UUID, *, today: date
) -> list[Month]:
    """Return what purchases earned in each of the last MONTHS_CHARTED months, this one last."""
    months = [_month_before(today, back) for back in range(MONTHS_CHARTED - 1, -1, -1)]
    asked = {"wallet_id": wallet_id, "programme_id": programme.id, "first": months[0]}
    found = {row[0]: row[1:] for row in connection.execute(SQL.by_month, asked)}
    return [Month(first, *found.get(first, (0, 0))) for first in months]


def _month_before(day: date, back: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    return date(year, month + 1, 1)


# ---- a list of purchases -----------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A purchase in a list.

    Attributes:
        shop_ref, shop: reference and name. amount_minor, currency: what it cost.
        reward_*: in the reward's currency. first_minor: what was decided first, None where nothing changed since.
        awards: what its offers give, as decisions keep them.
        remaining_minor …: what became of its lots.
    """

    id: UUID
    shop_ref: str
    shop: str
    order_ref: str
    occurred_at: datetime
    occurred_on: date
    currency: str
    amount_minor: int
    validation: str
    reason: str
    version: int
    confirmed_on: date | None
    release_on: date | None
    answer_by: date | None
    blocks: list[str]
    reward_currency: str
    base_minor: int
    reward_minor: int
    released_minor: int
    voucher_minor: int
    first_minor: int | None
    awards: str
    remaining_minor: int
    held_minor: int
    paid_minor: int
    spent_minor: int
    expired_minor: int
    expires_on: date | None
    used_at: datetime | None

    @property
    def public_id(self) -> str:
        """Its name in addresses."""
        return public_id("pur", self.id)

    @property
    def state(self) -> State:
        """How it stands."""
        if self.validation == "pending":
            return "pending"
        if not self.reward_minor:
            return "declined" if self.validation == "declined" else "nothing"
        return "confirmed" if self.reward_minor > self.released_minor else self._fate()

    def _fate(self) -> State:
        if self.remaining_minor:
            return "available"
        if self.held_minor:
            return "reserved"
        left: dict[State, int] = {
            "paid": self.paid_minor,
            "spent": self.spent_minor,
            "expired": self.expired_minor,
        }
        most = max(left, key=left.__getitem__)
        # What went into a debt or a voucher leaves no trace on a lot: it was used.
        return most if left[most] else "spent"

    @property
    def was_adjusted(self) -> bool:
        """Whether it earns something else than was decided first, though it was not refused."""
        changed = self.first_minor is not None and self.first_minor != self.reward_minor
        return changed and self.state != "declined"

    @property
    def shown_minor(self) -> int:
        """What it earns, or what it would have earned where it was refused."""
        return (self.first_minor or 0) if self.state == "declined" else self.reward_minor

    @property
    def rate_bps(self) -> int | None:
        """The one rate that made the whole reward; None where there are several, or none."""
        awards = orjson.loads(self.awards or b"[]")
        if len(awards) != 1 or awards[0][7] is not None:
            return None
        return awards[0][3] or None

    @property
    def is_exact(self) -> bool:
        """Whether `effective_bps` is the rate to the last digit, such as of two offers on one base."""
        return bool(self.base_minor) and self.reward_minor * FULL_BPS % self.base_minor == 0

    @property
    def effective_bps(self) -> int | None:
        """The reward in relation to what counted, rounded half up; None where nothing did."""
        if not self.base_minor or not self.reward_minor:
            return None
        return (2 * self.reward_minor * FULL_BPS + self.base_minor) // (2 * self.base_minor)


class Next(NamedTuple):
    """What comes next for a purchase.

    Attributes:
        what: confirmed, available, expires: what will happen. checked: it is looked at. waits: the shop pays first.
        day: when, None where nobody can say. is_estimate: measured on other purchases, not promised.
    """

    what: Literal["confirmed", "available", "expires", "checked", "waits"]
    day: date | None
    is_estimate: bool = False


def next_step(row: Row, *, today: date, measured: Measured | None = None) -> Next | None:
    """Say what comes next for a purchase, and when; None where its story is over."""
    if row.state == "pending":
        return _answer(row, today, measured)
    if row.state == "confirmed":
        if row.blocks:
            return Next("checked", None)
        if row.release_on and row.release_on >= today:
            return Next("available", row.release_on)
        return Next("waits", None)
    if row.state == "available" and row.expires_on:
        return Next("expires", row.expires_on)
    return None


def _answer(row: Row, today: date, measured: Measured | None) -> Next:
    if row.answer_by and row.answer_by >= today:
        # The last day on which the shop can refuse; it stands from the day after.
        return Next("confirmed", row.answer_by + timedelta(days=1))
    days = measured.confirmed.nine_in_ten if measured else None
    usual = row.occurred_on + timedelta(days=days) if days is not None else None
    return Next("confirmed", usual if usual and usual >= today else None, is_estimate=True)


class Asked(NamedTuple):
    """Which purchases a list shows.

    Attributes:
        state, shop, year: None = all. shop: a reference. before, after: the public id of the purchase that stands
            last or first on the page one comes from. size: rows on a page.
    """

    state: Kind | None = None
    shop: str | None = None
    year: int | None = None
    before: str = ""
    after: str = ""
    size: int = 25


class Total(NamedTuple):
    """How many purchases, what they earn, and what of it was not released yet."""

    purchases: int = 0
    reward_minor: int = 0
    open_minor: int = 0


class Choice(NamedTuple):
    """A shop or a year that a list can be narrowed to, and how many purchases it has."""

    key: str
    name: str
    purchases: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of purchases, newest first. newer, older: whether there are more on that side."""

    rows: list[Row]
    newer: bool
    older: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """totals: by kind, within the shop and the year asked for. shops, years: of all of the wallet's purchases."""

    totals: dict[Kind, Total]
    shops: list[Choice]
    years: list[Choice]

    @property
    def total(self) -> Total:
        """All kinds together."""
        return Total(*(sum(part) for part in zip(*self.totals.values(), strict=True)))


def purchases(connection: Connection, programme: Programme, wallet_id: UUID, asked: Asked) -> Page:
    """Return a page of a wallet's purchases. A shop that is unknown has none; an unknown place is the beginning.

    A page costs the same wherever it stands in the list.
    """
    facts: dict[str, Any] | None = _facts(connection, programme, wallet_id, asked)
    if facts is None:
        return Page([], newer=False, older=False)
    place = _place(connection, facts, asked.after or asked.before)
    forwards = bool(asked.after) and place is not None
    facts["before_on"], facts["before_id"] = place or (None, None)
    query = SQL.newer if forwards else SQL.older
    ids = [found for (found,) in connection.execute(query, {**facts, "count": asked.size + 1})]
    more, ids = len(ids) > asked.size, ids[: asked.size]
    rows = _rows(connection, facts, reversed(ids) if forwards else ids)
    return Page(
        rows, newer=more if forwards else place is not None, older=True if forwards else more
    )


def overview(
    connection: Connection, programme: Programme, wallet_id: UUID, asked: Asked
) -> Overview:
    """Return what a wallet's purchases come to, and by what they can be narrowed."""
    facts = _facts(connection, programme, wallet_id, asked)
    found: dict[str, list[tuple[Any, ...]]] = {"state": [], "shop": [], "year": []}
    if facts is not None:
        for kind, *rest in connection.execute(SQL.totals, facts):
            found[kind].append(tuple(rest))
    totals = dict.fromkeys(KINDS, Total()) | {row[0]: Total(*row[2:]) for row in found["state"]}
    return Overview(
        totals=totals,
        shops=sorted((Choice(*row[:3]) for row in found["shop"]), key=lambda one: one.name.lower()),
        years=sorted((Choice(row[0], row[0], row[2]) for row in found["year"]), reverse=True),
    )


def _facts(
    connection: Connection, programme: Programme, wallet_id: UUID, asked: Asked
) -> dict[str, Any] | None:
    """Return the parameters of a question; None where it names a shop that there is not."""
    merchant_id = None
    if asked.shop:
        named = {"programme_id": programme.id, "ref": asked.shop}
        row = connection.execute(SQL.shop, named).fetchone()
        if row is None:
            return None
        merchant_id = row[0]
    return {
        "wallet_id": wallet_id,
        "programme_id": programme.id,
        "state": asked.state,
        "merchant_id": merchant_id,
        "first": date(asked.year, 1, 1) if asked.year else None,
        "last": date(asked.year, 12, 31) if asked.year else None,
    }


def _place(
    connection: Connection, facts: Mapping[str, Any], named: str
) -> tuple[date, UUID] | None:
    """Return the place in the list of a purchase that is named; None where none is, or it is not the wallet's."""
    try:
        purchase_id = parse_public_id("pur", named)
    except ValueError:
        return None
    found: tuple[date, UUID] | None
    found = connection.execute(SQL.place, {**facts, "id": purchase_id}).fetchone()
    return found


def _rows(connection: Connection, facts: Mapping[str, Any], ids: Iterable[UUID]) -> list[Row]:
    wanted = list(ids)
    if not wanted:
        return []
    known = {row[0]: Row(*row) for row in connection.execute(SQL.rows, {**facts, "ids": wanted})}
    return [known[one] for one in wanted if one in known]


def purchase_row(connection: Connection, programme: Programme, wallet_id: UUID, named: str) -> Row:
    """Return one purchase of a wallet by its public id. Raises NotFound, for another wallet's too."""
    try:
        purchase_id = parse_public_id("pur", named)
    except ValueError as error:
        raise NotFound(f"{error}.", key=named) from error
    facts = {"wallet_id": wallet_id, "programme_id": programme.id}
    found = _rows(connection, facts, [purchase_id])
    if not found:
        raise NotFound(f"There is no purchase {named} here.", key=named)
    return found[0]


# ---- what moved last ----------------------------------------------------------------------------------------------


class Cause(NamedTuple):
    """What is behind a movement: a purchase, a lot, a hold's purpose, a refund, a payout, a donation or a voucher.

    Attributes:
        shop: the shop's name, or the charity's.
        object_id: the purchase, payout or voucher it leads to. more: an order's number, the end of a voucher's code,
            a lot's origin, why a payout failed.
    """

    what: str = ""
    object_id: UUID | None = None
    shop: str | None = None
    more: str = ""


def causes(connection: Connection, wallet_id: UUID, fact_ids: Iterable[UUID]) -> dict[UUID, Cause]:
    """Say what some facts are, as far as they are the wallet's; others are absent."""
    asked = {"ids": list(fact_ids), "wallet_id": wallet_id}
    if not asked["ids"]:
        return {}
    return {row[0]: Cause(*row[1:]) for row in connection.execute(SQL.causes, asked)}


class Moved(NamedTuple):
    """What one transaction changed in a wallet, with what is behind it.

    changes: by state ("pending", "available" …); money that comes to a state is positive.
    """

    id: UUID
    kind: str
    at: datetime
    changes: Mapping[str, int]
    cause: Cause

    @property
    def total_minor(self) -> int:
        """By how much all that the member has grew or shrank; zero where money only went from one state to another."""
        return sum(self.changes.values()) - 2 * self.changes.get("owing", 0)

    @property
    def amount_minor(self) -> int:
        """What the movement is about: what came or went, else what went from one state to another."""
        return self.total_minor or max(map(abs, self.changes.values()), default=0)

    @property
    def words(self) -> str:
        """What happened, in the active language."""
        told = wording(self.kind, self.cause.what, self.cause.shop)
        return str(told.sentence).format(shop=self.cause.shop or "", more=self.cause.more)

    @property
    def icon(self) -> str:
        """The name of a picture of it."""
        return wording(self.kind, self.cause.what, self.cause.shop).icon

    @property
    def purchase(self) -> str:
        """The public id of the purchase it leads to, "" where it leads to none."""
        is_purchase = self.cause.what in {"purchase", "lot"} and self.cause.object_id is not None
        return public_id("pur", self.cause.object_id) if is_purchase else ""  # type: ignore[arg-type]


def activity(
    connection: Connection,
    programme: Programme,
    wallet_id: UUID,
    *,
    limit: int = 5,
    before: UUID | None = None,
) -> list[Moved]:
    """Return what last moved in a wallet, newest first; with `before`, what came before that movement."""
    moves = ledger.movements(
        connection, wallet_id, programme.id, programme.currency, count=limit, before=before
    )
    known = causes(connection, wallet_id, {move.fact_id for move in moves})
    return [
        Moved(
            move.transaction_id,
            move.kind,
            move.recorded_at,
            move.changes,
            known.get(move.fact_id, Cause()),
        )
        for move in moves
    ]
