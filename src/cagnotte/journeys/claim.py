"""A member claims cashback that is missing or wrong: our own facts are looked at first, then somebody is.

A claim about a visit says that nothing came of it; a claim about a purchase, that it stands wrongly. Nothing here moves
money. Every function commits by itself.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.claims import documents, selectors, services
from cagnotte.claims.selectors import SQL, Alike, ClaimView, DocumentTold, Subject
from cagnotte.claims.services import MEMBER, PROGRAMME, Draft, Moment, Order, Visited
from cagnotte.domain import claims as rules
from cagnotte.domain.claims import (
    Check,
    ClaimEvent,
    ClaimKind,
    ClaimState,
    Facts,
    Result,
    Terms,
)
from cagnotte.domain.contracts import Contract
from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.domain.purchases import Validation
from cagnotte.journeys.find_shops import ClaimPolicy, claim_policy
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.visits import Visit, visits
from cagnotte.notices import telling
from cagnotte.purchases import selectors as purchases
from cagnotte.purchases.selectors import PurchaseShown

Connection = psycopg.Connection[Any]

VISITS_LOOKED_AT = 200
"""Among so many of a member's last visits one is looked for."""

PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Looked:
    """What our own facts say of a claim.

    Attributes:
        checks: all of them; `for_member` says which the member sees. verdict: what they say together.
        unlocks_on: from when it can be claimed, where it is too early.
        purchase: that of the order, where it is in the member's cagnotte already. other: a claim about the same.
        policy: what the shop asks for.
    """

    checks: list[Check]
    verdict: Result
    unlocks_on: date | None
    purchase: PurchaseShown | None
    other: Alike | None
    policy: ClaimPolicy

    @property
    def shown(self) -> list[Check]:
        """The checks that the member sees."""
        return [check for check in self.checks if check.for_member]


def visit_of(connection: Connection, run: ProgrammeRun, wallet_id: UUID, ref: str) -> Visit:
    """Return a member's own visit. Raises NotFound for another's, and for one too long ago."""
    for visit in visits(connection, run, wallet_id, count=VISITS_LOOKED_AT):
        if visit.click.ref == ref:
            return visit
    raise NotFound("There is no such visit.", ref=ref)


def purchase_of(
    connection: Connection, run: ProgrammeRun, wallet_id: UUID, purchase_id: UUID
) -> PurchaseShown:
    """Return a member's own purchase. Raises NotFound for another's."""
    found = purchases.shown(connection, run.id, [purchase_id]).get(purchase_id)
    if found is None or found.wallet_id != wallet_id:
        raise NotFound("There is no such purchase.", purchase_id=purchase_id)
    return found


def kinds_of(purchase: PurchaseShown) -> tuple[ClaimKind, ...]:
    """Return what can be claimed about a purchase as it stands."""
    if purchase.validation == Validation.DECLINED:
        return (ClaimKind.REFUSED, ClaimKind.WRONG_FACTS)
    return (ClaimKind.WRONG_AMOUNT, ClaimKind.WRONG_FACTS)


# ---- looking --------------------------------------------------------------------------------------------------


def diagnose(connection: Connection, run: ProgrammeRun, wallet_id: UUID, visit: Visit) -> Looked:
    """Say why nothing may be seen of a visit, before anything is claimed."""
    subject = Subject(visit.click.merchant_id, visit_ref=visit.click.ref)
    facts = Facts(ClaimKind.MISSING, run.today, **_of_visit(connection, run, visit))
    return _looked(connection, run, wallet_id, subject, facts)


def look(connection: Connection, run: ProgrammeRun, claim: ClaimView) -> Looked:
    """Look at a draft in the light of what is known now."""
    known: dict[str, Any] = {"ordered_on": claim.ordered_on, "coupon": claim.coupon}
    purchase_id = claim.purchase_id
    if claim.kind is ClaimKind.MISSING:
        with suppress(NotFound):
            visit = visit_of(connection, run, claim.wallet_id, claim.visit_ref)
            known |= _of_visit(connection, run, visit)
        purchase_id = None
    elif purchase_id is not None:
        purchase = purchase_of(connection, run, claim.wallet_id, purchase_id)
        known["is_declined"] = purchase.validation == Validation.DECLINED
    subject = Subject(
        claim.merchant_id,
        visit_ref=claim.visit_ref,
        order_ref=claim.order_ref if claim.kind is ClaimKind.MISSING else "",
        purchase_id=purchase_id,
    )
    facts = Facts(claim.kind, run.today, **known)
    return _looked(connection, run, claim.wallet_id, subject, facts, claim_id=claim.id)


