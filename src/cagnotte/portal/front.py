"""`/`: leads to the portal of the house, or lets choose where there are several."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from cagnotte.identity.models import Programme


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Lead to the programme that CAGNOTTE_PORTAL names, else to the only one; else show them all."""
    live = list(Programme.objects.filter(sandbox_of=None).order_by("name"))
    named = [one for one in live if one.slug == settings.CAGNOTTE_PORTAL]
    chosen = named or live
    if len(chosen) == 1:
        return HttpResponseRedirect(reverse("portal_home", args=(chosen[0].slug,)))
    return render(request, "portal/front.html", {"programmes": live})
