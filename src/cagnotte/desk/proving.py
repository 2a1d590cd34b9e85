"""Is it you? Before django-allauth's pages on which one changes how one signs in, as the portal asks before its own."""

from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account.internal.flows.logout import logout
from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cagnotte.desk.signing_in import ask_for_proof, is_proven


def after_a_proof(view: Any) -> Any:
    """Let a view be opened by who proved lately who they are; others are asked first, and led back.

    What a form held is not kept meanwhile: somebody else may have sent it from the same session.
    """

    @wraps(view)
    @never_cache
    @login_required
    def page(request: HttpRequest, *args: Any, **parts: Any) -> HttpResponseBase:
        if is_proven(request):
            return view(request, *args, **parts)  # type: ignore[no-any-return] # allauth has no type information
        return ask_for_proof(
            request, request.get_full_path() if request.method == "GET" else request.path
        )

    return page


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest) -> HttpResponse:
    """Offer to sign in again, the proof that everybody can give."""
    back = get_next_redirect_url(request) or ""
    if request.method != "POST":
        return render(request, "desk/again.html", {"next": back}, status=HTTPStatus.OK)
    logout(request)
    to = resolve_url(settings.LOGIN_URL)
    return redirect(f"{to}?{urlencode({'next': back})}" if back else to)
