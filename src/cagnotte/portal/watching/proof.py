"""`/p/PROGRAMME/proof/`: what is proved to a member, the proofs to take away, and how to check them without us."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.domain.errors import NotFound
from cagnotte.journeys import watch
from cagnotte.journeys.prove import What, prove
from cagnotte.ledger import proofs, seals
from cagnotte.ledger.seals import Seal
from cagnotte.platform.database import connect
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit, member_page

RECENT = 6
"""Purchases that the page offers a proof of; every purchase's own page has one."""


@require_safe
@member_page("wallet")
def proof(visit: Visit) -> HttpResponse:
    """Show what is proved and how to check it."""
    connection = shared_connection()
    asked = watch.Asked(size=RECENT)
    return visit.show(
        "portal/watching/proof.html",
        tab="proof",
        seal=_latest(visit),
        rows=watch.purchases(connection, visit.programme, visit.wallet_id, asked).rows,
    )


@require_safe
@member_page("wallet")
def sealed(visit: Visit) -> HttpResponse:
    """Send the latest seal as it is published to everybody."""
    seal = _latest(visit)
    if seal is None:
        return _not_yet(visit)
    return _document(visit, proofs.published(seal), f"seal-{seal.number}")


@require_safe
@member_page("wallet")
def proof_of_balance(visit: Visit) -> HttpResponse:
    """Send the proof that the member's balances are part of what the programme publishes as owed."""
    ref = visit.member.ref if visit.member else ""
    found = _proof(visit, "member", ref)
    return _document(visit, found, "proof-balance") if found else _not_yet(visit)


@require_safe
@member_page("wallet")
def entry_proof(visit: Visit, purchase_id: str) -> HttpResponse:
    """Send the proof that what was booked for a purchase is part of the books as they were sealed."""
    connection = shared_connection()
    row = watch.purchase_row(connection, visit.programme, visit.wallet_id, purchase_id)
    found = _proof(visit, "purchase", row.public_id)
    return _document(visit, found, f"proof-{row.public_id}") if found else _not_yet(visit)


def _proof(visit: Visit, what: What, name: str) -> proofs.Document | None:
    """Return a proof against the latest seal; None where that does not know of it yet."""
    try:
        # Hashes come as bytes and what is owed by a cursor of the server: Django's own connection has neither.
        with connect() as connection:
            return prove(connection, visit.programme, what, name)
    except NotFound:
        return None


def _latest(visit: Visit) -> Seal | None:
    try:
        return seals.head(shared_connection(), visit.programme.id)
    except NotFound:
        return None


def _not_yet(visit: Visit) -> HttpResponse:
    """Say that there is nothing sealed to prove against; the books are sealed at night."""
    messages.info(
        visit.request,
        _("The books are sealed every night. What is from today can be proved tomorrow."),
    )
    return visit.redirect("portal_proof")


def _document(visit: Visit, document: proofs.Document, name: str) -> HttpResponse:
    response = HttpResponse(proofs.render(document), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{visit.programme.slug}-{name}.json"'
    return response
