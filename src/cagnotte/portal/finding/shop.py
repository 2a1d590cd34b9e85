"""`/p/PROGRAMME/shops/SHOP/`: everything about one shop before the click."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.journeys import find_shops
from cagnotte.journeys.find_shops import ClaimPolicy
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.finding.charts import history_chart
from cagnotte.portal.finding.heads import crumbs_data, head_of
from cagnotte.portal.finding.home import confirmed_share
from cagnotte.portal.finding.kept import kept_shops
from cagnotte.portal.finding.tiles import tiles
from cagnotte.portal.visit import Visit, portal_page


@require_safe
@portal_page("shops")
def shop(visit: Visit, ref: str) -> HttpResponse:
    """Show a shop: what it gives, gave and asks for, how long it takes, and the way there."""
    told = find_shops.shop(shared_connection(), visit.programme, ref, now=visit.now)
    path = visit.address("portal_shop", ref)
    kind = told.card.categories[0] if told.card.categories else None
    places = [
        (visit.programme.name, visit.address("portal_home")),
        (_("Shops"), visit.address("portal_shops")),
    ]
    if kind:
        places.append((kind.name, visit.address("portal_category", kind.ref)))
    places.append((told.card.name, path))
    kept = kept_shops(visit)
    return visit.show(
        "portal/finding/shop.html",
        told=told,
        card=told.card,
        places=places,
        chart=history_chart(told.history, visit.today),
        needs=claim_needs(told.claim),
        confirmed=confirmed_share(told.measured.confirmed_bps if told.measured else None),
        head=head_of(visit, path, crumbs_data(visit, places)),
        related=tiles(visit, told.related, kept=kept),
        is_kept=told.card.merchant_id in kept,
        alert=kept.get(told.card.merchant_id, False),
    )


def claim_needs(policy: ClaimPolicy) -> list[str]:
    """Say what a claim asks for, in words."""
    words = {
        "order_number": _("the order number"),
        "order_date": _("the day of the order"),
        "amount": _("the amount"),
        "confirmation": _("the shop’s confirmation"),
    }
    return [words[need] for need in policy.needs if need in words]
