"""Files are split into orders: nothing is lost, and no order is taken in part."""

import csv
import io
import itertools
import json
import tempfile
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidInput
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading import grouping, json_lines
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.texts import Broken, OrderText, raw_bytes

GROUPED = Mapping(
    ref="till",
    kind="purchases",
    lines="rows",
    fields={"order_ref": "order", "member": "member"},
    line_fields={"sku": "sku", "amount": "amount"},
)
SINGLE = Mapping(ref="bank", kind="purchases", fields={"order_ref": "order", "amount": "amount"})
WEB = Mapping(
    ref="web",
    kind="purchases",
    format="jsonl",
    fields={"order_ref": "id", "member": "who.number"},
    lines="lines",
    line_fields={"sku": "sku", "amount": "price"},
)
HEADER = "order,member,sku,amount\n"

Told = list[tuple[Any, ...]]


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Read a file of some content: (first row, order, lines) of orders, (first row, reason) of others."""

    def read(content: str | bytes, mapping: Mapping = GROUPED) -> Told:
        path = tmp_path / "file"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return [_told(order) for order in OrderFile(path, mapping).sales()]

    return read


def _told(order: OrderText | Broken) -> tuple[Any, ...]:
    if isinstance(order, Broken):
        return order.row_number, order.error.reason
    return order.row_number, order.fields["order_ref"], order.lines


# ---- CSV ----


def test_consecutive_rows_of_an_order_are_its_lines(told: Any) -> None:
    assert told(HEADER + "A,1,x,1.00\nA,1,y,2.00\nB,2,x,1.00\n") == [
        (2, "A", [("x", "1.00"), ("y", "2.00")]),
        (4, "B", [("x", "1.00")]),
    ]


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends(told: Any) -> None:
    assert told(HEADER + 'A,1,"x, ""y""\nz",1.00\nB,2,x,1.00\n') == [
        (2, "A", [('x, "y"\nz', "1.00")]),
        (4, "B", [("x", "1.00")]),
    ]


def test_a_byte_order_mark_windows_line_ends_and_empty_rows_are_no_matter(told: Any) -> None:
    content = b"\xef\xbb\xbf" + (HEADER + "A,1,x,1.00\n\nB,2,x,1.00").replace("\n", "\r\n").encode()
    assert [found[1] for found in told(content)] == ["A", "B"]


def test_orders_of_two_shops_with_the_same_number_are_two_orders(told: Any) -> None:
    shops = Mapping(
        ref="till",
        kind="purchases",
        lines="rows",
        fields={"order_ref": "order", "merchant": "member"},
        line_fields={"sku": "sku", "amount": "amount"},
    )
    assert told(HEADER + "A,north,x,1.00\nA,south,y,2.00\n", shops) == [
        (2, "A", [("x", "1.00")]),
        (3, "A", [("y", "2.00")]),
    ]


def test_one_bad_row_spoils_its_whole_order_and_no_other(told: Any) -> None:
    rows = ["A,1,x,1.00", "B,2,x,1.00", "B,2,y", "B,2,z,3.00", "C,3,x,1.00"]
    assert told(HEADER + "\n".join(rows)) == [
        (2, "A", [("x", "1.00")]),
        (3, "bad_row"),
        (6, "C", [("x", "1.00")]),
    ]


def test_a_row_whose_order_cannot_be_told_spoils_both_neighbours(told: Any) -> None:
    assert told(HEADER + 'A,1,x,1.00\n"B"B,2,x,1.00\nC,2,y,2.00\nD,2,y,2.00\n') == [
        (2, "bad_row"),
        (4, "bad_row"),
        (5, "D", [("y", "2.00")]),
    ]


def test_a_row_whose_order_cannot_be_told_spoils_no_more_than_the_order_it_stands_in(
    told: Any,
) -> None:
    assert told(HEADER + 'A,1,x,1.00\n"A"A,2\nA,1,y,2.00\nD,2,y,2.00\n') == [
        (2, "bad_row"),
        (5, "D", [("y", "2.00")]),
    ]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        # Cut off after its order reference: its own order alone is incomplete.
        ("B,2,x", [(2, "A", [("x", "1.00")]), (3, "bad_row")]),
        ("A,1,y", [(2, "bad_row")]),
        # Cut off within the reference: it may have been one more row of A…
        ("A", [(2, "bad_row")]),
        # … and this one cannot have been.
        ("B", [(2, "A", [("x", "1.00")]), (3, "bad_row")]),
        # Cut off within quotes: what is left must not pass for a field.
        ('B,2,x,"1', [(2, "bad_row")]),
    ],
)
def test_a_file_that_is_cut_off_loses_its_last_order_and_no_other(
    told: Any, last: str, expected: Told
) -> None:
    assert told(HEADER + "A,1,x,1.00\n" + last) == expected


def test_rows_of_one_order_that_disagree_are_not_taken(told: Any, tmp_path: Path) -> None:
    assert told(HEADER + "A,1,x,1.00\nA,2,y,2.00\nB,1,x,1.00\n") == [
        (2, "rows_disagree"),
        (4, "B", [("x", "1.00")]),
    ]
    (first, _) = OrderFile(tmp_path / "file", GROUPED)
    assert isinstance(first, Broken)
    assert first.raw == "A,1,x,1.00\nA,2,y,2.00\n"
    assert first.error.sentence == (
        "The rows of this order disagree about its member: “1” and “2”."
    )


def test_an_order_of_too_many_lines_is_refused_whole(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "LINES_MAX", 2)
    assert told(HEADER + "A,1,x,1.00\nA,1,y,1.00\nB,1,x,1.00\n") == [
        (2, "A", [("x", "1.00"), ("y", "1.00")]),
        (4, "B", [("x", "1.00")]),
    ]
    assert told(HEADER + "A,1,x,1.00\n" * 5 + "B,1,x,1.00\n") == [
        (2, "too_many_lines"),
        (4, "too_many_lines"),
        (6, "too_many_lines"),
        (7, "B", [("x", "1.00")]),
    ]


def test_a_row_that_is_not_in_the_encoding_is_told_so(told: Any, tmp_path: Path) -> None:
    content = HEADER.encode() + b"A,1,caf\xe9,1.00\nB,2,th\xc3\xa9,1.00\n"
    assert told(content) == [(2, "bad_encoding"), (3, "B", [("thé", "1.00")])]
    first = next(iter(OrderFile(tmp_path / "file", GROUPED)))
    assert isinstance(first, Broken)
    assert raw_bytes(first.raw, "utf-8") == b"A,1,caf\xe9,1.00\n"
    assert first.error.sentence == (
        "This row is not utf-8; say which encoding the file has in the mapping of its source."
    )


def test_other_encodings_are_read_as_the_mapping_says(told: Any) -> None:
    latin = replace(GROUPED, encoding="cp1252")
    assert told(HEADER.encode() + b"A,1,caf\xe9,1.00\n", latin) == [(2, "A", [("café", "1.00")])]


def test_a_file_in_wide_characters_that_breaks_off_is_a_sentence(tmp_path: Path) -> None:
    wide = replace(GROUPED, encoding="utf-16")
    path = tmp_path / "wide.csv"
    path.write_bytes((HEADER + "A,1,x,1.00\n").encode("utf-16")[:-1])
    with pytest.raises(InvalidInput, match=r"wide\.csv is not utf-16 from some row on"):
        list(OrderFile(path, wide))


def test_nul_characters_are_refused(told: Any) -> None:
    assert told(HEADER + "A,1,x\0,1.00\nB,2,x,1.00\n")[0] == (2, "bad_row")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "file is empty; its first row must name the columns."),
        (
            b"order,member,price\nA,1,1.00\n",
            (
                "file has no column “sku”, which the source “till” reads as sku. "
                "Its columns are: order, member, price."
            ),
        ),
        (
            b"\x7fELF\x02\xff\x00",
            (
                "file has no column “order”, which the source “till” reads as order_ref. "
                "Its columns are: �ELF���."
            ),
        ),
    ],
)
def test_a_file_without_the_mapped_columns_is_refused_whole(
    told: Any, content: bytes, sentence: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        told(content)
    assert caught.value.sentence == sentence


def test_columns_that_nobody_reads_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("order,member,sku,amount,colour,size\nA,1,x,1.00,red,L\n")
    assert OrderFile(path, GROUPED).unread == ["colour", "size"]


def test_without_grouping_every_row_is_an_order(told: Any) -> None:
    assert told("order,amount\nA,1.00\nA,2.00\nB\n", SINGLE) == [
        (2, "A", []),
        (3, "A", []),
        (4, "bad_row"),
    ]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
rows = st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), cells), min_size=1, max_size=12)


@given(rows)
def test_every_row_of_a_file_is_in_exactly_one_order(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO(HEADER, newline="")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows((order, "1", sku, "1.00") for order, sku in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(text.getvalue().encode())
        orders = list(OrderFile(path, GROUPED))
    found = [
        (order.fields["order_ref"], line[0])
        for order in orders
        if isinstance(order, OrderText)
        for line in order.lines
    ]
    runs = [name for name, _ in itertools.groupby(rows, key=itemgetter(0))]
    assert found == [row for row in rows if runs.count(row[0]) == 1]
    broken = [order for order in orders if isinstance(order, Broken)]
    assert {order.error.reason for order in broken} <= {"split_order"}
    assert len(broken) == sum(runs.count(name) > 1 for name in runs)
    assert HEADER + "".join(order.raw for order in orders) == text.getvalue()


# ---- JSON Lines ----


def message(**changes: Any) -> str:
    plain = {"id": "A", "who": {"number": 7}, "lines": [{"sku": "x", "price": 1.10}]}
    return json.dumps({**plain, **changes}) + "\n"


def test_numbers_keep_the_digits_they_were_written_with(told: Any) -> None:
    line = '{"id": 1, "who": {"number": 7}, "lines": [{"sku": 5, "price": 1.10}]}\n'
    assert told(line, WEB) == [(1, "1", [("5", "1.10")])]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "A", "lin', "bad_row"),
        ("[1]\n", "bad_row"),
        ("plainly not\n", "bad_row"),
        (message(lines=None), "no_lines"),
        (message(lines=["x"]), "bad_row"),
        (message(id={"deep": 1}), "bad_row"),
        ("[" * 100_000 + "\n", "bad_row"),
        (message(id="\ud800"), "bad_encoding"),
        (message(id="\0"), "bad_row"),
        ('{"id": NaN, "lines": []}\n', "bad_row"),
    ],
)
def test_a_bad_line_is_kept_with_its_reason_and_the_others_are_read(
    told: Any, line: str, reason: str
) -> None:
    good = message(id="B")
    content = good + (line if line.endswith("\n") else line + "\n") + good
    assert [found[1] for found in told(content, WEB)] == ["B", reason, "B"]


def test_a_message_of_too_many_lines_is_refused(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "LINES_MAX", 2)
    line = {"sku": "x", "price": 1}
    assert told(message(lines=[line] * 3), WEB) == [(1, "too_many_lines")]


def test_a_line_that_is_cut_off_says_so(told: Any, tmp_path: Path) -> None:
    told(message()[:20], WEB)
    (found,) = OrderFile(tmp_path / "file", WEB)
    assert isinstance(found, Broken)
    assert found.error.sentence.startswith("This line is no JSON: ")
    assert found.error.sentence.endswith("The file may be cut off here.")
