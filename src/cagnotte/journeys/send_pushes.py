"""Letters are pushed to members' devices: each to all browsers of its member, of which one that is gone is forgotten.

As with mails, what is due is claimed, sent outside of any database transaction, and noted: at least once.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.utils import translation
from django.utils.translation import ngettext

from cagnotte.domain.errors import CagnotteError
from cagnotte.notices import centre, devices, letters, push
from cagnotte.notices.centre import NoticeView
from cagnotte.notices.kinds import topic_of
from cagnotte.notices.letters import DONE, Claimed, Outcome
from cagnotte.notices.mail import address_of
from cagnotte.notices.models import Letter
from cagnotte.notices.words import words_of
from cagnotte.platform.http import AddressRefused, Caller

Connection = psycopg.Connection[Any]

ANSWER_SECONDS = 15.0
ANSWER_BYTES_MAX = 64 * 1024

NOBODY = Outcome("The member has no device any more.", nobody=True)
GONE = Outcome("What it told of is there no more.", nobody=True)

BYE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
"""Answers of a push service that say that the browser is gone."""

log = structlog.get_logger(__name__)


def send(connection: Connection, *, clock: Callable[[], datetime]) -> int:
    """Push what is due now; return how many letters were taken. Commits."""
    with connection.transaction():
        claimed = letters.claim(connection, Letter.Channel.PUSH, now=clock())
    if not claimed:
        return 0
    ids = [found for one in claimed for found in one.notice_ids]
    notices = centre.of_ids(connection, ids)
    connection.commit()
    caller = Caller(
        allow_private=settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES,
        answer_seconds=ANSWER_SECONDS,
        body_bytes_max=ANSWER_BYTES_MAX,
    )
    with caller:
        for one in claimed:
            told = [notices[found] for found in one.notice_ids if found in notices]
            outcome = _outcome(caller, one, told, clock())
            with connection.transaction():
                state = letters.note(connection, one, outcome, now=clock())
            if outcome.sentence:
                log.info("nothing was pushed", letter=str(one.id), state=state.value)
    return len(claimed)


def told_of(claimed: Claimed, notices: list[NoticeView]) -> dict[str, str]:
    """Return what a device shows: title, body, and the page behind it, in the member's language."""
    language = (claimed.locale or "")[:2]
    known = dict(settings.LANGUAGES)
    with translation.override(language if language in known else settings.LANGUAGE_CODE):
        words = words_of(notices[-1].kind, notices[-1].facts, claimed.programme)
        body, more = words.body, len(notices) - 1
        if more:
            body = ngettext("and {count} more", "and {count} more", more).format(count=more)
        url = address_of("", claimed.slug, words.place)
    return {"title": words.title, "body": body, "url": url}


def _outcome(caller: Caller, one: Claimed, told: list[NoticeView], now: datetime) -> Outcome:
    try:
        return _send(caller, one, told, now)
    except Exception as failed:  # noqa: BLE001 - whatever fails for one letter, the others go on
        return Outcome(f"It could not be made: {type(failed).__name__}.")


def _send(caller: Caller, one: Claimed, told: list[NoticeView], now: datetime) -> Outcome:
    """Push one letter to all devices, whatever their services answer.

    Once one device has it, it is there: nobody wants to be told again on all of them because of one that failed.
    """
    if not told:
        return GONE
    try:
        subscriptions = devices.subscriptions_of(one.wallet_id)
        key = devices.private_key(now=now)
    except CagnotteError as failed:
        return Outcome(failed.sentence)
    if not subscriptions or one.email is None:
        return NOBODY
    shown = told_of(one, told)
    urgent = topic_of(one.kind).at_any_hour
    outcomes = []
    for device_id, subscription in subscriptions.items():
        made = push.message(
            subscription, told=shown, key=key, contact=_contact(), urgent=urgent, now=now
        )
        outcomes.append(_push(caller, one.wallet_id, device_id, made))
    return _of_all(outcomes)


def _push(caller: Caller, wallet_id: UUID, device_id: UUID, made: push.Push) -> Outcome:
    try:
        answer = caller.once("POST", made.url, headers=made.headers, body=made.body)
    except AddressRefused as refused:
        devices.remove(wallet_id=wallet_id, device_id=device_id)
        return Outcome(refused.sentence, for_good=True)
    except CagnotteError as failed:
        return Outcome(failed.sentence)
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return DONE
    if answer.status in BYE:
        devices.remove(wallet_id=wallet_id, device_id=device_id)
        return Outcome("The browser is gone.", for_good=True)
    is_busy = (
        answer.status == HTTPStatus.TOO_MANY_REQUESTS
        or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    )
    return Outcome(f"The push service answered {answer.status}.", for_good=not is_busy)


def _of_all(outcomes: Iterable[Outcome]) -> Outcome:
    """Return how it went as a whole: well where any device has it, else the first that may work later."""
    found = sorted(outcomes, key=lambda one: (bool(one.sentence), one.for_good))
    return found[0]


def _contact() -> str:
    return str(settings.DEFAULT_FROM_EMAIL).rpartition("<")[2].strip().rstrip(">")
