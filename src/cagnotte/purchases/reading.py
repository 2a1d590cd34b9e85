"""Files of purchases, read order by order with flat memory: CSV and JSON Lines.

Nothing is understood here: an order is the texts of its fields and lines, with the raw bytes and the place
they came from. What cannot even be split into fields becomes a `Broken` with its reason. Where a source appends its
returns, the rows with a minus are set apart as a `ReturnText`.
"""

import contextlib
import csv
import json
from array import array
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from cagnotte.catalog.source_fields import ROWS
from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.purchases.mapping import Mapping

LINES_MAX = 10_000
"""An order with more lines than this is taken for a file grouped by the wrong column."""

ORDER_KEY = ("source_id", "merchant", "order_ref")
"""The fields by which rows of the same order are known."""

Key = tuple[str, ...] | str
"""What tells the order of a row, or, when the row is cut off there, the beginning of its order reference."""

Take = Callable[[list[str]], tuple[str, ...]]
"""What picks some columns of a row."""

COLUMNS_SHOWN_MAX = 40
"""Columns of a file named in a sentence; a file that is no table may seem to have thousands."""

csv.field_size_limit(1_000_000)


class OrderText(NamedTuple):
    """One order as the file has it: fields by our names, lines as tuples in the order of `line_names`."""

    row_number: int
    raw: str
    fields: dict[str, str]
    lines: list[tuple[str, ...]]


class ReturnText(NamedTuple):
    """What came back of one order, as the file has it: like an order, its amounts with a minus."""

    row_number: int
    raw: str
    fields: dict[str, str]
    lines: list[tuple[str, ...]]


class Broken(NamedTuple):
    """What stands in the file and cannot be read as an order."""

    row_number: int
    raw: str
    error: InvalidRow


Read = OrderText | ReturnText | Broken
"""What a file of purchases holds."""


