"""Lists, a page at a time: what is iterated over asks for the next page when it needs one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cagnotte_client.calls import Call

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list.

    next_cursor: give it as `cursor` to go on from here, in another process too; None on the last page.
    """

    data: list[T]
    next_cursor: str | None

    @property
    def has_more(self) -> bool:
        """Whether there are rows after these."""
        return self.next_cursor is not None


def _page(answer: dict[str, Any]) -> Page[Any]:
    return Page(answer["data"], answer["next_cursor"] if answer["has_more"] else None)


class Pages(Generic[T]):
    """A list. Nothing is asked before it is iterated over; iterated over again, it is asked for again."""

    def __init__(self, send: Callable[[Call[Any]], Any], call: Call[Any]) -> None:
        self._send = send
        self._call = call

    def __iter__(self) -> Iterator[T]:
        """Go through all rows, page after page."""
        for page in self.pages():
            yield from page.data

    def pages(self) -> Iterator[Page[T]]:
        """Go through the pages."""
        page = self.page()
        yield page
        while page.next_cursor is not None:
            page = _page(self._send(self._call.at(page.next_cursor)))
            yield page

    def page(self) -> Page[T]:
        """Return the first page, or the one that the argument `cursor` names."""
        return _page(self._send(self._call))

    def first(self) -> T | None:
        """Return the first row, None when there is none."""
        return next(iter(self.page().data), None)


class AsyncPages(Generic[T]):
    """A list, as `Pages`, for `async for`."""

    def __init__(self, send: Callable[[Call[Any]], Awaitable[Any]], call: Call[Any]) -> None:
        self._send = send
        self._call = call

    async def __aiter__(self) -> AsyncIterator[T]:
        """Go through all rows, page after page."""
        async for page in self.pages():
            for row in page.data:
                yield row

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Go through the pages."""
        page = await self.page()
        yield page
        while page.next_cursor is not None:
            page = _page(await self._send(self._call.at(page.next_cursor)))
            yield page

    async def page(self) -> Page[T]:
        """Return the first page, or the one that the argument `cursor` names."""
        return _page(await self._send(self._call))

    async def first(self) -> T | None:
        """Return the first row, None when there is none."""
        return next(iter((await self.page()).data), None)
