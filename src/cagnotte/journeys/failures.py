"""Whatever fails for one programme, or in one duty of a worker, keeps no other from its turn."""

from typing import Any

import psycopg
import structlog

from cagnotte.domain.errors import CagnotteError
from cagnotte.platform.database import is_away

log = structlog.get_logger(__name__)


def set_aside(
    connection: psycopg.Connection[Any], error: Exception, event: str, **facts: object
) -> None:
    """Take back what a failure left unfinished, and log it: a sentence of ours, or where the unexpected happened.

    Raises the error itself where the database is away: nobody can go on then.
    """
    if is_away(error):
        raise error
    connection.rollback()
    if isinstance(error, CagnotteError):
        log.warning(event, error=error.sentence, **facts)
    else:
        log.error(event, error=type(error).__name__, exc_info=error, **facts)
