"""`/widgets/v1.js`: the one script that shops embed, and the page that shows how.

The script is built from `widgets/src` and committed. Its address stays while its elements keep their attributes and
what they do; what would break a shop's page goes to v2.js.
"""

import gzip
from functools import cache
from hashlib import sha256
from typing import NamedTuple

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

KINDS = ("badge", "cart", "balance", "banner", "popup", "offers", "thanks", "referral")


class Script(NamedTuple):
    """The built script, as it is and compressed; tag: its ETag."""

    plain: bytes
    zipped: bytes
    tag: str


@cache
def script() -> Script:
    """Read the built script once per process."""
    path = finders.find("widgets/v1.js")
    assert isinstance(path, str), "the script is part of the package"
    with open(path, "rb") as file:  # noqa: PTH123 - what finders return is a text
        plain = file.read()
    return Script(plain, gzip.compress(plain, mtime=0), f'"{sha256(plain).hexdigest()[:20]}"')


@require_safe
@cache_control(public=True, max_age=3600, stale_while_revalidate=86_400)
@condition(etag_func=lambda request: script().tag)
def widget_script(request: HttpRequest) -> HttpResponse:
    """Hand out the script, to pages of any origin."""
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    found = script()
    response = HttpResponse(
        found.zipped if zipped else found.plain, content_type="text/javascript; charset=utf-8"
    )
    if zipped:
        response["Content-Encoding"] = "gzip"
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


@require_safe
def playground(request: HttpRequest) -> HttpResponse:
    """Show each widget with its attributes, live, and the lines to copy."""
    shown = {"base": settings.CAGNOTTE_PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")}
    return render(request, "portal/playground.html", shown)
