"""Decisions as sentences: what was earned, by which arithmetic, who pays it, and what was missed.

Sentences are for people. They are written in the active language (Django's translations; English is the
source), name offers and parties as their owners do, and are as few as tell the whole story: what concerns many
lines or many offers is said once. Every code that the engine emits has its sentence here, and a test holds the
two together; a code from a later version, read while that is being rolled out, is told in general words.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Literal, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cagnotte.domain.money import FULL_BPS, Rounding, divide
from cagnotte.domain.rating.decision import Award, Decision, Facts, Miss, Part
from cagnotte.platform.figures import listing, money, number, percent, ranges

Audience = Literal["member", "operator"]

NAMES_MAX = 5
"""Offers named in one sentence; the others are counted."""


class Told(NamedTuple):
    """A decision on its way to sentences: with the names to use, and for whom."""

    decision: Decision
    parties: Mapping[tuple[str, str], str]
    offers: Mapping[str, str]
    audience: Audience

    def money(self, amount_minor: int) -> str:
        """Write an amount in the purchase's currency."""
        return money(amount_minor, self.decision.currency)

    def offer(self, ref: str) -> str:
        """Name an offer, in the quotation marks of the language; by its reference when it has no name."""
        return _("“{name}”").format(name=self.offers.get(ref) or ref)

    def party(self, kind: str, ref: str) -> str:
        """Name a funder; by its reference when it has no name."""
        return self.parties.get((kind, ref)) or ref or _("the programme")

    def where(self, numbers: Collection[int]) -> str:
        """Say which lines: "line 2", "lines 1–4 and 7", or "the whole order"."""
        lines = self.decision.lines
        if len(lines) > 1 and len(lines) == len(numbers):
            return _("the whole order")
        return lines_of(numbers)

    def is_all_that_counts(self, numbers: Collection[int]) -> bool:
        """Tell whether no other line has a base."""
        return not any(
            line.base_minor and line.number not in numbers for line in self.decision.lines
        )


def explain(
    decision: Decision,
    *,
    parties: Mapping[tuple[str, str], str],
    offers: Mapping[str, str],
    audience: Audience = "member",
) -> list[str]:
    """Explain a decision in the active language, what was earned first.

    Args:
        decision: as the engine made it, or as read back from where it was kept.
        parties: names of merchants, brands and networks, by (kind, reference).
        offers: names of offers by reference.
        audience: "member" keeps back what is not the member's: commissions, margins, contracts, segments, and the
            codes of coupons.

    Returns whole sentences in their order: rewards with what cut them, what did not count, what was missed and,
    for operators, what each party owes.
    """
    told = Told(decision, parties, offers, audience)
    sentences = [sentence for award in decision.awards for sentence in award_told(told, award)]
    if not sentences:
        sentences.append(_("This purchase earns nothing."))
    sentences += base_told(told)
    sentences += misses_told(told)
    if audience == "operator":
        sentences += [part_told(told, part) for part in decision.parts]
    return sentences


def lines_of(numbers: Collection[int]) -> str:
    """Name lines: "line 2", "lines 1–4 and 7"; line 0 is "delivery"."""
    named = [one for one in numbers if one]
    parts = []
    if named:
        shown = listing(ranges(named))
        parts.append(
            ngettext("line {numbers}", "lines {numbers}", len(named)).format(numbers=shown)
        )
    if len(named) < len(numbers):
        parts.append(_("delivery"))
    return listing(parts)


# ---- what was earned ------------------------------------------------------------------------------------------

CUTS = {
    "line": gettext_lazy("cut to {amount} by the limit for one line ({lost} lost)"),
    "purchase": gettext_lazy("cut to {amount} by the limit for one purchase ({lost} lost)"),
    "member": gettext_lazy("cut to {amount} by the limit for one member ({lost} lost)"),
    "budget": gettext_lazy("cut to {amount}, the last of the offer's budget ({lost} lost)"),
}
"""What a ceiling did, by its code (`Award.cap`)."""
CUT = gettext_lazy("cut to {amount} by a limit ({lost} lost)")


