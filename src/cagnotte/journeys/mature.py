"""Confirmed money becomes available: the nightly run that turns rewards into lots.

A reward is released when its contract's delay is over, its funders have settled as far as the contract asks,
and nothing blocks it. What a member owes is repaid first, in the same transaction.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.bookings.earning import Leg, Owners, released
from cagnotte.domain.chart import Account
from cagnotte.domain.contracts import Contract, ReleaseSettlement
from cagnotte.domain.ids import derived_id
from cagnotte.domain.lifecycle import Event, settlement_allows, settlement_of
from cagnotte.domain.periods import add_months
from cagnotte.domain.purchases import Validation
from cagnotte.domain.rating.decision import Decision, from_data
from cagnotte.domain.transactions import Transaction
from cagnotte.journeys import restate
from cagnotte.journeys.changes import lock_by_id, state_change
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import NULL, Recording, json_text
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger.services import fold
from cagnotte.platform.sql import copy_text, load

Connection = psycopg.Connection[Any]
SQL = load("mature")
LOCK_WALLETS = load("ingest").lock_wallets
PLAN_FOR_CHUNKS = load("ingest").plan_for_chunks

CHUNK_PURCHASES = 5_000
LOT_COLUMNS = (
    "id, wallet_id, bucket, purchase_id, origin, currency, amount_minor, remaining_minor, expired_minor, "
    "available_on, expires_on, breakage_to, breakage_account"
)
FIRST_ID = UUID(int=0)


@dataclass(slots=True)
class Matured:
    """What a run released, in minor units.

    overdue: purchases confirmed because nobody answered in time. waiting: by what keeps the others, a block's name
    or "settlement".
    """

    overdue: int = 0
    purchases: int = 0
    released_minor: int = 0
    repaid_minor: int = 0
    wallets: set[UUID] = field(default_factory=set)
    waiting: dict[str, int] = field(default_factory=dict)


class Due(NamedTuple):
    """A purchase to release, locked."""

    id: UUID
    wallet_id: UUID
    bucket: int
    merchant_id: UUID
    currency: str
    version: int
    blocks: list[str]
    amount_minor: int
    released_minor: int
    voucher_minor: int
    decision: str

    @property
    def to_release_minor(self) -> int:
        """R − L."""
        return self.amount_minor - self.released_minor


def mature(
    connection: Connection,
    run: ProgrammeRun,
    *,
    on: date,
    on_chunk: Callable[[int], None] = lambda _count: None,
) -> Matured:
    """Release what is due on a day, one database transaction per chunk. Running it again releases nothing twice."""
    result = Matured(overdue=confirm_overdue(connection, run, on=on))
    for ids in _candidates(connection, run.id, on):
        with connection.transaction():
            connection.execute(PLAN_FOR_CHUNKS)
            _release(connection, run, on, ids, result)
        on_chunk(len(ids))
    with connection.transaction():
        # Once a night, so that reading a busy account never means adding up more than a day of its deltas.
        fold(connection, now=run.now)
    return result


def confirm_overdue(connection: Connection, run: ProgrammeRun, *, on: date) -> int:
    """Confirm what its funder left unanswered past the contract's deadline; return how many purchases."""
    count = 0
    while True:
        with connection.transaction():
            connection.execute(PLAN_FOR_CHUNKS)
            query = {"programme_id": run.id, "on": on, "size": CHUNK_PURCHASES}
            ids = [row[0] for row in connection.execute(SQL.overdue, query)]
            if not ids:
                return count
            rows = lock_by_id(connection, ids)
            wallets = sorted({row.wallet_id for row in rows.values()})
            connection.execute(LOCK_WALLETS, {"wallet_ids": wallets})
            changes = [
                state_change(row, Event.CONFIRM, "")
                for row in rows.values()
                if row.validation == Validation.PENDING
            ]
            recording = Recording()
            restate.apply(connection, run, changes, recording, budgets=None)
            recording.write(connection)
            count += len(changes)


def _candidates(connection: Connection, programme_id: UUID, on: date) -> Iterator[list[UUID]]:
    """Walk through what is due, a chunk at a time; what keeps waiting is passed once."""
    after = (date.min, FIRST_ID)
    while True:
        rows = connection.execute(
            SQL.due,
            {
                "programme_id": programme_id,
                "on": on,
                "after_day": after[0],
                "after_id": after[1],
                "size": CHUNK_PURCHASES,
            },
        ).fetchall()
        connection.commit()
        if not rows:
            return
        after = rows[-1]
        yield [row[1] for row in rows]


