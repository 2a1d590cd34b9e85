"""Contracts: what a funder owes for a purchase, on which base, and under which rules of time and return."""

import enum
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cagnotte.domain.attribution import USUAL, Policy
from cagnotte.domain.errors import InvalidContract
from cagnotte.domain.money import FULL_BPS

RELEASE_DAYS_MAX = 730
"""Longest delay a contract may name: two years."""


class FunderKind(enum.StrEnum):
    """Who gives money for rewards."""

    MERCHANT = "merchant"
    BRAND = "brand"
    NETWORK = "network"
    PROGRAMME = "programme"


class Binding(enum.StrEnum):
    """Which moment's offers bind: the click's (the purchase's when there was none) or the purchase's."""

    CLICK = "click"
    PURCHASE = "purchase"


class ReturnPolicy(enum.StrEnum):
    """What a return does to a reward; always computed from what remains (see docs/explanation/rating.md)."""

    REDECIDE = "redecide"
    """Thresholds, tiers and caps are tested again on what remains."""
    BY_LINE = "by_line"
    """Each line keeps its rate."""
    BY_ORDER = "by_order"
    """The reward follows the order's remaining amount."""
    ALL_OR_NOTHING = "all_or_nothing"
    """Any return takes the whole reward."""


class ClawbackPolicy(enum.StrEnum):
    """Where money comes from when a released reward shrinks and its own lots do not cover it."""

    GO_NEGATIVE = "go_negative"
    """Other lots first, then it is owed and repaid by the next credits."""
    TAKE_AVAILABLE = "take_available"
    """Other lots first, then the programme's loss."""
    SKIP = "skip"
    """The programme's loss."""


class ReleaseSettlement(enum.StrEnum):
    """What the funder must have done before money is available."""

    NONE = "none"
    BILLED = "billed"
    PAID = "paid"


class ReleaseFrom(enum.StrEnum):
    """The moment from which the days of a release are counted."""

    PURCHASED = "purchased"
    CONFIRMED = "confirmed"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Release:
    """When a confirmed reward becomes available: all that is named must hold."""

    days: int = 30
    start: ReleaseFrom = ReleaseFrom.PURCHASED
    event: str | None = None
    settlement: ReleaseSettlement = ReleaseSettlement.NONE

    def __post_init__(self) -> None:
        if not 0 <= self.days <= RELEASE_DAYS_MAX:
            raise InvalidContract(
                f"A release waits between 0 and {RELEASE_DAYS_MAX} days.", days=self.days
            )
        if (self.start is ReleaseFrom.EVENT) != (self.event is not None):
            raise InvalidContract(
                "A release counted from an event must name the event, and no other may."
            )


@dataclass(frozen=True, slots=True)
class Products:
    """Lists of products, by article, category and brand; none named = every product.

    Categories match with all their descendants. The same lists are read in two ways:

    - what an offer or a commission is for must meet *all* the lists that are named (`meets_all`): categories
      {tea} with brands {acme} is Acme's tea;
    - what a contract leaves out of its base meets *any* of them (`meets_any`): fuel, or these articles.

    In both, one entry of a list is enough, and whatever a `not_` list holds is never met.
    """

    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    not_categories: frozenset[str] = frozenset()
    not_brands: frozenset[str] = frozenset()
    not_skus: frozenset[str] = frozenset()


ALL_PRODUCTS = Products()
"""Lists that name nothing."""


def meets_all(
    products: Products, sku: str | None, path: tuple[str, ...], brand: str | None
) -> bool:
    """Tell whether an article is in every list that is named: what an offer or a commission is for.

    path: its category and those above it. Where no list is named, every article is, but for the `not_` lists.
    """
    return (
        (not products.skus or sku in products.skus)
        and (not products.brands or brand in products.brands)
        and (not products.categories or not products.categories.isdisjoint(path))
        and not _is_spared(products, sku, path, brand)
    )


def meets_any(
    products: Products, sku: str | None, path: tuple[str, ...], brand: str | None
) -> bool:
    """Tell whether an article is in one of the lists: what a contract leaves out of its base.

    path: its category and those above it. Lists that name nothing at all leave nothing out; with `not_` lists
    alone, everything else is out.
    """
    if products == ALL_PRODUCTS or _is_spared(products, sku, path, brand):
        return False
    if not (products.skus or products.brands or products.categories):
        return True
    return (
        sku in products.skus or brand in products.brands or not products.categories.isdisjoint(path)
    )


def _is_spared(
    products: Products, sku: str | None, path: tuple[str, ...], brand: str | None
) -> bool:
    return (
        sku in products.not_skus
        or brand in products.not_brands
        or not products.not_categories.isdisjoint(path)
    )


@dataclass(frozen=True, slots=True)
class BasePolicy:
    """Which part of an order counts. Gift cards never do, nor what meets any list of `excluded`."""

    with_tax: bool = True
    with_delivery: bool = False
    discounts_deducted: bool = True
    wallet_deducted: bool = True
    gift_cards: bool = False
    excluded: Products | None = None


