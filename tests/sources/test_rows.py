"""Rows and pages of networks' answers."""

from decimal import Decimal

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.extras.sources.networks import pages, rows
from cagnotte.hooks import reading
from cagnotte.hooks.sources import Piece, ReportLine, SourceFailed, TraceFound, Unreadable


def test_a_row_that_cannot_be_read_does_not_hold_up_the_others() -> None:
    found = rows.each(
        [{"id": "a"}, {"id": None}, 7], lambda row: Piece(reading.text(row, "id"), "order", {})
    )
    assert list(found) == [
        Piece("a", "order", {}),
        Unreadable("misread", "“id” is missing.", "row 2"),
        Unreadable("misread", "row 3 is no object.", "row 3"),
    ]


def test_no_reference_is_no_trace() -> None:
    assert rows.click_trace("") == []
    assert rows.click_trace("k7m2") == [TraceFound(Trace.CLICK, "k7m2")]


def test_an_order_without_articles_is_one_line() -> None:
    assert rows.whole_order(Decimal("9.90")) == [ReportLine(1, "", 1, Decimal("9.90"))]


def test_fields_are_kept_as_texts_and_what_says_nothing_is_left_out() -> None:
    row = {"a": Decimal("12.40"), "b": None, "c": "", "d": 0, "e": "not asked for"}
    assert pages.picked(row, "abcd") == {"a": "12.40", "d": 0}


@pytest.mark.parametrize("told", [{}, {"a": None}, {"a": {"b": {}}}, {"a": 7}, [], None])
def test_an_answer_without_its_list_is_refused(told: object) -> None:
    with pytest.raises(SourceFailed, match=r"Somebody answered without “a\.b”"):
        pages.listed(told, "a.b", "Somebody")
    assert pages.listed({"a": {"b": [1]}}, "a.b", "Somebody") == [1]


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("/v1/orders?page=2", "https://api.example/v1/orders?page=2"),
        ("https://api.example/v1/orders?page=2", "https://api.example/v1/orders?page=2"),
        ("?page=2", "https://api.example?page=2"),
    ],
)
def test_the_next_page_is_where_the_network_says(address: str, whole: str) -> None:
    assert pages.next_page(address, "https://api.example") == whole


@pytest.mark.parametrize(
    "address",
    [
        "https://other.example/v1",
        "//other.example/v1",
        "http://api.example/v1",
        "file:///etc/passwd",
    ],
)
def test_the_next_page_is_never_on_another_server(address: str) -> None:
    with pytest.raises(SourceFailed, match="another server"):
        pages.next_page(address, "https://api.example")