def award_told(told: Told, award: Award) -> list[str]:
    """Say what an offer gives: the arithmetic, what cut it, who pays; then what the next tier lacks."""
    kept_of_minor = award.facts.get("kept_of_minor")
    if kept_of_minor is not None:
        clauses = [_kept(told, award, kept_of_minor)]
    else:
        clauses = [HOW.get(award.effect, _plain)(told, award)]
        if award.cap is not None:
            lost = told.money(award.uncapped_minor - award.amount_minor)
            cut = CUTS.get(award.cap, CUT)
            clauses.append(cut.format(amount=told.money(award.amount_minor), lost=lost))
    clauses.append(_paid(told, award))
    sentences = [_named(told.offer(award.offer), ", ".join(clauses))]
    if kept_of_minor is None and "next_tier_from" in award.facts:
        sentences.append(_named(told.offer(award.offer), _short_of_tier(told, award.facts)))
    return sentences


def _named(offers: str, clause: str) -> str:
    return _("{offers}: {clause}.").format(offers=offers, clause=clause)


def _kept(told: Told, award: Award, kept_of_minor: int) -> str:
    if kept_of_minor == award.amount_minor:
        return _("{amount}, untouched by the return").format(amount=told.money(kept_of_minor))
    return _("{amount} of {whole} stays after the return").format(
        amount=told.money(award.amount_minor), whole=told.money(kept_of_minor)
    )


def _paid(told: Told, award: Award) -> str:
    if len(award.funders) == 1:
        payers = [told.party(*award.funders[0][:2])]
    else:
        payers = [
            _("{name} ({amount})").format(name=told.party(kind, ref), amount=told.money(amount))
            for kind, ref, amount in award.funders
        ]
    # Two forms, because other languages make the verb agree with the payers.
    return ngettext("paid by {names}", "paid by {names}", len(payers)).format(names=listing(payers))


def _equals(told: Told, award: Award, reckoning: str) -> str:
    return _("{reckoning} = {amount}").format(
        reckoning=reckoning, amount=told.money(award.uncapped_minor)
    )


def _share_of_base(told: Told, award: Award) -> str:
    reckoning = _("{rate} of {base} on {lines}").format(
        rate=percent(award.rate_bps), base=told.money(award.base_minor), lines=_lines(told, award)
    )
    exact = award.base_minor * award.rate_bps
    if award.uncapped_minor != divide(exact, FULL_BPS, Rounding.HALF_UP):
        # Several roundings may come to another cent than one would; a reader who reckons along must know.
        reckoning = _("{reckoning}, rounded for each payer").format(reckoning=reckoning)
    return reckoning


def _lines(told: Told, award: Award) -> str:
    return told.where([line for line, _amount in award.lines])


def _plain(told: Told, award: Award) -> str:
    return told.money(award.uncapped_minor)


def _percent(told: Told, award: Award) -> str:
    return _equals(told, award, _share_of_base(told, award))


def _tiered(told: Told, award: Award) -> str:
    if "slices" in award.facts:
        return _equals(told, award, _slices(told, award))
    reckoning = _share_of_base(told, award)
    if award.facts["tier_from"]:
        reckoning = _("{reckoning} (the rate from {tier} on)").format(
            reckoning=reckoning, tier=told.money(award.facts["tier_from"])
        )
    return _equals(told, award, reckoning)


def _slices(told: Told, award: Award) -> str:
    slices = listing(
        [
            _("{rate} of {base}").format(rate=percent(rate_bps), base=told.money(size))
            for size, rate_bps in award.facts["slices"]
        ]
    )
    if award.base_minor == award.facts["order_minor"]:
        return _("{slices} on {lines}").format(slices=slices, lines=_lines(told, award))
    return _("{slices}, in proportion to the {base} on {lines}").format(
        slices=slices, base=told.money(award.base_minor), lines=_lines(told, award)
    )


