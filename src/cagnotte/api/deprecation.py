"""Operations on their way out: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) in every answer."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date
from ninja.decorators import decorate_view

View = TypeVar("View", bound=Callable[..., Any])


def deprecated(*, since: date, sunset: date | None = None, see: str = "") -> Callable[[View], View]:
    """Say that an operation should no longer be used. sunset: the day it goes; see: the page that says what instead.

    Stands above `@idempotent` and below `@router.get(…, deprecated=True)`.
    """
    began = int(datetime.combine(since, time(), UTC).timestamp())

    def told(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(run)
        def answered(request: HttpRequest, **path: Any) -> HttpResponse:
            response = run(request, **path)
            response["Deprecation"] = f"@{began}"
            if sunset is not None:
                response["Sunset"] = http_date(datetime.combine(sunset, time(), UTC).timestamp())
            if see:
                response["Link"] = f'<{see}>; rel="deprecation"'
            return response

        return answered

    return decorate_view(told)
