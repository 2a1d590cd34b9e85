"""Purchases that stand already are confirmed, declined, opened again or amended: one road for all of it.

A restatement reads the frozen facts of the decision it changes, never today's rules, and books the difference
between what should stand and what stands. What was released already comes back by the contract's policy.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.bookings.earning import PartAmounts, restatement
from cagnotte.domain.bookings.targets import standing_of, target
from cagnotte.domain.contracts import Contract
from cagnotte.domain.ids import derived_id
from cagnotte.domain.lifecycle import (
    Event,
)
from cagnotte.domain.purchases import Purchase, Validation, keeping_returns
from cagnotte.domain.rating import returns
from cagnotte.domain.rating.counting import active_uses
from cagnotte.domain.rating.decision import Decision, from_data, to_data
from cagnotte.domain.transactions import Transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, PurchaseRow
from cagnotte.journeys.clawback import WalletLots
from cagnotte.journeys.frozen import frozen_facts, moved, starved
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import Recording, Version, decision_line, version_line
from cagnotte.journeys.restated_rows import RestatedRows
from cagnotte.platform.sql import load
from cagnotte.purchases.facts import facts_of, purchase_from_facts

Connection = psycopg.Connection[Any]
INGEST = load("ingest")
SQL = load("restate")
VOUCHERS = load("vouchers")


@dataclass(slots=True)
class Booked:
    """What stands of a reward before a change."""

    amount_minor: int
    released_minor: int
    kept_minor: int
    decision: Decision
    frozen: dict[str, Any]
    rules_at: datetime
    vouchered_minor: int
    parts: list[PartAmounts]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change came to, for summaries: the reward before and after, and what had to be taken back."""

    row: PurchaseRow
    before_minor: int
    after_minor: int
    owing_minor: int
    losses_minor: int


def apply(
    connection: Connection,
    run: ProgrammeRun,
    changes: list[Change],
    recording: Recording,
    budgets: Budgets | None,
) -> list[Outcome]:
    """Decide, book and write changes of locked purchases whose wallets are locked too.

    Each purchase comes at most once. Rows are updated here; versions and ledger go with the recording.
    """
    if not changes:
        return []
    booked = _read_booked(connection, changes)
    work = _Restating(run, recording, budgets, _read_lots(connection, run, changes, booked))
    facts = _read_facts(connection, run, changes)
    work.read_counters(connection, changes, booked, facts)
    outcomes = [
        work.one(change, booked[change.row.id], facts.get(change.row.id)) for change in changes
    ]
    work.write(connection)
    return outcomes


def policy_of(connection: Connection, run: ProgrammeRun, purchase_id: UUID) -> Contract | None:
    """Return the contract whose rules a purchase follows."""
    row = connection.execute(SQL.rewards, {"ids": [purchase_id], "whole": []}).fetchone()
    return run.policy_of(from_data(orjson.loads(row[4]))) if row else None


def _read_booked(connection: Connection, changes: list[Change]) -> dict[UUID, Booked]:
    """Read what stands; decisions that are not made again come as outlines, which are read in half the time."""
    ids = [change.row.id for change in changes]
    whole = [change.row.id for change in changes if change.purchase is not None]
    booked = {
        purchase_id: Booked(
            amount,
            released,
            kept,
            from_data(orjson.loads(decision)),
            orjson.loads(frozen),
            rules_at,
            vouchered,
            [],
        )
        for purchase_id, amount, released, kept, decision, frozen, rules_at, vouchered in (
            connection.execute(SQL.rewards, {"ids": ids, "whole": whole})
        )
    }
    for purchase_id, _, *part in connection.execute(SQL.parts, {"ids": ids}):
        booked[purchase_id].parts.append(PartAmounts(*part))
    return booked


def _read_facts(
    connection: Connection, run: ProgrammeRun, changes: list[Change]
) -> dict[UUID, Purchase]:
    """Read the facts a decision was made on, for purchases that get new ones."""
    ids = [change.row.id for change in changes if change.purchase is not None]
    if not ids:
        return {}
    rows = connection.execute(SQL.latest_facts, {"ids": ids})
    return {
        purchase_id: purchase_from_facts(orjson.loads(facts), run.zone)
        for purchase_id, facts in rows
    }


