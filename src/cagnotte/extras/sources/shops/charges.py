"""What an order costs beside its articles: fees and surcharges, which are kept apart, and those that are discounts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from cagnotte.domain.money import Rounding, divide
from cagnotte.extras.sources.shops import amounts
from cagnotte.hooks.sources import ReportLine

NOTHING = Decimal(0)


class Charge(NamedTuple):
    """A fee, tax included; below zero it is a discount. tax: contained in it."""

    amount: Decimal
    tax: Decimal


def charged(charges: Iterable[Charge]) -> Charge:
    """Return the sum of the fees above zero: they are no articles, as a delivery is none."""
    told = [one for one in charges if one.amount > 0]
    amount = sum((one.amount for one in told), NOTHING)
    return Charge(amount, sum((one.tax for one in told), NOTHING))


def discounted(
    lines: Sequence[ReportLine], charges: Iterable[Charge], currency: str
) -> list[ReportLine]:
    """Return the lines with the fees below zero spread over them as discounts, in proportion to what they cost.

    The tax in a line goes down as its price does.
    """
    discount = -sum((one.amount for one in charges if one.amount < 0), NOTHING)
    if not discount:
        return list(lines)
    weights = [line.amount - line.discount for line in lines]
    shares = amounts.spread(discount, weights, currency, "fees")
    return [_less(line, share, currency) for line, share in zip(lines, shares, strict=True)]


def _less(line: ReportLine, share: Decimal, currency: str) -> ReportLine:
    before = line.amount - line.discount
    if not before or not share:
        return line
    tax = divide(
        amounts.minor(line.tax, currency, "tax") * amounts.minor(before - share, currency, "fees"),
        amounts.minor(before, currency, "amount"),
        Rounding.HALF_UP,
    )
    return replace(line, discount=line.discount + share, tax=amounts.major(tax, currency))
