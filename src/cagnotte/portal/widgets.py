"""`/widgets/v1.js`: the one script that shops embed, and the page that shows how.

The script is built from `widgets/src` and committed. Its address stays while its elements keep their attributes and
what they do; what would break a shop's page goes to v2.js.
"""

import gzip
import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

BUILT = Path(__file__).with_name("static") / "widgets" / "v1.js"


class Script(NamedTuple):
    """The built script, as it is and compressed; tag: its ETag."""

    plain: bytes
    zipped: bytes
    tag: str


@cache
def script() -> Script:
    """Read the built script once per process."""
    plain = BUILT.read_bytes()
    return Script(plain, gzip.compress(plain, mtime=0), f'"{sha256(plain).hexdigest()[:20]}"')


def _tag(request: HttpRequest) -> str:  # noqa: ARG001 - as `condition` calls it
    return script().tag


@require_safe
@cache_control(public=True, max_age=3600, stale_while_revalidate=86_400)
@condition(etag_func=_tag)
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
    shown = {
        "base": settings.CAGNOTTE_PUBLIC_URL or request.build_absolute_uri("/").rstrip("/"),
        "widgets": [_example(name) for name in WIDGETS],
    }
    return render(request, "portal/playground.html", shown)


WIDGETS: dict[str, dict[str, str]] = {
    "badge": {"amount": "69.00", "currency": "EUR", "sku": "A1"},
    "cart": {"amount": "88.00", "currency": "EUR"},
    "balance": {"member-token": "mtk_…"},
    "offers": {"limit": "6"},
    "banner": {"href": "/p/PROGRAMME/how-it-works/"},
    "popup": {"trigger": "delay", "after": "8", "every-days": "7"},
    "thanks": {"amount": "138.00", "currency": "EUR", "expected": "2026-12-24"},
    "referral": {"link": "https://shop.example/?via=ana", "friend": "5.00", "sponsor": "10.00"},
}
"""Attributes of each widget's example."""


def _example(name: str) -> dict[str, str]:
    attributes = WIDGETS[name]
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return {
        "name": name,
        "words": _purposes()[name],
        "attributes": json.dumps(attributes),
        "snippet": f"<cagnotte-{name}{written}></cagnotte-{name}>",
    }


def _purposes() -> dict[str, str]:
    return {
        "badge": _("What one product earns"),
        "cart": _("What the basket earns, and what is missing to more"),
        "balance": _("What the member has"),
        "offers": _("The offers in force"),
        "banner": _("The best offer as a strip that can be closed"),
        "popup": _("A window that opens once in some days, after consent"),
        "thanks": _("After the purchase"),
        "referral": _("A link to share"),
    }
