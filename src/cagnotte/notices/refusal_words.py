"""Why a purchase does not count, said to its member: one sentence for each reason of `domain.lifecycle`."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "returned": _("The order was sent back."),
    "cancelled": _("The order was cancelled."),
    "order_amended": _("The order was changed."),
    "duplicate_order": _("The shop counts this order already."),
    "out_of_stock": _("The shop could not deliver."),
    "invalid_payment": _("The payment did not go through."),
    "bad_debt": _("The order was not paid."),
    "booking_cancelled": _("The booking was cancelled, or nobody came."),
    "terms_not_met": _("The order does not meet the conditions of the offer."),
    "unauthorised_coupon": _("A promo code was used that the shop does not allow with cashback."),
    "paid_with_gift_card": _("The order was paid with a gift card."),
    "excluded_product": _("The article earns no cashback at this shop."),
    "not_new_customer": _("The offer is for new customers, and the shop knows you already."),
    "other_referrer": _("The shop found that you came to it through somebody else."),
    "offline_completion": _("The order was finished by phone or in a shop."),
    "claim_too_late": _("The claim came too late."),
    "merchant_insolvent": _("The shop is insolvent."),
    "compliance": _("The shop stopped the order for a legal reason."),
    "self_referral": _("Nobody can recommend themselves."),
    "fraud": _("The shop thinks that something is wrong with this order."),
    "other": _("The shop gave no further reason."),
}
"""By code."""


def why_declined(code: str) -> str:
    """Return the sentence for a reason; for one that is missing or new, that none was given."""
    return str(SENTENCES.get(code, SENTENCES["other"]))
