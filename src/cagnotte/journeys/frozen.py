"""What a decision read of the member and of budgets, kept beside it: the only facts its restatements will read."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from cagnotte.domain.rating.decision import Decision, MemberFacts


def frozen_data(
    facts: MemberFacts, decision: Decision, budgets: Mapping[str, int]
) -> dict[str, Any]:
    """Return what a decision read, as JSON: the counters it used, segments, and room left in budgets."""
    names = {use.name for use in decision.uses}
    counters = [
        [name, period.isoformat(), amount, count]
        for (name, period), (amount, count) in facts.counters.items()
        if name in names
    ]
    frozen: dict[str, Any] = {"counters": sorted(counters)}
    if facts.segments:
        frozen["segments"] = sorted(facts.segments)
    rooms = {offer: budgets[offer] for offer, _ in decision.budget_uses}
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
