"""One order, seen by several sources: whether they mean the same one, and whose word counts.

A shop's webhook, a network and a card can all tell of one purchase; it earns once. `compare` says whether two
sightings are of one order; `place` says what becomes of a sighting, given those that are. By number:

    1. Two sightings of one shop with the same order number are one order when time and amount agree within the
       tolerance, and no two members are meant; otherwise a person decides.
    2. Without a number on either side they are one order when shop, member, time and amount agree, the amount as
       closely as the proportion allows; there is no doubt then, only yes or no.
    3. The sighting of the source with the lower rank counts; between equal ranks the one that counts already, then
       the one that came first.
    4. When the one whose word counts was declined, and another was confirmed, what stands stays and a person decides.
    5. What a person has decided stands.

See docs/decisions/0015-one-order-from-several-sources.md.
"""

import enum
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from cagnotte.domain.money import FULL_BPS
from cagnotte.domain.purchases import Validation

KEY_LENGTH_MAX = 100
"""Characters of a number that are compared."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two sources may differ about one order.

    amount_bps: in proportion to the larger amount. amount_minor: always allowed where the numbers agree.
    """

    amount_bps: int = 100
    amount_minor: int = 100
    time: timedelta = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One order as one source tells it.

    Attributes:
        rank: of its source; the lower counts. first_at: when the source first told of it, aware.
        order_key: the shop's number of the order, by `order_key`; "" where the source knows none.
        amounts: what it cost, in minor units, and the same without tax or delivery: sources differ in that.
        wallet_id: whose it is, None while that is unknown. validation: what its source says of it, if anything.
        counts: a purchase stands in the books for it.
    """

    id: UUID
    rank: int
    first_at: datetime
    order_key: str
    occurred_at: datetime
    amounts: Sequence[int]
    wallet_id: UUID | None = None
    validation: Validation | None = None
    counts: bool = False


class Verdict(enum.StrEnum):
    """Whether two sightings are of one order."""

    SAME = "same"
    DOUBTFUL = "doubtful"
    DISTINCT = "distinct"


class Likeness(NamedTuple):
    """A verdict and the reason for it.

    same_number, same_amount; amount_differs, time_differs, other_member; other_number, nothing_alike.
    """

    verdict: Verdict
    reason: str


def order_key(order_ref: str) -> str:
    """Return an order number in the form in which sources are compared: letters and digits alone, case folded.

    "#1001" and "1001" are one number, "A-17" and "a17" too. Leading zeros are part of it.
    """
    folded = unicodedata.normalize("NFKC", order_ref).casefold()
    return "".join([character for character in folded if character.isalnum()])[:KEY_LENGTH_MAX]


def compare(one: Sighting, other: Sighting, tolerance: Tolerance) -> Likeness:
    """Say whether two sightings at one shop, by two sources, are of one order: rules 1 and 2 of this module."""
    if one.order_key and other.order_key:
        if one.order_key != other.order_key:
            return Likeness(Verdict.DISTINCT, "other_number")
        return _with_one_number(one, other, tolerance)
    alike = (
        one.wallet_id is not None
        and one.wallet_id == other.wallet_id
        and _near(one, other, tolerance)
        and apart(one, other, tolerance) == 0
    )
    if alike:
        return Likeness(Verdict.SAME, "same_amount")
    return Likeness(Verdict.DISTINCT, "nothing_alike")


def _with_one_number(one: Sighting, other: Sighting, tolerance: Tolerance) -> Likeness:
    if one.wallet_id and other.wallet_id and one.wallet_id != other.wallet_id:
        return Likeness(Verdict.DOUBTFUL, "other_member")
    if not _near(one, other, tolerance):
        return Likeness(Verdict.DOUBTFUL, "time_differs")
    if apart(one, other, tolerance) > tolerance.amount_minor:
        return Likeness(Verdict.DOUBTFUL, "amount_differs")
    return Likeness(Verdict.SAME, "same_number")


def _near(one: Sighting, other: Sighting, tolerance: Tolerance) -> bool:
    return abs(one.occurred_at - other.occurred_at) <= tolerance.time


def apart(one: Sighting, other: Sighting, tolerance: Tolerance) -> int:
    """Return how far the amounts of two sightings differ, in minor units; 0 within the proportion allowed."""
    distances = [
        abs(mine - theirs)
        for mine in one.amounts
        for theirs in other.amounts
        if abs(mine - theirs) * FULL_BPS > tolerance.amount_bps * max(abs(mine), abs(theirs))
    ]
    within = len(one.amounts) * len(other.amounts) - len(distances)
    return 0 if within else min(distances, default=0)


def nearest(own: Sighting, others: Iterable[Sighting]) -> Sighting | None:
    """Return the sighting nearest in time, then the one with the smaller id; None of none."""
    return min(
        others,
        key=lambda other: (abs(own.occurred_at - other.occurred_at), other.id),
        default=None,
    )


class Place(NamedTuple):
    """What becomes of a sighting.

    of: the sighting that counts instead, or that it is in doubt with; None where it counts itself.
    doubt: why a person must decide, "" otherwise. steps_down: sightings that count and must make way first.
    """

    of: UUID | None = None
    doubt: str = ""
    steps_down: tuple[UUID, ...] = ()


class Seen(NamedTuple):
    """Another sighting that is of the same order, and whether a person said so."""

    sighting: Sighting
    by_person: bool


def place(own: Sighting, same: Sequence[Seen], doubts: Sequence[tuple[Sighting, str]]) -> Place:
    """Say what becomes of a sighting: rules 3 to 5 of this module.

    same: the others of the same order. doubts: those about which a person has not decided yet, with the reason. Of two
    in doubt the one that counts stays as it is, else the one that came first; the other waits.
    """
    for other, reason in sorted(doubts, key=lambda doubt: _order(doubt[0])):
        if not own.counts and (other.counts or _order(other) < _order(own)):
            return Place(other.id, reason)
    best = min([own, *[seen.sighting for seen in same]], key=_precedence)
    if best is own:
        return _first_place(own, same)
    by_person = any(seen.by_person for seen in same if seen.sighting is best)
    if _contradicts(best, own) and not by_person:
        return Place() if own.counts else Place(best.id, "declined_elsewhere")
    return Place(best.id)


def _first_place(own: Sighting, same: Sequence[Seen]) -> Place:
    """What becomes of the sighting whose word counts."""
    standing = [seen for seen in same if seen.sighting.counts]
    for seen in standing:
        if _contradicts(own, seen.sighting) and not (seen.by_person or own.counts):
            return Place(seen.sighting.id, "declined_elsewhere")
    return Place(steps_down=tuple([seen.sighting.id for seen in standing]))


def _contradicts(one: Sighting, other: Sighting) -> bool:
    """Whether one was declined by its source, and the other confirmed by its own."""
    return one.validation is Validation.DECLINED and other.validation is Validation.CONFIRMED


def _order(sighting: Sighting) -> tuple[datetime, UUID]:
    return sighting.first_at, sighting.id


def _precedence(sighting: Sighting) -> tuple[int, bool, datetime, UUID]:
    return sighting.rank, not sighting.counts, sighting.first_at, sighting.id
