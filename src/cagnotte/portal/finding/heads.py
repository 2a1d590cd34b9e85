"""What the pages open to all tell search engines: their own address, their languages, their place, what they list.

Structured data stands in a `<script type="application/ld+json">`: data, which no browser runs, so that the policy
against scripts inside pages has nothing to say about it. Vocabulary: https://schema.org.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from cagnotte.portal.visit import Visit

_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""What could end the element early, or break the line in older readers."""


@dataclass(frozen=True, slots=True)
class Head:
    """canonical: the page's whole address. alternates: (language, address). structured: JSON, one piece each."""

    canonical: str
    alternates: list[tuple[str, str]]
    structured: list[SafeString]


Piece = dict[str, Any]


def head_of(visit: Visit, path: str, *pieces: Piece) -> Head:
    """Return the head of the page at a path. pieces: what `crumbs_data`, `list_data` and `site_data` return."""
    address = whole(visit.request, path)
    return Head(
        address,
        [(code, f"{address}?lang={code}") for code, _ in settings.LANGUAGES],
        [_json(piece) for piece in pieces],
    )


def whole(request: HttpRequest, path: str) -> str:
    """Return the whole address of one of our paths, as the house is known from outside."""
    if settings.CAGNOTTE_PUBLIC_URL:
        return f"{settings.CAGNOTTE_PUBLIC_URL.rstrip('/')}{path}"
    return request.build_absolute_uri(path)


def crumbs_data(visit: Visit, crumbs: Iterable[tuple[str, str]]) -> Piece:
    """Say where a page stands. crumbs: (name, path) from the front page on."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": position,
                "name": name,
                "item": whole(visit.request, path),
            }
            for position, (name, path) in enumerate(crumbs, 1)
        ],
    }


def list_data(visit: Visit, name: str, shops: Iterable[tuple[str, str]]) -> Piece:
    """Say which shops a page lists. shops: (name, path)."""
    return {
        "@type": "ItemList",
        "name": name,
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": position,
                "name": shop,
                "url": whole(visit.request, path),
            }
            for position, (shop, path) in enumerate(shops, 1)
        ],
    }


def site_data(visit: Visit) -> Piece:
    """Say what the portal is called and how it is searched."""
    search = whole(visit.request, visit.address("portal_shops"))
    return {
        "@type": "WebSite",
        "name": visit.programme.name,
        "url": whole(visit.request, visit.address("portal_home")),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": f"{search}?q={{search_term_string}}"},
            "query-input": "required name=search_term_string",
        },
    }


def _json(piece: Piece) -> SafeString:
    text = json.dumps({"@context": "https://schema.org", **piece}, ensure_ascii=False)
    return mark_safe(text.translate(_ESCAPED))  # noqa: S308 - no sign of HTML is left in it
