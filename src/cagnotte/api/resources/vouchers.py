"""Vouchers: issued from a cagnotte, checked, redeemed, refunded, called off; signed ones for tills without a line."""

import io
from datetime import date, datetime
from typing import Annotated, Literal

import segno
from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.idempotency import idempotent
from cagnotte.api.owners import OfMember, minor, shop_of, today, wallet_by_id, wallet_of
from cagnotte.api.problems import status_of
from cagnotte.api.resources.holds import OfCagnotte
from cagnotte.api.shapes import Amount, AmountBody, Body, Ref, amount, example, nothing, read_id
from cagnotte.domain.errors import CagnotteError
from cagnotte.domain.ids import public_id
from cagnotte.domain.vouchers import Terms
from cagnotte.hooks.vouchers import Form
from cagnotte.journeys import shop_vouchers as shop_journey
from cagnotte.journeys import vouchers as journey
from cagnotte.journeys.shop_vouchers import Shop
from cagnotte.journeys.vouchers import Counter
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.wallet import voucher_keys, voucher_views, vouchers_at_shops
from cagnotte.wallet.voucher_uses import UseAsk
from cagnotte.wallet.voucher_views import UseView, VoucherRefundView, VoucherView
from cagnotte.wallet.vouchers_at_shops import AtShopView

router = Router(tags=["Vouchers"])

CODE = "As a person typed it, or the text of a signed voucher."
Code = Annotated[str, Field(min_length=1, max_length=1_000, description=CODE)]
OFFLINE_MAX = 100


class AtShopBody(Body):
    """The shop whose own software is to take a voucher, at its checkout."""

    connection: Ref = Field(
        description="The connection to the shop, as the programme file names it."
    )
    form: Form | None = Field(
        default=None,
        description="As what the shop keeps it: a code for one order, a gift card, or credit on a customer's account. "
        "Without it, what the shop's software does best.",
    )
    customer: str = Field(
        default="",
        max_length=200,
        description="Whose it is at the shop: a customer's number or e-mail address there. Credit needs it.",
    )


class NewVoucher(OfMember):
    """A voucher to issue from a cagnotte."""

    reference: Ref = Field(description="Your own name for it: the same one is the same voucher.")
    amount: AmountBody
    minimum_basket: AmountBody | None = Field(
        default=None, description="What an order must come to; without it, anything."
    )
    valid_from: date | None = Field(default=None, description="Its first day; without it, today.")
    valid_until: date = Field(description="Its last day.")
    partial_use: bool | None = Field(
        default=None,
        description="What an order does not need stays on it; false: used once. Without it, true, or what the shop's "
        "software does.",
    )
    merchant_id: str | None = Field(
        default=None, description="The only shop that takes it; without one, all of them."
    )
    signed: bool = Field(
        default=False, description="Tills can check it without a line; used once, never called off."
    )
    shop: AtShopBody | None = Field(
        default=None,
        description="Have a shop's own software take it at its checkout; the worker tells the shop.",
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            member="1",
            reference="summer-1",
            amount={"amount_minor": 100, "currency": "EUR"},
            minimum_basket={"amount_minor": 5000, "currency": "EUR"},
            valid_until="2027-12-31",
        ),
    )


class VoucherAtShop(Schema):
    """How a shop's own software knows a voucher."""

    connection: str
    form: Form
    state: Literal["telling", "told", "refused", "calling_off", "ended"] = Field(
        description="telling: not yet known there. refused: the money went back. calling_off: the money comes back "
        "once the shop has ended it. ended: nobody can use it there any more."
    )
    native_id: str | None = Field(description="The shop's own name of it.")
    told_at: datetime | None
    read_at: datetime | None = Field(description="Up to then what orders took is booked.")
    problem: str | None = Field(description="What went wrong last, in a sentence.")


