"""Workbooks of Excel: what is read is what a person sees, and nothing is guessed."""

import contextlib
import io
import tempfile
import zipfile
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from cagnotte.domain.errors import InvalidInput
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.rejected_rows import rejected_rows
from cagnotte.purchases.reading.tables import read_table
from cagnotte.purchases.reading.texts import Broken, OrderText

GROUPED = Mapping(
    ref="tills",
    kind="purchases",
    format="xlsx",
    lines="rows",
    fields={"order_ref": "order", "occurred_at": "at"},
    line_fields={"sku": "sku", "amount": "amount"},
)
HEADER = ("order", "at", "sku", "amount")
Told = list[tuple[Any, ...]]


def write(path: Path, *rows: tuple[Any, ...], sheet: str = "Sheet1", header: bool = True) -> Path:
    book = Workbook()
    page = book.active
    page.title = sheet
    for row in (HEADER, *rows) if header else rows:
        page.append(row)
    book.save(path)
    return path


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Read a workbook of some rows: (row, order, time, lines) of orders, (row, reason) of others."""

    def read(*rows: tuple[Any, ...], mapping: Mapping = GROUPED, **options: Any) -> Told:
        path = write(tmp_path / "file.xlsx", *rows, **options)
        return [_told(order) for order in OrderFile(path, mapping)]

    return read


def _told(order: object) -> tuple[Any, ...]:
    if isinstance(order, Broken):
        return order.row_number, order.error.reason
    assert isinstance(order, OrderText)
    return order.row_number, order.fields["order_ref"], order.fields["occurred_at"], order.lines


AT = datetime.fromisoformat("2026-11-20T12:30:27")


def test_rows_of_an_order_are_its_lines_and_amounts_are_exact(told: Any) -> None:
    assert told(("A1", AT, "tea", 12.4), ("A1", AT, "jam", 0.1 + 0.2), (17, AT, 5, 1100)) == [
        (2, "A1", "2026-11-20T12:30:27", [("tea", "12.4"), ("jam", "0.3")]),
        (4, "17", "2026-11-20T12:30:27", [("5", "1100")]),
    ]


def test_rows_of_an_order_that_lie_apart_are_refused_together(told: Any) -> None:
    found = told(("A", AT, "x", 1), ("B", AT, "x", 1), ("A", AT, "y", 1))
    assert [row[:2] for row in found] == [(2, "split_order"), (3, "B"), (4, "split_order")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 11, 20), "2026-11-20"),
        (datetime.fromisoformat("2026-11-20"), "2026-11-20"),
        (datetime.fromisoformat("2026-11-20T00:00:01"), "2026-11-20T00:00:01"),
        ("20/11/2026", "20/11/2026"),
        (time(12, 30), "12:30:00"),
        (True, "true"),
        (1.1, "1.1"),
        (100, "100"),
        (100.0, "100"),
        (1e21, "1000000000000000000000"),
        (0.000001, "0.000001"),
        (-12.5, "-12.5"),
        (3760001234567, "3760001234567"),
        ("00042", "00042"),
        ("=not a formula"[1:], "not a formula"),
        ("Café, “thé”\nnoir", "Café, “thé”\nnoir"),
    ],
)
def test_a_cell_is_read_as_a_person_sees_it(told: Any, value: object, text: str) -> None:
    assert told(("A", AT, value, 1)) == [(2, "A", "2026-11-20T12:30:27", [(text, "1")])]


@pytest.mark.parametrize(
    ("value", "reason", "sentence"),
    [
        ("=B2*2", "formula", "Cell C2: this is a formula; paste its values and save the workbook again."),
        (
            1234567890123456,
            "too_many_digits",
            (
                "Cell C2: 1234567890123456 has more than 15 digits, of which Excel has lost the last; format the "
                "column as text."
            ),
        ),
        (timedelta(hours=30), "bad_row", "Cell C2: this is neither text nor number nor date."),
    ],
)  # fmt: skip
def test_what_says_nothing_certain_is_refused_by_its_cell(
    told: Any, tmp_path: Path, value: object, reason: str, sentence: str
) -> None:
    assert told(("A", AT, value, 1), ("B", AT, "x", 1))[0] == (2, reason)
    first = next(iter(OrderFile(tmp_path / "file.xlsx", GROUPED)))
    assert isinstance(first, Broken)
    assert first.error.sentence == sentence


def test_the_sheet_and_the_row_of_the_header_may_be_named(told: Any, tmp_path: Path) -> None:
    mapping = replace(GROUPED, sheet="Ventes", header_row=3)
    rows = (("Ventes de novembre",), (), HEADER, (), ("A", AT, "x", 1))
    assert told(*rows, mapping=mapping, sheet="Ventes", header=False)[0][:2] == (5, "A")
    with pytest.raises(InvalidInput) as caught:
        OrderFile(tmp_path / "file.xlsx", replace(GROUPED, sheet="Sales"))
    assert caught.value.sentence == "file.xlsx has no sheet “Sales”. Its sheets are: Ventes."


def test_empty_rows_and_columns_without_a_name_at_the_end_are_no_matter(told: Any) -> None:
    assert told(("A", AT, "x", 1, None), (None, None, "", None), ("B", AT, "x", 1))[1][:2] == (
        4,
        "B",
    )
    assert told(("A", AT, "x", 1, None, "more"))[0] == (2, "bad_row")


def test_a_short_row_has_empty_cells(told: Any) -> None:
    assert told(("A", AT)) == [(2, "A", "2026-11-20T12:30:27", [("", "")])]


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "file.xlsx", ("order", "at", "sku", "price"), header=False)
    with pytest.raises(InvalidInput, match="has no column “amount”, which the source “tills”"):
        OrderFile(path, GROUPED)


@pytest.mark.parametrize(
    "content", [b"", b"order,at\n", b"PK\x03\x04 and so on", b"\xd0\xcf\x11\xe0"]
)
def test_what_is_no_workbook_is_refused_whole(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.xlsx"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"file\.xlsx is no workbook of Excel"):
        OrderFile(path, GROUPED)


def repacked(path: Path, part: str, content: bytes) -> Path:
    """Write a workbook anew with another content of one of its parts."""
    other = path.with_name(f"other-{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for item in old.infolist():
            new.writestr(item, content if item.filename == part else old.read(item))
    return other


def test_a_workbook_that_declares_entities_is_refused(tmp_path: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst>&a;</sst>'
    path = repacked(write(tmp_path / "file.xlsx", ("A", AT, "x", 1)), "xl/styles.xml", bomb)
    with pytest.raises(InvalidInput, match="declares a document type"):
        OrderFile(path, GROUPED)


def test_a_workbook_that_is_damaged_inside_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "file.xlsx", ("A", AT, "x", 1))
    with pytest.raises(InvalidInput, match="cannot be read as a workbook"):
        list(
            OrderFile(
                repacked(path, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"), GROUPED
            )
        )


def test_members_and_products_come_as_workbooks_too(tmp_path: Path) -> None:
    mapping = Mapping(
        ref="members", kind="members", format="xlsx", fields={"ref": "order", "name": "sku"}
    )
    path = write(tmp_path / "file.xlsx", (17, None, "Ana", None))
    assert [found[2] for found in read_table(path, mapping)] == [{"ref": "17", "name": "Ana"}]


def test_rejected_rows_are_a_workbook_that_can_be_imported(tmp_path: Path) -> None:
    mapping = replace(GROUPED, header_row=2)
    path = write(
        tmp_path / "file.xlsx",
        ("Title",),
        HEADER,
        ("A", AT, "=1+1", 1.5),
        ("A", AT, "y", 2),
        header=False,
    )
    (broken,) = OrderFile(path, mapping)
    assert isinstance(broken, Broken)
    rows = rejected_rows(tmp_path / "file.rejects.xlsx", path, mapping)
    rows.write(broken.raw)
    rows.close()
    (mended,) = OrderFile(tmp_path / "file.rejects.xlsx", mapping)
    assert _told(mended) == (3, "A", "2026-11-20T12:30:27", [("", "1.5"), ("y", "2")])


amounts = st.decimals(Decimal("-9999999999.99"), Decimal("9999999999.99"), places=2)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=8
).filter(lambda text: not text.startswith("=") and "\ufffe" not in text and "_x" not in text)
moments = st.datetimes(
    datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2100-01-01")
).map(lambda at: at.replace(microsecond=0))


@given(st.lists(st.tuples(moments, texts, amounts), min_size=1, max_size=6))
def test_what_was_written_is_what_is_read(rows: list[tuple[datetime, str, Decimal]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(
            Path(folder) / "file.xlsx",
            *(
                (f"N{number}", at, sku, float(amount))
                for number, (at, sku, amount) in enumerate(rows)
            ),
        )
        found = list(OrderFile(path, GROUPED))
    assert len(found) == len(rows)
    for order, (at, sku, amount) in zip(found, rows, strict=True):
        assert isinstance(order, OrderText)
        assert datetime.fromisoformat(order.fields["occurred_at"]) == at
        ((read_sku, read_amount),) = order.lines
        assert read_sku == sku
        assert Decimal(read_amount) == amount
        assert "e" not in read_amount.lower()


def _small_workbook() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write(
            Path(folder) / "file.xlsx", ("A", AT, "x", 1), ("B", AT, "y", 2.5)
        ).read_bytes()


SMALL = _small_workbook()
PARTS = tuple(zipfile.ZipFile(io.BytesIO(SMALL)).namelist())


@settings(max_examples=60)
@given(st.sampled_from(("", *PARTS)), st.floats(0, 1), st.integers(0, 40), st.binary(max_size=20))
def test_a_damaged_workbook_is_refused_or_read_never_worse(
    part: str, where: float, cut: int, put: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.xlsx"
        path.write_bytes(SMALL if part else _damaged(SMALL, where, cut, put))
        if part:
            inner = zipfile.ZipFile(io.BytesIO(SMALL)).read(part)
            path = repacked(path, part, _damaged(inner, where, cut, put))
        with contextlib.suppress(InvalidInput):
            for order in OrderFile(path, GROUPED):
                assert isinstance(order, OrderText | Broken)


def _damaged(content: bytes, where: float, cut: int, put: bytes) -> bytes:
    place = int(where * len(content))
    return content[:place] + put + content[place + cut :]
