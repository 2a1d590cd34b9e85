"""What a shop gives at best, on any day: the figure people compare shops by.

How it is found, so that it can be checked by hand:

1. Looked at are the offers that hold at the shop on the day, are paid for by somebody with a contract, and are for
   everybody: those for a first purchase, for some members or for some cards are told apart.
2. Of these, rating's own choice is made for a purchase that meets nothing but what is asked of all, and again for one
   that also meets what one of the offers asks (its products, days, basket …): by priority, then how narrowly a
   product is named, then amount; one base, one of each exclusive group, a boost that replaces where it gives more.
   The highest of these counts, so that an offer which never gets its turn promises nothing.
3. Boosts that add are added. Bonuses count only where there is nothing else.
4. A share of a commission counts as that share of the commission that the contract sets; where the contract sets none,
   its words are told and it ranks last.
5. "Up to" is said wherever not every product, day, basket or member gets as much.

Rates and sums are compared as on an order of 100.00. See docs/explanation/finding.md.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from cagnotte.domain.contracts import ALL_PRODUCTS, Contract, FunderKind
from cagnotte.domain.money import FULL_BPS
from cagnotte.domain.offers import (
    BoostMode,
    CommissionShare,
    Conditions,
    First,
    FixedPerOrder,
    FixedPerUnit,
    NextOrderVoucher,
    Offer,
    Percent,
    Progressive,
    Role,
    Tiered,
)
from cagnotte.domain.rating.rulebook import Rulebook
from cagnotte.platform.figures import money, percent

DAY = timedelta(days=1)

COMPARED_ON_MINOR = 10_000
"""The order on which sums are compared with rates: a sum of 5.00 ranks like 5 %."""

VOUCHER_WORTH = 1
"""A voucher ranks behind all money, and before nothing."""

USUAL_DAYS = 90
"""What a shop gives most of the time is looked for in so many days."""

LOOKED_AHEAD_DAYS = 366


@dataclass(frozen=True, slots=True)
class Given:
    """What is given, as figures. worth: the higher, the more; to compare, never to show.

    rate_bps, amount_minor: one of them at most is not None; none is for a share of a commission nobody set.
    per: "" for rates, else what the amount is for: order, unit or voucher. up_to: not always as much.
    """

    worth: int
    rate_bps: int | None
    amount_minor: int | None
    per: str
    up_to: bool


Pair = tuple[Offer, Given]


class Best(NamedTuple):
    """What a shop gives at best on a day, and the offers that make it, the one to follow first."""

    given: Given
    offers: tuple[Offer, ...]

    @property
    def is_boosted(self) -> bool:
        """Whether a boost is part of it."""
        return any(offer.role is Role.BOOST for offer in self.offers)


class Since(NamedTuple):
    """From a day on, this was the best; None for nothing."""

    day: date
    given: Given | None


def words(given: Given, currency: str) -> str:
    """Say in the active language what is given, such as "up to 10%" or "€5.00 per order"."""
    if given.rate_bps is not None:
        told = percent(given.rate_bps)
    elif given.amount_minor is not None:
        amount = money(given.amount_minor, currency)
        told = {
            "order": _("{amount} per order"),
            "unit": _("{amount} per unit"),
            "voucher": _("a voucher of {amount}"),
        }[given.per].format(amount=amount)
    else:
        return _("a share of what the shop pays")
    return _("up to {rate}").format(rate=told) if given.up_to else told


def is_for_all(conditions: Conditions) -> bool:
    """Tell whether an offer asks nothing of who buys."""
    return not (conditions.segments or conditions.cards or conditions.first)


def _is_for_newcomers(conditions: Conditions) -> bool:
    is_shops_own = conditions.first is First.MERCHANT or bool(conditions.merchants)
    for_some = conditions.segments or conditions.cards
    return bool(conditions.first) and is_shops_own and not for_some


def is_narrow(conditions: Conditions) -> bool:
    """Tell whether a purchase at the shop may miss an offer by what, when, where or how it is bought."""
    asked = (
        conditions.products != ALL_PRODUCTS,
        conditions.channels,
        conditions.countries,
        conditions.weekdays,
        conditions.hours,
        conditions.minimum_basket_minor,
        conditions.minimum_quantity > 1,
        conditions.coupon,
        conditions.not_segments,
    )
    return any(asked)


class RateBook:
    """What the shops of a programme give, by all versions of its contracts and offers, each with its days."""

    def __init__(self, contracts: Iterable[Contract], offers: Iterable[Offer]) -> None:
        told, agreed = list(offers), list(contracts)
        self.rules = Rulebook(agreed, told, {})
        self._everywhere = [offer for offer in told if not offer.conditions.merchants]
        self._named: dict[str, list[Offer]] = {}
        for offer in told:
            for merchant in offer.conditions.merchants:
                self._named.setdefault(merchant, []).append(offer)
        self._days = _days_of_change(agreed, told)

    def days_of_change(self, merchant: str) -> list[date]:
        """Return the days on which what a shop gives may change, in order.

        Fewer than the rulebook's, which says of every contract that it may concern every shop: among thousands of
        shops that makes the difference.
        """
        return sorted(self._days.get(merchant, set()) | self._days.get(None, set()))

    def holding(self, merchant: str, day: date) -> list[Offer]:
        """Return the offers that hold at a shop on a day and have somebody to pay for them, by reference."""
        found = (
            offer
            for offer in (*self._named.get(merchant, ()), *self._everywhere)
            if offer.valid_from <= day <= offer.valid_until
            and merchant not in offer.conditions.not_merchants
            and self._is_funded(offer, merchant, day)
        )
        return sorted(found, key=lambda offer: offer.ref)

    def given(self, offer: Offer, merchant: str, day: date) -> Given:
        """Return what an offer gives at most at a shop where it holds on a day."""
        narrow = is_narrow(offer.conditions)
        effect = offer.effect
        match effect:
            case Percent(rate_bps):
                return Given(rate_bps, rate_bps, None, "", narrow)
            case Tiered(tiers) | Progressive(tiers):
                highest = max(tier.rate_bps for tier in tiers)
                return Given(highest, highest, None, "", narrow or len(tiers) > 1)
            case FixedPerOrder(amount_minor):
                return _sum(amount_minor, "order", up_to=narrow)
            case FixedPerUnit(amount_minor):
                return _sum(amount_minor, "unit", up_to=narrow)
            case NextOrderVoucher(amount_minor):
                return Given(VOUCHER_WORTH, None, amount_minor, "voucher", up_to=False)
            case CommissionShare(share_bps):
                return self._share(offer, share_bps, merchant, day)

    def best(self, merchant: str, day: date) -> Best | None:
        """Return what a shop gives at best to everybody on a day; None for nothing."""
        standing = [
            (offer, self.given(offer, merchant, day))
            for offer in self.holding(merchant, day)
            if is_for_all(offer.conditions)
        ]
        wide: list[Pair] = []
        narrow: dict[Conditions, list[Pair]] = {}
        for pair in standing:
            asked = pair[0].conditions
            (narrow.setdefault(asked, []) if is_narrow(asked) else wide).append(pair)
        found = _best_of(wide)
        for met in narrow.values():
            more = _best_of([*wide, *met])
            if more and (found is None or more.given.worth > found.given.worth):
                found = Best(replace(more.given, up_to=True), more.offers)
        return found

    def first(self, merchant: str, day: date) -> Given | None:
        """Return what a first purchase at a shop gets at most, where an offer is made for it; None where none is.

        A welcome that the programme gives at any shop is no shop's own, and does not count.
        """
        found = _highest(
            (offer, self.given(offer, merchant, day))
            for offer in self.holding(merchant, day)
            if _is_for_newcomers(offer.conditions)
        )
        return found[1] if found else None

    def until(self, merchant: str, day: date) -> date | None:
        """Return the last day on which a shop gives as much as on this day; None where no end is known."""
        now = self.best(merchant, day)
        if now is None:
            return None
        days = self.days_of_change(merchant)
        for change in days[bisect_right(days, day) :]:
            if change - day > timedelta(days=LOOKED_AHEAD_DAYS):
                break
            then = self.best(merchant, change)
            if then is None or then.given.worth < now.given.worth:
                return change - DAY
        return None

    def history(self, merchant: str, first: date, last: date) -> list[Since]:
        """Return what a shop gave at best from `first` to `last`, one entry for each change, the first on `first`."""
        found: list[Since] = []
        days = self.days_of_change(merchant)
        for day in (first, *(one for one in days if first < one <= last)):
            best = self.best(merchant, day)
            given = best.given if best else None
            if not found or found[-1].given != given:
                found.append(Since(day, given))
        return found

    def usual(self, merchant: str, day: date) -> Given | None:
        """Return the lower rate that a shop gave on most of the days before, where today's is higher; else None."""
        now = self.best(merchant, day)
        if now is None:
            return None
        first = day - timedelta(days=USUAL_DAYS)
        told = self.history(merchant, first, day - DAY)
        ends = [*(since.day for since in told[1:]), day]
        lasted: Counter[Given] = Counter()
        for since, end in zip(told, ends, strict=True):
            if since.given is not None:
                lasted[since.given] += (end - since.day).days
        longest = max(lasted, key=lambda given: (lasted[given], given.worth), default=None)
        return longest if longest and longest.worth < now.given.worth else None

    def contract(self, merchant: str, day: date) -> Contract | None:
        """Return the contract by which a shop works with the programme on a day: its own, else its network's."""
        for kind in (FunderKind.MERCHANT, FunderKind.NETWORK):
            found = self.rules.contract_of(kind, None, merchant, day)
            if found is not None:
                return found
        return None

    def _is_funded(self, offer: Offer, merchant: str, day: date) -> bool:
        return all(
            share.kind is FunderKind.PROGRAMME
            or self._payers(offer, share.kind, share.ref, merchant, day)
            for share in offer.funding
        )

    def _payers(
        self, offer: Offer, kind: FunderKind, ref: str | None, merchant: str, day: date
    ) -> list[Contract]:
        """Return the contracts under which one funder of an offer may pay at a shop."""
        names: Iterable[str | None] = [ref]
        if kind is FunderKind.BRAND and ref is None:
            names = offer.conditions.products.brands
        found = (self.rules.contract_of(kind, name, merchant, day) for name in names)
        return [contract for contract in found if contract is not None]

    def _share(self, offer: Offer, share_bps: int, merchant: str, day: date) -> Given:
        commissions = {
            commission
            for share in offer.funding
            for contract in self._payers(offer, share.kind, share.ref, merchant, day)
            for commission in contract.commissions
        }
        narrow = is_narrow(offer.conditions) or len(commissions) > 1
        rate_bps = max((one.rate_bps for one in commissions), default=0) * share_bps // FULL_BPS
        if rate_bps:
            return Given(rate_bps, rate_bps, None, "", narrow)
        fixed = max((one.fixed_minor for one in commissions), default=0) * share_bps // FULL_BPS
        return _sum(fixed, "order", up_to=narrow) if fixed else Given(0, None, None, "", up_to=True)


