"""`/p/PROGRAMME/share/`: a page of a shop, shared from elsewhere on a phone, leads to its cashback."""

import re

from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from cagnotte.domain import links
from cagnotte.journeys import find_shops
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.finding.suggesting import SuggestionForm
from cagnotte.portal.visit import Visit, portal_page

_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


@require_safe
@portal_page("shops")
def share(visit: Visit) -> HttpResponse:
    """Show what a shared page's shop gives; suggest it where it is not ours. Query: url, text, title."""
    address = shared_address(visit.request.GET)
    card = None
    if address:
        card = find_shops.shop_of_address(
            shared_connection(), visit.programme, address, now=visit.now
        )
    host = links.host_of(address) if address else ""
    return visit.show(
        "portal/finding/share.html",
        address=address,
        host=host.removeprefix("www."),
        card=card,
        suggestion=SuggestionForm(initial={"name": host.removeprefix("www."), "site": host}),
    )


def shared_address(query: QueryDict) -> str:
    """Return the address that was shared: many apps put it into the text, after a few words. "" for none."""
    for name in ("url", "text", "title"):
        found = _ADDRESS.search(query.get(name, "")[: 2 * links.ADDRESS_LENGTH_MAX])
        if found and len(found[0]) <= links.ADDRESS_LENGTH_MAX:
            return found[0].rstrip(".,;:!?)»”")
    return ""