def _looked(
    connection: Connection,
    run: ProgrammeRun,
    wallet_id: UUID,
    subject: Subject,
    facts: Facts,
    *,
    claim_id: UUID | None = None,
) -> Looked:
    policy = claim_policy(connection, run.programme, subject.merchant_id)
    terms = _terms(policy, _contract(run, subject.merchant_id, facts))
    other = selectors.alike(connection, run.id, wallet_id, subject, besides=claim_id)
    own, others_own = _owners(connection, run, wallet_id, subject)
    found = replace(
        facts, is_known=own is not None, is_anothers=others_own, is_claimed=other is not None
    )
    checks = rules.checks(found, terms)
    verdict = rules.verdict(checks)
    unlocks_on = rules.unlocks_on(found, terms) if verdict is Result.WAIT else None
    known = purchases.shown(connection, run.id, [own] if own else [])
    return Looked(checks, verdict, unlocks_on, next(iter(known.values()), None), other, policy)


def _terms(policy: ClaimPolicy, contract: Contract | None) -> Terms:
    if contract is None:
        return Terms(policy.accepted, policy.after_days, policy.within_days)
    return Terms(
        policy.accepted,
        policy.after_days,
        policy.within_days,
        click_days=contract.attribution.click_window.days,
        coupons=contract.coupons,
    )


def _contract(run: ProgrammeRun, merchant_id: UUID, facts: Facts) -> Contract | None:
    day = facts.ordered_on or facts.visited_on or run.today
    return catalog.contract_of_shop(run.id, run.party_names[merchant_id][1], day)


def _of_visit(connection: Connection, run: ProgrammeRun, visit: Visit) -> dict[str, Any]:
    """Return what a visit says for the checks."""
    click = visit.click
    asked = {"programme_id": run.id, "ref": click.ref}
    row = connection.execute(SQL.click, asked).fetchone()
    rival_at = row[0] if row else None
    policy = run.rules_at().attribution_policy(visit.merchant, visit.day)
    is_fresh = rival_at is not None and click.clicked_at - rival_at < policy.stand_down
    return {
        "visited_on": visit.day,
        "other_site": is_fresh,
        "by_phone": click.device == PHONE,
    }


def _owners(
    connection: Connection, run: ProgrammeRun, wallet_id: UUID, subject: Subject
) -> tuple[UUID | None, bool]:
    """Return the member's own purchase of an order, and whether the order is somebody else's."""
    ref = subject.order_ref
    if not ref:
        return None, False
    asked = {
        "programme_id": run.id,
        "merchant_id": subject.merchant_id,
        "spellings": sorted({ref, ref.upper(), ref.lower()}),
    }
    owners = connection.execute(SQL.owners_of_order, asked).fetchall()
    own = [purchase_id for purchase_id, owner_id in owners if owner_id == wallet_id]
    return (own[0] if own else None), bool(owners) and not own


# ---- beginning ------------------------------------------------------------------------------------------------


def begin_about_visit(connection: Connection, run: ProgrammeRun, wallet_id: UUID, ref: str) -> UUID:
    """Begin a claim that nothing came of a visit, or return the draft that is begun already.

    Raises NotFound for a visit that is not the member's; Refused where the shop takes no claims at all.
    """
    with connection.transaction():
        visit = visit_of(connection, run, wallet_id, ref)
        known = selectors.draft_about(
            connection, run.id, wallet_id, visit_ref=ref, purchase_id=None
        )
        if known is not None:
            return known
        _require_accepted(connection, run, visit.click.merchant_id)
        click = visit.click
        draft = Draft(
            run.id,
            wallet_id,
            ClaimKind.MISSING,
            run.programme.currency,
            Subject(click.merchant_id, visit_ref=ref),
            Visited(click.clicked_at, click.device, click.promised),
        )
        return services.begin(connection, draft, when=moment(run))


def begin_about_purchase(
    connection: Connection,
    run: ProgrammeRun,
    wallet_id: UUID,
    purchase_id: UUID,
    kind: ClaimKind,
) -> UUID:
    """Begin a claim that a purchase stands wrongly, or return the draft that is begun already.

    Raises NotFound for a purchase that is not the member's; InvalidInput for a kind that does not fit it; Refused where
    the shop takes no claims at all.
    """
    with connection.transaction():
        purchase = purchase_of(connection, run, wallet_id, purchase_id)
        if kind not in kinds_of(purchase):
            raise InvalidInput("The purchase does not stand like that.", kind=kind)
        known = selectors.draft_about(
            connection, run.id, wallet_id, visit_ref="", purchase_id=purchase_id
        )
        if known is not None:
            claim = services.lock(connection, run.id, known, wallet_id=wallet_id)
            services.fill_in(connection, claim, kind, _told(claim), when=moment(run))
            return known
        merchant_id = run.parties["merchant", purchase.merchant]
        _require_accepted(connection, run, merchant_id)
        draft = Draft(
            run.id,
            wallet_id,
            kind,
            purchase.currency,
            Subject(merchant_id, purchase_id=purchase_id),
            order=Order(
                purchase.order_ref,
                purchase.occurred_at.astimezone(run.zone).date(),
                purchase.amount_minor or None,
            ),
            stood_minor=purchase.reward_minor,
        )
        return services.begin(connection, draft, when=moment(run))


