"""Django's own connection, for what works on the driver: one database transaction for both."""

from typing import Any, cast

import psycopg
from django.db import connection as django_connection


def shared_connection() -> psycopg.Connection[Any]:
    """Return the driver's connection under Django's of this thread, opened if need be; Django closes it.

    Inside `django.db.transaction.atomic()` a journey's `connection.transaction()` is a savepoint, so what it does is
    committed with everything else, or not at all. A journey that commits by `connection.commit()` takes a connection
    of its own (`database.connect()`) instead.
    """
    django_connection.ensure_connection()
    return cast("psycopg.Connection[Any]", django_connection.connection)
