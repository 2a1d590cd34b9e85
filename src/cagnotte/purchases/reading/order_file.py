"""A file of orders, whatever its format."""

from collections.abc import Iterator
from pathlib import Path

from cagnotte.catalog.source_fields import ROWS
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.csv_file import CsvFile
from cagnotte.purchases.reading.grouping import one_per_row, rows_joined
from cagnotte.purchases.reading.json_lines import JsonLines
from cagnotte.purchases.reading.returns import by_sign
from cagnotte.purchases.reading.texts import Broken, OrderText, Read, ReturnText


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
        self.line_names = tuple(mapping.line_fields) or ("amount",)
        self._csv = CsvFile(path, mapping) if mapping.format == "csv" else None
        self.unread = self._csv.unread if self._csv is not None else []

    def __iter__(self) -> Iterator[Read]:
        file, mapping = self._csv, self.mapping
        if file is not None and mapping.lines == ROWS:
            return rows_joined(file)
        orders = one_per_row(file) if file is not None else JsonLines(self.path, mapping).orders()
        return by_sign(orders, self.line_names) if mapping.appends_returns else orders

    def sales(self) -> Iterator[OrderText | Broken]:
        """Give the file's orders; of a source that appends no returns, which is all there is."""
        for order in self:
            if not isinstance(order, ReturnText):
                yield order