class OrderFile:
    """A file of orders under a mapping. Iterating gives `OrderText`, `ReturnText` and `Broken` in the file's order.

    A file whose orders have several rows is read twice: an order whose rows lie apart is refused whole, so its first
    part must not be taken before the second is seen.

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

    def __iter__(self) -> Iterator[Read]:
        if self.mapping.format == "csv" and self.mapping.lines == ROWS:
            return self._grouped_orders()
        orders = self._csv_orders() if self.mapping.format == "csv" else self._json_orders()
        return self._by_sign(orders) if self.mapping.appends_returns else orders

    def sales(self) -> Iterator[OrderText | Broken]:
        """Give the file's orders; of a source that appends no returns, which is all there is."""
        for order in self:
            if not isinstance(order, ReturnText):
                yield order

    def _by_sign(self, orders: Iterator[OrderText | Broken]) -> Iterator[Read]:
        """Tell returns from orders by the sign of their amounts."""
        is_return = self._signs()
        for order in orders:
            if isinstance(order, Broken):
                yield order
                continue
            signs = {is_return(order.fields, line) for line in order.lines or [()]}
            if len(signs) > 1:
                yield Broken(order.row_number, order.raw, _mixed())
            else:
                yield ReturnText(*order) if True in signs else order

    def _signs(self) -> Callable[[dict[str, str], tuple[str, ...]], bool]:
        """Return how to tell a return: the amount, or the number of units, has a minus."""
        ours = ("amount", "quantity")
        places = [self.line_names.index(name) for name in ours if name in self.line_names]

        def is_return(fields: dict[str, str], line: tuple[str, ...]) -> bool:
            if line:
                return any(line[place].startswith("-") for place in places)
            return fields.get("amount", "").startswith("-")

        return is_return

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
                    f"{ours}. Its columns are: {_shown(self.header)}.",
                    path=str(self.path),
                    column=theirs,
                )
        self.unread = [_readable(name) for name in self.header if name not in mapped.values()]

    def _columns(self, names: dict[str, str]) -> Take:
        places = [self.header.index(theirs) for theirs in names.values()]
        if len(places) == 1:
            only = places[0]
            return lambda row: (row[only],)
        return itemgetter(*places)

    def _csv_orders(self) -> Iterator[OrderText | Broken]:
        """Take each row as one order."""
        take_fields, take_line = self._columns(self.mapping.fields), self._line_columns()
        names = tuple(self.mapping.fields)
        for number, raw, row, error in self._csv_rows():
            if error is not None:
                yield Broken(number, raw, error)
            else:
                fields = dict(zip(names, take_fields(row), strict=True))
                yield OrderText(number, raw, fields, [take_line(row)] if take_line else [])

    def _line_columns(self) -> Take | None:
        return self._columns(self.mapping.line_fields) if self.mapping.line_fields else None

    def _grouped_orders(self) -> Iterator[Read]:
        """Join consecutive rows of the same order. One bad row spoils its whole order, never a part of it."""
        take_fields, take_line = self._columns(self.mapping.fields), self._line_columns()
        key_of = self._key()
        split = self._split_orders(key_of)
        grouping = _Grouping(self.mapping, key_of, take_fields, take_line, split)
        rows = self._csv_rows()
        returns = None
        if self.mapping.appends_returns and take_line is not None:
            returns = _Returns(self.mapping, take_fields, take_line)
            rows = returns.set_apart(rows)
        for number, raw, row, error in rows:
            if error is None and grouping.goes_on(raw, row):
                continue
            done = grouping.take(number, raw, row, error)
            if done is not None:
                yield done
            if returns is not None:
                yield from returns.done()
        if grouping.group is not None:
            yield grouping.closed(grouping.group)
        if returns is not None:
            yield from returns.done(ended=True)

    def _split_orders(self, key_of: Callable[[list[str]], Key]) -> set[Key]:
        """Return the orders whose rows lie apart, found by reading the file once with eight bytes per order."""
        if not self.mapping.appends_returns:
            with contextlib.suppress(IndexError, csv.Error):
                if not _twice(self._runs()):
                    return set()
        # Something lies apart, or is damaged: read again, row by row, to be exact; and once more for the names.
        rows = self._csv_rows()
        if self.mapping.appends_returns and self.mapping.line_fields:
            take_line = self._columns(self.mapping.line_fields)
            rows = _Returns(self.mapping, self._columns(self.mapping.fields), take_line).left(rows)
        twice = _twice(map(hash, _groups(rows, key_of)))
        if not twice:
            return set()
        return {key for _, _, row, _ in self._csv_rows() if hash(key := key_of(row)) in twice}

    def _runs(self) -> Iterator[int]:
        """Give the hash of each run of rows with the same key, without a step of Python for each row.

        Raises IndexError or csv.Error in a damaged file.
        """
        fields = self.mapping.fields
        places = [self.header.index(fields[name]) for name in ORDER_KEY if name in fields]
        with self._text() as stream:
            reader = csv.reader(stream, delimiter=self.mapping.delimiter, strict=True)
            next(reader)
            # Where the text ends in what is no character, what stands before it will be taken.
            with contextlib.suppress(UnicodeDecodeError):
                for key, _ in groupby(filter(None, reader), itemgetter(*places)):
                    yield hash(key)

    def _key(self) -> Callable[[list[str]], Key]:
        """Return how to tell a row's order: its key, or what is there of its last part when the row is cut off."""
        fields = self.mapping.fields
        columns = {name: fields[name] for name in ORDER_KEY if name in fields}
        take, last = self._columns(columns), self.header.index(columns["order_ref"])
        width = 2 + max(self.header.index(theirs) for theirs in columns.values())
        full = len(self.header)

        def key_of(row: list[str]) -> Key:
            if len(row) == full or len(row) >= width:
                return take(row)
            return row[last] if len(row) > last else ""

        return key_of

    def _csv_rows(self) -> Iterator[tuple[int, str, list[str], InvalidRow | None]]:
        """Give (line number, raw text, what it was split into, what is wrong with it or None)."""
        width = len(self.header)
        pending: list[str] = []
        with self._text() as stream:
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
            return _wrong_width(found, width)
        if "\x00" in raw:
            return _nul()
        if not raw.isascii() and _misencoded(raw):
            return _wrong_encoding(self.mapping.encoding)
        return None

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
        except (ValueError, RecursionError) as error:
            raise InvalidRow(
                "bad_row", f"This line is no JSON: {error}. The file may be cut off here."
            ) from error
        if not isinstance(message, dict):
            raise InvalidRow("bad_row", "This line is no JSON object.")
        if "\\u" in raw:
            _check_escapes(raw, message)
        fields = {ours: _text_at(message, path) for ours, path in self.mapping.fields.items()}
        lines: list[tuple[str, ...]] = []
        if self.mapping.lines:
            nested = _at(message, self.mapping.lines)
            if not isinstance(nested, list):
                raise InvalidRow("no_lines", f"“{self.mapping.lines}” holds no list of lines.")
            paths = tuple(self.mapping.line_fields.values())
            if len(nested) > LINES_MAX:
                raise _too_many_lines(self.mapping.ref)
            if not all(isinstance(line, dict) for line in nested):
                raise InvalidRow("bad_row", f"“{self.mapping.lines}” holds what is no line.")
            lines = [tuple(_text_at(line, path) for path in paths) for line in nested]
        return OrderText(number, raw, fields, lines)


