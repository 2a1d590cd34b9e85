"""Purchases: told one by one or many at once, told anew, and read."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.baskets import purchase_of
from cagnotte.api.errors import InvalidRequest
from cagnotte.api.idempotency import idempotent
from cagnotte.api.orders import (
    EXAMPLE,
    AnyOrder,
    NewPurchase,
    Restatement,
    parsed,
    state_of,
    told_of,
)
from cagnotte.api.problems import places_of, status_of
from cagnotte.api.shapes import Body, ProblemPlace, example, read_id
from cagnotte.api.shown_purchases import Purchase, Purchases, kept_run, rendered, row_of, shown
from cagnotte.domain.attribution import Reason
from cagnotte.domain.errors import CagnotteError, NotFound
from cagnotte.domain.ids import public_id
from cagnotte.domain.purchases import Validation
from cagnotte.identity import selectors as identity
from cagnotte.journeys import attribute, nobodys_orders
from cagnotte.journeys.take_purchases import Taken, Told, source_of, take
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.purchases import selectors

router = Router(tags=["Purchases"])

BATCH_MAX = 500


class PurchaseBatch(Body):
    """Many orders at once, each with its own answer."""

    purchases: list[AnyOrder] = Field(min_length=1, max_length=BATCH_MAX)

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(purchases=[EXAMPLE]))


class Unattributed(Schema):
    """An order that is kept, and nobody's yet."""

    object: Literal["unattributed_purchase"] = "unattributed_purchase"
    merchant: str
    order_ref: str
    attribution: Literal["none"] = "none"
    reason: Reason = Field(description="Why it is nobody's: what came nearest to a member.")
    detail: str = Field(description="The same as a sentence.")


class Refused(Schema):
    """Why an order of a batch was not taken."""

    code: str
    detail: str
    errors: list[ProblemPlace]


class BatchItem(Schema):
    """What became of one order of a batch: one of `purchase`, `unattributed` and `error` says."""

    index: int = Field(description="Its place in the batch, from 0.")
    status: int = Field(description="As if it had been sent alone.", examples=[201])
    purchase: Purchase | None = None
    unattributed: Unattributed | None = None
    error: Refused | None = None


class BatchAnswer(Schema):
    """What became of a batch, in its order."""

    object: Literal["batch"] = "batch"
    taken: int = Field(description="How many are a member's.")
    unattributed: int = Field(description="How many are kept, and nobody's yet.")
    refused: int
    data: list[BatchItem]


# ---- told ----


@router.post(
    "/purchases",
    response={201: Purchase, 200: Purchase, 202: Unattributed},
    auth=secret("purchases:write"),
)
@idempotent
def create_purchase(
    request: ApiRequest, response: HttpResponse, body: NewPurchase
) -> Status[Purchase] | Status[Unattributed]:
    """Tell of an order. The same again is answered 200; with other content it is refused (409): restate it.

    When no member is named and no trace leads to one, it is kept and earns nothing yet (202). It earns once it is sent
    again with its member, once its traces lead to one, or once a person says whose it is.
    """
    told = told_of(request, body, zone=kept_run(request).run.zone)
    (taken,) = _take(request, [told])
    if taken.nobodys is not None:
        return Status(HTTPStatus.ACCEPTED, _unattributed(told, taken.nobodys))
    if taken.error is not None or taken.purchase_id is None:
        raise taken.error or AssertionError("what is taken has a purchase")
    response["Location"] = f"/v1/purchases/{public_id('pur', taken.purchase_id)}"
    return Status(_status(taken), shown(request, taken.purchase_id))


@router.post("/purchases/batch", response=BatchAnswer, auth=secret("purchases:write"))
@idempotent
def create_purchases(request: ApiRequest, body: PurchaseBatch) -> BatchAnswer:
    """Tell of up to 500 orders. The good ones are taken; each of the others comes back with what is wrong."""
    zone = kept_run(request).run.zone
    told: dict[int, Told] = {}
    items: dict[int, BatchItem] = {}
    for index, data in enumerate(body.purchases):
        try:
            told[index] = told_of(request, parsed(data), zone=zone, index=index)
        except CagnotteError as error:
            items[index] = _refused(index, error)
    taken = dict(zip(told, _take(request, list(told.values())), strict=True))
    ids = [one.purchase_id for one in taken.values() if one.purchase_id]
    rows = selectors.shown(shared_connection(), request.key.programme_id, ids)
    for index, one in taken.items():
        if one.nobodys is not None:
            unattributed = _unattributed(told[index], one.nobodys)
            items[index] = BatchItem(
                index=index, status=HTTPStatus.ACCEPTED, unattributed=unattributed
            )
        elif one.error is not None or one.purchase_id is None:
            items[index] = _refused(index, one.error or AssertionError())
        else:
            purchase = rendered(rows[one.purchase_id])
            items[index] = BatchItem(index=index, status=_status(one), purchase=purchase)
    answers = [items[index] for index in range(len(body.purchases))]
    return BatchAnswer(
        taken=sum(item.purchase is not None for item in answers),
        unattributed=sum(item.unattributed is not None for item in answers),
        refused=sum(item.error is not None for item in answers),
        data=answers,
    )


