"""Lists a page at a time: opaque, signed cursors over a stable order.

A view asks its selector for `limit + 1` rows after the cursor's place and hands them to `page`. A cursor is the place
of a page's last row, so that pages neither skip nor repeat anything while rows arrive.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple, TypeVar
from uuid import UUID

from django.core import signing
from ninja import Query, Schema
from pydantic import Field

from cagnotte.api.errors import InvalidRequest

T = TypeVar("T")

LIMIT_MAX = 100

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most, 1 to 100.")]
"""The parameter `limit`; give it the default 20."""

Cursor = Annotated[
    str | None,
    Query(
        max_length=500, description="`next_cursor` of the page before; leave it out for the first."
    ),
]
"""The parameter `cursor`; give it the default None."""


class Page(Schema):
    """What every list answers; each names its rows: `data: list[Member]`."""

    object: Literal["list"] = "list"
    has_more: bool = Field(description="Whether there are rows after these.")
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next page; null on the last."
    )


class Cut(NamedTuple):
    """A page's rows and what `Page` says of them: `Members(data=…, **cut.rest)`."""

    rows: Sequence[Any]
    rest: dict[str, Any]


def place(cursor: str | None, *, of: str) -> tuple[str, ...] | None:
    """Return the place a cursor stands for, None for the first page. of: the list's name; another's are refused.

    Raises InvalidRequest for what is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        found = signing.Signer(salt=f"cursor.{of}").unsign_object(cursor)
    except (signing.BadSignature, ValueError):
        raise InvalidRequest(
            "The cursor is not one of this list.",
            errors=[
                {
                    "parameter": "cursor",
                    "code": "invalid_cursor",
                    "detail": "No cursor of this list.",
                }
            ],
        ) from None
    return tuple(found)


def place_id(cursor: str | None, *, of: str) -> UUID | None:
    """Return the id a cursor stands for, for lists in the order of their ids."""
    found = place(cursor, of=of)
    return UUID(hex=found[0]) if found else None


def page(rows: Sequence[T], limit: int, *, of: str, key: Callable[[T], Sequence[object]]) -> Cut:
    """Cut what a selector gave (`limit + 1` rows at most) to a page. key: a row's place in the order, as texts."""
    shown = rows[:limit]
    more = len(rows) > limit
    cursor = None
    if more:
        parts = [part.hex if isinstance(part, UUID) else str(part) for part in key(shown[-1])]
        cursor = signing.Signer(salt=f"cursor.{of}").sign_object(parts)
    return Cut(shown, {"has_more": more, "next_cursor": cursor})
