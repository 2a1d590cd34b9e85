"""`/p/PROGRAMME/payouts/`: every payout with what happened to it, its receipt, and calling it off while one can."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import parse_public_id, public_id
from cagnotte.domain.payouts import PayoutEvent, PayoutState
from cagnotte.domain.working_days import arrives_by, expected_by
from cagnotte.journeys import ask_payout
from cagnotte.notices.payout_words import why_returned
from cagnotte.payouts import selectors
from cagnotte.payouts.selectors import PayoutView, StepView, WayView
from cagnotte.platform import pdf
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.spending import words
from cagnotte.portal.spending.withdrawing import desk_of, zone_of
from cagnotte.portal.visit import Visit, member_page

PAGE = 20

BACK = (PayoutState.REJECTED, PayoutState.RETURNED)
"""States in which the bank has sent the money back."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One point of a payout's timeline, as the component `event` shows it; at None = it has not happened yet."""

    title: str
    icon: str
    state: str
    at: datetime | None = None
    when: str = ""
    who: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A payout in the list."""

    payout: PayoutView
    way: WayView | None
    words: words.StateWords

    @property
    def id(self) -> str:
        """As it stands in addresses."""
        return public_id("pay", self.payout.id)


@require_safe
@member_page()
def payouts(visit: Visit) -> HttpResponse:
    """List payouts, newest first."""
    connection = shared_connection()
    before = visit.request.GET.get("before")
    found = selectors.payouts_page(
        connection,
        visit.programme.id,
        wallet_id=visit.wallet_id,
        before=_own(visit, before).id if before else None,
        at_most=PAGE + 1,
    )
    ways = selectors.ways_of(connection, [one.id for one in found])
    rows = [Row(one, ways.get(one.id), words.STATES[one.state]) for one in found[:PAGE]]
    older = visit.address("portal_payouts", before=rows[-1].id) if len(found) > PAGE else ""
    return visit.show("portal/spending/payouts.html", rows=rows, older=older, later=bool(before))


@require_safe
@member_page()
def payout(visit: Visit, payout: str) -> HttpResponse:
    """Show one payout: where it stands, what happened, what comes next."""
    return visit.show("portal/spending/payout.html", **_told(visit, _own(visit, payout)))


@require_POST
@member_page()
def cancel(visit: Visit, payout: str) -> HttpResponse:
    """Call a payout off, if it is not at the bank."""
    own = _own(visit, payout)
    if own.hold_id is None:
        raise Http404
    stepped = ask_payout.cancel(
        shared_connection(),
        desk_of(visit),
        [own.end_to_end_id],
        by=visit.by,
        reason="",
    )
    if stepped.taken:
        messages.success(
            visit.request, _("The payout is cancelled; the money is in your cagnotte again.")
        )
    else:
        messages.warning(visit.request, _("It is too late: the payout has left, or is about to."))
    return visit.redirect("portal_payout", payout)


@require_safe
@member_page()
def receipt(visit: Visit, payout: str) -> HttpResponse:
    """Show a receipt of one payout, to be printed or kept."""
    told = _told(visit, _own(visit, payout))
    return visit.show("portal/spending/receipt.html", has_pdf=pdf.available(), **told)


@require_safe
@member_page()
def receipt_pdf(visit: Visit, payout: str) -> HttpResponse:
    """Send the receipt of one payout as PDF; where this server cannot draw one, lead to the page."""
    told = _told(visit, _own(visit, payout))
    if not pdf.available():
        return visit.redirect("portal_payout_receipt", payout)
    around = {"programme": visit.programme, "member": visit.member, "today": visit.today}
    html = render_to_string("portal/spending/receipt_pdf.html", {**around, **told})
    name = f"{visit.programme.slug}-{told['payout'].end_to_end_id}.pdf"
    return HttpResponse(
        pdf.render(html),
        content_type="application/pdf",
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name)
        },
    )


def _own(visit: Visit, text: str) -> PayoutView:
    """Return a payout of whoever is here. Raises Http404 for another's, and for what is none."""
    try:
        identity = parse_public_id("pay", text)
    except ValueError:
        raise Http404 from None
    found = selectors.payout_of_programme(shared_connection(), visit.programme.id, identity)
    if found is None or found.wallet_id != visit.wallet_id:
        raise NotFound("There is no such payout.")
    return found


