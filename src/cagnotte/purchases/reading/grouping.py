"""From the rows of a file to its orders: one each, or several that follow each other."""

from collections.abc import Callable, Iterator

from cagnotte.domain.errors import InvalidRow
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.refusals import disagreement, lies_apart, too_many_lines
from cagnotte.purchases.reading.returns import ReturnRows
from cagnotte.purchases.reading.split_orders import split_orders
from cagnotte.purchases.reading.table_file import Key, TableFile, Take
from cagnotte.purchases.reading.texts import LINES_MAX, Broken, OrderText, Read


def one_per_row(file: TableFile) -> Iterator[OrderText | Broken]:
    """Take each row as one order."""
    take_fields, take_line = file.columns(file.mapping.fields), file.line_columns()
    names = tuple(file.mapping.fields)
    for number, raw, row, error in file.rows():
        if error is not None:
            yield Broken(number, raw, error)
        else:
            fields = dict(zip(names, take_fields(row), strict=True))
            yield OrderText(number, raw, fields, [take_line(row)] if take_line else [])


def rows_joined(file: TableFile) -> Iterator[Read]:
    """Join consecutive rows of the same order. One bad row spoils its whole order, never a part of it."""
    take_fields, take_line = file.columns(file.mapping.fields), file.line_columns()
    key_of = file.order_key()
    split = split_orders(file, key_of)
    grouping = _Grouping(file.mapping, key_of, take_fields, take_line, split)
    rows = file.rows()
    returns = None
    if file.mapping.appends_returns and take_line is not None:
        returns = ReturnRows(file.mapping, take_fields, take_line)
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
        self.broken = too_many_lines(source)
        return self.broken

    def check(self, texts: tuple[str, ...]) -> None:
        """Refuse rows of one order that disagree about the order."""
        if texts != self.texts and self.broken is None:
            self.broken = disagreement(self.names, self.texts, texts)

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
            group.broken = lies_apart(group.key[-1])
        return group.order()
