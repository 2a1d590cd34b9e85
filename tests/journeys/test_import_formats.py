"""Workbooks and XML take the same road as CSV: the same purchases, rejected rows that can be mended and sent again."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from tests.journeys.world import World, corner

SOURCES = """
  - ref: sheet
    kind: purchases
    format: xlsx
    sheet: Sales
    header_row: 2
    timezone: Europe/Paris
    fields: {order_ref: Order, member: Member, occurred_at: Date}
    line_fields: {sku: Article, quantity: Units, amount: Amount}
    defaults: {merchant: corner, currency: EUR}
  - ref: feed
    kind: purchases
    format: xml
    record: orders/order
    timezone: Europe/Paris
    fields: {order_ref: "@id", member: member, occurred_at: at}
    lines: line
    line_fields: {sku: "@sku", quantity: units, amount: amount}
    defaults: {merchant: corner, currency: EUR}
"""
AT = datetime.fromisoformat("2026-02-10T10:00:00")
ROWS: tuple[tuple[Any, ...], ...] = (
    ("A1", 1, AT, "plum", 2, 20.1),
    ("A1", 1, AT, "fig", 1, 9.9),
    ("A2", 2, AT, "plum", 1, "=5+5"),
)


def workbook(path: Path, *rows: tuple[Any, ...]) -> Path:
    book = Workbook()
    sheet = book.active
    sheet.title = "Sales"
    sheet.append(("Sales of February",))
    for row in (("Order", "Member", "Date", "Article", "Units", "Amount"), *rows):
        sheet.append(row)
    book.save(path)
    return path


def element(name: str, member: object, *lines: tuple[str, int, str]) -> str:
    told = "".join(
        f'<line sku="{sku}"><units>{units}</units><amount>{amount}</amount></line>'
        for sku, units, amount in lines
    )
    return f'<order id="{name}"><member>{member}</member><at>2026-02-10T10:00:00</at>{told}</order>'


@pytest.fixture
def shop(empty_world: World) -> World:
    empty_world.load(corner() + SOURCES)
    return empty_world


def test_a_workbook_is_imported_and_what_it_computes_is_rejected(shop: World) -> None:
    path = workbook(shop.folder / "february.xlsx", *ROWS)
    summary = shop.send_file(path, "sheet")
    assert (summary.counts["new"], summary.rejected, summary.ended) == (1, {"formula": 1}, True)
    assert shop.member("1") == {"pending": 150}
    assert shop.reasons() == [
        (
            "5",
            "formula",
            "Cell F5: this is a formula; paste its values and save the workbook again.",
        )
    ]
    # Mended in Excel, the rejected rows are a file of the same source.
    assert summary.rejects is not None
    book = load_workbook(summary.rejects)
    book["Sales"]["F3"] = 10
    book.save(summary.rejects)
    assert shop.send_file(summary.rejects, "sheet").counts["new"] == 1
    assert shop.member("2") == {"pending": 50}


def test_the_same_workbook_again_changes_nothing(shop: World) -> None:
    path = workbook(shop.folder / "february.xlsx", *ROWS)
    shop.send_file(path, "sheet")
    before = shop.digest()
    again = shop.send_file(path, "sheet")
    assert (again.seen_before, again.counts["unchanged"]) == (True, 1)
    assert shop.digest() == before


def test_two_processes_share_a_workbook(shop: World) -> None:
    rows = [(f"S{number}", number % 3 + 1, AT, "plum", 1, 10) for number in range(20)]
    summary = shop.send_file(workbook(shop.folder / "many.xlsx", *rows), "sheet", jobs=2)
    assert (summary.counts["new"], summary.rejected) == (20, {})
    assert shop.books()["member.pending"] == 20 * 50


def test_xml_is_imported_and_its_rejected_records_can_be_sent_again(shop: World) -> None:
    path = shop.folder / "feed.xml"
    good = element("A1", 1, ("plum", 2, "20.10"), ("fig", 1, "9.90"))
    path.write_text(f"<orders>{good}{element('A2', 'H9', ('plum', 1, '10.00'))}</orders>")
    summary = shop.send_file(path, "feed")
    assert (summary.counts["new"], summary.rejected) == (1, {"unknown_member": 1})
    assert shop.member("1") == {"pending": 150}
    assert summary.rejects is not None
    mended = summary.rejects.read_text().replace("H9", "2")
    summary.rejects.write_text(mended)
    assert shop.send_file(summary.rejects, "feed").counts["new"] == 1
    assert shop.member("2") == {"pending": 50}


def test_a_file_of_another_format_is_refused_before_anything_is_written(shop: World) -> None:
    before = shop.digest()
    path = shop.folder / "february.xlsx"
    path.write_text("Order;Member\nA1;1\n")
    with pytest.raises(Exception, match="is no workbook of Excel"):
        shop.send_file(path, "sheet")
    assert shop.digest() == before
