"""What a file of purchases holds, as texts, and how its bytes become texts and bytes again."""

from pathlib import Path
from typing import NamedTuple, TextIO

from cagnotte.domain.errors import InvalidInput, InvalidRow

LINES_MAX = 10_000
"""An order with more lines than this is taken for a file grouped by the wrong column."""


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


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a file as text; bytes that are not of its encoding stay in it as surrogates. Raises InvalidInput."""
    known_as = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    try:
        return path.open(encoding=known_as, errors="surrogateescape", newline="")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", path=str(path)) from error


def raw_bytes(raw: str, encoding: str) -> bytes:
    """Return the bytes an order's text was read from, mis-encoded ones included."""
    return raw.encode(encoding, errors="surrogateescape")


def misencoded(raw: str) -> bool:
    """Whether a text holds bytes that were not of its file's encoding."""
    try:
        raw.encode()
    except UnicodeEncodeError:
        return True
    return False
