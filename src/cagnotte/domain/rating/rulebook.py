"""The rulebook: contracts and offers filed so that a purchase meets only the offers that could apply to it.

What was found for a shop is remembered there (`shops`), so the cost of a decision depends on the offers that match,
never on how many the programme holds.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from cagnotte.domain.attribution import USUAL, Policy
from cagnotte.domain.contracts import Contract, FunderKind
from cagnotte.domain.errors import NotFound
from cagnotte.domain.offers import First, Offer
from cagnotte.domain.periods import Window, WindowKind
from cagnotte.domain.rating.plans import Plan
from cagnotte.domain.rating.shops import CATEGORY_DEPTH_MAX, Context, Shop, merchant_purchases

SLOTS_MAX = 100_000
"""Slots kept in memory; beyond, all are forgotten and built again as purchases ask for them."""

CONTEXTS_MAX = 10_000
"""Contexts found by shop and day in memory; beyond, they are looked for again."""

DAYS_MAX = 1_000
"""Days whose counter keys are kept in memory."""

PROGRAMME_PURCHASES = "purchases:programme"
"""Counter of all purchases a member ever made in the programme."""

LIFETIME = Window(WindowKind.LIFETIME)


class CounterKeys(dict[str, tuple[str, date]]):
    """For one day: the name of a counter → its key in `MemberFacts.counters`, (name, start of the period)."""

    def __init__(self, windows: Mapping[str, Window], day: date) -> None:
        super().__init__()
        self._windows, self._day = windows, day

    def __missing__(self, name: str) -> tuple[str, date]:
        key = self[name] = (name, self._windows[name].period_of(self._day))
        return key


class Rulebook:
    """All contracts and offers of a programme, every version, ready to be asked. Immutable to its users.

    categories maps each category to its parent, None at the root. counter_windows maps the name of every counter
    that a decision may read to its window. has_budgets: some offer has one.
    """

    def __init__(
        self,
        contracts: Iterable[Contract],
        offers: Iterable[Offer],
        categories: Mapping[str, str | None],
    ) -> None:
        self._parents = dict(categories)
        self._paths: dict[str, tuple[str, ...]] = {}
        self._contracts = tuple(sorted(contracts, key=lambda c: (c.ref, c.version)))
        # The latest version comes last, so that it is found first by `contract_of`.
        self._by_funder: dict[tuple[str, str | None], list[Contract]] = {}
        self._days: dict[str | None, set[date]] = {}
        for contract in sorted(
            self._contracts, key=lambda c: (c.valid_from, c.version, c.ref), reverse=True
        ):
            self._by_funder.setdefault((contract.funder_kind, contract.funder), []).append(contract)
            # A funder named by an offer pays at any shop, so its contract's edges concern all of them.
            self._days.setdefault(None, set()).update(
                _edges(contract.valid_from, contract.valid_until)
            )
            if contract.funder_kind is not FunderKind.BRAND:
                covered = contract.merchant or contract.funder
                self._by_funder.setdefault((f"shop:{contract.funder_kind}", covered), []).append(
                    contract
                )
        ranked = sorted(offers, key=_rank)
        self._plans = tuple(Plan(offer, rank) for rank, offer in enumerate(ranked))
        self._by_name = {(plan.ref, plan.version): plan for plan in self._plans}
        self._filed: dict[tuple[str | None, str, str], list[Plan]] = {}
        for plan in self._plans:
            for place in _places(plan.offer):
                self._filed.setdefault(place, []).append(plan)
                self._days.setdefault(place[0], set()).update(
                    _edges(plan.offer.valid_from, plan.offer.valid_until)
                )
        self._shops: dict[tuple[str, str, str | None], Shop] = {}
        self._contexts: dict[tuple[str, str, str | None, date], Context] = {}
        self._slots_left = SLOTS_MAX
        self._keys: dict[date, CounterKeys] = {}
        self.skus, self.brands = self._named()
        self.has_commissions = any(contract.commissions for contract in self._contracts)
        self.has_budgets = any(plan.offer.limits.budget_minor is not None for plan in self._plans)
        self.counter_windows = self._windows()

    def shop(self, merchant: str, channel: str, country: str | None) -> Shop:
        """Return the shop as it is met through a channel from a country."""
        shop = self._shops.get((merchant, channel, country))
        if shop is None:
            shop = self._shops[merchant, channel, country] = Shop(self, merchant, channel, country)
        return shop

    def context(self, merchant: str, channel: str, country: str | None, day: date) -> Context:
        """Return the rules of a shop, as it is met through a channel from a country on a day."""
        key = (merchant, channel, country, day)
        context = self._contexts.get(key)
        if context is None:
            if len(self._contexts) > CONTEXTS_MAX:
                self._contexts.clear()
            context = self._contexts[key] = self.shop(merchant, channel, country).on(day)
        return context

    def contract(self, ref: str, version: int) -> Contract:
        """Return one version of a contract. Raises NotFound."""
        for contract in self._contracts:
            if contract.ref == ref and contract.version == version:
                return contract
        raise NotFound(
            f"The contract “{ref}”, version {version}, is not in this rulebook.",
            ref=ref,
            version=version,
        )

    def plan(self, ref: str, version: int) -> Plan:
        """Return one version of an offer, made ready. Raises NotFound."""
        plan = self._by_name.get((ref, version))
        if plan is None:
            raise NotFound(
                f"The offer “{ref}”, version {version}, is not in this rulebook.",
                ref=ref,
                version=version,
            )
        return plan

    def contract_of(
        self, kind: FunderKind, funder: str | None, merchant: str, day: date
    ) -> Contract | None:
        """Return the contract under which a funder pays for purchases at a shop on a day, the latest if several.

        For a merchant or network without name, the one that covers the shop. A brand's contract for this shop
        comes before its contract for all shops.
        """
        if funder is None:
            found = self._by_funder.get((f"shop:{kind}", merchant), ())
        else:
            found = self._by_funder.get((kind, funder), ())
        for_all = None
        for contract in found:
            if contract.valid_from <= day <= contract.valid_until:
                if contract.merchant == merchant or kind is not FunderKind.BRAND:
                    return contract
                if contract.merchant is None:
                    for_all = for_all or contract
        return for_all

    def attribution_policy(self, merchant: str, day: date) -> Policy:
        """Return how purchases at a shop on a day find their member.

        As its own contract says, else the network's that covers it, else the usual way.
        """
        for kind in (FunderKind.MERCHANT, FunderKind.NETWORK):
            contract = self.contract_of(kind, None, merchant, day)
            if contract is not None:
                return contract.attribution
        return USUAL

    def knows_funder(self, kind: FunderKind, funder: str) -> bool:
        """Tell whether a funder has or had any contract here."""
        return (kind, funder) in self._by_funder

    def path_of(self, category: str | None) -> tuple[str, ...]:
        """Return a category and its ancestors, leaf first. Raises NotFound for a tree that loops."""
        if category is None:
            return ()
        path = self._paths.get(category)
        if path is None:
            names: list[str] = []
            step: str | None = category
            while step is not None:
                names.append(step)
                if len(names) > CATEGORY_DEPTH_MAX:
                    raise NotFound(
                        f"The category “{category}” has no root: its parents loop.",
                        category=category,
                    )
                step = self._parents.get(step)
            path = self._paths[category] = tuple(names)
        return path

    def plans_for(
        self, merchant: str, sku: str | None, path: tuple[str, ...], brand: str | None
    ) -> Iterator[Plan]:
        """Yield the offers filed under a kind of product at a shop, each once, by rank."""
        keys: list[tuple[str, str]] = [("all", "")]
        if sku is not None:
            keys.append(("sku", sku))
        if brand is not None:
            keys.append(("brand", brand))
        keys += [("category", name) for name in path]
        found = {
            plan.rank: plan
            for who in (merchant, None)
            for key in keys
            for plan in self._filed.get((who, *key), ())
        }
        for rank in sorted(found):
            yield found[rank]

    def days_of_change(self, merchant: str) -> list[date]:
        """Return the days on which an offer or contract that may concern a shop starts or has just ended."""
        return sorted(self._days.get(merchant, frozenset()) | self._days.get(None, frozenset()))

    def keys_on(self, day: date) -> "CounterKeys":
        """Return the keys under which a purchase on `day` finds the member's counters."""
        keys = self._keys.get(day)
        if keys is None:
            if len(self._keys) > DAYS_MAX:
                self._keys.clear()
            keys = self._keys[day] = CounterKeys(self.counter_windows, day)
        return keys

    def make_room(self) -> None:
        """Count a new slot, and forget all of them when there are too many."""
        self._slots_left -= 1
        if self._slots_left < 0:
            self._shops.clear()
            self._contexts.clear()
            self._slots_left = SLOTS_MAX

    def _named(self) -> tuple[frozenset[str], frozenset[str]]:
        """The articles and brands that some rule tells apart; all others are alike to the rulebook."""
        choices = [plan.offer.conditions.products for plan in self._plans]
        brands = {
            contract.funder
            for contract in self._contracts
            if contract.funder_kind is FunderKind.BRAND
        }
        for contract in self._contracts:
            choices += [rate.products for rate in contract.commissions if rate.products]
            if contract.base.excluded:
                choices.append(contract.base.excluded)
        for products in choices:
            brands |= products.brands | products.not_brands
        skus = frozenset().union(*(products.skus | products.not_skus for products in choices))
        return skus, frozenset(brands)

    def _windows(self) -> dict[str, Window]:
        windows = {PROGRAMME_PURCHASES: LIFETIME}
        for contract in self._contracts:
            if contract.merchant is not None:
                windows[merchant_purchases(contract.merchant)] = LIFETIME
        for plan in self._plans:
            if plan.offer.conditions.first is First.MERCHANT:
                windows |= {
                    merchant_purchases(name): LIFETIME for name in plan.offer.conditions.merchants
                }
            windows |= plan.counters
        return windows


def _rank(offer: Offer) -> tuple[int, int, str, int]:
    """The order in which offers are worked off: base, boosts, bonuses; important ones first; by name."""
    return ("base", "boost", "bonus").index(offer.role), -offer.priority, offer.ref, offer.version


def _places(offer: Offer) -> Iterator[tuple[str | None, str, str]]:
    """Yield where an offer is filed: at each of its shops, under each name of its narrowest list of products.

    A product must meet all the lists, so one of them finds it, and the shorter shelf is the narrower list's.
    """
    products = offer.conditions.products
    named = (
        [("sku", name) for name in products.skus]
        or [("brand", name) for name in products.brands]
        or [("category", name) for name in products.categories]
        or [("all", "")]
    )
    for merchant in offer.conditions.merchants or (None,):
        for kind, name in named:
            yield merchant, kind, name


def _edges(first: date, last: date) -> set[date]:
    return {first} if last == date.max else {first, last + timedelta(days=1)}
