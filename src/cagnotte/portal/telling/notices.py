"""`/p/PROGRAMME/notices/`: what a member was told, by day, the latest first."""

from collections.abc import Iterable
from datetime import date, datetime
from http import HTTPStatus
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cagnotte.domain.errors import NotFound
from cagnotte.notices import centre
from cagnotte.notices.centre import NoticeView
from cagnotte.notices.mail import address_of
from cagnotte.notices.words import Words, words_of
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit, member_page

PER_PAGE = 30

NUMBER_DIGITS_MAX = 18
"""Numbers of notices have no more."""


class Shown(NamedTuple):
    """A notice on the page. at: in the programme's zone."""

    notice: NoticeView
    words: Words
    at: datetime


class Day(NamedTuple):
    """The notices of one day. name: “Today” or “Yesterday”; empty for another."""

    day: date
    name: str
    shown: list[Shown]


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("notices")
def notices(visit: Visit) -> HttpResponse:
    """Show the notices; a form says that all were read."""
    connection = shared_connection()
    if visit.request.method == "POST":
        up_to = _number(visit.request.POST.get("up_to"))
        if up_to is not None:
            centre.read_all(connection, visit.wallet_id, up_to=up_to, now=visit.now)
        return visit.redirect("portal_notices")
    unread_only = visit.request.GET.get("only") == "unread"
    before = _number(visit.request.GET.get("before"))
    found = centre.page(
        connection,
        visit.wallet_id,
        count=PER_PAGE + 1,
        before=before,
        unread_only=unread_only,
    )
    shown = found[:PER_PAGE]
    only = "unread" if unread_only else None
    return visit.show(
        "portal/telling/notices.html",
        days=list(_by_day(visit, shown)),
        unread=centre.unread(connection, visit.wallet_id),
        unread_only=unread_only,
        newest=shown[0].number if shown else None,
        before=before,
        first=visit.address("portal_notices", only=only) if before else "",
        older=visit.address("portal_notices", only=only, before=shown[-1].number)
        if len(found) > PER_PAGE
        else "",
    )


@require_safe
@member_page("notices")
def notice(visit: Visit, notice_id: str) -> HttpResponse:
    """Lead to what a notice is about, and note that it was read. Raises NotFound for another's."""
    connection = shared_connection()
    found = centre.notice(connection, visit.wallet_id, notice_id)
    if found is None:
        raise NotFound("There is no such notice.")
    if visit.request.method == "GET":
        centre.read_one(connection, visit.wallet_id, found.id, now=visit.now)
    words = words_of(found.kind, found.facts, visit.programme.name)
    answer = HttpResponseRedirect(address_of("", visit.programme.slug, words.place))
    answer.status_code = HTTPStatus.SEE_OTHER
    return answer


def _by_day(visit: Visit, found: Iterable[NoticeView]) -> Iterable[Day]:
    zone = ZoneInfo(visit.programme.timezone)
    shown = [
        Shown(one, words_of(one.kind, one.facts, visit.programme.name), one.at.astimezone(zone))
        for one in found
    ]
    for day, group in groupby(shown, key=lambda one: one.at.date()):
        yield Day(day, day_name(day, visit.today), list(group))


def day_name(day: date, today: date) -> str:
    """Return “Today” or “Yesterday”; empty for another day, which is shown as its date."""
    return {0: _("Today"), 1: _("Yesterday")}.get((today - day).days, "")


def _number(text: str | None) -> int | None:
    if text and text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX:
        return int(text)
    return None
