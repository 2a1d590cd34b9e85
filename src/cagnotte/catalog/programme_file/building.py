"""From the file's sections to the values of the domain."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple, TypeVar
from uuid import UUID

from cagnotte.catalog.programme_file import schema
from cagnotte.catalog.programme_file.problems import Loc
from cagnotte.domain import ids, offers
from cagnotte.domain.attribution import PRECEDENCE, USUAL, Policy
from cagnotte.domain.contracts import (
    ALL_IS_ACCEPTED,
    BasePolicy,
    CommissionRate,
    Contract,
    FunderKind,
    Products,
    Release,
    Spending,
)
from cagnotte.domain.descriptors import Known, KnownBy
from cagnotte.domain.errors import CagnotteError, InvalidInput
from cagnotte.domain.money import FULL_BPS, parse_minor
from cagnotte.domain.offers import Conditions, Effect, Funding, Limits, MemberCap, Offer, Tier

S = TypeVar("S")
T = TypeVar("T")
Report = Callable[[Loc, str], None]
"""Takes the place and the sentence of a problem."""

COUNT_MAX = 1_000_000


class CategoryNode(NamedTuple):
    """A category of the tree, flattened, with its place in the file."""

    ref: str
    parent: str | None
    name: str
    loc: Loc


class Party(NamedTuple):
    """A merchant, brand or network. site, hosts: of a merchant, where links to it may lead."""

    kind: FunderKind
    ref: str
    name: str
    country: str
    site: str = ""
    hosts: tuple[str, ...] = ()


class Definitions(NamedTuple):
    """What a programme file defines. Contracts and offers stand in the file's order, all as version 1."""

    programme_id: UUID
    parties: list[Party]
    descriptors: list[Known]
    categories: list[CategoryNode]
    contracts: list[Contract]
    offers: list[Offer]


def programme_id_of(slug: str) -> UUID:
    """Return the identity of a programme, which depends on its slug alone."""
    return ids.named_id("programme", slug)


def build(file: schema.ProgrammeFile, report: Report) -> Definitions:
    """Make the domain's values; what cannot be made is reported with its place and left out."""
    programme_id = programme_id_of(file.programme.slug)
    build_offer = OfferBuilder(programme_id, file.programme.currency)
    return Definitions(
        programme_id,
        list(_parties(file)),
        list(_descriptors(file.merchants)),
        list(flatten(file.categories, ("categories",))),
        list(_made("contracts", file.contracts, lambda c: build_contract(c, programme_id), report)),
        list(_made("offers", file.offers, build_offer, report)),
    )


class _Misplaced(InvalidInput):
    """A value that only its surroundings show to be wrong."""

    def __init__(self, sentence: str, inner: Loc) -> None:
        """Take the sentence, and the way to the value from its section."""
        super().__init__(sentence)
        self.inner = inner


def _made(name: str, sections: Iterable[S], make: Callable[[S], T], report: Report) -> Iterator[T]:
    for index, section in enumerate(sections):
        try:
            yield make(section)
        except _Misplaced as error:
            report((name, index, *error.inner), error.sentence)
        except CagnotteError as error:
            report((name, index), error.sentence)


def flatten(
    sections: list[schema.CategorySection], loc: Loc, parent: str | None = None
) -> Iterator[CategoryNode]:
    """Walk a tree of categories from the top; flat lists name their parents, trees nest."""
    for index, section in enumerate(sections):
        here = (*loc, index)
        yield CategoryNode(section.ref, section.parent or parent, section.name or section.ref, here)
        yield from flatten(section.children, (*here, "children"), section.ref)


def _parties(file: schema.ProgrammeFile) -> Iterator[Party]:
    for shop in file.merchants:
        named = (shop.ref, shop.name or shop.ref, shop.country or "")
        yield Party(FunderKind.MERCHANT, *named, shop.site or "", tuple(shop.hosts))
    for kind, sections in (
        (FunderKind.BRAND, file.brands),
        (FunderKind.NETWORK, file.networks),
    ):
        for section in sections:
            yield Party(kind, section.ref, section.name or section.ref, section.country or "")


