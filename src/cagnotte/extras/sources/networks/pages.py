"""Pages of what networks answer: asked for one after the other, the next one found, fields picked out of rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from cagnotte.extras.sources.networks import asking, windows
from cagnotte.hooks import reading
from cagnotte.hooks.sources import Message, Polled, SourceContext, SourceFailed

Ask = Callable[[windows.Window, Any], tuple[Sequence[Message], Any]]
"""Asks for a page of a window, None for its first, and returns what it tells and the next page, None after the last."""


def asked(
    sweeps: Sequence[windows.Sweep],
    context: SourceContext,
    cursor: Mapping[str, Any],
    ask: Ask,
    *,
    zone: ZoneInfo | None = None,
) -> Iterator[Polled]:
    """Ask for all pages of all windows that are due; the settings have `asking.HISTORY`."""
    history_days = asking.history_days(context)
    for window in windows.walk(sweeps, context.now, cursor, history_days=history_days, zone=zone):
        page = window.page
        while True:
            messages, page = ask(window, page)
            yield Polled(messages, window.cursor(page))
            if page is None:
                break


def picked(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the named fields of a row as a piece's data holds them; those missing, null or empty are left out."""
    return {name: reading.plain(row[name]) for name in names if row.get(name) not in (None, "")}


def listed(told: Any, path: str, title: str) -> list[Any]:
    """Return the list at a dotted path of an answer that must have one. Raises SourceFailed."""
    try:
        found = reading.dig(told, path)
    except reading.Misread:
        found = None
    if not isinstance(found, list):
        raise SourceFailed(f"{title} answered without “{path}”.")
    return found


def next_page(address: str, api_url: str) -> str:
    """Return the whole address of a next page as the network named it.

    Raises SourceFailed when it leads to another server: the credentials are for this one.
    """
    whole = urljoin(api_url, address)
    if urlsplit(whole)[:2] != urlsplit(api_url)[:2]:
        raise SourceFailed("The next page is on another server.")
    return whole
