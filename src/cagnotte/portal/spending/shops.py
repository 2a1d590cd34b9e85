"""`/p/PROGRAMME/spend/`: where money of the cagnotte can be spent, and how."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.domain.contracts import Spending
from cagnotte.domain.money import FULL_BPS
from cagnotte.journeys import spending_rules, watch
from cagnotte.platform.figures import money, percent
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit, member_page


@require_safe
@member_page()
def spend(visit: Visit) -> HttpResponse:
    """List the shops that take the cagnotte, with their limits in words."""
    balances = watch.balances(
        shared_connection(), visit.programme, visit.wallet_id, today=visit.today
    )
    places = spending_rules.places(visit.programme.id, visit.today)
    return visit.show(
        "portal/spending/spend.html",
        available_minor=balances.available_minor,
        places=[(place, limits(place.spending, visit.programme.currency)) for place in places],
    )


def limits(rules: Spending, currency: str) -> list[str]:
    """Say what a shop allows, a phrase for each limit; none: all of an order."""
    found = []
    if rules.order_max_bps < FULL_BPS:
        found.append(_("up to {share} of an order").format(share=percent(rules.order_max_bps)))
    if rules.order_max_minor is not None:
        most = money(rules.order_max_minor, currency)
        found.append(_("{amount} an order at most").format(amount=most))
    if rules.member_day_max_minor is not None:
        most = money(rules.member_day_max_minor, currency)
        found.append(_("{amount} a day at most").format(amount=most))
    return found or [_("all of an order, if you like")]
