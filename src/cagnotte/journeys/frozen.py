"""What a decision could read of the member and of budgets, kept beside it: all that its restatements will read."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from cagnotte.domain.periods import Window, WindowKind
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
        if counts and (amount or count):
            counters.append([name, period.isoformat(), amount, count])
    frozen: dict[str, Any] = {"counters": sorted(counters)}
    if facts.segments:
        frozen["segments"] = sorted(facts.segments)
    rooms = {offer: budgets[offer] for offer in starved(decision)}
    if rooms:
        frozen["budgets"] = rooms
    return frozen


def moved(
    frozen: dict[str, Any],
    days: tuple[date, date],
    rules: Rulebook,
    standing: Mapping[tuple[str, date], tuple[int, int]],
) -> dict[str, Any]:
    """Return what was frozen for a purchase whose date turns out to be another one: `days` are the old and the new.

    Periods that both dates look at stay as they were read. Those that only the new date looks at are read now, as if
    the purchase arrived with it: `standing` is what stands in the counters without this purchase.
    """
    old, new = days
    windows = rules.counter_windows
    kept = [
        entry
        for entry in frozen["counters"]
        if entry[0] in windows and _reads(windows[entry[0]], new, date.fromisoformat(entry[1]))
    ]
    read = [
        [name, period.isoformat(), amount, count]
        for (name, period), (amount, count) in standing.items()
        if (amount or count)
        and _reads(windows[name], new, period)
        and not _reads(windows[name], old, period)
    ]
    return {**frozen, "counters": sorted(kept + read)}


def _reads(window: Window, day: date, period: date) -> bool:
    """Tell whether a decision on `day` reads a counter's period."""
    if window.kind is WindowKind.ROLLING:
        return window.first_counted(day) <= period <= day
    return window.period_of(day) == period


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
