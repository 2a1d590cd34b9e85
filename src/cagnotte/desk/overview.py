"""The first page of a programme: is everything at work, and what was asked last?"""

from typing import NamedTuple

from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cagnotte import __version__
from cagnotte.desk.access import Visit, staff_page
from cagnotte.desk.requests import last_lines
from cagnotte.identity import api_keys
from cagnotte.identity.staff import Ability
from cagnotte.journeys.report_status import Late, Status, Told, status
from cagnotte.platform import migrations
from cagnotte.platform.shared_connection import shared_connection

CALLS_SHOWN = 5

SLOW_MS = 200
"""A database that takes longer to answer a question about itself is in trouble."""


class Light(NamedTuple):
    """One thing that can be well or not. state: as `<c-chip>` has it."""

    name: str
    state: str
    icon: str
    word: str
    sentence: str


@require_safe
@staff_page(Ability.LOOK, "desk_overview")
def overview(visit: Visit) -> HttpResponse:
    """Show how a programme is doing."""
    found = status(shared_connection(), visit.programme, now=visit.now)
    return visit.show(
        "desk/overview.html",
        lights=[_database(found), _worker(found.late), _inbox(found), _webhooks(found.told)],
        alarms=[(one.account.ref, alarm) for one in found.sources for alarm in one.alarms],
        live=found.live,
        test=found.test,
        lines=last_lines(visit, CALLS_SHOWN),
        version=__version__,
        api_version=api_keys.API_VERSION,
        database_version=found.database.version,
    )


def _database(found: Status) -> Light:
    name, took = _("Database"), max(found.database.answer_ms, 1)
    waiting = len(migrations.pending())
    if waiting:
        return _bad(name, _("It lacks {count} changes of its tables.").format(count=waiting))
    if took > SLOW_MS:
        return Light(name, "wait", "clock", _("slow"), _("It answered in {ms} ms.").format(ms=took))
    return _good(name, _("It answered in {ms} ms.").format(ms=took))


def _worker(late: Late) -> Light:
    name = _("Worker")
    if not late.is_late:
        return _good(name, _("Nothing that is due waits for it."))
    waiting = [
        ngettext("{count} message", "{count} messages", late.messages).format(count=late.messages),
        ngettext("{count} source", "{count} sources", late.sources).format(count=late.sources),
        ngettext("{count} hold", "{count} holds", late.holds).format(count=late.holds),
    ]
    numbers = (late.messages, late.sources, late.holds)
    named = ", ".join(one for one, number in zip(waiting, numbers, strict=True) if number)
    return _bad(name, _("Waiting for it: {what}. Does `cagnotte worker` run?").format(what=named))


def _inbox(found: Status) -> Light:
    name = _("Inbox")
    if not found.unread:
        return _good(name, _("Every message has been read."))
    sentence = ngettext(
        "{count} message waits to be read.", "{count} messages wait to be read.", found.unread
    ).format(count=found.unread)
    state = "bad" if found.late.messages else "wait"
    return Light(name, state, "inbox" if state == "wait" else "circle-x", _("waiting"), sentence)


def _webhooks(told: Told) -> Light:
    name = _("Webhooks")
    if not told.endpoints:
        return Light(name, "calm", "webhook", _("none"), _("No endpoint hears of events."))
    if told.failing or told.off:
        failing = ngettext("{count} endpoint fails", "{count} endpoints fail", told.failing)
        off = ngettext("{count} is off", "{count} are off", told.off)
        sentence = f"{failing.format(count=told.failing)}, {off.format(count=told.off)}."
        return Light(name, "wait", "triangle-alert", _("look here"), sentence)
    if told.last_at is None:
        return _good(name, _("Nothing was sent yet."))
    at = date_format(timezone.localtime(told.last_at), "SHORT_DATETIME_FORMAT")
    return _good(name, _("The last event arrived on {at}.").format(at=at))


def _good(name: str, sentence: str) -> Light:
    return Light(name, "good", "circle-check", _("well"), sentence)


def _bad(name: str, sentence: str) -> Light:
    return Light(name, "bad", "circle-x", _("look here"), sentence)
