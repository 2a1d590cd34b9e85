"""Letters are sent as mails, again and again until they arrive or it is plain that they never will.

What is due is claimed in one short database transaction, sent outside of any, and noted one by one. A worker that dies
between sending and noting leaves its claim to another, who sends once more: a mail arrives at least once, under the
same Message-ID, by which mail programs know a second copy.
"""

import smtplib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.core.mail import get_connection

from cagnotte.catalog.models import Storefront
from cagnotte.identity.models import Programme
from cagnotte.notices import centre, letters
from cagnotte.notices.centre import NoticeView
from cagnotte.notices.letters import DONE, Claimed, Outcome
from cagnotte.notices.mail import Sender, compose
from cagnotte.notices.models import Letter

Connection = psycopg.Connection[Any]

NOBODY = Outcome("Nobody signs in as this member any more, or without an address.", nobody=True)
GONE = Outcome("What it told of is there no more.", nobody=True)

PERMANENT_FROM = 500
"""SMTP answers from 500 on say that the same mail would be refused again."""

OUR_FAULT = frozenset({530, 534, 535, 538})
"""But these say that we did not sign in to the mail server as we should, which may be mended."""

log = structlog.get_logger(__name__)


def send(connection: Connection, *, clock: Callable[[], datetime]) -> int:
    """Send the mails that are due now; return how many were taken. Commits."""
    with connection.transaction():
        claimed = letters.claim(connection, Letter.Channel.EMAIL, now=clock())
    if not claimed:
        return 0
    notices = _notices(connection, claimed)
    senders = senders_of({one.slug for one in claimed})
    mailer = get_connection()
    try:
        for one in claimed:
            told = [notices[found] for found in one.notice_ids if found in notices]
            outcome = _send(mailer, one, told, senders[one.slug])
            with connection.transaction():
                state = letters.note(connection, one, outcome, now=clock())
            if outcome.sentence:
                log.info("a mail was not sent", letter=str(one.id), state=state.value)
    finally:
        mailer.close()
    return len(claimed)


def senders_of(slugs: Iterable[str]) -> dict[str, Sender]:
    """Return who writes, by programme."""
    base = str(settings.CAGNOTTE_PUBLIC_URL) or "http://localhost:8000"
    found = Programme.objects.select_related("storefront").filter(slug__in=list(slugs))
    return {
        one.slug: Sender(
            getattr(one, "storefront", None) or Storefront(programme=one), one.timezone, base
        )
        for one in found
    }


def _notices(connection: Connection, claimed: Iterable[Claimed]) -> dict[UUID, NoticeView]:
    ids = [found for one in claimed for found in one.notice_ids]
    found = centre.of_ids(connection, ids)
    connection.commit()
    return found


def _send(mailer: Any, one: Claimed, told: list[NoticeView], sender: Sender) -> Outcome:
    """Send one mail. Whatever the mail server answers, nothing is raised."""
    if not one.email:
        return NOBODY
    if not told:
        return GONE
    try:
        message = compose(one, told, sender)
        mailer.open()
        mailer.send_messages([message])
    except smtplib.SMTPRecipientsRefused as refused:
        answers = [code for code, _ in refused.recipients.values()]
        return _failed(refused, one.email, for_good=all(map(_is_permanent, answers)))
    except smtplib.SMTPResponseException as refused:
        return _failed(refused, one.email, for_good=_is_permanent(refused.smtp_code))
    except Exception as failed:  # noqa: BLE001 - whatever fails for one mail, the others go on
        # The connection may be half open; the next mail begins another one.
        mailer.close()
        return _failed(failed, one.email)
    return DONE


def _is_permanent(code: int) -> bool:
    return code >= PERMANENT_FROM and code not in OUR_FAULT


def _failed(error: Exception, address: str, *, for_good: bool = False) -> Outcome:
    """Say how it failed, without the address it was about."""
    return Outcome(_sentence(error).replace(address, "…"), for_good=for_good)


def _sentence(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [
            f"{code} {text.decode(errors='replace')}" for code, text in error.recipients.values()
        ]
        return "The mail server refuses the address: " + "; ".join(answers)
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        said = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        return f"The mail server answered {error.smtp_code} {said}"
    if isinstance(error, smtplib.SMTPException | OSError):
        return f"The mail server cannot be reached: {type(error).__name__}."
    return f"The mail could not be made or handed over: {type(error).__name__}."
