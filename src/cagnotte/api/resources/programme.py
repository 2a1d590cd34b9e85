"""The programme of the key."""

from datetime import datetime
from typing import Literal

from ninja import Router, Schema
from pydantic import Field

from cagnotte.api.access import ApiRequest, programme_of, publishable
from cagnotte.domain.ids import public_id

router = Router(tags=["Programme"])


class Programme(Schema):
    """A set of rules and books: a shop's own programme, a portal, a coalition."""

    id: str = Field(examples=["pro_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["programme"] = "programme"
    slug: str
    name: str
    currency: str = Field(description="In which its books are kept, ISO 4217.")
    timezone: str = Field(description="Where its days begin and end.")
    mode: Literal["live", "test"] = Field(description="Test: a sandbox, where nothing is real.")
    created_at: datetime


@router.get("/programme", response=Programme, auth=publishable("catalog:read"), summary="Programme")
def get_programme(request: ApiRequest) -> Programme:
    """Return the programme that the key opens."""
    found = programme_of(request)
    return Programme(
        id=public_id("pro", found.id),
        slug=found.slug,
        name=found.name,
        currency=found.currency,
        timezone=found.timezone,
        mode="test" if request.key.mode == "test" else "live",
        created_at=found.created_at,
    )
