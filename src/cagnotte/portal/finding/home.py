"""`/p/PROGRAMME/`: the front page, for visitors and for members."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cagnotte.portal.visit import Visit, portal_page


@require_safe
@portal_page("home")
def home(visit: Visit) -> HttpResponse:
    """Show the front page."""
    return visit.show("portal/finding/home.html")
