"""Merchants answer: purchases are confirmed, declined with a reason, or amended by returns, from a file.

Each row is one decision about one order; several amending rows of one order, one after the other, are one
amendment. A file received again changes nothing, and an answer about an unknown order waits among the rejects.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.domain.errors import CagnotteError, InvalidRow
from cagnotte.domain.lifecycle import REASON_CODES, Event
from cagnotte.domain.money import parse_minor
from cagnotte.domain.purchases import Purchase, Validation
from cagnotte.journeys import restate
from cagnotte.journeys.arrivals import ArrivedFile, Rejected, in_one_transaction, rounds
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, PurchaseRow, lock_by_id, state_change
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import Recording
from cagnotte.platform.sql import load
from cagnotte.purchases import selectors
from cagnotte.purchases.lines import check_return

Connection = psycopg.Connection[Any]
INGEST = load("ingest")

CHUNK_ANSWERS = 5_000

WORDS = {
    "confirm": Event.CONFIRM,
    "decline": Event.DECLINE,
    "reopen": Event.REOPEN,
    "amend": Event.AMEND,
    "event": Event.HAPPEN,
}
"""What a row may say. An event is named in its reason, as the contract's release names it."""


class Answer(NamedTuple):
    """What a file says about one order: rows that stand together and amend the same order are one answer."""

    row_number: int
    raw: str
    merchant: str
    order_ref: str
    event: Event
    reason: str
    returns: tuple[tuple[int, int, int], ...]
    """Cumulative returns: (line number, units, minor units)."""


