"""The steps a payout takes: its state, its lots and the ledger move together.

What each event does to money is in `_MONEY`; which events are allowed, in `domain.payouts.TRANSITIONS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from cagnotte.domain import payouts as rules
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Leg, Occasion, Purse
from cagnotte.domain.errors import IllegalTransition
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.payouts import PayoutEvent, PayoutState
from cagnotte.payouts import selectors
from cagnotte.payouts.selectors import SQL, Connection, PayoutView
from cagnotte.wallet import captures
from cagnotte.wallet import services as wallet
from cagnotte.wallet.movements import book, lock_wallets

REASON_LENGTH_MAX = 300


@dataclass(frozen=True, slots=True)
class Step:
    """One payout and why it takes the step; `code` is the bank's, where there is one."""

    payout_id: UUID
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stepped:
    """Payouts as they stood before the step they took, and those that could not take it."""

    taken: list[PayoutView]
    refused: list[tuple[PayoutView, IllegalTransition]]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A payout with the step it takes: the number and the id of its event, and the state after."""

    payout: PayoutView
    why: Step
    fact_id: UUID
    n: int
    state: PayoutState


def take_step(
    connection: Connection,
    event: PayoutEvent,
    steps: Sequence[Step],
    *,
    occasion: Occasion,
    source: str,
) -> Stepped:
    """Let payouts take the step of one event, all that can; book it, and write it down with its source.

    `source` names the file or person it comes from. A payout that stands where the event does not lead from is
    refused with its reason and stops no other. Raises NotFound when a wallet is not of this programme, and what
    posting to the ledger raises.
    """
    why = {step.payout_id: step for step in steps}
    seen = selectors.payouts_by_id(connection, why)
    lock_wallets(
        connection, {payout.wallet_id for payout in seen}, programme_id=occasion.programme_id
    )
    taken: list[_Taken] = []
    refused: list[tuple[PayoutView, IllegalTransition]] = []
    for payout in selectors.lock_payouts(connection, why):
        try:
            _refuse_in_file(payout, event)
            state = rules.next_state(payout.state, event)
        except IllegalTransition as refusal:
            refused.append((payout, refusal))
            continue
        n = payout.events + 1
        fact_id = named_id("payout-step", payout.id, n)
        taken.append(_Taken(payout, why[payout.id], fact_id, n, state))
    if taken:
        _MONEY[event](connection, taken, occasion)
        _write(connection, event, taken, occasion, source)
    return Stepped([one.payout for one in taken], refused)


def _refuse_in_file(payout: PayoutView, event: PayoutEvent) -> None:
    """A payout in a batch may be in a file the bank has, even before it is booked as sent."""
    if event is PayoutEvent.CANCEL and payout.batch_id is not None:
        raise IllegalTransition(
            f"{payout.end_to_end_id} is in a batch and may be at the bank; let the bank answer.",
            state=payout.state,
            event=event,
        )


def _write(
    connection: Connection,
    event: PayoutEvent,
    taken: Sequence[_Taken],
    occasion: Occasion,
    source: str,
) -> None:
    reasons = [one.why.reason[:REASON_LENGTH_MAX] for one in taken]
    connection.execute(
        SQL.step_payouts,
        {
            "ids": [one.payout.id for one in taken],
            "states": [one.state.value for one in taken],
            "events": [one.n for one in taken],
            "reasons": reasons,
            "now": occasion.recorded_at,
        },
    )
    connection.execute(
        SQL.insert_steps,
        {
            "ids": [one.fact_id for one in taken],
            "payout_ids": [one.payout.id for one in taken],
            "buckets": [bucket_of(one.payout.wallet_id) for one in taken],
            "ns": [one.n for one in taken],
            "events": [event.value] * len(taken),
            "codes": [one.why.code for one in taken],
            "reasons": reasons,
            "occurred_on": occasion.occurred_on,
            "now": occasion.recorded_at,
            "source": source,
        },
    )


# ---- what each event does to money ------------------------------------------------------------------------------


def _nothing(connection: Connection, taken: Sequence[_Taken], occasion: Occasion) -> None:
    """Approved: the money stays held."""


def _send(connection: Connection, taken: Sequence[_Taken], occasion: Occasion) -> None:
    captures.consume(connection, [hold_id for hold_id, _ in _held(taken)], occasion=occasion)
    _book(
        connection,
        [one for _, one in _held(taken)],
        occasion,
        "payout_sent",
        lambda purse, one: spending.payout_sent(
            purse, one.payout.amount_minor, one.payout.fee_minor
        ),
    )
    _book(
        connection,
        [one for one in taken if one.payout.hold_id is None],
        occasion,
        "unclaimed_paid",
        lambda purse, one: spending.unclaimed_paid(purse, one.payout.amount_minor),
    )


def _settle(connection: Connection, taken: Sequence[_Taken], occasion: Occasion) -> None:
    _book(
        connection,
        taken,
        occasion,
        "payout_settled",
        lambda purse, one: spending.payout_settled(purse, one.payout.transfer_minor),
    )


def _reject(connection: Connection, taken: Sequence[_Taken], occasion: Occasion) -> None:
    repaid = _give_back(connection, taken, occasion)
    _book(
        connection,
        taken,
        occasion,
        "payout_rejected",
        lambda purse, one: spending.payout_rejected(
            purse, one.payout.amount_minor, one.payout.fee_minor, repaid[one.fact_id]
        ),
    )


def _return(connection: Connection, taken: Sequence[_Taken], occasion: Occasion) -> None:
    repaid = _give_back(connection, taken, occasion)
    _book(
        connection,
        taken,
        occasion,
        "payout_returned",
        lambda purse, one: spending.payout_returned(
            purse, one.payout.amount_minor, one.payout.fee_minor, repaid[one.fact_id]
        ),
    )


def _cancel(connection: Connection, taken: Sequence[_Taken], occasion: Occasion) -> None:
    # What is kept aside is held by nothing: called off, its payout counts no more.
    wallet.release(connection, [hold_id for hold_id, _ in _held(taken)], occasion=occasion)


def _give_back(
    connection: Connection, taken: Sequence[_Taken], occasion: Occasion
) -> dict[UUID, int | None]:
    """Put the money back into its lots, the fee too; per step what repaid a debt, None = nobody there."""
    amounts = [(one.fact_id, hold_id, one.payout.amount_minor) for hold_id, one in _held(taken)]
    aside: dict[UUID, int | None] = {one.fact_id: None for one in taken}
    return aside | captures.return_spent(connection, amounts, occasion=occasion)


def _held(taken: Sequence[_Taken]) -> list[tuple[UUID, _Taken]]:
    """Return the payouts whose money was held, with the hold; the others are of what is kept aside."""
    return [(one.payout.hold_id, one) for one in taken if one.payout.hold_id is not None]


def _book(
    connection: Connection,
    taken: Sequence[_Taken],
    occasion: Occasion,
    kind: str,
    legs: Callable[[Purse, _Taken], list[Leg]],
) -> None:
    book(
        connection,
        [
            occasion.transaction(
                legs(occasion.purse(one.payout.wallet_id), one),
                kind=kind,
                book_id=one.payout.wallet_id,
                fact_id=one.fact_id,
            )
            for one in taken
        ],
    )


_MONEY: dict[PayoutEvent, Callable[[Connection, Sequence[_Taken], Occasion], None]] = {
    PayoutEvent.APPROVE: _nothing,
    PayoutEvent.SEND: _send,
    PayoutEvent.SETTLE: _settle,
    PayoutEvent.REJECT: _reject,
    PayoutEvent.RETURN: _return,
    PayoutEvent.CANCEL: _cancel,
}
