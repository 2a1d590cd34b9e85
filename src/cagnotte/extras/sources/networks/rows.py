"""Rows of what a network answered: the fields that are kept of each, and rows that cannot be read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from cagnotte.hooks import reading
from cagnotte.hooks.sources import Read, SourceFailed, Unreadable


def picked(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the named fields of a row as a piece's data holds them; those missing, null or empty are left out."""
    return {name: reading.plain(row[name]) for name in names if row.get(name) not in (None, "")}


def each(
    rows: Iterable[Any], what: str, read: Callable[[Mapping[str, Any]], Read]
) -> Iterator[Read]:
    """Read rows one by one; one that cannot be read is told as such, and the others are taken.

    what: what a row is called, such as "action".
    """
    for number, row in enumerate(rows, 1):
        where = f"{what} {number}"
        try:
            yield read(reading.mapping(row, where))
        except reading.Misread as error:
            yield Unreadable("misread", error.sentence, where)


def next_page(address: str, api_url: str) -> str:
    """Return the whole address of a next page as the network named it.

    Raises SourceFailed when it leads to another server: the credentials are for this one.
    """
    whole = urljoin(api_url, address)
    if urlsplit(whole)[:2] != urlsplit(api_url)[:2]:
        raise SourceFailed("The next page is on another server.")
    return whole
