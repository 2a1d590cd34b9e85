"""Purchases that stand already are confirmed, declined, opened again or amended: one road for all of it.

A restatement reads the frozen facts of the decision it changes, never today's rules, and books the difference
between what should stand and what stands. What was released already comes back by the contract's policy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.bookings.earning import PartAmounts, Standing, restatement
from cagnotte.domain.contracts import Contract, Release
from cagnotte.domain.errors import IllegalTransition
from cagnotte.domain.ids import derived_id
from cagnotte.domain.lifecycle import (
    EVENT_FOR,
    Event,
    Moments,
    answer_date,
    next_state,
    release_date,
)
from cagnotte.domain.purchases import Purchase, Validation
from cagnotte.domain.rating import returns
from cagnotte.domain.rating.counting import active_uses
from cagnotte.domain.rating.decision import Decision, MemberFacts, from_data, to_data
from cagnotte.domain.transactions import Transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.clawback import WalletLots
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import Recording, Version, version_line
from cagnotte.platform.sql import load
from cagnotte.purchases.reports import Report, facts_of, purchase_from_facts

Connection = psycopg.Connection[Any]
INGEST = load("ingest")
SQL = load("restate")


class PurchaseRow(NamedTuple):
    """A purchase as it stands, locked."""

    native_id: str
    id: UUID
    wallet_id: UUID
    bucket: int
    member_id: UUID
    merchant_id: UUID
    order_ref: str
    occurred_on: date
    currency: str
    validation: str
    reason: str
    version: int
    content_hash: bytes
    reported_at: datetime | None
    file_id: UUID | None
    confirmed_on: date | None
    release_on: date | None
    answer_by: date | None
    event_on: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """What is newly said about a purchase.

    purchase: its new facts, None when only its state changes. content_hash, reported_at, file_id: of the message,
    None when it did not come from a source.
    """

    row: PurchaseRow
    event: Event
    validation: Validation
    reason: str = ""
    purchase: Purchase | None = None
    content_hash: bytes | None = None
    reported_at: datetime | None = None
    file_id: UUID | None = None


@dataclass(slots=True)
class Booked:
    """What stands of a reward before a change."""

    amount_minor: int
    released_minor: int
    kept_minor: int
    decision: Decision
    frozen: dict[str, Any]
    rules_at: datetime
    parts: list[PartAmounts]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change came to, for summaries: the reward before and after, and what had to be taken back."""

    row: PurchaseRow
    before_minor: int
    after_minor: int
    owing_minor: int
    losses_minor: int


def lock_purchases(
    connection: Connection, programme_id: UUID, source_id: UUID, native_ids: list[str]
) -> dict[str, PurchaseRow]:
    """Lock the purchases a source's messages speak of, in key order; return those that exist."""
    rows = connection.execute(
        INGEST.lock_purchases,
        {"programme_id": programme_id, "source_id": source_id, "native_ids": native_ids},
    ).fetchall()
    return {row[0]: PurchaseRow(*row) for row in rows}


def lock_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, PurchaseRow]:
    """Lock purchases by their ids, in key order."""
    rows = connection.execute(SQL.lock_by_id, {"ids": sorted(ids)}).fetchall()
    return {row[1]: PurchaseRow(*row) for row in rows}


_AT_EQUAL_TIME = {Validation.DECLINED: 2, Validation.CONFIRMED: 1, Validation.PENDING: 0}


