"""What offers and contracts of a shop mean for whoever buys there, in short sentences of the reader's language."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cagnotte.catalog.programme_file.storefront import PageSection
from cagnotte.domain.attribution import Trace
from cagnotte.domain.contracts import Contract, Products
from cagnotte.domain.offers import (
    BoostMode,
    Conditions,
    First,
    Limits,
    NextOrderVoucher,
    Offer,
    Progressive,
    Role,
    Tiered,
)
from cagnotte.domain.periods import Window, WindowKind
from cagnotte.domain.purchases import Channel
from cagnotte.platform.figures import listing, money, number, percent
from cagnotte.rewards.sentences.missed import DAYS

NAMES_MAX = 6
"""Products named in one sentence; the others are counted."""

PLACES = {
    Channel.WEB: gettext_lazy("on the site"),
    Channel.APP: gettext_lazy("in the app"),
    Channel.STORE: gettext_lazy("in the shop"),
    Channel.CARD: gettext_lazy("when paid with a linked card"),
}

WINDOWS = {
    WindowKind.DAY: gettext_lazy("each day"),
    WindowKind.WEEK: gettext_lazy("each week"),
    WindowKind.MONTH: gettext_lazy("each month"),
    WindowKind.QUARTER: gettext_lazy("each quarter"),
    WindowKind.YEAR: gettext_lazy("each year"),
    WindowKind.LIFETIME: gettext_lazy("in all"),
}


class Names(NamedTuple):
    """How things are called: categories of products and brands by reference; the programme's currency."""

    categories: Mapping[str, str]
    brands: Mapping[str, str]
    currency: str


def for_whom(conditions: Conditions) -> str:
    """Say who an offer is for; "" for everybody."""
    if conditions.first is First.MERCHANT:
        return _("Your first purchase at this shop")
    if conditions.first is First.PROGRAMME:
        return _("Your very first purchase")
    if conditions.segments:
        return _("Some members")
    if conditions.cards:
        return _("Payments with certain cards")
    return ""


def conditions_told(offer: Offer, names: Names) -> list[str]:
    """Say what an offer asks for, and where it ends."""
    told = (
        *_steps(offer, names.currency),
        *_products(offer.conditions.products, names),
        *_places_and_times(offer.conditions),
        *_basket(offer.conditions, names.currency),
        *_limits(offer.limits, names.currency),
    )
    if offer.role is Role.BOOST and offer.mode is BoostMode.ADD:
        return [_("On top of the other rates"), *told]
    return list(told)


def base_told(contract: Contract | None) -> list[str]:
    """Say what rates are counted on at a shop; nothing where no contract says it."""
    if contract is None:
        return []
    base = contract.base
    return [
        _("Tax counts.") if base.with_tax else _("Counted without tax."),
        _("Delivery counts.") if base.with_delivery else _("Delivery does not count."),
        _("Counted on what is left after discounts.")
        if base.discounts_deducted
        else _("Counted before discounts."),
        _("What you pay from your cagnotte does not count.")
        if base.wallet_deducted
        else _("What you pay from your cagnotte counts too."),
    ]


def left_out(contract: Contract | None, names: Names, *, told: bool) -> list[str]:
    """Say which products a shop gives nothing on. told: its page says already what most shops leave out."""
    if contract is None:
        return []
    out = []
    excluded = contract.base.excluded
    if excluded is not None:
        out += [names.categories.get(ref, ref) for ref in sorted(excluded.categories)]
        out += [names.brands.get(ref, ref) for ref in sorted(excluded.brands)]
        if excluded.skus:
            out.append(_("Some articles"))
    if not (contract.base.gift_cards or told):
        out.append(_("Gift cards"))
    return out


def to_do(
    contract: Contract | None, page: PageSection, *, online: bool, in_store: bool
) -> list[str]:
    """Say what has to be done for a purchase to be seen as the member's, but for what the page says itself."""
    if contract is None:
        return []
    policy = contract.attribution
    told = []
    if online and Trace.CLICK in policy.precedence and policy.click_window.days:
        told.append(
            ngettext(
                "Go to the shop from here, and buy within {days} day.",
                "Go to the shop from here, and buy within {days} days.",
                policy.click_window.days,
            ).format(days=policy.click_window.days)
        )
        if not page.you_must:
            told.append(_("Accept the shop's cookies, and start with an empty basket."))
    if in_store and {Trace.MEMBER_NUMBER, Trace.QR_CODE} & set(policy.precedence):
        told.append(_("In the shop, show your member code at the till."))
    return told


def coupons_told(page: PageSection, contract: Contract | None) -> str:
    """Say which codes may be used at a shop."""
    codes = contract.coupons if contract else None
    rule = page.coupons or ("all" if codes is None else "listed" if codes else "none")
    if rule == "all":
        return _("You may use any coupon code.")
    if rule == "none":
        return _("Use no coupon code: an order with one earns nothing.")
    if codes:
        return _("You may use these coupon codes: {codes}. Others cost you the cashback.").format(
            codes=listing(sorted(code.upper() for code in codes))
        )
    return _("Use only coupon codes that you find here: others cost you the cashback.")


