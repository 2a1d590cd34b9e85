"""A sheet of an Excel workbook as rows, read cell by cell with flat memory.

A cell becomes the text a person sees in it, without its looks: an amount of 12.40 is "12.4" and never
12.399999999999999, for Excel counts in binary fractions and shows fifteen digits of them; a date is 2026-11-20, with
its time where it has one. What a formula came to is not read: it is as old as the last program that computed it.
"""

import csv
import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.refusals import wrong_width
from cagnotte.purchases.reading.table_file import Row, TableFile

T = TypeVar("T")

DIGITS_MAX = 15
"""Excel keeps no more digits of a number."""
UNPACKED_BYTES_MAX = 2 << 30
"""A workbook that unpacks to more is none."""
HEADER_BYTES = 4_096
"""Where the declaration of a document type stands, if there is one."""
ROWS_MAX, COLUMNS_MAX = 1_048_576, 16_384
"""Of a sheet in Excel."""

_DIGITS = Context(prec=DIGITS_MAX)
_BROKEN = (
    OSError, EOFError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError, SyntaxError,
    AssertionError, zlib.error, zipfile.BadZipFile, struct.error, InvalidFileException,
)  # fmt: skip
"""What a damaged workbook makes its reader raise; bad XML is a SyntaxError."""


class XlsxFile(TableFile):
    """A sheet of a workbook, under a mapping: `sheet` by name, else the first; the header in row `header_row`.

    Raises InvalidInput when it is no workbook, has no such sheet, or a mapped column is missing.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        super().__init__(path, mapping)
        _check_package(path)
        for number, _, texts, _ in _sheet_rows(path, mapping.sheet):
            if number == mapping.header_row:
                while texts and not texts[-1]:
                    texts.pop()
                self.header = [text.strip() for text in texts]
            if number >= mapping.header_row:
                break
        self.check_header()

    def rows(self) -> Iterator[Row]:
        """Give (row number, the row as a line of CSV, its texts, what is wrong with it or None)."""
        width = len(self.header)
        for number, _, texts, error in _sheet_rows(self.path, self.mapping.sheet):
            if number <= self.mapping.header_row or not any(texts):
                continue
            beyond = [text for text in texts[width:] if text]
            row = [*texts[:width], *[""] * (width - len(texts))]
            wrong = error or (wrong_width(width + len(beyond), width) if beyond else None)
            yield number, as_csv(row), row, wrong


def _sheet_rows(path: Path, name: str) -> Iterator[Row]:
    """Give all rows that stand in a sheet, as wide as each is."""
    try:
        # Opened here: where a workbook is damaged, its reader forgets to close it.
        with path.open("rb") as stream, closing(_open(stream)) as book:
            sheet = _sheet(book, name, path)
            # What a sheet says of its size is often wrong; the rows themselves are not.
            sheet.reset_dimensions()
            rows = sheet.iter_rows()
            for number in range(1, ROWS_MAX + 1):
                cells = _quietly(lambda: next(rows, None))
                if cells is None:
                    return
                yield _row(number, cells)
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def _open(stream: BinaryIO) -> Workbook:
    return _quietly(lambda: load_workbook(stream, read_only=True))


def _unreadable(path: Path, error: Exception) -> InvalidInput:
    return InvalidInput(
        f"{path.name} cannot be read as a workbook of Excel (.xlsx): {str(error)[:200]}. "
        "What stands before it was taken.",
        path=str(path),
    )


def _sheet(book: Workbook, name: str, path: Path) -> Any:
    if not name:
        return book.worksheets[0]
    if name not in book.sheetnames:
        raise InvalidInput(
            f"{path.name} has no sheet “{name}”. Its sheets are: {', '.join(book.sheetnames)}.",
            path=str(path),
            sheet=name,
        )
    return book[name]


def _quietly(do: Callable[[], T]) -> T:
    """Do something without the reader's warnings about looks, charts and validations, which are none of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return do()


