"""`/developers/`: where developers begin, signed in or not."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cagnotte.identity.staff import programmes_of


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Lead to the guides, and whoever is signed in to their programmes."""
    posts = programmes_of(request.user) if request.user.is_authenticated else []
    return render(request, "desk/front.html", {"posts": posts})
