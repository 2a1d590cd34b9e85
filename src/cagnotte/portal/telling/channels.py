"""`/p/PROGRAMME/notices/channels/`: how a member wants to be told of what, and when not."""

from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cagnotte.domain.consents import Purpose
from cagnotte.identity import consents
from cagnotte.notices import choosing, devices
from cagnotte.notices.kinds import TOPICS, Choice, Mode, Topic
from cagnotte.notices.timing import Quiet
from cagnotte.portal.visit import Visit, member_page

MODES: dict[Mode, str | Promise] = {
    Mode.NOW: gettext_lazy("At once"),
    Mode.DAILY: gettext_lazy("Once a day"),
    Mode.WEEKLY: gettext_lazy("Once a week"),
    Mode.OFF: gettext_lazy("Never"),
}


class Line(NamedTuple):
    """A topic on the page, as the member is told of it."""

    topic: Topic
    choice: Choice


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("notices")
def channels(visit: Visit) -> HttpResponse:
    """Show and keep what the member chose."""
    standing = choosing.choices_of(visit.wallet_id)
    if visit.request.method == "POST":
        _keep(visit, standing)
        messages.success(visit.request, _("Kept."))
        return visit.redirect("portal_channels")
    agreed = consents.standing(visit.wallet_id).get(Purpose.MARKETING)
    return visit.show(
        "portal/telling/channels.html",
        lines=[Line(topic, standing[topic.name]) for topic in TOPICS.values()],
        modes=MODES,
        quiet=choosing.quiet_hours_of(visit.wallet_id),
        hours=range(24),
        agreed=agreed is not None and agreed.granted,
        devices=devices.of_wallet(visit.wallet_id),
        push_key=devices.public_key(now=visit.now),
        email=getattr(visit.request.user, "email", "") or visit.member.email,  # type: ignore[union-attr] # a member's page
    )


def _keep(visit: Visit, standing: dict[str, Choice]) -> None:
    told = visit.request.POST
    chosen = {
        name: Choice(
            _mode(told.get(f"{name}-email"), standing[name].email),
            push=f"{name}-push" in told,
            in_centre=f"{name}-centre" in told or topic.always,
        )
        for name, topic in TOPICS.items()
    }
    choosing.choose(
        programme_id=visit.programme.id, wallet_id=visit.wallet_id, chosen=chosen, now=visit.now
    )
    before = choosing.quiet_hours_of(visit.wallet_id)
    quiet = Quiet(
        kept="quiet" in told,
        begins=_hour(told.get("begins"), before.begins),
        ends=_hour(told.get("ends"), before.ends),
    )
    if quiet != before:
        choosing.keep_quiet_hours(
            programme_id=visit.programme.id, wallet_id=visit.wallet_id, quiet=quiet
        )


def _mode(text: str | None, before: Mode) -> Mode:
    """Read what a list offers; anything else changes nothing."""
    return Mode(text) if text in set(Mode) else before


def _hour(text: str | None, before: int) -> int:
    return int(text) if text in {str(hour) for hour in range(24)} else before
