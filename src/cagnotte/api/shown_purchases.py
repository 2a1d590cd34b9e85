"""Purchases as the interface shows them, and what operations on one purchase begin with."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from ninja import Schema
from pydantic import Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest
from cagnotte.api.shapes import Amount, amount, nothing, read_id
from cagnotte.domain.ids import public_id
from cagnotte.domain.purchases import Line, Validation
from cagnotte.journeys.kept_runs import RUNS, KeptRun
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.purchases import selectors
from cagnotte.purchases.selectors import PurchaseShown


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
    state: Validation
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


def kept_run(request: ApiRequest) -> KeptRun:
    """Return the programme of the request's key, with the rules of now."""
    key = request.key
    return RUNS.of(shared_connection(), key.programme_id, key.slug, request.now)


def row_of(request: ApiRequest, purchase_id: str) -> PurchaseShown:
    """Return the purchase of a public id. Raises NotFound, for another programme's too."""
    identity = read_id("pur", purchase_id, "purchase")
    found = selectors.shown(shared_connection(), request.key.programme_id, [identity])
    if identity not in found:
        raise nothing(purchase_id, "purchase")
    return found[identity]


def shown(request: ApiRequest, purchase_id: UUID) -> Purchase:
    """Return a purchase whole, with its lines. Raises NotFound."""
    row = row_of(request, public_id("pur", purchase_id))
    zone = ZoneInfo(request.key.timezone)
    facts = selectors.latest_purchases(shared_connection(), [row.id], zone)[row.id]
    return rendered(row, facts.lines)


def rendered(row: PurchaseShown, lines: Sequence[Line] | None = None) -> Purchase:
    """Return a purchase as it is shown; lists leave the lines out."""
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