def _read_lots(
    connection: Connection, run: ProgrammeRun, changes: list[Change], booked: dict[UUID, Booked]
) -> WalletLots:
    """Lock the lots and vouchers that may have to give money back: only where something was released."""
    released = [change.row for change in changes if booked[change.row.id].released_minor]
    lots = WalletLots(run.id)
    if released:
        ids = sorted(row.id for row in released)
        lots.read_vouchers(
            connection.execute(VOUCHERS.vouchers_of_purchases, {"purchase_ids": ids})
        )
        rows = connection.execute(
            SQL.lots,
            {
                "wallet_ids": sorted({row.wallet_id for row in released}),
                "purchase_ids": ids,
            },
        )
        lots.read(rows)
    return lots


class _Restating:
    """One set of changes on its way: each is decided and booked, then all rows are updated at once."""

    def __init__(
        self, run: ProgrammeRun, recording: Recording, budgets: Budgets | None, lots: WalletLots
    ) -> None:
        self.run = run
        self.recording = recording
        self.budgets = budgets
        self.lots = lots
        self.writes = RestatedRows(run)
        self.counters: dict[UUID, dict[tuple[str, date], tuple[int, int]]] = {}

    def read_counters(
        self,
        connection: Connection,
        changes: list[Change],
        booked: dict[UUID, Booked],
        facts: dict[UUID, Purchase],
    ) -> None:
        """Read the counters of members whose purchases turn out to be of another day; usually there are none."""
        elsewhere = [change for change in changes if _moves(change, facts.get(change.row.id))]
        for change in elsewhere:
            windows = self.run.rules_at(booked[change.row.id].rules_at).counter_windows
            rows = connection.execute(
                INGEST.counters,
                {
                    "wallet_ids": [change.row.wallet_id],
                    "names": list(windows),
                    "since": [window.first_counted(_day(change)) for window in windows.values()],
                },
            )
            self.counters[change.row.id] = {
                (name, period): (amount, count) for _, name, period, amount, count in rows
            }

    def one(self, change: Change, before: Booked, known: Purchase | None) -> Outcome:
        """Restate one purchase."""
        if change.keeps_returns and change.purchase and known:
            change = replace(change, purchase=keeping_returns(change.purchase, known))
        row, run = change.row, self.run
        if known is not None and _moves(change, known):
            self._refreeze(change, before, known.occurred_on)
        decision = _decide(run, change, before, known, self.budgets)
        policy = run.policy_of(decision)
        parts = tuple(before.parts)
        standing = standing_of(
            Validation(row.validation), parts, before.released_minor, before.kept_minor
        )
        target_parts = run.parts_of(decision)
        age = run.today - _day(change)
        aim = target(standing, change.validation, target_parts, policy, age)
        clawback = self.lots.take_back(
            row,
            max(0, before.released_minor - aim.reward_minor),
            policy.clawback if policy else None,
            _vouchers_lost(change, before, decision),
        )
        # What is given up stays with the member: should the purchase be confirmed after all, it is not given twice.
        given_up_minor, clawback = clawback.losses_minor, clawback._replace(losses_minor=0)
        released_minor = before.released_minor - clawback.total_minor
        kept_minor = aim.kept_minor + given_up_minor
        after = standing_of(aim.validation, aim.parts, released_minor, kept_minor)
        version_id = derived_id(run.now, row.id, row.version + 1)
        owners = run.owners(row.wallet_id, row.merchant_id, row.currency)
        self.recording.book(
            Transaction.of(
                restatement(standing, after, owners, clawback),
                programme_id=run.id,
                book_id=row.wallet_id,
                kind=_KINDS[change.event],
                fact_id=version_id,
                occurred_on=run.today,
                effective_on=run.effective_on(run.today),
                recorded_at=run.now,
            )
        )
        _recount(change, before.decision, decision, self.recording, self.budgets)
        self._record(change, version_id, before, decision)
        taken_minor = before.released_minor - released_minor
        self.writes.vouchered[row.id] = before.vouchered_minor - min(
            taken_minor, _vouchers_lost(change, before, decision)
        )
        self.writes.add(change, version_id, decision, (standing, after), policy)
        return Outcome(
            row,
            before.amount_minor,
            after.reward_minor,
            clawback.owing_minor,
            given_up_minor,
        )

    def _refreeze(self, change: Change, before: Booked, old_day: date) -> None:
        """Freeze what stands in the counters of the other day, this purchase left out."""
        row = change.row
        own = {
            (use.name, use.period): use
            for use in active_uses(before.decision, Validation(row.validation))
        }
        standing = {}
        for (name, period), (amount, count) in self.counters[row.id].items():
            # What this set of changes has counted so far is not written yet.
            _, amount_now, count_now = self.recording.counters.get(
                (row.wallet_id, name, period), (0, 0, 0)
            )
            use = own.get((name, period))
            standing[name, period] = (
                amount + amount_now - (use.amount_minor if use else 0),
                count + count_now - (use.count if use else 0),
            )
        rules = self.run.rules_at(before.rules_at)
        before.frozen = moved(before.frozen, (old_day, _day(change)), rules, standing)

    def _record(self, change: Change, version_id: UUID, before: Booked, decision: Decision) -> None:
        """Render the new version, and the decision where it is another one."""
        row, lines, now = change.row, self.recording.lines, self.run.now.isoformat()
        version = Version(
            version_id,
            row.id,
            row.bucket,
            row.version + 1,
            change.event,
            change.validation,
            change.reason,
        )
        facts = orjson.dumps(facts_of(change.purchase)) if change.purchase else None
        lines["purchases_purchaseversion"].append(version_line(version, now, facts))
        if change.purchase:
            rules_at = before.rules_at.isoformat()
            lines["rewards_decision"].append(
                decision_line(version, to_data(decision), before.frozen, rules_at)
            )

    def write(self, connection: Connection) -> None:
        """Write all updates; versions and ledger go with the recording."""
        self.writes.write(connection)
        self.lots.write(connection, SQL.update_lots, VOUCHERS.take_back_vouchers)


