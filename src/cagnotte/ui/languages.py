"""`?lang=fr` on any address: the page in that language, whatever the browser prefers.

A shop can so link to a page in its own language. The choice is kept, in Django's cookie for it, only where the visitor
made it: by a link on a page of ours.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation


class AskedLanguage:
    """Middleware, after Django's own for languages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the language asked for."""
        asked = request.GET.get("lang", "")
        if asked not in dict(settings.LANGUAGES):
            return self.get_response(request)
        translation.activate(asked)
        request.LANGUAGE_CODE = asked
        response = self.get_response(request)
        if request.headers.get("Sec-Fetch-Site") == "same-origin":
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                asked,
                max_age=365 * 86_400,
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
        return response