@dataclass(slots=True)
class AnswerTally:
    """What became of a file's answers; amounts in minor units."""

    applied: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    reward_change_minor: int = 0
    owing_minor: int = 0
    losses_minor: int = 0
    rejected: dict[str, int] = field(default_factory=dict)

    def add(self, other: "AnswerTally") -> None:
        """Add another tally to this one."""
        for mine, theirs in ((self.applied, other.applied), (self.rejected, other.rejected)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        self.unchanged += other.unchanged
        self.reward_change_minor += other.reward_change_minor
        self.owing_minor += other.owing_minor
        self.losses_minor += other.losses_minor


Row = tuple[int, str, dict[str, str] | InvalidRow]


def read_answers(rows: Iterable[Row], currency: str) -> Iterator[Answer | Rejected]:
    """Understand the rows of a file of answers; join amending rows of one order that follow each other."""
    pending: Answer | None = None
    for number, raw, fields in rows:
        try:
            if isinstance(fields, InvalidRow):
                raise fields
            answer = _answer(number, raw, fields, currency)
        except InvalidRow as error:
            yield Rejected.of(number, raw, error)
            continue
        if pending and _same_amendment(pending, answer):
            pending = pending._replace(
                raw=pending.raw + answer.raw, returns=pending.returns + answer.returns
            )
            continue
        if pending:
            yield pending
        pending = answer
    if pending:
        yield pending


def _same_amendment(one: Answer, other: Answer) -> bool:
    return one.event is other.event is Event.AMEND and one[2:4] == other[2:4]


def _answer(number: int, raw: str, fields: dict[str, str], currency: str) -> Answer:
    merchant, order_ref = fields.get("merchant", ""), fields.get("order_ref", "")
    if not merchant or not order_ref:
        raise InvalidRow("missing_field", "An answer names its merchant and its order_ref.")
    event = WORDS.get(fields.get("decision", ""))
    if event is None:
        raise InvalidRow(
            "bad_field", f"“{fields.get('decision', '')}” is no answer; write {', '.join(WORDS)}."
        )
    reason = fields.get("reason", "")
    if event is Event.DECLINE and reason not in REASON_CODES:
        raise InvalidRow(
            "bad_reason",
            f"“{reason}” is no reason to decline; one of: {', '.join(sorted(REASON_CODES))}.",
        )
    returns = (_return(fields, currency),) if event is Event.AMEND else ()
    return Answer(number, raw, merchant, order_ref, event, reason, returns)


def _return(fields: dict[str, str], currency: str) -> tuple[int, int, int]:
    try:
        line, units = int(fields.get("line", "")), int(fields.get("returned_quantity", "") or 0)
        amount = parse_minor(fields.get("returned_amount", ""), currency)
    except (ValueError, CagnotteError) as error:
        raise InvalidRow(
            "bad_return",
            "An amendment names a line, and the units and amount returned of it so far, such as 3, 1 and 4.20.",
        ) from error
    if line < 1 or units < 0 or amount < 0:
        raise InvalidRow(
            "bad_return", "Lines count from 1; returned units and amounts are not negative."
        )
    return line, units, amount


def validate(
    connection: Connection,
    run: ProgrammeRun,
    answers: Iterable[Answer | Rejected],
    *,
    file: ArrivedFile,
    on_chunk: Callable[[AnswerTally, list[Rejected]], None],
) -> None:
    """Apply a file's answers, one database transaction per chunk; tell each committed chunk to `on_chunk`."""
    budgets = Budgets(connection, run.id, run.budgets(), slot=1)
    chunk: list[Answer | Rejected] = []
    work = _Answers(connection, run, budgets, file)

    def commit() -> None:
        on_chunk(*in_one_transaction(connection, lambda: work.take(chunk)))
        chunk.clear()

    for answer in answers:
        chunk.append(answer)
        if len(chunk) >= CHUNK_ANSWERS:
            commit()
    if chunk:
        commit()


@dataclass(slots=True)
class _Answers:
    """The chunks of one file of answers. appended: amended purchases whose source appends returns, and its name."""

    connection: Connection
    run: ProgrammeRun
    budgets: Budgets
    file: ArrivedFile
    tally: AnswerTally = field(default_factory=AnswerTally)
    rejected: list[Rejected] = field(default_factory=list)
    appended: dict[UUID, str] = field(default_factory=dict)

    def take(self, chunk: list[Answer | Rejected]) -> tuple[AnswerTally, list[Rejected]]:
        """Apply one chunk inside its transaction; an order that comes twice is taken in two rounds."""
        self.tally, self.rejected = AnswerTally(), []
        answers = []
        for answer in chunk:
            if isinstance(answer, Rejected):
                self._reject(answer)
            else:
                answers.append(answer)
        fresh = self.file.undelivered(self.connection, answers)
        self.tally.unchanged += len(answers) - len(fresh)
        self.budgets.load()
        for this_round in rounds(fresh, lambda answer: (answer.merchant, answer.order_ref)):
            self._round(this_round)
        self.budgets.save()
        self.file.keep_rejected(self.connection, self.rejected, self.run.now)
        return self.tally, self.rejected

    def _round(self, answers: dict[tuple[str, str], Answer]) -> None:
        ids = selectors.ids_of_orders(self.connection, self.run.id, self.run.parties, answers)
        rows = lock_by_id(self.connection, ids.values())
        self.connection.execute(
            INGEST.lock_wallets, {"wallet_ids": sorted({row.wallet_id for row in rows.values()})}
        )
        amended = [
            ids[key]
            for key, answer in answers.items()
            if key in ids and answer.event is Event.AMEND
        ]
        facts = selectors.latest_purchases(self.connection, amended, self.run.zone)
        self.appended = selectors.sources_that_append(self.connection, amended) if amended else {}
        recording = Recording()
        changes: list[Change] = []
        for key, answer in answers.items():
            try:
                change = self._change(answer, rows.get(ids[key]) if key in ids else None, facts)
            except CagnotteError as error:
                self._reject(Rejected.of(answer.row_number, answer.raw, error))
                continue
            # A repeat is recorded too: the file may come again after the purchase has changed.
            self._observe(answer, ids[key], "changed" if change else "unchanged", recording)
            if change is None:
                self.tally.unchanged += 1
            else:
                changes.append(change)
                self.tally.applied[answer.event] = self.tally.applied.get(answer.event, 0) + 1
        outcomes = restate.apply(self.connection, self.run, changes, recording, self.budgets)
        for outcome in outcomes:
            self.tally.reward_change_minor += outcome.after_minor - outcome.before_minor
            self.tally.owing_minor += outcome.owing_minor
            self.tally.losses_minor += outcome.losses_minor
        recording.write(self.connection)

    def _observe(
        self, answer: Answer, purchase_id: UUID, outcome: str, recording: Recording
    ) -> None:
        raw = answer.raw.encode(errors="surrogateescape")
        content = hashlib.blake2b(raw, digest_size=16).digest()
        self.file.observe(answer, purchase_id, outcome, content, self.run.now, recording)

    def _change(
        self, answer: Answer, row: PurchaseRow | None, facts: dict[UUID, Purchase]
    ) -> Change | None:
        """Return the change an answer makes, None for a repeat. Raises InvalidRow or IllegalTransition."""
        if row is None:
            raise InvalidRow(
                "unknown_purchase",
                f"No purchase of order {answer.order_ref} at {answer.merchant} is known yet; send this row again "
                "once the purchase has arrived.",
            )
        if answer.event is Event.HAPPEN:
            self._check_event(answer, row)
            return Change(row, Event.HAPPEN, Validation(row.validation), answer.reason)
        if answer.event is not Event.AMEND:
            if Validation(row.validation) is _REPEATS[answer.event]:
                return None
            return state_change(row, answer.event, answer.reason)
        if row.id in self.appended:
            raise InvalidRow(
                "returns_appended",
                f"The returns of order {answer.order_ref} are told by its own source, “{self.appended[row.id]}”.",
            )
        before = facts[row.id]
        after = _with_returns(before, answer)
        if after == before:
            return None
        return Change(row, Event.AMEND, Validation(row.validation), row.reason, purchase=after)

    def _check_event(self, answer: Answer, row: PurchaseRow) -> None:
        """Refuse an event that the purchase's release does not wait for."""
        policy = restate.policy_of(self.connection, self.run, row.id)
        if policy is None or policy.release.event != answer.reason:
            awaited = (policy.release.event if policy else None) or "no event"
            raise InvalidRow(
                "unknown_event",
                f"The release of order {answer.order_ref} waits for {awaited}, not for “{answer.reason}”.",
            )

    def _reject(self, rejected: Rejected) -> None:
        self.rejected.append(rejected)
        self.tally.rejected[rejected.reason] = self.tally.rejected.get(rejected.reason, 0) + 1


_REPEATS = {
    Event.CONFIRM: Validation.CONFIRMED,
    Event.DECLINE: Validation.DECLINED,
    Event.REOPEN: Validation.PENDING,
}


def _with_returns(purchase: Purchase, answer: Answer) -> Purchase:
    """Return the purchase with the cumulative returns of its lines. Raises InvalidRow for more than was bought."""
    lines = {line.number: line for line in purchase.lines}
    for number, units, amount_minor in answer.returns:
        if number not in lines:
            raise InvalidRow(
                "unknown_line", f"Order {answer.order_ref} has no line {number}.", line=number
            )
        line = lines[number]._replace(returned_quantity=units, returned_minor=amount_minor)
        check_return(line)
        lines[number] = line
    return dataclasses.replace(purchase, lines=tuple(lines[line.number] for line in purchase.lines))
