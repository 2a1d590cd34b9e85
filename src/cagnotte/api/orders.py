"""What a client tells of an order: the bodies of purchases, and what they become."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
)

from cagnotte.api.access import ApiRequest
from cagnotte.api.baskets import BasketBody, purchase_of
from cagnotte.api.errors import InvalidRequest
from cagnotte.api.problems import from_validation
from cagnotte.api.shapes import Body, Minor, Moment, Ref, example, nothing, read_id
from cagnotte.domain.attribution import Trace
from cagnotte.domain.lifecycle import REASON_CODES
from cagnotte.domain.purchases import Validation
from cagnotte.hooks.sources import TraceFound
from cagnotte.identity import selectors as identity
from cagnotte.journeys.take_purchases import Told

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
    at: Moment | None = Field(default=None, description="When it was made, where known.")


class OrderBody(BasketBody):
    """An order as it stands, apart from its number and its member."""

    occurred_at: Moment = Field(description="When it was bought, with its offset.")
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
    """An order of a member. Name the member, or send traces that lead to one; without either it waits."""

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


def parsed(data: dict[str, Any]) -> NewPurchase:
    """Read one order of a batch. Raises InvalidRequest with pointers into that order."""
    try:
        return NewPurchase.model_validate(data)
    except ValidationError as error:
        found = [{**one, "loc": ("body", "body", *one["loc"])} for one in error.errors()]
        raise InvalidRequest(InvalidRequest.__doc__, errors=from_validation(found)) from None


def told_of(request: ApiRequest, body: NewPurchase, *, zone: ZoneInfo, index: int = 0) -> Told:
    """Return what a body tells. zone: the programme's. index: its place in its request.

    Raises InvalidRequest, NotFound.
    """
    return Told(
        f"{request.request_id}:{index}",
        purchase_of(
            body,
            order_ref=body.order_ref,
            occurred_at=body.occurred_at.astimezone(zone),
            card=body.card or None,
            commission_minor=body.commission_minor,
        ),
        _member(request, body),
        [TraceFound(one.kind, one.value, one.at) for one in body.traces],
        *state_of(body),
        body=body.model_dump_json(exclude_none=True).encode(),
    )


def state_of(body: OrderBody) -> tuple[Validation | None, str]:
    """Return what a body says of an order's state, and why it is declined; "" where it is not."""
    if body.status is Validation.DECLINED:
        return Validation.DECLINED, body.reason or "other"
    return body.status, ""


def _member(request: ApiRequest, body: NewPurchase) -> str:
    """Return the number of the member a body names, "" where it names none. Raises InvalidRequest, NotFound."""
    member = body.member_ref or ""
    if body.member_id is None:
        return member
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
    return found.ref
