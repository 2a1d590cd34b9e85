"""Purchases: told one by one or many at once, told anew, answered by the shop, and read."""

from collections.abc import Sequence
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
)

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.baskets import BasketBody, purchase_of
from cagnotte.api.errors import InvalidRequest
from cagnotte.api.idempotency import idempotent
from cagnotte.api.problems import from_validation, places_of, status_of
from cagnotte.api.shapes import (
    Amount,
    Body,
    Minor,
    ProblemPlace,
    Ref,
    amount,
    example,
    nothing,
    read_id,
)
from cagnotte.domain.attribution import Trace
from cagnotte.domain.errors import CagnotteError, NotFound
from cagnotte.domain.ids import public_id
from cagnotte.domain.lifecycle import REASON_CODES
from cagnotte.domain.purchases import Line, Returned, Validation
from cagnotte.hooks.sources import TraceFound
from cagnotte.identity import selectors as identity
from cagnotte.journeys import answer_purchase
from cagnotte.journeys.kept_runs import RUNS, KeptRun
from cagnotte.journeys.take_purchases import Taken, Told, take
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.purchases import selectors
from cagnotte.purchases.selectors import PurchaseShown

router = Router(tags=["Purchases"])

BATCH_MAX = 500
TRACES_MAX = 20

State = Validation


def _known_reason(text: str) -> str:
    if text not in REASON_CODES:
        raise ValueError(f"The reasons are: {', '.join(sorted(REASON_CODES))}")
    return text


Reason = Annotated[
    str, AfterValidator(_known_reason), Field(json_schema_extra={"enum": sorted(REASON_CODES)})
]


class TraceBody(Body):
    """Something in an order that may lead to a member."""

    kind: Trace
    value: str = Field(
        min_length=1,
        max_length=200,
        description="A member number, the reference of a click, a code, a card's token, the SHA-256 of an address …",
    )
    at: AwareDatetime | None = Field(default=None, description="When it was made, where known.")


class OrderBody(BasketBody):
    """An order as it stands, apart from its number and its member."""

    occurred_at: AwareDatetime = Field(description="When it was bought, with its offset.")
    card: str | None = Field(default=None, max_length=100, description="Token of the paying card.")
    commission_minor: Minor | None = Field(
        default=None, description="The commission a network reports for it."
    )
    status: State | None = Field(
        default=None, description="Without it, pending until it is confirmed or declined."
    )
    reason: Reason | None = Field(default=None, description="Why it is declined.")


EXAMPLE: dict[str, Any] = {
    "merchant": "corner",
    "order_ref": "A-1001",
    "member_ref": "H0906",
    "occurred_at": "2026-03-01T12:00:00+01:00",
    "currency": "EUR",
    "lines": [{"sku": "plum", "quantity": 2, "amount_minor": 1990, "category": "jam"}],
}


class NewPurchase(OrderBody):
    """An order of a member. Name the member, or send traces that lead to one."""

    order_ref: Ref = Field(description="The shop's number of it; known once per merchant.")
    member_ref: Ref | None = Field(default=None, description="The member's number.")
    member_id: str | None = Field(default=None, max_length=40)
    traces: list[TraceBody] = Field(
        default=[],
        max_length=TRACES_MAX,
        description="Weighed by the rules of attribution when no member is named.",
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(**EXAMPLE))


