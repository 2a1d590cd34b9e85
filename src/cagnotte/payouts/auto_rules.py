"""Rules by which members are paid without asking: off until a member turns one on. See `journeys.auto_payout`."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.ids import bucket_of
from cagnotte.domain.payouts import RefusalCode
from cagnotte.domain.periods import add_months, month_end
from cagnotte.payouts.models import PayoutRule
from cagnotte.payouts.selectors import Connection
from cagnotte.platform.sql import load

SQL = load("payout_rules")

ABOVE, MONTHLY = PayoutRule.Kind.ABOVE.value, PayoutRule.Kind.MONTHLY.value

MONTH_DAY_MAX = 31

ASKED = "asked"
"""Outcome of a rule that led to a payout; else it is the code of a refusal."""

PASSING = (RefusalCode.METHOD_TOO_RECENT.value,)
"""Refusals that end on a day known before: a monthly rule is tried again each day, and does not lose its month."""


@dataclass(frozen=True, slots=True)
class When:
    """When a member wants to be paid: once so much is available, or on a day of each month; one of the two.

    above_minor: in minor units of the programme's currency. month_day: 1 to 31; the last day of a shorter month.
    Raises InvalidInput when neither or both are said, or one of them cannot be.
    """

    above_minor: int | None = None
    month_day: int | None = None

    def __post_init__(self) -> None:
        if (self.above_minor is None) == (self.month_day is None):
            raise InvalidInput("Say from which amount on, or on which day of the month.")
        if self.above_minor is not None and self.above_minor <= 0:
            raise InvalidInput("The amount must be above zero.", above_minor=self.above_minor)
        if self.month_day is not None and not 1 <= self.month_day <= MONTH_DAY_MAX:
            raise InvalidInput("A month has days from 1 to 31.", month_day=self.month_day)

    @property
    def kind(self) -> str:
        """Which of the two it is."""
        return MONTHLY if self.above_minor is None else ABOVE


@dataclass(frozen=True, slots=True)
class RuleView:
    """A member's rule; tried_on: the day it was last carried out, and `outcome` what came of it."""

    wallet_id: UUID
    kind: str
    above_minor: int | None
    month_day: int | None
    active: bool
    changed_on: date
    tried_on: date | None
    outcome: str


def rule_of(connection: Connection, wallet_id: UUID) -> RuleView | None:
    """Return the rule of a wallet, if its owner ever made one."""
    row = connection.execute(SQL.rule_of_wallet, {"wallet_id": wallet_id}).fetchone()
    return RuleView(*row) if row else None


def save(
    connection: Connection,
    *,
    programme_id: UUID,
    wallet_id: UUID,
    when: When,
    now: datetime,
    on: date,
) -> None:
    """Turn a rule on, over the one there was."""
    connection.execute(
        SQL.save_rule,
        {
            "wallet_id": wallet_id,
            "programme_id": programme_id,
            "bucket": bucket_of(wallet_id),
            "kind": when.kind,
            "above_minor": when.above_minor,
            "month_day": when.month_day,
            "now": now,
            "on": on,
        },
    )


def rest(
    connection: Connection, *, programme_id: UUID, wallet_id: UUID, now: datetime, on: date
) -> bool:
    """Turn a rule off; return whether it was on."""
    values = {"wallet_id": wallet_id, "programme_id": programme_id, "now": now, "on": on}
    return connection.execute(SQL.rest_rule, values).rowcount == 1


def due(
    connection: Connection, *, programme_id: UUID, currency: str, on: date, at_most: int
) -> list[UUID]:
    """Return wallets whose rule is due on a day and was not carried out yet, in the order of their ids."""
    values = {
        "programme_id": programme_id,
        "currency": currency,
        "day": on,
        "scheduled": _scheduled(on),
        "passing": list(PASSING),
        "at_most": at_most,
    }
    return [row[0] for row in connection.execute(SQL.due, values)]


def _scheduled(on: date) -> list[date]:
    """Return for each day of a month, from the first on, the latest such day up to `on`, maybe of the month before."""
    first = on.replace(day=1)
    months = [(start, month_end(start).day) for start in (first, add_months(first, -1))]
    days = []
    for month_day in range(1, MONTH_DAY_MAX + 1):
        this, before = (start.replace(day=min(month_day, last)) for start, last in months)
        days.append(this if this <= on else before)
    return days


def take_up(connection: Connection, *, wallet_id: UUID, on: date) -> bool:
    """Note that a rule is carried out on a day; False when it is not due any more, or is off. Its wallet is locked."""
    values = {
        "wallet_id": wallet_id,
        "day": on,
        "scheduled": _scheduled(on),
        "passing": list(PASSING),
        "outcome": ASKED,
    }
    return connection.execute(SQL.take_up, values).rowcount == 1


def note(connection: Connection, *, wallet_id: UUID, on: date, outcome: str) -> None:
    """Note why the rule that is carried out on a day led to no payout, by the code of the reason."""
    values = {"wallet_id": wallet_id, "day": on, "outcome": outcome}
    connection.execute(SQL.note_outcome, values)