def _vouchers_lost(change: Change, before: Booked, decision: Decision) -> int:
    """Return what was issued as vouchers and would no longer be, after a change."""
    if not before.vouchered_minor:
        return 0
    still = 0 if change.validation is Validation.DECLINED else decision.voucher_minor
    return max(0, before.vouchered_minor - still)


def _day(change: Change) -> date:
    """Return the day of a purchase after a change."""
    return change.purchase.occurred_on if change.purchase else change.row.occurred_on


def _moves(change: Change, known: Purchase | None) -> bool:
    """Tell whether a change dates its purchase on another day."""
    return known is not None and change.purchase is not None and _day(change) != known.occurred_on


_KINDS = {
    Event.CONFIRM: "confirmed",
    Event.DECLINE: "declined",
    Event.REOPEN: "reopened",
    Event.AMEND: "restated",
    Event.HAPPEN: "happened",
}
"""The kind of transaction each event books."""


def _decide(
    run: ProgrammeRun,
    change: Change,
    before: Booked,
    known: Purchase | None,
    budgets: Budgets | None,
) -> Decision:
    """Return the decision after the change: the same, or made again on the new facts with the frozen ones."""
    if change.purchase is None or known is None:
        return before.decision
    frozen: dict[str, int] = before.frozen.get("budgets", {})
    while True:
        decision = returns.redecide(
            before.decision,
            known,
            change.purchase,
            run.rules_at(before.rules_at),
            frozen_facts(before.frozen),
            _rooms(change, before.decision, frozen, budgets),
        )
        wanting = [offer for offer in starved(decision) if offer not in frozen]
        if budgets is None or not sum(budgets.top_up(offer) for offer in wanting):
            return decision


def _rooms(
    change: Change, before: Decision, frozen: dict[str, int], budgets: Budgets | None
) -> dict[str, int]:
    """Return the room under each budget: what is left today, and what the purchase took of it itself.

    Never more than it found when it was decided: room that others gave back since serves later purchases.
    """
    rooms = dict(frozen)
    if budgets is not None:
        own = dict(before.budget_uses) if change.row.validation != Validation.DECLINED else {}
        for offer, left in budgets.items():
            room = max(left, 0) + own.get(offer, 0)
            rooms[offer] = min(frozen.get(offer, room), room)
    return rooms


def _recount(
    change: Change, before: Decision, after: Decision, recording: Recording, budgets: Budgets | None
) -> None:
    """Rewrite what the purchase uses of counters and budgets; room that is freed serves later purchases."""
    row = change.row
    for use in active_uses(before, Validation(row.validation)):
        recording.count(row.wallet_id, row.bucket, use, -1)
    for use in active_uses(after, change.validation):
        recording.count(row.wallet_id, row.bucket, use, 1)
    if budgets is not None:
        if row.validation != Validation.DECLINED:
            for offer, amount in before.budget_uses:
                budgets.use(offer, -amount)
        if change.validation is not Validation.DECLINED:
            for offer, amount in after.budget_uses:
                budgets.use(offer, amount)
