"""What became of a member's visits to shops: a purchase, nothing yet, or nothing after the time it usually takes.

A purchase is shown under the last click before it, at the same shop and within the window of its contract, whatever
decided whose it is: that is how a member remembers it.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.attribution import Policy
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.purchases import selectors as purchases
from cagnotte.purchases.selectors import PurchaseSeen, Reach
from cagnotte.tracking import selectors as tracking
from cagnotte.tracking import services
from cagnotte.tracking.selectors import ClickTold
from cagnotte.tracking.services import Measured

Connection = psycopg.Connection[Any]

LOOKED_BACK = timedelta(days=365)
"""How far back visits are shown."""

COUNT = 50

BOUGHT_MAX = 10
"""Purchases shown under one visit; of more, the first."""

MEASURED_DAYS = 180
"""Purchases of so many days say how fast a shop reports them."""

MEASURED_LEAST = 20
"""With fewer purchases a shop is not measured: one late order would be its whole measure."""

BRING = ("order_number", "order_date", "amount", "confirmation")
"""What a member needs at hand for a claim: number, day and amount of the order, and the shop's own confirmation."""


class Outcome(enum.StrEnum):
    """What became of a visit."""

    FOUND = "found"
    """A purchase is known."""
    WAITING = "waiting"
    """None yet, and there is still time."""
    NOTHING = "nothing"
    """None, and by now nine of ten would be known."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A click and what became of it.

    merchant: its reference. promised: what was, in the active language. known_by: the day by which nine of ten of the
    shop's purchases are known.
    """

    click: ClickTold
    merchant: str
    day: date
    outcome: Outcome
    known_by: date
    promised: str
    purchases: tuple[PurchaseSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimDraft:
    """A claim for a visit that nothing came of, filled in as far as we know. bring: see `BRING`."""

    merchant: str
    day: date
    click: str
    offer: str
    promised: str
    bring: tuple[str, ...] = BRING


def visits(
    connection: Connection, run: ProgrammeRun, wallet_id: UUID, *, count: int = COUNT
) -> list[Visit]:
    """Return a member's last visits of a year, newest first, with what became of each."""
    clicks = tracking.clicks_of(
        connection, run.id, wallet_id, since=run.now - LOOKED_BACK, count=count
    )
    if not clicks:
        return []
    days = tracking.reporting_days(connection, {click.merchant_id for click in clicks})
    policies = {click.ref: _policy(run, click) for click in clicks}
    found = purchases.within(connection, wallet_id, reaches(clicks, policies), each=BOUGHT_MAX)
    told = []
    for click in clicks:
        window = days.get(click.merchant_id, policies[click.ref].click_window.days)
        known_by = _day(run, click.clicked_at) + timedelta(days=window)
        outcome = Outcome.WAITING if run.today <= known_by else Outcome.NOTHING
        bought = found.get(click.ref, ())
        if bought:
            outcome = Outcome.FOUND
        told.append(
            Visit(
                click,
                _merchant(run, click),
                _day(run, click.clicked_at),
                outcome,
                known_by,
                click.promised_in(run.programme.currency),
                tuple(bought),
            )
        )
    return told


def clicks_without_sale(
    connection: Connection, run: ProgrammeRun, wallet_id: UUID, *, count: int = COUNT
) -> list[ClaimDraft]:
    """Return a claim, filled in, for each visit of which nothing has come although it should have by now.

    Of several visits to a shop on one day the last is meant: a purchase would have been its. Where one of them led to
    a purchase, the others were looks around.
    """
    told = visits(connection, run, wallet_id, count=count)
    bought_at = {(visit.merchant, visit.day) for visit in told if visit.purchases}
    drafts: dict[tuple[str, date], ClaimDraft] = {}
    for visit in told:
        place = (visit.merchant, visit.day)
        if visit.outcome is Outcome.NOTHING and place not in bought_at:
            click = visit.click
            draft = ClaimDraft(*place, click.ref, click.offer_ref, click.promised)
            drafts.setdefault(place, draft)
    return list(drafts.values())


def reaches(clicks: Iterable[ClickTold], policies: dict[str, Policy]) -> list[Reach]:
    """Return from when to when a purchase would be each click's: until its window ends, or the next visit's begins.

    policies: by the click's reference.
    """
    found: list[Reach] = []
    next_begins: dict[UUID, datetime] = {}
    for click in sorted(clicks, key=lambda click: (click.clicked_at, click.ref), reverse=True):
        policy = policies[click.ref]
        begins = click.clicked_at - policy.clock_tolerance
        ends = click.clicked_at + policy.click_window
        ends = min(ends, next_begins.get(click.merchant_id, ends))
        found.append(Reach(click.ref, click.merchant_id, begins, ends))
        next_begins[click.merchant_id] = begins
    return found


def measure_reporting(connection: Connection, run: ProgrammeRun) -> list[Measured]:
    """Measure how fast each shop's purchases come to be known, and keep it; the caller commits."""
    since = run.today - timedelta(days=MEASURED_DAYS)
    measured = [
        Measured(*row)
        for row in purchases.reporting_delays(connection, run.id, since=since, least=MEASURED_LEAST)
    ]
    if measured:
        services.save_reporting(connection, run.id, measured, now=run.now)
    return measured


def _policy(run: ProgrammeRun, click: ClickTold) -> Policy:
    return run.rules_at().attribution_policy(_merchant(run, click), _day(run, click.clicked_at))


def _merchant(run: ProgrammeRun, click: ClickTold) -> str:
    return run.party_names[click.merchant_id][1]


def _day(run: ProgrammeRun, moment: datetime) -> date:
    return moment.astimezone(run.zone).date()
