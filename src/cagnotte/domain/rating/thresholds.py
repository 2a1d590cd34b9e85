"""What is missing to the next step: found in a decision, and measured by deciding again.

A decision notes what offers lack that came close: a minimum basket, the next tier, some more units. What reaching it
would bring is not reckoned here but decided: the same purchase with that much more of an article, by the same rules.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, NamedTuple

from cagnotte.domain.purchases import Line, Purchase
from cagnotte.domain.rating.decision import Decision

THRESHOLDS_MAX = 3
"""Steps measured; the nearest. A shopper reads no more."""

TRIES_MAX = 3
"""How often what is added is enlarged, where part of it does not count (tax, discounts)."""


Kind = Literal["minimum_basket", "minimum_quantity", "tier"]


class Threshold(NamedTuple):
    """A step within reach.

    Attributes:
        offer: its reference. kind: "minimum_basket", "minimum_quantity" or "tier".
        line: number of the line that was enlarged to measure it.
        missing_minor: what more has to be bought, in minor units of price. missing_units: of units, 0 where
            only the amount counts.
        extra_minor: what the whole purchase would earn beyond what it earns now, > 0.
    """

    offer: str
    kind: Kind
    line: int
    missing_minor: int
    missing_units: int
    extra_minor: int


class _Lack(NamedTuple):
    """What an offer lacks: so much short of a step that begins at `step`."""

    offer: str
    kind: Kind
    step: int
    short: int
    lines: tuple[int, ...]


def thresholds(
    purchase: Purchase, decision: Decision, again: Callable[[Purchase], Decision]
) -> list[Threshold]:
    """Return the steps that would bring more, the nearest first, at most `THRESHOLDS_MAX`.

    again: decides another purchase by the same rules for the same member. Steps that bring nothing are left out, and
    of steps with the same lack the one that is named first stays.
    """
    found: dict[tuple[int, int, int], Threshold] = {}
    lacks = sorted(_lacks(decision), key=lambda lack: (lack.kind == "minimum_quantity", lack.short))
    for lack in lacks[: 2 * THRESHOLDS_MAX]:
        reached = _reached(purchase, decision, lack, again)
        if reached is not None:
            key = (reached.missing_minor, reached.missing_units, reached.extra_minor)
            found.setdefault(key, reached)
        if len(found) >= THRESHOLDS_MAX:
            break
    return sorted(found.values(), key=lambda step: (step.missing_minor, step.offer))


def _lacks(decision: Decision) -> Iterator[_Lack]:
    for award in decision.awards:
        if "short_minor" in award.facts:
            lines = tuple(number for number, _ in award.lines)
            facts = award.facts
            yield _Lack(award.offer, "tier", facts["next_tier_from"], facts["short_minor"], lines)
    for miss in decision.misses:
        known = _KINDS.get(miss.reason)
        if known is None:
            continue
        kind, step, short = known
        if short in miss.facts:
            yield _Lack(miss.offer, kind, miss.facts[step], miss.facts[short], miss.lines)


_KINDS: dict[str, tuple[Kind, str, str]] = {
    "minimum_basket": ("minimum_basket", "minimum_minor", "short_minor"),
    "below_first_tier": ("tier", "next_tier_from", "short_minor"),
    "minimum_quantity": ("minimum_quantity", "minimum_units", "short_units"),
}
"""By a miss's reason: what kind of step it lacks, and the facts that say where it begins and how much is missing."""


def _reached(
    purchase: Purchase, decision: Decision, lack: _Lack, again: Callable[[Purchase], Decision]
) -> Threshold | None:
    """Decide the purchase with as much more as an offer lacks; None when that brings nothing."""
    line = _line_to_enlarge(purchase, decision, lack.lines)
    if line is None:
        return None
    units = lack.short if lack.kind == "minimum_quantity" else 0
    added = _price_of(line, units) if units else _price_that_counts(line, decision, lack.short)
    for _ in range(TRIES_MAX):
        after = again(_with(purchase, _enlarged(line, added, units)))
        still = _still_short(after, lack)
        if not still:
            extra = after.reward_minor - decision.reward_minor
            if extra <= 0:
                return None
            return Threshold(lack.offer, lack.kind, line.number, added, units, extra)
        if units:
            return None
        added += still
    return None


def _still_short(after: Decision, lack: _Lack) -> int:
    """Return what is missing to the same step; 0 once it is reached."""
    key = (lack.offer, lack.kind, lack.step)
    return next((one.short for one in _lacks(after) if (one.offer, one.kind, one.step) == key), 0)


def _line_to_enlarge(
    purchase: Purchase, decision: Decision, numbers: tuple[int, ...]
) -> Line | None:
    """Return the line of which more would be bought: the one that counts most among those concerned."""
    bases = {line.number: line.base_minor for line in decision.lines}
    concerned = [
        line
        for line in purchase.lines
        if bases.get(line.number, 0) > 0 and (not numbers or line.number in numbers)
    ]
    return max(concerned, key=lambda line: (bases[line.number], -line.number), default=None)


def _price_of(line: Line, units: int) -> int:
    """Return what more units cost, a started minor unit rounded up."""
    return -(-line.amount_minor * units // max(line.quantity, 1))


def _price_that_counts(line: Line, decision: Decision, base_minor: int) -> int:
    """Return how much more of a line's price brings so much more base: the tax in it counts nowhere, or everywhere."""
    base = next(one for one in decision.lines if one.number == line.number)
    tax = dict(base.deductions).get("tax", 0)
    return -(-base_minor * line.amount_minor // max(line.amount_minor - tax, 1))


def _with(purchase: Purchase, line: Line) -> Purchase:
    lines = [line if one.number == line.number else one for one in purchase.lines]
    return replace(purchase, lines=tuple(lines))


def _enlarged(line: Line, added_minor: int, units: int) -> Line:
    """Return more of an article, taxed as what is bought of it already."""
    amount = line.amount_minor + added_minor
    tax = line.tax_minor * amount // line.amount_minor if line.amount_minor else line.tax_minor
    return line._replace(amount_minor=amount, tax_minor=tax, quantity=line.quantity + units)
