"""From exact fractions to amounts: the one rounding, caps, and the split over funders and lines.

`round_half_up` and `spread` give what `money.divide` and `money.allocate` give, for the amounts met here (none
below zero); they are written out because rating spends a third of its time in them. A test holds them equal.
"""

from collections.abc import Sequence

from cagnotte.domain.money import MINOR_MAX
from cagnotte.domain.rating.bases import Order
from cagnotte.domain.rating.conditions import Refusal
from cagnotte.domain.rating.decision import Award, new_award
from cagnotte.domain.rating.plans import Candidate, Plan

BPS = 10_000

Funders = tuple[tuple[str, str, int], ...]
Bill = tuple[str, str, int, list[int]]
"""(funder kind, funder, share in bps, rows it pays for)."""

EMPTY: dict[str | None, str] = {"member": "member_cap", "budget": "budget"}
"""The reason when a ceiling leaves nothing; an award may also round to "zero"."""


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


def share_out(total: int, exact: list[int], parts: int) -> list[int]:
    """Split a rounded total over exact shares, given as numerators over `parts`.

    Each gets its whole units; the units that rounding left go to the largest remainders, ties to the earlier.
    """
    if len(exact) == 1:
        return [total]
    shares = [each // parts for each in exact]
    missing = total - sum(shares)
    if missing:
        rests = [each % parts for each in exact]
        for row in sorted(range(len(rests)), key=rests.__getitem__, reverse=True)[:missing]:
            shares[row] += 1
    return shares


def grant(candidate: Candidate, order: Order) -> Award | Refusal:
    """Turn what a candidate won into an award: round once per funder, cap, split over funders and lines.

    Answers why when nothing is left.
    """
    plan, won = candidate.plan, candidate.won
    funders, rows = won[0]
    if len(won) > 1:
        for others, _ in won:
            if others is not funders:
                return _grant_shared(candidate, order, _bills_apart(won))
        rows = (
            order.rows
            if len(won) == len(order.groups)
            else sorted([row for _, some in won for row in some])
        )
    if len(funders) > 1 or plan.line_cap is not None:
        return _grant_shared(candidate, order, [(*funder, rows) for funder in funders])
    # From here on, the ordinary case: one funder, no ceiling per line.
    weights, rate, parts = candidate.weights or order.bases, candidate.rate, candidate.parts
    # Most often all rows are meant: then columns are taken as they are.
    columns = weights if len(rows) == len(weights) else [weights[row] for row in rows]
    exact = [weight * rate for weight in columns]
    numerator = sum(exact)
    uncapped = numerator // parts if plan.rounds_down else (2 * numerator + parts) // (2 * parts)
    total, cap = _under_ceilings(plan, order, uncapped, None) if plan.ceilings else (uncapped, None)
    if not total:
        return EMPTY.get(cap, "zero"), candidate.facts
    by_row = share_out(total, exact, parts) if cap is None else spread(total, exact)
    kind, ref, _ = funders[0]
    return _award(candidate, order, (uncapped, total, cap, ((kind, ref, total),)), rows, by_row)


Totals = tuple[int, int, str | None, tuple[tuple[str, str, int], ...]]
"""(before ceilings, what is given, the ceiling that cut it, by funder)."""


def _award(
    candidate: Candidate, order: Order, totals: Totals, rows: Sequence[int], by_row: list[int]
) -> Award:
    plan, numbers = candidate.plan, order.numbers
    base = order.base_minor if rows is order.rows else sum([order.bases[row] for row in rows])
    shown = numbers if len(rows) == len(numbers) else [numbers[row] for row in rows]
    lines = tuple(zip(shown, by_row))  # noqa: B905  # strict costs, and they are equal
    given = (plan.ref, plan.version, plan.effect_name, candidate.rate_bps, base, *totals)
    return new_award((*given, lines, candidate.facts, plan.voucher))


def _grant_shared(candidate: Candidate, order: Order, bills: list[Bill]) -> Award | Refusal:
    """Grant what several funders share or a ceiling per line may cut: each funder is rounded alone."""
    plan = candidate.plan
    parts = candidate.parts * BPS
    found = [_exact(candidate, order, bill) for bill in bills]
    uncapped = sum([_round(plan, reached, parts) for _, reached in found])
    amounts = [_round(plan, sum(exact), parts) for exact, _ in found]
    full = sum(amounts)
    total, cap = _under_ceilings(plan, order, full, "line" if full < uncapped else None)
    if not total:
        return EMPTY.get(cap, "zero"), candidate.facts
    cut = total < full
    if cut:
        amounts = spread(total, amounts)
    by_row: dict[int, int] = {}
    for bill, (exact, _), amount in zip(bills, found, amounts, strict=True):
        for row, minor in zip(bill[3], _split(amount, exact, parts, cut=cut), strict=True):
            by_row[row] = by_row.get(row, 0) + minor
    paid = [
        (bill[0], bill[1], amount) for bill, amount in zip(bills, amounts, strict=True) if amount
    ]
    rows = sorted(by_row)
    totals = (uncapped, total, cap, tuple(paid))
    return _award(candidate, order, totals, rows, [by_row[row] for row in rows])


def _split(amount: int, exact: list[int], parts: int, *, cut: bool) -> list[int]:
    """Split what a funder gives over its rows: in proportion where a ceiling cut it, else by their exact shares."""
    if not amount:
        return [0] * len(exact)
    return spread(amount, exact) if cut else share_out(amount, exact, parts)


def _exact(candidate: Candidate, order: Order, bill: Bill) -> tuple[list[int], int]:
    """What a funder pays on its rows, as numerators under the ceiling per line, and their sum without it."""
    _, _, share_bps, rows = bill
    weights, factor = candidate.weights or order.bases, candidate.rate * share_bps
    exact = [weights[row] * factor for row in rows]
    reached = sum(exact)
    if candidate.plan.line_cap is not None:
        highest = candidate.plan.line_cap * candidate.parts * share_bps
        exact = [min(each, highest) for each in exact]
    return exact, reached


def _bills_apart(won: list[tuple[Funders, list[int]]]) -> list[Bill]:
    """What each funder pays for, where lines have different funders: a brand pays for its own products alone."""
    found: dict[tuple[str, str, int], list[int]] = {}
    for funders, rows in won:
        for funder in funders:
            found.setdefault(funder, []).extend(rows)
    return [(*funder, sorted(rows)) for funder, rows in sorted(found.items())]


def _round(plan: Plan, numerator: int, parts: int) -> int:
    """Round once: half up, a share of a commission down."""
    return numerator // parts if plan.rounds_down else (2 * numerator + parts) // (2 * parts)


def _under_ceilings(
    plan: Plan, order: Order, total: int, cap: str | None
) -> tuple[int, str | None]:
    if plan.ceilings:
        room, nearest = _room(plan, order)
        if room < total:
            return room, nearest
    return total, cap


def _room(plan: Plan, order: Order) -> tuple[int, str]:
    """Return the least that a ceiling still leaves, and which ceiling: purchase, then member, then budget."""
    room, nearest = MINOR_MAX, ""
    if plan.purchase_cap is not None:
        room, nearest = plan.purchase_cap, "purchase"
    if plan.cap is not None and plan.cap.amount_minor is not None:
        name = plan.cap_name or ""
        used = order.used[name] + order.capped.get(name, 0)
        left = max(plan.cap.amount_minor - used, 0)
        if left < room:
            room, nearest = left, "member"
    if plan.budget_minor is not None:
        left = (
            plan.budget_minor
            if order.budgets is None
            else max(order.budgets.get(plan.ref, plan.budget_minor), 0)
        )
        if left < room:
            room, nearest = left, "budget"
    return room, nearest
