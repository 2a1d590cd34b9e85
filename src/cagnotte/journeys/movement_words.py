"""A movement of a wallet in a few words, for its owner: what happened, and where."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Wording(NamedTuple):
    """How a kind of movement is told. icon: a name of the pages' icons."""

    sentence: str | Promise
    icon: str


PURCHASES = {
    "tracked": Wording(_("Purchase at {shop} tracked"), "eye"),
    "confirmed": Wording(_("Purchase at {shop} confirmed"), "circle-check"),
    "declined": Wording(_("Purchase at {shop} declined"), "circle-x"),
    "restated": Wording(_("Purchase at {shop} adjusted"), "pencil"),
    "reopened": Wording(_("Purchase at {shop} pending again"), "hourglass"),
    "happened": Wording(_("Purchase at {shop} completed"), "package"),
    "released": Wording(_("Cashback from {shop} available"), "coins"),
}
"""What happens to a purchase and its reward."""

HELD = {
    "redeem": Wording(_("Reserved for an order at {shop}"), "shopping-bag"),
    "payout": Wording(_("Transfer to your bank requested"), "landmark"),
    "voucher": Wording(_("Reserved for a voucher"), "ticket"),
    "donation": Wording(_("Reserved for a donation"), "hand-heart"),
}
CAPTURED = {
    "redeem": Wording(_("Spent at {shop}"), "shopping-bag"),
    "voucher": Wording(_("Voucher bought"), "ticket"),
    "donation": Wording(_("Donation made"), "hand-heart"),
}
GIVEN_BACK = {
    "redeem": Wording(_("Reservation at {shop} given back"), "undo-2"),
    "payout": Wording(_("Transfer called off"), "undo-2"),
}

OTHERS = {
    "held": Wording(_("Reserved"), "lock"),
    "captured": Wording(_("Spent"), "shopping-bag"),
    "hold_released": Wording(_("Reservation given back"), "undo-2"),
    "refunded": Wording(_("Refund from {shop}"), "undo-2"),
    "payout_sent": Wording(_("Transfer sent to your bank"), "landmark"),
    "payout_rejected": Wording(_("Transfer refused by the bank, money back"), "undo-2"),
    "payout_returned": Wording(_("Transfer sent back by your bank, money back"), "undo-2"),
    "donated": Wording(_("Donation to {shop}"), "hand-heart"),
    "voucher_issued": Wording(_("Voucher …{more} issued"), "ticket"),
    "voucher_refunded": Wording(_("Refund of voucher …{more}"), "undo-2"),
    "voucher_expired": Wording(_("Voucher …{more} ended, the rest is back"), "undo-2"),
    "voucher_rest": Wording(_("Rest of voucher …{more} is back"), "undo-2"),
    "voucher_void": Wording(_("Voucher …{more} called off, money back"), "undo-2"),
    "expired": Wording(_("Money expired"), "timer"),
    "owing_given_up": Wording(_("What was to be made up for is forgiven"), "hand-heart"),
    "given_up": Wording(_("Money given up"), "lock"),
    "unclaimed": Wording(_("Account closed, money set aside"), "lock"),
    "opening": Wording(_("Balance brought over"), "wallet"),
}
ANYTHING = Wording(_("Movement"), "activity")

BY_PURPOSE = {"held": HELD, "captured": CAPTURED, "hold_released": GIVEN_BACK}


def wording(kind: str, what: str, shop: str | None) -> Wording:
    """Return how a movement is told. what: what is behind it (`watch.Cause`); a shop nobody knows is not named."""
    found = BY_PURPOSE.get(kind, {}).get(what) or PURCHASES.get(kind) or OTHERS.get(kind, ANYTHING)
    if shop or "{shop}" not in str(found.sentence):
        return found
    return OTHERS.get(kind, ANYTHING)
