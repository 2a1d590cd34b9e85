"""`/p/PROGRAMME/claims/why/` and `…/new/`: why it is not there, and what is claimed."""

from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cagnotte.claims import words
from cagnotte.claims.selectors import Alike
from cagnotte.claims.services import Order
from cagnotte.claims.words import CheckTold
from cagnotte.domain.claims import ClaimKind
from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.domain.ids import parse_public_id, public_id
from cagnotte.identity import selectors as identity
from cagnotte.journeys import claim as journey
from cagnotte.journeys import visits as visits_of
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.visits import Outcome
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.claiming.forms import WordsForm
from cagnotte.portal.claiming.frame import run_of
from cagnotte.portal.visit import Visit, member_page
from cagnotte.purchases import selectors as purchases
from cagnotte.purchases.selectors import PurchaseShown, Wanted

VISITS_SHOWN = 30

PURCHASES_SHOWN = 50


class Answer(NamedTuple):
    """What our own facts say of a visit, in words. other: a claim about it that was sent."""

    checks: list[CheckTold]
    verdict: str
    unlocks_on: object
    other: Alike | None


@require_safe
@member_page("wallet")
def why(visit: Visit) -> HttpResponse:
    """Say what our own facts know of a visit, before anything is claimed."""
    run = run_of(visit)
    connection = shared_connection()
    ref = visit.request.GET.get("visit", "")
    if not ref:
        return visit.redirect("portal_new_claim", kind=ClaimKind.MISSING)
    found = journey.visit_of(connection, run, visit.wallet_id, ref)
    looked = journey.diagnose(connection, run, visit.wallet_id, found)
    name = _names(run)[found.merchant]
    return visit.show(
        "portal/claiming/why.html",
        found=found,
        shop=name,
        shop_ref=found.merchant,
        answer=Answer(
            [words.told(check, name) for check in looked.shown],
            looked.verdict.value,
            looked.unlocks_on,
            looked.other,
        ),
        known=[(public_id("pur", one.id), one) for one in found.purchases],
        reasons=_reasons(),
        is_found=found.outcome is Outcome.FOUND,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("wallet")
def new(visit: Visit) -> HttpResponse:
    """Ask what is wrong and about what, one at a time and never what is known; then begin the claim."""
    if visit.request.method == "POST":
        return _begin(visit)
    asked = visit.request.GET
    if asked.get("visit"):
        return visit.redirect("portal_why", visit=asked["visit"])
    if asked.get("purchase"):
        return _about_purchase(visit, asked["purchase"], asked.get("kind", ""))
    with suppress(ValueError):
        return _choose(visit, ClaimKind(asked.get("kind", "")))
    return visit.show(
        "portal/claiming/kind.html",
        kinds=[(kind, told) for kind, told in words.KINDS.items()],
        forgotten="kind" in asked,
    )


def _choose(visit: Visit, kind: ClaimKind) -> HttpResponse:
    """Show the visits, or the purchases, that a claim of a kind can be about."""
    run, connection = run_of(visit), shared_connection()
    if kind is ClaimKind.MISSING:
        found = visits_of.visits(connection, run, visit.wallet_id, count=VISITS_SHOWN)
        shops = _names(run)
        return visit.show(
            "portal/claiming/choose_visit.html",
            visits=[(one, shops[one.merchant]) for one in found],
        )
    wanted = Wanted(
        wallet_id=visit.wallet_id, validation="declined" if kind is ClaimKind.REFUSED else None
    )
    bought = purchases.page(
        connection, visit.programme.id, wanted, before=None, count=PURCHASES_SHOWN
    )
    names = _names(run)
    return visit.show(
        "portal/claiming/choose_purchase.html",
        bought=[
            (public_id("pur", one.id), one, names[one.merchant])
            for one in bought
            if kind in journey.kinds_of(one)
        ],
        kind=kind,
        told=words.KINDS[kind],
    )


def _about_purchase(
    visit: Visit, named: str, asked: str, form: WordsForm | None = None
) -> HttpResponse:
    """Ask what is wrong with a purchase, and in the member's own words why."""
    run = run_of(visit)
    purchase = _purchase(visit, run, named)
    kinds = journey.kinds_of(purchase)
    chosen = next((kind for kind in kinds if kind == asked), kinds[0])
    return visit.show(
        "portal/claiming/about_purchase.html",
        purchase=purchase,
        named=named,
        shop=_names(run)[purchase.merchant],
        kinds=[(kind, words.KINDS[kind]) for kind in kinds],
        chosen=chosen,
        form=form or _words_form(None),
    )


def _words_form(data: object) -> WordsForm:
    return WordsForm(
        data,
        label=_("What is wrong?"),
        hint=_("A sentence or two: what you expected, and what you see."),
    )


def _purchase(visit: Visit, run: ProgrammeRun, named: str) -> PurchaseShown:
    return journey.purchase_of(shared_connection(), run, visit.wallet_id, _purchase_id(named))


def _purchase_id(named: str) -> UUID:
    try:
        return parse_public_id("pur", named)
    except ValueError:
        raise NotFound("There is no such purchase.", named=named) from None


def _begin(visit: Visit) -> HttpResponse:
    run, connection = run_of(visit), shared_connection()
    sent = visit.request.POST
    try:
        if sent.get("visit"):
            claim_id = journey.begin_about_visit(connection, run, visit.wallet_id, sent["visit"])
            return visit.redirect("portal_claim_order", public_id("clm", claim_id))
        named, kind = sent.get("purchase", ""), sent.get("kind", "")
        form = _words_form(sent)
        if not form.is_valid():
            return _about_purchase(visit, named, kind, form)
        claim_id = journey.begin_about_purchase(
            connection, run, visit.wallet_id, _purchase_id(named), _kind(kind)
        )
    except Refused:
        messages.error(visit.request, _("This shop takes no claims."))
        return visit.redirect("portal_claims")
    except InvalidInput:
        messages.error(visit.request, _("The purchase stands otherwise by now; look again."))
        return visit.redirect("portal_new_claim")
    order = Order(note=form.cleaned_data["text"])
    journey.tell(connection, run, visit.wallet_id, claim_id, order)
    return visit.redirect("portal_claim_checks", public_id("clm", claim_id))


def _kind(text: str) -> ClaimKind:
    """Read a kind. Raises InvalidInput."""
    try:
        return ClaimKind(text)
    except ValueError:
        raise InvalidInput("There is no such kind of claim.", kind=text) from None


def _names(run: ProgrammeRun) -> dict[str, str]:
    """Return the names of the programme's shops by their references."""
    return {
        ref: name or ref
        for (kind, ref), name in identity.party_names(run.id).items()
        if kind == "merchant"
    }


def _reasons() -> list[str]:
    """Say what keeps purchases from being tracked, the likeliest first."""
    return [
        _("Another tab, coupon site or extension came between your visit and the order."),
        _("Cookies were refused, or a blocker or private window hid that you came from us."),
        _("The basket was filled before the visit."),
        _("You ordered in the shop’s app after a visit with the browser."),
        _("You paid by gift card, or used a code that does not go with cashback."),
    ]