def _progressive(told: Told, award: Award) -> str:
    facts, reckoning = award.facts, _share_of_base(told, award)
    if "cumulated_purchases" in facts:
        count = facts["cumulated_purchases"]
        reckoning = ngettext(
            "{reckoning} (the rate after {count} earlier purchase)",
            "{reckoning} (the rate after {count} earlier purchases)",
            count,
        ).format(reckoning=reckoning, count=number(count))
    else:
        reckoning = _("{reckoning} (the rate after {before} of earlier purchases)").format(
            reckoning=reckoning, before=told.money(facts["cumulated_minor"])
        )
    return _equals(told, award, reckoning)


def _fixed_per_order(told: Told, award: Award) -> str:
    fixed_minor = award.facts["fixed_minor"]
    if award.uncapped_minor == fixed_minor:
        return _("{fixed} for the order").format(fixed=told.money(fixed_minor))
    if award.uncapped_minor == award.base_minor:
        return _("{fixed} for the order, but no more than the {base} it came to").format(
            fixed=told.money(fixed_minor), base=told.money(award.base_minor)
        )
    part = _("the part of {fixed} for the order that falls to {lines}").format(
        fixed=told.money(fixed_minor), lines=_lines(told, award)
    )
    return _equals(told, award, part)


def _fixed_per_unit(told: Told, award: Award) -> str:
    each, units = award.facts["unit_minor"], award.facts["units"]
    if award.uncapped_minor == each * units:
        text = ngettext(
            "{each} for {units} unit on {lines}", "{each} × {units} units on {lines}", units
        )
    else:
        text = _("{each} for each unit on {lines}, at most what the units cost")
    return _equals(
        told,
        award,
        text.format(each=told.money(each), units=number(units), lines=_lines(told, award)),
    )


def _commission_share(told: Told, award: Award) -> str:
    if told.audience == "member":
        text = _("a share of the commission on {lines}")
    else:
        text = _("{share} of the commission of {commission} on {lines}")
    shown = text.format(
        share=percent(award.facts["share_bps"]),
        commission=told.money(award.facts["commission_minor"]),
        lines=_lines(told, award),
    )
    return _equals(told, award, shown)


def _voucher(told: Told, award: Award) -> str:
    minimum_minor, valid_days = award.voucher or (0, 0)
    if minimum_minor:
        text = ngettext(
            "a voucher of {value} for a next order of {minimum} or more, valid for {days} day",
            "a voucher of {value} for a next order of {minimum} or more, valid for {days} days",
            valid_days,
        )
    else:
        text = ngettext(
            "a voucher of {value} for a next order, valid for {days} day",
            "a voucher of {value} for a next order, valid for {days} days",
            valid_days,
        )
    return text.format(
        value=told.money(award.uncapped_minor),
        minimum=told.money(minimum_minor),
        days=number(valid_days),
    )


HOW: dict[str, Callable[[Told, Award], str]] = {
    "percent": _percent,
    "tiered": _tiered,
    "progressive": _progressive,
    "fixed_per_order": _fixed_per_order,
    "fixed_per_unit": _fixed_per_unit,
    "commission_share": _commission_share,
    "voucher": _voucher,
}
"""The arithmetic of an award, by the name of its effect."""


def _short_of_tier(told: Told, facts: Facts) -> str:
    """Say what the next tier lacks."""
    if "short_purchases" in facts:
        short, start = facts["short_purchases"], facts["next_tier_from"]
        return ngettext(
            "{short} purchase short of the next tier ({rate} after {start})",
            "{short} purchases short of the next tier ({rate} after {start})",
            short,
        ).format(short=number(short), rate=percent(facts["next_rate_bps"]), start=number(start))
    return _("{short} short of the next tier ({rate} from {start} on)").format(
        short=told.money(facts["short_minor"]),
        rate=percent(facts["next_rate_bps"]),
        start=told.money(facts["next_tier_from"]),
    )


