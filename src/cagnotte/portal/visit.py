"""Who looks at a page of a programme, and what every such page is given.

A page open to all is `@portal_page`, one of a member's own `@member_page`; both get a `Visit` and the other parts of
the address. Whoever asks for another's data is told that there is nothing (404), as for what does not exist: selectors
take `visit.wallet_id` from here, never from the address.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.cache import never_cache

from cagnotte.domain.errors import NotFound
from cagnotte.identity.memberships import member_at
from cagnotte.identity.models import Member, Programme
from cagnotte.portal.look import Look, look_of

SESSION_PORTAL = "portal"
"""In the session: the slug of the portal last looked at, whose look the pages for signing in take."""


@dataclass(slots=True)
class Visit:
    """Somebody at a programme's pages. now: the clock, read once. member: None for who is not signed in as one."""

    request: HttpRequest
    programme: Programme
    look: Look
    member: Member | None
    section: str
    now: datetime
    _today: date | None = field(default=None, repr=False)

    @property
    def today(self) -> date:
        """The programme's day."""
        if self._today is None:
            self._today = self.now.astimezone(ZoneInfo(self.programme.timezone)).date()
        return self._today

    @property
    def wallet_id(self) -> UUID:
        """The member's cagnotte. Raises NotFound when nobody is signed in, which a member's page never sees."""
        if self.member is None:
            raise NotFound("Nobody is signed in.")
        return self.member.wallet_id

    @property
    def by(self) -> str:
        """Who it is, for what is kept of an act."""
        return f"member:{self.member.ref}" if self.member else "visitor"

    @property
    def is_part(self) -> bool:
        """Whether only a part of the page is asked for, by htmx; a step back in the browser asks for the whole."""
        headers = self.request.headers
        return headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in headers

    def address(self, name: str, *args: object, **query: object) -> str:
        """Return the address of a page of this programme; None in the query is left out."""
        path = reverse(name, args=(self.programme.slug, *args))
        told = {key: value for key, value in query.items() if value is not None}
        return f"{path}?{urlencode(told)}" if told else path

    def redirect(self, name: str, *args: object, **query: object) -> HttpResponseRedirect:
        """Lead to a page of this programme."""
        return HttpResponseRedirect(self.address(name, *args, **query))

    def show(self, template: str, *, status: int = HTTPStatus.OK, **shown: Any) -> HttpResponse:
        """Show a page inside the programme's frame."""
        around = {
            "visit": self,
            "programme": self.programme,
            "look": self.look,
            "member": self.member,
            "section": self.section,
            "now": self.now,
            "today": self.today,
        }
        return render(self.request, template, {**around, **shown}, status=status)


View = Callable[..., HttpResponseBase]


def portal_page(section: str = "") -> Callable[[View], View]:
    """Let a view be opened by all; it gets a `Visit`. A `NotFound` that it raises becomes a page that says so.

    A page that a member sees is kept nowhere, unless the view says how long: it holds their name, notices and amounts.

    section: the tab of the navigation: home, shops, wallet, notices, account or help.
    """

    def dressed(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, programme: str, **parts: Any) -> HttpResponseBase:
            visit = visit_of(request, programme, section)
            try:
                response = view(visit, **parts)
            except NotFound:
                raise Http404 from None
            if visit.member is not None and _is_own(response):
                add_never_cache_headers(response)
            return response

        page.for_members = False  # type: ignore[attr-defined] # read by the tests, which try every page
        return page

    return dressed


def member_page(section: str = "wallet") -> Callable[[View], View]:
    """Let a view be opened by a member of the programme alone; others are led to sign in or to join."""

    def dressed(view: View) -> View:
        @wraps(view)
        @never_cache
        def page(request: HttpRequest, programme: str, **parts: Any) -> HttpResponseBase:
            visit = visit_of(request, programme, section)
            if visit.member is None:
                return _led_in(visit)
            try:
                return view(visit, **parts)
            except NotFound:
                raise Http404 from None

        page.for_members = True  # type: ignore[attr-defined] # read by the tests, which try every page
        return page

    return dressed


def visit_of(request: HttpRequest, slug: str, section: str) -> Visit:
    """Say who is at the pages of a programme. Raises Http404 for a programme that has none."""
    now = timezone.now()  # noqa: TID251 - the edge: a page reads the clock once and passes it on
    try:
        programme, look = look_of(slug)
    except NotFound:
        raise Http404 from None
    member = member_at(request.user, programme.id) if request.user.is_authenticated else None
    if member is not None and request.session.get(SESSION_PORTAL) != slug:
        request.session[SESSION_PORTAL] = slug
    return Visit(request, programme, look, member, section, now)


def _is_own(response: HttpResponseBase) -> bool:
    """Tell whether a response is a page in a member's frame; drawings, lists for programs and the like have none."""
    is_page = response.get("Content-Type", "").startswith("text/html")
    return is_page and not response.has_header("Cache-Control")


def _led_in(visit: Visit) -> HttpResponse:
    """Lead to signing in, and whoever is signed in but no member here, to joining."""
    asked = visit.request.get_full_path() if visit.request.method == "GET" else ""
    target = "portal_join" if visit.request.user.is_authenticated else "portal_sign_in"
    led = redirect(visit.address(target, next=asked or None))
    if visit.request.headers.get("HX-Request") == "true":
        # A redirect of a part would put the page for signing in into the middle of another.
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": led["Location"]})
    return led
