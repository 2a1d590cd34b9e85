"""Pages, styles and scripts travel compressed, for whoever serves Cagnotte without a proxy that does it.

The REST interface is left alone: its tags of versions are those of the bytes as they are. Against guesses from the
length of a page, Django adds bytes of its own choice to each, and masks the token of forms anew.
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

KINDS = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml"})


class CompressedText(GZipMiddleware):
    """Middleware, before whatever serves files."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress what is text and no answer of the interface."""
        kind = str(response.headers.get("Content-Type", "")).partition(";")[0]
        if kind not in KINDS or request.path.startswith("/v1/"):
            return response
        return super().process_response(request, response)
