"""Selection: of the offers that could apply, which ones do.

Line by line, offers are met in the order of priority, then specificity, then amount, then name. The first base
offer is the line's base; boosts join it; of an exclusive group only the first stays. A boost that replaces takes
the base's place where it gives more. Offers on the order as a whole then compete with what the lines have.
See docs/explanation/rating.md#the-choice.
"""

from collections.abc import Iterable
from typing import NamedTuple

from cagnotte.domain.rating.bases import Order
from cagnotte.domain.rating.plans import Candidate, Plan
from cagnotte.domain.rating.shops import Entry, Slot

Candidates = dict[Plan, Candidate]

WORTH_SCALE = 10**8
"""Worths are compared as minor units per minor unit of base, times this."""


def choose(order: Order, candidates: Candidates) -> None:
    """Give each candidate the rows it wins (`Candidate.won`), and note who lost against whom."""
    wholes = False
    for slot, rows in order.groups.items():
        if slot.by_amount:
            _choose_by_amount(order, slot, rows, candidates)
        else:
            _walk(order, rows, slot.contenders, candidates)
        if slot.wholes:
            wholes = True
    for (loser, winner), rows in order.losses.items():
        order.miss(loser, "beaten", {"by": winner.ref}, sorted(rows))
    if wholes:
        _choose_wholes(order, candidates)


def _walk(
    order: Order, rows: list[int], contenders: Iterable[Entry], candidates: Candidates
) -> None:
    """Let the contenders take their places, the most important first; those who find theirs taken are beaten."""
    taken: dict[str, Plan] = {}
    for plan, funders, _ in contenders:
        candidate = candidates.get(plan)
        if candidate is None:
            continue
        for seat in plan.seats:
            if seat in taken:
                _beaten(order, plan, taken[seat], rows)
                break
        else:
            for seat in plan.seats:
                taken[seat] = plan
            candidate.won.append((funders, rows))


def _choose_by_amount(order: Order, slot: Slot, rows: list[int], candidates: Candidates) -> None:
    """Decide a slot where amounts matter: once for all its rows, or row by row where they depend on the row."""
    standing = [entry for entry in slot.contenders if entry.plan in candidates]
    for some in [[row] for row in rows] if slot.by_row else [rows]:
        worth = {entry.plan: _worth(order, candidates[entry.plan], some[0]) for entry in standing}
        field = sorted(standing, key=lambda one: _importance(one, worth[one.plan]))
        _walk(order, some, _replace(order, some, field, worth), candidates)


def _importance(entry: Entry, worth: int) -> tuple[int, int, int, int]:
    return -entry.plan.priority, -entry.specificity, -worth, entry.plan.rank


def _worth(order: Order, candidate: Candidate, row: int) -> int:
    """What a candidate gives on a row, per unit of its base, times WORTH_SCALE."""
    if candidate.weights is None:
        return candidate.rate * WORTH_SCALE // candidate.parts
    return (
        candidate.weights[row]
        * candidate.rate
        * WORTH_SCALE
        // (candidate.parts * order.bases[row])
    )


def _replace(
    order: Order, rows: list[int], field: list[Entry], worth: dict[Plan, int]
) -> list[Entry]:
    """Settle each base against the boost that would replace it, and return the field without the losers.

    The places are taken anew each time, because the loser may have kept others of its exclusive group away.
    """
    while True:
        taken: dict[str, Plan] = {}
        for plan, _, _ in field:
            if not any(seat in taken for seat in plan.seats):
                taken.update(dict.fromkeys(plan.seats, plan))
        base, better = taken.get("base"), taken.get("replace")
        if base is None or better is None:
            return field
        if worth[better] > worth[base]:
            _beaten(order, base, better, rows)
            field = [entry for entry in field if not entry.plan.base_role]
        else:
            _beaten(order, better, base, rows)
            field = [entry for entry in field if entry.plan is not better]


