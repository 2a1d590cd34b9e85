"""ETags: what changed meanwhile is not overwritten, and what did not change is not sent again."""

import hashlib
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from cagnotte.api.errors import PreconditionFailed


def etag_of(*parts: object) -> str:
    """Return a strong ETag that changes when any part does: a rendered object, an edition, a body."""
    digest = hashlib.sha256(orjson.dumps(parts, default=_plain, option=orjson.OPT_SORT_KEYS))
    return f'"{digest.hexdigest()[:32]}"'


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else str(value)


def require_match(request: HttpRequest, etag: str) -> None:
    """Go on when the client's If-Match names what stands, or when it sent none. Raises PreconditionFailed."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and etag not in _tags(wanted) and wanted.strip() != "*":
        raise PreconditionFailed


def unchanged(request: HttpRequest, etag: str) -> HttpResponse | None:
    """Return the answer 304 when the client already holds what stands."""
    held = request.headers.get("If-None-Match")
    if held is None or (held.strip() != "*" and etag not in _tags(held)):
        return None
    response = HttpResponseNotModified()
    response["ETag"] = etag
    return response


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
