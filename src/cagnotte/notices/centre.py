"""The notices of a member: reading them, and noting that they were read. Others find nothing of them."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.ids import parse_public_id, public_id
from cagnotte.platform.sql import load

SQL = load("notices")

Connection = psycopg.Connection[Any]

UNREAD_MAX = 100
"""More unread notices than this are not counted."""

PREFIX = "not"
"""Public ids of notices begin so."""


class NoticeView(NamedTuple):
    """A notice as it is kept. facts: what its words are made of. read_at: None while it waits to be read."""

    number: int
    id: UUID
    kind: str
    facts: dict[str, Any]
    at: datetime
    read_at: datetime | None

    @property
    def public_id(self) -> str:
        """The id in addresses."""
        return public_id(PREFIX, self.id)


def page(
    connection: Connection,
    wallet_id: UUID,
    *,
    count: int,
    before: int | None = None,
    unread_only: bool = False,
) -> list[NoticeView]:
    """Return notices, the latest first. before: the number of the last one of the page before."""
    values = {"wallet_id": wallet_id, "before": before, "unread_only": unread_only, "count": count}
    return [_view(row) for row in connection.execute(SQL.page, values)]


def notice(connection: Connection, wallet_id: UUID, text: str) -> NoticeView | None:
    """Return the notice of this public id, None when the wallet has none such."""
    try:
        found = parse_public_id(PREFIX, text)
    except ValueError:
        return None
    row = connection.execute(SQL.one, {"wallet_id": wallet_id, "id": found}).fetchone()
    return _view(row) if row else None


def of_ids(connection: Connection, ids: list[UUID]) -> dict[UUID, NoticeView]:
    """Return notices by their ids, whoever's they are, in the order in which they were told; for letters."""
    return {row[1]: _view(row) for row in connection.execute(SQL.some, {"ids": ids})}


def unread(connection: Connection, wallet_id: UUID) -> int:
    """Return how many notices wait to be read; `UNREAD_MAX` stands for all beyond."""
    values = {"wallet_id": wallet_id, "at_most": UNREAD_MAX}
    [(count,)] = connection.execute(SQL.unread, values)
    return int(count)


def read_one(connection: Connection, wallet_id: UUID, notice_id: UUID, *, now: datetime) -> None:
    """Note that a notice was read; the first time counts."""
    connection.execute(SQL.read_one, {"wallet_id": wallet_id, "id": notice_id, "now": now})


def read_all(connection: Connection, wallet_id: UUID, *, up_to: int, now: datetime) -> int:
    """Note that all notices up to a number were read; return how many were not."""
    values = {"wallet_id": wallet_id, "up_to": up_to, "now": now}
    return connection.execute(SQL.read_all, values).rowcount


def _view(row: tuple[Any, ...]) -> NoticeView:
    # As text: Django's connection gives JSON no other way.
    number, notice_id, kind, facts, at, read_at = row
    return NoticeView(number, notice_id, kind, orjson.loads(facts), at, read_at)
