"""What listeners share: what an answer of a service means for what it was told, and telling it in turn.

Nothing is given up for a reason that a person can mend: a wrong key or a missing field of the service puts events
off, so that they are told once it is mended.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NamedTuple, TypeVar

from cagnotte.hooks import reading
from cagnotte.hooks.listeners import Became, Event, Outcome, alike
from cagnotte.hooks.sources import HttpAnswer

DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.LOCKED, HTTPStatus.TOO_MANY_REQUESTS})
"""Statuses that say nothing against what was told."""

SENTENCE_LENGTH_MAX = 300

_SECONDS = re.compile(r"\d{1,9}(\.\d+)?", re.ASCII)

Batch = TypeVar("Batch")


class Verdict(NamedTuple):
    """What becomes of all events of a request."""

    became: Became
    sentence: str = ""
    retry_after_seconds: int | None = None

    def of(self, events: Iterable[Event]) -> Iterator[Outcome]:
        """Say it of each event."""
        return alike(
            list(events),
            self.became,
            self.sentence,
            retry_after_seconds=self.retry_after_seconds,
        )


def verdict(service: str, answer: HttpAnswer, *, retry_after_seconds: int | None = None) -> Verdict:
    """Judge a request by the status of its answer.

    retry_after_seconds: what the service says in words of its own; its header Retry-After goes before.
    """
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Verdict(Became.SENT)
    said = f"{service} answered {answer.status}{_said(answer)}"
    if answer.status < HTTPStatus.BAD_REQUEST:
        return Verdict(Became.LATER, f"{said} It leads elsewhere; look at its address.")
    if answer.status in DENIED:
        return Verdict(Became.LATER, f"{said} Look at the key and what it may do.")
    if answer.status in PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        told = retry_after(answer)
        return Verdict(Became.LATER, said, retry_after_seconds if told is None else told)
    return Verdict(Became.REFUSED, said)


def retry_after(answer: HttpAnswer) -> int | None:
    """Return the seconds of a header Retry-After, also of one that names a moment; None without one."""
    told = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(told):
        return math.ceil(float(told))
    try:
        until = parsedate_to_datetime(told)
        seconds = (until - parsedate_to_datetime(answer.headers["date"])).total_seconds()
    except (ValueError, TypeError, KeyError):
        return None
    return max(0, math.ceil(seconds))


def message(answer: HttpAnswer) -> str:
    """Return what a JSON answer says in its `message`, "" when it says nothing."""
    try:
        return reading.text(reading.read_json(answer.body), "message", default="", length_max=5000)
    except reading.Misread:
        return ""


def _said(answer: HttpAnswer) -> str:
    told = message(answer)
    return f": {told[:SENTENCE_LENGTH_MAX]}" if told else "."


def in_turn(
    batches: Sequence[Batch],
    tell: Callable[[Batch], Iterable[Outcome]],
    events_of: Callable[[Batch], Iterable[Event]],
) -> Iterator[Outcome]:
    """Tell batches one after another. Once one is put off, so are those behind it, without being tried."""
    for number, batch in enumerate(batches):
        put_off: Outcome | None = None
        for outcome in tell(batch):
            yield outcome
            if outcome.became is Became.LATER:
                put_off = outcome
        if put_off is not None:
            rest = Verdict(put_off.became, put_off.sentence, put_off.retry_after_seconds)
            for later in batches[number + 1 :]:
                yield from rest.of(events_of(later))
            return
