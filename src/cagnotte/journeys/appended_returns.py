"""Returns that a source appends: each is kept in the set of its order, and laid over the order once that stands.

A return counts once, whatever the number of times it arrives, and a return that comes before its order waits for
it. What remains of an order is computed from the whole set, so neither the order of arrival nor the way returns are
spread over files changes a cent.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.errors import InvalidRow
from cagnotte.domain.ids import derived_id
from cagnotte.domain.lifecycle import Event
from cagnotte.domain.purchases import Validation, with_returns
from cagnotte.journeys import ingest, restate, unnamed_returns
from cagnotte.journeys.arrivals import Rejected, in_one_transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, lock_purchases
from cagnotte.journeys.orders import Intake, Order, Tally
from cagnotte.journeys.recording import Recording
from cagnotte.platform.sql import load
from cagnotte.purchases import selectors, services
from cagnotte.purchases.facts import facts_of
from cagnotte.purchases.reading.texts import OrderText, Read, ReturnText, raw_bytes
from cagnotte.purchases.reports import Report
from cagnotte.purchases.return_reports import ReturnReader, ReturnReport

Connection = psycopg.Connection[Any]
INGEST = load("ingest")

CHUNK_RETURNS = 3_000
"""Returns per database transaction."""

Chunk = tuple[Tally, list[Rejected], int]


def import_sales_and_returns(
    connection: Connection,
    file: Intake,
    reader: ReturnReader,
    read: Iterable[Read],
    *,
    mine: Callable[[OrderText | ReturnText], bool] | None = None,
) -> Iterator[Chunk]:
    """Take in a file of a source that appends its returns; give each chunk's outcome once it is committed.

    mine: which of both this writer takes, when several share a file. Interrupted anywhere, a second run ends in the
    same state as one clean run.
    """
    budgets = Budgets(connection, file.run.id, file.run.budgets(), file.writer)
    work = _Returns(connection, file, reader, budgets)
    apart = _Apart(iter(read), mine)
    done = 0
    while not apart.ended:
        for tally, rejected, characters in ingest.import_orders(
            connection, file, apart.sales(), mine=mine
        ):
            yield tally, rejected, done + characters
        if apart.returns:
            tally, rejected = work.keep(apart.returns)
            apart.returns.clear()
            yield tally, rejected, apart.characters
        done = apart.characters
    work.find_unnamed()
    work.count_arrived()
    if budgets:
        with connection.transaction():
            budgets.give_back()


class _Apart:
    """A file's sales, one stretch after the other, and the returns that stood among them."""

    def __init__(
        self, read: Iterator[Read], mine: Callable[[OrderText | ReturnText], bool] | None
    ) -> None:
        self._read = read
        self._mine = mine
        self.returns: list[ReturnText] = []
        self.characters = 0
        self.ended = False

    def sales(self) -> Iterator[Order]:
        """Give sales until the file ends, or as many returns are held as are kept at once."""
        for order in self._read:
            self.characters += len(order.raw)
            if not isinstance(order, ReturnText):
                yield order
            elif self._mine is None or self._mine(order):
                self.returns.append(order)
                if len(self.returns) >= CHUNK_RETURNS:
                    return
        self.ended = True


