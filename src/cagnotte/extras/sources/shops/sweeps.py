"""Pages of a shop's orders: asked for by their last change, oldest first, and read one by one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from cagnotte.domain.errors import InvalidInput
from cagnotte.extras.sources.networks import asking
from cagnotte.hooks.sources import (
    Message,
    Polled,
    Read,
    Setting,
    SourceContext,
    SourceFailed,
    Unreadable,
)

Order = TypeVar("Order")

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


def each(
    orders: Iterable[Order],
    read: Callable[[Order], Iterable[Read]],
    name: Callable[[Order], object],
) -> Iterator[Read]:
    """Read the orders of a page one by one; one that cannot be read is told by its name, and the others are taken."""
    for order in orders:
        try:
            found = list(read(order))
        except InvalidInput as error:
            found = [Unreadable(error.code, error.sentence, f"order {name(order)}"[:100])]
        yield from found


def id_of(row: object) -> object:
    """Return what a row of JSON calls itself, for `each`."""
    return row.get("id") if isinstance(row, Mapping) else "without a name"
