"""The programme answers claims: takes one, asks the member, asks the shop, accepts or declines.

An accepted claim names the purchase that arrived after all, or grants goodwill. Every function commits by itself;
`by` is whoever acts, as `staff:NAME`.
"""

import csv
from collections.abc import Iterable
from typing import IO, Any
from uuid import UUID

import psycopg

from cagnotte.claims import selectors, services
from cagnotte.claims.selectors import ClaimView
from cagnotte.domain.claims import CLAIM_REASONS, ClaimEvent, ClaimState, next_state
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.ids import parse_public_id
from cagnotte.domain.money import format_minor
from cagnotte.journeys import grant_goodwill
from cagnotte.journeys.claim import moment, purchase_of, tell_step
from cagnotte.journeys.grant_goodwill import Goodwill
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.figures import money

Connection = psycopg.Connection[Any]

TO_ANSWER = (ClaimState.OPEN, ClaimState.APPEALED)
"""What the programme has to see to."""

COLUMNS = (
    "case", "shop", "order", "ordered_on", "amount", "currency", "visit", "visited_at", "email", "coupon", "what",
)  # fmt: skip
"""Of the file by which a shop or network is asked."""


def find(connection: Connection, run: ProgrammeRun, named: str) -> ClaimView:
    """Return the claim of an id (clm_…) or of a case number. Raises NotFound; drafts are nobody's business."""
    try:
        claim_id = parse_public_id("clm", named)
    except ValueError:
        claim_id = selectors.id_of_number(connection, run.id, named)
    return selectors.claim(connection, run.id, claim_id)


def take(connection: Connection, run: ProgrammeRun, claim_id: UUID, *, by: str) -> ClaimView:
    """Say who sees to a claim; whoever takes it after that has it."""
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id)
        services.take(connection, claim, by)
        return selectors.claim(connection, run.id, claim_id)


def ask(
    connection: Connection, run: ProgrammeRun, claim_id: UUID, text: str, *, by: str
) -> ClaimView:
    """Ask the member something; the claim waits for the answer. Raises InvalidInput, IllegalTransition, NotFound."""
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id)
        # Asked before anything is written: a message that no step follows would be an answer nobody waits for.
        next_state(claim.state, ClaimEvent.ASK)
        services.say(connection, claim, text, by=by, when=moment(run))
        claim = services.step(connection, claim, ClaimEvent.ASK, by=by, when=moment(run))
        tell_step(connection, run, claim, "asked_member")
        return claim


def write(
    connection: Connection, run: ProgrammeRun, claim_id: UUID, text: str, *, by: str
) -> ClaimView:
    """Write to the member without a question. Raises InvalidInput for an empty text; NotFound."""
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id)
        services.say(connection, claim, text, by=by, when=moment(run))
        tell_step(connection, run, claim, "message")
        return claim


def send(
    connection: Connection, run: ProgrammeRun, claim_ids: Iterable[UUID], *, by: str
) -> list[ClaimView]:
    """Note that shops or networks are asked about claims, all or none. Raises IllegalTransition, NotFound."""
    sent = []
    with connection.transaction():
        for claim_id in sorted(claim_ids):
            claim = services.lock(connection, run.id, claim_id)
            claim = services.step(connection, claim, ClaimEvent.SEND, by=by, when=moment(run))
            tell_step(connection, run, claim, "sent_to_shop")
            sent.append(claim)
    return sent


def write_inquiry(out: IO[str], claims: Iterable[ClaimView]) -> None:
    """Write the file by which a shop or network is asked, a row for each claim; nothing of it is a formula."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for claim in claims:
        rows.writerow([_harmless(value) for value in _inquired(claim)])


def _inquired(claim: ClaimView) -> tuple[str, ...]:
    amount = claim.amount_minor
    return (
        claim.number,
        claim.merchant,
        claim.order_ref,
        claim.ordered_on.isoformat() if claim.ordered_on else "",
        format_minor(amount, claim.currency) if amount else "",
        claim.currency,
        claim.visit_ref,
        claim.visited_at.isoformat() if claim.visited_at else "",
        claim.shop_email,
        claim.coupon,
        claim.kind.value,
    )


def _harmless(text: str) -> str:
    """Keep a spreadsheet from computing what a member typed."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def accept(  # noqa: PLR0913 - which claim, who, and one of three grounds
    connection: Connection,
    run: ProgrammeRun,
    claim_id: UUID,
    *,
    by: str,
    purchase_id: UUID | None = None,
    goodwill_minor: int | None = None,
    text: str = "",
) -> ClaimView:
    """Accept a claim: because of a purchase of the member's that is there now, or by goodwill; one of both.

    text: written to the member along with it.
    Raises InvalidInput, IllegalTransition, NotFound, and as `grant_goodwill.grant`; nothing is changed then.
    """
    if (purchase_id is None) == (goodwill_minor is None):
        raise InvalidInput("A claim is accepted because of a purchase, or by goodwill.")
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id)
        next_state(claim.state, ClaimEvent.ACCEPT)
        if purchase_id is not None:
            purchase_of(connection, run, claim.wallet_id, purchase_id)
            return _accepted_for(connection, run, claim, purchase_id, by=by, text=text)
        amount_minor = goodwill_minor or 0
        order = Goodwill(claim.wallet_id, amount_minor, claim.public_id, claim.merchant_id)
        grant_goodwill.grant(connection, run, order)
        if text:
            services.say(connection, claim, text, by=by, when=moment(run))
        claim = services.step(
            connection,
            claim,
            ClaimEvent.ACCEPT,
            by=by,
            when=moment(run),
            facts={"goodwill_minor": amount_minor},
            goodwill_minor=amount_minor,
        )
        amount = money(amount_minor, run.programme.currency)
        tell_step(connection, run, claim, "accepted", amount=amount)
        return claim


def _accepted_for(
    connection: Connection,
    run: ProgrammeRun,
    claim: ClaimView,
    purchase_id: UUID,
    *,
    by: str,
    text: str = "",
) -> ClaimView:
    if text:
        services.say(connection, claim, text, by=by, when=moment(run))
    claim = services.step(
        connection,
        claim,
        ClaimEvent.ACCEPT,
        by=by,
        when=moment(run),
        facts={"purchase_id": str(purchase_id)},
        purchase_id=purchase_id,
    )
    tell_step(connection, run, claim, "accepted")
    return claim


def accept_by_itself(
    connection: Connection, run: ProgrammeRun, claim: ClaimView, purchase_id: UUID
) -> ClaimView:
    """Accept a claim that is locked, because its purchase came after all; in the caller's transaction."""
    return _accepted_for(connection, run, claim, purchase_id, by=services.PROGRAMME)


def decline(
    connection: Connection,
    run: ProgrammeRun,
    claim_id: UUID,
    reason: str,
    *,
    by: str,
    text: str = "",
) -> ClaimView:
    """Decline a claim for a reason of `CLAIM_REASONS`. Raises InvalidInput, IllegalTransition, NotFound."""
    if reason not in CLAIM_REASONS:
        raise InvalidInput(
            f"“{reason}” is no reason to decline a claim; one of: {', '.join(CLAIM_REASONS)}.",
            reason=reason,
        )
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id)
        next_state(claim.state, ClaimEvent.DECLINE)
        if text:
            services.say(connection, claim, text, by=by, when=moment(run))
        claim = services.step(
            connection,
            claim,
            ClaimEvent.DECLINE,
            by=by,
            when=moment(run),
            facts={"reason": reason},
            reason=reason,
        )
        tell_step(
            connection, run, claim, "closed" if claim.state is ClaimState.CLOSED else "declined"
        )
        return claim