def change_of(row: PurchaseRow, report: Report, file_id: UUID) -> Change | str:
    """Return the change a message makes, or "unchanged" or "stale".

    Content is compared with the latest applied message alone. An older message is kept and changes nothing; at
    equal time declined beats confirmed beats pending, then the smaller hash.
    """
    if bytes(row.content_hash) == report.content_hash:
        return "unchanged"
    standing = Validation(row.validation)
    status = report.status or standing
    if report.reported_at and row.reported_at:
        if report.reported_at < row.reported_at:
            return "stale"
        if report.reported_at == row.reported_at:
            ours = (_AT_EQUAL_TIME[standing], [-byte for byte in row.content_hash])
            theirs = (_AT_EQUAL_TIME[status], [-byte for byte in report.content_hash])
            if theirs < ours:
                return "stale"
    event = EVENT_FOR[status] if status is not standing else Event.AMEND
    return Change(
        row=row,
        event=event,
        validation=next_state(standing, event),
        reason=report.reason,
        purchase=report.purchase,
        content_hash=report.content_hash,
        reported_at=report.reported_at,
        file_id=file_id,
    )


def state_change(row: PurchaseRow, event: Event, reason: str = "") -> Change:
    """Return the change of an order to confirm, decline or reopen. Raises IllegalTransition, also for a repeat."""
    standing = Validation(row.validation)
    after = next_state(standing, event)
    if after is standing:
        raise IllegalTransition(
            f"The purchase {row.native_id} is {standing} already.", state=standing, event=event
        )
    return Change(row=row, event=event, validation=after, reason=reason)


def frozen_data(facts: MemberFacts, decision: Decision, budgets: Budgets) -> dict[str, Any]:
    """Return what a decision read of the member, as JSON: the only facts its restatements will read."""
    names = {use.name for use in decision.uses}
    counters = [
        [name, period.isoformat(), amount, count]
        for (name, period), (amount, count) in facts.counters.items()
        if name in names
    ]
    frozen: dict[str, Any] = {"counters": sorted(counters)}
    if facts.segments:
        frozen["segments"] = sorted(facts.segments)
    rooms = {offer: budgets[offer] for offer, _ in decision.budget_uses}
    if rooms:
        frozen["budgets"] = rooms
    return frozen


def frozen_facts(frozen: dict[str, Any]) -> MemberFacts:
    """Read back what `frozen_data` wrote."""
    return MemberFacts(
        frozenset(frozen.get("segments", ())),
        {
            (name, date.fromisoformat(period)): (amount, count)
            for name, period, amount, count in frozen["counters"]
        },
    )


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
    booked = _read_booked(connection, [change.row.id for change in changes])
    work = _Restating(run, recording, budgets, _read_lots(connection, run, changes, booked))
    facts = _read_facts(connection, run, changes)
    outcomes = [
        work.one(change, booked[change.row.id], facts.get(change.row.id)) for change in changes
    ]
    work.write(connection)
    return outcomes


def policy_of(connection: Connection, run: ProgrammeRun, purchase_id: UUID) -> Contract | None:
    """Return the contract whose rules a purchase follows."""
    return run.policy_of(_read_booked(connection, [purchase_id])[purchase_id].decision)