class Restatement(OrderBody):
    """The same order told anew, whole. What came back of it stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            **{key: EXAMPLE[key] for key in ("merchant", "occurred_at", "currency", "lines")}
        ),
    )


class _ReadLater:
    """Describes an order as `NewPurchase`, and lets it in whatever it is: one that is wrong must not fail a batch."""

    def __get_pydantic_json_schema__(self, _: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(NewPurchase.__pydantic_core_schema__)


AnyOrder = Annotated[dict[str, Any], _ReadLater()]


class PurchaseBatch(Body):
    """Many orders at once, each with its own answer."""

    purchases: list[AnyOrder] = Field(min_length=1, max_length=BATCH_MAX)

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(purchases=[EXAMPLE]))


class Refusal(Body):
    """Why a purchase is declined."""

    reason: Reason

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(reason="out_of_stock"))


class ReturnedLine(Body):
    """What came back of a line so far."""

    number: int = Field(strict=True, ge=1, le=10**9)
    quantity: int = Field(default=0, strict=True, ge=0, le=1_000_000)
    amount_minor: Minor = Field(description="Of its price before discounts.")


class Returns(Body):
    """All that came back of an order so far, by line, or as one amount spread over the lines. Cumulative."""

    lines: list[ReturnedLine] = Field(default=[], max_length=1000)
    amount_minor: Minor = Field(default=0, description="For no line in particular.")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(lines=[{"number": 1, "quantity": 1, "amount_minor": 995}]),
    )


class PurchaseLine(Schema):
    """One article as it stands, amounts in minor units of the order's currency."""

    number: int
    sku: str
    quantity: int
    amount_minor: int
    discount_minor: int
    tax_minor: int
    wallet_minor: int
    category: str | None
    brand: str | None
    gift_card: bool
    returned_quantity: int
    returned_minor: int


