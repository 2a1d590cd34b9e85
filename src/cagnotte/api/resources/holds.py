"""Holds: paying an order with the cagnotte, from its reservation to its refund."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field, model_validator

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.idempotency import idempotent
from cagnotte.api.owners import OfMember, minor, shop_of, today, wallet_by_id, wallet_of
from cagnotte.api.shapes import (
    Amount,
    AmountBody,
    Body,
    Minor,
    Ref,
    amount,
    example,
    nothing,
    read_id,
)
from cagnotte.domain.ids import public_id
from cagnotte.journeys import redeem
from cagnotte.journeys.redeem import Checkout
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.wallet import selectors, shares
from cagnotte.wallet.captures import LATE
from cagnotte.wallet.selectors import CaptureView, HoldView, RefundView
from cagnotte.wallet.shares import Line

router = Router(tags=["Holds"])

LINES_MAX = 500
MERCHANT = "The shop, mer_…"


class OrderLine(Body):
    """A line of the order, by the shop's own name, and an amount of its price."""

    line: Ref
    amount_minor: Minor


class NewHold(OfMember):
    """Money to reserve for an order."""

    pay_code: Ref | None = Field(
        default=None,
        description="Or the code that the member shows at the till: it pays one order, within minutes.",
    )
    merchant_id: str | None = Field(default=None, description=MERCHANT)
    merchant: Ref | None = Field(default=None, description="Or its name in files.")
    order_ref: Ref = Field(
        description="The shop's own number of the order: the same order is the same hold."
    )
    amount: AmountBody
    order_total: AmountBody | None = Field(
        default=None,
        description="What the order comes to; needed where only a part may come from the cagnotte.",
    )
    expires_in: int = Field(
        default=redeem.HOLD_MINUTES * 60,
        ge=60,
        le=redeem.HOLD_MINUTES_MAX * 60,
        description="Seconds after which the money goes back by itself; 24 hours at most.",
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            member="1",
            merchant="corner",
            order_ref="A-1001",
            amount={"amount_minor": 100, "currency": "EUR"},
        ),
    )

    @model_validator(mode="after")
    def _one_owner(self) -> "NewHold":
        named = (self.cagnotte_id, self.member_id, self.member, self.pay_code)
        if sum(one is not None for one in named) != 1:
            raise ValueError(
                "Name the cagnotte, its member, the member's number or a pay code: one of them."
            )
        return self

    @model_validator(mode="after")
    def _one_order(self) -> "NewHold":
        if (self.merchant_id is None) == (self.merchant is None):
            raise ValueError("Name the shop by merchant_id or by merchant.")
        if self.order_ref.endswith(LATE):
            raise ValueError(f"An order's number cannot end with {LATE}.")
        return self


class NewCapture(Body):
    """What an order takes of its hold; without an amount, all of it."""

    amount: AmountBody | None = None
    lines: list[OrderLine] = Field(
        default=[],
        max_length=LINES_MAX,
        description="What the order's lines cost. What the cagnotte pays is shared out over them for good, and refunds "
        "name lines.",
    )


class NewRefund(Body):
    """What comes back of an order: an amount of what the cagnotte paid, or lines."""

    refund_ref: Ref = Field(description="The shop's own number: the same one is the same refund.")
    amount: AmountBody | None = None
    lines: list[OrderLine] = Field(
        default=[],
        max_length=LINES_MAX,
        description="What comes back of each line's price; the cagnotte gets its share of it.",
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            refund_ref="R-1", amount={"amount_minor": 100, "currency": "EUR"}
        ),
    )

    @model_validator(mode="after")
    def _one_way(self) -> "NewRefund":
        if (self.amount is None) == (not self.lines):
            raise ValueError("Say an amount, or lines.")
        return self


class LineShare(Schema):
    """What the cagnotte paid of a line, and what of it came back."""

    line: str
    amount_minor: int = Field(description="The line's price.")
    share_minor: int = Field(description="Of it, from the cagnotte.")
    returned_minor: int = Field(description="Of the price, given back so far.")
    share_returned_minor: int = Field(description="Of it, to the cagnotte.")


