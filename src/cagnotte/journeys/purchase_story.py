"""The story of one purchase, for its member: what happened and who said so, why it earns what it does, what comes.

Amounts are minor units: those of lines in the order's currency, those of rewards in the programme's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from django.utils.translation import gettext as _

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.ids import public_id
from cagnotte.domain.purchases import Channel, Line
from cagnotte.domain.rating.decision import Decision, LineBase
from cagnotte.identity.models import Programme
from cagnotte.journeys import explain
from cagnotte.journeys.explain import VersionTold, Why
from cagnotte.journeys.measure_delays import Measured
from cagnotte.journeys.take_purchases import SOURCE as TOLD_BY_INTERFACE
from cagnotte.journeys.watch import SQL, Next, Row, next_step, purchase_row
from cagnotte.rewards.sentences.refused import Refusal, refused_told

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a purchase's way.

    Attributes:
        kind: clicked, bought, tracked, pending, confirmed, declined, reopened, amended, happened, available, voucher,
            reserved, paid, spent or expired.
        state: done, now, next or bad.
        at, on: the moment, or the day where no moment is known; both None for what has no day yet.
        who: who said so, in words. before_minor, after_minor: what it earned before and after, where that changed.
        amount_minor: what it is about, where that is not the whole. more: a word more: a shop, a click's number.
    """

    kind: str
    state: str = "done"
    at: datetime | None = None
    on: date | None = None
    who: str = ""
    before_minor: int | None = None
    after_minor: int | None = None
    amount_minor: int | None = None
    more: str = ""
    payout: str = ""
    is_estimate: bool = False


class LineTold(NamedTuple):
    """One article with what it counted for and what it earned.

    Attributes:
        number: its place in the order, 0 for delivery. rates_bps: of the offers that gave a share of it.
        deductions: (code, amount) of what did not count.
    """

    number: int
    sku: str
    category: str
    quantity: int
    amount_minor: int
    base_minor: int
    rates_bps: list[int]
    reward_minor: int
    deductions: tuple[tuple[str, int], ...]


class LotStory(NamedTuple):
    """Money that a purchase became, and what is left of it."""

    amount_minor: int
    remaining_minor: int
    expired_minor: int
    available_on: date
    expires_on: date | None
    uses: list["Use"]


class Use(NamedTuple):
    """What left a lot: by a hold of this purpose and state, with the payout or the shop it went to.

    amount_minor: what is reserved, or what was used and not given back.
    """

    purpose: str
    state: str
    amount_minor: int
    at: datetime
    shop: str
    payout: str
    payout_state: str


class VoucherStory(NamedTuple):
    """A voucher that a purchase gave; last4: the end of its code."""

    id: UUID
    last4: str
    amount_minor: int
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class Story:
    """A purchase as its member reads it. why: why this amount. why_not: why not more. refusal: where it was refused."""

    row: Row
    steps: list[Step]
    lines: list[LineTold]
    why: list[str]
    why_not: list[str]
    refusal: Refusal | None
    lots: list[LotStory]
    vouchers: list[VoucherStory]
    order_minor: int
    adjustments: list[Step] = field(default_factory=list)


def story(
    connection: Connection,
    programme: Programme,
    wallet_id: UUID,
    named: str,
    *,
    today: date,
    measured: Measured | None = None,
) -> Story:
    """Tell a purchase of a wallet by its public id. Raises NotFound, for another wallet's too."""
    row = purchase_row(connection, programme, wallet_id, named)
    why = explain.why(connection, programme, named, "member")
    of_purchase = {"wallet_id": wallet_id, "purchase_id": row.id}
    lots = [_lot(one) for one in connection.execute(SQL.lots_of, of_purchase)]
    vouchers = [VoucherStory(*one) for one in connection.execute(SQL.vouchers_of, of_purchase)]
    comes = next_step(row, today=today, measured=measured)
    told = [
        *_beginning(connection, programme, wallet_id, row, why),
        *_versions(connection, programme, row, why),
    ]
    steps = [*told, *_money(lots, vouchers), *_ahead(row, comes)]
    return Story(
        row=row,
        steps=_with_now(steps, row),
        lines=_lines(programme, why),
        why=[sentence for sentence in why.sentences if sentence not in why.missed],
        why_not=why.missed,
        refusal=refused_told(row.reason) if row.state == "declined" else None,
        lots=lots,
        vouchers=vouchers,
        order_minor=why.purchase.amount_minor,
        adjustments=[step for step in told if step.before_minor is not None],
    )


