"""Asking a shop for the orders that changed: page by page, oldest change first, going on where the last poll ended."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cagnotte.extras.sources.networks import asking
from cagnotte.hooks.sources import Message, Polled, Setting, SourceContext, SourceFailed

HISTORY = Setting("history_days", "How many days back the first poll goes; a number.", default="30")
TICK = timedelta(seconds=1)
"""Shops tell times of change in whole seconds, so several orders may share one."""


class Page(NamedTuple):
    """What one call brought. changed: when its orders last changed, oldest first. full: there may be more."""

    messages: Sequence[Message]
    changed: Sequence[datetime]
    full: bool


def since(
    context: SourceContext, cursor: Mapping[str, Any], *, again: timedelta, name: str = "since"
) -> datetime:
    """Return from when on changes are asked for: `again` before the latest that is known.

    A change may be written while a page is read, and shops' clocks differ from ours.
    """
    told = cursor.get(name)
    if told is not None:
        return datetime.fromisoformat(told) - again
    return context.now - timedelta(days=asking.history_days(context))


def sweep(
    start: datetime,
    cursor: Mapping[str, Any],
    ask: Callable[[datetime, int], Page],
    *,
    name: str = "since",
) -> Iterator[Polled]:
    """Yield pages until one is not full. ask: fetches the page of that number (from 1) of changes since a moment.

    After each page the next one is asked from the second of its last change on, so that orders that change meanwhile,
    and leave their page, push no other order off. Where a whole page shares one second, the next page is asked for.
    Raises SourceFailed when a page is not in the order of changes, since then some would be passed over.
    """
    reached, number = start, 1
    known = dict(cursor)
    while True:
        page = ask(reached, number)
        if list(page.changed) != sorted(page.changed):
            raise SourceFailed("The shop does not list what changed in the order of the changes.")
        if page.changed:
            last = known.get(name, "")
            known[name] = max(last, page.changed[-1].astimezone(UTC).isoformat())
        yield Polled(page.messages, dict(known))
        if not (page.full and page.changed):
            return
        step = page.changed[-1] - TICK
        reached, number = (step, 1) if step > reached else (reached, number + 1)
