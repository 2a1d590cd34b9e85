"""What refunds take off an order's articles: those they name, then all, and last the delivery.

A refund is money, and may name units that came back. Money pays for the units it names; where it does not reach for
them, the articles stayed and their price came down. What is more belongs to no article and is taken off all that
remain, in proportion to what is left of them: a shop that gave back the delivery alone, without saying so, cannot be
told from one that made a gesture. What goes beyond all articles was the delivery.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from cagnotte.domain.money import Rounding, allocate, divide
from cagnotte.extras.sources.shops import amounts
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import ReportLine

STEPS_MAX = 30_000
"""More steps than this in the life of an order's refunds are not told apart: a piece's weight has its limit."""


class Refund(NamedTuple):
    """One refund of an order. ref: the shop's. amount: tax included, ≥ 0. units: number of a line → units back."""

    ref: str
    amount: Decimal
    units: Mapping[int, int]


def taken_off(
    lines: Sequence[ReportLine], refunds: Iterable[Refund], currency: str
) -> list[ReportLine]:
    """Return the lines with what all refunds took off them; the order of the refunds does not matter.

    lines: without returns. Raises Misread for a refund below zero or one that brings units to the customer.
    """
    ledger = _Back(lines, currency)
    for refund in sorted(refunds, key=lambda one: one.ref):
        ledger.take(refund)
    return ledger.lines()


def beyond_total(*, total: Decimal, paid: Decimal, back: Decimal) -> Decimal:
    """Return what was given back beyond what an order's total already leaves out; the part of `back` that counts.

    total: of what is still sold. A shop that takes articles off an order, and gives their price back, lowers the total
    and books the refund; only where less of the payments is left than the total was more given back than that.
    """
    return min(back, max(total - (paid - back), Decimal(0)))


class _Back:
    """Units and money that came back, line by line, and money of no line; in minor units."""

    def __init__(self, lines: Sequence[ReportLine], currency: str) -> None:
        self._lines = lines
        self._currency = currency
        self._net = {line.number: self._minor(line.amount - line.discount) for line in lines}
        self._bought = {line.number: line.quantity for line in lines}
        self._units = dict.fromkeys(self._net, 0)
        self._paid = dict.fromkeys(self._net, 0)
        self._rest = 0

    def _minor(self, amount: Decimal) -> int:
        return amounts.minor(amount, self._currency, "amount")

    def take(self, refund: Refund) -> None:
        """Take one refund."""
        if refund.amount < 0 or any(count < 0 for count in refund.units.values()):
            raise Misread(f"The refund “{refund.ref}” is of {refund.amount}, below zero.")
        paid = self._minor(refund.amount)
        worth = {
            number: self._worth(number, count)
            for number, count in refund.units.items()
            if self._net.get(number, 0) > 0
        }
        if paid < sum(worth.values()):
            for number, share in zip(worth, allocate(paid, list(worth.values())), strict=True):
                self._paid[number] += share
            return
        for number, share in worth.items():
            self._units[number] += refund.units[number]
            self._paid[number] += share
        self._rest += paid - sum(worth.values())

    def _worth(self, number: int, count: int) -> int:
        """What was paid for so many more units of a line, so that all units together are worth the whole line."""
        bought, before = self._bought[number], self._units[number]
        after = min(before + count, bought)
        if after <= 0:
            return 0
        whole = divide(self._net[number] * after, bought, Rounding.HALF_UP)
        return max(whole - self._paid[number], 0)

    def lines(self) -> list[ReportLine]:
        """Return the lines with their returns."""
        left = [Decimal(max(self._net[number] - paid, 0)) for number, paid in self._paid.items()]
        rest = min(self._rest, int(sum(left)))
        shares = amounts.spread(amounts.major(rest, self._currency), left, self._currency, "refund")
        return [
            amounts.with_return(
                line,
                self._currency,
                quantity=self._units[line.number],
                paid_back=amounts.major(self._paid[line.number], self._currency) + share,
            )
            for line, share in zip(self._lines, shares, strict=True)
        ]