def _beginning(
    connection: Connection, programme: Programme, wallet_id: UUID, row: Row, why: Why
) -> Iterator[Step]:
    clicked_at = why.purchase.clicked_at
    if clicked_at is not None:
        asked = {
            "wallet_id": wallet_id,
            "programme_id": programme.id,
            "merchant": row.shop_ref,
            "clicked_at": clicked_at,
        }
        click = connection.execute(SQL.click_of, asked).fetchone()
        yield Step("clicked", at=clicked_at, more=click[1] if click else "")
    yield Step("bought", at=row.occurred_at)


# ---- what was said of it, and by whom ----------------------------------------------------------------------------

EVENTS = {
    "track": "tracked",
    "confirm": "confirmed",
    "decline": "declined",
    "reopen": "reopened",
    "amend": "amended",
    "happen": "happened",
}


def _versions(connection: Connection, programme: Programme, row: Row, why: Why) -> Iterator[Step]:
    decided: dict[int, int] = dict(
        connection.execute(SQL.decided, {"purchase_id": row.id}).fetchall()
    )
    speakers = _speakers(connection, programme, row, why)
    earned, reward_minor = 0, 0
    for version in why.versions:
        reward_minor = decided.get(version.number, reward_minor)
        before, earned = earned, 0 if version.validation == "declined" else reward_minor
        changed = version.number > 1 and before != earned
        kind = EVENTS.get(version.event, "amended")
        # A first word may be a verdict at once: then both are told.
        if version.number == 1:
            yield Step("tracked", at=version.recorded_at, who=speakers(version), after_minor=earned)
            kind = {"confirmed": "confirmed", "declined": "declined"}.get(version.validation, "")
        if kind:
            yield Step(
                kind,
                state="bad" if kind == "declined" else "done",
                at=version.recorded_at,
                who=speakers(version),
                before_minor=before if changed else None,
                after_minor=earned if changed else None,
            )


class _Speakers:
    """Names whoever said something of a purchase, for its member."""

    def __init__(self, row: Row, why: Why, sources: dict[str, tuple[str, bool]], via: str) -> None:
        self._shop = row.shop
        self._at_till = why.purchase.channel is Channel.STORE
        self._sources = sources
        self._via = via

    def __call__(self, version: VersionTold) -> str:
        """Return in words who said a version; by time alone, the rules of the programme."""
        if not version.source:
            return _("nobody objected in time") if version.event == "confirm" else ""
        names = [self._name(ref) for ref in version.source.split(", ")]
        return _("said by {who}").format(who=", ".join(dict.fromkeys(names)))

    def _name(self, ref: str) -> str:
        kind, is_connected = self._sources.get(ref, ("", False))
        if ref == TOLD_BY_INTERFACE or kind == "told":
            return self._shop
        if self._via:
            return _("the network {name}").format(name=self._via)
        if self._at_till and kind == "purchases" and not is_connected:
            return _("the till's file of {shop}").format(shop=self._shop)
        if is_connected:
            return self._shop
        return _("the file of {shop}").format(shop=self._shop)


def _speakers(connection: Connection, programme: Programme, row: Row, why: Why) -> _Speakers:
    refs = {ref for version in why.versions for ref in version.source.split(", ") if ref}
    asked = {"programme_id": programme.id, "refs": sorted(refs)}
    sources = {
        ref: (kind, connected) for ref, kind, connected in connection.execute(SQL.sources_of, asked)
    }
    networks = [part.funder for part in why.decision.parts if part.funder_kind == "network"]
    names = {"programme_id": programme.id, "refs": networks[:1]}
    found = connection.execute(SQL.networks, names).fetchone() if networks else None
    return _Speakers(row, why, sources, found[0] if found else "")


