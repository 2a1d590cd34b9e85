"""Conditions that depend on the purchase or the member: each is tested once per purchase and offer.

A test answers None when the condition holds, else why not: a reason code with its facts. Those a member cannot
change come first, so that "12.00 € short" is only said to somebody for whom 12.00 € would have sufficed.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from cagnotte.domain.offers import Offer
from cagnotte.domain.periods import LIFETIME_START

if TYPE_CHECKING:
    from datetime import time

    from cagnotte.domain.offers import MemberCap
    from cagnotte.domain.rating.bases import Order
    from cagnotte.domain.rating.decision import Facts
    from cagnotte.domain.rating.plans import Plan

Refusal = tuple[str, "Facts"]
"""Why an offer does not apply: (reason code, facts)."""

Check = Callable[["Plan", "Order"], Refusal | None]


def segments(plan: "Plan", order: "Order") -> Refusal | None:
    """The member belongs to one of the segments, and to none of those shut out."""
    asked = plan.offer.conditions
    mine = order.member.segments
    if not asked.not_segments.isdisjoint(mine):
        return "segment_excluded", {"segments": sorted(asked.not_segments & mine)}
    if asked.segments and asked.segments.isdisjoint(mine):
        return "segment", {"segments": sorted(asked.segments)}
    return None


def first_purchase(plan: "Plan", order: "Order") -> Refusal | None:
    """The member has bought nothing before, in the programme or at this shop."""
    scope = plan.offer.conditions.first
    name = "purchases:programme"
    if scope == "merchant":
        name = order.context.purchases_counter
    before = order.member.counters.get((name, LIFETIME_START), (0, 0))[1]
    return ("first_purchase", {"scope": str(scope), "purchases": before}) if before else None


def card(plan: "Plan", order: "Order") -> Refusal | None:
    """Paid by one of the cards."""
    return None if order.purchase.card in plan.offer.conditions.cards else ("card", {})


def coupon(plan: "Plan", order: "Order") -> Refusal | None:
    """A coupon was used, or none was, or this one was."""
    asked, used = plan.offer.conditions.coupon, order.purchase.coupon_codes
    if asked == "none":
        return ("coupon_used", {"coupons": list(used)}) if used else None
    if asked == "any":
        return None if used else ("coupon_missing", {})
    return None if asked in used else ("coupon_missing", {"coupon": asked or ""})


def weekday(plan: "Plan", order: "Order") -> Refusal | None:
    """Bought on one of the days of the week."""
    days = plan.offer.conditions.weekdays
    return None if order.day.weekday() in days else ("weekday", {"weekdays": sorted(days)})


def hours(plan: "Plan", order: "Order") -> Refusal | None:
    """Bought between two times of day, the second of which may lie after midnight."""
    start, end = cast("tuple[time, time]", plan.offer.conditions.hours)
    moment = order.purchase.occurred_at.time()
    inside = start <= moment < end if start < end else moment >= start or moment < end
    return None if inside else ("hours", {"from": f"{start:%H:%M}", "until": f"{end:%H:%M}"})


def member_cap(plan: "Plan", order: "Order") -> Refusal | None:
    """The member has not yet had all that the offer gives in this period."""
    cap = cast("MemberCap", plan.cap)
    name = cast("str", plan.cap_name)
    amount, times = order.counted(name, cap.window)
    order.used[name] = amount
    if cap.amount_minor is not None and amount >= cap.amount_minor:
        return "member_cap", {"cap_minor": cap.amount_minor, "used_minor": amount}
    if cap.purchases is not None and times >= cap.purchases:
        return "member_cap", {"cap_purchases": cap.purchases, "used_purchases": times}
    return None


def budget(plan: "Plan", order: "Order") -> Refusal | None:
    """The offer's budget is not yet spent."""
    limit = cast("int", plan.budget_minor)
    room = limit if order.budgets is None else order.budgets.get(plan.ref, limit)
    return None if room > 0 else ("budget", {"budget_minor": limit})


def minimum_basket(plan: "Plan", order: "Order") -> Refusal | None:
    """The base of the whole purchase reaches the minimum."""
    minimum = plan.offer.conditions.minimum_basket_minor
    short = minimum - order.base_minor
    return (
        ("minimum_basket", {"minimum_minor": minimum, "short_minor": short}) if short > 0 else None
    )


def minimum_quantity(plan: "Plan", order: "Order") -> Refusal | None:
    """Enough units of matching products remain."""
    minimum = plan.offer.conditions.minimum_quantity
    short = minimum - sum([order.units_of(row) for row in order.rows_of(plan)])
    return (
        ("minimum_quantity", {"minimum_units": minimum, "short_units": short})
        if short > 0
        else None
    )


def checks_of(offer: Offer) -> tuple[Check, ...]:
    """Return the tests that an offer needs, in their order."""
    asked, limits = offer.conditions, offer.limits
    needed: list[tuple[object, Check]] = [
        (asked.segments or asked.not_segments, segments),
        (asked.first, first_purchase),
        (asked.cards, card),
        (asked.coupon, coupon),
        (asked.weekdays, weekday),
        (asked.hours, hours),
        (limits.per_member, member_cap),
        (limits.budget_minor is not None, budget),
        (asked.minimum_basket_minor, minimum_basket),
        (asked.minimum_quantity, minimum_quantity),
    ]
    return tuple(check for asks, check in needed if asks)
