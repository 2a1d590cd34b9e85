"""Why a shop refused a purchase, in plain words, and what its member can do about it."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(NamedTuple):
    """What is said of a refusal.

    Attributes:
        sentence: what the shop says. advice: what to do, "" where nothing would help.
        worth_claiming: whether a proof of the member's could change it.
    """

    sentence: str | Promise
    advice: str | Promise = ""
    worth_claiming: bool = True


_SENT_BACK = _("If you kept a part of the order, claim with the invoice: that part earns.")
_INVOICE = _("If that is not so, claim with the order's confirmation or its invoice.")

REFUSALS = {
    "returned": Refusal(_("The shop says that the order was sent back."), _SENT_BACK),
    "cancelled": Refusal(_("The shop says that the order was cancelled."), _INVOICE),
    "order_amended": Refusal(
        _("The shop says that the order was changed, and that what is left earns nothing."),
        _SENT_BACK,
    ),
    "duplicate_order": Refusal(
        _("The shop says that this order was reported twice; the other one counts."),
        _("Look for the same order in your list. If it is not there, claim."),
    ),
    "out_of_stock": Refusal(
        _("The shop could not deliver the order."),
        _("If it reached you after all, claim with the delivery note."),
    ),
    "invalid_payment": Refusal(_("The shop says that the order was not paid."), _INVOICE),
    "bad_debt": Refusal(_("The shop says that it was not paid for the order."), _INVOICE),
    "booking_cancelled": Refusal(_("The booking was cancelled, or nobody came."), _INVOICE),
    "terms_not_met": Refusal(
        _("The shop says that the order did not meet the conditions of its offer."),
        _("Compare it with the conditions on the shop's page. If they are met, claim."),
    ),
    "unauthorised_coupon": Refusal(
        _("The order used a promo code that this shop does not combine with cashback."),
        _("If you used none, or one from the shop's page here, claim and say which."),
    ),
    "paid_with_gift_card": Refusal(
        _("The order was paid with a gift card, which earns nothing at this shop."),
        _("If only a part was, claim with the invoice: the rest earns."),
    ),
    "excluded_product": Refusal(
        _("What you bought is left out at this shop."),
        _("The shop's page lists what gives no cashback. If your articles are not there, claim."),
    ),
    "not_new_customer": Refusal(
        _("The offer is for first orders, and the shop knew you already."),
        _("If it was your first order there, claim and say so."),
    ),
    "other_referrer": Refusal(
        _("Another site, app or browser extension led you to the shop after us."),
        _("Next time, come from here last, and close extensions that offer codes."),
        worth_claiming=False,
    ),
    "offline_completion": Refusal(
        _("The order was finished outside the shop's site, such as by telephone."),
        _INVOICE,
    ),
    "claim_too_late": Refusal(
        _("The claim came after the shop's deadline."), "", worth_claiming=False
    ),
    "merchant_insolvent": Refusal(
        _("The shop is insolvent and pays nobody any more."),
        _("We are sorry. Nothing was taken from what you had already."),
        worth_claiming=False,
    ),
    "compliance": Refusal(
        _("A check that the law asks of us could not be passed."),
        _("Write to us: we say what we may."),
        worth_claiming=False,
    ),
    "self_referral": Refusal(
        _("Purchases for one's own shop or one's own referral earn nothing."),
        _("If that is a mistake, claim and explain."),
    ),
    "fraud": Refusal(
        _("The purchase looks unusual, and was refused after a check."),
        _("If we are wrong, claim: somebody looks at it again."),
    ),
}
"""By the reason's code (`domain.lifecycle.REASON_CODES`)."""

OTHERWISE = Refusal(
    _("The shop refused the purchase and gave no reason."),
    _("Claim with the order's confirmation, and we ask."),
)


def refused_told(reason: str) -> Refusal:
    """Return what to say of a purchase that was refused for a reason's code."""
    return REFUSALS.get(reason, OTHERWISE)
