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
from cagnotte.domain.rating.plans import WORTH_SCALE, Candidate, Plan
from cagnotte.domain.rating.rulebook import Entry, Funders, Slot

Candidates = dict[Plan, Candidate]


class Contender(NamedTuple):
    """A candidate in one slot, and its worth per unit of base there."""

    candidate: Candidate
    funders: Funders
    specificity: int
    worth: int


def choose(order: Order, candidates: Candidates) -> None:
    """Give each candidate the rows it wins (`Candidate.won`), and note who lost against whom."""
    wholes = False
    for slot, rows in order.groups.items():
        _choose_in_slot(order, slot, rows, candidates)
        wholes = wholes or bool(slot.wholes)
    if wholes:
        _choose_wholes(order, candidates)


def _choose_in_slot(order: Order, slot: Slot, rows: list[int], candidates: Candidates) -> None:
    """Decide one slot: once for all its rows, or row by row where an amount depends on the row."""
    standing = [
        (candidates[entry.plan], entry) for entry in slot.contenders if entry.plan in candidates
    ]
    if not standing:
        return
    if len(standing) == 1:
        candidate, entry = standing[0]
        candidate.won.append((entry.funders, rows))
    elif any(candidate.weights is not None for candidate, _ in standing):
        for row in rows:
            field = [
                Contender(one, entry.funders, entry.specificity, _worth_at(one, order, row))
                for one, entry in standing
            ]
            _walk(order, [row], sorted(field, key=_importance))
    else:
        field = [
            Contender(one, entry.funders, entry.specificity, one.worth) for one, entry in standing
        ]
        if slot.tied:
            field.sort(key=_importance)
        _walk(order, rows, field)


def _importance(one: Contender) -> tuple[int, int, int, int]:
    plan = one.candidate.plan
    return -plan.priority, -one.specificity, -one.worth, plan.rank


def _worth_at(candidate: Candidate, order: Order, row: int) -> int:
    if candidate.weights is None:
        return candidate.worth
    return (
        candidate.weights[row]
        * candidate.rate
        * WORTH_SCALE
        // (candidate.parts * order.bases[row])
    )


def _walk(order: Order, rows: list[int], field: list[Contender]) -> None:
    """Go through the contenders, most important first; those left standing win the rows."""
    taken: dict[str, Contender] = {}
    standing = []
    for one in field:
        plan = one.candidate.plan
        for seat in plan.seats:
            if seat in taken:
                _beaten(order, plan, taken[seat].candidate.plan, rows)
                break
        else:
            taken.update(dict.fromkeys(plan.seats, one))
            standing.append(one)
    base, better = taken.get("base"), taken.get("replace")
    if better is not None and base is not None:
        _replace(order, rows, field, base, better)
        return
    for one in standing:
        one.candidate.won.append((one.funders, rows))


def _replace(
    order: Order, rows: list[int], field: list[Contender], base: Contender, better: Contender
) -> None:
    """Settle a base against the boost that would replace it, then walk again without the loser.

    The walk starts anew because the loser may have kept others of its exclusive group away.
    """
    if better.worth > base.worth:
        _beaten(order, base.candidate.plan, better.candidate.plan, rows)
        _walk(order, rows, [one for one in field if not one.candidate.plan.base_role])
    else:
        _beaten(order, better.candidate.plan, base.candidate.plan, rows)
        _walk(order, rows, [one for one in field if one is not better])


def _beaten(order: Order, loser: Plan, winner: Plan, rows: list[int]) -> None:
    known = order.losses.get((loser, winner))
    if known is None:
        order.losses[loser, winner] = list(rows)
    else:
        known += [row for row in rows if row not in known]


def losses(order: Order) -> list[Miss]:
    """Return what was lost in the choice line by line, in a fixed order."""
    found = []
    for (loser, winner), rows in order.losses.items():
        found.append(
            (
                loser.rank,
                winner.rank,
                Miss(loser.ref, "beaten", {"by": winner.ref}, order.numbers(sorted(rows))),
            )
        )
    found.sort()
    return [miss for _, _, miss in found]


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
            order.misses.append(
                Miss(plan.ref, "beaten", {"by": winner.ref}, order.numbers(one.candidate.rows))
            )


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
        order.misses.append(
            Miss(rival.plan.ref, "beaten", {"by": plan.ref}, order.numbers(sorted(lost)))
        )
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
