"""What a decision could read of the member and of budgets, kept beside it: all that its restatements will read."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from cagnotte.domain.periods import WindowKind
from cagnotte.domain.rating.decision import Decision, MemberFacts
from cagnotte.domain.rating.rulebook import Rulebook


def frozen_data(
    facts: MemberFacts,
    decision: Decision,
    budgets: Mapping[str, int],
    rules: Rulebook,
    day: date,
) -> dict[str, Any]:
    """Return what a decision on `day` could read, as JSON: counters, segments, and room that budgets lacked.

    Counters are kept although the decision did not use them: an amended order may meet the conditions of an offer
    it had not met before, whose cap was used up. Of budgets, only the room that cut the decision is kept: where
    there was enough, what is left on the day of a restatement decides alone.
    """
    keys, windows = rules.keys_on(day), rules.counter_windows
    counters = []
    for (name, period), (amount, count) in facts.counters.items():
        window = windows[name]
        if window.kind is WindowKind.ROLLING:
            counts = window.first_counted(day) <= period <= day
        else:
            counts = keys[name][1] == period
        if counts:
            counters.append([name, period.isoformat(), amount, count])
    frozen: dict[str, Any] = {"counters": sorted(counters)}
    if facts.segments:
        frozen["segments"] = sorted(facts.segments)
    rooms = {offer: budgets[offer] for offer in starved(decision)}
    if rooms:
        frozen["budgets"] = rooms
    return frozen


def frozen_facts(frozen: dict[str, Any]) -> MemberFacts:
    """Read back what `frozen_data` wrote."""
    return MemberFacts(
        frozenset(frozen.get("segments", ())),
        {
            (name, date.fromisoformat(period)): (amount, count)
            for name, period, amount, count in frozen["counters"]
        },
    )


def starved(decision: Decision) -> list[str]:
    """Return the offers that gave less, or nothing, for want of room in their budgets."""
    cut = [award.offer for award in decision.awards if award.cap == "budget"]
    return cut + [miss.offer for miss in decision.misses if miss.reason == "budget"]
