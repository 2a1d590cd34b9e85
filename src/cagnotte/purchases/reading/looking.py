"""What a file seems to be, told to a person before anything is read from it.

A look decides nothing: files are read as the mapping of their source says. It shows what would be filled in there, and
where file and mapping differ. Only the beginning of a file is looked at.
"""

import csv
import importlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from lxml import etree

from cagnotte.domain.errors import InvalidInput
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.spellings import DatePattern
from cagnotte.purchases.reading.texts import open_text
from cagnotte.purchases.reading.xml_file import local_name

SAMPLE_BYTES = 1 << 18
ROWS_MAX = 50
"""Rows that are looked at."""
ELEMENTS_MAX = 5_000

DELIMITERS = (",", ";", "\t", "|")
NAMES_OF_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""Byte order marks and the encodings they stand for."""
PATTERNS = (
    "DD/MM/YYYY hh:mm:ss", "DD/MM/YYYY hh:mm", "DD/MM/YYYY", "DD.MM.YYYY hh:mm:ss", "DD.MM.YYYY hh:mm", "DD.MM.YYYY",
    "DD-MM-YYYY", "DD/MM/YY hh:mm", "DD/MM/YY", "MM/DD/YYYY hh:mm:ss", "MM/DD/YYYY", "YYYY/MM/DD", "YYYYMMDD",
)  # fmt: skip
"""Ways to write dates that are tried, the likelier first."""

_COMMA = re.compile(r"-?(\d{1,3}([. \u00a0\u202f]\d{3})+|\d+),\d{1,2}( ?€)?")
_POINT = re.compile(r"-?\d+\.\d{1,2}")
_MONTHS, _DAYS = 12, 31


@dataclass(slots=True)
class Look:
    """What a file seems to be.

    Attributes:
        format: csv, jsonl, xlsx or xml. encoding: of text. is_sure: whether the encoding is certain.
        delimiter: of CSV. sheets: of a workbook. header: column names, or paths. header_row: where they stand.
        record: of XML: the path of what comes again and again.
        decimal, dates: how amounts and dates are written, "" where none was seen.
        rows: the first ones, as texts under the header. problems: what a person should look at, in sentences.
    """

    format: str
    encoding: str = ""
    is_sure: bool = True
    delimiter: str = ""
    sheets: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    header_row: int = 1
    record: str = ""
    decimal: str = ""
    dates: str = ""
    rows: list[list[str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seen:
    """One order or record as it would be understood, or why it would be rejected."""

    row_number: int
    facts: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    sentence: str = ""


@dataclass(slots=True)
class Looked:
    """What a file seems to be, where that differs from its source's mapping, and its first orders as understood."""

    look: Look
    differences: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)


def look(path: Path) -> Look:
    """Look at the beginning of a file. Raises InvalidInput when it cannot be opened or is empty."""
    try:
        with path.open("rb") as stream:
            sample = stream.read(SAMPLE_BYTES)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", path=str(path)) from error
    if not sample.strip():
        raise InvalidInput(f"{path.name} is empty.", path=str(path))
    found = Look(_format_of(sample))
    if found.format in ("csv", "jsonl"):
        found.encoding, found.is_sure = encoding_of(sample)
        if not found.is_sure:
            found.problems.append(
                f"The encoding is a guess: {found.encoding}. Look at the letters with accents below."
            )
    try:
        _LOOKS[found.format](path, found)
    except UnicodeError:
        found.problems.append(f"It is not {found.encoding} throughout.")
    except csv.Error as error:
        found.problems.append(f"It is no CSV throughout: {error}.")
    texts = [text for row in found.rows for text in row if text]
    found.decimal = _decimal_of(texts)
    found.dates = _dates_of(found)
    return found


def _format_of(sample: bytes) -> str:
    bare = sample
    for mark, _ in MARKS:
        bare = bare.removeprefix(mark)
    start = bare.replace(b"\x00", b"").lstrip()[:1]
    if sample[:2] == b"PK":
        return "xlsx"
    return {b"<": "xml", b"{": "jsonl"}.get(start, "csv")


def encoding_of(sample: bytes) -> tuple[str, bool]:
    """Return the encoding of a text, and whether that is certain: by its mark, or because nothing else reads so."""
    for mark, name in MARKS:
        if sample.startswith(mark):
            return name, True
    if sample.count(b"\x00") > len(sample) // 4:
        return ("utf-16-le" if sample[1:2] == b"\x00" else "utf-16-be"), False
    try:
        # The last character may be cut by the end of the sample.
        sample[: max(len(sample) - 3, 0)].decode("utf-8")
    except UnicodeDecodeError:
        return _of_one_byte(sample), False
    return "utf-8", True


