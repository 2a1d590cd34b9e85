"""Purchases arrive: a file's orders are attributed, rated and booked, chunk by chunk.

One database transaction per chunk, and one road for one purchase and for a million. Receiving the same file
again, whole or in part, writes nothing new: every message has a delivery key, derived from the file's bytes
and the row it stands on.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.domain.errors import InvalidRow
from cagnotte.domain.rating.decision import MemberFacts
from cagnotte.journeys import restate
from cagnotte.journeys.arrivals import ArrivedFile, Rejected, in_one_transaction, rounds
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, PurchaseRow, change_of, lock_purchases
from cagnotte.journeys.new_purchases import MemberRow, NewPurchases
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import SQL, Recording
from cagnotte.platform.behind import Behind, working_behind
from cagnotte.purchases.reading import Broken, OrderText
from cagnotte.purchases.reports import Report, ReportReader

Connection = psycopg.Connection[Any]
Facts = dict[UUID, MemberFacts]

CHUNK_ORDERS = 6_000
"""Orders per database transaction."""

PIECE_ORDERS = 500
"""Orders decided before they are sent on, to be written while the next ones are decided."""


COUNTED = (
    "new", "changed", "unchanged", "stale", "returned", "dated_ahead", "lines", "reward_minor",
)  # fmt: skip
"""What a tally counts, apart from what was rejected."""


@dataclass(slots=True)
class Tally:
    """What became of a file's orders: numbers for the summary, and the rejected with their reasons.

    returned: returns that a source appended. dated_ahead: messages from the future, taken as said now.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    stale: int = 0
    returned: int = 0
    dated_ahead: int = 0
    lines: int = 0
    reward_minor: int = 0
    rejected: dict[str, int] = field(default_factory=dict)

    @property
    def orders(self) -> int:
        """All orders read."""
        return self.new + self.changed + self.unchanged + self.stale + sum(self.rejected.values())

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, count in other.rejected.items():
            self.rejected[reason] = self.rejected.get(reason, 0) + count


@dataclass(slots=True)
class FileRun:
    """One file being imported: where it comes from, how it is read, and by which of several writers (1 …).

    laid_over: for a source that appends returns, what lays them over the orders of a round, once those are locked.
    """

    run: ProgrammeRun
    arrived: ArrivedFile
    reader: ReportReader
    grouped: bool
    writer: int = 1
    laid_over: Callable[[Connection, UUID, dict[str, Report]], dict[str, Report]] | None = None


Order = OrderText | Broken


def import_orders(
    connection: Connection,
    file: FileRun,
    orders: Iterable[Order],
    *,
    mine: Callable[[OrderText], bool] | None = None,
    chunk_orders: int = CHUNK_ORDERS,
) -> Iterator[tuple[Tally, list[Rejected], int]]:
    """Take a file's orders in, `chunk_orders` at a time; give each chunk's outcome once it is committed.

    mine: which orders this writer takes, when several share a file; the broken ones go to writer 1.
    Of each chunk: the tally, what was rejected, and how many characters of the file are done with.
    Interrupted anywhere, a second run ends in the same state as one clean run.
    """
    chunks = _ReadAhead(_chunks(orders, chunk_orders, mine, first=file.writer == 1))
    with _catalogue_set_aside(), working_behind() as behind:
        budgets = Budgets(
            connection, file.run.id, file.run.budgets(), file.writer, before_asking=behind.settle
        )
        for chunk in chunks:
            work = partial(_take, connection, file, budgets, behind, chunk, chunks)
            with _garbage_left_lying():
                tally, rejected = in_one_transaction(connection, work)
            yield tally, rejected, chunk.characters
        if budgets:
            with connection.transaction():
                budgets.give_back()


@contextmanager
def _catalogue_set_aside() -> Iterator[None]:
    """Keep what is there already, the catalogue above all, out of every later look for garbage."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _garbage_left_lying() -> Iterator[None]:
    """Look for garbage once after a chunk, not some hundred times within it, which costs a seventh of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


class _Orders(NamedTuple):
    """The orders of a chunk, and how many characters of the file were read up to their end."""

    orders: list[Order]
    characters: int


def _chunks(
    orders: Iterable[Order], size: int, mine: Callable[[OrderText], bool] | None, *, first: bool
) -> Iterator[_Orders]:
    chunk: list[Order] = []
    characters = 0
    for order in orders:
        characters += len(order.raw)
        if mine is not None and not (first if isinstance(order, Broken) else mine(order)):
            continue
        chunk.append(order)
        if len(chunk) >= size:
            yield _Orders(chunk, characters)
            chunk = []
    if chunk:
        yield _Orders(chunk, characters)


