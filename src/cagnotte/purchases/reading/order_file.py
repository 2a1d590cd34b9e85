"""A file of orders, whatever its format."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from cagnotte.catalog.source_fields import ROWS
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading import spellings
from cagnotte.purchases.reading.grouping import one_per_row, rows_joined
from cagnotte.purchases.reading.json_lines import JsonLines
from cagnotte.purchases.reading.returns import by_sign
from cagnotte.purchases.reading.table_file import TableFile
from cagnotte.purchases.reading.texts import Broken, OrderText, Read, ReturnText

TABLES = {"csv": "csv_file:CsvFile", "xlsx": "xlsx_file:XlsxFile", "xml": "xml_file:XmlFile"}
"""Formats that can be read as rows under columns: module and class. Loaded when needed, for Excel's takes a second."""


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
        self._table = _table(path, mapping)
        self.unread = self._table.unread if self._table is not None else []

    def __iter__(self) -> Iterator[Read]:
        read = self._read()
        if spellings.is_needed(self.mapping):
            return spellings.respelled(read, self.mapping, self.line_names)
        return read

    def _read(self) -> Iterator[Read]:
        file, mapping = self._table, self.mapping
        if file is not None and mapping.lines == ROWS:
            return rows_joined(file)
        orders = self._orders()
        return by_sign(orders, self.line_names) if mapping.appends_returns else orders

    def _orders(self) -> Iterator[OrderText | Broken]:
        """Give the orders of a file in which each row, message or record is one."""
        if self._table is None:
            return JsonLines(self.path, self.mapping).orders()
        nested = getattr(self._table, "orders", None)
        orders: Iterator[OrderText | Broken] = nested() if nested else one_per_row(self._table)
        return orders

    def sales(self) -> Iterator[OrderText | Broken]:
        """Give the file's orders; of a source that appends no returns, which is all there is."""
        for order in self:
            if not isinstance(order, ReturnText):
                yield order


def _table(path: Path, mapping: Mapping) -> TableFile | None:
    """Open a file as a table; None for a format that is none."""
    if mapping.format not in TABLES:
        return None
    module, _, name = TABLES[mapping.format].partition(":")
    kind = getattr(importlib.import_module(f"cagnotte.purchases.reading.{module}"), name)
    table: TableFile = kind(path, mapping)
    return table
