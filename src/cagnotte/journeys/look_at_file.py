"""Looking at a file before it is imported: what it seems to be, and what its source would understand of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.domain.money import format_minor
from cagnotte.journeys.import_file import source_of
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform import database
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.looking import Looked, Seen, differences, look
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.tables import read_table
from cagnotte.purchases.reading.texts import Broken, OrderText, Read, ReturnText
from cagnotte.purchases.reports import Report, ReportReader

ORDERS_SHOWN = 10


def look_at(path: Path, *, programme: str | None = None, source: str, now: datetime) -> Looked:
    """Look at a file, and read its first orders as a source would.

    Raises InvalidInput when the file cannot be opened, NotFound for an unknown programme or source.
    """
    looked = Looked(look(path))
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, programme, now)
        row = source_of(run, source)
        mapping = Mapping.from_data({"ref": row.ref, "kind": row.kind, **row.mapping})
        looked.differences = differences(looked.look, mapping)
        try:
            if row.kind == "purchases":
                looked.seen = list(_purchases(path, mapping, run))
            else:
                looked.seen = list(_records(path, mapping))
        except InvalidInput as error:
            looked.differences.insert(0, error.sentence)
    return looked


def _purchases(path: Path, mapping: Mapping, run: ProgrammeRun) -> Iterator[Seen]:
    orders = OrderFile(path, mapping)
    with database.connect() as connection:
        products = catalog.products(connection, run.id)
    reader = ReportReader(
        mapping,
        orders.line_names,
        products=products,
        zone=run.zone,
        currency=run.programme.currency,
        now=run.now,
    )
    yield from (_purchase(one, reader) for one in islice(orders, ORDERS_SHOWN))


def _purchase(one: Read, reader: ReportReader) -> Seen:
    if isinstance(one, Broken):
        return Seen(one.row_number, reason=one.error.reason, sentence=one.error.sentence)
    if isinstance(one, ReturnText):
        return Seen(
            one.row_number,
            {"order_ref": one.fields.get("order_ref", ""), "lines": f"{len(one.lines)} back"},
        )
    try:
        return Seen(one.row_number, _facts(reader.read(OrderText(*one))))
    except InvalidRow as error:
        return Seen(one.row_number, reason=error.reason, sentence=error.sentence)


def _facts(report: Report) -> dict[str, str]:
    purchase = report.purchase
    return {
        "order_ref": purchase.order_ref,
        "member": report.member,
        "merchant": purchase.merchant,
        "occurred_at": purchase.occurred_at.isoformat(),
        "amount": f"{format_minor(purchase.amount_minor, purchase.currency)} {purchase.currency}",
        "lines": str(len(purchase.lines)),
        "status": str(report.status or ""),
    }


def _records(path: Path, mapping: Mapping) -> Iterator[Seen]:
    rows: Iterable[tuple[int, str, dict[str, str] | InvalidRow]] = read_table(path, mapping)
    for number, _, fields in islice(rows, ORDERS_SHOWN):
        if isinstance(fields, InvalidRow):
            yield Seen(number, reason=fields.reason, sentence=fields.sentence)
        else:
            yield Seen(number, fields)
