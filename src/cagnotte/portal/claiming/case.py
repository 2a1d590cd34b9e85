"""`/p/PROGRAMME/claims/CLAIM/`: a case: where it stands, who acts next, what was said, and what can be done."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cagnotte.claims import documents, selectors, words
from cagnotte.claims.selectors import ClaimView, MessageTold, StepTold
from cagnotte.claims.services import MEMBER
from cagnotte.domain import claims as rules
from cagnotte.domain.claims import ClaimEvent, ClaimState
from cagnotte.domain.errors import InvalidInput, Refused
from cagnotte.journeys import claim as journey
from cagnotte.platform.figures import money
from cagnotte.platform.secrets_box import SecretUnreadable
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.claiming.forms import WordsForm
from cagnotte.portal.claiming.frame import cannot, keep_files, own, run_of
from cagnotte.portal.visit import Visit, member_page

GOES_WITHOUT_SAYING = ClaimEvent.PASS
"""A step that is left out of the story: what stands after it says it."""


class Told(NamedTuple):
    """One thing of the story of a case. state: as `<c-event>` has them.

    text: what was written with it, as it was written. is_mine: by the member.
    """

    at: datetime
    title: str
    icon: str
    state: str
    who: str
    more: str = ""
    text: str = ""
    is_mine: bool = False


@require_safe
@member_page("wallet")
def case(visit: Visit, claim: str) -> HttpResponse:
    """Show a case; a claim that is not sent yet goes on where it stopped."""
    found = own(visit, claim)
    if found.is_draft:
        return _goes_on(visit, found)
    return _shown(visit, found)


def _goes_on(visit: Visit, claim: ClaimView) -> HttpResponse:
    missing = journey.what_is_missing(shared_connection(), run_of(visit), claim)
    step = {"": "review", "proofs": "proofs"}.get(missing, "order")
    return visit.redirect(f"portal_claim_{step}", claim.public_id)


def _shown(
    visit: Visit, claim: ClaimView, *, form: WordsForm | None = None, problem: str = ""
) -> HttpResponse:
    connection = shared_connection()
    return visit.show(
        "portal/claiming/case.html",
        claim=claim,
        state=words.STATES[claim.state],
        kind=words.KINDS[claim.kind],
        next=words.next_words(claim),
        reason=words.reason_words(claim.reason) if claim.reason else "",
        story=story(claim),
        documents=selectors.documents(connection, claim.id),
        is_asked=claim.state is ClaimState.ASKED_MEMBER,
        under_way=claim.state in rules.UNDER_WAY,
        may_appeal=journey.may_appeal(claim),
        may_withdraw=rules.may(claim.state, ClaimEvent.WITHDRAW),
        form=form or _form(visit, claim),
        problem=problem,
    )


def story(claim: ClaimView) -> list[Told]:
    """Return what happened, the oldest first; what was written along with a step is told with it."""
    connection = shared_connection()
    said = selectors.messages(connection, claim.id)
    told = []
    for step in selectors.steps(connection, claim.id):
        if step.event == GOES_WITHOUT_SAYING:
            continue
        along = [one for one in said if (one.at, one.by) == (step.at, step.by)]
        said = [one for one in said if one not in along]
        told.append(_step(claim, step, "\n\n".join(one.text for one in along)))
    return sorted([*told, *map(_message, said)], key=lambda one: one.at)


def _step(claim: ClaimView, step: StepTold, text: str) -> Told:
    granted = step.facts.get("goodwill_minor")
    amount = money(granted, claim.currency) if granted else ""
    told = words.step_words(step.event, step.facts, amount)
    is_mine = step.by == MEMBER
    return Told(step.at, told.title, told.icon, told.state, _who(step.by), told.more, text, is_mine)


def _message(message: MessageTold) -> Told:
    title = _("You wrote") if message.is_members else _("We wrote")
    return Told(
        message.at,
        title,
        "message-circle",
        "done",
        _who(message.by),
        text=message.text,
        is_mine=message.is_members,
    )


def _who(by: str) -> str:
    if by == MEMBER:
        return _("you")
    return _("our team") if by.startswith("staff:") else _("automatically")


def _form(visit: Visit, claim: ClaimView, *, sent: bool = False) -> WordsForm:
    if journey.may_appeal(claim):
        label = _("Why do you object?")
    elif claim.state is ClaimState.ASKED_MEMBER:
        label = _("Your answer")
    else:
        label = _("Your message")
    return WordsForm(visit.request.POST if sent else None, label=label)


@require_POST
@member_page("wallet")
def say(visit: Visit, claim: str) -> HttpResponse:
    """Take a message, with files if any."""
    return _heard(visit, claim, appealing=False)


@require_POST
@member_page("wallet")
def appeal(visit: Visit, claim: str) -> HttpResponse:
    """Take an objection."""
    return _heard(visit, claim, appealing=True)


def _heard(visit: Visit, named: str, *, appealing: bool) -> HttpResponse:
    claim = own(visit, named)
    form = _form(visit, claim, sent=True)
    if not form.is_valid():
        return _shown(visit, claim, form=form)
    problem = "" if appealing else keep_files(visit, claim)
    if problem:
        return _shown(visit, claim, form=form, problem=problem)
    do = journey.appeal if appealing else journey.reply
    try:
        do(
            shared_connection(),
            run_of(visit),
            visit.wallet_id,
            claim.id,
            form.cleaned_data["text"],
        )
    except (InvalidInput, Refused):
        cannot(visit)
    else:
        messages.success(visit.request, _("Sent. You find it below."))
    return visit.redirect("portal_claim", named)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("wallet")
def withdraw(visit: Visit, claim: str) -> HttpResponse:
    """Ask once more, then take the claim back; a draft is deleted."""
    found = own(visit, claim)
    if visit.request.method != "POST":
        return visit.show(
            "portal/claiming/withdraw.html", claim=found, kind=words.KINDS[found.kind]
        )
    try:
        journey.withdraw(shared_connection(), run_of(visit), visit.wallet_id, found.id)
    except Refused:
        cannot(visit)
        return visit.redirect("portal_claim", claim)
    told = _("The claim is deleted.") if found.is_draft else _("The claim is withdrawn.")
    messages.success(visit.request, told)
    return visit.redirect("portal_claims")


@require_safe
@member_page("wallet")
def document(visit: Visit, claim: str, named: UUID) -> HttpResponse:
    """Give a proof back to whoever handed it in, as a file that no browser opens by itself."""
    found = own(visit, claim)
    kept = journey.proof(shared_connection(), found, named)
    try:
        content = documents.read(kept.id)
    except SecretUnreadable:
        messages.error(visit.request, _("This file cannot be opened just now. Write to us."))
        return visit.redirect("portal_claim", claim)
    response = HttpResponse(content, content_type=documents.KINDS[kept.kind])
    response["Content-Disposition"] = content_disposition_header(True, kept.name)  # noqa: FBT003
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response
