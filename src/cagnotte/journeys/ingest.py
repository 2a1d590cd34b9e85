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
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.domain.bookings.earning import NOTHING, Owners, PartAmounts, Standing, restatement
from cagnotte.domain.contracts import Release
from cagnotte.domain.errors import InvalidRow
from cagnotte.domain.ids import derived_id
from cagnotte.domain.lifecycle import Moments, answer_date, release_date
from cagnotte.domain.purchases import Purchase, Validation
from cagnotte.domain.rating import engine, returns
from cagnotte.domain.rating.counting import active_uses
from cagnotte.domain.rating.decision import CounterUse, Decision, MemberFacts, to_data
from cagnotte.domain.transactions import Transaction
from cagnotte.journeys import restate
from cagnotte.journeys.arrivals import ArrivedFile, Rejected, in_one_transaction, rounds
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, PurchaseRow, change_of, lock_purchases
from cagnotte.journeys.frozen import frozen_data, starved
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import (
    NULL,
    SQL,
    Recording,
    Version,
    decision_line,
    part_line,
    version_line,
)
from cagnotte.platform.sql import escape
from cagnotte.purchases.reading import Broken, OrderText
from cagnotte.purchases.reports import Report, ReportReader

Connection = psycopg.Connection[Any]

CHUNK_ORDERS = 3_000
"""Orders per database transaction."""