def _require_accepted(connection: Connection, run: ProgrammeRun, merchant_id: UUID) -> None:
    if not claim_policy(connection, run.programme, merchant_id).accepted:
        raise Refused("This shop takes no claims.", merchant_id=merchant_id)


def _told(claim: ClaimView) -> Order:
    return Order(
        claim.order_ref,
        claim.ordered_on,
        claim.amount_minor,
        claim.shop_email,
        claim.coupon,
        claim.note,
    )


def tell(
    connection: Connection,
    run: ProgrammeRun,
    wallet_id: UUID,
    claim_id: UUID,
    order: Order,
) -> ClaimView:
    """Write what the member tells into a draft; of a purchase that is known, the member's own words alone.

    Raises InvalidInput for what cannot be; Refused for a claim that was sent; NotFound.
    """
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id, wallet_id=wallet_id)
        if claim.kind is ClaimKind.MISSING:
            _check_order(run, claim, order)
        else:
            order = _told(claim)._replace(note=order.note)
        services.fill_in(connection, claim, claim.kind, order, when=moment(run))
        return selectors.claim(connection, run.id, claim_id, wallet_id=wallet_id)


def _check_order(run: ProgrammeRun, claim: ClaimView, order: Order) -> None:
    if not order.order_ref or order.ordered_on is None or not order.amount_minor:
        raise InvalidInput("A claim names the number, the day and the amount of the order.")
    if order.amount_minor < 0:
        raise InvalidInput("The amount of an order is above zero.")
    if order.ordered_on > run.today + timedelta(days=1):
        raise InvalidInput("The order lies in the future.", ordered_on=order.ordered_on)
    if claim.visited_at and order.ordered_on < claim.visited_at.astimezone(run.zone).date():
        raise InvalidInput("The order lies before the visit.", ordered_on=order.ordered_on)


# ---- proofs ---------------------------------------------------------------------------------------------------


def hand_in(
    connection: Connection,
    run: ProgrammeRun,
    wallet_id: UUID,
    claim_id: UUID,
    files: Sequence[tuple[str, bytes]],
) -> None:
    """Keep proofs of a claim that is begun or under way; all of them, or none.

    files: name and content of each.

    Raises:
        InvalidInput: one cannot be taken; with its `reason` and its `name`.
        Refused: too many of the claim or of the day (`reason` too_many_today), or the claim is over.
        NotFound: it is not the member's.
    """
    services.check_files_today(connection, wallet_id, more=len(files), now=run.now)
    checked = []
    for name, content in files:
        try:
            checked.append(documents.check(name, content))
        except InvalidInput as error:
            raise InvalidInput(error.sentence, **{**error.facts, "name": name}) from None
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id, wallet_id=wallet_id)
        if not claim.is_draft and claim.state not in rules.UNDER_WAY:
            raise Refused("The claim is over.", claim_id=claim_id)
        for one in checked:
            services.hand_in(connection, claim, one, by=MEMBER, when=moment(run))


def take_back_proof(
    connection: Connection, run: ProgrammeRun, wallet_id: UUID, claim_id: UUID, document_id: UUID
) -> None:
    """Delete a proof of a draft. Raises Refused for a claim that was sent; NotFound."""
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id, wallet_id=wallet_id)
        document = proof(connection, claim, document_id)
        services.take_back(connection, claim, document)
    documents.delete(document.id)


def proof(connection: Connection, claim: ClaimView, document_id: UUID) -> DocumentTold:
    """Return a proof of a claim. Raises NotFound."""
    for document in selectors.documents(connection, claim.id):
        if document.id == document_id:
            return document
    raise NotFound("There is no such file.", document_id=document_id)


# ---- the life of a claim --------------------------------------------------------------------------------------


