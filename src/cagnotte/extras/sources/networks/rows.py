"""Rows of what networks answer: each is read for itself, and most tell of an order as one amount."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from cagnotte.domain.attribution import Trace
from cagnotte.hooks import reading
from cagnotte.hooks.sources import Read, ReportLine, TraceFound, Unreadable


def each(rows: Iterable[Any], read: Callable[[Any], Read]) -> Iterator[Read]:
    """Read rows one by one; one that cannot be read is told as such, and the others are taken."""
    for number, row in enumerate(rows, 1):
        where = f"row {number}"
        try:
            yield read(reading.mapping(row, where))
        except reading.Misread as error:
            yield Unreadable("misread", error.sentence, where)


def click_trace(reference: str) -> list[TraceFound]:
    """Return the trace of a click; none where the network gives no reference back."""
    return [TraceFound(Trace.CLICK, reference)] if reference else []


def whole_order(amount: Decimal) -> list[ReportLine]:
    """Return an order as one line, for networks that tell no articles. Raises Misread for less than nothing."""
    if amount < 0:
        raise reading.Misread(f"The order's amount is {amount}, less than nothing.")
    return [ReportLine(1, "", 1, amount)]
