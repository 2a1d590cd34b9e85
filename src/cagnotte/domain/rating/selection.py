"""Selection: of the offers that could apply, which ones do.

Line by line, offers are met in the order of priority, then specificity, then amount, then name. The first base
offer is the line's base; boosts join it; of an exclusive group only the first stays. A boost that replaces takes
the base's place where it gives more. Offers on the order as a whole then compete with what the lines have.
See docs/explanation/rating.md#the-choice.
"""

from typing import NamedTuple

from cagnotte.domain.offers import Role
from cagnotte.domain.rating.bases import Order
from cagnotte.domain.rating.decision import Miss
from cagnotte.domain.rating.plans import Candidate, Plan
from cagnotte.domain.rating.rulebook import Entry, Slot

Candidates = dict[Plan, Candidate]

WORTH_SCALE = 10**8
"""Worths are compared as minor units per minor unit of base, times this."""

Contender = tuple[Candidate, Entry]
"""A candidate, and how it stands in one slot."""


def choose(order: Order, candidates: Candidates) -> None:
    """Give each candidate the rows it wins (`Candidate.won`), and note who lost against whom."""
    wholes = False
    for slot, rows in order.groups.items():
        field = [
            (candidates[entry[0]], entry) for entry in slot.contenders if entry[0] in candidates
        ]
        if slot.by_row:
            for row in rows:
                _settle(order, slot, [row], field)
        elif field:
            _settle(order, slot, rows, field)
        wholes = wholes or bool(slot.wholes)
    numbers = order.numbers
    for (loser, winner), rows in order.losses.items():
        lost = tuple([numbers[row] for row in sorted(rows)])
        order.misses.append(Miss(loser.ref, "beaten", {"by": winner.ref}, lost))
    if wholes:
        _choose_wholes(order, candidates)


def _settle(order: Order, slot: Slot, rows: list[int], field: list[Contender]) -> None:
    """Decide rows that are all alike: those left standing win them."""
    if slot.tied and len(field) > 1:
        field = sorted(field, key=lambda one: _importance(order, one, rows[0]))
    if slot.replacing:
        field = _replace(order, rows, field)
    taken: dict[str, Plan] = {}
    for candidate, entry in field:
        plan = candidate.plan
        for seat in plan.seats:
            if seat in taken:
                _beaten(order, plan, taken[seat], rows)
                break
        else:
            for seat in plan.seats:
                taken[seat] = plan
            candidate.won.append((entry[1], rows))


def _importance(order: Order, one: Contender, row: int) -> tuple[int, int, int, int]:
    candidate, entry = one
    plan = candidate.plan
    return -plan.priority, -entry.specificity, -_worth(order, candidate, row), plan.rank


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


def _replace(order: Order, rows: list[int], field: list[Contender]) -> list[Contender]:
    """Settle each base against the boost that would replace it, and return the field without the losers.

    The places are taken anew each time, because the loser may have kept others of its exclusive group away.
    """
    while True:
        taken: dict[str, Contender] = {}
        for one in field:
            seats = one[0].plan.seats
            if not any(seat in taken for seat in seats):
                taken.update(dict.fromkeys(seats, one))
        base, better = taken.get("base"), taken.get("replace")
        if base is None or better is None:
            return field
        if _worth(order, better[0], rows[0]) > _worth(order, base[0], rows[0]):
            _beaten(order, base[0].plan, better[0].plan, rows)
            field = [one for one in field if not one[0].plan.base_role]
        else:
            _beaten(order, better[0].plan, base[0].plan, rows)
            field = [one for one in field if one is not better]


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
    wholes = [
        Whole(
            candidates[plan],
            max([entry.specificity for entry, _ in parts]),
            parts,
            _amount(candidates[plan], order),
        )
        for plan, parts in reach.items()
    ]
    wholes.sort(key=Whole.importance)
    bonuses: dict[str, Plan] = {}
    for one in wholes:
        plan = one.candidate.plan
        if plan.role is not Role.BONUS:
            winner = _contest(order, candidates, one)
        else:
            winner = bonuses.setdefault(plan.group, plan) if plan.group else None
        if winner is None or winner is plan:
            one.candidate.won = [(entry.funders, rows) for entry, rows in one.parts]
        else:
            order.miss(plan, "beaten", {"by": winner.ref}, sorted(one.candidate.rows))


class Whole(NamedTuple):
    """A candidate on the order as a whole: how specific, on which slots, for how much (times WORTH_SCALE)."""

    candidate: Candidate
    specificity: int
    parts: list[tuple[Entry, list[int]]]
    amount: int

    def importance(self) -> tuple[int, int, int, int, int]:
        """Return the key by which the more important sorts first."""
        plan = self.candidate.plan
        stage = (Role.BASE, Role.BOOST, Role.BONUS).index(plan.role)
        return stage, -plan.priority, -self.specificity, -self.amount, plan.rank


def _amount(candidate: Candidate, order: Order, among: frozenset[int] | None = None) -> int:
    """What a candidate comes to on its rows, or on what it won among some rows; times WORTH_SCALE."""
    weights = candidate.weights or order.bases
    rows = (
        candidate.rows
        if among is None
        else [row for _, won in candidate.won for row in won if row in among]
    )
    return sum([weights[row] for row in rows]) * candidate.rate * WORTH_SCALE // candidate.parts


def _contest(order: Order, candidates: Candidates, one: Whole) -> Plan | None:
    """Weigh a whole offer against what its lines already have: return the winner, or take their place.

    A base stands against bases, by importance; a boost that replaces, by amount alone; an exclusive group
    stands against its own members, by importance.
    """
    plan = one.candidate.plan
    rows = frozenset(one.candidate.rows)
    rivals = [
        rival
        for rival in candidates.values()
        if _compete(plan, rival.plan) and any(row in rows for _, won in rival.won for row in won)
    ]
    theirs = sum([_amount(rival, order, rows) for rival in rivals])
    for rival in sorted(rivals, key=lambda rival: rival.plan.rank):
        mine = (plan.priority, one.specificity, one.amount)
        other = (rival.plan.priority, _specificity_of(order, rival.plan), theirs)
        if plan.replaces and rival.plan.group != plan.group:
            mine, other = (0, 0, one.amount), (0, 0, theirs)
        if other >= mine:
            return rival.plan
    for rival in rivals:
        lost = [row for _, won in rival.won for row in won if row in rows]
        order.miss(rival.plan, "beaten", {"by": plan.ref}, sorted(lost))
        kept = [(funders, [row for row in won if row not in rows]) for funders, won in rival.won]
        rival.won = [(funders, won) for funders, won in kept if won]
    return None


def _compete(plan: Plan, rival: Plan) -> bool:
    if plan is rival or rival.role is Role.BONUS:
        return False
    if plan.group and plan.group == rival.group:
        return True
    return (plan.base_role or plan.replaces) and (rival.base_role or rival.replaces)


def _specificity_of(order: Order, plan: Plan) -> int:
    return max(
        [entry.specificity for slot in order.groups for entry in slot.entries if entry.plan is plan]
    )