def _of_one_byte(sample: bytes) -> str:
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "iso8859-1"
    return "cp1252"


# ---- each format ----


def _look_at_csv(path: Path, found: Look) -> None:
    with open_text(path, found.encoding) as stream:
        head = "".join(islice(stream, ROWS_MAX + 1))
    found.delimiter = delimiter_of(head)
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=found.delimiter)
    rows = [row for row in reader if row]
    found.header, found.rows = (rows[0], rows[1:]) if rows else ([], [])
    widths = Counter(len(row) for row in found.rows)
    odd = [number for number, row in enumerate(found.rows, 2) if len(row) != len(found.header)]
    if odd:
        found.problems.append(
            f"{len(odd)} of {len(found.rows)} rows have more or fewer fields than the header, the first in row "
            f"{odd[0]}; the widths are {', '.join(str(width) for width in sorted(widths))}."
        )
    if len(found.header) == 1:
        found.problems.append("There is only one column; is the delimiter another character?")


def delimiter_of(head: str) -> str:
    """Return the character that splits lines most evenly: the same number of times, and often."""
    best = (0, 0, ",")
    for candidate in DELIMITERS:
        try:
            rows = [
                row for row in csv.reader(io.StringIO(head, newline=""), delimiter=candidate) if row
            ]
        except csv.Error:
            continue
        width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        if width > 1:
            best = max(best, (times * 1000 // len(rows), width, candidate))
    return best[2]


def _look_at_json_lines(path: Path, found: Look) -> None:
    with open_text(path, found.encoding) as stream:
        lines = [line for line in islice(stream, ROWS_MAX) if line.strip()]
    messages = []
    for number, line in enumerate(lines, 1):
        try:
            messages.append(orjson.loads(line))
        except orjson.JSONDecodeError as error:
            found.problems.append(f"Line {number} is no JSON: {error}.")
    flat = [dict(_flattened(message)) for message in messages if isinstance(message, dict)]
    found.header = list(dict.fromkeys(path for one in flat for path in one))
    found.rows = [[one.get(path, "") for path in found.header] for one in flat]


def _flattened(message: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in message.items():
        here = f"{before}{name}"
        if isinstance(value, dict):
            yield from _flattened(value, f"{here}.")
        elif isinstance(value, list):
            yield here, f"[{len(value)} …]"
        else:
            yield here, "" if value is None else str(value)


def _look_at_workbook(path: Path, found: Look) -> None:
    module = importlib.import_module("cagnotte.purchases.reading.xlsx_file")
    try:
        found.sheets = module.sheet_names(path)
    except zipfile.BadZipFile as error:
        raise InvalidInput(f"{path.name} is no workbook of Excel.", path=str(path)) from error
    rows = list(islice(module.first_rows(path), ROWS_MAX))
    found.problems += [
        f"Row {number}: {wrong.sentence}" for number, _, wrong in rows if wrong is not None
    ]
    filled = [(number, texts) for number, texts, _ in rows if any(texts)]
    widest = max((sum(map(bool, texts)) for _, texts in filled), default=0)
    # Titles stand above a table, and are narrower than it.
    place = next(
        (at for at, (_, texts) in enumerate(filled) if sum(map(bool, texts)) * 2 > widest), 0
    )
    if filled:
        found.header_row, header = filled[place]
        found.header = [text.strip() for text in header]
        found.rows = [texts for _, texts in filled[place + 1 :]]


def _look_at_xml(path: Path, found: Look) -> None:
    counts: Counter[str] = Counter()
    names: list[str] = []
    texts: dict[str, list[str]] = {}
    try:
        with path.open("rb") as stream:
            events = etree.iterparse(
                stream,
                events=("start", "end"),
                resolve_entities=False,
                load_dtd=False,
                no_network=True,
            )
            for event, element in islice(events, ELEMENTS_MAX):
                if event == "start":
                    names.append(local_name(element.tag))
                    counts["/".join(names)] += 1
                    continue
                texts.setdefault("/".join(names), []).append((element.text or "").strip())
                names.pop()
    except etree.XMLSyntaxError as error:
        found.problems.append(f"It is no XML from some place on: {error.msg}.")
    again = [way for way, times in counts.items() if times > 1]
    found.record = min(again, key=lambda way: (way.count("/"), -counts[way]), default="")
    inner = {
        way: told
        for way, told in texts.items()
        if found.record and way.startswith(f"{found.record}/")
    }
    found.header = [way.removeprefix(f"{found.record}/") for way in inner]
    found.rows = [
        list(row) for row in zip(*(told[:ROWS_MAX] for told in inner.values()), strict=False)
    ]


_LOOKS = {
    "csv": _look_at_csv,
    "jsonl": _look_at_json_lines,
    "xlsx": _look_at_workbook,
    "xml": _look_at_xml,
}


# ---- how amounts and dates are written ----


def _decimal_of(texts: Sequence[str]) -> str:
    commas = sum(1 for text in texts if _COMMA.fullmatch(text.strip()))
    points = sum(1 for text in texts if _POINT.fullmatch(text.strip()))
    if not commas and not points:
        return ""
    return "," if commas > points else "."


def _dates_of(found: Look) -> str:
    """Return the pattern that fits all dates of the first column that holds any; "" for ISO 8601 and for none."""
    for place in range(len(found.header)):
        column = [
            row[place].strip() for row in found.rows if place < len(row) and row[place].strip()
        ]
        for pattern in PATTERNS:
            if column and all(_is_date(DatePattern.of(pattern), text) for text in column):
                return pattern
    return ""


def _is_date(pattern: DatePattern, text: str) -> bool:
    match = pattern.pattern.fullmatch(text)
    if match is None:
        return False
    told = match.groupdict()
    return 1 <= int(told["month"]) <= _MONTHS and 1 <= int(told["day"]) <= _DAYS


# ---- against a mapping ----


def differences(found: Look, mapping: Mapping) -> list[str]:
    """Return, in sentences, where a file and the mapping of its source seem to differ."""
    if found.format != mapping.format:
        return [f"The file seems to be {found.format}; the mapping reads {mapping.format}."]
    told = []
    if found.encoding and not _same_encoding(found, mapping):
        told.append(
            f"The file seems to be in {found.encoding}; the mapping reads {mapping.encoding}."
        )
    if found.delimiter and len(found.header) > 1 and found.delimiter != mapping.delimiter:
        told.append(
            f"Fields seem to be split by a {_named(found.delimiter)}; the mapping splits them by a "
            f"{_named(mapping.delimiter)}."
        )
    if found.header_row != mapping.header_row and found.format == "xlsx":
        told.append(
            f"The columns seem to be named in row {found.header_row}; the mapping looks in row {mapping.header_row}."
        )
    if (
        found.decimal
        and mapping.amounts == "decimal"
        and found.decimal != mapping.decimal
        and found.format != "xlsx"
    ):
        told.append(
            f"Amounts seem to be written with “{found.decimal}”; the mapping reads “{mapping.decimal}”."
        )
    if found.dates and not _reads_dates(found, mapping):
        told.append(
            f"Dates seem to be written as {found.dates}; the mapping reads {mapping.dates or 'ISO 8601'}."
        )
    return told


def _reads_dates(found: Look, mapping: Mapping) -> bool:
    """Whether all that looks like a date of this file's pattern is one of the mapping's, too."""
    if not mapping.dates:
        return False
    theirs, ours = DatePattern.of(found.dates), DatePattern.of(mapping.dates)
    texts = [text.strip() for row in found.rows for text in row]
    return all(_is_date(ours, text) for text in texts if _is_date(theirs, text))


def _same_encoding(found: Look, mapping: Mapping) -> bool:
    seems, says = (
        name.lower().replace("_", "-").removesuffix("-sig")
        for name in (found.encoding, mapping.encoding)
    )
    return seems == says or not found.is_sure or _is_ascii(found)


def _is_ascii(found: Look) -> bool:
    return all(text.isascii() for row in (found.header, *found.rows) for text in row)


def _named(delimiter: str) -> str:
    return NAMES_OF_DELIMITERS.get(delimiter, f"“{delimiter}”")


def suggestion(found: Look) -> dict[str, Any]:
    """Return what would be filled in for such a file in the programme file, without its fields."""
    told: dict[str, Any] = {"format": found.format}
    if found.encoding and found.encoding != "utf-8":
        told["encoding"] = found.encoding
    if found.delimiter not in ("", ","):
        told["delimiter"] = {"\t": "tab", ";": "semicolon"}.get(found.delimiter, found.delimiter)
    if len(found.sheets) > 1:
        told["sheet"] = found.sheets[0]
    if found.header_row != 1:
        told["header_row"] = found.header_row
    if found.record:
        told["record"] = found.record
    if found.decimal == "," and found.format != "xlsx":
        told["decimal"] = ","
    if found.dates:
        told["dates"] = found.dates
    return told
