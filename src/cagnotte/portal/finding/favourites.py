"""`/p/PROGRAMME/favourites/`: the shops that a member keeps, and a word when one gives more."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cagnotte.catalog import favourites as catalog
from cagnotte.domain.errors import Refused
from cagnotte.journeys import find_shops
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.finding.kept import kept_shops
from cagnotte.portal.visit import Visit, member_page


@require_safe
@member_page("shops")
def favourites(visit: Visit) -> HttpResponse:
    """Show the shops that the member keeps."""
    kept = kept_shops(visit)
    cards = find_shops.cards_of(shared_connection(), visit.programme, list(kept), now=visit.now)
    rows = [(card, kept[card.merchant_id]) for card in cards]
    return visit.show("portal/finding/favourites.html", rows=rows)


@require_POST
@member_page("shops")
def favourite(visit: Visit, ref: str) -> HttpResponse:
    """Keep a shop or let it go, and say whether a higher rate is to be told.

    Form: act (add, remove, tell, hush), back (where to go on, a path of ours).
    """
    card = find_shops.shop(shared_connection(), visit.programme, ref, now=visit.now).card
    try:
        _act(visit, card.merchant_id, visit.request.POST.get("act", ""))
    except Refused:
        messages.error(
            visit.request, _("You keep as many shops as there is room for; let one go first.")
        )
    back = visit.request.POST.get("back", "")
    if visit.is_part:
        kept = kept_shops(visit)
        return visit.show(
            "portal/finding/keeping.html",
            card=card,
            is_kept=card.merchant_id in kept,
            alert=kept.get(card.merchant_id, False),
            acted=True,
            back=back,
        )
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return HttpResponseRedirect(back)
    return visit.redirect("portal_favourites")


def _act(visit: Visit, merchant_id: UUID, act: str) -> None:
    """Do what was pressed; the same again changes nothing. Raises Refused when there are too many."""
    programme_id, wallet_id = visit.programme.id, visit.wallet_id
    if act == "remove":
        catalog.remove(programme_id=programme_id, wallet_id=wallet_id, merchant_id=merchant_id)
    if act not in {"add", "tell", "hush"}:
        return
    best = find_shops.best_of(shared_connection(), visit.programme, now=visit.now).get(merchant_id)
    catalog.add(
        programme_id=programme_id,
        wallet_id=wallet_id,
        merchant_id=merchant_id,
        best=best,
        now=visit.now,
    )
    if act != "add":
        catalog.set_alert(
            programme_id=programme_id,
            wallet_id=wallet_id,
            merchant_id=merchant_id,
            alert=act == "tell",
            best=best,
        )
