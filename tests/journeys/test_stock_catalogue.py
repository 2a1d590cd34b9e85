"""A file of products becomes articles with a category and a brand."""

from datetime import UTC, datetime

import pytest

from cagnotte.catalog import selectors as catalog
from cagnotte.catalog import services as catalog_services
from cagnotte.identity import selectors, services
from cagnotte.identity.models import Programme
from cagnotte.journeys import stock_catalogue
from cagnotte.journeys.records import Rejected, Row, Summary
from cagnotte.platform import database

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def programme(committed_db: str) -> Programme:
    assert committed_db
    services.create_programme(
        slug="corner", name="Corner", currency="EUR", timezone="Europe/Paris", now=NOW
    )
    found = selectors.programme("corner")
    catalog_services.save_categories(found.id, [("food", None, "Food"), ("tea", "food", "Tea")])
    return found


def stock(programme: Programme, *rows: Row) -> Summary:
    with database.connect() as connection:
        return stock_catalogue.run(connection, programme=programme, rows=rows, now=NOW)


def products(programme: Programme) -> dict[str, tuple[str | None, str | None, bool]]:
    with database.connect() as connection:
        return catalog.products(connection, programme.id)


def test_products_are_new_then_unchanged_then_changed(programme: Programme) -> None:
    rows: list[Row] = [
        (2, {"sku": "1", "name": "Earl Grey", "category": "tea", "brand": "acme"}),
        (3, {"sku": "2", "name": "Voucher", "gift_card": "yes"}),
    ]
    first, second = stock(programme, *rows), stock(programme, *rows)
    third = stock(programme, (2, {"sku": "1", "category": "food"}))
    assert (first.new, second.unchanged, third.changed) == (2, 2, 1)
    assert products(programme) == {"1": ("food", "acme", False), "2": (None, None, True)}


def test_bad_rows_are_told_and_good_rows_go_through(programme: Programme) -> None:
    summary = stock(
        programme,
        (2, {"sku": " "}),
        (3, {"sku": "3", "category": "wine"}),
        (4, {"sku": "4", "gift_card": "maybe"}),
        (5, {"sku": "5"}),
    )
    assert summary.rejected == [
        Rejected(2, "missing", "sku is empty."),
        Rejected(
            3,
            "unknown_category",
            "The category “wine” is not in the programme file; add it there, or leave it empty.",
        ),
        Rejected(4, "bad_boolean", "gift_card is “maybe”; write true or false."),
    ]
    assert set(products(programme)) == {"5"}