def _beaten(order: Order, loser: Plan, winner: Plan, rows: list[int]) -> None:
    known = order.losses.get((loser, winner))
    order.losses[loser, winner] = rows if known is None else known + rows


def _choose_wholes(order: Order, candidates: Candidates) -> None:
    """Settle the offers on the order as a whole, most important first: base, boosts, then bonuses."""
    reach: dict[Plan, list[tuple[Entry, list[int]]]] = {}
    for slot, rows in order.groups.items():
        for entry in slot.wholes:
            if entry.plan in candidates:
                reach.setdefault(entry.plan, []).append((entry, rows))
    wholes = []
    for plan, parts in reach.items():
        candidate = candidates[plan]
        amount = _amount(candidate, order, [row for _, rows in parts for row in rows])
        wholes.append(
            Whole(candidate, max([entry.specificity for entry, _ in parts]), parts, amount)
        )
    wholes.sort(key=Whole.importance)
    bonuses: dict[str, Plan] = {}
    for one in wholes:
        plan = one.candidate.plan
        if not plan.bonus:
            winner = _contest(order, candidates, one)
        else:
            winner = bonuses.setdefault(plan.group, plan) if plan.group else None
        if winner is None or winner is plan:
            one.candidate.won = [(entry.funders, rows) for entry, rows in one.parts]
        else:
            order.refuse(plan, "beaten", {"by": winner.ref})


class Whole(NamedTuple):
    """A candidate on the order as a whole: how specific, on which slots, for how much (times WORTH_SCALE)."""

    candidate: Candidate
    specificity: int
    parts: list[tuple[Entry, list[int]]]
    amount: int

    def importance(self) -> tuple[int, int, int, int, int]:
        """Return the key by which the more important sorts first."""
        plan = self.candidate.plan
        return plan.stage, -plan.priority, -self.specificity, -self.amount, plan.rank


def _amount(candidate: Candidate, order: Order, rows: Iterable[int]) -> int:
    """What a candidate comes to on some rows, times WORTH_SCALE."""
    weights = candidate.weights or order.bases
    return sum([weights[row] for row in rows]) * candidate.rate * WORTH_SCALE // candidate.parts


def _contest(order: Order, candidates: Candidates, one: Whole) -> Plan | None:
    """Weigh a whole offer against what its lines already have: return the winner, or take their place.

    A base stands against bases, by importance; a boost that replaces, by amount alone; an exclusive group
    stands against its own members, by importance.
    """
    plan = one.candidate.plan
    rows = frozenset(order.rows_of(plan))
    rivals: dict[Plan, list[int]] = {}
    for candidate in candidates.values():
        rival = candidate.plan
        common = sorted([row for _, won in candidate.won for row in won if row in rows])
        if common and _compete(plan, rival):
            rivals[rival] = common
    theirs = sum([_amount(candidates[rival], order, common) for rival, common in rivals.items()])
    for rival in rivals:
        mine = (plan.priority, one.specificity, one.amount)
        other = (rival.priority, _specificity_of(order, rival), theirs)
        if plan.replaces and rival.group != plan.group:
            mine, other = (0, 0, one.amount), (0, 0, theirs)
        if other >= mine:
            return rival
    for rival, common in rivals.items():
        order.miss(rival, "beaten", {"by": plan.ref}, common)
        loser = candidates[rival]
        kept = [(funders, [row for row in won if row not in rows]) for funders, won in loser.won]
        loser.won = [(funders, won) for funders, won in kept if won]
    return None


def _compete(plan: Plan, rival: Plan) -> bool:
    if plan is rival or rival.bonus:
        return False
    if plan.group and plan.group == rival.group:
        return True
    return (plan.base_role or plan.replaces) and (rival.base_role or rival.replaces)


def _specificity_of(order: Order, plan: Plan) -> int:
    return max(
        [entry.specificity for slot in order.groups for entry in slot.entries if entry.plan is plan]
    )
