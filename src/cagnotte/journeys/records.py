"""Flat records of a file, such as members and products: what became of each, and the checks of their texts."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeVar

from cagnotte.domain.errors import InvalidRow

CHUNK_ROWS = 10_000
"""Records written in one database transaction."""

TEXT_LENGTH_MAX = 200

T = TypeVar("T")

Row = tuple[int, dict[str, str]]
"""Its line in the file, and its texts by our field names; fields the file does not have are absent."""

Progress = Callable[[int], object]
"""Told the number of records done since it was last told."""


class Rejected(NamedTuple):
    """A record that was not taken: its line, the reason's code, and a sentence."""

    line: int
    reason: str
    sentence: str


@dataclass(slots=True)
class Summary:
    """What became of the records of a file."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def chunks(rows: Iterable[T], size: int = CHUNK_ROWS) -> Iterator[list[T]]:
    """Cut rows into lists of `size`, the last one shorter."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk


def read_chunk(
    rows: Iterable[Row], read: Callable[[int, dict[str, str]], T], rejected: list[Rejected]
) -> list[T]:
    """Read each row; those that raise InvalidRow go to `rejected`."""
    good: list[T] = []
    for line, fields in rows:
        try:
            good.append(read(line, fields))
        except InvalidRow as error:
            rejected.append(Rejected(line, str(error.reason), error.sentence))
    return good


def text_of(fields: dict[str, str], name: str, *, longest: int = TEXT_LENGTH_MAX) -> str | None:
    """Return a field without the spaces around it, None when the file does not have it. Raises InvalidRow."""
    text = fields.get(name)
    if text is None:
        return None
    text = text.strip()
    if len(text) > longest:
        raise InvalidRow(
            "too_long", f"{name} has {len(text)} letters; at most {longest} fit.", field=name
        )
    if not text.isprintable():
        raise InvalidRow("bad_text", f"{name} holds control characters.", field=name)
    return text


def needed(fields: dict[str, str], name: str, *, longest: int = 100) -> str:
    """Return a field that must not be empty. Raises InvalidRow."""
    text = text_of(fields, name, longest=longest)
    if not text:
        raise InvalidRow("missing", f"{name} is empty.", field=name)
    return text
