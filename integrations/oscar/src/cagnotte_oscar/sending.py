"""Telling orders: signed after Standard Webhooks 1.0, and again until it is taken.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
import http.client
import json
import logging
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cagnotte_oscar import signing
from cagnotte_oscar.conf import Conf, conf
from cagnotte_oscar.content import TYPE, content_of
from cagnotte_oscar.models import OrderToTell

logger = logging.getLogger("cagnotte_oscar")

DELAYS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 24 * 3600)
)
"""How long to wait after a failure; the last one for ever. Nothing is given up."""

CLAIM = timedelta(minutes=2)
"""For so long an order that is being told is nobody else's to tell."""

ANSWER_BYTES_MAX = 1000


class Summary(NamedTuple):
    """What became of the orders that were due."""

    told: int
    failed: int


def now() -> datetime:
    """Return the time; the one place where it is read."""
    return timezone.now()  # noqa: TID251 - a shop's signals carry no time


def send_due(*, limit: int = 500) -> Summary:
    """Tell orders that are due, those that wait longest first."""
    due = OrderToTell.objects.filter(told__lt=F("changes"), due_at__lte=now())
    results = [send(pk) for pk in due.order_by("due_at").values_list("pk", flat=True)[:limit]]
    return Summary(results.count(True), results.count(False))


def send(order_id: int) -> bool | None:
    """Tell one order if it is due. Returns whether it was taken, None when there was nothing to tell."""
    known = conf()
    if not known.connected or not _claimed(order_id):
        return None
    with transaction.atomic():
        row = OrderToTell.objects.select_for_update().get(pk=order_id)
        content = content_of(row, known)
    digest = _digest(content)
    if digest == row.digest:
        _done(row, digest)
        return None
    error = _post(content, known)
    if error:
        _failed(row, error)
        return False
    _done(row, digest)
    return True


def _claimed(order_id: int) -> bool:
    """Take an order that is due, so that two senders do not tell it at once; a sender that dies gives it back."""
    due = OrderToTell.objects.filter(pk=order_id, told__lt=F("changes"), due_at__lte=now())
    return due.update(due_at=now() + CLAIM) == 1


def _digest(content: dict[str, Any]) -> str:
    facts = {name: value for name, value in content.items() if name != "version"}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _done(row: OrderToTell, digest: str) -> None:
    # What changed meanwhile is due at once; it is still above `told`.
    OrderToTell.objects.filter(pk=row.pk, told__lt=row.changes).update(
        told=row.changes, digest=digest, told_at=now(), due_at=now(), attempts=0, last_error=""
    )


def _failed(row: OrderToTell, error: str) -> None:
    delay = DELAYS[min(row.attempts, len(DELAYS) - 1)]
    logger.warning("Order %s was not told to Cagnotte: %s", row.order.number, error)
    OrderToTell.objects.filter(pk=row.pk).update(
        attempts=F("attempts") + 1, due_at=now() + delay, last_error=error[:300]
    )


# ---- over HTTP ----


def _post(content: dict[str, Any], known: Conf) -> str:
    """Send one message; return what went wrong, "" when it was taken."""
    at = now()
    body = json.dumps(
        {
            "type": TYPE,
            "timestamp": at.isoformat(),
            "data": {**content, "changed_at": at.isoformat()},
        }
    ).encode()
    # The same for each try of the same change, so that a repeat is known as one.
    message_id = f"{content['number']}.{content['version']}"
    request = urllib.request.Request(  # noqa: S310 - `_opener` knows http and https alone
        known.url, body, _headers(message_id, int(at.timestamp()), body, known.secret)
    )
    try:
        with _opener().open(request, timeout=known.timeout_seconds) as answer:
            answer.read(ANSWER_BYTES_MAX)
    except urllib.error.HTTPError as error:
        return f"status {error.code}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _headers(message_id: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": "cagnotte-oscar",
        **signing.headers(message_id, timestamp, body, secret),
    }


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A signed message goes where the shop says, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing; the answer is an error then."""


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
        _NoRedirects,
    ):
        opener.add_handler(handler())
    return opener