class Purchase(Schema):
    """An order of a member, as it stands after all that was told of it."""

    id: str = Field(examples=["pur_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["purchase"] = "purchase"
    merchant: str
    order_ref: str
    member_id: str
    member_ref: str
    state: State
    reason: str = Field(description="Why it is declined; else empty.")
    source: str = Field(description="Who told of it.")
    attributed_by: str = Field(description="What led to the member.")
    occurred_at: datetime
    amount: Amount = Field(description="What it cost, returns not deducted.")
    reward: Amount = Field(description="What it earns as it stands.")
    released: Amount = Field(description="Of which was made available.")
    reward_id: str
    confirmed_on: date | None
    release_on: date | None = Field(description="From this day the delay of its contract is over.")
    version: int = Field(description="Counts what was told of it and changed it.")
    lines: list[PurchaseLine] | None = Field(description="Left out of lists.")


class Purchases(pages.Page):
    """A page of purchases."""

    data: list[Purchase]


class Refused(Schema):
    """Why an order of a batch was not taken."""

    code: str
    detail: str
    errors: list[ProblemPlace]


class BatchItem(Schema):
    """What became of one order of a batch."""

    index: int = Field(description="Its place in the batch, from 0.")
    status: int = Field(description="As if it had been sent alone.", examples=[201])
    purchase: Purchase | None
    error: Refused | None


class BatchAnswer(Schema):
    """What became of a batch, in its order."""

    object: Literal["batch"] = "batch"
    taken: int
    refused: int
    data: list[BatchItem]


# ---- told ----


@router.post("/purchases", response={201: Purchase, 200: Purchase}, auth=secret("purchases:write"))
@idempotent
def create_purchase(
    request: ApiRequest, response: HttpResponse, body: NewPurchase
) -> Status[Purchase]:
    """Tell of an order. The same again is answered 200; with other content it is refused (409): restate it.

    When no member is named and no trace leads to one, nothing is kept (422, unattributed).
    """
    kept = _kept(request)
    (taken,) = take(shared_connection(), kept, [_told(request, kept, body, 0)])
    if taken.error is not None or taken.purchase_id is None:
        raise taken.error or AssertionError("what is taken has a purchase")
    response["Location"] = f"/v1/purchases/{public_id('pur', taken.purchase_id)}"
    return Status(_status(taken), _one(request, taken.purchase_id))


@router.post("/purchases/batch", response=BatchAnswer, auth=secret("purchases:write"))
@idempotent
def create_purchases(request: ApiRequest, body: PurchaseBatch) -> BatchAnswer:
    """Tell of up to 500 orders. The good ones are taken; each of the others comes back with what is wrong."""
    kept = _kept(request)
    told: dict[int, Told] = {}
    items: dict[int, BatchItem] = {}
    for index, data in enumerate(body.purchases):
        try:
            told[index] = _told(request, kept, _parsed(data), index)
        except CagnotteError as error:
            items[index] = _refused(index, error)
    taken = dict(zip(told, take(shared_connection(), kept, list(told.values())), strict=True))
    ids = [one.purchase_id for one in taken.values() if one.purchase_id]
    shown = selectors.shown(shared_connection(), request.key.programme_id, ids)
    for index, one in taken.items():
        if one.error is not None or one.purchase_id is None:
            items[index] = _refused(index, one.error or AssertionError())
        else:
            purchase = _purchase(shown[one.purchase_id], None)
            items[index] = BatchItem(
                index=index, status=_status(one), purchase=purchase, error=None
            )
    refused = sum(item.error is not None for item in items.values())
    answers = [items[index] for index in range(len(body.purchases))]
    return BatchAnswer(taken=len(answers) - refused, refused=refused, data=answers)


@router.post("/purchases/{purchase_id}/restate", response=Purchase, auth=secret("purchases:write"))
@idempotent
def restate_purchase(request: ApiRequest, purchase_id: str, body: Restatement) -> Purchase:
    """Tell an order anew, whole; its reward follows, by the rules of its day. Only what this interface told of."""
    row, kept = _row(request, purchase_id), _kept(request)
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
        *_state(body),
    )
    (taken,) = take(shared_connection(), kept, [told], again=True)
    if taken.error is not None:
        raise taken.error
    return _one(request, row.id)


# ---- answered ----


@router.post("/purchases/{purchase_id}/confirm", response=Purchase, auth=secret("purchases:write"))
@idempotent
def confirm_purchase(request: ApiRequest, purchase_id: str) -> Purchase:
    """Confirm an order: what it earns waits for its delay only. Confirmed again, it stays as it is."""
    row = _row(request, purchase_id)
    answer_purchase.confirm(shared_connection(), _kept(request), row.id)
    return _one(request, row.id)


@router.post("/purchases/{purchase_id}/decline", response=Purchase, auth=secret("purchases:write"))
@idempotent
def decline_purchase(request: ApiRequest, purchase_id: str, body: Refusal) -> Purchase:
    """Decline an order, and say why: it earns nothing. What was available already comes back by the contract."""
    row = _row(request, purchase_id)
    answer_purchase.decline(shared_connection(), _kept(request), row.id, body.reason)
    return _one(request, row.id)


@router.post("/purchases/{purchase_id}/cancel", response=Purchase, auth=secret("purchases:write"))
@idempotent
def cancel_purchase(request: ApiRequest, purchase_id: str) -> Purchase:
    """Cancel an order: it is declined, because the buyer or the shop cancelled it."""
    row = _row(request, purchase_id)
    answer_purchase.decline(shared_connection(), _kept(request), row.id, "cancelled")
    return _one(request, row.id)


@router.post("/purchases/{purchase_id}/returns", response=Purchase, auth=secret("purchases:write"))
@idempotent
def return_purchase(request: ApiRequest, purchase_id: str, body: Returns) -> Purchase:
    """Say all that came back of an order so far. It replaces what was said before: the same again is the same."""
    row = _row(request, purchase_id)
    returned = [Returned(one.number, "", one.quantity, one.amount_minor) for one in body.lines]
    if body.amount_minor:
        returned.append(Returned(0, "", 0, body.amount_minor))
    answer_purchase.take_back(shared_connection(), _kept(request), row.id, returned)
    return _one(request, row.id)


# ---- read ----

OfMerchant = Annotated[str | None, Query(max_length=100, description="The merchant's reference.")]
OfMember = Annotated[str | None, Query(max_length=40, description="The member's id.")]
InState = Annotated[State | None, Query(description="As it stands.")]
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
    return Purchases(data=[_purchase(row, None) for row in cut.rows], **cut.rest)


@router.get("/purchases/{purchase_id}", response=Purchase, auth=secret("purchases:read"))
def get_purchase(request: ApiRequest, purchase_id: str) -> Purchase:
    """Return one purchase with its lines."""
    return _one(request, read_id("pur", purchase_id, "purchase"))


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


def _kept(request: ApiRequest) -> KeptRun:
    key = request.key
    return RUNS.of(shared_connection(), key.programme_id, key.slug, request.now)


def _row(request: ApiRequest, purchase_id: str) -> PurchaseShown:
    identity_ = read_id("pur", purchase_id, "purchase")
    found = selectors.shown(shared_connection(), request.key.programme_id, [identity_])
    if identity_ not in found:
        raise nothing(purchase_id, "purchase")
    return found[identity_]


def _one(request: ApiRequest, purchase_id: Any) -> Purchase:
    row = _row(request, public_id("pur", purchase_id))
    zone = ZoneInfo(request.key.timezone)
    facts = selectors.latest_purchases(shared_connection(), [row.id], zone)[row.id]
    return _purchase(row, facts.lines)


def _parsed(data: dict[str, Any]) -> NewPurchase:
    """Read one order of a batch. Raises InvalidRequest with pointers into that order."""
    try:
        return NewPurchase.model_validate(data)
    except ValidationError as error:
        found = [{**one, "loc": ("body", "body", *one["loc"])} for one in error.errors()]
        raise InvalidRequest(InvalidRequest.__doc__, errors=from_validation(found)) from None


def _told(request: ApiRequest, kept: KeptRun, body: NewPurchase, index: int) -> Told:
    """Return what a body tells. Raises InvalidRequest, NotFound."""
    zone = kept.run.zone
    member = body.member_ref or ""
    if body.member_id is not None:
        found = identity.member(request.key.programme_id, read_id("mem", body.member_id, "member"))
        if found is None:
            raise nothing(body.member_id, "member")
        if member and member != found.ref:
            raise InvalidRequest(
                "The member's id and number are those of two members.",
                errors=[
                    {"pointer": "#/member_ref", "code": "other_member", "detail": "Another member."}
                ],
            )
        member = found.ref
    return Told(
        f"{request.request_id}:{index}",
        purchase_of(
            body,
            order_ref=body.order_ref,
            occurred_at=body.occurred_at.astimezone(zone),
            card=body.card or None,
            commission_minor=body.commission_minor,
        ),
        member,
        [TraceFound(one.kind, one.value, one.at) for one in body.traces],
        *_state(body),
    )


def _state(body: OrderBody) -> tuple[Validation | None, str]:
    if body.status is Validation.DECLINED:
        return Validation.DECLINED, body.reason or "other"
    return body.status, ""


def _status(taken: Taken) -> int:
    return HTTPStatus.CREATED if taken.outcome == "new" else HTTPStatus.OK


def _refused(index: int, error: Exception) -> BatchItem:
    if not isinstance(error, CagnotteError):
        raise error
    return BatchItem(
        index=index,
        status=status_of(error),
        purchase=None,
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


def _purchase(row: PurchaseShown, lines: Sequence[Line] | None) -> Purchase:
    return Purchase(
        id=public_id("pur", row.id),
        merchant=row.merchant,
        order_ref=row.order_ref,
        member_id=public_id("mem", row.member_id),
        member_ref=row.member,
        state=Validation(row.validation),
        reason=row.reason,
        source=row.source,
        attributed_by=row.attributed_by,
        occurred_at=row.occurred_at,
        amount=amount(row.amount_minor, row.currency),
        reward=amount(row.reward_minor, row.currency),
        released=amount(row.released_minor, row.currency),
        reward_id=public_id("rew", row.id),
        confirmed_on=row.confirmed_on,
        release_on=row.release_on,
        version=row.version,
        lines=None if lines is None else [PurchaseLine(**line._asdict()) for line in lines],
    )
