"""What the retailer answers about its orders: drawn from a seed, since the data holds no return and no refusal.

Each order is drawn alone, so that the same seed gives it the same fate in a small demo and in the whole year.
"""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LATER_MONTHS_MAX = 2
"""How many months after the first answer the last one may come."""

RETURNABLE_UNITS_MAX = 20
"""Nobody brings back more units of a line: larger numbers are fuel, counted in thousandths of a gallon."""

DECLINE_REASONS = ("cancelled", "returned", "invalid_payment", "duplicate_order", "fraud")
DECLINE_WEIGHTS = (45, 35, 10, 7, 3)

FATES = (
    ("declined", 200),
    ("returned", 300),
    ("declined_late", 80),
    ("returned_late", 150),
    ("confirmed_late", 200),
    ("unanswered", 50),
)
"""What becomes of orders, in basis points; the others are confirmed with the first answer.

"late" comes two months after the first answer, when the money has been released or even paid; a late
confirmation comes one month after.
"""


class BoughtLine(NamedTuple):
    """A line of an order, as far as a return needs it."""

    number: int
    quantity: int
    amount_minor: int


class Answer(NamedTuple):
    """One row of a file of answers; months_later counts from the order's first answer."""

    months_later: int
    order_ref: str
    decision: str
    reason: str = ""
    line: str = ""
    returned_quantity: str = ""
    returned_amount: str = ""


def answers(order_ref: str, lines: Sequence[BoughtLine], *, seed: int) -> Iterator[Answer]:
    """Draw what is answered about an order, oldest first; a return comes before the confirmation of the rest."""
    rng = random.Random(f"{seed}:order:{order_ref}")
    fate = _fate(rng.randrange(10_000))
    if fate == "unanswered":
        return
    if fate == "declined":
        yield Answer(0, order_ref, "decline", _reason(rng))
        return
    if fate == "returned":
        yield from _return(rng, order_ref, lines, 0)
    yield Answer(1 if fate == "confirmed_late" else 0, order_ref, "confirm")
    if fate == "declined_late":
        yield Answer(LATER_MONTHS_MAX, order_ref, "decline", _reason(rng))
    if fate == "returned_late":
        yield from _return(rng, order_ref, lines, LATER_MONTHS_MAX)


def _fate(drawn: int) -> str:
    for fate, share_bps in FATES:
        if drawn < share_bps:
            return fate
        drawn -= share_bps
    return "confirmed"


def _reason(rng: random.Random) -> str:
    return rng.choices(DECLINE_REASONS, DECLINE_WEIGHTS)[0]


def _return(
    rng: random.Random, order_ref: str, lines: Sequence[BoughtLine], months_later: int
) -> Iterator[Answer]:
    """Bring back some units of one line; nothing, when no line can be brought back."""
    possible = [
        line for line in lines if line.amount_minor and 0 < line.quantity <= RETURNABLE_UNITS_MAX
    ]
    if not possible:
        return
    line = rng.choice(possible)
    units = rng.randint(1, line.quantity)
    amount_minor = line.amount_minor * units // line.quantity
    if amount_minor:
        yield Answer(
            months_later,
            order_ref,
            "amend",
            line=str(line.number),
            returned_quantity=str(units),
            returned_amount=f"{amount_minor // 100}.{amount_minor % 100:02}",
        )
