"""What the pages of claims share: whose claim it is, and where in the making it stands."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.contrib import messages
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cagnotte.claims import documents, selectors
from cagnotte.claims.selectors import ClaimView
from cagnotte.claims.services import DOCUMENTS_MAX
from cagnotte.claims.words import FILE_REFUSALS
from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.domain.ids import parse_public_id
from cagnotte.journeys import claim as journey
from cagnotte.journeys.kept_runs import RUNS
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit

STEPS: tuple[tuple[str, str | Promise], ...] = (
    ("order", pgettext_lazy("step of a claim", "Order")),
    ("checks", gettext_lazy("Checks")),
    ("proofs", gettext_lazy("Proofs")),
    ("review", gettext_lazy("Review")),
)
"""Pages on which a claim is made, one thing on each; the address of each ends with its name."""


class Place(NamedTuple):
    """A step on the way. state: done, now or next."""

    name: str
    title: str | Promise
    state: str


def run_of(visit: Visit) -> ProgrammeRun:
    """Return the programme as the journeys need it."""
    programme = visit.programme
    return RUNS.of(shared_connection(), programme.id, programme.slug, visit.now).run


def own(visit: Visit, named: str) -> ClaimView:
    """Return the member's claim of an address. Raises NotFound for another's, and for what is no id."""
    try:
        claim_id = parse_public_id("clm", named)
    except ValueError:
        raise NotFound("There is no such claim.", named=named) from None
    return selectors.claim(
        shared_connection(), visit.programme.id, claim_id, wallet_id=visit.wallet_id
    )


def places(now: str) -> list[Place]:
    """Return the steps on the way, seen from one of them."""
    at = [name for name, _ in STEPS].index(now)
    return [
        Place(name, title, "done" if place < at else "now" if place == at else "next")
        for place, (name, title) in enumerate(STEPS)
    ]


def keep_files(visit: Visit, claim: ClaimView) -> str:
    """Keep the files that were sent along; return the sentence of the first that cannot be taken, else ""."""
    sent = visit.request.FILES.getlist("files")
    refusal = _too_big(sent)
    if refusal or not sent:
        return refusal
    files = [(one.name or "", one.read()) for one in sent]
    try:
        journey.hand_in(shared_connection(), run_of(visit), visit.wallet_id, claim.id, files)
    except InvalidInput as error:
        words = str(FILE_REFUSALS[str(error.facts["reason"])])
        return words.format(name=error.facts["name"])
    except Refused as error:
        if error.facts.get("reason") == "too_many_today":
            return _("That is many files in one day. Send the others tomorrow.")
        return _("A claim takes {count} files at most.").format(count=DOCUMENTS_MAX)
    return ""


def _too_big(sent: Sequence[Any]) -> str:
    """Say which file is too big, before any of them is read into memory."""
    for one in sent[: DOCUMENTS_MAX + 1]:
        if (one.size or 0) > documents.SIZE_MAX_BYTES:
            return str(FILE_REFUSALS["too_big"]).format(name=one.name)
    if len(sent) > DOCUMENTS_MAX:
        return _("A claim takes {count} files at most.").format(count=DOCUMENTS_MAX)
    return ""


def cannot(visit: Visit) -> None:
    """Say that the claim has moved on, so that this is no longer possible."""
    messages.error(visit.request, _("This is no longer possible: the claim has moved on."))
