"""Files of purchases, read order by order with flat memory: CSV and JSON Lines.

Nothing is understood here: an order is the texts of its fields and lines, with the raw bytes and the place
they came from. What cannot even be split into fields becomes a `Broken` with its reason.
"""

import csv
import json
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.purchases.mapping import ROWS, Mapping

LINES_MAX = 10_000
"""An order with more lines than this is taken for a file grouped by the wrong column."""

csv.field_size_limit(1_000_000)


class OrderText(NamedTuple):
    """One order as the file has it: fields by our names, lines as tuples in the order of `line_names`."""

    row_number: int
    raw: str
    fields: dict[str, str]
    lines: list[tuple[str, ...]]


class Broken(NamedTuple):
    """What stands in the file and cannot be read as an order."""

    row_number: int
    raw: str
    error: InvalidRow


class OrderFile:
    """A file of orders under a mapping. Iterating gives `OrderText` and `Broken` in the file's order.

    Attributes:
        line_names: our names of the fields in each line tuple.
        unread: columns of the file that the mapping does not name.
    Raises InvalidInput when a mapped column is missing or the file has no header.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping
        self.unread: list[str] = []
        self.header: list[str] = []
        self.line_names = tuple(mapping.line_fields) or ("amount",)
        if mapping.format == "csv":
            self._open_csv()

    def __iter__(self) -> Iterator[OrderText | Broken]:
        if self.mapping.format == "csv":
            return self._csv_orders()
        return self._json_orders()

    # ---- CSV ----

    def _text(self) -> TextIO:
        encoding = (
            "utf-8-sig"
            if self.mapping.encoding.lower() in ("utf-8", "utf8")
            else self.mapping.encoding
        )
        try:
            return self.path.open(encoding=encoding, errors="surrogateescape", newline="")
        except OSError as error:
            raise InvalidInput(
                f"{self.path} cannot be read: {error.strerror}.", path=str(self.path)
            ) from error

    def _open_csv(self) -> None:
        with self._text() as stream:
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
                    f"{ours}. Its columns are: {', '.join(self.header)}.",
                    path=str(self.path),
                    column=theirs,
                )
        self.unread = [name for name in self.header if name not in mapped.values()]

    def _columns(self, names: dict[str, str]) -> Callable[[list[str]], tuple[str, ...]]:
        places = [self.header.index(theirs) for theirs in names.values()]
        if len(places) == 1:
            only = places[0]
            return lambda row: (row[only],)
        return itemgetter(*places)

    def _csv_orders(self) -> Iterator[OrderText | Broken]:
        """Group consecutive rows of the same order, or take each row as one order."""
        grouped = self.mapping.lines == ROWS
        take_fields = self._columns(self.mapping.fields)
        take_line = self._columns(self.mapping.line_fields) if self.mapping.line_fields else None
        names = tuple(self.mapping.fields)
        key_at = self.header.index(self.mapping.fields["order_ref"]) if grouped else 0
        first, key = 0, None
        raws: list[str] = []
        fields: dict[str, str] = {}
        lines: list[tuple[str, ...]] = []
        broken: InvalidRow | None = None
        for number, raw, row in self._csv_rows():
            error = None if isinstance(row, list) else row
            row_key = row[key_at] if isinstance(row, list) else None
            if not grouped or row_key != key or not raws or len(lines) >= LINES_MAX:
                if raws:
                    yield _order(first, raws, fields, lines, broken)
                first, key, raws, lines, broken = number, row_key, [], [], None
                fields = (
                    dict(zip(names, take_fields(row), strict=True)) if isinstance(row, list) else {}
                )
            raws.append(raw)
            broken = broken or error
            if isinstance(row, list) and take_line is not None:
                lines.append(take_line(row))
        if raws:
            yield _order(first, raws, fields, lines, broken)

    def _csv_rows(self) -> Iterator[tuple[int, str, list[str] | InvalidRow]]:
        """Give (line number, raw text, fields or what is wrong with them)."""
        width = len(self.header)
        pending: list[str] = []
        with self._text() as stream:
            reader = csv.reader(_remembering(stream, pending), delimiter=self.mapping.delimiter)
            next(reader)
            pending.clear()
            while True:
                number = reader.line_num + 1
                try:
                    row = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield (
                        number,
                        "".join(pending),
                        InvalidRow("bad_row", f"This row is no CSV: {error}."),
                    )
                    pending.clear()
                    continue
                raw = pending[0] if len(pending) == 1 else "".join(pending)
                pending.clear()
                if len(row) != width:
                    if not row:
                        continue
                    yield number, raw, _wrong_width(len(row), width)
                elif not raw.isascii() and _misencoded(raw):
                    yield number, raw, _wrong_encoding(self.mapping.encoding)
                else:
                    yield number, raw, row

    # ---- JSON Lines ----

    def _json_orders(self) -> Iterator[OrderText | Broken]:
        with self._text() as stream:
            for number, raw in enumerate(stream, 1):
                if not raw.strip():
                    continue
                try:
                    if not raw.isascii() and _misencoded(raw):
                        raise _wrong_encoding(self.mapping.encoding)
                    yield self._json_order(number, raw)
                except InvalidRow as error:
                    yield Broken(number, raw, error)

    def _json_order(self, number: int, raw: str) -> OrderText:
        try:
            # Numbers stay texts: an amount must never pass through binary fractions.
            message = json.loads(raw, parse_float=str, parse_int=str)
        except ValueError as error:
            raise InvalidRow(
                "bad_row", f"This line is no JSON: {error}. The file may be cut off here."
            ) from error
        if not isinstance(message, dict):
            raise InvalidRow("bad_row", "This line is no JSON object.")
        fields = {ours: _text_at(message, path) for ours, path in self.mapping.fields.items()}
        lines: list[tuple[str, ...]] = []
        if self.mapping.lines:
            nested = _at(message, self.mapping.lines)
            if not isinstance(nested, list):
                raise InvalidRow("no_lines", f"“{self.mapping.lines}” holds no list of lines.")
            paths = tuple(self.mapping.line_fields.values())
            lines = [tuple(_text_at(line, path) for path in paths) for line in nested]
        return OrderText(number, raw, fields, lines)


def _remembering(stream: TextIO, pending: list[str]) -> Iterator[str]:
    append = pending.append
    for line in stream:
        append(line)
        yield line


def _order(
    first: int,
    raws: list[str],
    fields: dict[str, str],
    lines: list[tuple[str, ...]],
    broken: InvalidRow | None,
) -> OrderText | Broken:
    raw = "".join(raws)
    return Broken(first, raw, broken) if broken else OrderText(first, raw, fields, lines)


def _wrong_width(found: int, width: int) -> InvalidRow:
    return InvalidRow(
        "bad_row",
        f"This row has {found} fields where the header names {width}; the file may be cut off here, or a field "
        "may contain the delimiter without quotes.",
        found=found,
        expected=width,
    )


def _wrong_encoding(encoding: str) -> InvalidRow:
    return InvalidRow(
        "bad_encoding",
        f"This row is not {encoding}; say which encoding the file has in the mapping of its source.",
        encoding=encoding,
    )


def _misencoded(raw: str) -> bool:
    try:
        raw.encode()
    except UnicodeEncodeError:
        return True
    return False


def _at(message: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(message, dict):
            return None
        message = message.get(step)
    return message


def _text_at(message: Any, path: str) -> str:
    """Return the text at a dotted path: "" for absent and null; a list of texts joined by commas."""
    value = _at(message, path)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    raise InvalidRow("bad_row", f"“{path}” is neither a text nor a number.", path=path)


def raw_bytes(raw: str, encoding: str) -> bytes:
    """Return the bytes an order's text was read from, mis-encoded ones included."""
    return raw.encode(encoding, errors="surrogateescape")


def read_table(
    path: Path, mapping: Mapping
) -> Iterator[tuple[int, str, dict[str, str] | InvalidRow]]:
    """Read a file of flat records (members, products, answers): (line, raw text, fields by our names or error).

    The mapping's defaults and words are applied; a field that stays empty is left out.
    Raises InvalidInput as `OrderFile`.
    """
    for order in OrderFile(path, mapping):
        if isinstance(order, Broken):
            yield order.row_number, order.raw, order.error
            continue
        fields = {**mapping.defaults, **{name: text for name, text in order.fields.items() if text}}
        for name, words in mapping.values.items():
            if name in fields:
                fields[name] = words.get(fields[name], fields[name])
        yield order.row_number, order.raw, fields