def _steps(offer: Offer, currency: str) -> Iterator[str]:
    effect = offer.effect
    if isinstance(effect, Tiered) and len(effect.tiers) > 1:
        for tier in effect.tiers:
            yield _("{rate} from {amount} on").format(
                rate=percent(tier.rate_bps), amount=money(tier.from_value, currency)
            )
    if isinstance(effect, Progressive):
        for tier in effect.tiers[1:]:
            yield _bought_before(effect, tier.from_value).format(
                rate=percent(tier.rate_bps),
                amount=money(tier.from_value, currency),
                count=number(tier.from_value),
                time=_time(effect.window),
            )
    if isinstance(effect, NextOrderVoucher):
        yield ngettext(
            "To be used within {days} day, on an order from {amount} on",
            "To be used within {days} days, on an order from {amount} on",
            effect.valid_days,
        ).format(days=effect.valid_days, amount=money(effect.minimum_basket_minor, currency))


def _bought_before(effect: Progressive, count: int) -> str:
    if effect.by == "purchases":
        return ngettext(
            "{rate} after {count} purchase ({time})",
            "{rate} after {count} purchases ({time})",
            count,
        )
    return _("{rate} once you have bought for {amount} ({time})")


def _products(products: Products, names: Names) -> Iterator[str]:
    for chosen, known in (
        (products.categories, names.categories),
        (products.brands, names.brands),
    ):
        if chosen:
            yield _("Only on {names}").format(names=_named(chosen, known))
    if products.skus:
        yield _("Only on chosen articles")
    spared = [
        *(names.categories.get(ref, ref) for ref in products.not_categories),
        *(names.brands.get(ref, ref) for ref in products.not_brands),
    ]
    if spared:
        yield _("Not on {names}").format(names=_few(spared))
    if products.not_skus:
        yield _("Not on some articles")


def _places_and_times(asked: Conditions) -> Iterator[str]:
    if asked.channels:
        places = [str(PLACES[channel]) for channel in sorted(asked.channels)]
        yield _("Only {places}").format(places=listing(places))
    if asked.countries:
        yield _("Only for purchases in {countries}").format(
            countries=listing(sorted(asked.countries))
        )
    if asked.weekdays:
        days = [str(DAYS[day]) for day in sorted(asked.weekdays)]
        yield _("Only on {days}").format(days=listing(days))
    if asked.hours:
        start, end = (f"{moment:%H:%M}" for moment in asked.hours)
        yield _("Only between {start} and {end}").format(start=start, end=end)


def _basket(asked: Conditions, currency: str) -> Iterator[str]:
    if asked.minimum_basket_minor:
        yield _("From {amount} on").format(amount=money(asked.minimum_basket_minor, currency))
    if asked.minimum_quantity > 1:
        yield _("From {count} articles on").format(count=number(asked.minimum_quantity))
    if asked.coupon:
        # Whoever has not been given a code must not learn it here.
        yield {
            "none": _("Only without a coupon code"),
            "any": _("Only with a coupon code"),
        }.get(asked.coupon, _("Only with its own coupon code"))
    if asked.not_segments:
        yield _("Not for some members")


def _limits(limits: Limits, currency: str) -> Iterator[str]:
    if limits.per_line_minor is not None:
        yield _("At most {amount} per article").format(
            amount=money(limits.per_line_minor, currency)
        )
    if limits.per_purchase_minor is not None:
        yield _("At most {amount} per order").format(
            amount=money(limits.per_purchase_minor, currency)
        )
    cap = limits.per_member
    if cap is not None and cap.amount_minor is not None:
        yield _("At most {amount} for you ({time})").format(
            amount=money(cap.amount_minor, currency), time=_time(cap.window)
        )
    if cap is not None and cap.purchases is not None:
        yield ngettext(
            "At most {count} purchase ({time})", "At most {count} purchases ({time})", cap.purchases
        ).format(count=number(cap.purchases), time=_time(cap.window))
    if limits.budget_minor is not None:
        yield _("While its budget lasts")


def _time(window: Window) -> str:
    if window.kind is WindowKind.ROLLING:
        return ngettext("in {days} day", "in {days} days", window.days).format(days=window.days)
    return str(WINDOWS[window.kind])


def _named(refs: Iterable[str], known: Mapping[str, str]) -> str:
    return _few([known.get(ref, ref) for ref in refs])


def _few(found: Sequence[str]) -> str:
    names = sorted(found)
    if len(names) > NAMES_MAX:
        others = len(names) - NAMES_MAX + 1
        more = ngettext("{count} other", "{count} others", others).format(count=number(others))
        names = [*names[: NAMES_MAX - 1], more]
    return listing(names)
