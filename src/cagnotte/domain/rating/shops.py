"""What the rulebook says of a shop on a day, and there of one kind of product.

Three steps narrow the field, and each is remembered:

- a `Shop` (merchant, channel, country) knows on which days its rules change;
- a `Context` is that shop between two such days: one contract, one base policy;
- a `Slot` is what this context says of one kind of product (article, category, brand): the offers that match
  it, most important first, and the commissions it brings.
"""

from bisect import bisect_right
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from cagnotte.domain.contracts import (
    BasePolicy,
    Binding,
    CommissionRate,
    Contract,
    FunderKind,
    meets_all,
    meets_any,
)
from cagnotte.domain.offers import Funding
from cagnotte.domain.rating.plans import Plan

if TYPE_CHECKING:
    from cagnotte.domain.rating.rulebook import Rulebook

CATEGORY_DEPTH_MAX = 32
"""Deepest category tree; a loop in the tree shows as a deeper one."""

Funders = tuple[tuple[str, str, int], ...]
"""Who pays an offer on a line: ((kind, reference, share in bps), …); the shares sum to 10,000."""

Rate = tuple[tuple[str, str], Contract, CommissionRate]
"""A commission: ((kind, funder), its contract, the rate of it that matches)."""


def merchant_purchases(merchant: str) -> str:
    """Return the name of the counter of all purchases a member ever made at `merchant`."""
    return f"purchases:merchant:{merchant}"


class Entry(NamedTuple):
    """An offer as it stands in one slot: who pays it there, and how specifically it names the product."""

    plan: Plan
    funders: Funders
    specificity: int


class Slot:
    """What a context says of products that it treats alike.

    excluded: the contract keeps them out of the base. entries: all offers that match, by rank;
    matching: their plans.
    contenders: those that compete line by line, most important first. by_amount: amounts may decide, because
    two that want the same place are equally important, or one may replace a base; by_row: and they depend on
    the row. wholes: those that act on the order as a whole. unfunded: offers that match but have nobody to pay
    them, with the missing funder. rates: commissions.
    """

    __slots__ = (
        "by_amount", "by_row", "contenders", "entries", "excluded", "matching", "rates", "unfunded", "wholes",
    )  # fmt: skip

    def __init__(
        self,
        entries: list[Entry],
        unfunded: list[tuple[Plan, str, str]],
        rates: tuple[Rate, ...],
        *,
        excluded: bool,
    ) -> None:
        self.excluded = excluded
        self.entries = tuple(sorted(entries, key=lambda entry: entry.plan.rank))
        self.matching = frozenset(entry.plan for entry in self.entries)
        self.wholes = tuple(entry for entry in self.entries if entry.plan.whole)
        contenders = sorted(
            (entry for entry in entries if not entry.plan.whole),
            key=lambda entry: (-entry.plan.priority, -entry.specificity, entry.plan.rank),
        )
        self.contenders = tuple(contenders)
        wanted = [
            (entry.plan.priority, entry.specificity, seat)
            for entry in contenders
            for seat in entry.plan.seats
        ]
        tied = len(set(wanted)) < len(wanted)
        self.by_amount = tied or any(entry.plan.replaces for entry in contenders)
        self.by_row = self.by_amount and any(entry.plan.weighted for entry in contenders)
        self.unfunded = tuple(unfunded)
        self.rates = rates


SlotKey = tuple[str | None, str | None, str | None]
"""(article, category, brand); article and brand only where a rule names them."""


