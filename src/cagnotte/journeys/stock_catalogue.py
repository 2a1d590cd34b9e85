"""Stock the catalogue: a file of products, row by row, into articles with a category and a brand."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import psycopg

from cagnotte.catalog import selectors, services
from cagnotte.catalog.services import ProductFacts
from cagnotte.catalog.source_fields import BOOLEANS
from cagnotte.domain.errors import InvalidRow
from cagnotte.identity.models import Programme
from cagnotte.journeys.records import Progress, Row, Summary, chunks, needed, read_chunk, text_of

NAME_LENGTH_MAX = 300


def run(
    connection: psycopg.Connection[Any],
    *,
    programme: Programme,
    rows: Iterable[Row],
    now: datetime,  # noqa: ARG001 - all journeys over records are called alike
    progress: Progress | None = None,
) -> Summary:
    """Write products; commits after each ten thousand. The same file again changes nothing.

    A row is rejected when its sku is missing, a text is too long, or its category is not in the tree.
    """
    summary = Summary()
    reader = _Reader(selectors.category_parents(programme.id))
    for chunk in chunks(rows):
        products = read_chunk(chunk, reader.read, summary.rejected)
        counts = services.save_products(connection, programme.id, products)
        connection.commit()
        summary.new += counts.new
        summary.changed += counts.changed
        summary.unchanged += len(products) - counts.new - counts.changed
        if progress:
            progress(len(chunk))
    return summary


class _Reader:
    """Reads rows of products against the tree of categories."""

    def __init__(self, categories: dict[str, str | None]) -> None:
        self._categories = categories

    def read(self, line: int, fields: dict[str, str]) -> ProductFacts:
        """Return the facts of a row. Raises InvalidRow."""
        category = text_of(fields, "category")
        if category and category not in self._categories:
            raise InvalidRow(
                "unknown_category",
                f"The category “{category}” is not in the programme file; add it there, or leave it empty.",
                category=category,
            )
        return ProductFacts(
            line=line,
            sku=needed(fields, "sku"),
            name=text_of(fields, "name", longest=NAME_LENGTH_MAX),
            category_ref=category,
            brand_ref=text_of(fields, "brand", longest=100),
            gift_card=_boolean(fields),
        )


def _boolean(fields: dict[str, str]) -> bool | None:
    text = text_of(fields, "gift_card")
    if text is None:
        return None
    if text.lower() not in BOOLEANS:
        raise InvalidRow(
            "bad_boolean", f"gift_card is “{text}”; write true or false.", field="gift_card"
        )
    return BOOLEANS[text.lower()]
