"""The click that brought a customer: kept in a cookie at landing, and known while an order is placed."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from cagnotte_oscar.conf import CLICK, CLICK_PARAMETER, conf

_click: ContextVar[str] = ContextVar("cagnotte_click", default="")


def current_click() -> str:
    """Return the click behind the request that is being answered, "" when there is none."""
    return _click.get()


class ClickMiddleware:
    """Keeps the parameter `cagnotte_click` of a landing page in a cookie, and nothing else about the visitor.

    The last click counts. The cookie is the shop's own, cannot be read by scripts, and ends after CLICK_DAYS.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        landed = _valid(request.GET.get(CLICK_PARAMETER, ""))
        token = _click.set(landed or _valid(request.COOKIES.get(CLICK_PARAMETER, "")))
        try:
            response = self.get_response(request)
        finally:
            _click.reset(token)
        if landed:
            response.set_cookie(
                CLICK_PARAMETER,
                landed,
                max_age=timedelta(days=conf().click_days),
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
        return response


def _valid(click: str) -> str:
    return click if CLICK.fullmatch(click) else ""
