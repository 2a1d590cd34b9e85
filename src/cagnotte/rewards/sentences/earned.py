"""What an offer gave: the arithmetic, what cut it, who pays."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cagnotte.domain.money import FULL_BPS, Rounding, divide
from cagnotte.domain.rating.decision import Award
from cagnotte.platform.figures import listing, number, percent
from cagnotte.rewards.sentences.told import Told, named, short_of_tier

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
    sentences = [named(told.offer(award.offer), ", ".join(clauses))]
    if kept_of_minor is None and "next_tier_from" in award.facts:
        sentences.append(named(told.offer(award.offer), short_of_tier(told, award.facts)))
    return sentences


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
