"""Payouts: where members want their money, and transfers asked for, followed and called off."""

from datetime import date, datetime
from typing import Literal

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.idempotency import idempotent
from cagnotte.api.owners import OfMember, minor, today, wallet_by_id, wallet_of
from cagnotte.api.resources.holds import OfCagnotte
from cagnotte.api.shapes import Amount, AmountBody, Body, amount, example, nothing, read_id
from cagnotte.domain.ids import public_id
from cagnotte.journeys import ask_payout
from cagnotte.journeys.ask_payout import Desk
from cagnotte.payouts import selectors, services
from cagnotte.payouts.selectors import MethodView, PayoutView, StepView
from cagnotte.payouts.services import MethodRow
from cagnotte.platform.shared_connection import shared_connection

router = Router(tags=["Payouts"])


class NewMethod(Body):
    """A bank account; it replaces the one that is on file."""

    holder: str = Field(min_length=1, max_length=140, description="Whose account it is.")
    iban: str = Field(min_length=5, max_length=50, description="Spaces are welcome.")
    bic: str = Field(default="", max_length=11, description="Needed where the bank is not known.")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(holder="Ana Müller", iban="DE89 3704 0044 0532 0130 00"),
    )


class Method(Schema):
    """Where a member wants the money; the account's number is not shown again."""

    id: str = Field(examples=["pmt_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["payout_method"] = "payout_method"
    kind: str
    holder: str
    last4: str = Field(description="The end of the account's number.")
    bic: str
    changed_at: datetime = Field(description="Soon after a change, nothing is paid out.")


class NewPayout(OfMember):
    """A payout to ask for."""

    amount: AmountBody | None = Field(
        default=None,
        description="Without it, all that is available and one payout pays. More than it pays is refused.",
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(member="1"))


class Cancelling(Body):
    """Why a payout is called off."""

    reason: str = Field(default="", max_length=300)


class PayoutStep(Schema):
    """Something that happened to a payout."""

    event: str
    occurred_on: date
    at: datetime
    code: str = Field(description="The bank's, where it gave one.")
    reason: str


class Payout(Schema):
    """Money on its way from a cagnotte to a bank account."""

    id: str = Field(examples=["pay_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["payout"] = "payout"
    state: Literal["requested", "approved", "sent", "settled", "rejected", "returned", "cancelled"]
    cagnotte_id: str
    reference: str = Field(description="What the bank hands back: the end-to-end id.")
    amount: Amount = Field(description="Out of the cagnotte.")
    fee: Amount
    transfer: Amount = Field(description="What arrives at the bank.")
    requested_at: datetime
    steps: list[PayoutStep]


class Payouts(pages.Page):
    """A page of payouts."""

    data: list[Payout]


@router.get("/cagnottes/{cagnotte_id}/payout_method", response=Method, auth=secret("payouts:read"))
def get_payout_method(request: ApiRequest, cagnotte_id: str) -> Method:
    """Return where the member wants the money; 404 when no account is on file."""
    found = selectors.account_of_wallet(shared_connection(), wallet_by_id(request, cagnotte_id))
    if found is None:
        raise nothing(cagnotte_id, "bank account on file for the cagnotte")
    return _method(found)


@router.put("/cagnottes/{cagnotte_id}/payout_method", response=Method, auth=secret("payouts:write"))
@idempotent
def set_payout_method(request: ApiRequest, cagnotte_id: str, body: NewMethod) -> Method:
    """Put the member's bank account on file; its number is checked, sealed, and shown nowhere again."""
    wallet_id = wallet_by_id(request, cagnotte_id)
    saved = services.save_methods(
        shared_connection(),
        [MethodRow(wallet_id, body.holder, body.iban, body.bic)],
        programme_id=request.key.programme_id,
        now=request.now,
    )
    for _, reason in saved.rejected:
        reason.facts["pointer"] = _POINTERS.get(reason.reason, "#/iban")
        raise reason
    found = selectors.account_of_wallet(shared_connection(), wallet_id)
    if found is None:
        raise nothing(cagnotte_id, "bank account on file for the cagnotte")
    return _method(found)


_POINTERS = {"holder_invalid": "#/holder", "bic_invalid": "#/bic"}


@router.post("/payouts", response={201: Payout}, auth=secret("payouts:write"))
@idempotent
def create_payout(request: ApiRequest, response: HttpResponse, body: NewPayout) -> Payout:
    """Ask for a payout: the money is held at once, and goes out with a run once it is approved."""
    asked = ask_payout.ask(
        shared_connection(),
        _desk(request),
        wallet_id=wallet_of(request, body),
        amount_minor=minor(request, body.amount) if body.amount else None,
    )
    response["Location"] = f"/v1/payouts/{public_id('pay', asked.id)}"
    return _payout(asked)


@router.get("/payouts", response=Payouts, auth=secret("payouts:read"))
def list_payouts(
    request: ApiRequest,
    limit: pages.Limit = 20,
    cursor: pages.Cursor = None,
    cagnotte_id: OfCagnotte = None,
) -> Payouts:
    """Return payouts, newest first."""
    rows = selectors.payouts_page(
        shared_connection(),
        request.key.programme_id,
        wallet_id=wallet_by_id(request, cagnotte_id) if cagnotte_id else None,
        before=pages.place_id(cursor, of="payouts"),
        at_most=limit + 1,
    )
    cut = pages.page(rows, limit, of="payouts", key=lambda row: [row.id])
    return Payouts(data=[_payout(row) for row in cut.rows], **cut.rest)


@router.get("/payouts/{payout_id}", response=Payout, auth=secret("payouts:read"))
def get_payout(request: ApiRequest, payout_id: str) -> Payout:
    """Return one payout, with all that happened to it."""
    return _payout(_row(request, payout_id))


@router.post("/payouts/{payout_id}/cancel", response=Payout, auth=secret("payouts:write"))
@idempotent
def cancel_payout(request: ApiRequest, payout_id: str, body: Cancelling) -> Payout:
    """Call a payout off: the money is the member's again. Not once it is in a file for the bank (409)."""
    row = _row(request, payout_id)
    done = ask_payout.cancel(
        shared_connection(),
        _desk(request),
        [row.end_to_end_id],
        by=f"key {public_id('key', request.key.id)}",
        reason=body.reason,
    )
    for _, refusal in done.refused:
        raise refusal
    return _payout(_row(request, payout_id))


def _desk(request: ApiRequest) -> Desk:
    return Desk(request.key.programme_id, request.now, today(request))


def _row(request: ApiRequest, payout_id: str) -> PayoutView:
    identity = read_id("pay", payout_id, "payout")
    found = selectors.payout_of_programme(shared_connection(), request.key.programme_id, identity)
    if found is None:
        raise nothing(payout_id, "payout")
    return found


def _method(row: MethodView) -> Method:
    return Method(
        id=public_id("pmt", row.id),
        kind=row.kind,
        holder=row.holder,
        last4=row.last4,
        bic=row.bic,
        changed_at=row.changed_at,
    )


def _payout(row: PayoutView) -> Payout:
    steps = selectors.steps_of_payout(shared_connection(), row.id)
    return Payout(
        id=public_id("pay", row.id),
        state=row.state.value,
        cagnotte_id=public_id("wal", row.wallet_id),
        reference=row.end_to_end_id,
        amount=amount(row.amount_minor, row.currency),
        fee=amount(row.fee_minor, row.currency),
        transfer=amount(row.transfer_minor, row.currency),
        requested_at=row.requested_at,
        steps=[_step(step) for step in steps],
    )


def _step(step: StepView) -> PayoutStep:
    return PayoutStep(
        event=step.event,
        occurred_on=step.occurred_on,
        at=step.at,
        code=step.code,
        reason=step.reason,
    )
