"""What a client tells of an order or a basket: the fields that quotes and purchases share, and what they become."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cagnotte.api.errors import InvalidRequest
from cagnotte.api.shapes import CURRENCY_PATTERN, Body, Minor, Ref
from cagnotte.domain.purchases import Channel, Line, Purchase

LINES_MAX = 1_000
UNITS_MAX = 1_000_000

Sku = Annotated[str, Field(max_length=100)]
Coupon = Annotated[str, Field(min_length=1, max_length=100)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]


class LineBody(BaseModel):
    """One article. Amounts in minor units of the order's currency."""

    # Not a schema of ninja's, whose own validator would cost a line more than all its fields.
    model_config = ConfigDict(extra="forbid")

    sku: Sku = Field(default="", description="The article's reference in the catalogue.")
    quantity: int = Field(default=1, strict=True, ge=1, le=UNITS_MAX)
    amount_minor: Minor = Field(
        description="Price of all units, tax included, before the discount.", examples=[1990]
    )
    discount_minor: Minor = Field(default=0, description="Still to be deducted of it.")
    tax_minor: Minor = Field(default=0, description="Tax in what remains.")
    wallet_minor: Minor = Field(default=0, description="Of which paid from the cagnotte.")
    category: str | None = Field(
        default=None, max_length=100, description="Without it, as the catalogue says."
    )
    brand: str | None = Field(
        default=None, max_length=100, description="Without it, as the catalogue says."
    )
    gift_card: bool = Field(default=False, description="The article is money itself.")


class BasketBody(Body):
    """What is bought, and where."""

    merchant: Ref = Field(description="The shop's reference.", examples=["corner"])
    currency: str = Field(pattern=CURRENCY_PATTERN, examples=["EUR"])
    lines: list[LineBody] = Field(
        min_length=1, max_length=LINES_MAX, description="Numbered from 1 in this order."
    )
    channel: Literal["web", "app", "store", "card"] = "web"
    country: Country | None = Field(default=None, description="ISO 3166, of the shopper.")
    coupon_codes: list[Coupon] = Field(default=[], max_length=50)
    delivery_minor: Minor = Field(default=0, description="Charged for delivery, tax included.")
    delivery_tax_minor: Minor = Field(default=0, description="Tax in it.")


def purchase_of(
    body: BasketBody, *, order_ref: str, occurred_at: datetime, **more: Any
) -> Purchase:
    """Return the purchase a body tells of. occurred_at: in the programme's zone.

    Raises InvalidRequest, pointing at the lines whose deductions are larger than their price.
    """
    _check(body.lines)
    return Purchase(
        merchant=body.merchant,
        order_ref=order_ref,
        occurred_at=occurred_at,
        currency=body.currency,
        lines=tuple([_line(number, one) for number, one in enumerate(body.lines, start=1)]),
        channel=Channel(body.channel),
        country=body.country,
        delivery_minor=body.delivery_minor,
        delivery_tax_minor=body.delivery_tax_minor,
        coupon_codes=tuple(
            sorted({code.strip().lower() for code in body.coupon_codes if code.strip()})
        ),
        **more,
    )


def _line(number: int, one: LineBody) -> Line:
    return Line(
        number,
        one.sku,
        one.quantity,
        one.amount_minor,
        one.discount_minor,
        one.tax_minor,
        one.wallet_minor,
        one.category or None,
        one.brand or None,
        one.gift_card,
    )


def _check(lines: Sequence[LineBody]) -> None:
    wrong = [
        {
            "pointer": f"#/lines/{place}/{name}",
            "code": "larger_than_the_line",
            "detail": "It is larger than the price of the line.",
        }
        for place, one in enumerate(lines)
        for name in ("discount_minor", "tax_minor", "wallet_minor")
        if getattr(one, name) > one.amount_minor
    ]
    if wrong:
        raise InvalidRequest("Some deductions are larger than their lines.", errors=wrong)
