"""What a shop answers of a purchase: confirmed, declined, cancelled, or so much of it came back."""

from ninja import Router
from pydantic import ConfigDict, Field

from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.idempotency import idempotent
from cagnotte.api.orders import Reason
from cagnotte.api.shapes import Body, Minor, example
from cagnotte.api.shown_purchases import Purchase, kept_run, row_of, shown
from cagnotte.domain.lifecycle import Event
from cagnotte.domain.purchases import Returned
from cagnotte.journeys.answer_purchase import Answer, answer
from cagnotte.platform.shared_connection import shared_connection

router = Router(tags=["Purchases"])


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


@router.post("/purchases/{purchase_id}/confirm", response=Purchase, auth=secret("purchases:write"))
@idempotent
def confirm_purchase(request: ApiRequest, purchase_id: str) -> Purchase:
    """Confirm an order: what it earns waits for its delay only. Confirmed again, it stays as it is."""
    return _answered(request, purchase_id, Event.CONFIRM)


@router.post("/purchases/{purchase_id}/decline", response=Purchase, auth=secret("purchases:write"))
@idempotent
def decline_purchase(request: ApiRequest, purchase_id: str, body: Refusal) -> Purchase:
    """Decline an order, and say why: it earns nothing. What was available already comes back by the contract."""
    return _answered(request, purchase_id, Event.DECLINE, body.reason)


@router.post("/purchases/{purchase_id}/cancel", response=Purchase, auth=secret("purchases:write"))
@idempotent
def cancel_purchase(request: ApiRequest, purchase_id: str) -> Purchase:
    """Cancel an order: it is declined, because the buyer or the shop cancelled it."""
    return _answered(request, purchase_id, Event.DECLINE, "cancelled")


@router.post("/purchases/{purchase_id}/returns", response=Purchase, auth=secret("purchases:write"))
@idempotent
def return_purchase(request: ApiRequest, purchase_id: str, body: Returns) -> Purchase:
    """Say all that came back of an order so far. It replaces what was said before: the same again is the same."""
    returned = [Returned(one.number, "", one.quantity, one.amount_minor) for one in body.lines]
    if body.amount_minor:
        returned.append(Returned(0, "", 0, body.amount_minor))
    return _answered(request, purchase_id, Event.AMEND, returned=tuple(returned))


def _answered(
    request: ApiRequest,
    purchase_id: str,
    event: Event,
    reason: str = "",
    returned: tuple[Returned, ...] = (),
) -> Purchase:
    row = row_of(request, purchase_id)
    said = Answer(request.request_id, event, reason, returned)
    answer(shared_connection(), kept_run(request), row.id, said)
    return shown(request, row.id)
