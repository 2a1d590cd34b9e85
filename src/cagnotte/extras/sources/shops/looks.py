"""Asking a shop that does not count every event as a change of its order: now and then, all recent orders again.

Some shops keep the time at which an order last changed, and leave it alone when money is given back. Their polls ask
for what changed, as others do, and once a day for everything that is recent.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from cagnotte.extras.sources.shops import sweeps
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import Polled, Setting, SourceContext, SourceFailed

HISTORY = Setting(
    "history_days",
    "How many days back the first poll goes, and each day the look for refunds; a number.",
    default="120",
)
LOOK_EVERY = timedelta(days=1)

Ask = Callable[[datetime, int], sweeps.Page]


def poll(
    context: SourceContext, cursor: Mapping[str, Any], ask: Ask, *, again: timedelta
) -> Iterator[Polled]:
    """Yield pages of what changed since the cursor, or, a day after the last look, of all recent orders.

    A look that breaks off goes on where it was. ask, again: as for `sweeps`. Raises SourceFailed, also for an answer
    that cannot be read.
    """
    ask = readable(ask)
    looked = cursor.get("looked_at")
    if looked and context.now - datetime.fromisoformat(looked) < LOOK_EVERY:
        yield from sweeps.sweep(sweeps.since(context, cursor, again=again), cursor, ask)
        return
    known = cursor
    start = sweeps.since(context, cursor, again=again, name="looking")
    for page in sweeps.sweep(start, cursor, ask, name="looking"):
        known = page.cursor
        yield page
    done = {name: value for name, value in known.items() if name != "looking"}
    if "looking" in known:
        done["since"] = known["looking"]
    yield Polled([], {**done, "looked_at": context.now.isoformat()})


def readable(ask: Ask) -> Ask:
    """Return the same question, which raises SourceFailed where its answer cannot be read."""

    def asked(since: datetime, number: int) -> sweeps.Page:
        try:
            return ask(since, number)
        except Misread as error:
            raise SourceFailed(f"The shop answered something else: {error.sentence}") from None

    return asked