class Capture(Schema):
    """What an order took."""

    amount: Amount
    fee: Amount = Field(description="Of it, the programme's; the rest is owed to the shop.")
    refunded: Amount
    captured_at: datetime
    lines: list[LineShare]


class Hold(Schema):
    """Money of a cagnotte that is reserved for an order, and what became of it."""

    id: str = Field(examples=["hld_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["hold"] = "hold"
    state: Literal["open", "captured", "released", "expired"]
    cagnotte_id: str
    merchant_id: str
    order_ref: str
    amount: Amount
    captured: Amount = Field(description="Spent, in time or late; the rest went back.")
    capture: Capture | None
    expires_at: datetime | None
    created_at: datetime
    resolved_at: datetime | None


class Holds(pages.Page):
    """A page of holds."""

    data: list[Hold]


class Refund(Schema):
    """What came back to the cagnotte."""

    id: str = Field(examples=["rfd_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["refund"] = "refund"
    hold_id: str
    refund_ref: str
    amount: Amount = Field(description="Back to the cagnotte.")
    repaid: Amount = Field(description="Of it, used for what the member owed.")
    refunded_at: datetime


class Refunds(pages.Page):
    """All refunds of a hold, oldest first."""

    data: list[Refund]


OfCagnotte = Annotated[str | None, Query(max_length=50, description="Those of one cagnotte.")]


@router.post("/holds", response={201: Hold}, auth=secret("holds:write"))
@idempotent
def create_hold(request: ApiRequest, response: HttpResponse, body: NewHold) -> Hold:
    """Reserve money of a cagnotte for an order. The same order with the same amount is the same hold."""
    checkout = _checkout(request, shop_of(request, body.merchant_id, body.merchant))
    asked: dict[str, Any] = {
        "order": body.order_ref,
        "amount_minor": minor(request, body.amount),
        "minutes": -(-body.expires_in // 60),
        "order_total_minor": minor(request, body.order_total, "order_total")
        if body.order_total
        else None,
    }
    connection = shared_connection()
    if body.pay_code is not None:
        held = redeem.hold_by_code(connection, checkout, code=body.pay_code, **asked)
    else:
        held = redeem.hold(connection, checkout, wallet_id=wallet_of(request, body), **asked)
    response["Location"] = f"/v1/holds/{public_id('hld', held.id)}"
    return _hold(request, held)


@router.get("/holds", response=Holds, auth=secret("holds:read"))
def list_holds(
    request: ApiRequest,
    limit: pages.Limit = 20,
    cursor: pages.Cursor = None,
    cagnotte_id: OfCagnotte = None,
) -> Holds:
    """Return holds, newest first."""
    rows = selectors.holds_page(
        shared_connection(),
        request.key.programme_id,
        wallet_id=wallet_by_id(request, cagnotte_id) if cagnotte_id else None,
        before=pages.place_id(cursor, of="holds"),
        at_most=limit + 1,
    )
    cut = pages.page(rows, limit, of="holds", key=lambda row: [row.id])
    return Holds(data=[_hold(request, row) for row in cut.rows], **cut.rest)


@router.get("/holds/{hold_id}", response=Hold, auth=secret("holds:read"))
def get_hold(request: ApiRequest, hold_id: str) -> Hold:
    """Return one hold."""
    return _hold(request, _row(request, hold_id))


@router.post("/holds/{hold_id}/capture", response=Hold, auth=secret("holds:write"))
@idempotent
def capture_hold(request: ApiRequest, hold_id: str, body: NewCapture) -> Hold:
    """Spend a hold, in whole or in part; the rest goes back. One that expired is authorised anew, if money is there."""
    row = _row(request, hold_id)
    redeem.capture(
        shared_connection(),
        _checkout_of(request, row),
        order=Checkout.order(row.reference),
        amount_minor=minor(request, body.amount) if body.amount else row.amount_minor,
        fee_minor=None,
        lines=_lines(body.lines),
    )
    return _hold(request, _row(request, hold_id))


@router.post("/holds/{hold_id}/release", response=Hold, auth=secret("holds:write"))
@idempotent
def release_hold(request: ApiRequest, hold_id: str) -> Hold:
    """Give a hold up: all of it goes back. One that was captured is refunded instead (409)."""
    row = _row(request, hold_id)
    checkout = _checkout_of(request, row)
    redeem.release(shared_connection(), checkout, order=Checkout.order(row.reference))
    return _hold(request, _row(request, hold_id))


@router.post("/holds/{hold_id}/refunds", response={201: Refund}, auth=secret("holds:write"))
@idempotent
def refund_hold(request: ApiRequest, hold_id: str, body: NewRefund) -> Refund:
    """Give back what an order took, or a part of it; never more, and never twice under one number."""
    row = _row(request, hold_id)
    done = redeem.refund(
        shared_connection(),
        _checkout_of(request, row),
        order=Checkout.order(row.reference),
        refund_id=body.refund_ref,
        amount_minor=minor(request, body.amount) if body.amount else 0,
        lines=_lines(body.lines),
    )
    return _refund(row, done)


@router.get("/holds/{hold_id}/refunds", response=Refunds, auth=secret("holds:read"))
def list_hold_refunds(request: ApiRequest, hold_id: str) -> Refunds:
    """Return what came back of an order, oldest first."""
    row = _row(request, hold_id)
    taken = _taken(request, row)
    found = selectors.refunds_of_capture(shared_connection(), taken.id) if taken else []
    return Refunds(data=[_refund(row, one) for one in found], has_more=False, next_cursor=None)


def _lines(lines: list[OrderLine]) -> list[Line]:
    return [Line(one.line, one.amount_minor) for one in lines]


def _checkout(request: ApiRequest, merchant_id: object) -> Checkout:
    key = request.key
    return Checkout(key.programme_id, merchant_id, key.currency, request.now, today(request))  # type: ignore[arg-type]


def _checkout_of(request: ApiRequest, row: HoldView) -> Checkout:
    return _checkout(request, row.merchant_id)


def _row(request: ApiRequest, hold_id: str) -> HoldView:
    identity = read_id("hld", hold_id, "hold")
    found = selectors.hold_for_order(shared_connection(), request.key.programme_id, identity)
    if found is None or found.merchant_id is None:
        raise nothing(hold_id, "hold")
    return found


def _taken(request: ApiRequest, row: HoldView) -> CaptureView | None:
    checkout = _checkout_of(request, row)
    return redeem.taken(shared_connection(), checkout, Checkout.order(row.reference))


def _hold(request: ApiRequest, row: HoldView) -> Hold:
    # A hold that expired may have been captured late, under a hold of its own.
    taken = _taken(request, row) if row.state in ("captured", "expired") else None
    return Hold(
        id=public_id("hld", row.id),
        state=row.state.value,
        cagnotte_id=public_id("wal", row.wallet_id),
        merchant_id=public_id("mer", row.merchant_id) if row.merchant_id else "",
        order_ref=Checkout.order(row.reference),
        amount=amount(row.amount_minor, row.currency),
        captured=amount(taken.amount_minor if taken else 0, row.currency),
        capture=_capture(taken) if taken else None,
        expires_at=row.expires_at,
        created_at=row.created_at,
        resolved_at=row.resolved_at,
    )


def _capture(row: CaptureView) -> Capture:
    return Capture(
        amount=amount(row.amount_minor, row.currency),
        fee=amount(row.fee_minor, row.currency),
        refunded=amount(row.refunded_minor, row.currency),
        captured_at=row.captured_at,
        lines=[
            LineShare(
                line=share.line,
                amount_minor=share.amount_minor,
                share_minor=share.share_minor,
                returned_minor=share.back_minor,
                share_returned_minor=share.share_back_minor,
            )
            for share in shares.of_capture(shared_connection(), row.id).values()
        ],
    )


def _refund(row: HoldView, done: RefundView) -> Refund:
    return Refund(
        id=public_id("rfd", done.id),
        hold_id=public_id("hld", row.id),
        refund_ref=done.reference,
        amount=amount(done.amount_minor, row.currency),
        repaid=amount(done.repaid_minor, row.currency),
        refunded_at=done.refunded_at,
    )