def _descriptors(merchants: list[schema.MerchantSection]) -> Iterator[Known]:
    """Give what statements know the shops by; each name once for every category code."""
    for merchant in merchants:
        told = merchant.descriptors
        if told is None:
            continue
        for mid in dict.fromkeys(told.mids):
            yield Known(merchant.ref, KnownBy.MID, mid)
        for name in dict.fromkeys(told.names or [merchant.name or merchant.ref]):
            for mcc in dict.fromkeys(told.mccs) or [""]:
                yield Known(merchant.ref, KnownBy.NAME, name, mcc)


def build_products(section: schema.ProductsSection | None) -> Products | None:
    """Return the choice of products; None stays None."""
    if section is None:
        return None
    return Products(
        categories=frozenset(section.categories),
        brands=frozenset(section.brands),
        skus=frozenset(section.skus),
        not_categories=frozenset(section.not_categories),
        not_brands=frozenset(section.not_brands),
        not_skus=frozenset(section.not_skus),
    )


def funder_of(section: schema.ContractSection) -> tuple[FunderKind, str]:
    """Return who pays: the brand when one is named, else the network, else the merchant."""
    if section.brand:
        return FunderKind.BRAND, section.brand
    if section.network:
        return FunderKind.NETWORK, section.network
    return FunderKind.MERCHANT, section.merchant or ""


def build_contract(section: schema.ContractSection, programme_id: UUID) -> Contract:
    """Make version 1 of a contract. Raises InvalidContract."""
    kind, funder = funder_of(section)
    base = section.base
    return Contract(
        id=ids.named_id(programme_id, "contract", section.ref, 1),
        ref=section.ref,
        version=1,
        funder_kind=kind,
        funder=funder,
        funder_id=ids.named_id(programme_id, kind, funder),
        merchant=section.merchant,
        valid_from=section.valid_from or date.min,
        valid_until=section.valid_until or date.max,
        base=BasePolicy(
            with_tax=base.with_tax,
            with_delivery=base.with_delivery,
            discounts_deducted=base.discounts_deducted,
            wallet_deducted=base.wallet_deducted,
            gift_cards=base.gift_cards,
            excluded=build_products(base.excluded),
        ),
        commissions=tuple(
            CommissionRate(
                rate_bps=c.rate, fixed_minor=c.fixed, products=build_products(c.products)
            )
            for c in section.commissions
        ),
        merchant_share_bps=section.merchant_share,
        binding=section.binding,
        release=Release(
            days=section.release.days,
            start=section.release.start,
            event=section.release.event,
            settlement=section.release.settlement,
        ),
        auto_confirm_days=section.auto_confirm_days,
        returns=section.returns,
        clawback=section.clawback,
        funder_refund_days=section.funder_refund_days,
        member_clawback_days=section.member_clawback_days,
        give_up_owing_days=section.give_up_owing_days,
        lot_months=section.lot_months,
        # Where the funder pays exactly the rewards, what expires was its own money; a portal's commission is
        # earned all the same, so what expires stays with the programme.
        breakage_to=section.breakage_to or ("programme" if section.commissions else "funder"),
        vat_bps=section.vat,
        vat_base=section.vat_base,
        same_entity=section.same_entity,
        redemption_fee_bps=section.redemption_fee,
        spending=_spending(section.spending),
        attribution=_policy(section.attribution),
        coupons=section.coupons,
    )


def _spending(section: schema.SpendingSection | None) -> Spending:
    """Make the limits of spending. Raises InvalidContract when one of them leaves nothing to spend."""
    if section is None:
        return ALL_IS_ACCEPTED
    share = section.order_max_share
    return Spending(
        accepted=section.accepted,
        order_max_minor=section.order_max,
        order_max_bps=FULL_BPS if share is None else share,
        member_day_max_minor=section.member_day_max,
        expired_vouchers=section.expired_vouchers,
        double_use=section.double_use,
    )


