"""Why an order of a file is not taken, in sentences."""

from cagnotte.domain.errors import InvalidRow
from cagnotte.purchases.reading.texts import LINES_MAX


def disagreement(
    names: tuple[str, ...], one: tuple[str, ...], other: tuple[str, ...]
) -> InvalidRow:
    """Name the first field in which rows of one order differ."""
    for name, first, second in zip(names, one, other, strict=True):
        if first != second:
            return InvalidRow(
                "rows_disagree",
                f"The rows of this order disagree about its {name}: “{first}” and “{second}”.",
                field=name,
            )
    raise AssertionError("some field differs")


def lies_apart(order_ref: str) -> InvalidRow:
    """The rows of an order stand in several places."""
    return InvalidRow(
        "split_order",
        f"The rows of order {order_ref} lie apart in this file, with other orders between, so none of them is taken; "
        "sort the file by order and import it again.",
        order_ref=order_ref,
    )


def mixed_signs() -> InvalidRow:
    """An order has lines with a minus and lines without."""
    return InvalidRow(
        "mixed_signs",
        "This message sells and takes back at once; tell what came back in a message of its own.",
    )


def too_many_lines(source: str) -> InvalidRow:
    """An order has more lines than any order has."""
    return InvalidRow(
        "too_many_lines",
        f"This order has more than {LINES_MAX:,} lines; does the source “{source}” read the right column as order_ref?",
    )


def nul_character() -> InvalidRow:
    """A row holds a character that no text has."""
    return InvalidRow("bad_row", "This row holds a NUL character; the file may be damaged here.")


def wrong_width(found: int, width: int) -> InvalidRow:
    """A row has more or fewer fields than there are columns."""
    return InvalidRow(
        "bad_row",
        f"This row has {found} fields where the header names {width}; the file may be cut off here, or a field "
        "may contain the delimiter without quotes.",
        found=found,
        expected=width,
    )


def wrong_encoding(encoding: str) -> InvalidRow:
    """A row holds bytes that are not of the file's encoding."""
    return InvalidRow(
        "bad_encoding",
        f"This row is not {encoding}; say which encoding the file has in the mapping of its source.",
        encoding=encoding,
    )
