"""Effects: what an offer gives on the rows it matches, as an exact fraction of their weights.

Each function answers a `Candidate`, or why the effect gives nothing. No amount is rounded here.
"""

from collections.abc import Callable
from math import prod
from typing import cast

from cagnotte.domain.offers import (
    CommissionShare,
    FixedPerOrder,
    FixedPerUnit,
    NextOrderVoucher,
    Percent,
    Progressive,
    Tier,
    Tiered,
)  # fmt: skip
from cagnotte.domain.rating.bases import Order
from cagnotte.domain.rating.conditions import Refusal
from cagnotte.domain.rating.decision import Facts
from cagnotte.domain.rating.plans import Candidate, Plan

BPS = 10_000
"""Basis points in one."""

Measured = Candidate | Refusal


def percent(plan: Plan, _order: Order) -> Measured:
    """The same share of each row's base."""
    rate = cast("Percent", plan.effect).rate_bps
    return Candidate(plan, rate, BPS, rate)


def tiered(plan: Plan, order: Order) -> Measured:
    """A rate by the base of all matching rows, on the whole or slice by slice."""
    effect = cast("Tiered", plan.effect)
    amount = order.base_of(plan)
    facts: Facts = {**plan.facts, "order_minor": amount}
    rate = _climb(effect.tiers, amount, "short_minor", facts)
    if not rate:
        return "below_first_tier", facts
    if effect.whole:
        return Candidate(plan, rate, BPS, rate, facts)
    facts["slices"] = slices = _slices(effect.tiers, amount)
    total = sum([size * slice_rate for size, slice_rate in slices])
    return Candidate(plan, total, BPS * amount, rate, facts)


def progressive(plan: Plan, order: Order) -> Measured:
    """A rate by what the member has bought before, this purchase apart."""
    effect = cast("Progressive", plan.effect)
    name = cast("str", plan.spend_name)
    order.climbed.setdefault(name, []).append(plan)
    amount, times = order.counted(name, effect.window)
    if effect.by == "amount":
        facts: Facts = {**plan.facts, "cumulated_minor": amount}
        rate = _climb(effect.tiers, amount, "short_minor", facts)
    else:
        facts = {**plan.facts, "cumulated_purchases": times}
        rate = _climb(effect.tiers, times, "short_purchases", facts)
    return Candidate(plan, rate, BPS, rate, facts) if rate else ("below_first_tier", facts)


def _climb(tiers: tuple[Tier, ...], value: int, short: str, facts: Facts) -> int:
    """Return the rate of the tier reached; note that tier, and what the next one lacks, in the facts."""
    reached = tiers[0]
    for tier in tiers:
        if tier.from_value > value:
            facts["next_tier_from"] = tier.from_value
            facts[short] = tier.from_value - value
            facts["next_rate_bps"] = tier.rate_bps
            break
        reached = tier
    facts["tier_from"] = reached.from_value
    return reached.rate_bps


def _slices(tiers: tuple[Tier, ...], amount: int) -> list[list[int]]:
    """Cut an amount at the tiers: [[minor units in the slice, its rate in bps], …]."""
    ends = [tier.from_value for tier in tiers[1:]]
    slices = []
    for tier, end in zip(tiers, [*ends, amount], strict=True):
        size = min(end, amount) - tier.from_value
        if size <= 0:
            break
        slices.append([size, tier.rate_bps])
    return slices


def fixed_per_order(plan: Plan, order: Order) -> Measured:
    """A fixed sum, at most the base of the matching rows, spread over them by base."""
    asked = cast("FixedPerOrder", plan.effect).amount_minor
    base = order.base_of(plan)
    return Candidate(plan, min(asked, base), base, 0, {**plan.facts, "fixed_minor": asked})


def next_order_voucher(plan: Plan, order: Order) -> Measured:
    """A voucher of a fixed value, whatever this order's amount."""
    value = cast("NextOrderVoucher", plan.effect).amount_minor
    base = order.base_of(plan)
    return Candidate(plan, value, base, 0, {**plan.facts, "fixed_minor": value})


def fixed_per_unit(plan: Plan, order: Order) -> Measured:
    """A fixed sum for each unit that remains, at most the row's base."""
    each = cast("FixedPerUnit", plan.effect).amount_minor
    rows = order.rows_of(plan)
    weights = [0] * len(order.bases)
    for row in rows:
        weights[row] = min(order.units_of(row) * each, order.bases[row])
    units = sum([order.units_of(row) for row in rows])
    candidate = Candidate(plan, 1, 1, 0, {**plan.facts, "unit_minor": each, "units": units})
    candidate.weights = weights
    return candidate


def commission_share(plan: Plan, order: Order) -> Measured:
    """A share of the commission that the matching rows bring, from whichever contracts pay it."""
    share = cast("CommissionShare", plan.effect).share_bps
    payers = _payers(plan, order)
    shared = {
        key: order.commissions[key]
        for key in sorted(set(payers.values()))
        if key in order.commissions
    }
    if not any(commission.total_minor for commission in shared.values()):
        return "no_commission", {}
    by_payer = {key: commission.weights(order.bases) for key, commission in shared.items()}
    sums = {key: sum(weights.values()) for key, weights in by_payer.items()}
    # One common denominator, so that shares of several commissions still add up exactly.
    parts = prod(sums.values())
    weights = [0] * len(order.bases)
    for row, payer in payers.items():
        if payer in shared:
            weights[row] = (
                shared[payer].total_minor * by_payer[payer].get(row, 0) * (parts // sums[payer])
            )
    total = sum(weights)
    facts = {**plan.facts, "share_bps": share, "commission_minor": total // parts}
    candidate = Candidate(plan, share, BPS * parts, 0, facts)
    candidate.weights = weights
    return candidate


def _payers(plan: Plan, order: Order) -> dict[int, tuple[str, str]]:
    """For each row an offer matches, the funder whose commission it shares: the first that is not the programme."""
    payers = {}
    for slot, rows in order.groups.items():
        for entry in slot.entries:
            if entry.plan is plan:
                payer = next(
                    ((kind, ref) for kind, ref, _ in entry.funders if kind != "programme"), ("", "")
                )
                payers.update(dict.fromkeys(rows, payer))
    return payers


MEASURES: dict[str, Callable[[Plan, Order], Measured]] = {
    "percent": percent,
    "tiered": tiered,
    "progressive": progressive,
    "fixed_per_order": fixed_per_order,
    "fixed_per_unit": fixed_per_unit,
    "commission_share": commission_share,
    "voucher": next_order_voucher,
}
"""How each effect is measured, by its name in a decision."""
