"""What an order earns, and who pays for it, as plainly as it can be said."""

from collections.abc import Iterable
from typing import NamedTuple

from tests.model.programmes import FULL, Brand, Shop


class Line(NamedTuple):
    """An article: its price, whether it is the brand's tea, and how much of the price was given back so far."""

    price: int
    tea: bool = False
    returned: int = 0


class Part(NamedTuple):
    """What one funder pays (C), and who has it: the member (R), the shop (S), the programme (M)."""

    commission: int = 0
    reward: int = 0
    share: int = 0
    margin: int = 0


Parts = dict[str, Part]
"""By funder: the shop's name, the brand's name, or "programme"."""


def half_up(numerator: int, denominator: int = FULL) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def rate(shop: Shop, brand: Brand | None, lines: Iterable[Line]) -> Parts:
    """What an order earns, and who pays: once on what was bought, once on what remains, by the return policy."""
    lines = list(lines)
    bought, remains = sum(line.price for line in lines), sum(map(_left, lines))
    untouched = bought == remains
    tea = [line for line in lines if line.tea]

    def award(rate_bps: int, on: list[Line]) -> int:
        if shop.returns == "redecide" or untouched:
            return half_up(sum(map(_left, on)) * rate_bps)
        if shop.returns == "all_or_nothing":
            return 0
        return half_up(half_up(sum(line.price for line in on) * rate_bps) * remains, bought)

    parts: Parts = {}
    if shop.commission_bps:
        commission = half_up(remains * shop.commission_bps)
        reward = commission * shop.rate_bps // FULL
        if shop.returns == "all_or_nothing" and not untouched:
            reward = 0
        parts[shop.ref] = Part(commission, reward, 0, commission - reward)
    else:
        reward = award(shop.rate_bps, lines) + voucher(shop, lines)
        parts[shop.ref] = Part(reward, reward)
    excess = award(shop.gift_bps, lines)
    if brand and tea:
        commission, asked = (
            half_up(sum(map(_left, tea)) * brand.commission_bps),
            award(brand.rate_bps, tea),
        )
        reward = min(asked, commission)
        share = min(commission * brand.share_bps // FULL, commission - reward)
        parts[brand.ref] = Part(commission, reward, share, commission - reward - share)
        excess += asked - reward
    if excess:
        parts["programme"] = Part(excess, excess)
    return {funder: part for funder, part in parts.items() if part.commission}


def voucher(shop: Shop, lines: Iterable[Line]) -> int:
    """Of the reward, what is given as a voucher: all of it, as long as the order is large enough."""
    worth, threshold, _ = shop.voucher or (0, 0, 0)
    return worth if shop.voucher and sum(map(_left, lines)) >= threshold else 0


def _left(line: Line) -> int:
    return line.price - line.returned