def _check_package(path: Path) -> None:
    """Refuse what is no workbook, unpacks to too much, or declares document types, which workbooks never do."""
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
            if sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
                raise InvalidInput(
                    f"{path.name} unpacks to more than a workbook can hold.", path=str(path)
                )
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with package.open(part) as stream:
                        if b"<!DOCTYPE" in stream.read(HEADER_BYTES):
                            raise InvalidInput(
                                f"{path.name} declares a document type in {part.filename}; no workbook does.",
                                path=str(path),
                            )
    except _BROKEN as error:
        raise InvalidInput(
            f"{path.name} is no workbook of Excel (.xlsx); one of the older kind (.xls) must be saved as .xlsx.",
            path=str(path),
        ) from error


def _row(number: int, cells: tuple[Any, ...]) -> Row:
    texts: list[str] = []
    error: InvalidRow | None = None
    for cell in cells[:COLUMNS_MAX]:
        try:
            texts.append(text_of(cell.value, cell.data_type))
        except InvalidRow as refused:
            texts.append("")
            error = error or InvalidRow(
                refused.reason, f"Cell {_place(cell)}: {refused.sentence}", cell=_place(cell)
            )
    return number, "", texts, error


def _place(cell: Any) -> str:
    return str(getattr(cell, "coordinate", "?"))


def text_of(value: object, kind: str) -> str:
    """Return what a cell says. kind: the cell's type in openpyxl. Raises InvalidRow for what says nothing certain."""
    if value is None:
        return ""
    if kind in _UNCERTAIN:
        raise InvalidRow("formula", _UNCERTAIN[kind])
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value)
    raise InvalidRow("bad_row", "this is neither text nor number nor date.")


def _clean(text: str) -> str:
    if "\x00" in text:
        raise InvalidRow("bad_row", "this holds a NUL character; the file may be damaged here.")
    return text


def _number(value: int | float) -> str:  # noqa: PYI041 - both are what openpyxl gives
    """Return a number as Excel shows it: fifteen digits, without zeros after them."""
    exact = Decimal(repr(value))
    if not exact.is_finite():
        raise InvalidRow("bad_row", "this is no number.")
    if isinstance(value, int) and len(str(abs(value))) > DIGITS_MAX:
        raise InvalidRow(
            "too_many_digits",
            f"{value} has more than {DIGITS_MAX} digits, of which Excel has lost the last; format the column as text.",
        )
    shown = format(_DIGITS.plus(exact), "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _moment(value: datetime) -> str:
    """Return a date, with its time to the second where it has one; parts of days are binary fractions, too."""
    rounded = (value + timedelta(milliseconds=500)).replace(microsecond=0)
    if rounded.time() == time():
        return rounded.date().isoformat()
    return rounded.isoformat()


_UNCERTAIN = {
    "f": "this is a formula; paste its values and save the workbook again.",
    "e": "this is a formula that failed.",
}
"""Types of cells that say nothing certain, with why."""
_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (str, _clean),
    ((int, float), _number),
    (datetime, _moment),
    ((date, time), lambda value: str(value.isoformat())),
)
"""How values are written; the first that fits. Lengths of time are among those that fit nowhere."""


def sheet_names(path: Path) -> list[str]:
    """Return the names of a workbook's sheets. Raises InvalidInput when it is none."""
    _check_package(path)
    try:
        with path.open("rb") as stream, closing(_open(stream)) as book:
            return [str(name) for name in book.sheetnames]
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def first_rows(path: Path, sheet: str = "") -> Iterator[tuple[int, list[str], InvalidRow | None]]:
    """Give the rows of a sheet, none of them a header: number, texts, what is wrong with it or None."""
    for number, _, texts, error in _sheet_rows(path, sheet):
        yield number, texts, error


def as_csv(row: list[str]) -> str:
    """Return a row as a line of CSV, which is what is kept of it."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


class XlsxRejects:
    """A workbook of rejected rows under the file's own header, all of them texts."""

    def __init__(self, path: Path, original: Path, mapping: Mapping) -> None:
        self._path = path
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(mapping.sheet or "Sheet1")
        for _ in range(mapping.header_row - 1):
            self._sheet.append([])
        self._sheet.append(XlsxFile(original, mapping).header)

    def write(self, raw: str) -> None:
        """Add rows, given as lines of CSV."""
        for row in csv.reader(io.StringIO(raw, newline="")):
            self._sheet.append(row)

    def close(self) -> None:
        """Write the workbook."""
        self._book.save(self._path)
