"""A chunk of orders inside its database transaction: attributed, rated, written, booked.

One road for one purchase and for a million: files bring thousands at a time, senders one by one.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.errors import InvalidRow
from cagnotte.domain.rating.decision import MemberFacts
from cagnotte.journeys import few, restate
from cagnotte.journeys.arrivals import Arrived, Rejected, rounds
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, PurchaseRow, change_of, lock_purchases
from cagnotte.journeys.new_purchases import MemberRow, NewPurchases
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import SQL, Recording
from cagnotte.platform.behind import Behind
from cagnotte.purchases.reading.texts import Broken, OrderText
from cagnotte.purchases.reports import Report, ReportReader

Connection = psycopg.Connection[Any]
Facts = dict[UUID, MemberFacts]

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
class Intake:
    """What is being taken in: where it comes from, how it is read, and by which of several writers (1 …).

    reader: None where reports come ready, from a source that says how its orders stand with all their returns.
    laid_over: for a source that appends returns, what lays them over the orders of a round, once those are locked.
    """

    run: ProgrammeRun
    arrived: Arrived
    reader: ReportReader | None
    grouped: bool
    writer: int = 1
    laid_over: Callable[[Connection, UUID, dict[str, Report]], dict[str, Report]] | None = None

    @property
    def tells_returns(self) -> bool:
        """Whether what was returned is told by the source, so that what others told of it does not hold on."""
        return self.reader is None or self.reader.tells_returns


Order = OrderText | Broken


class Chunk:
    """One chunk inside its database transaction. What is decided is written behind, while the next is decided.

    outcomes: what became of the messages, by row number: new, changed, unchanged or stale. A message in neither this
    nor `rejected` had been received before.
    """

    def __init__(
        self, connection: Connection, intake: Intake, budgets: Budgets, behind: Behind
    ) -> None:
        self.connection = connection
        self.intake = intake
        self.run = intake.run
        self.budgets = budgets
        self.behind = behind
        self.rules = intake.run.rules_at()
        self.new_purchases = NewPurchases(intake.run, intake.arrived, budgets)
        self.tally = Tally()
        self.rejected: list[Rejected] = []
        self.outcomes: dict[int, str] = {}
        self.facts: Facts = {}
        self.members: dict[str, MemberRow] = {}
        self.later: list[tuple[UUID, datetime]] = []
        self.closed: set[UUID] = set()

    def take(
        self, chunk: list[Order], meanwhile: Callable[[], None] = lambda: None
    ) -> tuple[Tally, list[Rejected]]:
        """Attribute, rate and write; the same order twice in a chunk is taken in two rounds.

        meanwhile: called while the last orders are being written.
        """
        fresh = self.intake.arrived.undelivered(self.connection, chunk)
        self.tally.unchanged += len(chunk) - len(fresh)
        return self._record(self._attributed(self._understood(fresh)), meanwhile)

    def take_reports(
        self, reports: list[Report], members: dict[str, MemberRow]
    ) -> tuple[Tally, list[Rejected]]:
        """Rate and write orders that are understood and attributed; members: who each report's `member` is."""
        self.members = members
        return self._record(reports)

    def _record(
        self, reports: list[Report], meanwhile: Callable[[], None] = lambda: None
    ) -> tuple[Tally, list[Rejected]]:
        self.budgets.load()
        for this_round in rounds(reports, lambda report: report.native_id):
            self.behind.settle()
            self._round(this_round)
        meanwhile()
        self.behind.settle()
        self.budgets.save()
        self.intake.arrived.keep_rejected(self.connection, self.rejected, self.run.now)
        return self.tally, self.rejected

    def take_few(self, orders: list[Order]) -> tuple[Tally, list[Rejected]]:
        """Take a few orders, whose senders wait: what they need is read in one go and written in another.

        That covers orders of known members that nobody has heard of before; with anything else among them they are
        taken like any chunk.
        """
        reports = self._understood(orders)
        if self.rejected or not self._all_new(reports):
            self.rejected.clear()
            self.tally = Tally()
            return self.take(orders)
        recording = Recording()
        for report in reports:
            self._new(report, recording)
        if recording.orders:
            recording.write_few(self.connection)
        self.budgets.save()
        return self.tally, self.rejected

    def _all_new(self, reports: list[Report]) -> bool:
        """Read and lock what orders need that are all new; return False when they are not, or name no members."""
        names = {report.native_id for report in reports}
        if len(names) < len(reports):
            return False
        context = few.read(self.connection, self.run.id, self.rules, self.intake.arrived, reports)
        self.budgets.load()
        self.members, self.facts, self.closed = context.fetched()
        return context.undisturbed and self.members.keys() >= {report.member for report in reports}

    # ---- what is new, and what it says ----

    def _understood(self, orders: list[Order]) -> list[Report]:
        reader = self.intake.reader
        if reader is None:
            raise AssertionError("texts of orders are taken with a reader")
        reports: list[Report] = []
        for order in orders:
            if isinstance(order, Broken):
                self._reject(order.row_number, order.raw, order.error)
                continue
            try:
                report = reader.read(order)
                self._check_merchant(report.purchase.merchant)
                reports.append(report)
                self.tally.dated_ahead += report.dated_ahead
            except InvalidRow as error:
                self._reject(order.row_number, order.raw, error)
        return reports

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
        self.rejected.append(Rejected.of(row_number, raw, error))
        self.tally.rejected[error.reason] = self.tally.rejected.get(error.reason, 0) + 1

    # ---- deciding and writing ----

    def _round(self, reports: dict[str, Report]) -> None:
        """Lock what stands, lock the wallets, decide each order in the file's order, write."""
        recording = Recording()
        standing = lock_purchases(
            self.connection, self.run.id, self.intake.arrived.source_id, sorted(reports)
        )
        wallets = {self.members[report.member].wallet_id for report in reports.values()}
        wallets.update(row.wallet_id for row in standing.values())
        locked = self.connection.execute(SQL.lock_wallets, {"wallet_ids": sorted(wallets)})
        self.closed = {wallet_id for wallet_id, is_closed in locked if is_closed}
        if self.intake.laid_over is not None:
            reports = self.intake.laid_over(self.connection, self.intake.arrived.source_id, reports)
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

    def _load_facts(self, reports: Collection[Report]) -> None:
        """Read the counters of the members of this round, for the periods their purchases fall in."""
        wanted: dict[UUID, frozenset[str]] = {}
        for report in reports:
            member = self.members[report.member]
            wanted[member.wallet_id] = member.segments
        first_day = min((report.purchase.occurred_on for report in reports), default=date.max)
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
        self.outcomes[report.row_number] = "new"
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
        if self.intake.grouped and row.file_id == self.intake.arrived.file_id:
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
        change = change_of(row, report, self.intake.arrived.file_id)
        outcome = change if isinstance(change, str) else "changed"
        self.outcomes[report.row_number] = outcome
        if outcome == "unchanged":
            self._said_again(report, row)
        self.intake.arrived.observe(
            report, row.id, outcome, report.content_hash, self.run.now, recording
        )
        setattr(self.tally, outcome, getattr(self.tally, outcome) + 1)
        if isinstance(change, Change):
            changes.append(replace(change, keeps_returns=not self.intake.tells_returns))
            self.tally.lines += len(report.purchase.lines)

    def _said_again(self, report: Report, row: PurchaseRow) -> None:
        """Note the later time of a message that repeats what stands: what was said in between is out of date."""
        if report.reported_at and (row.reported_at is None or report.reported_at > row.reported_at):
            self.later.append((row.id, report.reported_at))
