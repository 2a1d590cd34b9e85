"""Rows with a minus are set apart as returns, and understood."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from cagnotte.catalog.programme_file.sources import SourceSection
from cagnotte.domain.errors import InvalidRow
from cagnotte.domain.purchases import Returned
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.texts import Broken, Read, ReturnText
from cagnotte.purchases.return_reports import ReturnReader, ReturnReport

TILL = Mapping(
    ref="till",
    kind="purchases",
    lines="rows",
    returns="appended",
    fields={"order_ref": "order", "occurred_at": "at", "return_id": "slip"},
    line_fields={"sku": "sku", "quantity": "qty", "amount": "amount"},
    defaults={"merchant": "shop"},
)
WEB = replace(
    TILL,
    format="jsonl",
    lines="lines",
    fields={"order_ref": "order", "return_id": "slip"},
    line_fields={"sku": "sku", "quantity": "qty", "amount": "price", "number": "line"},
)
SINGLE = replace(TILL, lines=None, line_fields={}, fields={"order_ref": "order", "amount": "price"})
HEADER = "order,at,slip,sku,qty,amount\n"


def read(tmp_path: Path, mapping: Mapping, *rows: str) -> list[Read]:
    """Read a file of these rows."""
    path = tmp_path / "file"
    header = "" if mapping.format == "jsonl" else "order,price\n" if mapping is SINGLE else HEADER
    path.write_text(header + "".join(row + "\n" for row in rows))
    return list(OrderFile(path, mapping))


def told(found: list[Read]) -> list[tuple[str, int, list[str]]]:
    """Return (R for returns, B for broken, O for orders; first row; articles)."""
    return [
        ("B", one.row_number, [one.error.reason])
        if isinstance(one, Broken)
        else (
            "R" if isinstance(one, ReturnText) else "O",
            one.row_number,
            [a[0] for a in one.lines],
        )
        for one in found
    ]


def test_returns_leave_their_order_whole(tmp_path: Path) -> None:
    found = read(
        tmp_path, TILL,
        "A,9,,x,1,1.00", "A,9,,y,-1,-2.00", "A,9,,z,1,3.00", "B,9,,x,1,1.00", "A,8,,x,-1,-1.00",
    )  # fmt: skip
    # An article brought back between two bought does not tear the order apart.
    assert sorted(told(found)) == [
        ("O", 2, ["x", "z"]), ("O", 5, ["x"]), ("R", 3, ["y"]), ("R", 6, ["x"]),
    ]  # fmt: skip


def test_rows_of_one_return_are_one_return(tmp_path: Path) -> None:
    found = read(
        tmp_path, TILL,
        "A,9,R1,x,-1,-1.00", "A,10,R1,y,-1,-2.00", "A,10,R2,y,-1,-2.00", "B,10,R2,y,-1,-2.00",
    )  # fmt: skip
    assert told(found) == [("R", 2, ["x", "y"]), ("R", 4, ["y"]), ("R", 5, ["y"])]


def test_without_names_rows_that_say_the_same_of_their_order_are_one_return(tmp_path: Path) -> None:
    mapping = replace(TILL, fields={"order_ref": "order", "occurred_at": "at"})
    found = read(
        tmp_path, mapping, "A,9,,x,-1,-1.00", "A,9,,y,-1,-2.00", "A,10,,y,-1,-2.00"
    )  # fmt: skip
    assert told(found) == [("R", 2, ["x", "y"]), ("R", 4, ["y"])]


def test_rows_of_an_order_that_lie_apart_are_refused_with_returns_around_too(
    tmp_path: Path,
) -> None:
    found = read(
        tmp_path, TILL, "A,9,,x,1,1.00", "A,9,,x,-1,-1.00", "B,9,,x,1,1.00", "A,9,,z,1,3.00"
    )
    assert sorted(told(found)) == [
        ("B", 2, ["split_order"]), ("B", 5, ["split_order"]), ("O", 4, ["x"]), ("R", 3, ["x"]),
    ]  # fmt: skip


def test_a_message_sells_or_takes_back_and_never_both(tmp_path: Path) -> None:
    def message(*prices: str) -> str:
        return json.dumps(
            {"order": "A", "lines": [{"sku": "x", "price": price} for price in prices]}
        )

    found = read(
        tmp_path, WEB, message("1.00"), message("-1.00", "-2.00"), message("1.00", "-1.00")
    )
    assert told(found) == [("O", 1, ["x"]), ("R", 2, ["x", "x"]), ("B", 3, ["mixed_signs"])]


def test_an_order_that_is_its_amount_comes_back_as_an_amount(tmp_path: Path) -> None:
    order, back = read(tmp_path, SINGLE, "A,20.00", "A,-5.00")
    assert not isinstance(order, ReturnText)
    assert isinstance(back, ReturnText)
    report = ReturnReader(SINGLE, ("amount",), currency="EUR").read(back)
    assert (report.native_id, report.items) == ("shop/A", (Returned(0, "", 0, 500),))


def understood(line: tuple[str, ...], mapping: Mapping = WEB, **fields: str) -> ReturnReport:
    """Understand a return of one line: (article, units, amount, line number)."""
    reader = ReturnReader(mapping, ("sku", "quantity", "amount", "number"), currency="EUR")
    return reader.read(ReturnText(2, "raw", {"order_ref": "A", **fields}, [line]))


def test_a_return_is_told_in_minor_units_without_its_minus() -> None:
    report = understood(("x", "-2", "-4.50", "3"), return_id="R1")
    assert (report.native_id, report.return_id) == ("shop/A", "R1")
    assert report.items == (Returned(3, "x", 2, 450),)
    # A minus before either is enough; where no units are told, money came back.
    assert understood(("x", "2", "-4.50", "")).items == (Returned(0, "x", 2, 450),)
    assert understood(("x", "-2", "4.50", "")).items == (Returned(0, "x", 2, 450),)
    assert understood(("x", "", "-4.50", "")).items == (Returned(0, "x", 0, 450),)
    minor = replace(WEB, amounts="minor", values={"sku": {"x": "plum"}})
    assert understood(("x", "-2", "-450", ""), minor).items == (Returned(0, "plum", 2, 450),)


@pytest.mark.parametrize(
    ("line", "fields", "reason"),
    [
        (("x", "-1", "-1.001", ""), {}, "bad_amount"),
        (("x", "-1", "", ""), {}, "bad_amount"),
        (("x", "-1.5", "-1.00", ""), {}, "bad_quantity"),
        (("x", "-1", "-1.00", "0"), {}, "bad_field"),
        (("x", "-1", "-1.00", ""), {"order_ref": ""}, "missing_field"),
        (("x", "-1", "-1.00", ""), {"return_id": "R" * 121}, "bad_field"),
    ],
)
def test_what_cannot_be_understood_has_its_reason(
    line: tuple[str, ...], fields: dict[str, str], reason: str
) -> None:
    with pytest.raises(InvalidRow) as refused:
        understood(line, WEB, **fields)
    assert refused.value.reason == reason


def test_equal_returns_have_equal_hashes() -> None:
    one, other = understood(("x", "-1", "-1.00", "")), understood(("x", "-1", "-1.00", ""))
    assert one.content_hash == other.content_hash
    assert one.content_hash != understood(("x", "-1", "-1.01", "")).content_hash


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"returns": "appended", "line_fields": {"amount": "a", "returned_amount": "r"}},
            "returns: appended and returned_amount exclude each other",
        ),
        ({"fields": {"return_id": "slip"}}, "return_id names a return of its own row"),
    ],
)
def test_a_source_tells_its_returns_in_one_way(keys: dict[str, object], sentence: str) -> None:
    needed = dict.fromkeys(("order_ref", "member", "merchant", "occurred_at", "currency"), "x")
    lines = {"line_fields": {"amount": "a"}}
    with pytest.raises(ValidationError, match=sentence):
        SourceSection.model_validate(
            {"ref": "till", "kind": "purchases", "defaults": needed, **lines, **keys}
        )