# ---- what became of the money ------------------------------------------------------------------------------------


def _lot(row: tuple[Any, ...]) -> LotStory:
    _id, amount, remaining, expired, available_on, expires_on, uses = row
    return LotStory(
        amount,
        remaining,
        expired,
        available_on,
        expires_on,
        [_use(one) for one in orjson.loads(uses)],
    )


def _use(told: list[Any]) -> Use:
    purpose, state, amount, captured, returned, at, shop, payout_id, payout_state = told
    return Use(
        purpose,
        state,
        amount if state == "open" else captured - returned,
        datetime.fromisoformat(at),
        shop or "",
        public_id("pay", UUID(payout_id)) if payout_id else "",
        payout_state or "",
    )


def _money(lots: Iterable[LotStory], vouchers: Iterable[VoucherStory]) -> Iterator[Step]:
    for lot in lots:
        yield Step("available", on=lot.available_on, amount_minor=lot.amount_minor)
        for use in lot.uses:
            if use.amount_minor:
                yield _used(use)
        if lot.expired_minor:
            yield Step("expired", on=lot.expires_on, amount_minor=lot.expired_minor, state="bad")
    for voucher in vouchers:
        yield Step(
            "voucher", on=voucher.valid_from, amount_minor=voucher.amount_minor, more=voucher.last4
        )


def _used(use: Use) -> Step:
    kind = {"payout": "paid", "voucher": "voucher", "donation": "donated"}.get(use.purpose, "spent")
    if use.state == "open":
        return Step(
            "reserved",
            "now",
            at=use.at,
            amount_minor=use.amount_minor,
            more=use.shop,
            payout=use.payout,
        )
    return Step(kind, at=use.at, amount_minor=use.amount_minor, more=use.shop, payout=use.payout)


def _ahead(row: Row, comes: Next | None) -> Iterator[Step]:
    """Tell what is still to come, so that the whole way can be seen from its first day."""
    if row.state == "pending":
        day = comes.day if comes else None
        yield Step("pending", "now")
        yield Step("confirmed", "next", on=day, is_estimate=bool(comes and comes.is_estimate))
        yield Step("available", "next")
    elif row.state == "confirmed":
        yield Step("available", "next", on=comes.day if comes else None)
    if row.state in {"pending", "confirmed", "available"}:
        yield Step("paid", "next")


def _with_now(steps: list[Step], row: Row) -> list[Step]:
    """Mark the step at which a purchase stands: the last one done, where nothing else is going on."""
    if row.state not in {"confirmed", "available"}:
        return steps
    # What was confirmed may have been adjusted since; what is available may have been spent in part.
    kinds = {row.state} if row.state == "available" else {"confirmed", "amended", "happened"}
    standing = max(
        (place for place, step in enumerate(steps) if step.kind in kinds and step.state == "done"),
        default=None,
    )
    if standing is None:
        return steps
    return [
        replace(step, state="now") if place == standing else step
        for place, step in enumerate(steps)
    ]


# ---- its lines ----------------------------------------------------------------------------------------------------


def _lines(programme: Programme, why: Why) -> list[LineTold]:
    bought = {line.number: line for line in why.purchase.lines}
    names = catalog.category_names(programme.id) if bought else {}
    return [
        _line(base, bought.get(base.number), why.decision, names) for base in why.decision.lines
    ]


def _line(base: LineBase, line: Line | None, decision: Decision, names: dict[str, str]) -> LineTold:
    gave = [
        (award, amount)
        for award in decision.awards
        for number, amount in award.lines
        if number == base.number and amount
    ]
    return LineTold(
        number=base.number,
        sku=line.sku if line else "",
        category=names.get(line.category or "", "") if line else "",
        quantity=line.quantity if line else 1,
        amount_minor=base.amount_minor,
        base_minor=base.base_minor,
        rates_bps=[award.rate_bps for award, _amount in gave if award.rate_bps],
        reward_minor=sum(amount for _award, amount in gave),
        deductions=base.deductions,
    )
