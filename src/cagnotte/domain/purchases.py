"""What a source says about a purchase, as plain values: the input of attribution and rating."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple


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
