"""`/p/PROGRAMME/marks/SHOP.svg`: the drawing of a shop."""

from django.http import HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from cagnotte.journeys import find_shops
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit, portal_page


@require_safe
@cache_control(public=True, max_age=86_400)
@portal_page("shops")
def mark(visit: Visit, ref: str) -> HttpResponse:
    """Serve a shop's drawing; its address changes with it."""
    drawn = find_shops.logo(shared_connection(), visit.programme, ref)
    response = HttpResponse(drawn, content_type="image/svg+xml; charset=utf-8")
    # Whoever opens the drawing by itself gets a picture, whatever is written in it.
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
