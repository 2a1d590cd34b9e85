"""Who may open which page: a person who is signed in, with a role in the programme that allows it.

A page of a programme is `@staff_page(Ability.…)` and gets a `Visit`. Whoever has no role there is told that there is
nothing (404), as for a programme that does not exist; whoever has one that is not enough is told so (403).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from cagnotte.domain.errors import NotFound
from cagnotte.identity.models import Programme
from cagnotte.identity.staff import Ability, Post, post_at, programmes_of


class Section(NamedTuple):
    """A page in the navigation of a programme. name: of its address."""

    name: str
    icon: str
    words: str | Promise
    ability: Ability


SECTIONS = (
    Section("desk_overview", "activity", _("Overview"), Ability.LOOK),
    Section("desk_keys", "key", _("Keys"), Ability.MAKE_KEYS),
    Section("desk_webhooks", "webhook", _("Webhooks"), Ability.MANAGE_WEBHOOKS),
    Section("desk_requests", "list", _("Requests"), Ability.LOOK),
    Section("desk_sandbox", "flask-conical", _("Sandbox"), Ability.RESET_SANDBOX),
    Section("desk_team", "users", _("Team"), Ability.MANAGE_STAFF),
)


@dataclass(slots=True)
class Visit:
    """Somebody who may be here. section: the page in the navigation. now: the clock, read once."""

    request: HttpRequest
    post: Post
    section: str
    now: datetime

    @property
    def programme(self) -> Programme:
        """The programme whose pages these are; never its sandbox."""
        return self.post.programme

    @property
    def by(self) -> str:
        """Who it is, for what is kept of an act."""
        return str(self.request.user.get_username())

    def show(self, template: str, *, status: int = HTTPStatus.OK, **shown: Any) -> HttpResponse:
        """Show a page inside the navigation of the programme."""
        around = {
            "programme": self.programme,
            "role": self.post.role,
            "section": self.section,
            "sections": [one for one in SECTIONS if self.post.may(one.ability)],
            "several": len(programmes_of(self.request.user)) > 1,
            "now": self.now,
        }
        return render(self.request, template, {**around, **shown}, status=status)


View = Callable[..., HttpResponse]


def staff_page(ability: Ability, section: str) -> Callable[[View], View]:
    """Let a view be opened by who may; it gets a `Visit` and the other parts of its address.

    A `NotFound` that it raises becomes a page that says so.
    """

    def dressed(view: View) -> View:
        @wraps(view)
        @never_cache
        @login_required
        def page(request: HttpRequest, programme: str, **parts: Any) -> HttpResponse:
            now = timezone.now()  # noqa: TID251 - the edge: a page reads the clock once and passes it on
            try:
                post = post_at(request.user, programme)
            except NotFound:
                raise Http404 from None
            visit = Visit(request, post, section, now)
            if not post.may(ability):
                return visit.show("desk/not_allowed.html", status=HTTPStatus.FORBIDDEN)
            try:
                return view(visit, **parts)
            except NotFound:
                raise Http404 from None

        page.ability = ability  # type: ignore[attr-defined] # read by the tests, which try every page
        return page

    return dressed
