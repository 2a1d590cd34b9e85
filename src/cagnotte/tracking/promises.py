"""What a link promises, as data that is kept with the click and in words that the visitor read."""

import orjson
from django.utils.translation import gettext as _

from cagnotte.catalog.definitions import EFFECT_NAMES, effect_from, offer_data
from cagnotte.domain import offers
from cagnotte.domain.offers import Effect, Offer
from cagnotte.platform.figures import money, percent


def promise(offer: Offer, in_force: list[tuple[str, int]]) -> str:
    """Return a promise as JSON: the effect of the offer, and all versions in force for the whole shop that day."""
    return orjson.dumps({"effect": offer_data(offer)["effect"], "in_force": in_force}).decode()


def promised(offer: Offer, currency: str) -> str:
    """Say in the active language what an offer gives at best, such as "up to 10%" or "€5.00 per order".

    A share of a commission is not put in figures: what the shop pays is between it and the programme.
    """
    return _told(offer.effect, currency)


def effect_told(effect: str, currency: str) -> str:
    """Say in the active language what the effect of a kept promise, JSON, gives at best."""
    return _told(effect_from(orjson.loads(effect)), currency)


def _told(effect: Effect, currency: str) -> str:
    match effect:
        case offers.Percent():
            return percent(effect.rate_bps)
        case offers.Tiered() | offers.Progressive():
            return _("up to {rate}").format(rate=percent(max(t.rate_bps for t in effect.tiers)))
        case offers.FixedPerOrder():
            return _("{amount} per order").format(amount=money(effect.amount_minor, currency))
        case offers.FixedPerUnit():
            return _("{amount} per unit").format(amount=money(effect.amount_minor, currency))
        case offers.NextOrderVoucher():
            return _("a voucher of {amount}").format(amount=money(effect.amount_minor, currency))
        case offers.CommissionShare():
            return _("a share of what the shop pays")
    raise TypeError(f"no words for {EFFECT_NAMES[type(effect)]}")
