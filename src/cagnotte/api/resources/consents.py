"""Consents: what members agree to beside the programme, and take back."""

from datetime import datetime
from typing import Annotated, Literal

from ninja import Router, Schema
from pydantic import ConfigDict, Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.idempotency import idempotent
from cagnotte.api.shapes import Body, example, nothing, read_id
from cagnotte.domain import consents as domain
from cagnotte.domain.consents import Purpose
from cagnotte.identity import consents, selectors
from cagnotte.identity.models import Member

router = Router(tags=["Members"])

Word = Annotated[str, Field(max_length=consents.TEXT_LENGTH_MAX)]


class NewConsent(Body):
    """A member agrees to a purpose, or no longer does."""

    purpose: Purpose = Field(
        description="analytics: measuring with the tools of others. marketing: writing to the member, with a CRM."
    )
    granted: bool
    source: Word = Field(min_length=1, description="Where the member said so.")
    text_version: Word = Field(
        default="",
        description="Which wording the member agreed to; needed when it is granted.",
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            purpose="marketing", granted=True, source="checkout", text_version="2026-01"
        ),
    )


class Consent(Schema):
    """One act of a member. The last one for a purpose counts."""

    object: Literal["consent"] = "consent"
    purpose: Purpose
    granted: bool
    at: datetime
    source: str
    text_version: str


class Consents(pages.Page):
    """All acts of a member, oldest first."""

    data: list[Consent]


@router.get("/members/{member_id}/consents", response=Consents, auth=secret("members:read"))
def list_consents(request: ApiRequest, member_id: str) -> Consents:
    """Return all that a member has agreed to and taken back, oldest first."""
    return _all(_member(request, member_id))


@router.post("/members/{member_id}/consents", response=Consents, auth=secret("members:write"))
@idempotent
def create_consent(request: ApiRequest, member_id: str, body: NewConsent) -> Consents:
    """Keep that a member agrees to a purpose, or no longer does; return all acts. The same again changes nothing."""
    row = _member(request, member_id)
    act = domain.Consent(
        body.purpose,
        granted=body.granted,
        at=request.now,
        source=body.source,
        text_version=body.text_version if body.granted else "",
    )
    consents.record(wallet_id=row.wallet_id, consent=act)
    return _all(row)


def _member(request: ApiRequest, member_id: str) -> Member:
    row = selectors.member(request.key.programme_id, read_id("mem", member_id, "member"))
    if row is None:
        raise nothing(member_id, "member")
    return row


def _all(row: Member) -> Consents:
    acts = [Consent(**act._asdict()) for act in consents.history(row.wallet_id)]
    return Consents(data=acts, has_more=False, next_cursor=None)
