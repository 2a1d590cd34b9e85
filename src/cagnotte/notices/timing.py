"""When a letter may leave: quiet hours, and the hours of digests, in the programme's own zone."""

from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cagnotte.notices.kinds import Mode, Topic

GATHER = timedelta(minutes=1)
"""Letters wait so long for others of their kind: what one file brings is one mail."""

WEEKLY_ON = 0
"""Weekly digests go out on Mondays."""

RETRY_WAITS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 6 * 60, 12 * 60, 24 * 60)
)
"""Between one attempt to send a letter and the next; after the last it is given up."""


class Quiet(NamedTuple):
    """Hours of the day, 0 to 23, between which nothing is sent; ends: also when digests are sent."""

    kept: bool = True
    begins: int = 21
    ends: int = 8

    def holds_at(self, hour: int) -> bool:
        """Tell whether an hour of the day is quiet; a night goes past midnight."""
        if not self.kept or self.begins == self.ends:
            return False
        if self.begins < self.ends:
            return self.begins <= hour < self.ends
        return hour >= self.begins or hour < self.ends


USUAL_QUIET = Quiet()


def send_at(topic: Topic, mode: Mode, quiet: Quiet, *, zone: str, now: datetime) -> datetime:
    """Return when a letter about a topic may be sent at the earliest."""
    here = ZoneInfo(zone)
    if mode in {Mode.DAILY, Mode.WEEKLY}:
        return _digest_at(mode, quiet, here, now)
    if topic.at_any_hour:
        return now
    soon = now + GATHER
    local = soon.astimezone(here)
    if not quiet.holds_at(local.hour):
        return soon
    return _next(local, quiet.ends, here).astimezone(now.tzinfo)


def _digest_at(mode: Mode, quiet: Quiet, here: ZoneInfo, now: datetime) -> datetime:
    at = _next(now.astimezone(here), quiet.ends, here)
    while mode is Mode.WEEKLY and at.weekday() != WEEKLY_ON:
        at = _next(at, quiet.ends, here)
    return at.astimezone(now.tzinfo)


def _next(local: datetime, hour: int, here: ZoneInfo) -> datetime:
    """Return the next time a clock on the wall shows an hour."""
    today = datetime.combine(local.date(), time(hour), here)
    return today if today > local else datetime.combine(today + timedelta(days=1), time(hour), here)


def retry_at(attempts: int, *, now: datetime) -> datetime | None:
    """Return when to try again after so many attempts (1, 2 …), None when it is given up."""
    return now + RETRY_WAITS[attempts - 1] if attempts <= len(RETRY_WAITS) else None
