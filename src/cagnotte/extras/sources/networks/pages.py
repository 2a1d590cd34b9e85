"""Pages of what networks answer: the fields that are kept of a row, and where the next page is."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from cagnotte.hooks import reading
from cagnotte.hooks.sources import SourceFailed


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