@router.post("/purchases/{purchase_id}/restate", response=Purchase, auth=secret("purchases:write"))
@idempotent
def restate_purchase(request: ApiRequest, purchase_id: str, body: Restatement) -> Purchase:
    """Tell an order anew, whole; its reward follows, by the rules of its day. Only what this interface told of."""
    row, kept = row_of(request, purchase_id), kept_run(request)
    if body.merchant != row.merchant:
        raise InvalidRequest(
            "An order stays where it was bought.",
            errors=[
                {"pointer": "#/merchant", "code": "other_merchant", "detail": "Another merchant."}
            ],
        )
    known = selectors.latest_purchases(shared_connection(), [row.id], kept.run.zone)[row.id]
    told = Told(
        request.request_id,
        purchase_of(
            body,
            order_ref=row.order_ref,
            occurred_at=body.occurred_at.astimezone(kept.run.zone),
            card=body.card or None,
            commission_minor=body.commission_minor,
            clicked_at=known.clicked_at,
        ),
        row.member,
        (),
        *state_of(body),
    )
    (taken,) = take(shared_connection(), kept, [told], again=True)
    if taken.error is not None:
        raise taken.error
    return shown(request, row.id)


# ---- read ----

OfMerchant = Annotated[str | None, Query(max_length=100, description="The merchant's reference.")]
OfMember = Annotated[str | None, Query(max_length=40, description="The member's id.")]
InState = Annotated[Validation | None, Query(description="As it stands.")]
OfOrder = Annotated[str | None, Query(max_length=100, description="The shop's number.")]
Since = Annotated[date | None, Query(description="Bought on this day or later.")]
Until = Annotated[date | None, Query(description="Bought on this day or earlier.")]


@router.get("/purchases", response=Purchases, auth=secret("purchases:read"))
def list_purchases(  # noqa: PLR0913, PLR0917 - a parameter for each filter
    request: ApiRequest,
    limit: pages.Limit = 20,
    cursor: pages.Cursor = None,
    merchant: OfMerchant = None,
    member_id: OfMember = None,
    state: InState = None,
    order_ref: OfOrder = None,
    since: Since = None,
    until: Until = None,
) -> Purchases:
    """Return purchases, the last recorded first."""
    programme_id = request.key.programme_id
    wallet_id = wallet_of(request, member_id) if member_id is not None else None
    wanted = selectors.Wanted(wallet_id, merchant, state, order_ref, since, until)
    before = pages.place_id(cursor, of="purchases")
    rows = selectors.page(shared_connection(), programme_id, wanted, before=before, count=limit + 1)
    cut = pages.page(rows, limit, of="purchases", key=lambda row: [row.id])
    return Purchases(data=[rendered(row) for row in cut.rows], **cut.rest)


@router.get("/purchases/{purchase_id}", response=Purchase, auth=secret("purchases:read"))
def get_purchase(request: ApiRequest, purchase_id: str) -> Purchase:
    """Return one purchase with its lines."""
    return shown(request, read_id("pur", purchase_id, "purchase"))


# ---- parts ----


NOBODY = UUID(int=0)
"""No wallet has this id."""


def wallet_of(request: ApiRequest, member_id: str) -> UUID:
    """Return the wallet of a member that a filter names; of one who is not there, one that nobody has."""
    try:
        member = identity.member(request.key.programme_id, read_id("mem", member_id))
    except NotFound:
        return NOBODY
    return member.wallet_id if member else NOBODY


def _take(request: ApiRequest, told: Sequence[Told]) -> list[Taken]:
    """Take orders; those that wait for a member are looked at once this request's work is committed."""
    key = request.key
    taken = take(shared_connection(), kept_run(request), told)
    if settings.CAGNOTTE_READ_AT_ONCE and any(one.nobodys for one in taken):
        settle = partial(nobodys_orders.settle_now, source_of(key.programme_id), now=request.now)
        transaction.on_commit(settle, robust=True)
    return taken


def _unattributed(told: Told, reason: Reason) -> Unattributed:
    return Unattributed(
        merchant=told.purchase.merchant,
        order_ref=told.purchase.order_ref,
        reason=reason,
        detail=attribute.SENTENCES[reason.value],
    )


def _status(taken: Taken) -> int:
    return HTTPStatus.CREATED if taken.outcome == "new" else HTTPStatus.OK


def _refused(index: int, error: Exception) -> BatchItem:
    if not isinstance(error, CagnotteError):
        raise error
    return BatchItem(
        index=index,
        status=status_of(error),
        error=Refused(
            code=error.code,
            detail=error.sentence,
            errors=[
                ProblemPlace(**{**one, "pointer": _below(index, one)}) for one in places_of(error)
            ],
        ),
    )


def _below(index: int, place: dict[str, str]) -> str:
    """Return a pointer into the batch for one into an order of it."""
    return f"#/purchases/{index}" + place.get("pointer", "#").removeprefix("#")
