"""The most that one order can cost: an upper bound over everything a programme file offers.

How it is found, so that the figure can be checked by hand:

1. Offers that can hold together are looked at together: at one merchant, on one day, with or without a coupon.
   Other conditions (products, hours, segments, first purchases …) are taken as met wherever that costs more.
2. Each offer becomes a rate and a ceiling on a basket of N: a percentage its rate; tiers the highest rate that N can
   reach; progressive rates the highest of all; a share of a commission that share of the highest commission; a fixed
   sum a ceiling of that sum (an offer never gives more than its lines cost); each with the offer's own ceilings.
3. One base offer holds per euro, and one boost that replaces it: the basket is filled from the highest rate down, each
   up to its ceiling. Boosts that add, and bonuses, come on top, one of each exclusive group.
4. The dearest combination is the bound. No order can cost more; most can not cost as much.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from cagnotte.catalog.programme_file.building import Definitions
from cagnotte.catalog.scopes import NO_COUPON
from cagnotte.domain.contracts import Contract, FunderKind
from cagnotte.domain.money import Rounding, divide
from cagnotte.domain.offers import (
    BoostMode,
    CommissionShare,
    FixedPerOrder,
    FixedPerUnit,
    NextOrderVoucher,
    Offer,
    Percent,
    Progressive,
    Role,
    Tier,
    Tiered,
)

FULL_RATE_BPS = 10_000
DAYS_MAX = 366
"""Days looked at: today, and each day on which an offer starts, up to this many."""


class Give(NamedTuple):
    """What one offer gives in the dearest order, and on how much of the basket."""

    offer: Offer
    amount_minor: int
    on_minor: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """The bound for one basket: where and when it is reached, and the offers that make it.

    open_ended: offers whose cost this bound cannot hold, since it depends on a commission that only the source
    reports.
    """

    basket_minor: int
    amount_minor: int
    merchant: str | None
    day: date
    gives: tuple[Give, ...]
    open_ended: tuple[Offer, ...]

    @property
    def rate_bps(self) -> int:
        """The bound as a share of the basket, rounded up."""
        return divide(self.amount_minor * FULL_RATE_BPS, self.basket_minor, Rounding.UP)


def exposure(made: Definitions, *, basket_minor: int, units: int, today: date) -> Exposure:
    """Return the most an order of `basket_minor` with at most `units` articles can cost, from `today` on."""
    merchants: list[str | None] = [p.ref for p in made.parties if p.kind is FunderKind.MERCHANT]
    best = Exposure(basket_minor, 0, None, today, (), ())
    for merchant in merchants or [None]:
        contracts = [
            c for c in made.contracts if merchant is None or c.merchant in (None, merchant)
        ]
        measure = _Measure(basket_minor, units, contracts)
        here = [offer for offer in made.offers if _at(offer, merchant)]
        for day in _days(here, today):
            for together in _together(here, day):
                gives = list(_dearest(together, measure))
                total = sum(give.amount_minor for give in gives)
                if total > best.amount_minor or best.merchant is None:
                    best = Exposure(
                        basket_minor,
                        total,
                        merchant,
                        day,
                        tuple(gives),
                        measure.open_ended(together),
                    )
    return best


def _at(offer: Offer, merchant: str | None) -> bool:
    asked = offer.conditions
    return merchant is None or (
        (not asked.merchants or merchant in asked.merchants) and merchant not in asked.not_merchants
    )


def _days(offers: list[Offer], today: date) -> list[date]:
    starts = {offer.valid_from for offer in offers if offer.valid_from > today}
    return [today, *sorted(starts)][:DAYS_MAX]


def _together(offers: list[Offer], day: date) -> Iterator[list[Offer]]:
    """The offers in force on a day, once as with a coupon and once as without."""
    in_force = [offer for offer in offers if offer.valid_from <= day <= offer.valid_until]
    coupons = {offer.conditions.coupon for offer in in_force} - {None}
    if NO_COUPON in coupons:
        yield [offer for offer in in_force if offer.conditions.coupon in (None, NO_COUPON)]
    yield [offer for offer in in_force if offer.conditions.coupon != NO_COUPON]


class _Measure:
    """What offers can give on one basket under given contracts."""

    def __init__(self, basket_minor: int, units: int, contracts: Iterable[Contract]) -> None:
        self.basket_minor = basket_minor
        self._units = units
        rates = [rate for contract in contracts for rate in contract.commissions]
        self._commission_bps = max((rate.rate_bps for rate in rates), default=0)
        self._commission_fixed = max((rate.fixed_minor for rate in rates), default=0)
        self._has_commissions = bool(rates)

    def open_ended(self, offers: Iterable[Offer]) -> tuple[Offer, ...]:
        """The offers that share a commission which no contract sets."""
        shares = (offer for offer in offers if isinstance(offer.effect, CommissionShare))
        return () if self._has_commissions else tuple(shares)

    def rate_and_ceiling(self, offer: Offer) -> tuple[int, int]:
        """Return the highest rate in bps, and the most the offer can give."""
        if offer.conditions.minimum_basket_minor > self.basket_minor:
            return 0, 0
        rate_bps, ceiling = self._by_effect(offer)
        limits = offer.limits
        per_member = limits.per_member.amount_minor if limits.per_member else None
        own = (limits.per_purchase_minor, limits.budget_minor, per_member)
        return rate_bps, min([ceiling, *(limit for limit in own if limit is not None)])

    def _by_effect(self, offer: Offer) -> tuple[int, int]:
        effect = offer.effect
        if isinstance(effect, FixedPerOrder | FixedPerUnit | NextOrderVoucher):
            times = self._units if isinstance(effect, FixedPerUnit) else 1
            return FULL_RATE_BPS, effect.amount_minor * times
        if isinstance(effect, CommissionShare):
            return self._of_commission(effect.share_bps)
        rate_bps = self._highest_rate(effect)
        if isinstance(effect, Tiered) and not effect.whole:
            return rate_bps, _by_slices(effect.tiers, self.basket_minor)
        return rate_bps, divide(self.basket_minor * rate_bps, FULL_RATE_BPS, Rounding.UP)

    def _highest_rate(self, effect: Percent | Tiered | Progressive) -> int:
        if isinstance(effect, Percent):
            return effect.rate_bps
        if isinstance(effect, Progressive):
            return max(tier.rate_bps for tier in effect.tiers)
        return max(tier.rate_bps for tier in effect.tiers if tier.from_value <= self.basket_minor)

    def _of_commission(self, share_bps: int) -> tuple[int, int]:
        commission = divide(self.basket_minor * self._commission_bps, FULL_RATE_BPS, Rounding.UP)
        ceiling = divide(
            (commission + self._commission_fixed) * share_bps, FULL_RATE_BPS, Rounding.UP
        )
        if self._commission_fixed:
            return FULL_RATE_BPS, ceiling
        return divide(self._commission_bps * share_bps, FULL_RATE_BPS, Rounding.UP), ceiling


def _by_slices(tiers: tuple[Tier, ...], amount: int) -> int:
    """The sum of a rate by slices, rounded up."""
    ends = [tier.from_value for tier in tiers[1:]] + [amount]
    total = sum(
        (min(end, amount) - tier.from_value) * tier.rate_bps
        for tier, end in zip(tiers, ends, strict=True)
        if tier.from_value < amount
    )
    return divide(total, FULL_RATE_BPS, Rounding.UP)


def _dearest(offers: list[Offer], measure: _Measure) -> Iterator[Give]:
    """The dearest way to combine offers on one basket."""
    replacing = [o for o in offers if o.role is Role.BOOST and o.mode is BoostMode.REPLACE]
    bases = [o for o in offers if o.role is Role.BASE]
    yield from _fill([*bases, *replacing], measure)
    adding = [o for o in offers if o.role is Role.BOOST and o.mode is BoostMode.ADD]
    for group in _groups(adding):
        yield from _fill(group, measure)
    for group in _groups([o for o in offers if o.role is Role.BONUS]):
        gives = [
            Give(offer, measure.rate_and_ceiling(offer)[1], measure.basket_minor) for offer in group
        ]
        dearest = max(gives, key=lambda give: give.amount_minor)
        if dearest.amount_minor:
            yield dearest


def _groups(offers: list[Offer]) -> Iterator[list[Offer]]:
    """Exclusive groups, and each other offer by itself."""
    groups: dict[str, list[Offer]] = {}
    for offer in offers:
        groups.setdefault(
            f"group {offer.group}" if offer.group else f"offer {offer.ref}", []
        ).append(offer)
    yield from groups.values()


def _fill(offers: list[Offer], measure: _Measure) -> Iterator[Give]:
    """Give the basket away from the highest rate down, each offer up to its ceiling, one offer per euro."""
    left = measure.basket_minor
    measured = [(*measure.rate_and_ceiling(offer), offer) for offer in offers]
    for rate_bps, ceiling, offer in sorted(
        measured, key=lambda found: (-found[0], -found[1], found[2].ref)
    ):
        if left <= 0 or rate_bps == 0 or ceiling == 0:
            continue
        wanted = divide(ceiling * FULL_RATE_BPS, rate_bps, Rounding.UP)
        used = min(left, wanted)
        yield Give(offer, min(ceiling, divide(used * rate_bps, FULL_RATE_BPS, Rounding.UP)), used)
        left -= used
