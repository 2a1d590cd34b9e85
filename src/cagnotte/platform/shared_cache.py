"""What the processes of an installation count together: the limits on attempts to sign in.

Kept in a table, so that a limit is one limit however many processes serve, and a restart forgets none of it. Nothing
that still counts is ever thrown out to make room: whoever could fill the table would get rid of what was counted of
them. What is over goes at the next write.
"""

from datetime import datetime
from typing import Any

from django.core.cache.backends.db import DatabaseCache
from django.db import connections

from cagnotte.platform.secrets_box import fingerprint


class SharedCache(DatabaseCache):
    """Django's cache in the database, which forgets what is over and nothing else."""

    def __init__(self, table: str, params: dict[str, Any]) -> None:
        # So that every write looks for what is over.
        super().__init__(table, {**params, "max_entries": 0})
        self.table = table

    def make_key(self, key: Any, version: int | None = None) -> str:
        """Keep a keyed hash in place of the name, which may hold somebody's address on the network."""
        return fingerprint(f"cache {super().make_key(key, version)}")

    def _cull(self, db: str, cursor: Any, now: datetime, num: int) -> None:  # noqa: ARG002 - Django's signature
        name = connections[db].ops.quote_name(self.table)
        # Two that clear up at once do not wait for each other.
        cursor.execute(
            f"DELETE FROM {name} WHERE cache_key IN (SELECT cache_key FROM {name} WHERE expires < %s"  # noqa: S608 - the name of a table
            " FOR UPDATE SKIP LOCKED)",
            [now],
        )
