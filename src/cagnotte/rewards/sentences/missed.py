"""Why offers that came close did not apply."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cagnotte.domain.rating.decision import Facts, Miss
from cagnotte.platform.figures import listing, number
from cagnotte.rewards.sentences.told import Told, lines_of, named, short_of_tier

NAMES_MAX = 5
"""Offers named in one sentence; the others are counted."""

BETWEEN_PARTIES = frozenset({"no_contract"})
"""Reasons that members are not told."""


def misses_told(told: Told) -> list[str]:
    """Say why offers that came close did not apply: one sentence for each reason, however many offers."""
    found: dict[str, dict[str, list[Miss]]] = {}
    for miss in told.decision.misses:
        if told.audience == "member" and miss.reason in BETWEEN_PARTIES:
            continue
        tell = MISSED.get(miss.reason)
        reason = tell(told, miss.facts) if tell else _unknown(miss.reason)
        found.setdefault(reason, {}).setdefault(miss.offer, []).append(miss)
    return [named(_offers_missed(told, by_offer), reason) for reason, by_offer in found.items()]


def _offers_missed(told: Told, by_offer: Mapping[str, list[Miss]]) -> str:
    """Name the offers; one that stands alone with its lines, where they are not the whole order."""
    names = [told.offer(ref) for ref in by_offer]
    if len(names) == 1:
        misses = next(iter(by_offer.values()))
        numbers = {line for miss in misses for line in miss.lines}
        if all(miss.lines for miss in misses) and not told.is_all_that_counts(numbers):
            return _("{offer} on {lines}").format(offer=names[0], lines=lines_of(numbers))
    if len(names) > NAMES_MAX:
        others = len(names) - NAMES_MAX + 1
        more = ngettext("{count} other", "{count} others", others).format(count=number(others))
        names = [*names[: NAMES_MAX - 1], more]
    return listing(names)


def _unknown(code: str) -> str:
    """Give the code itself, for want of words."""
    return _("not applied ({code})").format(code=code)


def _segment(told: Told, facts: Facts) -> str:
    # How the programme sorts its members is its own affair.
    if told.audience == "member":
        return _("only for other members")
    return _("only for members of {segments}").format(segments=listing(facts["segments"]))


def _segment_excluded(told: Told, facts: Facts) -> str:
    if told.audience == "member":
        return _("only for other members")
    return _("not for members of {segments}").format(segments=listing(facts["segments"]))


def _first_purchase(_told: Told, facts: Facts) -> str:
    count = facts["purchases"]
    if facts["scope"] == "merchant":
        text = ngettext(
            "only for a first purchase at this shop, and {count} purchase came before",
            "only for a first purchase at this shop, and {count} purchases came before",
            count,
        )
    else:
        text = ngettext(
            "only for a first purchase, and {count} purchase came before",
            "only for a first purchase, and {count} purchases came before",
            count,
        )
    return text.format(count=number(count))


def _card(_told: Told, _facts: Facts) -> str:
    return _("only when paid with one of its cards")


def _coupon_used(_told: Told, facts: Facts) -> str:
    coupons = facts["coupons"]
    return ngettext(
        "not together with a coupon, and {coupons} was used",
        "not together with a coupon, and {coupons} were used",
        len(coupons),
    ).format(coupons=listing(coupons))


def _foreign_coupon(_told: Told, facts: Facts) -> str:
    coupons = facts["coupons"]
    return ngettext(
        "this shop gives nothing on orders that use a coupon of others, and {coupons} was used",
        "this shop gives nothing on orders that use coupons of others, and {coupons} were used",
        len(coupons),
    ).format(coupons=listing(coupons))


def _coupon_missing(told: Told, facts: Facts) -> str:
    if "coupon" not in facts:
        return _("only with a coupon")
    # Whoever has not been given a code must not learn it here.
    if told.audience == "member":
        return _("only with its own coupon")
    return _("only with the coupon {coupon}").format(coupon=facts["coupon"])


DAYS = (
    gettext_lazy("Mondays"),
    gettext_lazy("Tuesdays"),
    gettext_lazy("Wednesdays"),
    gettext_lazy("Thursdays"),
    gettext_lazy("Fridays"),
    gettext_lazy("Saturdays"),
    gettext_lazy("Sundays"),
)


def _weekday(_told: Told, facts: Facts) -> str:
    return _("only on {days}").format(days=listing([str(DAYS[day]) for day in facts["weekdays"]]))


def _hours(_told: Told, facts: Facts) -> str:
    return _("only between {start} and {end}").format(start=facts["from"], end=facts["until"])


def _member_cap(told: Told, facts: Facts) -> str:
    if "cap_minor" in facts:
        return _("the limit of {limit} for one member is reached").format(
            limit=told.money(facts["cap_minor"])
        )
    if "cap_purchases" in facts:
        return ngettext(
            "the limit of {count} purchase for one member is reached",
            "the limit of {count} purchases for one member is reached",
            facts["cap_purchases"],
        ).format(count=number(facts["cap_purchases"]))
    return _("the limit for one member is reached")


def _budget(_told: Told, _facts: Facts) -> str:
    return _("the offer's budget is spent")


def _minimum_basket(told: Told, facts: Facts) -> str:
    return _("{short} short of the minimum order of {minimum}").format(
        short=told.money(facts["short_minor"]), minimum=told.money(facts["minimum_minor"])
    )


def _minimum_quantity(_told: Told, facts: Facts) -> str:
    return ngettext(
        "{short} unit short of the minimum of {minimum}",
        "{short} units short of the minimum of {minimum}",
        facts["short_units"],
    ).format(short=number(facts["short_units"]), minimum=number(facts["minimum_units"]))


def _below_first_tier(told: Told, facts: Facts) -> str:
    if "next_tier_from" in facts:
        return short_of_tier(told, facts)
    return _("nothing at this tier")


def _beaten(told: Told, facts: Facts) -> str:
    return _("{offer} comes first").format(offer=told.offer(facts["by"]))


def _zero(_told: Told, _facts: Facts) -> str:
    return _("too little to make a reward")


def _no_commission(_told: Told, _facts: Facts) -> str:
    return _("no commission to share")


def _no_contract(told: Told, facts: Facts) -> str:
    return _("{name} has no contract to pay it under").format(
        name=told.party(facts["funder_kind"], facts["funder"])
    )


def _returned(_told: Told, _facts: Facts) -> str:
    return _("nothing left, because something was returned")


MISSED: dict[str, Callable[[Told, Facts], str]] = {
    "segment": _segment,
    "segment_excluded": _segment_excluded,
    "first_purchase": _first_purchase,
    "card": _card,
    "coupon_used": _coupon_used,
    "coupon_missing": _coupon_missing,
    "foreign_coupon": _foreign_coupon,
    "weekday": _weekday,
    "hours": _hours,
    "member_cap": _member_cap,
    "budget": _budget,
    "minimum_basket": _minimum_basket,
    "minimum_quantity": _minimum_quantity,
    "below_first_tier": _below_first_tier,
    "beaten": _beaten,
    "zero": _zero,
    "no_commission": _no_commission,
    "no_contract": _no_contract,
    "returned": _returned,
}
"""Why an offer did not apply, by the reason's code (`Miss.reason`)."""