def _policy(section: schema.AttributionSection | None) -> Policy:
    """Make the policy of attribution. Raises InvalidInput when it contradicts itself."""
    if section is None:
        return USUAL
    return Policy(
        precedence=PRECEDENCE if section.accept is None else tuple(section.accept),
        click_window=timedelta(days=section.click_days),
        receipt_window=timedelta(days=section.receipt_days),
        exceptions=tuple(section.exceptions),
        stand_down=timedelta(minutes=section.stand_down_minutes),
    )


class OfferBuilder:
    """Makes version 1 of offers of one programme."""

    def __init__(self, programme_id: UUID, currency: str) -> None:
        self._programme_id = programme_id
        self._currency = currency

    def __call__(self, section: schema.OfferSection) -> Offer:
        """Make an offer. Raises InvalidOffer, or InvalidInput with the way to the value at fault."""
        return Offer(
            id=ids.named_id(self._programme_id, "offer", section.ref, 1),
            ref=section.ref,
            version=1,
            name=section.name or section.ref,
            effect=self._effect(section.effect),
            role=section.role,
            mode=section.mode,
            valid_from=section.valid_from or date.min,
            valid_until=section.valid_until or date.max,
            conditions=_conditions(section.conditions),
            limits=_limits(section.limits),
            funding=tuple(Funding(share.by, share.share, share.ref) for share in section.funding),
            priority=section.priority,
            group=section.group,
        )

    def _effect(self, section: schema.AnyEffect) -> Effect:
        match section:
            case schema.TieredEffect():
                return offers.Tiered(self._tiers(section.tiers, counts=False), section.whole)
            case schema.ProgressiveEffect():
                return offers.Progressive(
                    tiers=self._tiers(section.tiers, counts=section.by == "purchases"),
                    window=section.window,
                    by=section.by,
                    counted=section.counted,
                    counter=section.counter,
                )
        return _simple_effect(section)

    def _tiers(self, sections: list[schema.TierSection], *, counts: bool) -> tuple[Tier, ...]:
        return tuple(
            Tier(self._start(section.start, index, counts=counts), section.rate)
            for index, section in enumerate(sections)
        )

    def _start(self, text: str, index: int, *, counts: bool) -> int:
        inner: Loc = ("effect", "tiers", index, "from")
        if counts:
            if not text.isascii() or not text.isdigit() or int(text) > COUNT_MAX:
                raise _Misplaced(
                    f"“{text}” is not a number of purchases; write a whole number.", inner=inner
                )
            return int(text)
        try:
            return parse_minor(text, self._currency)
        except CagnotteError as error:
            raise _Misplaced(error.sentence, inner) from error


def _simple_effect(
    section: schema.PercentEffect
    | schema.CommissionShareEffect
    | schema.FixedPerOrderEffect
    | schema.FixedPerUnitEffect
    | schema.VoucherEffect,
) -> Effect:
    match section:
        case schema.PercentEffect():
            return offers.Percent(section.rate)
        case schema.CommissionShareEffect():
            return offers.CommissionShare(section.share)
        case schema.FixedPerOrderEffect():
            return offers.FixedPerOrder(section.amount)
        case schema.FixedPerUnitEffect():
            return offers.FixedPerUnit(section.amount)
    return offers.NextOrderVoucher(section.amount, section.minimum_basket, section.valid_days)


def _conditions(section: schema.ConditionsSection) -> Conditions:
    return Conditions(
        merchants=frozenset(section.merchants),
        not_merchants=frozenset(section.not_merchants),
        products=build_products(section) or Products(),
        channels=frozenset(section.channels),
        countries=frozenset(section.countries),
        weekdays=frozenset(section.weekdays),
        hours=section.hours,
        minimum_basket_minor=section.minimum_basket,
        minimum_quantity=section.minimum_quantity,
        first=section.first,
        segments=frozenset(section.segments),
        not_segments=frozenset(section.not_segments),
        coupon=section.coupon.lower() if section.coupon else None,
        cards=frozenset(section.cards),
    )


def _limits(section: schema.LimitsSection) -> Limits:
    cap = section.per_member
    return Limits(
        per_line_minor=section.per_line,
        per_purchase_minor=section.per_purchase,
        per_member=MemberCap(cap.window, cap.amount, cap.purchases, cap.counter) if cap else None,
        budget_minor=section.budget,
    )
