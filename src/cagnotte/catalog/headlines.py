"""What an offer gives, in a few words for anybody: "5% back", "up to 8% back", "€3 back per item"."""

from django.utils.translation import gettext as _

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
from cagnotte.platform.figures import money, percent


def headline(offer: Offer, currency: str) -> str:
    """Return an offer's sentence in the active language. currency: the programme's, of its amounts."""
    told = _effect(offer, currency)
    basket_minor = offer.conditions.minimum_basket_minor
    if basket_minor and not isinstance(offer.effect, NextOrderVoucher):
        return _("{what} from {basket}").format(what=told, basket=money(basket_minor, currency))
    return told


def _effect(offer: Offer, currency: str) -> str:
    more = offer.role is Role.BOOST and offer.mode is BoostMode.ADD
    match offer.effect:
        case Percent(rate_bps):
            text = _("{rate} more back") if more else _("{rate} back")
            return text.format(rate=percent(rate_bps))
        case Tiered(tiers) | Progressive(tiers):
            highest = max(tier.rate_bps for tier in tiers)
            return _("up to {rate} back").format(rate=percent(highest))
        case FixedPerOrder(amount_minor):
            return _("{amount} back per order").format(amount=money(amount_minor, currency))
        case FixedPerUnit(amount_minor):
            return _("{amount} back per item").format(amount=money(amount_minor, currency))
        case NextOrderVoucher(amount_minor, minimum_basket_minor):
            return _("a voucher of {amount} for a next order from {basket}").format(
                amount=money(amount_minor, currency), basket=money(minimum_basket_minor, currency)
            )
        case CommissionShare():
            return _("money back on what you buy")
