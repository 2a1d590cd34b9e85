"""The shape of a programme file. Unknown keys are errors everywhere.

The field's descriptions are the reference: they go into the published JSON Schema.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from cagnotte.catalog.programme_file.connected_sources import ConnectedSection, kind_of
from cagnotte.catalog.programme_file.scalars import (
    Amount,
    Bic,
    CategoryCode,
    Country,
    Coupons,
    Currency,
    Days,
    Host,
    Hours,
    Iban,
    Percent,
    Ref,
    Site,
    Slug,
    Timezone,
    Weekday,
    WindowText,
)
from cagnotte.catalog.programme_file.sources import SourceSection
from cagnotte.catalog.programme_file.storefront import (
    PageSection,
    ShopCategorySection,
    StorefrontSection,
)
from cagnotte.domain.attribution import Override, Trace
from cagnotte.domain.contracts import (
    Binding,
    ClawbackPolicy,
    DoubleUse,
    FunderKind,
    ReleaseFrom,
    ReleaseSettlement,
    ReturnPolicy,
    VoucherRest,
)
from cagnotte.domain.offers import BoostMode, First, Role
from cagnotte.domain.purchases import Channel
from cagnotte.domain.sightings import Tolerance


class Section(BaseModel):
    """A mapping of known keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProgrammeSection(Section):
    """The programme itself."""

    slug: Slug = Field(description="Its name in commands and addresses.")
    name: str = Field(min_length=1, max_length=200, description="Its name for people.")
    currency: Currency = Field(description="ISO 4217 code of its books.")
    timezone: Timezone = Field(
        default="Europe/Paris",
        description="Days and hours are counted here; such as Europe/Paris.",
    )


class PartySection(Section):
    """A legal person: merchant, brand or network."""

    ref: Ref
    name: str = Field(default="", max_length=200, description="Default: the reference.")
    country: Country | None = None


class DescriptorsSection(Section):
    """How statements of banks and cards name a shop, so that purchases are found in them."""

    mids: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default=[], description="Its numbers with acquirers (MID), as the source writes them."
    )
    names: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default=[], description="Its names on statements; default: its name."
    )
    mccs: list[CategoryCode] = Field(
        default=[], description="Its category codes; another code speaks against it."
    )


class MerchantSection(PartySection):
    """A shop."""

    site: Site | None = Field(
        default=None,
        description="Its front page, where links lead: https://shop.example/; without it, it has no links.",
    )
    hosts: list[Host] = Field(
        default=[],
        description="Other hosts of the shop that links may lead to; those below them and below the site's may too.",
    )
    descriptors: DescriptorsSection | None = Field(
        default=None, description="How statements name it; without it, it is found in none."
    )
    page: PageSection = Field(
        default=PageSection(), description="What its page tells members; see the shops' pages."
    )


class CategorySection(Section):
    """A category of products, with those below it."""

    ref: Ref
    name: str = Field(default="", max_length=200, description="Default: the reference.")
    parent: str | None = Field(default=None, description="The category above; for flat lists.")
    children: list["CategorySection"] = Field(
        default=[], description="The categories below; for trees."
    )


class ProductsSection(Section):
    """Lists of products, by category, brand and article.

    What `products` is for lies in all the lists it names: `{categories: [tea], brands: [acme]}` is Acme's tea. What
    is `excluded` lies in any of them. The `not_` lists hold what never matches.
    """

    categories: list[str] = Field(
        default=[], description="The product lies in one of them, or below."
    )
    brands: list[str] = Field(default=[], description="It is of one of these brands.")
    skus: list[str] = Field(default=[], description="It is one of these articles.")
    not_categories: list[str] = Field(default=[], description="It lies in none of them, nor below.")
    not_brands: list[str] = Field(default=[], description="It is of none of these brands.")
    not_skus: list[str] = Field(default=[], description="It is none of these articles.")


class BaseSection(Section):
    """Which part of an order counts."""

    with_tax: bool = Field(default=True, description="Tax counts.")
    with_delivery: bool = Field(default=False, description="Delivery counts.")
    discounts_deducted: bool = Field(
        default=True, description="Coupons and discounts are taken off first."
    )
    wallet_deducted: bool = Field(
        default=True, description="Money from the cagnotte is taken off first."
    )
    gift_cards: bool = Field(default=False, description="Gift cards count.")
    excluded: ProductsSection | None = Field(
        default=None, description="Products in any of these lists never count."
    )


