"""Lots: the parts a member's available money is made of, each with its own last day.

Money goes out of the lots that expire first. Money that comes back goes to the lot it came from, and lives
on for a while even when that lot would have expired meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from cagnotte.domain.errors import InsufficientFunds
from cagnotte.domain.money import Money

REFUND_GRACE_DAYS = 30
"""Money of a refunded order can be spent at least this many days after the refund."""

RELEASE_GRACE_DAYS = 1
"""Money of a hold that is given up can be spent at least until the day after."""


@dataclass(frozen=True, slots=True)
class LotView:
    """What spending must know of a lot.

    Attributes:
        remaining_minor: neither spent, held, expired nor taken back, in minor units.
        expires_on: the last day it can be spent; None = never expires.
        available_on: the day it became spendable.
    """

    id: UUID
    remaining_minor: int
    expires_on: date | None
    available_on: date


@dataclass(frozen=True, slots=True)
class Take:
    """An amount that goes out of one lot, or comes back to it; always above zero."""

    lot_id: UUID
    amount_minor: int


def first_expiring(lots: Iterable[LotView]) -> list[LotView]:
    """Return lots in the order in which they are spent.

    The one that expires first comes first and those that never expire come last; ties go to the lot that has
    been available longest, then to the smaller id.
    """
    return sorted(lots, key=spending_order)


def spending_order(lot: LotView) -> tuple[date, date, UUID]:
    """Return the key that puts lots in the order of `first_expiring`."""
    return lot.expires_on or date.max, lot.available_on, lot.id


def take_up_to(lots: Iterable[LotView], amount_minor: int) -> list[Take]:
    """Take what there is, `amount_minor` at the most, first-expiring first.

    Raises ValueError when the amount is negative.
    """
    if amount_minor < 0:
        raise ValueError("an amount to take cannot be negative")
    takes: list[Take] = []
    missing = amount_minor
    for lot in first_expiring(lots):
        part = min(lot.remaining_minor, missing)
        if part > 0:
            takes.append(Take(lot.id, part))
            missing -= part
    return takes


def take(lots: Sequence[LotView], amount_minor: int, *, currency: str) -> list[Take]:
    """Take exactly `amount_minor` (above zero), first-expiring first.

    Raises:
        InsufficientFunds: the lots hold less; with available_minor, asked_minor and short_minor.
        ValueError: the amount is not above zero.
    """
    if amount_minor <= 0:
        raise ValueError("an amount to take must be above zero")
    available_minor = sum(lot.remaining_minor for lot in lots)
    short_minor = amount_minor - available_minor
    if short_minor > 0:
        raise InsufficientFunds(
            f"{Money(available_minor, currency)} available, {Money(short_minor, currency)} short "
            f"of the {Money(amount_minor, currency)} asked for.",
            available_minor=available_minor,
            asked_minor=amount_minor,
            short_minor=short_minor,
            currency=currency,
        )
    return take_up_to(lots, amount_minor)


def after(lots: Iterable[LotView], takes: Iterable[Take]) -> list[LotView]:
    """Return lots as they stand once `takes` have gone out of them."""
    gone: dict[UUID, int] = {}
    for part in takes:
        gone[part.lot_id] = gone.get(part.lot_id, 0) + part.amount_minor
    return [replace(lot, remaining_minor=lot.remaining_minor - gone.get(lot.id, 0)) for lot in lots]


def expired(lots: Iterable[LotView], on: date) -> list[LotView]:
    """Return the lots whose last day lies before `on` and which still hold something."""
    return [lot for lot in lots if lot.remaining_minor and not is_spendable(lot.expires_on, on)]


def is_spendable(expires_on: date | None, on: date) -> bool:
    """Whether a lot can be spent on a day: its last day counts."""
    return expires_on is None or expires_on >= on


def expiry_after_return(
    expires_on: date | None, *, returned_on: date, grace_days: int
) -> date | None:
    """Return the last day of money that comes back to its lot: never earlier than it was.

    `grace_days` is REFUND_GRACE_DAYS for a refunded order or a payout that came back, RELEASE_GRACE_DAYS for a
    hold that was given up.
    """
    if expires_on is None:
        return None
    return max(expires_on, returned_on + timedelta(days=grace_days))


def split_credit(amount_minor: int, owing_minor: int) -> tuple[int, int]:
    """Split money that comes in: what repays the member's debt first, and what is left to spend."""
    repaid_minor = min(amount_minor, owing_minor)
    return repaid_minor, amount_minor - repaid_minor


def skip(takes: Sequence[Take], amount_minor: int) -> list[Take]:
    """Leave out the first `amount_minor` of what comes back; the rest still knows its lots."""
    left: list[Take] = []
    for part in takes:
        skipped = min(part.amount_minor, amount_minor)
        amount_minor -= skipped
        if part.amount_minor > skipped:
            left.append(Take(part.lot_id, part.amount_minor - skipped))
    return left
