"""Purchases of a file come in, by one process or by several that share it by member.

Apart from `import_file`, so that a process that takes a share loads what purchases need and nothing else.
"""

import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.catalog.source_fields import ROWS
from cagnotte.journeys import appended_returns, ingest
from cagnotte.journeys.arrivals import ArrivedFile, Rejected
from cagnotte.journeys.orders import Intake, Tally
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform import database
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.texts import OrderText, ReturnText
from cagnotte.purchases.reports import ReportReader
from cagnotte.purchases.return_reports import ReturnReader

Connection = psycopg.Connection[Any]

Chunk = tuple[Tally, list[Rejected], int]
"""What a chunk came to, what it rejected, and how many characters were read so far."""


def take(
    connection: Connection,
    run: ProgrammeRun,
    orders: OrderFile,
    arrived: ArrivedFile,
    *share: int,
) -> Iterator[Chunk]:
    """Take the orders that fall to one of several writers (`share`: which, of how many); give committed chunks."""
    writer, writers = share
    mapping = orders.mapping
    reader = ReportReader(
        mapping,
        orders.line_names,
        products=catalog.products(connection, run.id),
        zone=run.zone,
        currency=run.programme.currency,
        now=run.now,
    )
    connection.commit()
    file = Intake(run, arrived, reader, grouped=mapping.lines == ROWS, writer=writer)
    mine = _share(writer, writers) if writers > 1 else None
    if mapping.appends_returns:
        file.laid_over = appended_returns.laid_over
        returns = ReturnReader(mapping, orders.line_names, currency=run.programme.currency)
        yield from appended_returns.import_sales_and_returns(
            connection, file, returns, orders, mine=mine
        )
    else:
        yield from ingest.import_orders(connection, file, orders.sales(), mine=mine)


def _share(writer: int, writers: int) -> Callable[[OrderText | ReturnText], bool]:
    """Return which orders fall to a writer: by member, so that each member's purchases keep their order."""

    def mine(order: OrderText | ReturnText) -> bool:
        return (
            zlib.crc32(order.fields.get("member", "").encode(errors="surrogateescape")) % writers
            == writer - 1
        )

    return mine


def write_share(
    path: Path,
    mapping: Mapping,
    slug: str,
    now: datetime,
    arrived: ArrivedFile,
    *share: int,
) -> Iterator[Chunk]:
    """Work as one of several writers of a file (`share`: which, of how many); give each committed chunk."""
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, slug, now)
        yield from take(connection, run, OrderFile(path, mapping), arrived, *share)
