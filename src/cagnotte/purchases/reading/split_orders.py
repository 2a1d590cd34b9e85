"""Which orders of a file have rows that lie apart, with other orders between."""

import contextlib
import csv
from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise

from cagnotte.purchases.reading.returns import ReturnRows
from cagnotte.purchases.reading.table_file import Key, Row, TableFile


def split_orders(file: TableFile, key_of: Callable[[list[str]], Key]) -> set[Key]:
    """Return the orders whose rows lie apart, found by reading the file once with eight bytes per order."""
    if not file.mapping.appends_returns:
        with contextlib.suppress(IndexError, csv.Error):
            if not _twice(file.key_runs()):
                return set()
    # Something lies apart, or is damaged: read again, row by row, to be exact; and once more for the names.
    rows = file.rows()
    if file.mapping.appends_returns and file.mapping.line_fields:
        take_line = file.columns(file.mapping.line_fields)
        rows = ReturnRows(file.mapping, file.columns(file.mapping.fields), take_line).left(rows)
    twice = _twice(map(hash, _groups(rows, key_of)))
    if not twice:
        return set()
    return {key for _, _, row, _ in file.rows() if hash(key := key_of(row)) in twice}


def _groups(rows: Iterator[Row], key_of: Callable[[list[str]], Key]) -> Iterator[Key]:
    """Give the key of each run of rows of one order; a row that is cut off goes on as in `grouping`."""
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
