"""Offers made ready: what the engine asks of an offer again and again, as plain attributes.

A `Plan` is made once per offer version when the rulebook is built; a `Candidate` is that offer on one purchase,
once its conditions hold and its rate is known.
"""

from cagnotte.domain.offers import (
    BoostMode,
    CommissionShare,
    FixedPerOrder,
    FixedPerUnit,
    NextOrderVoucher,
    Offer,
    Percent,
    Progressive,
    Role,
    Tiered,
)
from cagnotte.domain.periods import Window
from cagnotte.domain.rating.conditions import checks_of
from cagnotte.domain.rating.decision import Facts

EFFECT_NAMES: dict[type, str] = {
    Percent: "percent",
    CommissionShare: "commission_share",
    FixedPerOrder: "fixed_per_order",
    FixedPerUnit: "fixed_per_unit",
    Tiered: "tiered",
    Progressive: "progressive",
    NextOrderVoucher: "voucher",
}
"""The name of each effect in a decision."""


def counter_name(kind: str, name: str, window: Window, *, confirmed: bool = False) -> str:
    """Return the name of a member's counter, such as "spend:grocery:year" or "cap:first-aid:rolling-90".

    The window is part of the name, so that a new version of an offer with another window counts afresh.
    """
    span = f"{window.kind}-{window.days}" if window.days else f"{window.kind}"
    return f"{kind}:{name}:{span}" + (":confirmed" if confirmed else "")


class Plan:
    """One offer version, made ready.

    rank: its place in the order of work. stage: 0 base, 1 boost, 2 bonus. whole: it acts on the order as a whole,
    not line by line.
    weighted: what it gives is not in proportion to the base of a row.
    seats: the places on a line of which only one offer may take each; none for a boost that just adds.
    checks: the tests of its conditions that depend on the purchase or the member. cap_name, spend_name: the
    member's counters it reads, or None. counters: these with their windows.
    """

    __slots__ = (
        "base_role", "bonus", "budget_minor", "cap", "cap_name", "ceilings", "checks", "counters", "effect",
        "effect_name", "facts", "group", "line_cap", "offer", "priority", "purchase_cap", "rank", "ref", "replaces",
        "role", "rounds_down", "seats", "spend_name", "stage", "version", "voucher", "weighted", "whole",
    )  # fmt: skip

    def __init__(self, offer: Offer, rank: int) -> None:
        limits, effect = offer.limits, offer.effect
        self.offer, self.rank, self.effect = offer, rank, effect
        self.ref, self.version, self.role = offer.ref, offer.version, offer.role
        self.priority, self.group = offer.priority, offer.group
        self.effect_name = EFFECT_NAMES[type(effect)]
        self.stage = ("base", "boost", "bonus").index(offer.role)
        self.base_role = offer.role is Role.BASE
        self.bonus = offer.role is Role.BONUS
        self.replaces = offer.role is Role.BOOST and offer.mode is BoostMode.REPLACE
        self.whole = offer.role is Role.BONUS or isinstance(effect, FixedPerOrder)
        seats = [f"group:{offer.group}"] if offer.group else []
        seats += ["base"] if self.base_role else ["replace"] if self.replaces else []
        self.seats = tuple(seats)
        ceilings = (limits.per_purchase_minor, limits.per_member, limits.budget_minor)
        self.ceilings = any(ceiling is not None for ceiling in ceilings)
        self.voucher: tuple[int, int] | None = None
        if isinstance(effect, NextOrderVoucher):
            self.voucher = (effect.minimum_basket_minor, effect.valid_days)
        self.weighted = isinstance(effect, CommissionShare | FixedPerUnit)
        self.rounds_down = isinstance(effect, CommissionShare)
        self.facts: Facts = {} if self.base_role else {"role": str(offer.role)}
        if self.replaces:
            self.facts["mode"] = "replace"
        self.line_cap, self.purchase_cap, self.cap = (
            limits.per_line_minor,
            limits.per_purchase_minor,
            limits.per_member,
        )
        self.budget_minor = limits.budget_minor
        self.counters: dict[str, Window] = {}
        self.cap_name: str | None = None
        self.spend_name: str | None = None
        if self.cap is not None:
            self.cap_name = counter_name("cap", self.cap.counter or offer.ref, self.cap.window)
            self.counters[self.cap_name] = self.cap.window
        if isinstance(effect, Progressive):
            confirmed = effect.counted == "confirmed"
            self.spend_name = counter_name(
                "spend", effect.counter or offer.ref, effect.window, confirmed=confirmed
            )
            self.counters[self.spend_name] = effect.window
        self.checks = checks_of(offer)


class Candidate:
    """An offer that may apply to a purchase: each of its rows is worth weight × rate ÷ parts, exactly.

    Attributes:
        weights: by row; the bases where None.
        rate, parts: a fraction; 5 % is 500 of 10,000.
        rate_bps: the rate to show, 0 where there is none.
        won: what it may be granted on: (funders, rows) by slot.
    """

    __slots__ = ("facts", "parts", "plan", "rate", "rate_bps", "weights", "won")

    def __init__(
        self,
        plan: Plan,
        rate: int,
        parts: int = 10_000,
        rate_bps: int = 0,
        facts: Facts | None = None,
    ) -> None:
        self.plan = plan
        self.rate = rate
        self.parts = parts
        self.rate_bps = rate_bps
        self.facts = plan.facts if facts is None else facts
        self.weights: list[int] | None = None
        self.won: list[tuple[tuple[tuple[str, str, int], ...], list[int]]] = []
