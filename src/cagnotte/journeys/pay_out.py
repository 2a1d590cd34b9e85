"""Paying members: plan, hold, write the bank file, book it as sent.

A run goes through phases, each in database transactions of its own, and every phase can be repeated:

1. batches that an interrupted run left without a file are finished first, with the same references;
2. what the plan says is held, some thousand wallets at a time;
3. held payouts are put into batches as large as the rail takes;
4. the file of a batch is written aside and renamed, then its payouts are booked as sent.

A file made again is the same file, so a crash between 4's two halves cannot pay anybody twice.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from psycopg.pq import TransactionStatus

from cagnotte.domain import payouts as domain
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import CagnotteError, Refused
from cagnotte.domain.payouts import PayoutEvent, PayoutPlan, PlannedPayout
from cagnotte.hooks.manager import payout_rail
from cagnotte.hooks.values import PayoutRail
from cagnotte.payouts import selectors, services
from cagnotte.payouts.selectors import BatchView, Connection, PayoutRules
from cagnotte.payouts.steps import Step, take_step
from cagnotte.wallet.movements import occasion as occasion_of

WALLETS_AT_ONCE_MAX = 2_000
"""Wallets whose money is held in one database transaction."""

Progress = Callable[[str, int, int], None]
"""Told the phase, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class PayRun:
    """What one run is given.

    Attributes:
        now: the recording time, read once from the clock.
        at: the moment that rules about time look at: now, or a moment of `on`. Of the two the earlier one, for the
            money leaves now, whatever day it is booked under.
        on: the day in the programme's time zone under which it is booked.
        folder: where bank files are written; made if missing.
        asked_only: pay what was asked for and approved, and nobody who did not ask.
    """

    programme_id: UUID
    now: datetime
    at: datetime
    on: date
    folder: Path
    asked_only: bool = False


@dataclass(frozen=True, slots=True)
class SentBatch:
    """A file for the bank, and what is in it."""

    message_id: str
    path: Path
    count: int
    total_minor: int
    execution_on: date
    sha256: str
    repaired: bool
    """Begun by an earlier run that did not finish."""


@dataclass(slots=True)
class PayOutResult:
    """What a run did; amounts in minor units of the plan's currency."""

    plan: PayoutPlan
    batches: list[SentBatch] = field(default_factory=list)
    refused: list[tuple[PlannedPayout, CagnotteError]] = field(default_factory=list)
    """Planned, but the money had moved before it could be held."""

    @property
    def count(self) -> int:
        """How many transfers are in the files."""
        return sum(batch.count for batch in self.batches)

    @property
    def total_minor(self) -> int:
        """What the bank is asked to pay."""
        return sum(batch.total_minor for batch in self.batches)


def plan(connection: Connection, *, programme_id: UUID, at: datetime, on: date) -> PayoutPlan:
    """Say who would be paid how much, and who not and why; nothing is changed.

    Raises NotFound when the programme has no payout settings.
    """
    with connection.transaction():
        rules = selectors.rules(connection, programme_id)
        return _plan(connection, rules, at=at, on=on)


def _plan(connection: Connection, rules: PayoutRules, *, at: datetime, on: date) -> PayoutPlan:
    found = selectors.candidates(
        connection, programme_id=rules.programme_id, currency=rules.currency, on=on
    )
    return domain.plan(found, rules.policy, at)


def run(connection: Connection, order: PayRun, *, progress: Progress | None = None) -> PayOutResult:
    """Pay everybody the plan says, and finish what an interrupted run left; commits by itself.

    What was approved one by one is paid too.

    Raises:
        Refused: another run of this programme is under way.
        NotFound: no payout settings, or no such rail.
        PayoutRefused: the rail cannot carry a batch; its payouts stay approved, and the next run tries again.
    """
    told = progress or _tell_nobody
    with _only_run(connection, order.programme_id):
        with connection.transaction():
            rules = selectors.rules(connection, order.programme_id)
            unsent = selectors.unsent_batches(connection, order.programme_id)
        rail = payout_rail(rules.rail)
        sent = [_send(connection, batch, rules, order, repaired=True) for batch in unsent]
        with connection.transaction():
            planned = (
                PayoutPlan(rules.currency)
                if order.asked_only
                else _plan(connection, rules, at=min(order.at, order.now), on=order.on)
            )
        result = PayOutResult(planned, sent)
        result.refused = _hold(connection, planned.payouts, rules, order, told)
        for batch in _batches(connection, rules, rail, order):
            told("file", len(result.batches), len(result.batches) + 1)
            result.batches.append(_send(connection, batch, rules, order, repaired=False))
        told("file", len(result.batches), len(result.batches))
    return result


