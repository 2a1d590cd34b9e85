"""A bank's answer comes in: payouts settle, are rejected or come back.

Every line is matched by the reference the bank hands back. What cannot be matched, or does not agree, is kept
with its reason for a person to look at, and never booked. The same file read twice changes nothing, and lines
about what is already known change nothing either: a statement and a notification may speak of one transfer.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from cagnotte.domain.errors import Refused
from cagnotte.domain.money import format_minor
from cagnotte.domain.payouts import PayoutEvent, PayoutState
from cagnotte.hooks.manager import payout_rail
from cagnotte.hooks.values import LineKind, StatusLine
from cagnotte.payouts import selectors, services
from cagnotte.payouts.selectors import Connection, PayoutRules, PayoutView
from cagnotte.payouts.services import OpenLine, ReadFile
from cagnotte.payouts.steps import Step, take_step
from cagnotte.wallet.movements import occasion as occasion_of


@dataclass(frozen=True, slots=True)
class StatusFile:
    """A file as it came in, the clock, and the day taken where the file gives none."""

    name: str
    content: bytes
    programme_id: UUID
    now: datetime
    on: date


@dataclass(slots=True)
class StatusResult:
    """What a file did.

    Attributes:
        known: it had been read before; nothing was done.
        booked: steps taken, by event. accepted: transfers the bank has taken, with nothing to book yet.
        unchanged: transfers about which the file says what was known. other: lines that are no payouts.
        open_lines: lines somebody must look at.
    """

    known: bool
    lines: int
    booked: Counter[PayoutEvent] = field(default_factory=Counter)
    amounts_minor: Counter[PayoutEvent] = field(default_factory=Counter)
    accepted: int = 0
    unchanged: int = 0
    other: int = 0
    open_lines: list[OpenLine] = field(default_factory=list)


# What a line means for a payout that stands somewhere: the events it calls for, in their order. A return of a
# transfer whose settlement was never seen settles it first. An empty list: it says nothing new.
_NEWS: dict[tuple[LineKind, PayoutState], tuple[PayoutEvent, ...]] = {
    (LineKind.SETTLED, PayoutState.SENT): (PayoutEvent.SETTLE,),
    (LineKind.SETTLED, PayoutState.SETTLED): (),
    (LineKind.SETTLED, PayoutState.RETURNED): (),
    (LineKind.REJECTED, PayoutState.SENT): (PayoutEvent.REJECT,),
    (LineKind.REJECTED, PayoutState.REJECTED): (),
    (LineKind.RETURNED, PayoutState.SENT): (PayoutEvent.SETTLE, PayoutEvent.RETURN),
    (LineKind.RETURNED, PayoutState.SETTLED): (PayoutEvent.RETURN,),
    (LineKind.RETURNED, PayoutState.RETURNED): (),
}

_ORDER = (PayoutEvent.SETTLE, PayoutEvent.REJECT, PayoutEvent.RETURN)

_AFTER = {
    PayoutEvent.SETTLE: PayoutState.SETTLED,
    PayoutEvent.REJECT: PayoutState.REJECTED,
    PayoutEvent.RETURN: PayoutState.RETURNED,
}


def import_status(connection: Connection, file: StatusFile) -> StatusResult:
    """Read one file and book what it says, all of it or nothing; commits by itself.

    Raises:
        InvalidInput: the file is damaged or of another kind; nothing was changed.
        NotFound: the programme has no payout settings.
        Refused: a payout changed at the same time; import the file again.
    """
    with connection.transaction():
        rules = selectors.rules(connection, file.programme_id)
        lines = payout_rail(rules.rail).read_status(file.content)
        read = ReadFile(hashlib.sha256(file.content).hexdigest(), file.name, len(lines))
        if not services.claim_bank_file(
            connection, read, programme_id=file.programme_id, now=file.now
        ):
            return StatusResult(known=True, lines=len(lines))
        reading = _Reading(connection, rules, file)
        reading.take(lines)
        reading.book()
        services.finish_bank_file(
            connection,
            read,
            reading.result.open_lines,
            programme_id=file.programme_id,
            booked=reading.result.booked.total(),
        )
    return reading.result


class _Reading:
    """One file being read: lines are matched first, in their order, then booked set by set."""

    def __init__(self, connection: Connection, rules: PayoutRules, file: StatusFile) -> None:
        self._connection = connection
        self._rules = rules
        self._file = file
        self._by_reference: dict[str, PayoutView] = {}
        self._by_message: dict[str, list[PayoutView]] = {}
        self._states: dict[UUID, PayoutState] = {}
        self._steps: dict[tuple[date, PayoutEvent], list[Step]] = {}
        self.result = StatusResult(known=False, lines=0)

    def take(self, lines: list[StatusLine]) -> None:
        """Match every line with the payouts it speaks of."""
        self.result.lines = len(lines)
        self._by_reference = selectors.payouts_by_reference(
            self._connection,
            self._rules.programme_id,
            {line.end_to_end_id for line in lines if line.end_to_end_id},
        )
        self._by_message = selectors.payouts_by_message(
            self._connection,
            self._rules.programme_id,
            {line.message_id for line in lines if line.message_id and not line.end_to_end_id},
        )
        for line in lines:
            if line.kind is LineKind.OTHER:
                self._take_other(line)
            elif line.end_to_end_id:
                self._take_transfer(line)
            else:
                self._take_batch(line)

    def _take_other(self, line: StatusLine) -> None:
        if line.end_to_end_id in self._by_reference:
            sentence = f"The bank speaks of {line.end_to_end_id} without saying what became of it."
            self._leave_open(line, "unclear", sentence)
        else:
            self.result.other += 1

    def _take_transfer(self, line: StatusLine) -> None:
        payout = self._by_reference.get(line.end_to_end_id)
        if payout is None:
            self._leave_open(
                line, "unknown", f"No payout bears the reference “{line.end_to_end_id}”."
            )
        elif self._agrees(line, payout.transfer_minor, 1, payout.currency):
            self._take_news(line, payout)

    def _take_batch(self, line: StatusLine) -> None:
        payouts = self._by_message.get(line.message_id, [])
        if not payouts:
            self._take_unknown_batch(line)
            return
        # What the bank refused is not in the sum that it debits.
        concerned = [
            payout for payout in payouts if self._state(payout) is not PayoutState.REJECTED
        ]
        total_minor = sum(payout.transfer_minor for payout in concerned)
        if self._agrees(line, total_minor, len(concerned), payouts[0].currency):
            for payout in concerned:
                self._take_news(line, payout)

    def _take_unknown_batch(self, line: StatusLine) -> None:
        if line.kind is LineKind.SETTLED:
            # A debit that names no batch of ours is somebody else's business: a charge, a supplier.
            self.result.other += 1
        elif line.message_id:
            self._leave_open(line, "unknown", f"No batch bears the reference “{line.message_id}”.")
        else:
            self._leave_open(
                line, "unknown", f"“{line.kind}” is said of a transfer without naming it."
            )

    def _state(self, payout: PayoutView) -> PayoutState:
        return self._states.get(payout.id, payout.state)

    def _agrees(self, line: StatusLine, amount_minor: int, count: int, currency: str) -> bool:
        """Whether what the bank says is what was sent; where it says nothing, it agrees."""
        said = f"{count} transfer(s) of {format_minor(amount_minor, currency)} {currency}"
        if line.currency and line.currency != currency:
            self._leave_open(
                line, "currency", f"{said} went out; the bank speaks of {line.currency}."
            )
            return False
        if line.amount_minor is not None and line.amount_minor != amount_minor:
            theirs = format_minor(line.amount_minor, currency)
            self._leave_open(
                line, "amount", f"{said} went out; the bank speaks of {theirs} {currency}."
            )
            return False
        if line.count is not None and line.count != count:
            self._leave_open(line, "count", f"{said} went out; the bank counts {line.count}.")
            return False
        return True

    def _take_news(self, line: StatusLine, payout: PayoutView) -> None:
        kind = line.kind
        if kind is LineKind.COMPLETED:
            kind = LineKind.SETTLED if self._rules.settles_on_report else LineKind.ACCEPTED
        if kind is LineKind.ACCEPTED:
            self.result.accepted += 1
            return
        state = self._state(payout)
        news = _NEWS.get((kind, state))
        if news is None:
            sentence = f"The bank says “{kind}” of {payout.end_to_end_id}, which is {state} here."
            self._leave_open(line, "impossible", sentence)
            return
        if not news:
            self.result.unchanged += 1
        for event in news:
            day = line.on or self._file.on
            step = Step(payout.id, line.code, line.reason)
            self._steps.setdefault((day, event), []).append(step)
            self._states[payout.id] = _AFTER[event]
            self.result.booked[event] += 1
            self.result.amounts_minor[event] += payout.transfer_minor

    def _leave_open(self, line: StatusLine, problem: str, sentence: str) -> None:
        self.result.open_lines.append(
            OpenLine(
                number=line.number,
                kind=line.kind.value,
                end_to_end_id=line.end_to_end_id[:100],
                message_id=line.message_id[:100],
                amount_minor=line.amount_minor,
                currency=line.currency,
                problem=problem,
                sentence=sentence[:500],
            )
        )

    def book(self) -> None:
        """Take all steps: settlements before returns, day by day."""
        for day, event in sorted(self._steps, key=lambda key: (_ORDER.index(key[1]), key[0])):
            occasion = occasion_of(
                self._connection,
                programme_id=self._rules.programme_id,
                currency=self._rules.currency,
                now=self._file.now,
                on=day,
            )
            stepped = take_step(
                self._connection,
                event,
                self._steps[day, event],
                occasion=occasion,
                source=self._file.name[:100],
            )
            if stepped.refused:
                # Between reading and locking a payout took another step: all is undone, and read again.
                raise Refused(
                    f"{stepped.refused[0][0].end_to_end_id} changed while the file was read; nothing was "
                    "booked. Import the file again."
                )
