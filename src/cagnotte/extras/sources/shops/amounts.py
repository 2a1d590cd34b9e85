"""Amounts of an order's lines: parts that sum up, and what a refund takes off a line."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from cagnotte.domain.money import Rounding, allocate, decimals_of, divide
from cagnotte.hooks.reading import Misread, decimal
from cagnotte.hooks.sources import ReportLine

NOTHING = Decimal(0)


def minor(amount: Decimal, currency: str, what: str) -> int:
    """Return an amount in minor units. Raises Misread when its currency has no such fraction."""
    scaled = amount.scaleb(decimals_of(currency))
    if scaled != scaled.to_integral_value():
        raise Misread(f"“{what}” is {amount}, which is no amount of {currency}.")
    return int(scaled)


def major(amount_minor: int, currency: str) -> Decimal:
    """Return minor units as an exact amount with the decimals of its currency."""
    return Decimal(amount_minor).scaleb(-decimals_of(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Return an amount with more decimals than its currency, to the nearest, a half away from zero."""
    sign, digits, exponent = amount.as_tuple()
    numerator = (-1 if sign else 1) * int("".join(map(str, digits)))
    power = int(exponent) + decimals_of(currency)
    if power >= 0:
        return major(numerator * 10**power, currency)
    return major(divide(numerator, 10**-power, Rounding.HALF_UP), currency)


def spread(total: Decimal, weights: Sequence[Decimal], currency: str, what: str) -> list[Decimal]:
    """Split an amount over lines in proportion to `weights` ≥ 0, by the largest remainder; nothing is lost.

    Raises Misread for a total that its currency cannot express, or for one without a line to take it.
    """
    if not weights:
        if total:
            raise Misread(f"“{what}” is {total}, and there is no line that it could belong to.")
        return []
    exact = [int(max(weight, NOTHING).scaleb(9)) for weight in weights]
    return [major(part, currency) for part in allocate(minor(total, currency, what), exact)]


def units(data: object, path: str, *, default: int | None = None) -> int:
    """Return how many units a line has: 1 for what is sold by weight or length. Raises Misread below zero."""
    told = decimal(data, path, default=None if default is None else Decimal(default))
    if told < 0:
        raise Misread(f"“{path}” is {told}, below zero.")
    return int(told) if told == told.to_integral_value() else 1


def units_back(back: Decimal, bought: Decimal) -> int:
    """Return how many units came back: none for a part of what is sold by weight, whose money alone counts."""
    if back == back.to_integral_value() and bought == bought.to_integral_value():
        return int(max(back, NOTHING))
    return int(0 < bought <= back)


def with_return(
    line: ReportLine, currency: str, *, quantity: int, paid_back: Decimal
) -> ReportLine:
    """Return a line of which so many units came back and so much of what was paid for it was given back.

    Both are cumulative. What was paid back, discount off and tax included, becomes the same part of the price before
    discount. Nothing comes back beyond what was bought; what brings back all units or all money brings back all.
    """
    net = line.amount - line.discount
    quantity = min(quantity, line.quantity)
    if 0 < line.quantity <= quantity or 0 < net <= paid_back:
        return whole_return(line)
    if net <= 0:
        return replace(line, returned_quantity=quantity)
    gross = divide(
        minor(line.amount, currency, "amount") * minor(paid_back, currency, "refund"),
        minor(net, currency, "amount"),
        Rounding.HALF_UP,
    )
    return replace(line, returned_quantity=quantity, returned_amount=major(gross, currency))


def with_price_back(line: ReportLine, *, quantity: int, price: Decimal) -> ReportLine:
    """Return a line of which so many units came back, for so much of its price before discount; both cumulative."""
    quantity = min(quantity, line.quantity)
    if 0 < line.quantity <= quantity or 0 < line.amount <= price:
        return whole_return(line)
    return replace(line, returned_quantity=quantity, returned_amount=max(price, NOTHING))


def whole_return(line: ReportLine) -> ReportLine:
    """Return a line of which everything came back."""
    return replace(line, returned_quantity=line.quantity, returned_amount=line.amount)


def part(amount: Decimal, left: Decimal, whole: Decimal, currency: str) -> Decimal:
    """Return the part of an amount that belongs to what is left of a whole; rounded half up."""
    if not 0 < left < whole:
        return amount if left > 0 else NOTHING
    numerator = minor(amount, currency, "amount") * minor(left, currency, "rest")
    return major(divide(numerator, minor(whole, currency, "whole"), Rounding.HALF_UP), currency)


class Kept(NamedTuple):
    """An order after its refunds. refunded: of no line in particular, still to be spread."""

    lines: list[ReportLine]
    delivery: Decimal
    delivery_tax: Decimal
    refunded: Decimal


@dataclass(slots=True)
class GivenBack:
    """What was given back of an order, gathered refund by refund; what was paid, discount off and tax included.

    lines: by the number of the line, units and money. delivery: of it. rest: of nothing in particular.
    """

    lines: dict[int, tuple[int, Decimal]] = field(default_factory=dict)
    delivery: Decimal = NOTHING
    rest: Decimal = NOTHING

    def add(self, number: int, quantity: int, paid_back: Decimal) -> None:
        """Note what came back of a line."""
        before = self.lines.get(number, (0, NOTHING))
        self.lines[number] = (before[0] + quantity, before[1] + paid_back)

    def taken_off(
        self, lines: Sequence[ReportLine], delivery: Decimal, delivery_tax: Decimal, currency: str
    ) -> Kept:
        """Return what the order is without them. When the rest takes all that remains, all lines came back."""
        kept = []
        for line in lines:
            quantity, paid_back = self.lines.get(line.number, (0, NOTHING))
            kept.append(
                with_return(line, currency, quantity=quantity, paid_back=max(paid_back, NOTHING))
            )
        worth = [line.amount - line.discount for line in kept]
        left = sum(worth, NOTHING) - sum(
            (
                part(paid, line.returned_amount, line.amount, currency)
                for line, paid in zip(kept, worth, strict=True)
            ),
            NOTHING,
        )
        rest = max(self.rest, NOTHING)
        if rest and rest >= left:
            kept, rest = [whole_return(line) for line in kept], NOTHING
        charged = max(delivery - max(self.delivery, NOTHING), NOTHING)
        return Kept(kept, charged, part(delivery_tax, charged, delivery, currency), rest)
