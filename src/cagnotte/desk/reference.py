"""`/developers/api/`: the reference of the REST interface, one page per resource, with a search over all of them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cagnotte.desk.description import Reference, reference

SEARCH_LENGTH_MAX = 100

Described = Callable[[], dict[str, Any]]
"""Returns the OpenAPI document; handed in by who knows the interface, which is beside the desk, not below it."""


@lru_cache(maxsize=4)
def _read(described: Described, base: str) -> Reference:
    """Read the document once per process and address."""
    return reference(described(), base)


def base_of(request: HttpRequest) -> str:
    """Return under which address the interface is reached, for examples."""
    return str(settings.CAGNOTTE_PUBLIC_URL) or request.build_absolute_uri("/").rstrip("/")


@require_safe
def api_reference(request: HttpRequest, described: Described) -> HttpResponse:
    """List every operation, or those in which the words looked for stand."""
    found = _read(described, base_of(request))
    text = request.GET.get("q", "").strip()[:SEARCH_LENGTH_MAX]
    shown = {"reference": found, "text": text, "found": found.found(text) if text else []}
    return render(request, "desk/reference.html", shown)


@require_safe
def api_resource(request: HttpRequest, resource: str, described: Described) -> HttpResponse:
    """Show the operations of one resource in full."""
    found = _read(described, base_of(request))
    one = found.resource(resource)
    if one is None:
        raise Http404
    return render(request, "desk/resource.html", {"reference": found, "resource": one, "text": ""})
