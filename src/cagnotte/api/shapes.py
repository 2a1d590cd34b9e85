"""Shapes that all resources share: amounts, ids, problems."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from cagnotte.domain import ids
from cagnotte.domain.errors import NotFound

AMOUNT_MAX_MINOR = 10**13
"""Largest amount that is taken, in minor units; no purchase comes near it."""

Minor = Annotated[int, Field(strict=True, ge=0, le=AMOUNT_MAX_MINOR)]
"""An amount in minor units as a client sends it: a whole number, not negative."""

Ref = Annotated[str, Field(min_length=1, max_length=100)]
"""A client's own name for something."""


def _in_utc(moment: datetime) -> datetime:
    """Return a moment in universal time. Raises ValueError where a calendar of another zone would not hold it."""
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError("The year is beyond all calendars.")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment as a client sends it, with any offset; PostgreSQL takes fewer offsets than ISO 8601 has."""

CURRENCY_PATTERN = "^[A-Z]{3}$"


class Body(Schema):
    """What a client sends; a field that is not known is an error, for it is a misspelt one."""

    model_config = ConfigDict(extra="forbid")


class AmountBody(Body):
    """An amount as a client sends it."""

    amount_minor: Minor
    currency: str = Field(pattern=CURRENCY_PATTERN, examples=["EUR"])


class Amount(Schema):
    """An amount of money: whole minor units (cents) of a currency."""

    amount_minor: int = Field(description="In the smallest unit of the currency.", examples=[1240])
    currency: str = Field(description="ISO 4217.", examples=["EUR"])


def amount(amount_minor: int, currency: str) -> Amount:
    """Return an amount to render."""
    return Amount(amount_minor=amount_minor, currency=currency)


def read_id(prefix: str, text: str, what: str = "") -> UUID:
    """Return the id behind a public one. Raises NotFound for anything else: nothing can be there."""
    try:
        return ids.parse_public_id(prefix, text)
    except ValueError:
        raise nothing(text, what) from None


def nothing(text: str, what: str = "") -> NotFound:
    """Return the error of a thing that is not there, or is another programme's: both are answered alike."""
    return NotFound(f"There is no {what or 'such thing'} “{text}”.", id=text)


class ProblemPlace(Schema):
    """One thing that is wrong, and where: one of the first three says."""

    pointer: str | None = Field(
        default=None, description="JSON pointer into the body.", examples=["#/email"]
    )
    parameter: str | None = Field(default=None, description="A parameter of the path or query.")
    header: str | None = None
    code: str
    detail: str


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="The page that explains the code.")
    title: str
    status: int
    detail: str = Field(description="A sentence for people.")
    code: str = Field(description="Stable, for machines.", examples=["not_found"])
    request_id: str | None = None
    errors: list[ProblemPlace] | None = None


def example(**values: Any) -> dict[str, Any]:
    """Return the `json_schema_extra` that shows a whole example."""
    return {"examples": [values]}
