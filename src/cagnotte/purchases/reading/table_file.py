"""A file of rows under named columns, whatever it is written in: what joining rows to orders needs of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.purchases.mapping import Mapping

ORDER_KEY = ("source_id", "merchant", "order_ref")
"""The fields by which rows of the same order are known."""

Key = tuple[str, ...] | str
"""What tells the order of a row, or, when the row is cut off there, the beginning of its order reference."""

Take = Callable[[list[str]], tuple[str, ...]]
"""What picks some columns of a row."""

Row = tuple[int, str, list[str], InvalidRow | None]
"""Row number, raw text, fields, what is wrong with it or None."""

COLUMNS_SHOWN_MAX = 40
"""Columns of a file named in a sentence; a file that is no table may seem to have thousands."""


class TableFile(ABC):
    """Rows under a header, under a mapping.

    Attributes:
        header: the columns' names. unread: those that the mapping does not name.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping
        self.unread: list[str] = []
        self.header: list[str] = []

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Give (row number, raw text, what it was split into, what is wrong with it or None)."""

    def check_header(self) -> None:
        """Look the mapped columns up. Raises InvalidInput when one is missing or the file has no header."""
        if not self.header:
            raise InvalidInput(
                f"{self.path.name} is empty; its first row must name the columns.",
                path=str(self.path),
            )
        mapped = {**self.mapping.fields, **self.mapping.line_fields}
        for ours, theirs in mapped.items():
            if theirs not in self.header:
                raise InvalidInput(
                    f"{self.path.name} has no column “{theirs}”, which the source “{self.mapping.ref}” reads as "
                    f"{ours}. Its columns are: {_shown(self.header)}.",
                    path=str(self.path),
                    column=theirs,
                )
        self.unread = [readable(name) for name in self.header if name not in mapped.values()]

    def columns(self, names: dict[str, str]) -> Take:
        """Return what picks the columns of some of our fields, in their order."""
        places = [self.header.index(theirs) for theirs in names.values()]
        if len(places) == 1:
            only = places[0]
            return lambda row: (row[only],)
        return itemgetter(*places)

    def line_columns(self) -> Take | None:
        """Return what picks the columns of a line, None where orders have no lines."""
        return self.columns(self.mapping.line_fields) if self.mapping.line_fields else None

    def order_key(self) -> Callable[[list[str]], Key]:
        """Return how to tell a row's order: its key, or what is there of its last part when the row is cut off."""
        fields = self.mapping.fields
        columns = {name: fields[name] for name in ORDER_KEY if name in fields}
        take, last = self.columns(columns), self.header.index(columns["order_ref"])
        width = 2 + max(self.header.index(theirs) for theirs in columns.values())
        full = len(self.header)

        def key_of(row: list[str]) -> Key:
            if len(row) == full or len(row) >= width:
                return take(row)
            return row[last] if len(row) > last else ""

        return key_of

    def key_runs(self) -> Iterator[int]:
        """Give the hash of each run of rows with the same key. Raises IndexError in a damaged file."""
        take = self.columns(
            {name: self.mapping.fields[name] for name in ORDER_KEY if name in self.mapping.fields}
        )
        for key, _ in groupby(take(row) for _, _, row, _ in self.rows()):
            yield hash(key)


def _shown(names: list[str]) -> str:
    """Return names for a sentence, few enough and readable, whatever the file is."""
    shown = [readable(name) for name in names[:COLUMNS_SHOWN_MAX]]
    return ", ".join(shown) + (" …" if len(names) > COLUMNS_SHOWN_MAX else "")


def readable(name: str) -> str:
    """Return a column's name with a mark for each character that is none."""
    return "".join([letter if letter.isprintable() else "\ufffd" for letter in name[:100]])
