"""`/p/PROGRAMME/purchases/pur_…/`: the way of one purchase, why it earns what it earns, and what became of it."""

from typing import NamedTuple

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from cagnotte.claims.selectors import under_way_by_purchase
from cagnotte.journeys.purchase_story import Step, story
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.explaining import MEASURES
from cagnotte.portal.visit import Visit, member_page
from cagnotte.portal.watching.shown import shown


class StepLook(NamedTuple):
    """How a kind of step is titled, once done and while it lies ahead."""

    done: str | Promise
    ahead: str | Promise
    icon: str


STEPS = {
    "clicked": StepLook(_("You left for the shop"), "", "mouse-pointer-click"),
    "bought": StepLook(_("You bought"), "", "shopping-bag"),
    "tracked": StepLook(_("Tracked"), "", "eye"),
    "pending": StepLook(_("Pending"), _("Pending: the shop checks the order"), "hourglass"),
    "confirmed": StepLook(_("Confirmed"), _("Confirmed"), "circle-check"),
    "declined": StepLook(_("Declined"), "", "circle-x"),
    "reopened": StepLook(_("Pending again"), "", "hourglass"),
    "amended": StepLook(_("Adjusted"), "", "pencil"),
    "happened": StepLook(_("Delivered or taken"), "", "package"),
    "available": StepLook(_("Available"), _("Available"), "coins"),
    "voucher": StepLook(_("Turned into a voucher"), "", "ticket"),
    "reserved": StepLook(_("On its way"), "", "send"),
    "paid": StepLook(_("Paid to your bank"), _("Paid or spent, when you like"), "landmark"),
    "spent": StepLook(pgettext_lazy("cashback", "Spent"), "", "shopping-bag"),
    "donated": StepLook(_("Donated"), "", "hand-heart"),
    "expired": StepLook(_("Expired"), "", "timer"),
}

DEDUCTIONS = {
    "discount": _("discount"),
    "tax": _("tax"),
    "wallet": _("paid from the cagnotte"),
    "returned": _("returned"),
    "excluded": _("excluded"),
    "gift_card": _("gift card"),
    "below_zero": _("left aside"),
}


class StepShown(NamedTuple):
    """A step with its title and its picture."""

    step: Step
    title: str | Promise
    icon: str


@require_safe
@member_page("wallet")
def purchase(visit: Visit, purchase_id: str) -> HttpResponse:
    """Show one purchase."""
    connection = shared_connection()
    measured = MEASURES.of(connection, visit.programme.id, today=visit.today, now=visit.now)
    told = story(
        connection,
        visit.programme,
        visit.wallet_id,
        purchase_id,
        today=visit.today,
        measured=measured,
    )
    claims = under_way_by_purchase(connection, visit.programme.id, visit.wallet_id)
    dressed = shown(told.row, today=visit.today, measured=measured, claims=claims)
    return visit.show(
        "portal/watching/purchase.html",
        tab="purchases",
        told=told,
        row=told.row,
        shown=dressed,
        steps=[_step(step) for step in told.steps],
        adjustments=[_step(step) for step in told.adjustments],
        lines=[
            (line, [(DEDUCTIONS.get(code, code), minor) for code, minor in line.deductions])
            for line in told.lines
        ],
    )


def _step(step: Step) -> StepShown:
    look = STEPS[step.kind]
    is_ahead = step.state == "next" or (step.state == "now" and step.kind == "pending")
    return StepShown(step, (look.ahead or look.done) if is_ahead else look.done, look.icon)
