"""What becomes of an order: the words that every way of telling it shares, and the end it comes to."""

from collections.abc import Iterable
from typing import NamedTuple

from cagnotte.domain.money import FULL_BPS, Rounding, divide
from cagnotte.world.simulation.shopping import Item, Order


class End(NamedTuple):
    """How an order stands when all is told.

    Attributes:
        state: pending, confirmed or declined, with the reason of a decline.
        kept_minor: what was paid for what the member kept, coupons off, delivery apart; declined: 0.
        counted_minor: the same without gift cards.
        commission_minor: what a network owes for it in the end; None where no network pays.
    """

    state: str
    reason: str
    kept_minor: int
    counted_minor: int
    commission_minor: int | None = None


class TillMessage(NamedTuple):
    """What a shop says about an order: its lines as of some time, or what came back of them.

    period: of the file it stands in. return_id: of a return, whose units and prices are below zero; else "".
    """

    period: int
    told_at: str
    bought_at: str
    order: Order
    items: tuple[Item, ...]
    return_id: str = ""


class NetworkMessage(NamedTuple):
    """What a network says about an order; delivered: the day it arrives."""

    delivered: int
    told_at: str
    bought_at: str
    clicked_at: str
    order: Order
    amount_minor: int
    commission_minor: int
    status: str
    reason: str


class Answer(NamedTuple):
    """A row of a file of answers: one decision about one order, or what came back of one line of it."""

    period: int
    order_ref: str
    merchant: str
    decision: str
    reason: str = ""
    line: int = 0
    units: int = 0
    amount_minor: int = 0


class TillCourse(NamedTuple):
    """All that shops tell about an order, in its order, and its end."""

    messages: list[TillMessage]
    answers: list[Answer]
    end: End


class NetworkCourse(NamedTuple):
    """All that a network tells about an order, as it arrives, and its end."""

    messages: list[NetworkMessage]
    end: End


def returned_minor(item: Item, units: int) -> int:
    """Return the price of some units of a line, coupons not taken off, as files tell a return."""
    return item.price_minor * units // item.units


def kept(items: Iterable[Item], returned_units: dict[int, int]) -> tuple[int, int]:
    """Return what was paid for what was kept: (of all lines, of all but gift cards), coupons off.

    returned_units: by line, from 1. A return takes its share of the price off, rounded half up once per line.
    """
    total, counted = 0, 0
    for line, item in enumerate(items, 1):
        paid = item.price_minor - item.coupon_minor
        back = returned_minor(item, returned_units.get(line, 0))
        if back:
            paid -= divide(paid * back, item.price_minor, Rounding.HALF_UP)
        total += paid
        if not item.article.gift_card:
            counted += paid
    return total, counted


def share_minor(amount_minor: int, rate_bps: int) -> int:
    """Return a commission: a rate of an amount, rounded half up."""
    return divide(amount_minor * rate_bps, FULL_BPS, Rounding.HALF_UP)
