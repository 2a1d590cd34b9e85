"""A CSV file as rows, each with its raw text and what is wrong with it."""

import csv
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.refusals import nul_character, wrong_encoding, wrong_width
from cagnotte.purchases.reading.texts import misencoded, open_text

ORDER_KEY = ("source_id", "merchant", "order_ref")
"""The fields by which rows of the same order are known."""

Key = tuple[str, ...] | str
"""What tells the order of a row, or, when the row is cut off there, the beginning of its order reference."""

Take = Callable[[list[str]], tuple[str, ...]]
"""What picks some columns of a row."""

Row = tuple[int, str, list[str], InvalidRow | None]
"""Line number, raw text, fields, what is wrong with it or None."""

COLUMNS_SHOWN_MAX = 40
"""Columns of a file named in a sentence; a file that is no table may seem to have thousands."""

csv.field_size_limit(1_000_000)


class CsvFile:
    """A CSV file whose first row names its columns, under a mapping.

    Attributes:
        header: the columns' names. unread: those that the mapping does not name.
    Raises InvalidInput when a mapped column is missing or the file has no header.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping
        self.unread: list[str] = []
        self.header: list[str] = []
        self._read_header()

    def open(self) -> TextIO:
        """Open the file as text."""
        return open_text(self.path, self.mapping.encoding)

    def _read_header(self) -> None:
        with self.open() as stream:
            try:
                self.header = next(csv.reader(stream, delimiter=self.mapping.delimiter), [])
            except csv.Error as error:
                raise InvalidInput(
                    f"{self.path.name} is no CSV file: {error}.", path=str(self.path)
                ) from error
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
        self.unread = [_readable(name) for name in self.header if name not in mapped.values()]

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

    def rows(self) -> Iterator[Row]:
        """Give (line number, raw text, what it was split into, what is wrong with it or None)."""
        width = len(self.header)
        pending: list[str] = []
        with self.open() as stream:
            lines = _remembering(stream, pending, self.path, self.mapping.encoding)
            # Strict: a quote that is never closed is an error, not a field that takes in the rest of the file.
            reader = csv.reader(lines, delimiter=self.mapping.delimiter, strict=True)
            next(reader)
            pending.clear()
            while True:
                number = reader.line_num + 1
                try:
                    row = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raw = "".join(pending)
                    pending.clear()
                    yield number, raw, [], InvalidRow("bad_row", f"This row is no CSV: {error}.")
                    continue
                raw = pending[0] if len(pending) == 1 else "".join(pending)
                pending.clear()
                if len(row) == width and raw.isascii() and "\x00" not in raw:
                    yield number, raw, row, None
                elif row:
                    yield number, raw, row, self._fault(raw, len(row), width)

    def _fault(self, raw: str, found: int, width: int) -> InvalidRow | None:
        """Return what is wrong with a row, None when nothing is."""
        if found != width:
            return wrong_width(found, width)
        if "\x00" in raw:
            return nul_character()
        if not raw.isascii() and misencoded(raw):
            return wrong_encoding(self.mapping.encoding)
        return None


def _remembering(stream: TextIO, pending: list[str], path: Path, encoding: str) -> Iterator[str]:
    append = pending.append
    try:
        for line in stream:
            append(line)
            yield line
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{path.name} is not {encoding} from some row on; what stands before it was taken. Say which encoding "
            "the file has in the mapping of its source.",
            path=str(path),
        ) from error


def _shown(names: list[str]) -> str:
    """Return names for a sentence, few enough and readable, whatever the file is."""
    shown = [_readable(name) for name in names[:COLUMNS_SHOWN_MAX]]
    return ", ".join(shown) + (" …" if len(names) > COLUMNS_SHOWN_MAX else "")


def _readable(name: str) -> str:
    """Return a column's name with a mark for each character that is none."""
    return "".join([letter if letter.isprintable() else "\ufffd" for letter in name[:100]])