def _tell_nobody(_phase: str, _done: int, _total: int) -> None:
    """Take the place of a progress bar."""


@contextmanager
def _only_run(connection: Connection, programme_id: UUID) -> Iterator[None]:
    """Keep a second run of the same programme out, until this one or its process ends."""
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ValueError(
            "a payout run commits phase by phase: give it a connection without a transaction"
        )
    with connection.transaction():
        row = connection.execute(
            selectors.SQL.try_lock_runs, {"programme_id": programme_id}
        ).fetchone()
    if row is None or not row[0]:
        raise Refused("Another payout run of this programme is under way; wait until it ends.")
    try:
        yield
    finally:
        # A broken connection has given its locks back already.
        if not connection.broken and not connection.closed:
            with connection.transaction():
                connection.execute(selectors.SQL.unlock_runs, {"programme_id": programme_id})


def _occasion(connection: Connection, rules: PayoutRules, order: PayRun) -> Occasion:
    return occasion_of(
        connection,
        programme_id=rules.programme_id,
        currency=rules.currency,
        now=order.now,
        on=order.on,
    )


def _hold(
    connection: Connection,
    planned: Sequence[PlannedPayout],
    rules: PayoutRules,
    order: PayRun,
    told: Progress,
) -> list[tuple[PlannedPayout, CagnotteError]]:
    refused: list[tuple[PlannedPayout, CagnotteError]] = []
    for start in range(0, len(planned), WALLETS_AT_ONCE_MAX):
        told("hold", start, len(planned))
        with connection.transaction():
            occasion = _occasion(connection, rules, order)
            chunk = planned[start : start + WALLETS_AT_ONCE_MAX]
            refused += services.create(connection, chunk, occasion=occasion).refused
    told("hold", len(planned), len(planned))
    return refused


def _batches(
    connection: Connection, rules: PayoutRules, rail: PayoutRail, order: PayRun
) -> Iterator[BatchView]:
    while True:
        with connection.transaction():
            batch = services.make_batch(
                connection,
                rules,
                now=order.now,
                execution_on=order.on + timedelta(days=rules.execution_days),
                at_most=rail.transfers_max,
            )
        if batch is None:
            return
        yield batch


def _send(
    connection: Connection, batch: BatchView, rules: PayoutRules, order: PayRun, *, repaired: bool
) -> SentBatch:
    rail = payout_rail(batch.rail)
    with connection.transaction():
        content = rail.make_file(selectors.transfers(connection, batch))
    path = order.folder / f"{batch.message_id}{rail.file_suffix}"
    write_whole(path, content)
    sha256 = hashlib.sha256(content).hexdigest()
    with connection.transaction():
        take_step(
            connection,
            PayoutEvent.SEND,
            [Step(payout_id) for payout_id in selectors.payouts_of_batch(connection, batch.id)],
            occasion=_occasion(connection, rules, order),
            source=batch.message_id,
        )
        services.mark_batch_sent(
            connection, batch, now=order.now, file_path=str(path), file_sha256=sha256
        )
    return SentBatch(
        batch.message_id,
        path,
        batch.count,
        batch.total_minor,
        batch.execution_on,
        sha256,
        repaired,
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whoever looks sees all of it or nothing, even after a crash of the machine.

    Only its owner may read it: it holds names and account numbers. Raises Refused when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A run that was killed here left names and account numbers behind; only one run works at a time.
        for left in path.parent.glob(f".{path.name}.*"):
            left.unlink()
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        aside = Path(name)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Refused(
            f"The payment file cannot be written to {path}: {error.strerror}. Nothing was booked as sent; "
            "run again once there is room and access.",
            path=str(path),
        ) from error