# ---- what did not count ---------------------------------------------------------------------------------------

LEFT_OUT = {
    "discount": gettext_lazy("Discounts do not count: {amount} on {lines}."),
    "tax": gettext_lazy("Tax does not count: {amount} on {lines}."),
    "wallet": gettext_lazy("What was paid from the wallet does not count: {amount} on {lines}."),
    "returned": gettext_lazy("What was returned does not count: {amount} on {lines}."),
    "excluded": gettext_lazy("Excluded products do not count: {amount} on {lines}."),
    "gift_card": gettext_lazy("Gift cards do not count: {amount} on {lines}."),
    "below_zero": gettext_lazy(
        "No line counts for less than nothing: {amount} of deductions left aside on {lines}."
    ),
}
"""What was left out of the base, by its code (`LineBase.deductions`)."""
OTHERWISE_LEFT_OUT = gettext_lazy("Something else does not count: {amount} on {lines}.")


def base_told(told: Told) -> list[str]:
    """Say how much of the order counts, where that is not all of it, and why: once for each reason."""
    amounts: dict[str, int] = {}
    numbers: dict[str, list[int]] = {}
    for line in told.decision.lines:
        for code, amount_minor in line.deductions:
            amounts[code] = amounts.get(code, 0) + abs(amount_minor)
            numbers.setdefault(code, []).append(line.number)
    if not amounts:
        return []
    bought_minor = sum(line.amount_minor for line in told.decision.lines)
    counts = _("Of {bought}, {base} counts.").format(
        bought=told.money(bought_minor), base=told.money(told.decision.base_minor)
    )
    known = [code for code in LEFT_OUT if code in amounts]
    return [
        counts,
        *(
            LEFT_OUT.get(code, OTHERWISE_LEFT_OUT).format(
                amount=told.money(amounts[code]), lines=lines_of(numbers[code])
            )
            for code in dict.fromkeys([*known, *amounts])
        ),
    ]


# ---- what was missed ------------------------------------------------------------------------------------------


def misses_told(told: Told) -> list[str]:
    """Say why offers that came close did not apply: one sentence for each reason, however many offers."""
    found: dict[str, dict[str, list[Miss]]] = {}
    for miss in told.decision.misses:
        if told.audience == "member" and miss.reason in BETWEEN_PARTIES:
            continue
        tell = MISSED.get(miss.reason)
        reason = tell(told, miss.facts) if tell else _unknown(miss.reason)
        found.setdefault(reason, {}).setdefault(miss.offer, []).append(miss)
    return [_named(_offers_missed(told, by_offer), reason) for reason, by_offer in found.items()]


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
        return _short_of_tier(told, facts)
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


def _unknown(code: str) -> str:
    """Give the code itself, for want of words."""
    return _("not applied ({code})").format(code=code)


BETWEEN_PARTIES = frozenset({"no_contract"})
"""Reasons that members are not told."""


# ---- who owes what, for operators -----------------------------------------------------------------------------


def part_told(told: Told, part: Part) -> str:
    """Say what one funder owes for the purchase, and how it splits."""
    if part.contract is None:
        return _("The programme pays {amount} itself.").format(amount=told.money(part.reward_minor))
    party = told.party(part.funder_kind, part.funder)
    ref, version = part.contract
    contract = _("contract {ref}, version {version}").format(ref=ref, version=version)
    if part.commission_minor == part.reward_minor:
        return _("{party} owes {amount} for the rewards ({contract}).").format(
            party=party, amount=told.money(part.reward_minor), contract=contract
        )
    shares = (
        (_("{amount} of reward"), part.reward_minor),
        (_("{amount} for the shop"), part.share_minor),
        (_("{amount} of margin"), part.margin_minor),
    )
    return _("{party} owes a commission of {amount} ({contract}): {shares}.").format(
        party=party,
        amount=told.money(part.commission_minor),
        contract=contract,
        shares=listing([text.format(amount=told.money(minor)) for text, minor in shares if minor]),
    )
