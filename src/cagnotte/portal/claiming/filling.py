"""`/p/PROGRAMME/claims/CLAIM/…`: a claim is made, one thing on each page, and sent."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cagnotte.claims import selectors, words
from cagnotte.claims.selectors import ClaimView
from cagnotte.claims.services import DOCUMENTS_MAX, Order
from cagnotte.domain.claims import ClaimKind, Result
from cagnotte.domain.errors import Refused
from cagnotte.domain.ids import public_id
from cagnotte.journeys import claim as journey
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.claiming.forms import OrderForm, WordsForm
from cagnotte.portal.claiming.frame import cannot, keep_files, own, places, run_of
from cagnotte.portal.spending.amounts import typed
from cagnotte.portal.visit import Visit, member_page

Page = Callable[[Visit, ClaimView], HttpResponse]


def _draft_page(page: Page) -> Callable[..., HttpResponseBase]:
    """Let a page be of a draft alone; a claim that was sent is shown instead."""

    @wraps(page)
    def shown(visit: Visit, claim: str) -> HttpResponse:
        found = own(visit, claim)
        if not found.is_draft:
            return visit.redirect("portal_claim", claim)
        return page(visit, found)

    return member_page("wallet")(shown)


def _step(visit: Visit, claim: ClaimView, name: str, **shown: Any) -> HttpResponse:
    template = "words" if name == "order" and claim.kind is not ClaimKind.MISSING else name
    return visit.show(
        f"portal/claiming/{template}.html",
        claim=claim,
        places=places(name),
        kind=words.KINDS[claim.kind],
        **shown,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@_draft_page
def order(visit: Visit, claim: ClaimView) -> HttpResponse:
    """Ask for the order; of a purchase that is known, for the member's own words alone."""
    sent = visit.request.POST if visit.request.method == "POST" else None
    form: OrderForm | WordsForm
    if claim.kind is ClaimKind.MISSING:
        form = _order_form(visit, claim, sent)
    else:
        form = WordsForm(sent, label=_("What is wrong?"), initial={"text": claim.note})
    if sent is None or not form.is_valid():
        return _step(visit, claim, "order", form=form)
    told = form.told() if isinstance(form, OrderForm) else Order(note=form.cleaned_data["text"])
    try:
        journey.tell(shared_connection(), run_of(visit), visit.wallet_id, claim.id, told)
    except Refused:
        cannot(visit)
    return visit.redirect("portal_claim_checks", claim.public_id)


def _order_form(visit: Visit, claim: ClaimView, sent: Any) -> OrderForm:
    zone = ZoneInfo(visit.programme.timezone)
    visited_on = claim.visited_at.astimezone(zone).date() if claim.visited_at else None
    amount = claim.amount_minor
    known = {
        "order_ref": claim.order_ref,
        "ordered_on": claim.ordered_on or visited_on,
        "amount": typed(amount, claim.currency) if amount else "",
        "shop_email": claim.shop_email or (visit.member.email if visit.member else ""),
        "coupon": claim.coupon,
    }
    return OrderForm(
        sent, currency=claim.currency, visited_on=visited_on, today=visit.today, initial=known
    )


@require_http_methods(["GET", "HEAD"])
@_draft_page
def checks(visit: Visit, claim: ClaimView) -> HttpResponse:
    """Show what our own facts say of it."""
    connection, run = shared_connection(), run_of(visit)
    if journey.what_is_missing(connection, run, claim) in ("order", "words"):
        return visit.redirect("portal_claim_order", claim.public_id)
    looked = journey.look(connection, run, claim)
    known = looked.purchase
    return _step(
        visit,
        claim,
        "checks",
        checks=[words.told(check, claim.merchant_name) for check in looked.shown],
        stopped=looked.verdict is Result.STOP,
        unlocks_on=looked.unlocks_on,
        other=looked.other,
        known=(public_id("pur", known.id), known) if known else None,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@_draft_page
def proofs(visit: Visit, claim: ClaimView) -> HttpResponse:
    """Take proofs of the order."""
    connection, run = shared_connection(), run_of(visit)
    problem = ""
    if visit.request.method == "POST":
        problem = keep_files(visit, claim)
        if not problem:
            name = "portal_claim_proofs" if visit.request.FILES else "portal_claim_review"
            return visit.redirect(name, claim.public_id)
    return _step(
        visit,
        claim,
        "proofs",
        documents=selectors.documents(connection, claim.id),
        most=DOCUMENTS_MAX,
        problem=problem,
        needed=journey.what_is_missing(connection, run, claim) == "proofs",
    )


@require_POST
@member_page("wallet")
def drop_proof(visit: Visit, claim: str, named: UUID) -> HttpResponse:
    """Take a proof out of a draft."""
    found = own(visit, claim)
    try:
        journey.take_back_proof(
            shared_connection(), run_of(visit), visit.wallet_id, found.id, named
        )
    except Refused:
        cannot(visit)
    return visit.redirect("portal_claim_proofs", claim)


@require_http_methods(["GET", "HEAD", "POST"])
@_draft_page
def review(visit: Visit, claim: ClaimView) -> HttpResponse:
    """Show it whole, and send it."""
    connection, run = shared_connection(), run_of(visit)
    missing = journey.what_is_missing(connection, run, claim)
    if missing:
        step = "portal_claim_proofs" if missing == "proofs" else "portal_claim_order"
        return visit.redirect(step, claim.public_id)
    if visit.request.method == "POST":
        try:
            journey.submit(connection, run, visit.wallet_id, claim.id)
        except Refused:
            return visit.redirect("portal_claim_checks", claim.public_id)
        return visit.redirect("portal_claim", claim.public_id)
    return _step(
        visit,
        claim,
        "review",
        documents=selectors.documents(connection, claim.id),
        unlocks_on=journey.look(connection, run, claim).unlocks_on,
    )
