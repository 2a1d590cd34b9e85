"""Files of XML: records, lines and attributes by their names, and nothing that a file could define or fetch."""

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidInput
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading import xml_file
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.rejected_rows import rejected_rows
from cagnotte.purchases.reading.texts import Broken, OrderText

NESTED = Mapping(
    ref="shop",
    kind="purchases",
    format="xml",
    record="orders/order",
    fields={"order_ref": "@id", "member": "customer/number", "coupon_codes": "codes/code"},
    lines="lines/line",
    line_fields={"sku": "@sku", "amount": "price"},
)
ROWS = Mapping(
    ref="till",
    kind="purchases",
    format="xml",
    record="row",
    lines="rows",
    fields={"order_ref": "ticket"},
    line_fields={"sku": "article", "amount": "amount"},
)
Told = list[tuple[Any, ...]]


def order(name: str = "A", lines: str = '<line sku="x"><price>1.10</price></line>') -> str:
    return (
        f'<order id="{name}"><customer><number>7</number></customer><lines>{lines}</lines></order>'
    )


def orders(*inner: str) -> str:
    return "<?xml version='1.0' encoding='UTF-8'?>\n<orders>" + "\n".join(inner) + "</orders>"


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Read XML: (number, order, lines) of orders, (number, reason) of others."""

    def read(content: str | bytes, mapping: Mapping = NESTED) -> Told:
        path = tmp_path / "file.xml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return [_told(one) for one in OrderFile(path, mapping)]

    return read


def _told(one: object) -> tuple[Any, ...]:
    if isinstance(one, Broken):
        return one.row_number, one.error.reason
    assert isinstance(one, OrderText)
    return one.row_number, one.fields["order_ref"], one.lines


def test_each_record_is_an_order_with_the_lines_in_it(told: Any) -> None:
    two = '<line sku="x"><price>1.10</price></line><line sku="y"/>'
    assert told(orders(order("A"), order("B", two))) == [
        (1, "A", [("x", "1.10")]),
        (2, "B", [("x", "1.10"), ("y", "")]),
    ]


def test_names_are_compared_without_their_namespaces(told: Any) -> None:
    content = (
        '<o:orders xmlns:o="urn:shop" xmlns:x="urn:x"><o:order x:id="A"><o:lines><o:line sku="x">'
        "<o:price>1.10</o:price></o:line></o:lines></o:order></o:orders>"
    )
    assert told(content) == [(1, "A", [("x", "1.10")])]


def test_a_record_is_found_at_its_path_and_nowhere_else(told: Any) -> None:
    elsewhere = f"<archive>{order('old')}</archive>"
    assert told(orders(elsewhere, order("A"))) == [(1, "A", [("x", "1.10")])]


def test_several_texts_at_one_path_are_joined_and_what_is_missing_is_empty(
    told: Any, tmp_path: Path
) -> None:
    codes = "<codes><code> TEN </code><code/><code>FREE</code></codes>"
    told(orders(order().replace("<lines>", codes + "<lines>")))
    (found,) = OrderFile(tmp_path / "file.xml", NESTED)
    assert isinstance(found, OrderText)
    assert found.fields == {"order_ref": "A", "member": "7", "coupon_codes": "TEN,FREE"}


def test_records_may_be_lines_of_orders(told: Any) -> None:
    row = "<row><ticket>{}</ticket><article>{}</article><amount>1.00</amount></row>"
    content = f"<till><day>{row.format('A', 'x')}{row.format('A', 'y')}</day>{row.format('B', 'x')}</till>"
    assert told(content, ROWS) == [
        (1, "A", [("x", "1.00"), ("y", "1.00")]),
        (3, "B", [("x", "1.00")]),
    ]
    apart = f"<till>{row.format('A', 'x')}{row.format('B', 'x')}{row.format('A', 'y')}</till>"
    assert [one[:2] for one in told(apart, ROWS)] == [
        (1, "split_order"),
        (2, "B"),
        (3, "split_order"),
    ]


def test_records_without_lines_are_orders_of_one_amount(told: Any) -> None:
    mapping = replace(
        NESTED, lines=None, line_fields={}, fields={"order_ref": "@id", "amount": "total"}
    )
    assert told('<orders><order id="A"><total>9.90</total></order></orders>', mapping) == [
        (1, "A", [])
    ]


def test_what_appends_its_returns_is_told_by_its_minus(tmp_path: Path) -> None:
    path = tmp_path / "file.xml"
    path.write_text(orders(order(), order("A", '<line sku="x"><price>-1.10</price></line>')))
    kinds = [type(one).__name__ for one in OrderFile(path, replace(NESTED, returns="appended"))]
    assert kinds == ["OrderText", "ReturnText"]


def test_the_encoding_is_the_one_the_file_declares(told: Any, tmp_path: Path) -> None:
    content = orders(order("Café")).replace("UTF-8", "ISO-8859-1").encode("latin-1")
    assert told(content)[0][1] == "Café"
    (found,) = OrderFile(tmp_path / "file.xml", NESTED)
    assert "Café" in found.raw


def test_an_order_without_lines_or_with_too_many_is_refused(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_file, "LINES_MAX", 2)
    many = order("B", "<line/>" * 3)
    assert told(orders(order("A", ""), many, order("C"))) == [
        (1, "no_lines"),
        (2, "too_many_lines"),
        (3, "C", [("x", "1.10")]),
    ]


def test_a_file_that_is_cut_off_loses_its_last_record_and_says_so(
    told: Any, tmp_path: Path
) -> None:
    whole = orders(order("A"), order("B"))
    assert told(whole[:-40]) == [(1, "A", [("x", "1.10")]), (2, "bad_row")]
    *_, last = OrderFile(tmp_path / "file.xml", NESTED)
    assert isinstance(last, Broken)
    assert last.error.sentence.startswith("The file is no XML from here on: ")
    assert last.error.sentence.endswith("It may be cut off.")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is no XML"),
        ("order,at", "is no XML"),
        ("<orders/>", "holds no “orders/order”, which the source “shop” reads as its records"),
        ("<shop><order/></shop>", "holds no “orders/order”"),
    ],
)
def test_a_file_without_records_is_refused_whole(told: Any, content: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        told(content)


BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(9))


@pytest.mark.parametrize(
    "declaration",
    [
        f"<!DOCTYPE orders [{BOMB}]>",
        '<!DOCTYPE orders [<!ENTITY a8 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE orders SYSTEM "http://127.0.0.1:1/orders.dtd">',
        "<!DOCTYPE orders>",
    ],
)
def test_document_types_and_all_they_could_define_are_refused(told: Any, declaration: str) -> None:
    content = (
        orders(order("A")).replace("<orders>", declaration + "<orders>").replace("1.10", "&a8;")
    )
    with pytest.raises(InvalidInput, match=r"declares a document type|is no XML"):
        told(content)


def test_rejected_records_are_a_file_that_can_be_imported(told: Any, tmp_path: Path) -> None:
    told(orders(order("A", ""), order("é & <b>".replace("<", "&lt;").replace("& ", "&amp; "))))
    broken, kept = OrderFile(tmp_path / "file.xml", NESTED)
    assert isinstance(broken, Broken)
    path = tmp_path / "file.rejects.xml"
    rows = rejected_rows(path, tmp_path / "file.xml", NESTED)
    for one in (broken, kept):
        rows.write(one.raw)
    rows.close()
    assert [_told(one)[:2] for one in OrderFile(path, NESTED)] == [(1, "no_lines"), (2, "é & <b>")]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file.xml"
    with path.open("w") as stream:
        stream.write("<orders>")
        for number in range(3_000):
            stream.write(order(str(number)))
        stream.write("</orders>")
    walk = xml_file._Walk(path, "orders/order")
    with path.open("rb") as stream_bytes:
        for number, record in enumerate(walk.records(stream_bytes)):
            # No more than what was read ahead, some tens of kilobytes.
            assert len(record.getparent()) < 600, number
            xml_file._forget(record)


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=8
).map(lambda text: text.replace("\ufffe", "").replace("\uffff", ""))


@given(
    st.lists(
        st.tuples(TEXTS.filter(str.strip), st.lists(TEXTS, min_size=1, max_size=3)),
        min_size=1,
        max_size=4,
    )
)
def test_what_was_written_is_what_is_read(told_orders: list[tuple[str, list[str]]]) -> None:
    content = orders(
        *(
            f"<order id={quoteattr(name)}><lines>"
            + "".join(
                f"<line sku={quoteattr(sku)}><price>{escape(sku)}</price></line>" for sku in skus
            )
            + "</lines></order>"
            for name, skus in told_orders
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.xml"
        path.write_text(content, encoding="utf-8")
        found = [_told(one) for one in OrderFile(path, NESTED)]
    assert found == [
        (number, name.strip(), [(sku.strip(), sku.strip()) for sku in skus])
        for number, (name, skus) in enumerate(told_orders, 1)
    ]


SMALL = orders(order("A"), order("Bé")).encode()


@settings(max_examples=300)
@given(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=20))
def test_a_damaged_file_is_refused_or_read_never_worse(where: float, cut: int, put: bytes) -> None:
    place = int(where * len(SMALL))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.xml"
        path.write_bytes(SMALL[:place] + put + SMALL[place + cut :])
        with contextlib.suppress(InvalidInput):
            for one in OrderFile(path, NESTED):
                assert isinstance(one, OrderText | Broken)
