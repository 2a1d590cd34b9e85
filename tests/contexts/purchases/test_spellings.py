"""Amounts with a comma and dates in another order are read as the mapping says, and refused when they are not so."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidRow
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.spellings import DatePattern, with_comma
from cagnotte.purchases.reading.tables import read_table
from cagnotte.purchases.reading.texts import Broken, OrderText

FRENCH = Mapping(
    ref="caisse",
    kind="purchases",
    delimiter=";",
    decimal=",",
    dates="DD/MM/YYYY hh:mm",
    lines="rows",
    fields={"order_ref": "ticket", "occurred_at": "date", "delivery": "port"},
    line_fields={"sku": "article", "amount": "montant"},
)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12,40", "12.40"),
        ("-12,40", "-12.40"),
        ("12", "12"),
        ("1 234,56", "1234.56"),
        ("1\u202f234\u00a0567,8", "1234567.8"),
        ("1.234,56", "1234.56"),
        ("12,40 €", "12.40"),
        ("1.234", "1234"),
    ],
)
def test_an_amount_with_a_comma_is_exact(text: str, amount: str) -> None:
    assert with_comma(text) == amount


@pytest.mark.parametrize(
    "text", ["12.40", "1,234.56", "12,40,1", "1.23,4", "douze", ",50", "12,", "--1"]
)
def test_an_amount_that_is_not_written_so_is_refused(text: str) -> None:
    with pytest.raises(InvalidRow, match="is no amount with a decimal comma"):
        with_comma(text)


@pytest.mark.parametrize(
    ("pattern", "text", "iso"),
    [
        ("DD/MM/YYYY", "20/11/2026", "2026-11-20"),
        ("DD/MM/YYYY hh:mm", "1/2/2026 9:05", "2026-02-01T09:05:00"),
        ("MM/DD/YYYY", "11/20/2026", "2026-11-20"),
        ("DD.MM.YY hh:mm:ss", "20.11.26 12:30:27", "2026-11-20T12:30:27"),
        ("YYYYMMDD", "20261120", "2026-11-20"),
        ("DD/MM/YYYY", "2026-11-20T12:30:27+01:00", "2026-11-20T12:30:27+01:00"),
    ],
)
def test_a_date_is_read_by_its_pattern(pattern: str, text: str, iso: str) -> None:
    assert DatePattern.of(pattern).iso(text) == iso


@pytest.mark.parametrize("text", ["20/11/26", "20-11-2026", "20/11/2026 12:30", "20 novembre"])
def test_a_date_that_is_not_written_so_is_refused(text: str) -> None:
    with pytest.raises(InvalidRow, match="is not written as DD/MM/YYYY"):
        DatePattern.of("DD/MM/YYYY").iso(text)


@pytest.mark.parametrize("pattern", ["DD/MM", "YYYY", "DD/MM/YYYY/DD", "%d/%m/%Y"])
def test_a_pattern_has_a_day_a_month_and_a_year(pattern: str) -> None:
    with pytest.raises(ValueError, match="is no pattern of dates"):
        DatePattern.of(pattern)


def test_a_french_file_is_read_and_what_is_written_otherwise_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "caisse.csv"
    path.write_text(
        "ticket;date;port;article;montant\n"
        "A;20/11/2026 12:30;4,90;thé;12,40\n"
        "A;20/11/2026 12:30;4,90;pot;-1 000,00\n"
        "B;20/11/2026 12:30;;thé;12.40\n"
        "C;20/13/26;;thé;1,00\n"
    )
    first, second, third = OrderFile(path, FRENCH)
    assert isinstance(first, OrderText)
    assert first.fields == {
        "order_ref": "A",
        "occurred_at": "2026-11-20T12:30:00",
        "delivery": "4.90",
    }
    assert first.lines == [("thé", "12.40"), ("pot", "-1000.00")]
    assert isinstance(second, Broken)
    assert (second.row_number, second.error.reason) == (4, "bad_amount")
    assert isinstance(third, Broken)
    assert (third.row_number, third.error.reason) == (5, "bad_date")


def test_answers_are_read_by_the_same_patterns(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("order;day;back\nA;20/11/2026;1,50\n")
    mapping = Mapping(
        ref="answers",
        kind="decisions",
        delimiter=";",
        decimal=",",
        dates="DD/MM/YYYY",
        fields={"order_ref": "order", "on": "day", "returned_amount": "back"},
    )
    ((_, _, fields),) = read_table(path, mapping)
    assert fields == {"order_ref": "A", "on": "2026-11-20", "returned_amount": "1.50"}


@given(st.decimals(-(10**9), 10**9, places=2))
def test_what_is_written_with_a_comma_is_what_is_read(amount: Decimal) -> None:
    assert Decimal(with_comma(f"{amount:,}".translate(str.maketrans(",.", "\u202f,")))) == amount


@given(st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2100-01-01")))
def test_what_is_written_by_a_pattern_is_what_is_read(at: datetime) -> None:
    told = DatePattern.of("DD/MM/YYYY hh:mm:ss").iso(f"{at:%d/%m/%Y %H:%M:%S}")
    assert datetime.fromisoformat(told) == at.replace(microsecond=0)
