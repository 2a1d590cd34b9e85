"""A source sends something: its signature is checked, what the plugin says is kept, and then it is read."""

from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog

from cagnotte.domain.errors import CagnotteError, InvalidInput
from cagnotte.hooks.sources import BadSignature, Incoming, Reception
from cagnotte.inbox import accounts, services
from cagnotte.inbox.models import Account
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.read_inbox import read_inbox
from cagnotte.platform.sql import load

SQL = load("polling")
Connection = psycopg.Connection[Any]

READ_AT_ONCE_MAX = 50
"""Messages of an account that one request reads at most; the worker reads the others."""

READ_WAIT_SECONDS = 3
"""Longest wait of a request for others who read the same programme; the worker reads later then."""

STATUS_MIN, STATUS_MAX = 200, 599

log = structlog.get_logger(__name__)


class Taken(NamedTuple):
    """What became of a request, and how it is answered. kept: messages new to us; wanted: orders to be fetched."""

    status: int
    answer: str
    kept: int
    wanted: int


def receive(
    connection: Connection, account: Account, incoming: Incoming, *, now: datetime
) -> Taken:
    """Check and keep what a source sent; when this returns, it is committed.

    Raises BadSignature, which is counted, and InvalidInput for what is not the source's: of both nothing is kept. What
    a plugin raises beside is passed on, so that the sender is told to send it again.
    """
    signed, reception = _asked(account, incoming, now)
    with connection.transaction():
        kept = (
            services.keep(
                connection, account.id, reception.messages, via="push", signed=signed, now=now
            ).count
            if reception.messages
            else 0
        )
        services.want(connection, account.id, reception.wanted, now=now)
    if not STATUS_MIN <= reception.status <= STATUS_MAX:
        raise ValueError(f"{account.plugin} answers with the status {reception.status}")
    return Taken(reception.status, reception.answer, kept, len(reception.wanted))


def _asked(account: Account, incoming: Incoming, now: datetime) -> tuple[bool, Reception]:
    """Ask the plugin whether the request is signed, and what of it is to be kept."""
    plugin = accounts.plugin_of(account)
    context = accounts.context_of(account, now=now)
    try:
        signed = plugin.verify_signature(incoming, context)
        return signed, plugin.receive(incoming, context, signed=signed)
    except BadSignature:
        accounts.note_refusal(account, now=now)
        raise
    except InvalidInput as error:
        accounts.note_misread_request(account, error.sentence, now=now)
        raise
    except CagnotteError:
        raise
    except Exception as error:
        sentence = f"The plugin failed with {type(error).__name__} at a request; nothing was kept."
        accounts.note_misread_request(account, sentence, now=now)
        raise


def read_now(connection: Connection, account: Account, *, now: datetime) -> None:
    """Read what was just kept, if it can be done soon. Whatever goes wrong, the messages are kept and read later."""
    try:
        with connection.transaction():
            connection.execute(SQL.wait_for_locks, {"longest": f"{READ_WAIT_SECONDS}s"})
        run = ProgrammeRun.open(connection, account.programme.slug, now)
        connection.commit()
        read_inbox(connection, run, account, limit=READ_AT_ONCE_MAX)
    except Exception as error:  # noqa: BLE001 - a kept message must never be answered with an error
        log.warning("reading is left to the worker", source=account.ref, error=type(error).__name__)
        with suppress(psycopg.Error):
            connection.rollback()