class _Group:
    """Consecutive rows of one order, while they are read."""

    __slots__ = ("broken", "first", "key", "lines", "names", "raws", "texts")

    def __init__(
        self,
        first: int,
        key: Key,
        names: tuple[str, ...],
        texts: tuple[str, ...],
    ) -> None:
        self.first = first
        self.key = key
        self.names = names
        self.texts = texts
        self.raws: list[str] = []
        self.lines: list[tuple[str, ...]] = []
        self.broken: InvalidRow | None = None

    def takes(self, key: Key) -> bool:
        """Whether a row belongs here: one of the same key, or one cut off within a key that begins alike."""
        if len(self.raws) >= LINES_MAX:
            return False
        if isinstance(key, tuple):
            return key == self.key
        return isinstance(self.key, tuple) and self.key[-1].startswith(key)

    def overflow(self, key: Key, source: str) -> InvalidRow | None:
        """Refuse an order that goes on beyond the most lines, this part of it and the next."""
        if key != self.key or len(self.raws) < LINES_MAX:
            return None
        self.broken = _too_many_lines(source)
        return self.broken

    def goes_on(self, texts: tuple[str, ...]) -> bool:
        """Whether a row surely belongs here: all that it says of the order is the same. The usual case."""
        return texts == self.texts and len(self.raws) < LINES_MAX

    def check(self, texts: tuple[str, ...]) -> None:
        """Refuse rows of one order that disagree about the order."""
        if texts != self.texts and self.broken is None:
            self.broken = _disagreement(self.names, self.texts, texts)

    def order(self) -> OrderText | Broken:
        """Return the order, or all its rows with what is wrong with one of them."""
        raw = "".join(self.raws)
        if self.broken is not None:
            return Broken(self.first, raw, self.broken)
        fields = dict(zip(self.names, self.texts, strict=True))
        return OrderText(self.first, raw, fields, self.lines)


class _Grouping:
    """The rows of a file on their way into orders; `group` is the order that is being read."""

    __slots__ = (
        "group", "key_of", "mapping", "names", "split", "spoiled", "take_fields", "take_line",
    )  # fmt: skip

    def __init__(
        self,
        mapping: Mapping,
        key_of: Callable[[list[str]], Key],
        take_fields: Take,
        take_line: Take | None,
        split: set[Key],
    ) -> None:
        self.mapping = mapping
        self.names = tuple(mapping.fields)
        self.key_of = key_of
        self.take_fields = take_fields
        self.take_line = take_line
        self.split = split
        self.group: _Group | None = None
        self.spoiled: InvalidRow | None = None

    def goes_on(self, raw: str, row: list[str]) -> bool:
        """Add a row that says the same of its order as the row before, the usual case; else return False."""
        group = self.group
        if group is None or self.take_fields(row) != group.texts or len(group.raws) >= LINES_MAX:
            return False
        self.spoiled = None
        group.raws.append(raw)
        if self.take_line is not None:
            group.lines.append(self.take_line(row))
        return True

    def take(
        self, number: int, raw: str, row: list[str], error: InvalidRow | None
    ) -> OrderText | Broken | None:
        """Take any row; return the order before it when it begins another."""
        key, done = self.key_of(row), None
        texts = self.take_fields(row) if error is None else ()
        group = self.group
        if group is None or not group.takes(key):
            if group is not None:
                self.spoiled = group.overflow(key, self.mapping.ref) or self.spoiled
                done = self.closed(group)
            group = self.group = _Group(number, key, self.names, texts)
            group.broken = self.spoiled
        group.raws.append(raw)
        if error is None:
            group.check(texts)
            if self.take_line is not None:
                group.lines.append(self.take_line(row))
        group.broken = group.broken or error
        # An order reference that is cut off may be that of the next order too.
        self.spoiled = error if not isinstance(key, tuple) else None
        return done

    def closed(self, group: _Group) -> OrderText | Broken:
        """Return a whole group as an order, or broken when rows of its order lie elsewhere too."""
        if group.key in self.split and group.broken is None:
            group.broken = _lies_apart(group.key[-1])
        return group.order()


Row = tuple[int, str, list[str], InvalidRow | None]
"""Line number, raw text, fields, what is wrong with it or None."""


