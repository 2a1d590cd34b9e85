"""What the engine decided, as data: amounts, who funds them, and why each line got what it got.

Named tuples throughout: a decision is made for every purchase, kept as JSON beside the reward, and turned into
sentences only when somebody reads it. `as_data` and `from_data` are exact inverses.
"""

from datetime import date
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
        cap: which cap cut it ("line", "purchase", "member", "budget"), or None.
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
    """How the base of one line came about.

    amount_minor is what was charged for what remains of the line; each deduction is (code, amount_minor) with
    codes "discount", "tax", "wallet", "returned", "excluded", "gift_card", "below_zero"; base_minor is the rest.
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

    contract: (ref, version) of the contract it rests on, or None (the programme's own money).
    lines: ((line number, commission_minor), …) for reports to the funder; sums to C where C is by line.
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
    count: int
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


class MemberFacts(NamedTuple):
    """What the decision may know of the member; frozen beside the decision.

    counters: (name, period start) → (amount_minor, count), without this purchase.
    """

    segments: frozenset[str]
    counters: dict[tuple[str, date], tuple[int, int]]
    member_id: UUID | None = None
