"""The programme file says how workbooks and XML are read, and what cannot be meant is named."""

from pathlib import Path

import pytest

from cagnotte.catalog.programme_file import parse
from cagnotte.purchases.mapping import Mapping
from tests.contexts.catalog.files import HEAD, errors, write

SOURCE = """
sources:
  - ref: shop
    kind: purchases
    fields: {order_ref: a, member: b, merchant: c, occurred_at: d, currency: e}
    line_fields: {sku: f, amount: g}
"""


def mapping(folder: Path, *lines: str) -> Mapping:
    parsed = parse(write(folder, HEAD + SOURCE + "".join(f"    {line}\n" for line in lines)))
    (section,) = parsed.file.sources
    return Mapping.from_data(
        {"ref": "shop", "kind": "purchases", **section.mapping(timezone="Europe/Paris")}
    )


def test_a_workbook_is_read_row_by_row(tmp_path: Path) -> None:
    found = mapping(tmp_path, "format: xlsx", "sheet: Ventes", 'header_row: "3"')
    assert (found.format, found.sheet, found.header_row, found.lines) == (
        "xlsx",
        "Ventes",
        3,
        "rows",
    )
    plain = mapping(tmp_path, "format: xlsx")
    assert (plain.sheet, plain.header_row) == ("", 1)


def test_xml_is_read_record_by_record(tmp_path: Path) -> None:
    nested = mapping(tmp_path, "format: xml", "record: /orders/order/", "lines: lines/line")
    assert (nested.record, nested.lines) == ("orders/order", "lines/line")
    assert mapping(tmp_path, "format: xml", "record: row", "lines: rows").lines == "rows"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["format: xml", "lines: line"], "record is missing; it says which elements of the XML are orders."),
        (["format: xml", "record: order"], "lines: say at which path of a record its lines are"),
        (["record: order"], "record: only XML has records; write format: xml, or leave it out."),
        (["format: xml", "record: a b", "lines: c"], "“a b” is no path of XML names"),
        (["sheet: Ventes"], "sheet and header_row are of workbooks; write format: xlsx, or leave them out."),
        (["header_row: 2"], "sheet and header_row are of workbooks"),
        (["format: xlsx", "header_row: 0"], "“0” is too small; it must be at least 1."),
        (["format: xlsx", "lines: lines"], "a workbook holds one line of an order per row"),
        (["format: ods"], "“ods”"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_named(tmp_path: Path, lines: list[str], sentence: str) -> None:
    found = errors(tmp_path, HEAD + SOURCE + "".join(f"    {line}\n" for line in lines))
    assert len(found) == 1
    assert sentence in found[0]