class _Returns:
    """Rows with a minus on their way out of a file: rows of one return that follow each other are one return."""

    def __init__(self, mapping: Mapping, take_fields: Take, take_line: Take) -> None:
        self._names = tuple(mapping.fields)
        self._take_fields = take_fields
        self._take_line = take_line
        ours = tuple(mapping.line_fields)
        self._places = [ours.index(name) for name in ("amount", "quantity") if name in ours]
        self._known_by = [
            place
            for place, name in enumerate(self._names)
            if name in ORDER_KEY or name == "return_id"
        ]
        self._named_at = self._names.index("return_id") if "return_id" in self._names else None
        self._open: ReturnText | None = None
        self._open_key: tuple[str, ...] = ()
        self._done: list[ReturnText] = []

    def set_apart(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Pass the rows that are no returns; keep the returns for `done`."""
        for row in rows:
            if not self._takes(row):
                yield row

    def left(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Pass the rows that are no returns; forget the returns."""
        for row in rows:
            if row[3] is not None or not self._is_return(row[2]):
                yield row

    def done(self, *, ended: bool = False) -> Iterator[ReturnText]:
        """Give the returns that are whole; at the end of the file the last one too."""
        if ended and self._open is not None:
            self._done.append(self._open)
            self._open = None
        yield from self._done
        self._done.clear()

    def _is_return(self, row: list[str]) -> bool:
        line = self._take_line(row)
        return any(line[place].startswith("-") for place in self._places)

    def _takes(self, row: Row) -> bool:
        number, raw, fields, error = row
        if error is not None or not self._is_return(fields):
            return False
        texts, line = self._take_fields(fields), self._take_line(fields)
        # With a name of its own, rows of a return may differ in other fields, such as their time.
        named = self._named_at is not None and texts[self._named_at]
        key = tuple([texts[place] for place in self._known_by]) if named else texts
        if self._open is not None and key == self._open_key and len(self._open.lines) < LINES_MAX:
            self._open.lines.append(line)
            self._open = self._open._replace(raw=self._open.raw + raw)
            return True
        if self._open is not None:
            self._done.append(self._open)
        told = dict(zip(self._names, texts, strict=True))
        self._open, self._open_key = ReturnText(number, raw, told, [line]), key
        return True


def _groups(rows: Iterator[Row], key_of: Callable[[list[str]], Key]) -> Iterator[Key]:
    """Give the key of each run of rows of one order; a row that is cut off goes on as `_Group.takes` says."""
    last: Key = ""
    for _, _, row, _ in rows:
        key = key_of(row)
        if key == last:
            continue
        if not isinstance(key, tuple):
            if not (isinstance(last, tuple) and last[-1].startswith(key)):
                last = ""
            continue
        yield key
        last = key


def _twice(hashes: Iterator[int]) -> set[int]:
    """Return the numbers that come more than once, sorting a part of them at a time."""
    parts = [array("q") for _ in range(256)]
    for number in hashes:
        parts[number & 255].append(number)
    twice: set[int] = set()
    for part in parts:
        ordered = sorted(part)
        twice.update([one for one, other in pairwise(ordered) if one == other])
    return twice


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


def _disagreement(
    names: tuple[str, ...], one: tuple[str, ...], other: tuple[str, ...]
) -> InvalidRow:
    for name, first, second in zip(names, one, other, strict=True):
        if first != second:
            return InvalidRow(
                "rows_disagree",
                f"The rows of this order disagree about its {name}: “{first}” and “{second}”.",
                field=name,
            )
    raise AssertionError("some field differs")


def _lies_apart(order_ref: str) -> InvalidRow:
    return InvalidRow(
        "split_order",
        f"The rows of order {order_ref} lie apart in this file, with other orders between, so none of them is taken; "
        "sort the file by order and import it again.",
        order_ref=order_ref,
    )


def _mixed() -> InvalidRow:
    return InvalidRow(
        "mixed_signs",
        "This message sells and takes back at once; tell what came back in a message of its own.",
    )


def _too_many_lines(source: str) -> InvalidRow:
    return InvalidRow(
        "too_many_lines",
        f"This order has more than {LINES_MAX:,} lines; does the source “{source}” read the right column as order_ref?",
    )


def _check_escapes(raw: str, message: dict[str, Any]) -> None:
    """Refuse escapes that name no character a database can hold."""
    if "\\u0000" in raw:
        raise _nul()
    try:
        json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidRow(
            "bad_encoding",
            "This line holds half of a pair of escapes (\\ud800 to \\udfff) without the other.",
        ) from error


def _nul() -> InvalidRow:
    return InvalidRow("bad_row", "This row holds a NUL character; the file may be damaged here.")


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


def _shown(names: list[str]) -> str:
    """Return names for a sentence, few enough and readable, whatever the file is."""
    shown = [_readable(name) for name in names[:COLUMNS_SHOWN_MAX]]
    return ", ".join(shown) + (" …" if len(names) > COLUMNS_SHOWN_MAX else "")


def _readable(name: str) -> str:
    """Return a column's name with a mark for each character that is none."""
    return "".join([letter if letter.isprintable() else "\ufffd" for letter in name[:100]])


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
