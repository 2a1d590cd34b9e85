"""The engine: the one place where rewards are computed.

`decide` reads like the rules: lay out the order, reckon commissions, see which offers could apply, choose, grant
within the caps, split over the funders. It is pure: it reads its arguments, changes none of them, and gives the
same decision for the same arguments. See docs/explanation/rating.md.
"""

from collections.abc import Mapping
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from cagnotte.domain.periods import LIFETIME_START
from cagnotte.domain.purchases import Purchase
from cagnotte.domain.rating.amounts import grant
from cagnotte.domain.rating.bases import Order, fully_returned, lay_out
from cagnotte.domain.rating.commissions import parts_of, reckon
from cagnotte.domain.rating.decision import (
    Award,
    CounterUse,
    Decision,
    MemberFacts,
    Part,
    new_decision,
    new_use,
)
from cagnotte.domain.rating.effects import MEASURES
from cagnotte.domain.rating.plans import Candidate, Plan
from cagnotte.domain.rating.rulebook import PROGRAMME_PURCHASES, Rulebook
from cagnotte.domain.rating.selection import choose
from cagnotte.domain.rating.shops import Context

if TYPE_CHECKING:
    from cagnotte.domain.offers import Progressive

RANK = attrgetter("rank")


def decide(
    purchase: Purchase,
    book: Rulebook,
    member: MemberFacts,
    *,
    budgets: Mapping[str, int] | None = None,
    on: date | None = None,
) -> Decision:
    """Decide what a purchase earns, who pays, and why.

    Args:
        purchase: as its source tells it; amounts in minor units of its currency, line numbers all different.
        book: the contracts and offers of the programme.
        member: what is known of the member, without this purchase.
        budgets: what is left in each offer's budget, in minor units; an offer not named has all of its own.
        on: the day whose contracts and offers hold; by default the click's or the purchase's, as the contract says.

    Raises InvalidInput when more is returned than was bought. Source: docs/explanation/rating.md.
    """
    order = open_order(purchase, book, member, budgets, on)
    return conclude(order, award_all(order))


def open_order(
    purchase: Purchase,
    book: Rulebook,
    member: MemberFacts,
    budgets: Mapping[str, int] | None = None,
    on: date | None = None,
) -> Order:
    """Lay a purchase out: its bases, and what contracts owe for it. Arguments as for `decide`."""
    day = purchase.occurred_at.date()
    context = context_of(purchase, book, on, day)
    order = Order(purchase, context, member, budgets, day)
    lay_out(order)
    if context.commissioned or purchase.commission_minor is not None:
        reckon(order)
    return order


def award_all(order: Order) -> list[Award]:
    """Find which offers apply, choose among them, and grant; nothing where the order used a coupon of others."""
    if order.purchase.coupon_codes and _uses_foreign_coupons(order):
        return []
    candidates = qualify(order)
    choose(order, candidates)
    return grant_all(order, candidates)


def conclude(order: Order, awards: list[Award]) -> Decision:
    """Split awards over their funders, and write down the whole outcome."""
    purchase, context = order.purchase, order.context
    parts = parts_of(order, awards)
    return new_decision(
        (
            purchase.currency,
            order.base_minor,
            sum([award.amount_minor for award in awards]),
            tuple(order.lines),
            tuple(awards),
            tuple(order.misses),
            parts,
            uses_of(order),
            tuple(order.budget_uses),
            contracts_read(context, parts),
            _policy_contract(context, parts),
        )
    )


def context_of(purchase: Purchase, book: Rulebook, on: date | None, bought_on: date) -> Context:
    """Return the rules that bind: those of `on`, else of the click or the purchase as the shop's contract says."""
    place = (purchase.merchant, purchase.channel, purchase.country)
    context = book.context(*place, on or bought_on)
    if context.by_click and on is None and purchase.clicked_at is not None:
        return book.context(
            *place, purchase.clicked_at.astimezone(purchase.occurred_at.tzinfo).date()
        )
    return context


def qualify(order: Order) -> dict[Plan, Candidate]:
    """Return the offers whose conditions hold and whose rate is above nothing; note the others as misses."""
    for slot, rows in order.groups.items():
        for plan, kind, funder in slot.unfunded:
            order.miss(plan, "no_contract", {"funder_kind": str(kind), "funder": funder}, rows)
    candidates = {}
    matching: set[Plan] = set().union(*[slot.matching for slot in order.groups])
    for plan in sorted(matching, key=RANK):
        for check in plan.checks:
            refusal = check(plan, order)
            if refusal is not None:
                break
        else:
            measured = MEASURES[plan.effect_name](plan, order)
            if isinstance(measured, Candidate):
                candidates[plan] = measured
                continue
            refusal = measured
        order.refuse(plan, *refusal)
    return candidates


def _uses_foreign_coupons(order: Order) -> bool:
    """Tell whether the order used codes that the shop's contract does not allow; note all its offers as misses."""
    contract = order.context.contract
    if contract is None or contract.coupons is None:
        return False
    foreign = [code for code in order.purchase.coupon_codes if code not in contract.coupons]
    if foreign:
        matching: set[Plan] = set().union(*[slot.matching for slot in order.groups])
        for plan in sorted(matching, key=RANK):
            order.refuse(plan, "foreign_coupon", {"coupons": foreign})
    return bool(foreign)


def grant_all(order: Order, candidates: dict[Plan, Candidate]) -> list[Award]:
    """Grant what was won, in the order of rank: base, boosts, bonuses."""
    awards = []
    for plan, candidate in candidates.items():
        if not candidate.won:
            continue
        award = grant(candidate, order)
        if isinstance(award, Award):
            awards.append(award)
            if plan.ceilings:
                order.draw(plan, award.amount_minor)
        else:
            rows = sorted([row for _, won in candidate.won for row in won])
            order.miss(plan, award[0], award[1], rows)
    return awards


def uses_of(order: Order) -> tuple[CounterUse, ...]:
    """Return what this purchase adds to the member's counters; a purchase of which nothing remains adds nothing."""
    base = order.base_minor
    if not base and all(fully_returned(line) for line in order.purchase.lines):
        return ()
    uses = [
        new_use((PROGRAMME_PURCHASES, LIFETIME_START, base, 1, "tracked")),
        new_use((order.context.purchases_counter, LIFETIME_START, base, 1, "tracked")),
    ]
    for name, climbs in order.climbed.items():
        effect = cast("Progressive", climbs[0].effect)
        amount = order.base_of(climbs[0])
        if len(climbs) > 1:
            amount = sum([order.bases[row] for row in order.rows_of(*climbs)])
        uses.append(new_use((name, order.keys[name][1], amount, 1, effect.counted)))
    for name, amount in order.capped.items():
        uses.append(new_use((name, order.keys[name][1], amount, 1, "tracked")))
    return tuple(uses)


def _policy_contract(context: Context, parts: tuple[Part, ...]) -> str | None:
    """The shop's contract; where it has none, that of the first funder who pays."""
    if context.contract is not None:
        return context.contract.ref
    return next((part.contract[0] for part in parts if part.contract is not None), None)


def contracts_read(context: Context, parts: tuple[Part, ...]) -> tuple[tuple[str, int], ...]:
    """Return (ref, version) of the shop's contracts and of those that the parts rest on, sorted."""
    read = context.own_contracts
    more = [
        part.contract for part in parts if part.contract is not None and part.contract not in read
    ]
    return tuple(sorted({*read, *more})) if more else read
