"""How purchases are shown: the word, the picture and the colour of each state, and what comes next in a few words."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cagnotte.claims.selectors import Alike
from cagnotte.journeys.measure_delays import Measured
from cagnotte.journeys.watch import Kind, Next, Row, State, next_step
from cagnotte.platform.figures import percent


class Look(NamedTuple):
    """How a state is shown: its word, a picture's name, a tone of the chips."""

    word: str | Promise
    icon: str
    tone: str


STATES: dict[State, Look] = {
    "pending": Look(gettext_lazy("Pending"), "hourglass", "wait"),
    "confirmed": Look(gettext_lazy("Confirmed"), "circle-check", "info"),
    "available": Look(gettext_lazy("Available"), "coins", "good"),
    "reserved": Look(gettext_lazy("On its way"), "send", "accent"),
    "paid": Look(pgettext_lazy("cashback", "Paid"), "landmark", "calm"),
    "spent": Look(pgettext_lazy("cashback", "Spent"), "shopping-bag", "calm"),
    "expired": Look(gettext_lazy("Expired"), "timer", "calm"),
    "declined": Look(gettext_lazy("Declined"), "circle-x", "bad"),
    "nothing": Look(gettext_lazy("No cashback"), "circle-dashed", "calm"),
}

KIND_WORDS: dict[Kind, str | Promise] = {
    "pending": gettext_lazy("Pending"),
    "confirmed": gettext_lazy("Confirmed"),
    "released": gettext_lazy("Available or paid"),
    "declined": gettext_lazy("Declined"),
    "nothing": gettext_lazy("No cashback"),
}


class Shown(NamedTuple):
    """A purchase of a list.

    rate: "" where it earned none. note: what comes next, "" where nothing does. claim: the one under way about it.
    """

    row: Row
    look: Look
    rate: str
    note: str
    claim: Alike | None


def shown(
    row: Row, *, today: date, measured: Measured | None, claims: Mapping[UUID, Alike]
) -> Shown:
    """Dress a purchase for a list. claims: those under way, by their purchase."""
    step = next_step(row, today=today, measured=measured)
    claim = claims.get(row.id)
    note = _("claim under way") if claim else step_told(step, row) if step else ""
    return Shown(row, STATES[row.state], rate_told(row), note, claim)


def rate_told(row: Row) -> str:
    """Say at what rate a purchase earns; "about" where several offers made it up."""
    if row.rate_bps:
        return percent(row.rate_bps)
    if row.effective_bps and row.is_exact:
        return percent(row.effective_bps)
    if row.effective_bps:
        return _("about {rate}").format(rate=percent(row.effective_bps))
    return ""


COMING = {
    "confirmed": gettext_lazy("confirmed by {day}"),
    "available": gettext_lazy("available on {day}"),
    "expires": gettext_lazy("to be used by {day}"),
}
"""What comes, where its day is known."""


def step_told(step: Next, row: Row) -> str:
    """Say what comes next and when, in a few words."""
    if step.day is not None:
        usual = gettext_lazy("usually confirmed by {day}")
        told = usual if step.is_estimate else COMING[step.what]
        return str(told).format(day=date_format(step.day, "DATE_FORMAT"))
    if step.what == "checked":
        return _("being checked")
    if step.what == "confirmed":
        return _("waits for the shop’s answer")
    if row.release_on:
        return _("waits for the shop’s payment")
    return _("waits until it is delivered or taken")


FIRST_YEAR = 2000
"""No purchase is older."""


def year_of(asked: str, *, now: datetime) -> int | None:
    """Return the year that an address asks for; None for all, and for what is no year of ours."""
    if not asked.isascii() or not asked.isdigit() or not FIRST_YEAR <= int(asked) <= now.year + 1:
        return None
    return int(asked)
