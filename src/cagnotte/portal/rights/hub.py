"""`/p/PROGRAMME/rights/`: a member's data, to take along, to have put right, or to have erased; what was agreed to."""

from typing import NamedTuple

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.identity import consents
from cagnotte.identity.security_events import device_of
from cagnotte.journeys.hand_over_data import hand_over
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.telling.changes import tell_of_change
from cagnotte.portal.visit import Visit, member_page

PURPOSES = {
    Purpose.MARKETING: gettext_lazy("Offers by e-mail"),
    Purpose.ANALYTICS: gettext_lazy("Measuring how pages are used"),
}


class Act(NamedTuple):
    """One line of the log."""

    what: str
    consent: Consent


@require_safe
@member_page("account")
def rights(visit: Visit) -> HttpResponse:
    """Show what a member may ask for."""
    log = [Act(str(PURPOSES[one.purpose]), one) for one in consents.history(visit.wallet_id)]
    return visit.show("portal/rights/rights.html", log=log[::-1])


@require_POST
@member_page("account")
def export(visit: Visit) -> HttpResponse:
    """Give the member everything that is kept of them, as a file."""
    led = needs_step_up(visit)
    if led:
        # The proof leads back to an address that is asked for by GET.
        return visit.redirect("portal_confirm", next=visit.address("portal_rights"))
    assert visit.member is not None  # noqa: S101 - a member's page has one
    packed = hand_over(visit.programme, visit.member, now=visit.now)
    browser = device_of(visit.request.headers.get("User-Agent", ""))
    tell_of_change(visit, what="data_exported", detail=browser)
    name = f"{visit.programme.slug}-{visit.today:%Y-%m-%d}.zip"
    return HttpResponse(
        packed,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