class _ReadAhead:
    """Chunks of a file, of which the next may be read while the last is still being written."""

    def __init__(self, chunks: Iterator[_Orders]) -> None:
        self._chunks = chunks
        self._held: list[_Orders | Exception] = []

    def __iter__(self) -> Iterator[_Orders]:
        while True:
            self.read_on()
            if not self._held:
                return
            held = self._held.pop()
            if isinstance(held, Exception):
                raise held
            yield held

    def read_on(self) -> None:
        """Read the next chunk unless it is there already. A file that breaks off says so when its turn comes."""
        if not self._held:
            try:
                self._held.extend(islice(self._chunks, 1))
            except Exception as error:  # noqa: BLE001 - raised where the chunk would be taken
                self._held.append(error)


def _take(
    connection: Connection,
    file: FileRun,
    budgets: Budgets,
    behind: Behind,
    chunk: _Orders,
    chunks: _ReadAhead,
) -> tuple[Tally, list[Rejected]]:
    try:
        return _Chunk(connection, file, budgets, behind).take(chunk.orders, chunks.read_on)
    except BaseException:
        # The connection is rolled back next: nobody may be using it then.
        behind.abandon()
        raise


class _Chunk:
    """One chunk inside its database transaction. What is decided is written behind, while the next is decided."""

    def __init__(
        self, connection: Connection, file: FileRun, budgets: Budgets, behind: Behind
    ) -> None:
        self.connection = connection
        self.file = file
        self.run = file.run
        self.budgets = budgets
        self.behind = behind
        self.rules = file.run.rules_at()
        self.new_purchases = NewPurchases(file.run, file.arrived, budgets)
        self.tally = Tally()
        self.rejected: list[Rejected] = []
        self.facts: Facts = {}
        self.members: dict[str, MemberRow] = {}
        self.later: list[tuple[UUID, datetime]] = []
        self.closed: set[UUID] = set()

    def take(
        self, chunk: list[Order], meanwhile: Callable[[], None]
    ) -> tuple[Tally, list[Rejected]]:
        """Attribute, rate and write; the same order twice in a chunk is taken in two rounds.

        meanwhile: called while the last orders are being written.
        """
        fresh = self.file.arrived.undelivered(self.connection, chunk)
        self.tally.unchanged += len(chunk) - len(fresh)
        reports = self._understood(fresh)
        self.budgets.load()
        for this_round in rounds(reports, lambda report: report.native_id):
            self.behind.settle()
            self._round(this_round)
        meanwhile()
        self.behind.settle()
        self.budgets.save()
        self.file.arrived.keep_rejected(self.connection, self.rejected, self.run.now)
        return self.tally, self.rejected

    # ---- what is new, and what it says ----

    def _understood(self, orders: list[Order]) -> list[Report]:
        reports: list[Report] = []
        for order in orders:
            if isinstance(order, Broken):
                self._reject(order.row_number, order.raw, order.error)
                continue
            try:
                report = self.file.reader.read(order)
                self._check_merchant(report.purchase.merchant)
                reports.append(report)
                self.tally.dated_ahead += report.dated_ahead
            except InvalidRow as error:
                self._reject(order.row_number, order.raw, error)
        return self._attributed(reports)

    def _check_merchant(self, merchant: str) -> None:
        if ("merchant", merchant) not in self.run.parties:
            raise InvalidRow(
                "unknown_merchant",
                f"The programme has no merchant “{merchant}”; name it in the programme file.",
            )

    def _attributed(self, reports: list[Report]) -> list[Report]:
        """Keep what belongs to a member, by member number; reject the others with the reason."""
        # A row's one trace is its member number, so nothing needs weighing: of the rules of attribution only 1, 6
        # and 7 remain, and they stand here. `attribution.choose` would add its 4 µs to every purchase.
        refs = sorted({report.member for report in reports})
        rows = self.connection.execute(
            SQL.members, {"programme_id": self.run.id, "refs": refs}
        ).fetchall()
        self.members = {
            ref: MemberRow(wallet, member, bucket, frozenset(segments))
            for ref, wallet, member, bucket, segments in rows
        }
        kept = []
        for report in reports:
            member = self.members.get(report.member)
            if member is None:
                error = InvalidRow(
                    "unknown_member",
                    f"No member has the number “{report.member}”; enrol them, then send it again.",
                )
                self._reject(report.row_number, report.raw, error)
            else:
                kept.append(report)
        return kept

    def _reject(self, row_number: int, raw: str, error: InvalidRow) -> None:
        self.rejected.append(Rejected(row_number, raw, error))
        self.tally.rejected[error.reason] = self.tally.rejected.get(error.reason, 0) + 1

    # ---- deciding and writing ----

    def _round(self, reports: dict[str, Report]) -> None:
        """Lock what stands, lock the wallets, decide each order in the file's order, write."""
        recording = Recording()
        standing = lock_purchases(
            self.connection, self.run.id, self.file.arrived.source_id, sorted(reports)
        )
        wallets = {self.members[report.member].wallet_id for report in reports.values()}
        wallets.update(row.wallet_id for row in standing.values())
        locked = self.connection.execute(SQL.lock_wallets, {"wallet_ids": sorted(wallets)})
        self.closed = {wallet_id for wallet_id, is_closed in locked if is_closed}
        if self.file.laid_over is not None:
            reports = self.file.laid_over(self.connection, self.file.arrived.source_id, reports)
        self._load_facts(reports.values())
        self.later = []
        changes: list[Change] = []
        for native_id, report in reports.items():
            row = standing.get(native_id)
            if row is None:
                self._new(report, recording)
            else:
                self._again(report, row, recording, changes)
            if recording.orders >= PIECE_ORDERS:
                recording.send_on(self.connection, self.behind)
        if changes or self.later:
            self.behind.settle()
        restate.apply(self.connection, self.run, changes, recording, self.budgets)
        if self.later:
            ids, moments = zip(*self.later, strict=True)
            self.connection.execute(SQL.said_again, {"ids": list(ids), "moments": list(moments)})
        recording.send_rest(self.connection, self.behind)

    def _load_facts(self, reports: Iterable[Report]) -> None:
        """Read the counters of the members of this round, for the periods their purchases fall in."""
        wanted: dict[UUID, frozenset[str]] = {}
        first_day = date.max
        for report in reports:
            member = self.members[report.member]
            wanted[member.wallet_id] = member.segments
            first_day = min(first_day, report.purchase.occurred_on)
        windows = self.rules.counter_windows
        self.facts = {wallet: MemberFacts(segments, {}) for wallet, segments in wanted.items()}
        rows = self.connection.execute(
            SQL.counters,
            {
                "wallet_ids": sorted(wanted),
                "names": list(windows),
                "since": [window.first_counted(first_day) for window in windows.values()],
            },
        )
        for wallet_id, name, period, amount_minor, count in rows:
            self.facts[wallet_id].counters[name, period] = (amount_minor, count)

    def _new(self, report: Report, recording: Recording) -> None:
        """Take an order seen for the first time; a closed account begins nothing new."""
        member = self.members[report.member]
        if member.wallet_id in self.closed:
            error = InvalidRow(
                "member_closed", f"The account of member “{report.member}” is closed."
            )
            self._reject(report.row_number, report.raw, error)
            return
        new = self.new_purchases.take(report, member, self.facts[member.wallet_id], recording)
        self.tally.new += 1
        self.tally.lines += len(report.purchase.lines)
        self.tally.reward_minor += new.reward_minor

    def _again(
        self,
        report: Report,
        row: PurchaseRow,
        recording: Recording,
        changes: list[Change],
    ) -> None:
        """Sort a message about a known order: unchanged, stale, out of place, or a change."""
        if self.file.grouped and row.file_id == self.file.arrived.file_id:
            error = InvalidRow(
                "split_order",
                f"The order {report.purchase.order_ref} stands twice in this file, with other orders between; sort the "
                "whole file by order and import it again: these rows alone would be taken for the whole order.",
            )
            self._reject(report.row_number, report.raw, error)
            return
        if row.wallet_id != self.members[report.member].wallet_id:
            error = InvalidRow(
                "other_member",
                f"The order {report.purchase.order_ref} belongs to another member already.",
            )
            self._reject(report.row_number, report.raw, error)
            return
        change = change_of(row, report, self.file.arrived.file_id)
        outcome = change if isinstance(change, str) else "changed"
        if outcome == "unchanged":
            self._said_again(report, row)
        self.file.arrived.observe(
            report, row.id, outcome, report.content_hash, self.run.now, recording
        )
        setattr(self.tally, outcome, getattr(self.tally, outcome) + 1)
        if isinstance(change, Change):
            changes.append(replace(change, keeps_returns=not self.file.reader.tells_returns))
            self.tally.lines += len(report.purchase.lines)

    def _said_again(self, report: Report, row: PurchaseRow) -> None:
        """Note the later time of a message that repeats what stands: what was said in between is out of date."""
        if report.reported_at and (row.reported_at is None or report.reported_at > row.reported_at):
            self.later.append((row.id, report.reported_at))