@dataclass(slots=True)
class Tally:
    """What became of a file's orders: numbers for the summary, and the rejected with their reasons."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    stale: int = 0
    lines: int = 0
    reward_minor: int = 0
    rejected: dict[str, int] = field(default_factory=dict)

    @property
    def orders(self) -> int:
        """All orders read."""
        return self.new + self.changed + self.unchanged + self.stale + sum(self.rejected.values())

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        for name in ("new", "changed", "unchanged", "stale", "lines", "reward_minor"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, count in other.rejected.items():
            self.rejected[reason] = self.rejected.get(reason, 0) + count


class MemberRow(NamedTuple):
    """Who a member number belongs to."""

    wallet_id: UUID
    member_id: UUID
    bucket: int
    segments: frozenset[str]


@dataclass(slots=True)
class FileRun:
    """One file being imported: where it comes from, how it is read, and by which of several writers (1 …)."""

    run: ProgrammeRun
    arrived: ArrivedFile
    reader: ReportReader
    grouped: bool
    writer: int = 1


Order = OrderText | Broken


def import_orders(
    connection: Connection,
    file: FileRun,
    orders: Iterable[Order],
    *,
    mine: Callable[[OrderText], bool] | None = None,
    chunk_orders: int = CHUNK_ORDERS,
) -> Iterator[tuple[Tally, list[Rejected]]]:
    """Take a file's orders in, `chunk_orders` at a time; give each chunk's outcome once it is committed.

    mine: which orders this writer takes, when several share a file; the broken ones go to writer 1.
    Interrupted anywhere, a second run ends in the same state as one clean run.
    """
    budgets = Budgets(connection, file.run.id, file.run.budgets(), file.writer)
    with _catalogue_set_aside():
        for chunk in _chunks(orders, chunk_orders, mine, first=file.writer == 1):
            take = partial(_take, connection, file, budgets, chunk)
            with _garbage_left_lying():
                taken = in_one_transaction(connection, take)
            yield taken
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


def _chunks(
    orders: Iterable[Order], size: int, mine: Callable[[OrderText], bool] | None, *, first: bool
) -> Iterator[list[Order]]:
    chunk: list[Order] = []
    for order in orders:
        if mine is not None and not (first if isinstance(order, Broken) else mine(order)):
            continue
        chunk.append(order)
        if len(chunk) >= size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _take(
    connection: Connection, file: FileRun, budgets: Budgets, chunk: list[Order]
) -> tuple[Tally, list[Rejected]]:
    return _Chunk(connection, file, budgets).take(chunk)


class _New(NamedTuple):
    """An order seen for the first time, decided; parts are empty when it arrives declined."""

    report: Report
    member: MemberRow
    decision: Decision
    frozen: dict[str, Any]
    validation: Validation
    parts: tuple[PartAmounts, ...]
    purchase_id: UUID
    version_id: UUID
    merchant_id: UUID

    @property
    def reward_minor(self) -> int:
        """R as booked."""
        return sum([part.reward_minor for part in self.parts])


class _Chunk:
    """One chunk inside its database transaction."""

    def __init__(self, connection: Connection, file: FileRun, budgets: Budgets) -> None:
        self.connection = connection
        self.file = file
        self.run = file.run
        self.budgets = budgets
        self.rules = file.run.rules_at()
        self.tally = Tally()
        self.rejected: list[Rejected] = []
        self.recorded_at = file.run.now.isoformat()
        self.facts: dict[UUID, MemberFacts] = {}
        self.members: dict[str, MemberRow] = {}
        self.later: list[tuple[UUID, datetime]] = []
        self.closed: set[UUID] = set()

    def take(self, chunk: list[Order]) -> tuple[Tally, list[Rejected]]:
        """Attribute, rate and write; the same order twice in a chunk is taken in two rounds."""
        fresh = self.file.arrived.undelivered(self.connection, chunk)
        self.tally.unchanged += len(chunk) - len(fresh)
        reports = self._understood(fresh)
        self.budgets.load()
        for this_round in rounds(reports, lambda report: report.native_id):
            self._round(this_round)
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
        self._load_facts(reports.values())
        self.later = []
        changes: list[Change] = []
        for native_id, report in reports.items():
            row = standing.get(native_id)
            if row is None:
                self._new(report, recording)
            else:
                self._again(report, row, recording, changes)
        restate.apply(self.connection, self.run, changes, recording, self.budgets)
        if self.later:
            ids, moments = zip(*self.later, strict=True)
            self.connection.execute(SQL.said_again, {"ids": list(ids), "moments": list(moments)})
        recording.write(self.connection)

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
        """Decide and render an order seen for the first time; a closed account begins nothing new."""
        if self.members[report.member].wallet_id in self.closed:
            error = InvalidRow(
                "member_closed", f"The account of member “{report.member}” is closed."
            )
            self._reject(report.row_number, report.raw, error)
            return
        new = self._decided(report)
        for use in active_uses(new.decision, new.validation):
            self._count(new.member, use, recording)
        if new.validation is not Validation.DECLINED:
            for offer, amount in new.decision.budget_uses:
                self.budgets.use(offer, amount)
        self._render(new, recording)
        for position, part in enumerate(new.parts):
            contract_id = self._contract_id(new.decision, position)
            recording.lines["rewards_rewardpart"].append(
                part_line(new.purchase_id, new.member.bucket, position, part, contract_id)
            )
        self._book(new, recording)
        self.tally.new += 1
        self.tally.lines += len(report.purchase.lines)
        self.tally.reward_minor += new.reward_minor

    def _decided(self, report: Report) -> "_New":
        """Rate an order with what is known of its member, and freeze what was read."""
        member = self.members[report.member]
        facts = self.facts[member.wallet_id]
        decision = self._decide(report.purchase, facts)
        validation = report.status or Validation.PENDING
        now = self.run.now
        purchase_id = derived_id(now, self.run.id, self.file.arrived.source_id, report.native_id)
        return _New(
            report=report,
            member=member,
            decision=decision,
            frozen=frozen_data(
                facts, decision, self.budgets, self.rules, report.purchase.occurred_on
            ),
            validation=validation,
            parts=self.run.parts_of(decision) if validation is not Validation.DECLINED else (),
            purchase_id=purchase_id,
            version_id=derived_id(now, purchase_id, 1),
            merchant_id=self.run.parties["merchant", report.purchase.merchant],
        )

    def _count(self, member: MemberRow, use: CounterUse, recording: Recording) -> None:
        """Note a use of a counter, for the database and for the member's next order of this chunk."""
        recording.count(member.wallet_id, member.bucket, use, 1)
        counters = self.facts[member.wallet_id].counters
        amount, count = counters.get((use.name, use.period), (0, 0))
        counters[use.name, use.period] = (amount + use.amount_minor, count + use.count)

    def _book(self, new: "_New", recording: Recording) -> None:
        purchase = new.report.purchase
        owners = Owners(self.run.id, new.member.wallet_id, new.merchant_id, purchase.currency)
        recording.book(
            Transaction.of(
                restatement(NOTHING, Standing(new.validation, new.parts), owners),
                programme_id=self.run.id,
                book_id=new.member.wallet_id,
                kind="tracked",
                fact_id=new.version_id,
                occurred_on=purchase.occurred_on,
                effective_on=self.run.effective_on(purchase.occurred_on),
                recorded_at=self.run.now,
            )
        )

    def _decide(self, purchase: Purchase, facts: MemberFacts) -> Decision:
        """Rate a purchase; where a budget cut it, take another slice of the budget and rate again.

        An order that arrives with returns gets what it would have got had they been told later.
        """
        bought = returns.as_bought(purchase)
        while True:
            decision = engine.decide(bought, self.rules, facts, budgets=self.budgets)
            if bought is not purchase:
                decision = returns.redecide(
                    decision, bought, purchase, self.rules, facts, self.budgets
                )
            wanting = starved(decision)
            if not wanting or not sum(self.budgets.top_up(offer) for offer in wanting):
                return decision

    def _contract_id(self, decision: Decision, position: int) -> UUID | None:
        key = decision.parts[position].contract
        return self.run.contract(key).id if key else None

    def _render(self, new: "_New", recording: Recording) -> None:
        """Render the rows of a new purchase but its parts and entries."""
        report, member, decision, validation = new.report, new.member, new.decision, new.validation
        purchase, lines, file = report.purchase, recording.lines, self.file
        purchase_hex, wallet_hex = f"{new.purchase_id.int:032x}", f"{member.wallet_id.int:032x}"
        programme_hex, merchant_hex = f"{self.run.id.int:032x}", f"{new.merchant_id.int:032x}"
        file.arrived.observe(
            report, new.purchase_id, "new", report.content_hash, self.run.now, recording
        )
        confirmed_on, release_on, answer_by = self._dates(new)
        lines["purchases_purchase"].append(
            f"{purchase_hex}\t{programme_hex}\t{file.arrived.source_id.int:032x}\t{escape(report.native_id)}"
            f"\t{wallet_hex}\t{member.bucket}\t{member.member_id.int:032x}\t{merchant_hex}"
            f"\t{escape(purchase.order_ref)}\t{purchase.occurred_at.isoformat()}\t{purchase.occurred_on}"
            f"\t{purchase.currency}\t{purchase.amount_minor}\t{validation}\t{report.reason}\t1"
            f"\t\\\\x{report.content_hash.hex()}\t{report.reported_at.isoformat() if report.reported_at else NULL}"
            f"\t{file.arrived.file_id.int:032x}\t{confirmed_on}\t{release_on}\t{answer_by}\t{NULL}\t{{}}\tmember_number"
        )
        version = Version(
            new.version_id, new.purchase_id, member.bucket, 1, "track", validation, report.reason
        )
        lines["purchases_purchaseversion"].append(
            version_line(version, self.recorded_at, report.facts)
        )
        lines["rewards_reward"].append(
            f"{purchase_hex}\t{programme_hex}\t{wallet_hex}\t{member.bucket}\t{merchant_hex}\t{purchase.currency}"
            f"\t{decision.base_minor}\t{new.reward_minor}\t0\t{decision.voucher_minor}\t0\t{new.version_id.int:032x}"
        )
        lines["rewards_decision"].append(
            decision_line(version, to_data(decision), new.frozen, self.recorded_at)
        )

    def _dates(self, new: "_New") -> tuple[object, object, object]:
        """Return (confirmed on, to be released from, to be answered by), NULL where there is none."""
        contract, purchase = self.run.policy_of(new.decision), new.report.purchase
        if new.validation is Validation.PENDING:
            days = contract.auto_confirm_days if contract else None
            return NULL, NULL, answer_date(days, purchase.occurred_on) or NULL
        if new.validation is Validation.DECLINED or not new.reward_minor:
            return NULL, NULL, NULL
        release = contract.release if contract else Release(days=0)
        today = self.run.today
        return today, release_date(release, Moments(purchase.occurred_on, today)) or NULL, NULL

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