def _release(
    connection: Connection, run: ProgrammeRun, on: date, ids: list[UUID], result: Matured
) -> None:
    # Read after the locks are held: what was waited for has changed the rewards meanwhile.
    locked = [row[0] for row in connection.execute(SQL.lock_due, {"ids": sorted(ids)})]
    due = [Due(*row) for row in connection.execute(SQL.due_rewards, {"ids": locked})]
    settled = _settlements(connection, [row.id for row in due])
    ready: list[tuple[Due, Decision, Contract | None]] = []
    for row in due:
        decision = from_data(orjson.loads(row.decision))
        policy = run.policy_of(decision)
        waits_for = _waits_for(run, row, decision, settled.get(row.id, []))
        if waits_for:
            result.waiting[waits_for] = result.waiting.get(waits_for, 0) + 1
            continue
        if row.voucher_minor:
            result.waiting["voucher"] = result.waiting.get("voucher", 0) + 1
        if row.released_minor + row.voucher_minor < row.amount_minor:
            # What was promised as a voucher never turns into money; it waits to be issued as one.
            cash = row._replace(amount_minor=row.amount_minor - row.voucher_minor)
            ready.append((cash, decision, policy))
    wallets = sorted({row.wallet_id for row, _, _ in ready})
    if not wallets:
        return
    connection.execute(LOCK_WALLETS, {"wallet_ids": wallets})
    currency = run.programme.currency
    balances = ledger.lock_member_balances(connection, wallets, run.id, currency)
    owing = {wallet: balance.owing for wallet, balance in balances.items()}
    recording = Recording()
    lots = []
    for row, decision, policy in ready:
        amount = row.to_release_minor
        repaid = min(amount, owing[row.wallet_id])
        owing[row.wallet_id] -= repaid
        recording.book(_booking(run, row, amount, repaid, on))
        lots.append(_lot_line(run, row, decision, policy, amount - repaid, on))
        result.purchases += 1
        result.released_minor += amount
        result.repaid_minor += repaid
        result.wallets.add(row.wallet_id)
    copy_text(connection, "rewards_lot", LOT_COLUMNS, lots)
    connection.execute(
        SQL.released,
        {
            "ids": [row.id for row, _, _ in ready],
            "amounts": [row.to_release_minor for row, _, _ in ready],
            "whole": [not row.voucher_minor for row, _, _ in ready],
        },
    )
    recording.write(connection)


Parts = list[tuple[str, UUID, int, int, int, int]]
"""(funder kind, funder, commission, billed, paid, written off) of each part that owes something."""


def _settlements(connection: Connection, ids: list[UUID]) -> dict[UUID, Parts]:
    parts: dict[UUID, Parts] = {}
    for purchase_id, *part in connection.execute(SQL.settlements, {"ids": ids}):
        parts.setdefault(purchase_id, []).append(tuple(part))
    return parts


def _waits_for(run: ProgrammeRun, row: Due, decision: Decision, parts: Parts) -> str | None:
    """Say what keeps a purchase from being released: a block, or a funder's settlement; None = nothing."""
    if row.blocks:
        return min(row.blocks)
    required = _required_settlements(run, decision)
    for kind, funder_id, commission, billed, paid, written_off in parts:
        settlement = settlement_of(
            commission_minor=commission,
            billed_minor=billed,
            paid_minor=paid,
            written_off_minor=written_off,
        )
        if not settlement_allows(
            required.get((kind, funder_id), ReleaseSettlement.NONE), settlement
        ):
            return "settlement"
    return None


def _required_settlements(
    run: ProgrammeRun, decision: Decision
) -> dict[tuple[str, UUID], ReleaseSettlement]:
    """Return what each funder's own contract requires."""
    required = {}
    for part in decision.parts:
        if part.contract is not None:
            funder_id = run.parties[part.funder_kind, part.funder]
            required[part.funder_kind, funder_id] = run.contract(part.contract).release.settlement
    return required


def _booking(
    run: ProgrammeRun, row: Due, amount_minor: int, repaid_minor: int, on: date
) -> Transaction | None:
    owners = Owners(run.id, row.wallet_id, row.merchant_id, row.currency)
    legs: list[Leg] = released(amount_minor, repaid_minor, owners)
    return Transaction.of(
        legs,
        programme_id=run.id,
        book_id=row.wallet_id,
        kind="released",
        fact_id=_release_id(run, row),
        occurred_on=on,
        effective_on=run.effective_on(on),
        recorded_at=run.now,
    )


def _release_id(run: ProgrammeRun, row: Due) -> UUID:
    """Name a release by what was released before it, so that each happens once."""
    return derived_id(run.now, row.id, "release", row.version, row.released_minor)


def _lot_line(
    run: ProgrammeRun,
    row: Due,
    decision: Decision,
    policy: Contract | None,
    remaining_minor: int,
    on: date,
) -> str:
    """Render the lot of a release; what repaid a debt is not left in it."""
    months = policy.lot_months if policy else None
    expires_on = str(add_months(on, months)) if months else NULL
    breakage_to, gainer = _gainer(run, decision, policy)
    amount = row.to_release_minor
    return (
        f"{_release_id(run, row).int:032x}\t{row.wallet_id.int:032x}\t{row.bucket}\t{row.id.int:032x}\tpurchase_rebate"
        f"\t{row.currency}\t{amount}\t{remaining_minor}\t0\t{on}\t{expires_on}\t{breakage_to}"
        f"\t{json_text({'kind': gainer.kind, 'owner_id': str(gainer.owner_id)})}"
    )


def _gainer(run: ProgrammeRun, decision: Decision, policy: Contract | None) -> tuple[str, Account]:
    """Return who gains when the lot expires, frozen on it: the funder owes less, or the programme earns."""
    currency = decision.currency
    if all(part.funder_kind == "programme" for part in decision.parts if part.reward_minor):
        return "programme", Account("programme.promotions", run.id, run.id, currency)
    if policy is not None and policy.breakage_to == "funder":
        return "funder", Account("funder.due", policy.funder_id, run.id, currency)
    return "programme", Account("programme.breakage", run.id, run.id, currency)
