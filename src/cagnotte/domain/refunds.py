"""Of which purchase money came back, where neither till nor card nor bank says so.

The rules, in order:

    1. The purchase was made before, and no longer before than the window; the window's end is included.
    2. As much of it remains as came back: amount, and units where they are told.
    3. One that was bought at exactly this price comes first; then the latest; then the one whose key sorts last.

Nothing fits: the refund waits. What was found is kept with its reason, and is not looked for again, so that a later
purchase does not draw a refund away from an earlier one.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K")

RULE_VERSION = 1
"""Of the rules above; kept with each match."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a refund may seem to lie before its purchase when clocks differ."""


class Fit(enum.StrEnum):
    """How a purchase fits a refund."""

    SAME_PRICE = "same_price"
    """What came back was bought at exactly this price."""
    WITHIN = "within"
    """As much, or more, was bought."""


@dataclass(frozen=True, slots=True)
class CameBack:
    """What came back. amount_minor: > 0, before discounts where articles are told. quantity: units, 0 = not told."""

    at: datetime
    amount_minor: int
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class Bought(Generic[K]):
    """What was bought by whoever brought it back, at the same shop and, where told, of the same article.

    Attributes:
        key: what the caller knows it by; keys of one search can be compared. at: when it was bought, aware.
        amount_minor, quantity: bought. left_minor, left_quantity: of them, not yet given back.
    """

    key: K
    at: datetime
    amount_minor: int
    left_minor: int
    quantity: int = 1
    left_quantity: int = 1


class Found(NamedTuple, Generic[K]):
    """The purchase that a refund is of, and how it fits."""

    key: K
    fit: Fit


def find(back: CameBack, bought: Iterable[Bought[K]], *, window: timedelta) -> Found[K] | None:
    """Return of which purchase something came back, by the rules of this module; None when none fits.

    The order of `bought` does not matter.
    """
    fitting = [(_fit(back, one), one) for one in bought if _may_be(back, one, window)]
    if not fitting:
        return None
    # `str`: keys may be texts, numbers, ids or pairs of them; all that counts is that every machine sorts alike.
    fit, best = max(
        fitting, key=lambda each: (each[0] is Fit.SAME_PRICE, each[1].at, str(each[1].key))
    )
    return Found(best.key, fit)


def _may_be(back: CameBack, one: Bought[K], window: timedelta) -> bool:
    before = back.at - one.at
    return (
        -CLOCK_TOLERANCE <= before <= window
        and back.amount_minor <= one.left_minor
        and back.quantity <= one.left_quantity
    )


def _fit(back: CameBack, one: Bought[K]) -> Fit:
    units = back.quantity or one.quantity
    is_same = back.amount_minor * one.quantity == one.amount_minor * units
    return Fit.SAME_PRICE if is_same else Fit.WITHIN