def _read_booked(connection: Connection, ids: list[UUID]) -> dict[UUID, Booked]:
    booked = {
        purchase_id: Booked(
            amount,
            released,
            kept,
            from_data(orjson.loads(decision)),
            orjson.loads(frozen),
            rules_at,
            [],
        )
        for purchase_id, amount, released, kept, decision, frozen, rules_at in connection.execute(
            SQL.rewards, {"ids": ids}
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
    """Lock the lots that may have to give money back: only where something was released."""
    released = [change.row for change in changes if booked[change.row.id].released_minor]
    lots = WalletLots(run.id)
    if released:
        rows = connection.execute(
            SQL.lots,
            {
                "wallet_ids": sorted({row.wallet_id for row in released}),
                "purchase_ids": sorted(row.id for row in released),
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
        self.writes = _Writes(run)

    def one(self, change: Change, before: Booked, known: Purchase | None) -> Outcome:
        """Restate one purchase."""
        row, run = change.row, self.run
        decision = _decide(run, change, before, known)
        policy = run.policy_of(decision)
        parts = tuple(before.parts)
        standing = _standing(
            Validation(row.validation), parts, before.released_minor, before.kept_minor
        )
        target = _target(run, change, decision, standing, policy)
        clawback = self.lots.take_back(
            row,
            max(0, before.released_minor - target.reward_minor),
            policy.clawback if policy else None,
        )
        released_minor = before.released_minor - clawback.total_minor
        after = _standing(target.validation, target.parts, released_minor, target.kept_minor)
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
        self._record(change, version_id)
        self.writes.add(change, decision, after, policy)
        return Outcome(
            row,
            before.amount_minor,
            after.reward_minor,
            clawback.owing_minor,
            clawback.losses_minor,
        )

    def _record(self, change: Change, version_id: UUID) -> None:
        row = change.row
        facts = orjson.dumps(facts_of(change.purchase)) if change.purchase else None
        version = Version(
            version_id,
            row.id,
            row.bucket,
            row.version + 1,
            change.event,
            change.validation,
            change.reason,
        )
        self.recording.lines["purchases_purchaseversion"].append(
            version_line(version, self.run.now.isoformat(), facts)
        )

    def write(self, connection: Connection) -> None:
        """Write all updates; versions and ledger go with the recording."""
        self.writes.write(connection)
        self.lots.write(connection, SQL.update_lots)


_KINDS = {
    Event.CONFIRM: "confirmed",
    Event.DECLINE: "declined",
    Event.REOPEN: "reopened",
    Event.AMEND: "restated",
    Event.HAPPEN: "happened",
}
"""The kind of transaction each event books."""


def _decide(run: ProgrammeRun, change: Change, before: Booked, known: Purchase | None) -> Decision:
    """Return the decision after the change: the same, or made again on the new facts with the frozen ones."""
    if change.purchase is None or known is None:
        return before.decision
    return returns.redecide(
        before.decision,
        known,
        change.purchase,
        run.rules_at(before.rules_at),
        frozen_facts(before.frozen),
        before.frozen.get("budgets"),
    )


def _target(
    run: ProgrammeRun,
    change: Change,
    decision: Decision,
    standing: Standing,
    policy: Contract | None,
) -> Standing:
    """Return what should stand now, each side inside its own window of the contract.

    A funder whose window is over keeps its commission; what the member no longer gets of it is margin. A member
    whose window is over keeps the reward; what no funder follows any more is the programme's loss.
    """
    parts = run.parts_of(decision) if change.validation is not Validation.DECLINED else ()
    target = merge_parts(standing.parts, parts)
    if policy is None:
        return Standing(change.validation, target)
    kept = 0
    age = run.today - change.row.occurred_on
    if age > timedelta(days=policy.funder_refund_days):
        target = tuple(
            _locked(old, new)
            for old, new in zip(_padded(standing.parts, target), target, strict=True)
        )
    if age > timedelta(days=policy.member_clawback_days):
        kept = max(0, standing.reward_minor - sum(part.reward_minor for part in target))
    return Standing(change.validation, target, kept_minor=kept)


def _standing(
    validation: Validation, parts: tuple[PartAmounts, ...], released_minor: int, kept_minor: int
) -> Standing:
    """Return what stands on the books: what outlives a decline stands as confirmed."""
    if validation is Validation.DECLINED and (
        kept_minor or any(part.commission_minor for part in parts)
    ):
        validation = Validation.CONFIRMED
    return Standing(validation, parts, released_minor, kept_minor)


def merge_parts(
    before: tuple[PartAmounts, ...], after: tuple[PartAmounts, ...]
) -> tuple[PartAmounts, ...]:
    """Return `after` in the positions of `before`: a funder keeps its place, one that left stands at zero."""
    by_funder = {(part.funder_kind, part.funder_id): part for part in after}
    merged = []
    for part in before:
        key = (part.funder_kind, part.funder_id)
        merged.append(by_funder.pop(key, PartAmounts(*key, 0, 0, 0, 0)))
    return (*merged, *by_funder.values())


def _padded(
    before: tuple[PartAmounts, ...], target: tuple[PartAmounts, ...]
) -> tuple[PartAmounts, ...]:
    extra = (
        PartAmounts(part.funder_kind, part.funder_id, 0, 0, 0, 0) for part in target[len(before) :]
    )
    return (*before, *extra)


def _locked(old: PartAmounts, new: PartAmounts) -> PartAmounts:
    """Return a part whose funder no longer follows: its commission as it was, the rest is margin."""
    if new.funder_kind == "programme":
        return new
    reward = min(new.reward_minor, old.commission_minor)
    share = min(new.share_minor, old.commission_minor - reward)
    return PartAmounts(
        old.funder_kind,
        old.funder_id,
        old.commission_minor,
        reward,
        share,
        old.commission_minor - reward - share,
    )


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


class _Writes:
    """The updates of a set of changes, as one array per column."""

    def __init__(self, run: ProgrammeRun) -> None:
        self.run = run
        self.purchases: list[tuple[Any, ...]] = []
        self.rewards: list[tuple[Any, ...]] = []
        self.parts: list[tuple[Any, ...]] = []

    def add(
        self, change: Change, decision: Decision, after: Standing, policy: Contract | None
    ) -> None:
        """Note the rows of one change."""
        row, version, run = change.row, change.row.version + 1, self.run
        new_decision = decision if change.purchase else None
        purchase = change.purchase
        amount = purchase.amount_minor if purchase else None
        self.purchases.append(
            (row.id, str(change.validation), change.reason, version, amount, change.content_hash, change.reported_at,
             change.file_id, *_dates(run, change, after, policy))
        )  # fmt: skip
        data = orjson.dumps(to_data(new_decision)).decode() if new_decision else None
        base = new_decision.base_minor if new_decision else None
        self.rewards.append(
            (
                row.id,
                version,
                base,
                after.reward_minor,
                after.released_minor,
                after.kept_minor,
                data,
            )
        )
        contracts = {(p.funder_kind, p.funder): p.contract for p in decision.parts}
        for position, part in enumerate(after.parts):
            key = contracts.get(
                (part.funder_kind, run.party_names.get(part.funder_id, ("", "programme"))[1])
            )
            contract_id = run.contract(key).id if key else None
            self.parts.append(
                (
                    row.id,
                    row.bucket,
                    position,
                    part.funder_kind,
                    part.funder_id,
                    contract_id,
                    *part[2:],
                )
            )

    def write(self, connection: Connection) -> None:
        """Write all updates, each table in one statement."""
        names = "ids validations reasons versions amounts hashes reported files confirmed release answer event"
        connection.execute(SQL.update_purchases, _columns(names, self.purchases))
        names = "ids versions bases amounts released kept decisions"
        connection.execute(SQL.update_rewards, _columns(names, self.rewards))
        if self.parts:
            names = (
                "ids buckets positions kinds funders contracts commissions rewards shares margins"
            )
            connection.execute(SQL.save_parts, _columns(names, self.parts))


def _columns(names: str, rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return dict(zip(names.split(), map(list, zip(*rows, strict=True)), strict=True))


class _Dates(NamedTuple):
    """The days a purchase carries after a change; release_on is empty while nothing is to be released."""

    confirmed_on: date | None
    release_on: date | None
    answer_by: date | None
    event_on: date | None


def _dates(run: ProgrammeRun, change: Change, after: Standing, policy: Contract | None) -> _Dates:
    row = change.row
    event_on = run.today if change.event is Event.HAPPEN else row.event_on
    if change.validation is not Validation.CONFIRMED:
        days = policy.auto_confirm_days if policy else None
        waits = change.validation is Validation.PENDING
        return _Dates(None, None, answer_date(days, row.occurred_on) if waits else None, event_on)
    confirmed_on = row.confirmed_on or run.today
    release_on = None
    if after.reward_minor > after.released_minor:
        release = policy.release if policy else Release(days=0)
        release_on = release_date(release, Moments(row.occurred_on, confirmed_on, event_on))
    return _Dates(confirmed_on, release_on, None, event_on)
