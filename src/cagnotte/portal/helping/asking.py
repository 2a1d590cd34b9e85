"""`/p/PROGRAMME/help/where/`: “Where is my cashback?”, a few questions that end with an answer.

The questions are a tree: a place is the answers given so far, written into the address, so that every step is a plain
link, can be shared and gone back from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import NoReverseMatch
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cagnotte.domain.errors import NotFound
from cagnotte.portal.visit import Visit, portal_page

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Question:
    """A question; answers: the name of the next place by the words of the answer."""

    words: Text
    answers: tuple[tuple[Text, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the questions end. act: (words, page) of what to do; article: to read more."""

    title: Text
    words: Text
    act: tuple[Text, str] | None = None
    article: str = ""


FIRST = "start"

TREE: Mapping[str, Question | Answer] = {
    "start": Question(
        _("Where did you buy?"),
        (
            (_("Online, after following a link from here"), "seen"),
            (_("Online, without a link from here"), "no-link"),
            (_("In a shop"), "till"),
        ),
    ),
    "seen": Question(
        _("Does the purchase stand in your list?"),
        (
            (_("No"), "age"),
            (_("Yes, as pending"), "pending"),
            (_("Yes, as declined"), "declined"),
            (_("Yes, but the amount is wrong"), "amount"),
        ),
    ),
    "age": Question(
        _("How long ago did you buy?"),
        ((_("Less than three days"), "young"), (_("Longer"), "device")),
    ),
    "device": Question(
        _("Did you pay in the same browser in which you followed the link?"),
        (
            (_("Yes, or I do not know"), "claim"),
            (_("No, in the shop's app or on another device"), "other-device"),
        ),
    ),
    "till": Question(
        _("Did you show your code or pay with a linked card?"),
        ((_("Yes"), "till-seen"), (_("No"), "receipt")),
    ),
    "till-seen": Question(
        _("How long ago was it?"),
        ((_("Less than three days"), "young"), (_("Longer"), "claim")),
    ),
    "young": Answer(
        _("Give it a little time"),
        _(
            "Most shops tell us within three days, some take longer: the page of the shop says how long "
            "it usually takes. You will be told as soon as it is there."
        ),
        (_("See my visits"), "portal_visits"),
        "states-and-delays",
    ),
    "pending": Answer(
        _("The shop has not confirmed it yet"),
        _(
            "Shops wait until the time for returns is over, often 30 to 60 days, longer for travel. The "
            "purchase's page shows the day we expect."
        ),
        (_("See my purchases"), "portal_purchases"),
        "states-and-delays",
    ),
    "declined": Answer(
        _("The shop refused it"),
        _(
            "The reason stands on the purchase's page. If you kept everything and the reason is wrong, "
            "open a claim: we ask the shop again."
        ),
        (_("Open a claim"), "portal_new_claim"),
        "why-no-cashback",
    ),
    "amount": Answer(
        _("Look at the lines first"),
        _(
            "Delivery usually does not count, at some shops tax neither, and some categories have another "
            "rate. The purchase's page shows each line. If it is still wrong, claim the difference."
        ),
        (_("See my purchases"), "portal_purchases"),
        "why-no-cashback",
    ),
    "claim": Answer(
        _("Open a claim"),
        _(
            "We start from your visit, so that you need not type what we know. Have the order number and "
            "the confirmation at hand."
        ),
        (_("Open a claim"), "portal_new_claim"),
        "claims",
    ),
    "other-device": Answer(
        _("The link was lost on the way"),
        _(
            "The shop only sees that you came from us in the browser that followed the link. Some shops "
            "accept a claim all the same: the checks tell you at once."
        ),
        (_("Open a claim"), "portal_new_claim"),
        "activate-well",
    ),
    "no-link": Answer(
        _("Without a link, the shop does not know about us"),
        _(
            "It pays cashback only for visits that come from here. Next time, start from the shop's page;"
            " favourites make it one tap."
        ),
        (_("Find a shop"), "portal_shops"),
        "activate-well",
    ),
    "receipt": Answer(
        _("Keep the receipt"),
        _(
            "Some shops find your purchase by the receipt or by the card you paid with. Open a claim with"
            " a photo of it; the checks tell you at once whether the shop takes part."
        ),
        (_("Open a claim"), "portal_new_claim"),
        "in-shops",
    ),
}


@require_safe
@portal_page("help")
def where(visit: Visit, place: str = FIRST) -> HttpResponse:
    """Ask the next question, or give the answer. Raises NotFound for a place that is not in the tree."""
    step = TREE.get(place)
    if step is None:
        raise NotFound("There is no such question.", place=place)
    before = _before(place)
    act = ""
    if isinstance(step, Answer) and step.act:
        try:
            act = visit.address(step.act[1])
        except NoReverseMatch:
            act = ""
    return visit.show(
        "portal/helping/where.html",
        question=step if isinstance(step, Question) else None,
        answer=step if isinstance(step, Answer) else None,
        act=act,
        before=before,
        first=FIRST,
    )


def _before(place: str) -> str:
    """Return the question that leads to a place, "" for the first."""
    questions = [(name, one) for name, one in TREE.items() if isinstance(one, Question)]
    leading = (name for name, one in questions if any(to == place for _words, to in one.answers))
    return next(leading, "")