class VoucherRest(enum.StrEnum):
    """Where goes what an expired voucher still holds."""

    MEMBER = "member"
    """It is the member's available money again."""
    BREAKAGE = "breakage"
    """As with an expired lot: to the funder, or to the programme."""


class DoubleUse(enum.StrEnum):
    """Who bears a signed voucher that a till without a line took although it was used before."""

    PROGRAMME = "programme"
    """The shop is paid all the same, at the programme's loss."""
    SHOP = "shop"
    """It is reported, and the shop is not paid a second time."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What members may pay at the shop with their cagnotte; amounts in minor units of the programme's currency.

    Attributes:
        accepted: it can be paid with at all.
        order_max_minor: the most that one order may take; None = no limit.
        order_max_bps: the part of an order that it may pay; needs the order's total when it is below all of it.
        member_day_max_minor: the most that one member may spend at the shop on one day; None = no limit.
        expired_vouchers: None = vouchers bought from the wallet go back to the member, those that an offer gave
            to whoever gains by an expiry.
        double_use: of signed vouchers.
    """

    accepted: bool = True
    order_max_minor: int | None = None
    order_max_bps: int = FULL_BPS
    member_day_max_minor: int | None = None
    expired_vouchers: VoucherRest | None = None
    double_use: DoubleUse = DoubleUse.PROGRAMME

    def __post_init__(self) -> None:
        limits = (self.order_max_minor, self.member_day_max_minor)
        if any(limit is not None and limit <= 0 for limit in limits):
            raise InvalidContract("A limit of spending is above zero; leave it out for none.")
        if not 0 < self.order_max_bps <= FULL_BPS:
            raise InvalidContract("The cagnotte pays more than 0 % and at most 100 % of an order.")


ALL_IS_ACCEPTED = Spending()
"""No limit."""


@dataclass(frozen=True, slots=True)
class CommissionRate:
    """A commission: a share of the base of the products that meet all lists, and/or a fixed sum per order."""

    rate_bps: int = 0
    fixed_minor: int = 0
    products: Products | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rate_bps <= FULL_BPS or self.fixed_minor < 0:
            raise InvalidContract(
                "A commission lies between 0 and 100 %, and its fixed part is not negative."
            )


@dataclass(frozen=True, slots=True)
class Contract:
    """One version of an agreement with a funder.

    Attributes:
        ref, version: its name in the programme file, and which version of it this is.
        funder_kind, funder: who pays. For a merchant or network contract `merchant` is the shop it covers;
            for a brand contract `merchant` is None (all shops) or one shop.
        commissions: how C is computed, the first that matches a line wins; empty = the funder pays exactly the
            reward (C = R), as in an in-house programme.
        merchant_share_bps: two-stage: share of C that the selling shop keeps (S), rounded down, at most C − R.
        auto_confirm_days: the validation deadline after which an unanswered purchase is confirmed; None = never.
        funder_refund_days, member_clawback_days: how long after the purchase each side follows a restatement.
        give_up_owing_days: how long a debt that a clawback left is waited for; None = for ever.
        lot_months: life of money from the day it is available; None = it never expires.
        breakage_to: "funder" or "programme".
        same_entity: the shop and the programme are one legal person.
        redemption_fee_bps: kept by the programme of cagnotte money that is spent at the shop.
        spending: what members may pay there with their cagnotte; of a merchant's or network's contract alone.
        attribution: how a purchase at the shop finds its member; of a merchant's or network's contract alone.
        coupons: codes, lower-cased, that an order may use and still earn; None = any, empty = none at all.
    """

    id: UUID
    ref: str
    version: int
    funder_kind: FunderKind
    funder: str
    funder_id: UUID
    merchant: str | None = None
    valid_from: date = date.min
    valid_until: date = date.max
    base: BasePolicy = BasePolicy()
    commissions: tuple[CommissionRate, ...] = ()
    merchant_share_bps: int = 0
    binding: Binding = Binding.PURCHASE
    release: Release = Release()
    auto_confirm_days: int | None = None
    returns: ReturnPolicy = ReturnPolicy.REDECIDE
    clawback: ClawbackPolicy = ClawbackPolicy.GO_NEGATIVE
    funder_refund_days: int = 365
    member_clawback_days: int = 365
    give_up_owing_days: int | None = None
    lot_months: int | None = None
    breakage_to: str = "programme"
    vat_bps: int = 0
    vat_base: str = "none"
    same_entity: bool = False
    redemption_fee_bps: int = 0
    spending: Spending = ALL_IS_ACCEPTED
    attribution: Policy = USUAL
    coupons: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.valid_until < self.valid_from:
            raise InvalidContract(f"The contract “{self.ref}” ends before it starts.", ref=self.ref)
        if self.funder_kind is FunderKind.PROGRAMME:
            raise InvalidContract("The programme funds without a contract.", ref=self.ref)
        if self.breakage_to not in ("funder", "programme"):
            raise InvalidContract("Expired money goes to “funder” or “programme”.", ref=self.ref)
        if not 0 <= self.merchant_share_bps <= FULL_BPS:
            raise InvalidContract("The shop's share lies between 0 and 100 %.", ref=self.ref)
