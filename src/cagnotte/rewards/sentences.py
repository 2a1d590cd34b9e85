"""Decisions as sentences: why each line earned what it earned, who pays, and what was nearly missed.

`explain` is for the member, `explain_funding` for staff and funders. Both speak the active language of Django, or
the one named; English stands here, other languages in `locale/`. Nothing is computed here but words.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.utils import formats, translation
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cagnotte.domain.money import decimals_of, format_minor
from cagnotte.domain.rating.decision import Award, Decision, LineBase, Miss

SYMBOLS = {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
"""Currencies with a sign of their own that nobody mistakes; others are written by their code."""


class Names(NamedTuple):
    """What things are called: offers by reference, funders by (kind, reference); and the currency.

    A thing without a name is called by its reference.
    """

    currency: str
    offers: Mapping[str, str]
    funders: Mapping[tuple[str, str], str]

    def offer(self, ref: str) -> str:
        """Return the name of an offer."""
        return self.offers.get(ref, ref)

    def funder(self, kind: str, ref: str) -> str:
        """Return the name of a funder."""
        if kind == "programme":
            return self.funders.get((kind, ref), _("the programme"))
        return self.funders.get((kind, ref), ref)

    def money(self, amount_minor: int) -> str:
        """Return an amount as people write it."""
        return money_text(amount_minor, self.currency)


def explain(
    decision: Decision,
    *,
    offers: Mapping[str, str] | None = None,
    funders: Mapping[tuple[str, str], str] | None = None,
    language: str | None = None,
) -> list[str]:
    """Tell a member what a purchase earned and why, one sentence an item.

    Args:
        decision: what was decided.
        offers: their names by reference.
        funders: their names by (kind, reference), such as ("brand", "acme").
        language: a code of Django such as "fr"; by default the active one.
    """
    with translation.override(language or translation.get_language()):
        names = Names(decision.currency, offers or {}, funders or {})
        return [
            _summary(decision, names),
            *_line_sentences(decision, names),
            *(sentence for award in decision.awards for sentence in _award_sentences(award, names)),
            *(_miss_sentence(miss, names) for miss in decision.misses),
        ]


def explain_funding(
    decision: Decision,
    *,
    funders: Mapping[tuple[str, str], str] | None = None,
    language: str | None = None,
) -> list[str]:
    """Tell staff or a funder who owes what for a purchase, one sentence a funder. Arguments as for `explain`."""
    with translation.override(language or translation.get_language()):
        names = Names(decision.currency, {}, funders or {})
        return [
            _(
                "{funder} owes {commission}: {reward} for the member, {share} for the shop, {margin} for the programme."
            ).format(
                funder=_capital(names.funder(part.funder_kind, part.funder)),
                commission=names.money(part.commission_minor),
                reward=names.money(part.reward_minor),
                share=names.money(part.share_minor),
                margin=names.money(part.margin_minor),
            )
            for part in decision.parts
        ]


def money_text(amount_minor: int, currency: str) -> str:
    """Write an amount as the active language does: €1,234.50 in English, 1 234,50 € in French."""
    digits = format_minor(abs(amount_minor), currency)
    whole, _point, fraction = digits.partition(".")
    grouped = f"{int(whole):,}".replace(",", _spaced(str(formats.get_format("THOUSAND_SEPARATOR"))))
    if decimals_of(currency):
        grouped += str(formats.get_format("DECIMAL_SEPARATOR")) + fraction
    sign = "−" if amount_minor < 0 else ""
    if currency in SYMBOLS:
        return sign + pgettext("money", "{symbol}{amount}").format(
            symbol=SYMBOLS[currency], amount=grouped
        )
    return sign + pgettext("money", "{code} {amount}").format(code=currency, amount=grouped)


def percent_text(rate_bps: int) -> str:
    """Write a rate as the active language does: 5%, 12.5% in English, 12,5 % in French."""
    whole, rest = divmod(rate_bps, 100)
    point = str(formats.get_format("DECIMAL_SEPARATOR"))
    fraction = f"{rest:02d}".rstrip("0")
    number = f"{whole}{point}{fraction}" if fraction else f"{whole}"
    return pgettext("percent", "{number}%").format(number=number)


def _spaced(separator: str) -> str:
    """Thousands are set apart by a narrow space that does not break, where a language uses a space."""
    return "\u202f" if separator.isspace() else separator


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(words: Iterable[str]) -> str:
    """Join words: a, b and c."""
    *head, last = words
    return _("{list} and {last}").format(list=", ".join(head), last=last) if head else last


def _lines(numbers: Iterable[int]) -> str:
    """Name lines: line 1, lines 1, 3 and 4, delivery; none are the whole order."""
    found = list(numbers)
    if not found:
        return _("the whole order")
    articles = [str(number) for number in found if number]
    words = []
    if articles:
        words.append(
            ngettext("line {lines}", "lines {lines}", len(articles)).format(lines=_listed(articles))
        )
    if 0 in found:
        words.append(_("delivery"))
    return _listed(words)


def _summary(decision: Decision, names: Names) -> str:
    if not decision.reward_minor:
        return _("This purchase earns nothing.")
    return _("This purchase earns {reward} on {base}.").format(
        reward=names.money(decision.reward_minor), base=names.money(decision.base_minor)
    )


def _line_sentences(decision: Decision, names: Names) -> Iterable[str]:
    """For each line: what of it counts, where that is not all, and what it earns by which offers."""
    earned: dict[int, list[tuple[str, int]]] = {}
    for award in decision.awards:
        for number, minor in award.lines:
            earned.setdefault(number, []).append((award.offer, minor))
    for line in decision.lines:
        if line.deductions:
            yield _base_sentence(line, names)
        gains = [(offer, minor) for offer, minor in earned.get(line.number, []) if minor]
        if not gains:
            if line.base_minor:
                yield _("{line} earns nothing.").format(line=_capital(_lines([line.number])))
            continue
        parts = [
            _("{offer} {amount}").format(offer=names.offer(offer), amount=names.money(minor))
            for offer, minor in gains
        ]
        yield _("{line} ({base}) earns {amount}: {parts}.").format(
            line=_capital(_lines([line.number])),
            base=names.money(line.base_minor),
            amount=names.money(sum(minor for _offer, minor in gains)),
            parts=_listed(parts),
        )


def _base_sentence(line: LineBase, names: Names) -> str:
    name = _capital(_lines([line.number]))
    codes = {code for code, _minor in line.deductions}
    if "gift_card" in codes:
        return _("{line} does not count: gift cards are money already.").format(line=name)
    if "excluded" in codes:
        return _("{line} does not count: this product is excluded.").format(line=name)
    parts = [
        _deduction(code).format(amount=names.money(minor))
        for code, minor in line.deductions
        if code != "below_zero"
    ]
    if not parts:
        return _("{line} does not count: its amount is below zero.").format(line=name)
    return _("{line}: of {amount}, {base} counts, after {parts}.").format(
        line=name,
        amount=names.money(line.amount_minor),
        base=names.money(line.base_minor),
        parts=_listed(parts),
    )


def _deduction(code: str) -> str:
    return {
        "discount": _("{amount} of discount"),
        "tax": _("{amount} of tax"),
        "wallet": _("{amount} paid from the cagnotte"),
        "returned": _("{amount} returned"),
    }[code]


def _award_sentences(award: Award, names: Names) -> Iterable[str]:
    yield _ARITHMETIC[award.effect](award, names)
    if award.cap is not None:
        yield _cap(award.cap).format(
            offer=names.offer(award.offer),
            amount=names.money(award.amount_minor),
            uncapped=names.money(award.uncapped_minor),
        )
    if "next_rate_bps" in award.facts:
        yield _next_tier(award.facts, names)
    yield _("{offer} is paid by {funders}.").format(
        offer=names.offer(award.offer), funders=_listed(_funder_words(award, names))
    )


def _funder_words(award: Award, names: Names) -> list[str]:
    if len(award.funders) == 1:
        return [names.funder(*award.funders[0][:2])]
    return [
        _("{funder} ({amount})").format(funder=names.funder(kind, ref), amount=names.money(minor))
        for kind, ref, minor in award.funders
    ]


def _common(award: Award, names: Names) -> dict[str, str]:
    return {
        "offer": names.offer(award.offer),
        "base": names.money(award.base_minor),
        "lines": _lines([number for number, _minor in award.lines]),
        # Before its ceiling: the next sentence says what the ceiling did.
        "amount": names.money(award.uncapped_minor),
    }


def _kept(award: Award, names: Names) -> str | None:
    """What is left of an award after returns is a share of what was given, whatever the effect."""
    if "kept_of_minor" not in award.facts:
        return None
    return _("{offer}: of {given}, {amount} is left after what was returned.").format(
        given=names.money(award.facts["kept_of_minor"]), **_common(award, names)
    )


def _percent(award: Award, names: Names) -> str:
    rate = percent_text(award.rate_bps)
    return _kept(award, names) or _("{offer}: {rate} of {base} on {lines} = {amount}.").format(
        rate=rate, **_common(award, names)
    )


def _tiered(award: Award, names: Names) -> str:
    order = names.money(award.facts["order_minor"])
    if "slices" not in award.facts or "kept_of_minor" in award.facts:
        return _kept(award, names) or _(
            "{offer}: {rate} of {base} on {lines} = {amount}, for an order of {order}."
        ).format(rate=percent_text(award.rate_bps), order=order, **_common(award, names))
    slices = [
        _("{rate} of {slice}").format(rate=percent_text(rate), slice=names.money(minor))
        for minor, rate in award.facts["slices"]
    ]
    return _("{offer}: {slices} for an order of {order}; on {lines} = {amount}.").format(
        slices=_listed(slices), order=order, **_common(award, names)
    )


def _progressive(award: Award, names: Names) -> str:
    kept = _kept(award, names)
    if kept:
        return kept
    facts, common = award.facts, {**_common(award, names), "rate": percent_text(award.rate_bps)}
    if "cumulated_minor" in facts:
        return _(
            "{offer}: {rate} of {base} on {lines} = {amount}, after purchases of {cumulated} in the period."
        ).format(cumulated=names.money(facts["cumulated_minor"]), **common)
    count = facts["cumulated_purchases"]
    return ngettext(
        "{offer}: {rate} of {base} on {lines} = {amount}, after {count} purchase in the period.",
        "{offer}: {rate} of {base} on {lines} = {amount}, after {count} purchases in the period.",
        count,
    ).format(count=count, **common)


def _fixed(award: Award, names: Names) -> str:
    return _kept(award, names) or _("{offer}: {amount} for the order.").format(
        **_common(award, names)
    )


def _per_unit(award: Award, names: Names) -> str:
    kept = _kept(award, names)
    if kept:
        return kept
    units = award.facts["units"]
    return ngettext(
        "{offer}: {each} for {units} unit on {lines} = {amount}.",
        "{offer}: {each} for each of {units} units on {lines} = {amount}.",
        units,
    ).format(each=names.money(award.facts["unit_minor"]), units=units, **_common(award, names))


def _commission_share(award: Award, names: Names) -> str:
    return _kept(award, names) or _(
        "{offer}: {rate} of the commission of {commission} = {amount}."
    ).format(
        rate=percent_text(award.facts["share_bps"]),
        commission=names.money(award.facts["commission_minor"]),
        **_common(award, names),
    )


def _voucher(award: Award, names: Names) -> str:
    minimum_minor, days = award.voucher or (0, 0)
    return ngettext(
        "{offer}: a voucher of {amount} for a next order of at least {minimum}, valid for {days} day.",
        "{offer}: a voucher of {amount} for a next order of at least {minimum}, valid for {days} days.",
        days,
    ).format(minimum=names.money(minimum_minor), days=days, **_common(award, names))


_ARITHMETIC: dict[str, Callable[[Award, Names], str]] = {
    "percent": _percent,
    "tiered": _tiered,
    "progressive": _progressive,
    "fixed_per_order": _fixed,
    "fixed_per_unit": _per_unit,
    "commission_share": _commission_share,
    "voucher": _voucher,
}


def _cap(cap: str) -> str:
    return {
        "line": _("{offer} gives {amount} instead of {uncapped}: its limit per line is reached."),
        "purchase": _(
            "{offer} gives {amount} instead of {uncapped}: its limit per purchase is reached."
        ),
        "member": _(
            "{offer} gives {amount} instead of {uncapped}: your limit for the period is reached."
        ),
        "budget": _("{offer} gives {amount} instead of {uncapped}: its budget is spent."),
    }[cap]


def _next_tier(facts: Mapping[str, Any], names: Names) -> str:
    rate = percent_text(facts["next_rate_bps"])
    if "short_minor" in facts:
        return _("{short} short of the next tier ({rate}).").format(
            short=names.money(facts["short_minor"]), rate=rate
        )
    count = facts["short_purchases"]
    return ngettext(
        "{count} purchase short of the next tier ({rate}).",
        "{count} purchases short of the next tier ({rate}).",
        count,
    ).format(count=count, rate=rate)


def _miss_sentence(miss: Miss, names: Names) -> str:
    """Say why an offer did not apply. A reason this version does not know is given as its code."""
    told = _REASONS.get(miss.reason)
    if told is None:
        return _("{offer} did not apply ({reason}).").format(
            offer=names.offer(miss.offer), reason=miss.reason
        )
    return told(miss, names.offer(miss.offer), names)


Teller = Callable[[Miss, str, Names], str]


def _beaten(miss: Miss, offer: str, names: Names) -> str:
    return _("{offer} did not apply to {lines}: {by} comes first.").format(
        offer=offer, lines=_lines(miss.lines), by=names.offer(miss.facts["by"])
    )


def _weekday(miss: Miss, offer: str, _names: Names) -> str:
    days = _listed(str(WEEKDAYS[day]) for day in miss.facts["weekdays"])
    return _("{offer} applies only on: {days}.").format(offer=offer, days=days)


def _hours(miss: Miss, offer: str, _names: Names) -> str:
    return _("{offer} applies only from {start} to {end}.").format(
        offer=offer, start=miss.facts["from"], end=miss.facts["until"]
    )


def _minimum_basket(miss: Miss, offer: str, names: Names) -> str:
    return _("{short} short of {offer}, which begins at {minimum}.").format(
        offer=offer,
        short=names.money(miss.facts["short_minor"]),
        minimum=names.money(miss.facts["minimum_minor"]),
    )


def _minimum_quantity(miss: Miss, offer: str, _names: Names) -> str:
    short = miss.facts["short_units"]
    return ngettext(
        "{short} unit short of {offer}, which begins at {minimum}.",
        "{short} units short of {offer}, which begins at {minimum}.",
        short,
    ).format(offer=offer, short=short, minimum=miss.facts["minimum_units"])


def _first_purchase(miss: Miss, offer: str, _names: Names) -> str:
    if miss.facts["scope"] == "merchant":
        return _("{offer} is for a first purchase at this shop.").format(offer=offer)
    return _("{offer} is for a first purchase with the programme.").format(offer=offer)


def _segment(_miss: Miss, offer: str, _names: Names) -> str:
    return _("{offer} is for other members.").format(offer=offer)


def _coupon_missing(miss: Miss, offer: str, _names: Names) -> str:
    if "coupon" in miss.facts:
        return _("{offer} needs the coupon {coupon}.").format(
            offer=offer, coupon=miss.facts["coupon"]
        )
    return _("{offer} needs a coupon.").format(offer=offer)


def _coupon_used(_miss: Miss, offer: str, _names: Names) -> str:
    return _("{offer} does not go together with coupons.").format(offer=offer)


def _card(_miss: Miss, offer: str, _names: Names) -> str:
    return _("{offer} is for payments by another card.").format(offer=offer)


def _no_contract(miss: Miss, offer: str, names: Names) -> str:
    funder = names.funder(miss.facts["funder_kind"], miss.facts["funder"])
    return _("{offer} did not apply: {funder} has no contract on this day.").format(
        offer=offer, funder=funder
    )


def _below_first_tier(miss: Miss, offer: str, names: Names) -> str:
    if "next_rate_bps" not in miss.facts:
        return _("{offer} gives nothing here.").format(offer=offer)
    return f"{offer}{pgettext('before a sentence', ': ')}{_next_tier(miss.facts, names)}"


def _member_cap(miss: Miss, offer: str, names: Names) -> str:
    if "cap_minor" in miss.facts:
        return _("{offer}: you have already had the {cap} it gives in the period.").format(
            offer=offer, cap=names.money(miss.facts["cap_minor"])
        )
    if "cap_purchases" in miss.facts:
        count = miss.facts["cap_purchases"]
        return ngettext(
            "{offer}: it rewards {count} purchase in the period, which you have made.",
            "{offer}: it rewards {count} purchases in the period, which you have made.",
            count,
        ).format(offer=offer, count=count)
    return _("{offer}: your limit for the period is reached.").format(offer=offer)


def _budget(_miss: Miss, offer: str, _names: Names) -> str:
    return _("{offer}: its budget is spent.").format(offer=offer)


def _no_commission(_miss: Miss, offer: str, _names: Names) -> str:
    return _("{offer}: no commission is paid for this purchase.").format(offer=offer)


def _zero(miss: Miss, offer: str, _names: Names) -> str:
    return _("{offer} gives nothing on {lines}.").format(offer=offer, lines=_lines(miss.lines))


def _returned(_miss: Miss, offer: str, _names: Names) -> str:
    return _("{offer} was taken back, because something was returned.").format(offer=offer)


_REASONS: dict[str, Teller] = {
    "beaten": _beaten,
    "below_first_tier": _below_first_tier,
    "budget": _budget,
    "card": _card,
    "coupon_missing": _coupon_missing,
    "coupon_used": _coupon_used,
    "first_purchase": _first_purchase,
    "hours": _hours,
    "member_cap": _member_cap,
    "minimum_basket": _minimum_basket,
    "minimum_quantity": _minimum_quantity,
    "no_commission": _no_commission,
    "no_contract": _no_contract,
    "returned": _returned,
    "segment": _segment,
    "segment_excluded": _segment,
    "weekday": _weekday,
    "zero": _zero,
}
"""How each reason of a `Miss` is told, by its code."""
