"""Windows of time: how a network is asked for months of orders when one call may span only so many days.

A network is asked by one date or several: when an order was placed, when it last changed. Each way of asking is a
`Sweep`. `walk` cuts what is to be asked now into windows, and keeps in the cursor where it stands:

    for window in windows.walk(SWEEPS, context.now, cursor, history_days=120):
        page = window.page
        while True:
            messages, page = ...  # ask for this page of this window; the next page, or None after the last
            yield Polled(messages, window.cursor(page))
            if page is None:
                break

A poll that fails goes on at the same page of the same window. When all windows are done, the next poll begins
`again_days` before where this one ended, so that an order told late or changed without a sign is seen again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cagnotte.domain.errors import InvalidInput


class Sweep(NamedTuple):
    """One way of asking a source for orders.

    Attributes:
        name: of the date that is asked by; its place in the cursor.
        days: how many days one call may span at most.
        again_days: how long before the end of the last sweep this one begins.
        every_hours: how long after the last sweep this one is due; 0 = at every poll.
        history: whether its first sweep asks for the history; False = another one does, and it waits for its hour.
    """

    name: str
    days: int
    again_days: int
    every_hours: int = 0
    history: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time to ask for, from `start` until just before `end`, both aware.

    page: where to go on inside it, as the plugin left it; None = at its beginning. until: the end of its sweep.
    done: until when each sweep was done before this window. more: whether other sweeps follow in this poll.
    """

    sweep: Sweep
    start: datetime
    end: datetime
    page: Any
    until: datetime
    done: Mapping[str, str]
    more: bool

    @property
    def last(self) -> datetime:
        """The last whole second of the window, for sources that count the end in."""
        return self.end - timedelta(seconds=1)

    def cursor(self, page: Any) -> dict[str, Any]:
        """Return the cursor once what was asked so far is kept. page: the one to be asked next, None after the last."""
        if page is None and self.end >= self.until:
            done = {**self.done, self.sweep.name: _text(self.until)}
            return (
                {"done": done, "run": {"until": _text(self.until)}} if self.more else {"done": done}
            )
        start = self.start if page is not None else self.end
        run = {"sweep": self.sweep.name, "start": _text(start), "until": _text(self.until)}
        return {"done": dict(self.done), "run": run if page is None else {**run, "page": page}}


def walk(
    sweeps: Sequence[Sweep],
    now: datetime,
    cursor: Mapping[str, Any],
    *,
    history_days: int,
    zone: ZoneInfo | None = None,
) -> Iterator[Window]:
    """Yield the windows that are to be asked now, oldest first, sweep by sweep; what was left off comes first.

    history_days: how far back the first sweep of each kind begins. zone: windows are whole days of this zone, midnight
    to midnight, so that no boundary falls into an hour that a clock repeats; None = they are spans of UTC.
    Raises InvalidInput for a cursor of another shape.
    """
    now = now.astimezone(UTC)
    try:
        done = {sweep.name: _text(now) for sweep in sweeps if not sweep.history}
        done |= {str(name): str(text) for name, text in cursor.get("done", {}).items()}
        todo = list(_todo(sweeps, now, done, cursor.get("run") or {}, history_days))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidInput("The cursor is not one of these windows.", cursor=dict(cursor)) from None
    for place, (sweep, beginning, until, left_at) in enumerate(todo, 1):
        page = left_at
        for start, end in _spans(sweep, beginning, until, zone):
            yield Window(sweep, start, end, page, until, dict(done), more=place < len(todo))
            page = None
        done[sweep.name] = _text(until)


def _todo(
    sweeps: Sequence[Sweep],
    now: datetime,
    done: Mapping[str, str],
    run: Mapping[str, Any],
    history_days: int,
) -> Iterator[tuple[Sweep, datetime, datetime, Any]]:
    """Return each sweep that is due with its beginning, its end and its page; the one left off first."""
    left_off = run.get("sweep")
    for sweep in sorted(sweeps, key=lambda one: one.name != left_off):
        if sweep.name == left_off:
            yield sweep, _moment(run["start"]), _moment(run["until"]), run.get("page")
        elif run and done.get(sweep.name) == run["until"]:
            continue  # asked before the poll was left off
        elif _due(sweep, done, now):
            yield sweep, _begin(sweep, done, now, history_days), now, None


def _due(sweep: Sweep, done: Mapping[str, str], now: datetime) -> bool:
    before = done.get(sweep.name)
    return before is None or now - _moment(before) >= timedelta(hours=sweep.every_hours)


def _begin(sweep: Sweep, done: Mapping[str, str], now: datetime, history_days: int) -> datetime:
    before = done.get(sweep.name)
    if before is None:
        return now - timedelta(days=history_days)
    return _moment(before) - timedelta(days=sweep.again_days)


def _spans(
    sweep: Sweep, start: datetime, until: datetime, zone: ZoneInfo | None
) -> Iterator[tuple[datetime, datetime]]:
    """Cut a sweep into spans; with whole days the last may end after `until`."""
    start = _day(start, zone)
    while start < until:
        end = min(_later(start, sweep.days, zone), _day_after(until, zone))
        yield start, end
        start = end


def _later(start: datetime, days: int, zone: ZoneInfo | None) -> datetime:
    """Return the moment so many days later: on the zone's clock, where there is one."""
    if zone is None:
        return start + timedelta(days=days)
    day = start.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(), zone)


def _day(moment: datetime, zone: ZoneInfo | None) -> datetime:
    return moment if zone is None else _later(moment, 0, zone)


def _day_after(moment: datetime, zone: ZoneInfo | None) -> datetime:
    """Return the midnight that ends the day of a moment; a midnight ends the day before it."""
    midnight = _day(moment, zone)
    return midnight if zone is None or midnight == moment else _later(moment, 1, zone)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
