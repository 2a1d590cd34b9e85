"""Offers: who gets what, for which purchases, within which limits, and paid by whom.

An offer is one immutable version. `rating` reads offers; it never changes them.
"""

import enum
from dataclasses import dataclass, field
from datetime import date, time
from uuid import UUID

from cagnotte.domain.contracts import ALL_PRODUCTS, FunderKind, Products
from cagnotte.domain.errors import InvalidOffer
from cagnotte.domain.money import FULL_BPS
from cagnotte.domain.periods import Window
from cagnotte.domain.purchases import Channel


class Role(enum.StrEnum):
    """What an offer is in the order of decision."""

    BASE = "base"
    """The ordinary rate: one per line."""
    BOOST = "boost"
    """Adds to the base or replaces it."""
    BONUS = "bonus"
    """Tested after base and boosts, on the order as a whole: thresholds, vouchers."""


class BoostMode(enum.StrEnum):
    """How a boost combines with the base of a line."""

    ADD = "add"
    REPLACE = "replace"


class First(enum.StrEnum):
    """First-purchase conditions."""

    PROGRAMME = "programme"
    MERCHANT = "merchant"


@dataclass(frozen=True, slots=True)
class Tier:
    """From `from_value` on (minor units or number of purchases), this rate holds."""

    from_value: int
    rate_bps: int


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of the base of each matching line."""

    rate_bps: int


@dataclass(frozen=True, slots=True)
class CommissionShare:
    """A share of the commission that matching lines bring; rounded down."""

    share_bps: int


@dataclass(frozen=True, slots=True)
class FixedPerOrder:
    """A fixed sum, once per order, for at most the base of the matching lines."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class FixedPerUnit:
    """A fixed sum for each unit of matching lines."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class Tiered:
    """A rate by the amount of the order (base of the matching lines).

    whole: the rate of the tier reached applies to the whole amount; else each slice has its own rate.
    """

    tiers: tuple[Tier, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Progressive:
    """A rate by what the member has bought before, in a window.

    by: "amount" (base of matching lines, minor units) or "purchases" (their number).
    counted: "tracked" counts at once, "confirmed" only once validated.
    counter: name shared by offers that climb together; default the offer's own.
    """

    tiers: tuple[Tier, ...]
    window: Window
    by: str = "amount"
    counted: str = "tracked"
    counter: str | None = None


@dataclass(frozen=True, slots=True)
class NextOrderVoucher:
    """A voucher for a later order: its value, the basket it asks for then, and its life in days."""

    amount_minor: int
    minimum_basket_minor: int
    valid_days: int


Effect = (
    Percent
    | CommissionShare
    | FixedPerOrder
    | FixedPerUnit
    | Tiered
    | Progressive
    | NextOrderVoucher
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """All must hold; of one set, one entry is enough. Empty sets and None ask nothing.

    minimum_basket_minor is compared with the base of the whole purchase, minimum_quantity with the units of
    matching lines. coupon: "any", "none", or a code that must be among those used (lower case).
    hours: [from, until) in the programme's time zone; until may lie after midnight. weekdays: 0 = Monday.
    """

    merchants: frozenset[str] = frozenset()
    not_merchants: frozenset[str] = frozenset()
    products: Products = ALL_PRODUCTS
    channels: frozenset[Channel] = frozenset()
    countries: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    hours: tuple[time, time] | None = None
    minimum_basket_minor: int = 0
    minimum_quantity: int = 0
    first: First | None = None
    segments: frozenset[str] = frozenset()
    not_segments: frozenset[str] = frozenset()
    coupon: str | None = None
    cards: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MemberCap:
    """A ceiling for one member in one period of the window.

    amount_minor: the most this offer gives; None = any amount. purchases: the most purchases it rewards; None = any
    number. counter: name of the count when offers share one; default the offer's own.
    """

    window: Window
    amount_minor: int | None = None
    purchases: int | None = None
    counter: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings of what an offer gives, in minor units; None = no ceiling."""

    per_line_minor: int | None = None
    per_purchase_minor: int | None = None
    per_member: MemberCap | None = None
    budget_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Funding:
    """A share of who pays, in bps of the reward. `ref` None: the purchase's merchant, or the line's brand."""

    kind: FunderKind
    share_bps: int = 10_000
    ref: str | None = None


MERCHANT_FUNDED = (Funding(FunderKind.MERCHANT),)


@dataclass(frozen=True, slots=True)
class Offer:
    """One version of an offer. Higher priority wins; equal priorities are settled by specificity, then amount.

    group: at most one offer of an exclusive group applies to a line (to the order, for bonuses).
    valid_from, valid_until: days, both included, in the programme's time zone.
    Raises InvalidOffer when it contradicts itself.
    """

    id: UUID
    ref: str
    version: int
    name: str
    effect: Effect
    role: Role = Role.BASE
    mode: BoostMode = BoostMode.ADD
    valid_from: date = date.min
    valid_until: date = date.max
    conditions: Conditions = Conditions()
    limits: Limits = Limits()
    funding: tuple[Funding, ...] = field(default=MERCHANT_FUNDED)
    priority: int = 0
    group: str | None = None

    def __post_init__(self) -> None:
        if self.valid_until < self.valid_from:
            raise InvalidOffer(
                f"The offer “{self.ref}” ends on {self.valid_until}, before it starts on {self.valid_from}.",
                ref=self.ref,
            )
        if sum(share.share_bps for share in self.funding) != FULL_BPS or any(
            f.share_bps <= 0 for f in self.funding
        ):
            raise InvalidOffer(
                f"The funders of “{self.ref}” must share exactly 100 %.", ref=self.ref
            )
        _check_effect(self)


def _check_effect(offer: Offer) -> None:
    effect = offer.effect
    if isinstance(effect, Tiered | Progressive):
        starts = [tier.from_value for tier in effect.tiers]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise InvalidOffer(
                f"The tiers of “{offer.ref}” must start at 0 and rise.", ref=offer.ref
            )
        rates = [tier.rate_bps for tier in effect.tiers]
    elif isinstance(effect, Percent):
        rates = [effect.rate_bps]
    elif isinstance(effect, CommissionShare):
        rates = [effect.share_bps]
    else:
        rates = []
        if effect.amount_minor <= 0:
            raise InvalidOffer(f"The offer “{offer.ref}” gives nothing.", ref=offer.ref)
    if any(not 0 <= rate <= FULL_BPS for rate in rates):
        raise InvalidOffer(f"A rate of “{offer.ref}” lies outside 0–100 %.", ref=offer.ref)
    if isinstance(effect, NextOrderVoucher) and offer.role is not Role.BONUS:
        raise InvalidOffer(f"“{offer.ref}”: a voucher for a next order is a bonus.", ref=offer.ref)
