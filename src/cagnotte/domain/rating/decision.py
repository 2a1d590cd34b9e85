"""What the engine decided, as data: amounts, who funds them, and why each line got what it got.

Named tuples throughout: a decision is made for every purchase, kept as JSON beside the reward, and turned into
sentences only when somebody reads it. `as_data` and `from_data` are exact inverses.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

Facts = dict[str, Any]
"""Facts of an explanation: integers, strings and lists only, named with their unit (short_minor, rate_bps)."""


class Award(NamedTuple):
    """What one offer gives on this purchase.

    Attributes:
        offer, version: the offer. effect: its kind, such as "percent" or "tiered".
        rate_bps: the rate applied, 0 where the effect has none.
        base_minor: the amount it was applied to.
        uncapped_minor: after rounding, before caps. amount_minor: what is given.
        cap: which ceiling cut it ("line", "purchase", "member", "budget"), or None; the last that did.
        funders: ((kind, ref, amount_minor), …), summing to amount_minor.
        lines: ((line number, amount_minor), …), summing to amount_minor.
        facts: what explains the rate: the tier reached, the cumulated amount, what the next tier lacks.
        voucher: (minimum_basket_minor, valid_days) when it is given as a voucher, else None.
    """

    offer: str
    version: int
    effect: str
    rate_bps: int
    base_minor: int
    uncapped_minor: int
    amount_minor: int
    cap: str | None
    funders: tuple[tuple[str, str, int], ...]
    lines: tuple[tuple[int, int], ...]
    facts: Facts
    voucher: tuple[int, int] | None = None


class LineBase(NamedTuple):
    """How the base of one line came about: amount_minor − Σ deductions = base_minor ≥ 0.

    amount_minor is the price of all units bought; each deduction is (code, amount_minor) with codes "discount",
    "tax", "wallet", "returned", "excluded", "gift_card", and "below_zero", which is negative: what the others
    deducted beyond the amount. Delivery, where it counts, is line 0.
    """

    number: int
    amount_minor: int
    deductions: tuple[tuple[str, int], ...]
    base_minor: int


class Miss(NamedTuple):
    """An offer that came close and did not apply: its reference, the reason's code and facts.

    lines: the numbers of the lines concerned, empty for the whole order.
    """

    offer: str
    reason: str
    facts: Facts
    lines: tuple[int, ...] = ()


class Part(NamedTuple):
    """One funder's part of the reward: commission C = reward R + share S + margin M, all ≥ 0.

    contract: (ref, version) of the contract it rests on, or None (the programme's own money, with funder "").
    """

    funder_kind: str
    funder: str
    contract: tuple[str, int] | None
    commission_minor: int
    reward_minor: int
    share_minor: int
    margin_minor: int


class CounterUse(NamedTuple):
    """What this purchase adds to one of the member's counters, in the period of its own date.

    when: "tracked" (counts at once) or "confirmed" (counts once validated).
    """

    name: str
    period: date
    amount_minor: int
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs on a counter
    when: str


class Decision(NamedTuple):
    """The whole outcome for one purchase.

    reward_minor = Σ awards = Σ parts' R. `budget_uses` is ((offer, amount_minor), …) for offers with a budget.
    contracts is ((ref, version), …) of all contracts read; policy_contract is the ref of the one whose rules of
    release, return and expiry apply.
    """

    currency: str
    base_minor: int
    reward_minor: int
    lines: tuple[LineBase, ...]
    awards: tuple[Award, ...]
    misses: tuple[Miss, ...]
    parts: tuple[Part, ...]
    uses: tuple[CounterUse, ...]
    budget_uses: tuple[tuple[str, int], ...]
    contracts: tuple[tuple[str, int], ...]
    policy_contract: str | None

    @property
    def voucher_minor(self) -> int:
        """Of the reward, what is given as vouchers."""
        return sum([award.amount_minor for award in self.awards if award.voucher is not None])


# Made for every line, offer and award of every purchase: from a tuple they are made in half the time that their
# own constructors take, which is a tenth of the time of a decision.
new_line: Callable[[tuple[int, int, tuple[tuple[str, int], ...], int]], LineBase]
new_line = partial(tuple.__new__, LineBase)
new_miss: Callable[[tuple[str, str, Facts, tuple[int, ...]]], Miss]
new_miss = partial(tuple.__new__, Miss)
new_award: Callable[[tuple[Any, ...]], Award] = partial(tuple.__new__, Award)
new_part: Callable[[tuple[str, str, tuple[str, int] | None, int, int, int, int]], Part]
new_part = partial(tuple.__new__, Part)
new_use: Callable[[tuple[str, date, int, int, str]], CounterUse]
new_use = partial(tuple.__new__, CounterUse)
new_decision: Callable[[tuple[Any, ...]], Decision] = partial(tuple.__new__, Decision)


def to_data(decision: Decision) -> dict[str, Any]:
    """Write a decision as compact JSON-able data: named at the top, by position within. See `from_data`."""
    return {
        "currency": decision.currency,
        "base": decision.base_minor,
        "reward": decision.reward_minor,
        "lines": [tuple(line) for line in decision.lines],
        "awards": [tuple(award) for award in decision.awards],
        "misses": [tuple(miss) for miss in decision.misses],
        "parts": [tuple(part) for part in decision.parts],
        "uses": [(use.name, use.period.isoformat(), *use[2:]) for use in decision.uses],
        "budgets": decision.budget_uses,
        "contracts": decision.contracts,
        "policy": decision.policy_contract,
    }


def from_data(data: Mapping[str, Any]) -> Decision:
    """Read back what `to_data` wrote, before or after a turn through JSON.

    Without "lines", "awards" and "misses" it is an outline: enough to book by, not to explain or to decide again.
    """
    return Decision(
        data["currency"],
        data["base"],
        data["reward"],
        tuple(
            LineBase(number, amount, _pairs(found), base)
            for number, amount, found, base in data.get("lines", ())
        ),
        tuple(_award(values) for values in data.get("awards", ())),
        tuple(
            Miss(offer, reason, facts, tuple(lines))
            for offer, reason, facts, lines in data.get("misses", ())
        ),
        tuple(_part(*values) for values in data["parts"]),
        tuple(
            CounterUse(name, date.fromisoformat(day), *rest) for name, day, *rest in data["uses"]
        ),
        _pairs(data["budgets"]),
        _pairs(data["contracts"]),
        data["policy"],
    )


def _pairs(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(tuple(value) for value in values)


def _award(values: Iterable[Any]) -> Award:
    *plain, funders, lines, facts, voucher = values
    made = None if voucher is None else tuple(voucher)
    return Award._make((*plain, _pairs(funders), _pairs(lines), facts, made))


def _part(kind: str, funder: str, contract: Any, *amounts: int) -> Part:
    return Part(kind, funder, None if contract is None else tuple(contract), *amounts)


class MemberFacts(NamedTuple):
    """What the decision may know of the member; frozen beside the decision.

    counters: (name, period start) → (amount_minor, count), without this purchase.
    """

    segments: frozenset[str]
    counters: dict[tuple[str, date], tuple[int, int]]
    member_id: UUID | None = None