class CommissionSection(Section):
    """What the funder pays; the first that matches a line is used."""

    rate: Percent = 0
    fixed: Amount = Field(default=0, description="A fixed sum per order.")
    products: ProductsSection | None = Field(
        default=None, description="Products in all of these lists; default: all products."
    )


class ReleaseSection(Section):
    """When a confirmed reward can be spent: everything named must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    days: Annotated[int, Field(ge=0, le=730)] = Field(default=30, description="Days to wait.")
    start: ReleaseFrom = Field(
        default=ReleaseFrom.PURCHASED, alias="from", description="The moment the days count from."
    )
    event: str | None = Field(default=None, description="The event's code, with from: event.")
    settlement: ReleaseSettlement = Field(
        default=ReleaseSettlement.NONE, description="What the funder must have done."
    )


class AttributionSection(Section):
    """How purchases at the shop find their member; see the page on attribution."""

    accept: Annotated[list[Trace], Field(min_length=1)] | None = Field(
        default=None,
        description="Kinds of trace that count, the strongest first; default: all of them, in the usual order.",
    )
    click_days: Annotated[int, Field(ge=0, le=365)] = Field(
        default=30, description="How long before the purchase a click counts."
    )
    receipt_days: Annotated[int, Field(ge=0, le=365)] = Field(
        default=14, description="How long after it a receipt may be handed in."
    )
    exceptions: list[Override] = Field(
        default=[], description="One kind decides over another that comes first, where both could."
    )
    stand_down_minutes: Annotated[int, Field(ge=0, le=1440)] = Field(
        default=0,
        description="A click so soon after another publisher's visit does not count; 0: every click counts.",
    )


class SpendingSection(Section):
    """What members may pay at the shop with their cagnotte."""

    accepted: bool = Field(default=True, description="It can be paid with at all.")
    order_max: Amount | None = Field(
        default=None, description="The most that one order may take; default: no limit."
    )
    order_max_share: Percent | None = Field(
        default=None,
        description="The part of an order it may pay; shops then tell the order's total. Default: all of it.",
    )
    member_day_max: Amount | None = Field(
        default=None,
        description="The most that one member may spend at the shop on one day; default: no limit.",
    )
    expired_vouchers: VoucherRest | None = Field(
        default=None,
        description="Where goes what an expired voucher holds. Default: `member` for those bought from the wallet, "
        "`breakage` for those that offers gave.",
    )
    double_use: DoubleUse = Field(
        default=DoubleUse.PROGRAMME,
        description="Who bears a signed voucher that was taken a second time without a line.",
    )


class ContractSection(Section):
    """An agreement with a funder: the brand when one is named, else the network, else the merchant."""

    ref: Ref
    merchant: str | None = Field(
        default=None,
        description="The shop it covers. Only a brand's contract may leave it out: every shop.",
    )
    brand: str | None = Field(default=None, description="The brand that pays.")
    network: str | None = Field(default=None, description="The network that pays.")
    valid_from: date | None = Field(default=None, description="First day; default: always.")
    valid_until: date | None = Field(default=None, description="Last day; default: for ever.")
    base: BaseSection = Field(
        default=BaseSection(), description="Which part of an order rates apply to."
    )
    commissions: list[CommissionSection] = Field(
        default=[], description="None: the funder pays exactly the rewards it funds."
    )
    merchant_share: Percent = Field(
        default=0, description="Two-stage: the part of the commission that the selling shop keeps."
    )
    binding: Binding = Field(default=Binding.PURCHASE, description="Which moment's offers bind.")
    release: ReleaseSection = Field(
        default=ReleaseSection(), description="When rewards can be spent."
    )
    auto_confirm_days: Days | None = Field(
        default=None,
        description="A purchase nobody answered for is confirmed after these days; default: never.",
    )
    returns: ReturnPolicy = Field(
        default=ReturnPolicy.REDECIDE, description="What a return does to the reward; see above."
    )
    clawback: ClawbackPolicy = ClawbackPolicy.GO_NEGATIVE
    funder_refund_days: Days = Field(
        default=365,
        description="How long after the purchase the funder's side follows a return or correction.",
    )
    member_clawback_days: Days = Field(
        default=365, description="How long after the purchase the member's side does."
    )
    give_up_owing_days: Days | None = Field(
        default=None,
        description="A debt that a clawback left is given up after these days; default: never.",
    )
    lot_months: Annotated[int, Field(ge=1, le=600)] | None = Field(
        default=None, description="Life of money from the day it is available; default: for ever."
    )
    breakage_to: Literal["funder", "programme"] | None = Field(
        default=None,
        description="Who gains expired money. Default: the funder without commissions, else the programme.",
    )
    vat: Percent = Field(default=0, description="Rate of VAT on invoices to the funder.")
    vat_base: Literal["commission", "margin", "none"] = Field(
        default="none", description="What VAT is charged on."
    )
    same_entity: bool = Field(default=False, description="Shop and programme are one legal person.")
    redemption_fee: Percent = Field(
        default=0, description="Kept of cagnotte money spent at the shop."
    )
    spending: SpendingSection | None = Field(
        default=None, description="Limits of paying with the cagnotte; default: none."
    )
    attribution: AttributionSection | None = Field(
        default=None, description="How purchases find their member; default: the usual way."
    )
    coupons: Coupons = Field(
        default=None,
        description="Codes that an order may use and still earn: any, none, or a list; default: any.",
    )

    @model_validator(mode="after")
    def _rules_of_the_shop(self) -> "ContractSection":
        for key in ("attribution", "coupons", "spending"):
            if self.brand and getattr(self, key) is not None:
                raise ValueError(
                    f"{key}: is the shop's to say; write it in the contract of the merchant or network."
                )
        return self

    @model_validator(mode="after")
    def _one_funder(self) -> "ContractSection":
        if self.brand and self.network:
            raise ValueError("The contract names a brand and a network; only one of them can pay.")
        if not self.brand and not self.merchant:
            raise ValueError("“merchant” is missing; only a brand's contract may cover every shop.")
        return self


class TierSection(Section):
    """A step of a rate. `from` is an amount, or a number of purchases where the effect counts those."""

    start: str = Field(alias="from", description="Where the step begins; the first begins at 0.")
    rate: Percent


class PercentEffect(Section):
    """A share of the amount of each matching line."""

    kind: Literal["percent"]
    rate: Percent


class CommissionShareEffect(Section):
    """A share of the commission that the lines bring, rounded down."""

    kind: Literal["commission_share"]
    share: Percent


class FixedPerOrderEffect(Section):
    """A fixed sum per order."""

    kind: Literal["fixed_per_order"]
    amount: Amount


class FixedPerUnitEffect(Section):
    """A fixed sum for each unit of matching lines."""

    kind: Literal["fixed_per_unit"]
    amount: Amount


class TieredEffect(Section):
    """A rate by the amount of the order."""

    kind: Literal["tiered"]
    tiers: list[TierSection] = Field(min_length=1)
    whole: bool = Field(
        default=True,
        description="The rate reached holds for the whole amount; false: each slice has its own.",
    )


class ProgressiveEffect(Section):
    """A rate by what the member bought before."""

    kind: Literal["progressive"]
    tiers: list[TierSection] = Field(min_length=1)
    window: WindowText
    by: Literal["amount", "purchases"] = Field(
        default="amount",
        description="What is counted: the amount bought, or the number of purchases.",
    )
    counted: Literal["tracked", "confirmed"] = Field(
        default="tracked", description="When a purchase counts: at once, or once it is validated."
    )
    counter: Ref | None = Field(
        default=None, description="Offers with the same counter climb together."
    )


class VoucherEffect(Section):
    """A voucher for a next order."""

    kind: Literal["voucher"]
    amount: Amount
    minimum_basket: Amount = Field(default=0, description="The order it asks for.")
    valid_days: Annotated[int, Field(ge=1, le=3660)] = Field(description="Its life.")


AnyEffect = Annotated[
    PercentEffect
    | CommissionShareEffect
    | FixedPerOrderEffect
    | FixedPerUnitEffect
    | TieredEffect
    | ProgressiveEffect
    | VoucherEffect,
    Field(discriminator="kind"),
]


class ConditionsSection(ProductsSection):
    """All must hold; of one list, one entry is enough; what is left out asks nothing."""

    merchants: list[str] = Field(default=[], description="Shops where it holds; default: all.")
    not_merchants: list[str] = Field(default=[], description="Shops where it does not.")
    channels: list[Channel] = Field(default=[], description="Where the purchase is made.")
    countries: list[Country] = Field(default=[], description="ISO 3166 codes, such as FR.")
    weekdays: list[Weekday] = []
    hours: Hours | None = None
    minimum_basket: Amount = Field(default=0, description="Of the whole order.")
    minimum_quantity: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Units of matching lines."
    )
    first: First | None = Field(
        default=None, description="First purchase with the programme or the merchant."
    )
    segments: list[str] = Field(default=[], description="The member is in one of them.")
    not_segments: list[str] = Field(default=[], description="The member is in none of them.")
    coupon: str | None = Field(default=None, description="any, none, or a code that must be used.")
    cards: list[str] = Field(default=[], description="Tokens of the cards that must pay.")


class MemberCapSection(Section):
    """A ceiling for one member over a time."""

    window: WindowText
    amount: Amount | None = Field(default=None, description="Most it gives.")
    purchases: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Most purchases it rewards."
    )
    counter: Ref | None = Field(
        default=None, description="Offers with the same counter share the ceiling."
    )

    @model_validator(mode="after")
    def _limits_something(self) -> "MemberCapSection":
        if self.amount is None and self.purchases is None:
            raise ValueError("The ceiling needs an amount, a number of purchases, or both.")
        return self


class LimitsSection(Section):
    """Ceilings of what an offer gives."""

    per_line: Amount | None = Field(default=None, description="Most on one line of an order.")
    per_purchase: Amount | None = Field(default=None, description="Most on one purchase.")
    per_member: MemberCapSection | None = Field(
        default=None, description="Most for one member over a time."
    )
    budget: Amount | None = Field(default=None, description="For all members together.")


class FundingSection(Section):
    """A share of who pays."""

    by: FunderKind = Field(description="Who pays.")
    share: Percent = Field(default="100 %", validate_default=True, description="Of the reward.")
    ref: str | None = Field(
        default=None, description="Default: the purchase's merchant, the line's brand."
    )


def _funding(value: Any) -> Any:
    """`funding: brand` is short for one funder who pays all."""
    return [{"by": value}] if isinstance(value, str) else value


class OfferSection(Section):
    """An offer: what is given, for what, within which limits, and who pays."""

    ref: Ref
    name: str = Field(default="", max_length=200, description="Default: the reference.")
    effect: AnyEffect = Field(description="What it gives; its `kind` says which keys it has.")
    role: Role = Field(
        default=Role.BASE,
        description="The ordinary rate, an addition to it, or a gift on the whole order.",
    )
    mode: BoostMode = Field(
        default=BoostMode.ADD, description="For boosts: add to the base, or replace it."
    )
    valid_from: date | None = Field(default=None, description="First day; default: always.")
    valid_until: date | None = Field(default=None, description="Last day; default: for ever.")
    conditions: ConditionsSection = Field(
        default=ConditionsSection(), description="For what it is given."
    )
    limits: LimitsSection = Field(default=LimitsSection(), description="Ceilings.")
    funding: Annotated[
        list[FundingSection],
        Field(min_length=1, description="Who pays; one word, or a list of shares that make 100 %."),
        BeforeValidator(_funding, json_schema_input_type=FunderKind | list[FundingSection]),
    ] = [FundingSection(by=FunderKind.MERCHANT)]
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = Field(
        default=0, description="The higher goes first."
    )
    group: Ref | None = Field(default=None, description="One offer of a group applies at most.")


class PayoutsSection(Section):
    """The account members are paid from, and when."""

    debtor_name: str = Field(min_length=1, max_length=70, description="Who the account belongs to.")
    iban: Iban = Field(description="Spaces are welcome.")
    bic: Bic | None = Field(default=None, description="Default: the IBAN's own.")
    threshold: Amount = Field(default=0, description="Least available balance that is paid.")
    fee: Amount = Field(default=0, description="Kept of each payout; the threshold must cover it.")
    maximum: Amount | None = Field(default=None, description="Most that one payout pays.")
    hold_days_after_change: Annotated[int, Field(ge=0, le=365)] = Field(
        default=3, description="Days without payout after a member's bank details changed."
    )
    execution_days: Annotated[int, Field(ge=0, le=30)] = Field(
        default=1, description="Days from the file to the day the bank is asked to pay on."
    )
    transfer_text: str = Field(
        default="Cashback",
        min_length=1,
        max_length=100,
        description="What members read on their statement.",
    )
    settles_on_report: bool = Field(
        default=False,
        description="The bank's acceptance counts as settlement; else its account statement does.",
    )

    @model_validator(mode="after")
    def _amounts_fit(self) -> "PayoutsSection":
        if self.fee > self.threshold:
            raise ValueError(
                "The fee is more than the threshold; the smallest payout must cover it."
            )
        if self.maximum is not None and self.maximum < max(self.threshold, 1):
            raise ValueError("The maximum is less than the threshold; nothing could be paid.")
        return self


class OpeningRow(Section):
    """What one member brings from another system. A member may have several rows: one per expiry date."""

    member: Ref = Field(description="Member number.")
    row: Ref | None = Field(
        default=None,
        description="Name of the row among the member's; default: its position, from 1.",
    )
    pending: Amount = Field(default=0, description="Owed to the member, not validated.")
    confirmed: Amount = Field(default=0, description="Validated, waiting for its release.")
    available: Amount = Field(default=0, description="The member's to spend.")
    available_on: date | None = Field(default=None, description="Default: the opening day.")
    expires_on: date | None = Field(
        default=None, description="Last day it can be spent; default: never."
    )

    @model_validator(mode="after")
    def _brings_something(self) -> "OpeningRow":
        if self.expires_on and self.available_on and self.expires_on < self.available_on:
            raise ValueError(f"The money expires on {self.expires_on}, before it is available.")
        return self


class OpeningSection(Section):
    """Balances brought in from another system."""

    on: date = Field(description="The day they are booked on.")
    members: list[OpeningRow] = Field(description="What each brings.")

    @model_validator(mode="after")
    def _rows_have_one_name(self) -> "OpeningSection":
        named = Counter((row.member, row.row) for row in self.members if row.row)
        for (member, row), times in named.items():
            if times > 1:
                raise ValueError(
                    f"The member “{member}” has {times} rows named “{row}”; names are used once."
                )
        return self


AnySource = Annotated[
    Annotated[SourceSection, Tag("file")] | Annotated[ConnectedSection, Tag("connected")],
    Discriminator(kind_of),
]


class DuplicatesSection(Section):
    """How far two connected sources may differ about one order, and still mean the same one.

    Where they tell of one number but are further apart, a person decides.
    """

    share: Percent = Field(
        default="1 %", validate_default=True, description="Of the larger amount."
    )
    amount: Amount | None = Field(
        default=None,
        description="Always allowed where their numbers agree; default: a hundred of the smallest unit, such as 1.00.",
    )
    hours: Annotated[int, Field(ge=0, le=24 * 366)] = Field(
        default=48, description="Between the times they tell."
    )

    @property
    def tolerance(self) -> Tolerance:
        """Return it as the domain has it."""
        amount_minor = Tolerance().amount_minor if self.amount is None else self.amount
        return Tolerance(self.share, amount_minor, timedelta(hours=self.hours))


class ProgrammeFile(Section):
    """A programme of Cagnotte."""

    programme: ProgrammeSection = Field(description="Its name, currency and time zone.")
    storefront: StorefrontSection = Field(
        default=StorefrontSection(), description="How it shows itself to its members."
    )
    shop_categories: list[ShopCategorySection] = Field(
        default=[], description="Kinds of shops, in the order they are shown."
    )
    merchants: list[MerchantSection] = Field(default=[], description="Shops.")
    brands: list[PartySection] = Field(
        default=[], description="Brands that offers name or that pay."
    )
    networks: list[PartySection] = Field(default=[], description="Affiliate networks.")
    categories: list[CategorySection] = Field(default=[], description="The tree of products.")
    contracts: list[ContractSection] = Field(default=[], description="What funders owe.")
    offers: list[OfferSection] = Field(default=[], description="What members get.")
    payouts: PayoutsSection | None = Field(default=None, description="How members are paid.")
    sources: list[AnySource] = Field(
        default=[], description="Where purchases come from: files, and connected sources."
    )
    duplicates: DuplicatesSection = Field(
        default_factory=DuplicatesSection,
        description="When orders of two connected sources are the same one.",
    )
    opening_balances: OpeningSection | None = Field(
        default=None, description="What members bring from another system."
    )