class Voucher(Schema):
    """Money of a cagnotte on a code."""

    id: str = Field(examples=["vou_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["voucher"] = "voucher"
    state: Literal["issued", "part_used", "used", "expired", "void"]
    origin: Literal["wallet", "reward"] = Field(description="Bought, or given by an offer.")
    cagnotte_id: str
    reference: str | None = Field(description="Your own name for it; null for what an offer gave.")
    last4: str = Field(description="The end of its code.")
    amount: Amount = Field(description="It was issued for.")
    open: Amount = Field(description="It still holds.")
    used: Amount = Field(description="Used at shops, less what came back.")
    returned: Amount = Field(description="Given back to the cagnotte.")
    expired: Amount
    minimum_basket: Amount
    valid_from: date
    valid_until: date
    partial_use: bool
    merchant_id: str | None
    signed: bool
    shop: VoucherAtShop | None = Field(description="Null when no shop's own software takes it.")
    created_at: datetime


class Vouchers(pages.Page):
    """A page of vouchers."""

    data: list[Voucher]


class VoucherCode(Schema):
    """What its owner hands over: a code to type, a QR code to show."""

    object: Literal["voucher_code"] = "voucher_code"
    voucher_id: str
    code: str = Field(examples=["K7P2M-9XQ4T-0ABC"])
    signed_text: str | None = Field(description="Of a signed voucher; the QR code holds it.")
    qr_svg: str = Field(description="The QR code as an SVG picture.")


class ToCheck(Body):
    """A voucher and the order it shall help to pay."""

    code: Code
    merchant_id: str = Field(description="The shop, mer_…")
    basket: AmountBody = Field(description="What the order comes to.")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            code="K7P2M-9XQ4T-0ABC",
            merchant_id="mer_01j9zk5y7m8q3v2x4c6b8n0d1f",
            basket={"amount_minor": 6000, "currency": "EUR"},
        ),
    )


class VoucherCheck(Schema):
    """Whether a voucher can be used for an order; it is not reserved by asking."""

    object: Literal["voucher_check"] = "voucher_check"
    usable: bool
    reason: str | None = Field(description="Why not, for machines.", examples=["basket_too_small"])
    detail: str | None = Field(description="Why not, in a sentence.")
    pays: Amount = Field(description="What it would pay.")
    voucher: Voucher


class ToRedeem(ToCheck):
    """A voucher, and the order it pays."""

    order_ref: Ref = Field(
        description="The shop's own number of the order: a voucher pays an order once."
    )
    amount: AmountBody | None = Field(
        default=None, description="What it shall pay; without it, what it can."
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            code="K7P2M-9XQ4T-0ABC",
            merchant_id="mer_01j9zk5y7m8q3v2x4c6b8n0d1f",
            basket={"amount_minor": 6000, "currency": "EUR"},
            order_ref="A-1002",
        ),
    )


OFFLINE_EXAMPLE = {
    "code": "K7P2M-9XQ4T-0ABC",
    "merchant_id": "mer_01j9zk5y7m8q3v2x4c6b8n0d1f",
    "basket": {"amount_minor": 6000, "currency": "EUR"},
    "order_ref": "A-1002",
    "used_on": "2026-03-01",
}


class TakenOffline(ToRedeem):
    """What a till without a line took of a signed voucher."""

    used_on: date

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(**OFFLINE_EXAMPLE))


class OfflineBatch(Body):
    """What a till tells once it has a line again."""

    uses: list[TakenOffline] = Field(min_length=1, max_length=OFFLINE_MAX)

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(uses=[OFFLINE_EXAMPLE]))


class VoucherUse(Schema):
    """What a voucher paid of an order."""

    id: str = Field(examples=["use_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["voucher_use"] = "voucher_use"
    voucher_id: str
    merchant_id: str
    order_ref: str
    amount: Amount
    refunded: Amount
    kind: Literal["used", "double_paid", "double_unpaid"] = Field(
        description="double_…: a signed voucher that had been used before; paid at the programme's loss, or not paid."
    )
    used_on: date


class VoucherUses(pages.Page):
    """All uses of a voucher, oldest first."""

    data: list[VoucherUse]


class OfflineAnswer(Schema):
    """What became of one of them: the use, or the problem."""

    order_ref: str
    use: VoucherUse | None
    code: str | None
    status: int
    detail: str | None


class OfflineAnswers(Schema):
    """What became of each, in the order they were told."""

    object: Literal["offline_answers"] = "offline_answers"
    data: list[OfflineAnswer]


class VoucherRefunding(Body):
    """What comes back of an order that a voucher paid."""

    refund_ref: Ref = Field(description="The shop's own number: the same one is the same refund.")
    amount: AmountBody

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            refund_ref="R-1", amount={"amount_minor": 100, "currency": "EUR"}
        ),
    )


