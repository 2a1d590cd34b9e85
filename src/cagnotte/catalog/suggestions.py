"""Shops that people miss: what they suggest, for the team to look at."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

Connection = psycopg.Connection[Any]


def suggest_shop(
    connection: Connection,
    *,
    programme_id: UUID,
    wallet_id: UUID | None,
    text: str,
    now: datetime,
    site: str = "",
) -> bool:
    """Keep that somebody misses a shop; return False when it was suggested already. wallet_id: None = a visitor.

    Raises InvalidInput when nothing is named, Refused when so many were made today that no more are taken.
    """
    raise NotImplementedError
