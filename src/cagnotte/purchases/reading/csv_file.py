"""A CSV file as rows, each with its raw text and what is wrong with it."""

import contextlib
import csv
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.refusals import nul_character, wrong_encoding, wrong_width
from cagnotte.purchases.reading.table_file import ORDER_KEY, Row, TableFile
from cagnotte.purchases.reading.texts import misencoded, open_text

csv.field_size_limit(1_000_000)


class CsvFile(TableFile):
    """A CSV file whose first row names its columns, under a mapping.

    Raises InvalidInput when a mapped column is missing or the file has no header.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        super().__init__(path, mapping)
        with self.open() as stream:
            try:
                self.header = next(csv.reader(stream, delimiter=mapping.delimiter), [])
            except csv.Error as error:
                raise InvalidInput(
                    f"{path.name} is no CSV file: {error}.", path=str(path)
                ) from error
        self.check_header()

    def open(self) -> TextIO:
        """Open the file as text."""
        return open_text(self.path, self.mapping.encoding)

    def key_runs(self) -> Iterator[int]:
        """Give the hash of each run of rows with the same key, without a step of Python for each row.

        Raises IndexError or csv.Error in a damaged file.
        """
        fields = self.mapping.fields
        places = [self.header.index(fields[name]) for name in ORDER_KEY if name in fields]
        with self.open() as stream:
            reader = csv.reader(stream, delimiter=self.mapping.delimiter, strict=True)
            next(reader)
            # Where the text ends in what is no character, what stands before it will be taken.
            with contextlib.suppress(UnicodeDecodeError):
                for key, _ in groupby(filter(None, reader), itemgetter(*places)):
                    yield hash(key)

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