class Context:
    """A shop, seen through one channel from one country, between two days on which its rules change.

    contract: the merchant's or else the network's; None where the shop has none. source_contract: the one whose
    commission a source reports. by_click: the day of the click binds. policy: which part of an order counts.
    contract_names: (ref, version) of the contracts of those who pay for offers here, by (kind, funder);
    with_rates: those of them whose contract has commissions. own_contracts: of the shop's.
    slots: what is known of products.
    """

    __slots__ = (
        "_alike", "_funders", "book", "by_click", "channel", "commissioned", "contract", "contract_names",
        "country", "day", "merchant", "own_contracts", "policy", "purchases_counter", "slots", "source_contract",
        "with_rates",
    )  # fmt: skip

    def __init__(
        self, book: "Rulebook", merchant: str, channel: str, country: str | None, day: date
    ) -> None:
        self.book, self.merchant, self.channel, self.country, self.day = (
            book,
            merchant,
            channel,
            country,
            day,
        )
        own = book.contract_of(FunderKind.MERCHANT, None, merchant, day)
        network = book.contract_of(FunderKind.NETWORK, None, merchant, day)
        self.contract = own or network
        self.source_contract = network or own
        self.policy = self.contract.base if self.contract else BasePolicy()
        self.by_click = self.contract is not None and self.contract.binding is Binding.CLICK
        self.commissioned = book.has_commissions
        self.purchases_counter = merchant_purchases(merchant)
        self.own_contracts = tuple(
            sorted({(c.ref, c.version) for c in (own, network) if c is not None})
        )
        self.contract_names: dict[tuple[str, str], tuple[str, int]] = {}
        self.with_rates: set[tuple[str, str]] = set()
        self.slots: dict[SlotKey, Slot] = {}
        self._alike: dict[object, Slot] = {}
        self._funders: dict[Funders, Funders] = {}

    def new_slot(self, key: SlotKey) -> Slot:
        """Work out the slot of a kind of product, and remember it."""
        book = self.book
        book.make_room()
        sku, category, brand = key
        path = book.path_of(category)
        entries: list[Entry] = []
        unfunded: list[tuple[Plan, str, str]] = []
        for plan in book.plans_for(self.merchant, sku, path, brand):
            offer = plan.offer
            if not offer.valid_from <= self.day <= offer.valid_until or not self._admits(
                plan, sku, path, brand
            ):
                continue
            funders = self._funders_of(plan, brand)
            if isinstance(funders, tuple):
                entries.append(Entry(plan, funders, _specificity(plan, path)))
            elif funders is not None:
                unfunded.append((plan, funders.kind, funders.ref or brand or self.merchant))
        excluded = self.policy.excluded
        out = excluded is not None and meets_any(excluded, sku, path, brand)
        rates = () if out else self._rates(sku, path, brand)
        # Products that are treated alike share one slot, so that an order has few groups of lines.
        alike = (
            tuple(entries),
            tuple(unfunded),
            tuple((c.id, id(rate)) for _, c, rate in rates),
            out,
        )
        slot = self._alike.get(alike)
        if slot is None:
            slot = self._alike[alike] = Slot(entries, unfunded, rates, excluded=out)
        self.slots[key] = slot
        return slot

    def _admits(
        self, plan: Plan, sku: str | None, path: tuple[str, ...], brand: str | None
    ) -> bool:
        asked = plan.offer.conditions
        return (
            (not asked.merchants or self.merchant in asked.merchants)
            and self.merchant not in asked.not_merchants
            and (not asked.channels or self.channel in asked.channels)
            and (not asked.countries or self.country in asked.countries)
            and meets_all(asked.products, sku, path, brand)
        )

    def _funders_of(self, plan: Plan, brand: str | None) -> Funders | Funding | None:
        """Name who pays; the funding itself when it has no valid contract; None when nobody could be meant."""
        funders = []
        for funding in plan.offer.funding:
            kind = funding.kind
            if kind is FunderKind.PROGRAMME:
                funders.append((str(kind), "", funding.share_bps))
                continue
            ref = funding.ref
            if kind is FunderKind.BRAND and ref is None:
                ref = brand
                if ref is None or not self.book.knows_funder(kind, ref):
                    return None
            contract = self.book.contract_of(kind, ref, self.merchant, self.day)
            if contract is None:
                return funding
            self.contract_names[str(kind), contract.funder] = (contract.ref, contract.version)
            if contract.commissions:
                self.with_rates.add((str(kind), contract.funder))
            funders.append((str(kind), contract.funder, funding.share_bps))
        # One object for equal funders, so that the hot path compares them by identity.
        named = tuple(funders)
        return self._funders.setdefault(named, named)

    def _rates(self, sku: str | None, path: tuple[str, ...], brand: str | None) -> tuple[Rate, ...]:
        """For each contract with commissions, the first rate that matches the product."""
        contracts = {self.source_contract: None, self.contract: None}
        if brand is not None:
            contracts[self.book.contract_of(FunderKind.BRAND, brand, self.merchant, self.day)] = (
                None
            )
        found = []
        for contract in filter(None, contracts):
            for rate in contract.commissions:
                if rate.products is None or meets_all(rate.products, sku, path, brand):
                    found.append(((str(contract.funder_kind), contract.funder), contract, rate))
                    break
        return tuple(found)


def _specificity(plan: Plan, path: tuple[str, ...]) -> int:
    """Return how narrowly an offer names a product it matches.

    Article > brand > category (deeper first) > shop > all; two of these are narrower than the first of them.
    """
    asked = plan.offer.conditions
    products = asked.products
    depth = next((len(path) - i for i, name in enumerate(path) if name in products.categories), 0)
    level = (
        8 * bool(products.skus)
        + 4 * bool(products.brands)
        + 2 * bool(products.categories)
        + bool(asked.merchants)
    )
    return level * (CATEGORY_DEPTH_MAX + 1) + depth


class Shop:
    """One merchant through one channel from one country: its contexts, one for each stretch of unchanging rules."""

    __slots__ = ("_book", "_contexts", "_name", "_starts")

    def __init__(self, book: "Rulebook", merchant: str, channel: str, country: str | None) -> None:
        self._book = book
        self._name = (merchant, channel, country)
        self._starts = book.days_of_change(merchant)
        self._contexts: dict[int, Context] = {}

    def on(self, day: date) -> Context:
        """Return the context that holds on `day`."""
        stretch = bisect_right(self._starts, day)
        context = self._contexts.get(stretch)
        if context is None:
            context = self._contexts[stretch] = Context(self._book, *self._name, day)
        return context