def _told(visit: Visit, own: PayoutView) -> dict[str, Any]:
    connection = shared_connection()
    steps = selectors.steps_of_payout(connection, own.id)
    way = selectors.ways_of(connection, [own.id]).get(own.id)
    expected = _expected(visit, own, way)
    back = steps[-1] if steps and own.state in BACK else None
    return {
        "id": public_id("pay", own.id),
        "payout": own,
        "way": way,
        "state": words.STATES[own.state],
        "timeline": _timeline(visit, own, steps, expected),
        "expected": expected,
        "late": expected is not None and expected < visit.today,
        "is_sent": own.state is PayoutState.SENT,
        # What is kept aside for a closed account is the operator's to pay, as its owner asked in a letter.
        "can_cancel": own.hold_id is not None
        and own.batch_id is None
        and own.state in (PayoutState.REQUESTED, PayoutState.APPROVED),
        "is_back": back is not None,
        "why_back": why_returned(back.code) if back else "",
        "settled_on": next((one.occurred_on for one in steps if one.event == "settle"), None),
        "done": visit.request.GET.get("done") == "1",
    }


def _expected(visit: Visit, own: PayoutView, way: WayView | None) -> date | None:
    """Say by which day a payout under way arrives; None for one that is over."""
    if own.state is PayoutState.SENT and way is not None and way.execution_on is not None:
        return arrives_by(way.execution_on)
    if own.state not in (PayoutState.REQUESTED, PayoutState.APPROVED):
        return None
    try:
        days = selectors.rules(shared_connection(), visit.programme.id).execution_days
    except NotFound:
        return None
    return expected_by(own.requested_at.astimezone(zone_of(visit)).date(), days)


def _timeline(
    visit: Visit, own: PayoutView, steps: list[StepView], expected: date | None
) -> list[Happening]:
    asked = Happening(
        _("Asked for"),
        "hand-coins",
        "done",
        own.requested_at,
        words.moment(own.requested_at, zone_of(visit)),
    )
    found = [asked, *(_happening(visit, step) for step in steps)]
    return found + _next(own, expected)


def _happening(visit: Visit, step: StepView) -> Happening:
    house = visit.programme.name
    bank = _("the bank")
    title, icon, state, who = {
        PayoutEvent.APPROVE.value: (_("Checked and approved"), "shield-check", "done", house),
        PayoutEvent.SEND.value: (_("Sent to the bank"), "send", "done", house),
        PayoutEvent.SETTLE.value: (_("Paid by our bank"), "circle-check", "done", bank),
        PayoutEvent.REJECT.value: (_("Refused by the bank"), "circle-x", "bad", bank),
        PayoutEvent.RETURN.value: (_("Sent back by your bank"), "rotate-ccw", "bad", bank),
        PayoutEvent.CANCEL.value: (_("Cancelled"), "circle-x", "done", ""),
    }[step.event]
    if step.event == PayoutEvent.CANCEL.value:
        who = _("you") if step.source == visit.by else house
    more = why_returned(step.code) if state == "bad" else step.reason
    return Happening(title, icon, state, step.at, words.moment(step.at, zone_of(visit)), who, more)


def _next(own: PayoutView, expected: date | None) -> list[Happening]:
    if expected is None:
        return []
    by = _("by {day}").format(day=date_format(expected, "DATE_FORMAT"))
    arrives = Happening(_("On your account"), "landmark", "next", None, by)
    if own.state is PayoutState.REQUESTED:
        check = Happening(_("We check it, then send it"), "clock", "now")
        return [check, arrives]
    if own.state is PayoutState.APPROVED:
        return [Happening(_("It goes to the bank with the next run"), "clock", "now"), arrives]
    return [arrives]
