"""Returns that a source appends, told from its orders by their minus."""

from collections.abc import Callable, Iterator

from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.refusals import mixed_signs
from cagnotte.purchases.reading.table_file import ORDER_KEY, Row, Take
from cagnotte.purchases.reading.texts import LINES_MAX, Broken, OrderText, Read, ReturnText


def by_sign(orders: Iterator[OrderText | Broken], line_names: tuple[str, ...]) -> Iterator[Read]:
    """Tell returns from orders by the sign of their amounts."""
    is_return = _signs(line_names)
    for order in orders:
        if isinstance(order, Broken):
            yield order
            continue
        signs = {is_return(order.fields, line) for line in order.lines or [()]}
        if len(signs) > 1:
            yield Broken(order.row_number, order.raw, mixed_signs())
        else:
            yield ReturnText(*order) if True in signs else order


def _signs(line_names: tuple[str, ...]) -> Callable[[dict[str, str], tuple[str, ...]], bool]:
    """Return how to tell a return: the amount, or the number of units, has a minus."""
    ours = ("amount", "quantity")
    places = [line_names.index(name) for name in ours if name in line_names]

    def is_return(fields: dict[str, str], line: tuple[str, ...]) -> bool:
        if line:
            return any(line[place].startswith("-") for place in places)
        return fields.get("amount", "").startswith("-")

    return is_return


class ReturnRows:
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
