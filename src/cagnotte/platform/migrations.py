"""Bring the tables up to date as their owner, then hand the application its privileges.

Tables whose name starts with `ledger_` are left out of the general grant: the ledger's own migrations say what
may be done with them, which is much less.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
from django.core.management import call_command
from django.db import connection as django_connection
from django.db.migrations.loader import MigrationLoader
from psycopg import errors, sql

from cagnotte.platform.database import (
    APP_ROLE,
    MIGRATION_LOCK_TIMEOUT_SECONDS,
    connect,
    database_url,
    django_settings,
    explain,
)
from cagnotte.platform.database_errors import DatabaseNotInitialised

RESERVED_PREFIX = "ledger_"
READ_ONLY_TABLES = ("django_migrations",)


def migrate(*, verbosity: int = 0) -> int:
    """Apply every pending migration as the owner and renew the application's grants; return how many were applied.

    Raises:
        DatabaseUnavailable: a lock could not be had within four seconds; the failed migration was rolled back.
    """
    count = len(pending())
    if count:
        try:
            with _as_owner():
                call_command("migrate", interactive=False, verbosity=verbosity)
        except Exception as error:
            cause = error.__cause__ or error
            raise explain(cause) or error from error
    with connect("owner") as connection:
        grant_to_app(connection)
    return count


def pending() -> list[tuple[str, str]]:
    """The migrations on disk that the database has not seen, as (app, name), in no order that matters."""
    loader = MigrationLoader(connection=None)
    with connect("app") as connection:
        try:
            rows = connection.execute("SELECT app, name FROM django_migrations").fetchall()
        except (errors.UndefinedTable, errors.InsufficientPrivilege):
            rows = []
    applied = {(str(app), str(name)) for app, name in rows}
    return sorted(set(loader.disk_migrations) - applied)


def require_current() -> None:
    """Refuse to go on with tables that are missing or older than the code.

    Raises:
        DatabaseNotInitialised: with the command that mends it.
    """
    behind = pending()
    if behind:
        raise DatabaseNotInitialised(
            f"The database lacks {len(behind)} change(s) of its tables. Run `cagnotte init` (first time) "
            "or `cagnotte db migrate`.",
            pending=len(behind),
        )


def grant_to_app(connection: psycopg.Connection[Any]) -> None:
    """Grant the application reading and writing on all tables and sequences but the reserved ones."""
    tables = _names(connection, kinds=["r", "p", "v"])
    ordinary = [name for name in tables if name not in READ_ONLY_TABLES]
    _grant(connection, "SELECT, INSERT, UPDATE, DELETE ON TABLE", ordinary)
    _grant(connection, "SELECT ON TABLE", [name for name in tables if name in READ_ONLY_TABLES])
    _grant(connection, "USAGE, SELECT ON SEQUENCE", _names(connection, kinds=["S"]))
    connection.commit()


def _names(connection: psycopg.Connection[Any], *, kinds: list[str]) -> list[str]:
    rows = connection.execute(
        """
        SELECT c.relname
        FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace
          AND c.relkind = ANY(%s::"char"[])
          AND NOT starts_with(c.relname, %s)
          AND pg_has_role(c.relowner, 'USAGE')
        ORDER BY c.relname
        """,
        [kinds, RESERVED_PREFIX],
    ).fetchall()
    return [str(name) for (name,) in rows]


def _grant(
    connection: psycopg.Connection[Any], privileges: LiteralString, names: list[str]
) -> None:
    if not names:
        return
    connection.execute(
        sql.SQL("GRANT {} {} TO {}").format(
            sql.SQL(privileges),
            sql.SQL(", ").join(sql.Identifier(name) for name in names),
            sql.Identifier(APP_ROLE),
        )
    )


@contextlib.contextmanager
def _as_owner() -> Iterator[None]:
    """Let Django's connection work as the owner for a while."""
    owner = django_settings(database_url(), "owner")
    timeout_ms = MIGRATION_LOCK_TIMEOUT_SECONDS * 1000
    owner["OPTIONS"]["options"] += f" -c lock_timeout={timeout_ms}"
    django_connection.close()
    django_connection.settings_dict.update(owner)
    try:
        yield
    finally:
        django_connection.close()
        django_connection.settings_dict.update(django_settings(database_url()))
