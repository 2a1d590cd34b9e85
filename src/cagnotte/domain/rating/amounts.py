"""From exact fractions to amounts: the one rounding, caps, and the split over funders and lines.

`round_half_up` and `spread` give what `money.divide` and `money.allocate` give, for the amounts met here (none
below zero); they are written out because rating spends a third of its time in them. A test holds them equal.
"""

from cagnotte.domain.money import MINOR_MAX
from cagnotte.domain.offers import NextOrderVoucher
from cagnotte.domain.rating.bases import Order
from cagnotte.domain.rating.conditions import Refusal
from cagnotte.domain.rating.decision import Award
from cagnotte.domain.rating.plans import Candidate, Plan

BPS = 10_000

Funders = tuple[tuple[str, str, int], ...]
Bill = tuple[str, str, int, list[int]]
"""(funder kind, funder, share in bps, rows it pays for)."""


def round_half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator to the nearest integer, a half upwards; neither is below zero."""
    return (2 * numerator + denominator) // (2 * denominator)


def spread(total: int, weights: list[int]) -> list[int]:
    """Split `total` by weights, which do not sum to zero: largest remainder, ties to the earlier."""
    weight_sum = sum(weights)
    shares = [total * weight for weight in weights]
    parts = [share // weight_sum for share in shares]
    missing = total - sum(parts)
    if missing:
        rests = [share % weight_sum for share in shares]
        # A stable sort in reverse keeps equal remainders in the order of their lines.
        for row in sorted(range(len(rests)), key=rests.__getitem__, reverse=True)[:missing]:
            parts[row] += 1
    return parts


def grant(candidate: Candidate, order: Order) -> Award | Refusal:
    """Turn what a candidate won into an award: round once per funder, cap, split over funders and lines.

    Answers why when nothing is left.
    """
    plan = candidate.plan
    weights, rate, parts = candidate.weights or order.bases, candidate.rate, candidate.parts
    bills = _bills(candidate.won)
    exact = [[weights[row] * rate for row in rows] for _, _, _, rows in bills]
    amounts = uncapped = _round(plan, bills, exact, parts)
    cap = None
    if plan.line_cap is not None:
        highest = plan.line_cap * parts
        exact = [[min(each, highest) for each in numerators] for numerators in exact]
        amounts = _round(plan, bills, exact, parts)
        cap = "line" if amounts != uncapped else None
    total = sum(amounts)
    if plan.purchase_cap is not None or plan.cap is not None or plan.budget_minor is not None:
        room, nearest = _room(plan, order)
        if room < total:
            amounts, total, cap = spread(room, amounts), room, nearest
    if not total:
        return cap or "zero", dict(candidate.facts)
    bases = order.bases
    rows, by_row = _by_row(bills, exact, amounts)
    effect = plan.effect
    return Award(
        plan.ref,
        plan.version,
        plan.effect_name,
        candidate.rate_bps,
        sum([bases[row] for row in rows]),
        sum(uncapped),
        total,
        cap,
        tuple(
            [
                (bill[0], bill[1], amount)
                for bill, amount in zip(bills, amounts, strict=True)
                if amount
            ]
        ),
        tuple(zip(order.numbers(rows), by_row, strict=True)),
        candidate.facts,
        (effect.minimum_basket_minor, effect.valid_days)
        if isinstance(effect, NextOrderVoucher)
        else None,
    )


def _bills(won: list[tuple[Funders, list[int]]]) -> list[Bill]:
    """Gather, for each funder, the rows it pays for and its share of them."""
    funders, rows = won[0]
    if len(won) > 1:
        if any(others != funders for others, _ in won):
            return _bills_apart(won)
        rows = sorted([row for _, some in won for row in some])
    return [(kind, ref, share_bps, rows) for kind, ref, share_bps in funders]


def _bills_apart(won: list[tuple[Funders, list[int]]]) -> list[Bill]:
    """The same, where lines have different funders: a brand pays for its own products alone."""
    found: dict[tuple[str, str, int], list[int]] = {}
    for funders, rows in won:
        for funder in funders:
            found.setdefault(funder, []).extend(rows)
    return [(*funder, sorted(rows)) for funder, rows in sorted(found.items())]


def _round(plan: Plan, bills: list[Bill], exact: list[list[int]], parts: int) -> list[int]:
    """Round once for each funder: half up, a share of a commission down."""
    if plan.rounds_down:
        return [
            sum(each) * bill[2] // (parts * BPS) for bill, each in zip(bills, exact, strict=True)
        ]
    return [
        round_half_up(sum(each) * bill[2], parts * BPS)
        for bill, each in zip(bills, exact, strict=True)
    ]


def _room(plan: Plan, order: Order) -> tuple[int, str]:
    """Return the least that a ceiling still leaves, and which ceiling: purchase, then member, then budget."""
    room, nearest = MINOR_MAX, ""
    if plan.purchase_cap is not None:
        room, nearest = plan.purchase_cap, "purchase"
    if plan.cap is not None and plan.cap.amount_minor is not None:
        name = plan.cap_name or ""
        used = order.counted(name, plan.cap.window)[0] + order.capped.get(name, (plan, 0))[1]
        left = max(plan.cap.amount_minor - used, 0)
        if left < room:
            room, nearest = left, "member_cap"
    if plan.budget_minor is not None:
        left = (
            plan.budget_minor
            if order.budgets is None
            else max(order.budgets.get(plan.ref, plan.budget_minor), 0)
        )
        if left < room:
            room, nearest = left, "budget"
    return room, nearest


def _by_row(
    bills: list[Bill], exact: list[list[int]], amounts: list[int]
) -> tuple[list[int], list[int]]:
    """Split each funder's amount over its rows, by largest remainder, and add up what each row gets."""
    if len(bills) == 1:
        return bills[0][3], spread(amounts[0], exact[0])
    total: dict[int, int] = {}
    for bill, numerators, amount in zip(bills, exact, amounts, strict=True):
        for row, minor in zip(bill[3], spread(amount, numerators), strict=True):
            total[row] = total.get(row, 0) + minor
    rows = sorted(total)
    return rows, [total[row] for row in rows]
