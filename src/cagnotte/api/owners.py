"""Whose cagnotte, and at which shop: the fields by which bodies of spending name them, and what they lead to."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from cagnotte.api.access import ApiRequest
from cagnotte.api.shapes import AmountBody, Body, Ref, nothing, read_id
from cagnotte.domain.errors import InvalidInput
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Party


class OfMember(Body):
    """Names a cagnotte by itself, or by its member."""

    cagnotte_id: str | None = Field(default=None, description="The cagnotte, wal_…")
    member_id: str | None = Field(default=None, description="Or its member, mem_…")
    member: Ref | None = Field(default=None, description="Or the member's number at the shop.")

    @model_validator(mode="after")
    def _one_owner(self) -> "OfMember":
        named = [one for one in (self.cagnotte_id, self.member_id, self.member) if one is not None]
        if len(named) != 1:
            raise ValueError("Name the cagnotte, its member or the member's number: one of them.")
        return self


def wallet_of(request: ApiRequest, body: OfMember) -> UUID:
    """Return the wallet a body names. Raises NotFound when it is not of the key's programme."""
    programme_id = request.key.programme_id
    if body.cagnotte_id is not None:
        return wallet_by_id(request, body.cagnotte_id)
    if body.member_id is not None:
        member = identity.member(programme_id, read_id("mem", body.member_id, "member"))
    else:
        found = identity.member_page(programme_id, ref=body.member, count=1)
        member = found[0] if found else None
    if member is None:
        raise nothing(body.member_id or body.member or "", "member")
    return member.wallet_id


def wallet_by_id(request: ApiRequest, cagnotte_id: str) -> UUID:
    """Return the wallet of a public id. Raises NotFound when it is not of the key's programme."""
    found = identity.wallet(request.key.programme_id, read_id("wal", cagnotte_id, "cagnotte"))
    if found is None:
        raise nothing(cagnotte_id, "cagnotte")
    return found.id


def shop_of(request: ApiRequest, merchant_id: str | None, merchant: str | None = None) -> UUID:
    """Return the shop of a public id, or of its name in files. Raises NotFound when the programme has none such."""
    programme_id = request.key.programme_id
    if merchant_id is not None:
        identity_of = read_id("mer", merchant_id, "merchant")
        found = identity.party(programme_id, Party.Kind.MERCHANT, identity_of)
        if found is None:
            raise nothing(merchant_id, "merchant")
        return found.id
    known = identity.parties(programme_id).get(("merchant", merchant or ""))
    if known is None:
        raise nothing(merchant or "", "merchant")
    return known


def minor(request: ApiRequest, amount: AmountBody, field: str = "amount") -> int:
    """Return an amount in minor units. Raises InvalidInput when it is not in the programme's currency."""
    if amount.currency != request.key.currency:
        raise InvalidInput(
            f"Cagnottes of this programme are in {request.key.currency}.",
            pointer=f"#/{field}/currency",
        )
    return amount.amount_minor


def today(request: ApiRequest) -> date:
    """Return the day of a request in the programme's time zone."""
    return request.now.astimezone(ZoneInfo(request.key.timezone)).date()
