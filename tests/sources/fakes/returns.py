"""What shops give back of the orders that fakes sell: refunds of units, each with the money paid for them."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from tests.sources.fakes.orders import Line, Order, State

CENT = Decimal("0.01")


class Given(NamedTuple):
    """Units of a line that came back in one refund, and what was paid for them."""

    line: Line
    units: int
    paid: Decimal


class Refund(NamedTuple):
    """One refund of an order; number: from 1."""

    number: int
    at: datetime
    given: tuple[Given, ...]

    @property
    def paid(self) -> Decimal:
        return sum((one.paid for one in self.given), Decimal(0))


def paid_for(line: Line, units: int) -> Decimal:
    """Return what was paid for so many units of a line, coupon off."""
    return ((line.price - line.coupon) * units / line.units).quantize(CENT, ROUND_FLOOR)


def refunds(order: Order, now: datetime) -> list[Refund]:
    """Return the refunds of an order so far."""
    return list(_refunds(order, now))


def _refunds(order: Order, now: datetime) -> Iterator[Refund]:
    before: dict[int, int] = {}
    number = 0
    for state in order.states:
        if state.since > now:
            return
        given = tuple(
            Given(
                line,
                line.returned - before.get(line.number, 0),
                paid_for(line, line.returned) - paid_for(line, before.get(line.number, 0)),
            )
            for line in state.lines
            if line.returned > before.get(line.number, 0)
        )
        if given:
            number += 1
            before = {line.number: line.returned for line in state.lines}
            yield Refund(number, state.since, given)


def kept(
    order: Order, state: State, price: Callable[[Line], Decimal] = lambda line: line.price
) -> Decimal:
    """Return what an order is worth with its delivery, less the price, before coupons, of what came back.

    price: of all units of a line before coupons, as the shop tells it.
    """
    return order.delivery + sum(
        (line.price - line.coupon - _price_back(line, price(line)) for line in state.lines),
        Decimal(0),
    )


def _price_back(line: Line, price: Decimal) -> Decimal:
    if line.returned >= line.units:
        return price
    back = paid_for(line, line.returned)
    return (price * back / (line.price - line.coupon)).quantize(CENT, ROUND_HALF_UP)


def without_tax(amount: Decimal) -> tuple[Decimal, Decimal]:
    """Split an amount into what it is without a tax of 20 %, and that tax."""
    net = (amount / Decimal("1.2")).quantize(CENT, ROUND_HALF_UP)
    return net, amount - net
