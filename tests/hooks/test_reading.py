"""Reading what sources write: what is read exactly, and what is refused by name."""

from decimal import Decimal

import pytest

from cagnotte.hooks import reading
from cagnotte.hooks.reading import Misread


def test_a_list_of_objects_is_read_and_nothing_is_an_empty_one() -> None:
    assert reading.objects([{"id": 1}, {}], "lines") == [{"id": 1}, {}]
    assert reading.objects(None, "lines") == []


@pytest.mark.parametrize("told", [{"id": 1}, "lines", [1], [{"id": 1}, None]])
def test_what_is_no_list_of_objects_is_refused_with_its_name(told: object) -> None:
    with pytest.raises(Misread, match="lines"):
        reading.objects(told, "lines")


def test_a_day_is_written_in_one_way() -> None:
    assert reading.calendar_day("2028-02-29", "day").isoformat() == "2028-02-29"
    for told in ("29/02/2028", "2028-2-29", "20280229", "2028-02-29T00:00", "", None, 20280229):
        with pytest.raises(Misread, match="“day” is no day"):
            reading.calendar_day(told, "day")
    with pytest.raises(Misread, match="a day that no calendar has"):
        reading.calendar_day("2026-02-29", "day")


@pytest.mark.parametrize(
    "number", ["1e999999999999999999999", "1e99999999", "-1e-99999999", "1e401"]
)
def test_a_number_that_would_fill_the_memory_is_refused(number: str) -> None:
    with pytest.raises(Misread, match="number"):
        reading.read_json(f'{{"amount": {number}}}'.encode())


def test_a_number_of_any_double_is_read() -> None:
    assert reading.read_json(b"[1e308, 5e-324, 0.10]") == [
        Decimal("1e308"), Decimal("5e-324"), Decimal("0.10"),
    ]  # fmt: skip
