"""What a source says about a purchase, as plain values: the input of attribution and rating."""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

from cagnotte.domain.money import allocate


class Channel(enum.StrEnum):
    """Where the purchase was made."""

    WEB = "web"
    APP = "app"
    STORE = "store"
    CARD = "card"


class Validation(enum.StrEnum):
    """What the merchant or network says about a purchase."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class Line(NamedTuple):
    """One article of an order. Amounts are minor units of the purchase's currency.

    A named tuple, not a dataclass: millions are made, and tuples are the cheapest to make.

    Attributes:
        number: position in the order, from 1; ties of rounding go to the lower number.
        sku: the article's reference.
        quantity: units bought (an integer; fractions are counted in a smaller unit).
        amount_minor: price of all units, tax included, before `discount_minor`.
        discount_minor: coupons and discounts still to be deducted, ≥ 0.
        tax_minor: tax contained in the amount after discount, ≥ 0.
        wallet_minor: part of the amount paid from the cagnotte, ≥ 0.
        category: reference of its leaf category, or None.
        brand: reference of its brand, or None.
        gift_card: True when the article is itself money.
        returned_quantity, returned_minor: cumulative returns: units, and the part of amount_minor given back.
    """

    number: int
    sku: str
    quantity: int
    amount_minor: int
    discount_minor: int = 0
    tax_minor: int = 0
    wallet_minor: int = 0
    category: str | None = None
    brand: str | None = None
    gift_card: bool = False
    returned_quantity: int = 0
    returned_minor: int = 0


new_line: Callable[[tuple[Any, ...]], Line] = partial(tuple.__new__, Line)
"""Make a line of all its values in order; half the time of its constructor, and millions are made."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order as it stands after the latest message about it.

    Attributes:
        merchant: reference of the shop. order_ref: its number there.
        occurred_at: aware, in the programme's time zone, so that days and hours are the shopper's.
        clicked_at: when the attributed click happened, aware; None without one.
        delivery_minor: delivery charged, tax included; delivery_tax_minor: tax in it.
        coupon_codes: codes used, lower-cased. card: token of the paying card, or None.
        commission_minor: the commission the source reports for the whole purchase; None when it reports none.
    """

    merchant: str
    order_ref: str
    occurred_at: datetime
    currency: str
    lines: tuple[Line, ...]
    channel: Channel = Channel.WEB
    country: str | None = None
    clicked_at: datetime | None = None
    delivery_minor: int = 0
    delivery_tax_minor: int = 0
    coupon_codes: tuple[str, ...] = ()
    card: str | None = None
    commission_minor: int | None = None

    @property
    def occurred_on(self) -> date:
        """The purchase's date where the shopper was."""
        return self.occurred_at.date()

    @property
    def amount_minor(self) -> int:
        """What the order cost after discounts, delivery included, returns not deducted."""
        return (
            sum(line.amount_minor - line.discount_minor for line in self.lines)
            + self.delivery_minor
        )


def keeping_returns(purchase: Purchase, known: Purchase) -> Purchase:
    """Return `purchase` with what was returned of `known`, for a source that never tells returns.

    Lines are the same when number and article are; never more comes back than the line now holds.
    """
    before = {(line.number, line.sku): line for line in known.lines}
    lines = []
    for line in purchase.lines:
        was = before.get((line.number, line.sku))
        if was is not None and (was.returned_quantity or was.returned_minor):
            line = line._replace(  # noqa: PLW2901 - the same line, with its returns
                returned_quantity=min(was.returned_quantity, line.quantity),
                returned_minor=min(was.returned_minor, line.amount_minor),
            )
        lines.append(line)
    return replace(purchase, lines=tuple(lines))


class Returned(NamedTuple):
    """What a return brought back of one article of an order.

    Attributes:
        number: the line it names, 0 where it names none. sku: the article, "" where it names none.
        quantity: units, 0 where only money came back. amount_minor: their price before discounts, ≥ 0.
    """

    number: int
    sku: str
    quantity: int
    amount_minor: int


def with_returns(purchase: Purchase, returned: Iterable[Returned]) -> tuple[Purchase, bool]:
    """Return the purchase with these returns and no others, and whether all of them found their place.

    What counts is the set, not the order it became known in. A return goes to the line it names, else to lines of
    its article: to one bought at its price where there is one, then to the others in their order. Money for no
    article is spread over all that remains. Nothing comes back beyond what was bought.
    """
    rooms = [_Room(line) for line in purchase.lines]
    waiting = []
    for item in sorted(returned, key=_most_exact_first):
        fitting = [room for room in rooms if room.takes(item)]
        exact = next((room for room in fitting if room.sold_like(item)), None)
        if exact is None:
            waiting.append((item, fitting))
        else:
            exact.give(item.quantity, item.amount_minor)
    placed = [_spread(item, fitting) for item, fitting in waiting]
    return replace(purchase, lines=tuple([room.line for room in rooms])), all(placed)


def _most_exact_first(item: Returned) -> tuple[Any, ...]:
    return not item.number, not item.sku, item


class _Room:
    """A line, and what has come back of it so far."""

    __slots__ = ("line",)

    def __init__(self, line: Line) -> None:
        self.line = line._replace(returned_quantity=0, returned_minor=0)

    @property
    def units(self) -> int:
        """Units that remain."""
        return self.line.quantity - self.line.returned_quantity

    @property
    def minor(self) -> int:
        """What remains of its amount."""
        return self.line.amount_minor - self.line.returned_minor

    def takes(self, item: Returned) -> bool:
        """Whether a return may be of this line."""
        if item.number:
            return item.number == self.line.number
        return not item.sku or item.sku == self.line.sku

    def sold_like(self, item: Returned) -> bool:
        """Whether these units remain, and were bought at this price."""
        line = self.line
        return (
            0 < item.quantity <= self.units
            and item.amount_minor <= self.minor
            and item.amount_minor * line.quantity == line.amount_minor * item.quantity
        )

    def give(self, quantity: int, amount_minor: int) -> tuple[int, int]:
        """Give back as much as remains; return what was asked beyond it."""
        units, minor = min(quantity, self.units), min(amount_minor, self.minor)
        self.line = self.line._replace(
            returned_quantity=self.line.returned_quantity + units,
            returned_minor=self.line.returned_minor + minor,
        )
        return quantity - units, amount_minor - minor


def _spread(item: Returned, rooms: list[_Room]) -> bool:
    """Give a return to several lines; tell whether it found its place whole."""
    quantity, amount_minor = item.quantity, item.amount_minor
    if not (item.number or item.sku or quantity):
        left = [room.minor for room in rooms]
        shared = min(amount_minor, sum(left))
        for room, share in zip(rooms, allocate(shared, left) if shared else (), strict=False):
            room.give(0, share)
        return shared == amount_minor
    for room in rooms:
        quantity, amount_minor = room.give(quantity, amount_minor)
    return not quantity and not amount_minor