@dataclass(slots=True)
class _Returns:
    """The returns of one file on their way."""

    connection: Connection
    file: Intake
    reader: ReturnReader
    budgets: Budgets

    def keep(self, texts: list[ReturnText]) -> tuple[Tally, list[Rejected]]:
        """Keep returns, and let those count whose order stands."""
        return in_one_transaction(self.connection, lambda: self._keep(texts))

    def _keep(self, texts: list[ReturnText]) -> tuple[Tally, list[Rejected]]:
        tally, rejected = Tally(), list[Rejected]()
        self.budgets.load()
        fresh = self.file.arrived.undelivered(self.connection, texts)
        tally.unchanged += len(texts) - len(fresh)
        reports = []
        for text in fresh:
            try:
                report = self.reader.read(text)
                unnamed_returns.check(self.file.run, report)
                reports.append(report)
            except InvalidRow as error:
                rejected.append(Rejected.of(text.row_number, text.raw, error))
        new, repeated = self._sorted(reports, rejected)
        self._write(new, repeated)
        tally.returned += len(new)
        tally.unchanged += len(repeated)
        for row in rejected:
            tally.rejected[row.reason] = tally.rejected.get(row.reason, 0) + 1
        self._lay_over(sorted({report.native_id for report in new.values()} - {""}))
        self.budgets.save()
        self.file.arrived.keep_rejected(self.connection, rejected, self.file.run.now)
        return tally, rejected

    def _sorted(
        self, reports: list[ReturnReport], rejected: list[Rejected]
    ) -> tuple[dict[tuple[str, str], ReturnReport], list[ReturnReport]]:
        """Tell new returns, by order and key, from repeated ones; reject what was said differently before."""
        keys = [(report.native_id, self._key(report)) for report in reports]
        known = self._known(keys)
        new: dict[tuple[str, str], ReturnReport] = {}
        repeated = []
        for key, report in zip(keys, reports, strict=True):
            stands = new[key].content_hash if key in new else known.get(key)
            if stands is None:
                new[key] = report
            elif stands == report.content_hash:
                repeated.append(report)
            else:
                error = InvalidRow(
                    "return_differs",
                    f"The return {report.return_id} of order {report.order_ref} was told before, with other articles "
                    "or amounts; what was told first counts.",
                    return_id=report.return_id,
                )
                rejected.append(Rejected.of(report.row_number, report.raw, error))
        return new, repeated

    def _known(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """Return the content hashes of returns that are known: within their order, else within their source."""
        source_id = self.file.arrived.source_id
        known = selectors.known_returns(self.connection, source_id, [key for key in keys if key[0]])
        unnamed = [unnamed_returns.part_key(key, 1) for native_id, key in keys if not native_id]
        found = selectors.known_unnamed_returns(self.connection, source_id, unnamed)
        for native_id, key in keys:
            if not native_id and unnamed_returns.part_key(key, 1) in found:
                known["", key] = found[unnamed_returns.part_key(key, 1)]
        return known

    def _key(self, report: ReturnReport) -> str:
        """Return what a return is known by within its order: the source's name of it, else its place in this file."""
        return report.return_id or f"#{self.file.arrived.delivery_key(report).hex()}"

    def _write(
        self, new: dict[tuple[str, str], ReturnReport], repeated: list[ReturnReport]
    ) -> None:
        arrived, now = self.file.arrived, self.file.run.now
        rows = []
        for outcome, reports in (("returned", list(new.values())), ("unchanged", repeated)):
            for report in reports:
                key = arrived.delivery_key(report)
                row_id = derived_id(now, arrived.source_id, key.hex())
                rows.append(
                    services.ReturnRow(
                        id=row_id,
                        delivery_key=key,
                        report=report,
                        kept=self._kept(row_id, report),
                        outcome=outcome,
                        raw=raw_bytes(report.raw, arrived.encoding),
                    )
                )
        services.keep_returns(self.connection, source_id=arrived.source_id, rows=rows, now=now)

    def _kept(self, row_id: UUID, report: ReturnReport) -> list[services.KeptReturn]:
        if report.sought is None:
            return [services.KeptReturn(row_id, self._key(report), report.facts.decode())]
        return unnamed_returns.kept(self.file.run, row_id, self._key(report), report, report.sought)

    def find_unnamed(self) -> None:
        """Let returns count that named no order, as far as theirs can be found."""
        in_one_transaction(self.connection, self._find_unnamed)

    def _find_unnamed(self) -> None:
        found = unnamed_returns.find_orders(
            self.connection, self.file.run, self.file.arrived.source_id
        )
        if found:
            self.budgets.load()
            self._lay_over(found)
            self.budgets.save()

    def count_arrived(self) -> None:
        """Let returns count that waited for an order which stands by now.

        Usually there are none. Two writers may have taken an order and its return at the same moment, without
        seeing each other; whoever ends later comes by here.
        """
        while in_one_transaction(self.connection, self._count_arrived):
            pass

    def _count_arrived(self) -> int:
        self.budgets.load()
        native_ids = selectors.arrived_returns(
            self.connection, self.file.run.id, self.file.arrived.source_id, CHUNK_RETURNS
        )
        count = self._lay_over(native_ids)
        self.budgets.save()
        return count

    def _lay_over(self, native_ids: list[str]) -> int:
        """Lock those of some orders that stand, and amend them by what came back; return how many stand."""
        run, source_id = self.file.run, self.file.arrived.source_id
        if not native_ids:
            return 0
        standing = lock_purchases(self.connection, run.id, source_id, native_ids)
        if not standing:
            return 0
        wallets = sorted({row.wallet_id for row in standing.values()})
        self.connection.execute(INGEST.lock_wallets, {"wallet_ids": wallets})
        sets = selectors.returns_of(self.connection, source_id, sorted(standing))
        facts = selectors.latest_purchases(
            self.connection, [row.id for row in standing.values()], run.zone
        )
        changes = []
        for native_id, row in standing.items():
            known = facts[row.id]
            after, _ = with_returns(known, sets[native_id].items)
            if after != known:
                state = Validation(row.validation)
                changes.append(Change(row, Event.AMEND, state, row.reason, purchase=after))
        if changes:
            recording = Recording()
            restate.apply(self.connection, run, changes, recording, self.budgets)
            recording.write(self.connection)
        services.count_returns(
            self.connection,
            {
                return_id: standing[native_id].id
                for native_id, found in sets.items()
                for return_id in found.ids
            },
        )
        return len(standing)


def laid_over(
    connection: Connection, source_id: UUID, reports: dict[str, Report]
) -> dict[str, Report]:
    """Return what a source says of orders, with all that came back of them; the orders that stand are locked."""
    sets = selectors.returns_of(connection, source_id, sorted(reports))
    return {
        native_id: _with(report, sets[native_id]) if native_id in sets else report
        for native_id, report in reports.items()
    }


def _with(report: Report, found: selectors.Returns) -> Report:
    purchase, _ = with_returns(report.purchase, found.items)
    # The hash stays that of the message, so that the same message again is known as such.
    return report._replace(purchase=purchase, facts=orjson.dumps(facts_of(purchase)))
