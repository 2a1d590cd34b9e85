"""A look at a file tells what it seems to be, and where that differs from how its source is read."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from cagnotte.domain.errors import InvalidInput
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.looking import (
    Look,
    delimiter_of,
    differences,
    encoding_of,
    look,
    suggestion,
)

FRENCH = "Ticket;Date;Montant;Libellé\nA1;20/11/2026 12:30;12,40;Thé\nA2;21/11/2026 09:00;1 234,50;Café\n"
PLAIN = "order,at,amount\nA1,2026-11-20T12:30:00,12.40\nA2,2026-11-21T09:00:00,3.00\n"


def seen(folder: Path, content: str | bytes, name: str = "file.csv") -> Look:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return look(path)


def test_a_french_file_of_excel_is_recognised(tmp_path: Path) -> None:
    found = seen(tmp_path, FRENCH.encode("cp1252"))
    assert (found.format, found.encoding, found.is_sure) == ("csv", "cp1252", False)
    assert (found.delimiter, found.decimal, found.dates) == (";", ",", "DD/MM/YYYY hh:mm")
    assert found.header == ["Ticket", "Date", "Montant", "Libellé"]
    assert found.rows[0] == ["A1", "20/11/2026 12:30", "12,40", "Thé"]
    assert suggestion(found) == {
        "format": "csv",
        "encoding": "cp1252",
        "delimiter": "semicolon",
        "decimal": ",",
        "dates": "DD/MM/YYYY hh:mm",
    }


def test_a_plain_file_needs_nothing_filled_in(tmp_path: Path) -> None:
    found = seen(tmp_path, PLAIN)
    assert (found.encoding, found.is_sure, found.problems) == ("utf-8", True, [])
    assert suggestion(found) == {"format": "csv"}


@pytest.mark.parametrize(
    ("content", "encoding", "is_sure"),
    [
        (b"\xef\xbb\xbforder", "utf-8", True),
        ("Thé".encode("utf-16"), "utf-16", True),
        ("order,at,amount".encode("utf-16-le"), "utf-16-le", False),
        ("order,at,amount".encode("utf-16-be"), "utf-16-be", False),
        ("Thé 12 €, bon".encode("cp1252"), "cp1252", False),
        (b"caf\xe9 \x81\x8d, bon marche", "iso8859-1", False),
        ("Thé €" * 100, "utf-8", True),
    ],
)
def test_the_encoding_is_told_and_whether_it_is_certain(
    content: str | bytes, encoding: str, is_sure: bool
) -> None:
    raw = content.encode() if isinstance(content, str) else content
    assert encoding_of(raw) == (encoding, is_sure)


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [
        ("a;b\n1,5;2\n3,5;4\n", ";"),
        ("a\tb\n1,5\t2\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ('a,b\n"1;2;3",2\n', ","),
        ("alone\n1\n", ","),
        ("", ","),
    ],
)
def test_fields_are_split_where_rows_are_split_evenly(head: str, delimiter: str) -> None:
    assert delimiter_of(head) == delimiter


def test_rows_of_another_width_are_named(tmp_path: Path) -> None:
    assert seen(tmp_path, PLAIN + "A3,broken\n").problems == [
        "1 of 3 rows have more or fewer fields than the header, the first in row 4; the widths are 2, 3."
    ]


def test_american_dates_are_told_from_french_ones_by_a_day_beyond_the_twelfth(
    tmp_path: Path,
) -> None:
    assert seen(tmp_path, "at\n11/12/2026\n11/20/2026\n").dates == "MM/DD/YYYY"
    assert seen(tmp_path, "at\n11/12/2026\n20/11/2026\n").dates == "DD/MM/YYYY"
    assert seen(tmp_path, "at\n2026-11-20\n").dates == ""


def test_json_lines_tell_their_paths(tmp_path: Path) -> None:
    found = seen(
        tmp_path,
        '{"id": "A", "who": {"number": 7}, "lines": [1, 2]}\n{"id": "B", "x": null}\n{"id"\n',
    )
    assert found.format == "jsonl"
    assert found.header == ["id", "who.number", "lines", "x"]
    assert found.rows[0] == ["A", "7", "[2 …]", ""]
    assert found.problems[0].startswith("Line 3 is no JSON")


def test_a_workbook_tells_its_sheets_and_where_its_table_begins(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    page.title = "Ventes"
    for row in (
        ("Ventes de novembre",),
        (),
        ("Ticket", "Date", "Montant"),
        ("A1", datetime.fromisoformat("2026-11-20"), 12.4),
    ):
        page.append(row)
    page["B5"] = "=B4+1"
    book.create_sheet("Notes")
    book.save(tmp_path / "file.xlsx")
    found = look(tmp_path / "file.xlsx")
    assert (found.format, found.sheets, found.header_row) == ("xlsx", ["Ventes", "Notes"], 3)
    assert (found.header, found.rows[0]) == (
        ["Ticket", "Date", "Montant"],
        ["A1", "2026-11-20", "12.4"],
    )
    assert found.problems == [
        "Row 5: Cell B5: this is a formula; paste its values and save the workbook again."
    ]
    assert suggestion(found) == {"format": "xlsx", "sheet": "Ventes", "header_row": 3}


def test_xml_tells_what_comes_again_and_again(tmp_path: Path) -> None:
    one = '<order id="{0}"><total>1,50</total><lines><line><sku>x</sku></line><line><sku>y</sku></line></lines></order>'
    found = seen(
        tmp_path, f"<shop><orders>{one.format('A')}{one.format('B')}</orders></shop>", "file.xml"
    )
    assert (found.format, found.record, found.decimal) == ("xml", "shop/orders/order", ",")
    assert found.header == ["total", "lines/line/sku", "lines/line", "lines"]


@pytest.mark.parametrize("content", [b"", b"  \n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"file\.csv is empty"):
        seen(tmp_path, content)


# ---- against a mapping ----


def mapping(**changes: Any) -> Mapping:
    return Mapping(**{"ref": "tills", "kind": "purchases", **changes})


def test_a_mapping_that_fits_has_no_differences(tmp_path: Path) -> None:
    fitting = mapping(encoding="cp1252", delimiter=";", decimal=",", dates="DD/MM/YYYY hh:mm")
    assert differences(seen(tmp_path, FRENCH.encode("cp1252")), fitting) == []
    assert differences(seen(tmp_path, PLAIN), mapping()) == []
    assert differences(seen(tmp_path, PLAIN), mapping(encoding="cp1252")) == []


def test_each_difference_is_a_sentence(tmp_path: Path) -> None:
    assert differences(seen(tmp_path, FRENCH), mapping(encoding="cp1252")) == [
        "The file seems to be in utf-8; the mapping reads cp1252.",
        "Fields seem to be split by a semicolon; the mapping splits them by a comma.",
        "Amounts seem to be written with “,”; the mapping reads “.”.",
        "Dates seem to be written as DD/MM/YYYY hh:mm; the mapping reads ISO 8601.",
    ]
    assert differences(seen(tmp_path, PLAIN), mapping(format="xlsx")) == [
        "The file seems to be csv; the mapping reads xlsx."
    ]


def test_ambiguous_dates_that_the_mapping_reads_are_no_difference(tmp_path: Path) -> None:
    found = seen(tmp_path, "at\n11/12/2026\n")
    assert differences(found, mapping(dates="MM/DD/YYYY")) == []
    assert differences(found, mapping(dates="YYYYMMDD")) == [
        "Dates seem to be written as DD/MM/YYYY; the mapping reads YYYYMMDD."
    ]


@settings(max_examples=200)
@given(
    st.one_of(
        st.binary(min_size=1, max_size=300),
        st.text('"{}[]<>a1,;\\n\\x00é:/=', min_size=1, max_size=60).map(str.encode),
    )
)
def test_whatever_a_file_holds_a_look_ends(content: bytes) -> None:

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        try:
            found = look(path)
        except InvalidInput:
            return
        assert found.format in ("csv", "jsonl", "xlsx", "xml")
        differences(found, mapping())