def submit(connection: Connection, run: ProgrammeRun, wallet_id: UUID, claim_id: UUID) -> ClaimView:
    """Send a claim: it is open at once, or waits until its day. Sent again, nothing changes.

    Raises Refused, with `checks`, where our own facts stand against it, and `missing` where something was not told;
    nothing is changed then. Raises NotFound.
    """
    when = moment(run)
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id, wallet_id=wallet_id)
        if not claim.is_draft:
            return claim
        missing = what_is_missing(connection, run, claim)
        if missing:
            raise Refused("The claim is not complete.", missing=missing)
        looked = look(connection, run, claim)
        if looked.verdict is Result.STOP:
            raise Refused("Our own facts stand against the claim.", checks=looked.checks)
        claim = services.step(
            connection,
            claim,
            ClaimEvent.SUBMIT,
            by=MEMBER,
            when=when,
            checks=[_kept(check) for check in looked.checks],
            sent_at=when.now,
        )
        if claim.note:
            services.say(connection, claim, claim.note, by=MEMBER, when=when)
        event = ClaimEvent.WAIT if looked.unlocks_on else ClaimEvent.PASS
        claim = services.step(
            connection, claim, event, by=PROGRAMME, when=when, until=looked.unlocks_on
        )
        tell_step(connection, run, claim, "received")
        return claim


def what_is_missing(connection: Connection, run: ProgrammeRun, claim: ClaimView) -> str:
    """Return the first step of a draft that is not done: order, words, proofs; "" when it can be sent."""
    if claim.kind is not ClaimKind.MISSING:
        return "" if claim.note else "words"
    if not (claim.order_ref and claim.ordered_on and claim.amount_minor):
        return "order"
    policy = claim_policy(connection, run.programme, claim.merchant_id)
    if "confirmation" in policy.needs and not selectors.documents(connection, claim.id):
        return "proofs"
    return ""


def reply(
    connection: Connection, run: ProgrammeRun, wallet_id: UUID, claim_id: UUID, text: str
) -> ClaimView:
    """Write to the programme; where it had asked, this is the answer.

    Raises InvalidInput for an empty text; Refused for a claim that is a draft or over; NotFound.
    """
    when = moment(run)
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id, wallet_id=wallet_id)
        if claim.state not in rules.UNDER_WAY:
            raise Refused("The claim is over.", claim_id=claim_id)
        services.say(connection, claim, text, by=MEMBER, when=when)
        if claim.state is ClaimState.ASKED_MEMBER:
            claim = services.step(connection, claim, ClaimEvent.REPLY, by=MEMBER, when=when)
        return claim


def appeal(
    connection: Connection, run: ProgrammeRun, wallet_id: UUID, claim_id: UUID, text: str
) -> ClaimView:
    """Object to the answer, once. Raises InvalidInput for an empty text; Refused a second time; NotFound."""
    when = moment(run)
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id, wallet_id=wallet_id)
        if not may_appeal(claim):
            raise Refused("A claim that was declined can be objected to once.", claim_id=claim_id)
        services.say(connection, claim, text, by=MEMBER, when=when)
        return services.step(
            connection, claim, ClaimEvent.APPEAL, by=MEMBER, when=when, appealed_at=when.now
        )


def may_appeal(claim: ClaimView) -> bool:
    """Tell whether the member can object to the answer."""
    return claim.appealed_at is None and rules.may(claim.state, ClaimEvent.APPEAL)


def withdraw(connection: Connection, run: ProgrammeRun, wallet_id: UUID, claim_id: UUID) -> None:
    """Take a claim back; a draft is gone with its proofs. Raises IllegalTransition for one that is over; NotFound."""
    gone: list[UUID] = []
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id, wallet_id=wallet_id)
        if claim.is_draft:
            gone = services.drop(connection, claim)
        else:
            services.step(connection, claim, ClaimEvent.WITHDRAW, by=MEMBER, when=moment(run))
    for document_id in gone:
        documents.delete(document_id)


# ---- what claims share ----------------------------------------------------------------------------------------


def tell_step(
    connection: Connection, run: ProgrammeRun, claim: ClaimView, step: str, **more: object
) -> None:
    """Tell the member of a step, in the caller's database transaction."""
    telling.tell(
        connection,
        programme_id=run.id,
        wallet_id=claim.wallet_id,
        kind="claim",
        facts={
            "step": step,
            "claim": claim.public_id,
            "number": claim.number,
            "shop": claim.merchant_name,
            **more,
        },
        key=f"{claim.public_id} {step} {run.now.isoformat()}",
        now=run.now,
    )


def _kept(check: Check) -> dict[str, Any]:
    return {
        "name": check.name.value,
        "result": check.result.value,
        "day": check.day.isoformat() if check.day else None,
        "for_member": check.for_member,
    }


def moment(run: ProgrammeRun) -> Moment:
    """Return when a run does things."""
    return Moment(run.now, run.today)
