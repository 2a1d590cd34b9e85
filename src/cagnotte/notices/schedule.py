"""When a delivery that failed is tried again, and when it is given up: the schedule of Standard Webhooks."""

from collections.abc import Callable
from datetime import datetime, timedelta

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        5,
        5 * 60,
        30 * 60,
        2 * 3600,
        5 * 3600,
        10 * 3600,
        14 * 3600,
        20 * 3600,
        24 * 3600,
    )
)
"""Between one attempt and the next, counted from the end of the first; the first is made at once."""

ATTEMPTS_MAX = len(WAITS) + 1
JITTER_PERCENT = 10
"""A wait is up to so much longer, so that those who failed together do not come back together."""

ASKED_WAIT_MAX = timedelta(hours=24)
"""The longest wait that a recipient may ask for (Retry-After)."""

FAILING_DAYS_MAX = 5
"""An endpoint that has answered nothing well for so long is switched off."""


def next_attempt(
    attempts: int, *, now: datetime, dice: Callable[[], float], asked_seconds: int | None = None
) -> datetime | None:
    """Return when to try again after so many attempts, None when it is given up.

    dice: a number from 0 to 1. asked_seconds: what the recipient asks to wait at least.
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    wait = WAITS[attempts - 1]
    if asked_seconds is not None:
        wait = max(wait, min(timedelta(seconds=asked_seconds), ASKED_WAIT_MAX))
    return now + wait * (1 + dice() * JITTER_PERCENT / 100)


def has_failed_too_long(failing_since: datetime, now: datetime) -> bool:
    """Tell whether an endpoint is to be switched off."""
    return now - failing_since >= timedelta(days=FAILING_DAYS_MAX)
