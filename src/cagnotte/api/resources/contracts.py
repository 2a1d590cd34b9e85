"""Contracts: what funders owe and when money becomes available; read only, for they come from the programme file."""

from datetime import date
from typing import Literal

from ninja import Router, Schema
from pydantic import Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.shapes import nothing, read_id
from cagnotte.catalog import selectors
from cagnotte.domain import contracts as domain
from cagnotte.domain.ids import public_id

router = Router(tags=["Contracts"])


class Commission(Schema):
    """What a funder pays for products: a share of their base, a fixed sum per order, or both."""

    rate_bps: int = Field(description="In basis points: 250 is 2.5 %.")
    fixed_minor: int = Field(description="Per order, in the programme's currency.")
    for_some_products: bool = Field(description="Whether it is for some products alone.")


class Contract(Schema):
    """One version of an agreement with a merchant, brand or network."""

    id: str = Field(examples=["con_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["contract"] = "contract"
    ref: str
    version: int
    funder_kind: str
    funder: str
    merchant: str | None = Field(description="The shop it covers; null = all shops.")
    valid_from: date | None
    valid_until: date | None
    commissions: list[Commission] = Field(description="Empty: the funder pays exactly the reward.")
    release_days: int = Field(description="Days until a confirmed reward is available.")
    release_from: str = Field(description="What these days are counted from.")
    auto_confirm_days: int | None = Field(
        description="Days after which an unanswered purchase is confirmed; null = never."
    )
    expires_after_months: int | None = Field(description="Of available money; null = never.")
    returns: str = Field(description="What a return does to a reward.")


class Contracts(pages.Page):
    """A page of contracts."""

    data: list[Contract]


@router.get("/contracts", response=Contracts, auth=secret("catalog:read"))
def list_contracts(
    request: ApiRequest, limit: pages.Limit = 20, cursor: pages.Cursor = None
) -> Contracts:
    """Return every version of every contract that is in force on some day, by reference and version."""
    place = pages.place(cursor, of="contracts")
    after = (place[0], int(place[1])) if place else ("", 0)
    found = selectors.contracts(request.key.programme_id)
    rows = [one for one in found if (one.ref, one.version) > after][: limit + 1]
    cut = pages.page(rows, limit, of="contracts", key=lambda one: [one.ref, one.version])
    return Contracts(data=[_contract(one) for one in cut.rows], **cut.rest)


@router.get("/contracts/{contract_id}", response=Contract, auth=secret("catalog:read"))
def get_contract(request: ApiRequest, contract_id: str) -> Contract:
    """Return one version of a contract."""
    wanted = read_id("con", contract_id, "contract")
    for one in selectors.contracts(request.key.programme_id):
        if one.id == wanted:
            return _contract(one)
    raise nothing(contract_id, "contract")


def _contract(one: domain.Contract) -> Contract:
    return Contract(
        id=public_id("con", one.id),
        ref=one.ref,
        version=one.version,
        funder_kind=one.funder_kind.value,
        funder=one.funder,
        merchant=one.merchant,
        valid_from=None if one.valid_from == date.min else one.valid_from,
        valid_until=None if one.valid_until == date.max else one.valid_until,
        commissions=[
            Commission(
                rate_bps=rate.rate_bps,
                fixed_minor=rate.fixed_minor,
                for_some_products=rate.products is not None,
            )
            for rate in one.commissions
        ],
        release_days=one.release.days,
        release_from=one.release.event or one.release.start.value,
        auto_confirm_days=one.auto_confirm_days,
        expires_after_months=one.lot_months,
        returns=one.returns.value,
    )
