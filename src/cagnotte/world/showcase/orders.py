"""What the members of the showcase bought in their year, and what shops answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from cagnotte.world.showcase.people import Sample
from cagnotte.world.showcase.shops import SHOPS, Shop

ZONE = ZoneInfo("Europe/Paris")
RETURNED_BPS = 500
"""Of orders: a part comes back, and the shop answers with what is left."""

REASONS = ("cancelled", "returned", "terms_not_met", "returned", "cancelled")


@dataclass(frozen=True, slots=True)
class Order:
    """An order and its answer. amounts in cents; reported_on, answered_on: days; returned_minor: of the amount."""

    ref: str
    member: str
    shop: Shop
    at: datetime
    amount_minor: int
    reported_on: date
    answered_on: date
    decision: str
    reason: str
    returned_minor: int


def orders(members: list[Sample], *, first: date, last: date) -> Iterator[Order]:
    """Draw all orders, day by day."""
    dice = Random("colibri:orders")
    number = 0
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for member in members:
            if day <= member.joined_on or dice.randrange(100) >= member.weight:
                continue
            number += 1
            yield _order(dice, number, member, day)


def _order(dice: Random, number: int, member: Sample, day: date) -> Order:
    # Shops are visited unevenly, as everywhere: the first of a list of three drawn is the most liked one.
    shop = min(dice.choices(SHOPS, k=2), key=SHOPS.index)
    at = datetime.combine(day, time(dice.randrange(8, 22), dice.randrange(60)), ZONE)
    amount_minor = max(int(shop.basket * 100 * dice.lognormvariate(0, 0.45)), 490)
    late = dice.choices((0, 1, 2, 3, 6), (20, 40, 25, 10, 5))[0]
    decision, reason, returned = "confirm", "", 0
    if dice.randrange(10_000) < shop.declines_bps:
        decision, reason = "decline", dice.choice(REASONS)
    elif dice.randrange(10_000) < RETURNED_BPS:
        decision, returned = "amend", amount_minor * dice.randrange(20, 70) // 100
    return Order(
        ref=f"{shop.ref[:3].upper()}-{number:06}",
        member=member.ref,
        shop=shop,
        at=at,
        amount_minor=amount_minor,
        reported_on=day + timedelta(days=late),
        answered_on=day + timedelta(days=late + dice.randint(*shop.confirms)),
        decision=decision,
        reason=reason,
        returned_minor=returned,
    )
