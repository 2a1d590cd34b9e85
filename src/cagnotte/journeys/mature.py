"""Confirmed money becomes available: the nightly run that turns rewards into lots.

A reward is released when its contract's delay is over, its funders have settled as far as the contract asks,
and nothing blocks it. What a member owes is repaid first, in the same transaction.

Hundreds of thousands fall due in one night, so a chunk of them is judged, named and written by one query,
`release` of sql/mature.sql. It says in SQL what `settlement_allows`, `released` and `Transaction.of` say in plain
Python; tests/agreement compares the two.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.chart import Account
from cagnotte.domain.contracts import Contract, ReleaseSettlement
from cagnotte.domain.errors import Conflict
from cagnotte.domain.ids import milliseconds_of
from cagnotte.domain.lifecycle import Event
from cagnotte.domain.periods import add_months
from cagnotte.domain.purchases import Validation
from cagnotte.journeys import issue_vouchers, restate
from cagnotte.journeys.breakage import gainer
from cagnotte.journeys.changes import lock_by_id, state_change
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import Recording
from cagnotte.ledger import services as ledger
from cagnotte.platform.sql import load

Connection = psycopg.Connection[Any]
SQL = load("mature")
LOCK_WALLETS = load("ingest").lock_wallets
PLAN_FOR_CHUNKS = load("ingest").plan_for_chunks

CHUNK_PURCHASES = 10_000
"""Purchases released per database transaction; who spends meanwhile waits for one of them, about a second."""

OVERDUE_AT_ONCE_MAX = 5_000
"""Purchases confirmed per database transaction because nobody answered."""


@dataclass(slots=True)
class Matured:
    """What a run released, in minor units.

    overdue: purchases confirmed because nobody answered in time. waiting: by what keeps the others, a block's name
    or "settlement". vouchers, voucher_minor: what was released as vouchers instead of money, beside released_minor.
    """

    overdue: int = 0
    purchases: int = 0
    wallets: int = 0
    released_minor: int = 0
    repaid_minor: int = 0
    waiting: Counter[str] = field(default_factory=Counter)
    vouchers: int = 0
    voucher_minor: int = 0

    def add(self, chunk: "ChunkReleased") -> None:
        """Count a chunk. No wallet is in two of them."""
        self.purchases += chunk.purchases
        self.wallets += chunk.wallets
        self.released_minor += chunk.released_minor
        self.repaid_minor += chunk.repaid_minor
        self.waiting.update(chunk.waiting)


class ChunkReleased(NamedTuple):
    """What one chunk released, as the query says it; batch_id None: nothing."""

    batch_id: UUID | None
    purchases: int
    wallets: int
    released_minor: int
    repaid_minor: int
    waiting: dict[str, int]
    to_voucher: list[UUID]


def mature(
    connection: Connection,
    run: ProgrammeRun,
    *,
    on: date,
    on_chunk: Callable[[int], None] = lambda _count: None,
) -> Matured:
    """Release what is due on a day, one database transaction per chunk. Running it again releases nothing twice."""
    result = Matured(overdue=confirm_overdue(connection, run, on=on))
    rules = {**_occasion(run, on), **_terms(run, on)}
    for ids, count in _due(connection, run.id, on):
        with connection.transaction():
            chunk = _release(connection, run, ids, rules)
            result.add(chunk)
            issued = issue_vouchers.issue(connection, run, chunk.to_voucher, on=on)
            result.vouchers += len(issued)
            result.voucher_minor += sum(issued)
        on_chunk(count)
    with connection.transaction():
        # Once a night, so that reading a busy account never means adding up more than a day of its deltas.
        ledger.fold(connection, now=run.now)
    return result


def confirm_overdue(connection: Connection, run: ProgrammeRun, *, on: date) -> int:
    """Confirm what its funder left unanswered past the contract's deadline; return how many purchases."""
    count = 0
    while True:
        with connection.transaction():
            connection.execute(PLAN_FOR_CHUNKS)
            query = {"programme_id": run.id, "on": on, "size": OVERDUE_AT_ONCE_MAX}
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


def _due(connection: Connection, programme_id: UUID, on: date) -> Iterator[tuple[str, int]]:
    """Walk through what is due, a chunk at a time: its ids, and how many they are. What waits on is passed once."""
    query = {"programme_id": programme_id, "on": on, "size": CHUNK_PURCHASES}
    # Held by the server beyond its transaction: the chunks in between commit theirs.
    with connection.cursor("mature_due", withhold=True) as cursor:
        cursor.execute(SQL.due_chunks, query)
        connection.commit()
        while chunk := cursor.fetchone():
            connection.commit()
            yield chunk
    connection.commit()


def _release(
    connection: Connection, run: ProgrammeRun, ids: str, rules: dict[str, Any]
) -> ChunkReleased:
    """Lock, then look again at what was waited for, release it and book it."""
    connection.execute(SQL.plan_for_release)
    ((places,),) = connection.execute(SQL.lock_due, {"ids": ids}).fetchall()
    query = {**rules, "places": places}
    first_timers = connection.execute(SQL.lock_their_wallets, query).fetchall()
    ledger.open_accounts(connection, [_available(run, wallet_id) for (wallet_id,) in first_timers])
    (row,) = connection.execute(SQL.release, query).fetchall()
    chunk = ChunkReleased(*row)
    if chunk.batch_id is not None:
        posted = ledger.post_staged(connection, batch_id=chunk.batch_id)
        if posted.new != chunk.purchases:
            raise Conflict(
                f"{chunk.purchases - posted.new} releases already stand in the ledger; run it again by another clock.",
                batch_id=chunk.batch_id,
            )
    return chunk


def _available(run: ProgrammeRun, wallet_id: UUID) -> Account:
    return Account("member.available", wallet_id, run.id, run.programme.currency)


# ---- what the query is told -----------------------------------------------------------------------------------


def _occasion(run: ProgrammeRun, on: date) -> dict[str, Any]:
    """Return whose rewards are released and when; `stamp` begins every id made at this moment."""
    return {
        "programme_id": run.id,
        "programme_hex": run.id.hex,
        "currency": run.programme.currency,
        "on": on,
        "day": on.isoformat(),
        "effective_on": run.effective_on(on),
        "now": run.now,
        "stamp": milliseconds_of(run.now).to_bytes(6),
    }


def _terms(run: ProgrammeRun, on: date) -> dict[str, Any]:
    """Return what each version of each contract says of releases and lots, as one array per column."""
    contracts = catalog.contract_versions(run.id)
    return {
        "contract_ids": [contract.id for contract in contracts],
        "last_days": [
            add_months(on, contract.lot_months) if contract.lot_months else None
            for contract in contracts
        ],
        "breakages": [contract.breakage_to for contract in contracts],
        "gainers": [json.dumps(_told(gainer(run, contract))) for contract in contracts],
        "usual_gainer": json.dumps(_told(gainer(run, None))),
        "self_funded_gainer": json.dumps(_told(gainer(run, None, self_funded=True))),
        "paid_first": _requiring(contracts, ReleaseSettlement.PAID),
        "billed_first": _requiring(contracts, ReleaseSettlement.BILLED),
    }


def _requiring(contracts: list[Contract], settlement: ReleaseSettlement) -> list[UUID]:
    return [contract.id for contract in contracts if contract.release.settlement is settlement]


def _told(account: Account) -> dict[str, str]:
    return {"kind": account.kind, "owner_id": str(account.owner_id)}