class VoucherRefund(Schema):
    """What came back."""

    id: str = Field(examples=["vrf_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["voucher_refund"] = "voucher_refund"
    use_id: str
    refund_ref: str
    amount: Amount
    to_voucher: bool = Field(
        description="It stands on the voucher again; false: the voucher is over, and it is the member's money."
    )
    repaid: Amount = Field(description="Of it, used for what the member owed.")
    refunded_at: datetime


class VoucherKey(Schema):
    """The public half of a key that signs vouchers."""

    id: str = Field(examples=["vky_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["voucher_key"] = "voucher_key"
    algorithm: Literal["Ed25519"] = "Ed25519"
    public_key: str = Field(description="32 bytes, in hexadecimal digits.")
    created_at: datetime
    retired_at: datetime | None = Field(description="It signs no more; what it signed is valid.")


class VoucherKeys(pages.Page):
    """Every key that ever signed, oldest first."""

    data: list[VoucherKey]


@router.post("/vouchers", response={201: Voucher}, auth=secret("vouchers:write"))
@idempotent
def create_voucher(request: ApiRequest, response: HttpResponse, body: NewVoucher) -> Voucher:
    """Turn money of a cagnotte into a voucher. Its code is asked for apart."""
    minimum, shop = body.minimum_basket, _shop(body.shop)
    partial = body.partial_use
    if partial is None:
        partial = shop_journey.keeps_rest(request.key.programme_id, shop) if shop else True
    terms = Terms(
        currency=request.key.currency,
        amount_minor=minor(request, body.amount),
        valid_from=body.valid_from or today(request),
        valid_until=body.valid_until,
        minimum_basket_minor=minor(request, minimum, "minimum_basket") if minimum else 0,
        partial_use=partial and not body.signed,
        merchant_id=shop_of(request, body.merchant_id) if body.merchant_id else None,
        signed=body.signed,
    )
    made = shop_journey.issue(
        shared_connection(),
        _counter(request),
        wallet_id=wallet_of(request, body),
        reference=body.reference,
        terms=terms,
        shop=shop,
    )
    response["Location"] = f"/v1/vouchers/{public_id('vou', made.id)}"
    return _voucher(made)


@router.get("/vouchers", response=Vouchers, auth=secret("vouchers:read"))
def list_vouchers(
    request: ApiRequest,
    limit: pages.Limit = 20,
    cursor: pages.Cursor = None,
    cagnotte_id: OfCagnotte = None,
) -> Vouchers:
    """Return vouchers, newest first."""
    rows = voucher_views.vouchers_page(
        shared_connection(),
        request.key.programme_id,
        wallet_id=wallet_by_id(request, cagnotte_id) if cagnotte_id else None,
        before=pages.place_id(cursor, of="vouchers"),
        at_most=limit + 1,
    )
    cut = pages.page(rows, limit, of="vouchers", key=lambda row: [row.id])
    known = vouchers_at_shops.at_shops(shared_connection(), [row.id for row in cut.rows])
    data = [_told(row, known.get(row.id)) for row in cut.rows]
    return Vouchers(data=data, **cut.rest)


# Before the paths of one voucher, which would take these words for an id.


@router.post("/vouchers/check", response=VoucherCheck, auth=secret("vouchers:read"))
def check_voucher(request: ApiRequest, body: ToCheck) -> VoucherCheck:
    """Say whether a voucher can be used for an order, and for how much of it."""
    checked = journey.check(
        _counter(request),
        _found(request, body),
        merchant_id=shop_of(request, body.merchant_id),
        basket_minor=minor(request, body.basket, "basket"),
    )
    reason, detail = checked.why_not or (None, None)
    return VoucherCheck(
        usable=reason is None,
        reason=reason,
        detail=detail,
        pays=amount(checked.usable_minor, request.key.currency),
        voucher=_voucher(checked.voucher),
    )


@router.post("/vouchers/redeem", response={201: VoucherUse}, auth=secret("vouchers:write"))
@idempotent
def redeem_voucher(request: ApiRequest, body: ToRedeem) -> VoucherUse:
    """Pay an order, or a part of it, with a voucher."""
    return _use(journey.use(shared_connection(), _counter(request), _ask(request, body)))


@router.post("/vouchers/offline", response=OfflineAnswers, auth=secret("vouchers:write"))
@idempotent
def tell_offline_uses(request: ApiRequest, body: OfflineBatch) -> OfflineAnswers:
    """Tell what a till without a line took of signed vouchers. Each has its own answer; telling it again is safe.

    A voucher that had been used before is reported as `double_…`: nothing a till could have known.
    """
    return OfflineAnswers(data=[_taken(request, one) for one in body.uses])


@router.get("/vouchers/{voucher_id}", response=Voucher, auth=secret("vouchers:read"))
def get_voucher(request: ApiRequest, voucher_id: str) -> Voucher:
    """Return one voucher."""
    return _voucher(_row(request, voucher_id))


@router.post("/vouchers/{voucher_id}/code", response=VoucherCode, auth=secret("vouchers:write"))
def show_voucher_code(request: ApiRequest, voucher_id: str) -> VoucherCode:
    """Show a voucher's code, for its owner alone. Whoever has it can use it."""
    row = _row(request, voucher_id)
    code = shop_journey.code_of(shared_connection(), row)
    text = journey.signed(shared_connection(), _counter(request), row) if row.terms.signed else None
    return VoucherCode(voucher_id=voucher_id, code=code, signed_text=text, qr_svg=_qr(text or code))


@router.get("/vouchers/{voucher_id}/uses", response=VoucherUses, auth=secret("vouchers:read"))
def list_voucher_uses(request: ApiRequest, voucher_id: str) -> VoucherUses:
    """Return what a voucher paid, oldest first."""
    row = _row(request, voucher_id)
    uses = voucher_views.uses_of_voucher(shared_connection(), row.id)
    return VoucherUses(data=[_use(one) for one in uses], has_more=False, next_cursor=None)


@router.post(
    "/voucher_uses/{use_id}/refunds", response={201: VoucherRefund}, auth=secret("vouchers:write")
)
@idempotent
def refund_voucher_use(request: ApiRequest, use_id: str, body: VoucherRefunding) -> VoucherRefund:
    """Take back what a voucher paid of an order, or a part; never more, and never twice under one number."""
    done = journey.refund(
        shared_connection(),
        _counter(request),
        use_id=read_id("use", use_id, "use of a voucher"),
        reference=body.refund_ref,
        amount_minor=minor(request, body.amount),
    )
    return _refund(done, request.key.currency)


@router.post("/vouchers/{voucher_id}/void", response=Voucher, auth=secret("vouchers:write"))
@idempotent
def void_voucher(request: ApiRequest, voucher_id: str) -> Voucher:
    """Call a voucher off: what it holds is the member's money again. Not a signed one (409).

    Where a shop's own software takes it, the shop ends it first: the voucher stays as it is, its `shop.state` says
    `calling_off`, and the money comes back when the shop has answered.
    """
    row = _row(request, voucher_id)
    return _voucher(shop_journey.void(shared_connection(), _counter(request), voucher_id=row.id))


@router.get("/voucher_keys", response=VoucherKeys, auth=secret("vouchers:read"))
def list_voucher_keys(request: ApiRequest) -> VoucherKeys:
    """Return the public keys by which tills check signed vouchers; keep them at the till."""
    found = voucher_keys.public_keys(shared_connection(), request.key.programme_id)
    data = [
        VoucherKey(
            id=public_id("vky", key.id),
            public_key=key.key.hex(),
            created_at=key.created_at,
            retired_at=key.retired_at,
        )
        for key in found
    ]
    return VoucherKeys(data=data, has_more=False, next_cursor=None)


def _counter(request: ApiRequest) -> Counter:
    key = request.key
    return Counter(key.programme_id, key.currency, request.now, today(request))


def _row(request: ApiRequest, voucher_id: str) -> VoucherView:
    identity = read_id("vou", voucher_id, "voucher")
    for found in voucher_views.vouchers_by_id(shared_connection(), [identity]):
        if found.programme_id == request.key.programme_id:
            return found
    raise nothing(voucher_id, "voucher")


def _found(request: ApiRequest, body: ToCheck) -> VoucherView:
    try:
        return journey.find(shared_connection(), request.key.programme_id, body.code)
    except CagnotteError as error:
        error.facts["pointer"] = "#/code"
        raise


def _ask(request: ApiRequest, body: ToRedeem) -> UseAsk:
    return UseAsk(
        voucher_id=_found(request, body).id,
        merchant_id=shop_of(request, body.merchant_id),
        order_ref=body.order_ref,
        basket_minor=minor(request, body.basket, "basket"),
        amount_minor=minor(request, body.amount) if body.amount else None,
        used_on=body.used_on if isinstance(body, TakenOffline) else None,
    )


def _taken(request: ApiRequest, body: TakenOffline) -> OfflineAnswer:
    try:
        done = journey.tell_later(shared_connection(), _counter(request), _ask(request, body))
    except CagnotteError as error:
        return OfflineAnswer(
            order_ref=body.order_ref,
            use=None,
            code=error.code,
            status=status_of(error).value,
            detail=error.sentence,
        )
    return OfflineAnswer(
        order_ref=body.order_ref, use=_use(done), code=None, status=200, detail=None
    )


def _qr(text: str) -> str:
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        picture, kind="svg", xmldecl=False, svgns=True, scale=4
    )
    return picture.getvalue().decode().strip()


def _shop(body: AtShopBody | None) -> Shop | None:
    return Shop(body.connection, body.form, body.customer) if body else None


def _at_shop(row: AtShopView) -> VoucherAtShop:
    return VoucherAtShop(
        connection=row.connection,
        form=Form(row.form),
        state=row.state.value,
        native_id=row.native_id or None,
        told_at=row.told_at,
        read_at=row.read_at,
        problem=row.last_error or None,
    )


def _voucher(row: VoucherView) -> Voucher:
    return _told(row, vouchers_at_shops.at_shop(shared_connection(), row.id))


def _told(row: VoucherView, at_shop: AtShopView | None) -> Voucher:
    terms, currency = row.terms, row.terms.currency
    return Voucher(
        id=public_id("vou", row.id),
        state=row.state.value,
        origin=row.origin.value,
        cagnotte_id=public_id("wal", row.wallet_id),
        reference=row.reference if row.hold_id else None,
        last4=row.last4,
        amount=amount(terms.amount_minor, currency),
        open=amount(row.open_minor, currency),
        used=amount(row.used_minor, currency),
        returned=amount(row.returned_minor, currency),
        expired=amount(row.expired_minor, currency),
        minimum_basket=amount(terms.minimum_basket_minor, currency),
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
        partial_use=terms.partial_use,
        merchant_id=public_id("mer", terms.merchant_id) if terms.merchant_id else None,
        signed=terms.signed,
        shop=_at_shop(at_shop) if at_shop else None,
        created_at=row.created_at,
    )


def _use(row: UseView) -> VoucherUse:
    return VoucherUse(
        id=public_id("use", row.id),
        voucher_id=public_id("vou", row.voucher_id),
        merchant_id=public_id("mer", row.merchant_id),
        order_ref=row.order_ref,
        amount=amount(row.amount_minor, row.currency),
        refunded=amount(row.refunded_minor, row.currency),
        kind=row.kind,
        used_on=row.used_on,
    )


def _refund(row: VoucherRefundView, currency: str) -> VoucherRefund:
    return VoucherRefund(
        id=public_id("vrf", row.id),
        use_id=public_id("use", row.use_id),
        refund_ref=row.reference,
        amount=amount(row.amount_minor, currency),
        to_voucher=row.to_voucher,
        repaid=amount(row.repaid_minor, currency),
        refunded_at=row.refunded_at,
    )