def _days_of_change(
    contracts: Iterable[Contract], offers: Iterable[Offer]
) -> dict[str | None, set[date]]:
    """Return the days on which something starts or has just ended, by the shop concerned; None = all shops."""
    days: dict[str | None, set[date]] = {}
    payers = {(share.kind, share.ref) for offer in offers for share in offer.funding if share.ref}
    for contract in contracts:
        # A funder whom an offer names may pay at any shop.
        is_named = (contract.funder_kind, contract.funder) in payers
        concerned = (
            None if is_named or contract.funder_kind is FunderKind.BRAND else contract.merchant
        )
        days.setdefault(concerned, set()).update(_edges(contract.valid_from, contract.valid_until))
    for offer in offers:
        for merchant in offer.conditions.merchants or (None,):
            days.setdefault(merchant, set()).update(_edges(offer.valid_from, offer.valid_until))
    return days


def _edges(first: date, last: date) -> set[date]:
    return {first} if last == date.max else {first, last + DAY}


def _sum(amount_minor: int, per: str, *, up_to: bool) -> Given:
    return Given(amount_minor * FULL_BPS // COMPARED_ON_MINOR, None, amount_minor, per, up_to)


def _importance(pair: Pair) -> tuple[int, int, int, int, str]:
    """Return the key by which rating lets the more important go first; see `domain.rating.selection`."""
    offer, given = pair
    products = offer.conditions.products
    narrowness = (
        8 * bool(products.skus)
        + 4 * bool(products.brands)
        + 2 * bool(products.categories)
        + bool(offer.conditions.merchants)
    )
    stage = (Role.BASE, Role.BOOST, Role.BONUS).index(offer.role)
    return -offer.priority, -narrowness, -given.worth, stage, offer.ref


def _highest(pairs: Iterable[Pair]) -> Pair | None:
    return max(pairs, key=lambda pair: pair[1].worth, default=None)


def _best_of(met: Iterable[Pair]) -> Best | None:
    """Return what the offers that a purchase meets give it together."""
    told = list(met)
    parts = _chosen(pair for pair in told if pair[0].role is not Role.BONUS)
    if not parts:
        bonus = _highest(pair for pair in told if pair[0].role is Role.BONUS)
        parts = [bonus] if bonus else []
    if not parts:
        return None
    # The offer that takes the base's place is the one to follow to the shop.
    parts.sort(key=_adds)
    return Best(_together(parts), tuple(offer for offer, _ in parts))


def _chosen(met: Iterable[Pair]) -> list[Pair]:
    """Return the offers that get their turn, settling a base against the boost that would replace it."""
    field = sorted(met, key=_importance)
    while True:
        won = _seated(field)
        base = next((pair for pair in won if pair[0].role is Role.BASE), None)
        better = next((pair for pair in won if _replaces(pair)), None)
        if base is None or better is None:
            return won
        if better[1].worth > base[1].worth:
            field = [pair for pair in field if pair[0].role is not Role.BASE]
        else:
            field.remove(better)


def _seated(field: Iterable[Pair]) -> list[Pair]:
    """Return those who find their places free, the most important first: one base, one of each exclusive group."""
    taken: set[str] = set()
    won = []
    for pair in field:
        offer = pair[0]
        seats = {f"group {offer.group}"} if offer.group else set()
        if not _adds(pair):
            seats.add("replace" if _replaces(pair) else "base")
        if not seats & taken:
            taken |= seats
            won.append(pair)
    return won


def _replaces(pair: Pair) -> bool:
    return pair[0].role is Role.BOOST and pair[0].mode is BoostMode.REPLACE


def _adds(pair: Pair) -> bool:
    return pair[0].role is Role.BOOST and pair[0].mode is BoostMode.ADD


def _together(parts: list[Pair]) -> Given:
    """Return what several offers give together: the sum of their rates; of a rate and a sum the one worth more."""
    rates = [given for _, given in parts if given.rate_bps is not None]
    highest = max((given for _, given in parts), key=lambda given: given.worth)
    if not rates:
        return highest
    rate_bps = min(sum(given.rate_bps or 0 for given in rates), FULL_BPS)
    added = Given(rate_bps, rate_bps, None, "", any(given.up_to for given in rates))
    return max(added, highest, key=lambda given: given.worth)
