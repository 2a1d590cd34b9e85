"""Sessions of who signed in, and what is kept beside them of where from: deleted once they have ended."""

from datetime import datetime
from typing import Any

import psycopg

from cagnotte.platform.sql import load

SQL = load("sessions")

DELETED_AT_ONCE = 5_000


def forget_expired(connection: psycopg.Connection[Any], *, now: datetime) -> int:
    """Delete sessions that have ended, then IP address and browser of those that are gone; return how many rows.

    Whoever signs out ends a session at once; the second part finds those too. Commits after each portion.
    """
    deleted = 0
    for statement in (SQL.drop_sessions, SQL.drop_user_sessions):
        found = DELETED_AT_ONCE
        while found == DELETED_AT_ONCE:
            values = {"now": now, "at_most": DELETED_AT_ONCE}
            found = connection.execute(statement, values).rowcount
            connection.commit()
            deleted += found
    return deleted
