"""Spending a hold: capture it at a shop, refund what it paid; spend and give back what payouts hold.

As in `services`, each function locks first and then reads, and doing the same thing twice returns what was done
the first time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from cagnotte.domain import holds, lots
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import Conflict, InsufficientFunds, NotFound, Refused
from cagnotte.domain.holds import HoldEvent, HoldState
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.lots import Take
from cagnotte.domain.money import Money, Rounding, divide
from cagnotte.wallet import selectors, shares
from cagnotte.wallet.movements import (
    SQL,
    Connection,
    Return,
    book,
    book_released,
    give_back,
    lock_wallets_and_holds,
    resolve_holds,
)
from cagnotte.wallet.selectors import Allocation, CaptureView, HoldView, RefundView
from cagnotte.wallet.services import HoldAsk, place_hold
from cagnotte.wallet.shares import Line

LATE = ":late"
"""Ends the reference of the hold that a late capture makes anew."""


# ---- capturing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaptureAsk:
    """What a shop takes of a hold; `fee_minor` of it is the programme's.

    lines: what the order's lines cost, by the shop's own names; what is taken is shared out over them, so that a line
    that comes back gives back exactly its share. Empty: refunds tell amounts.

    fee_named: whether whoever captures named the fee. One that was worked out from a contract may come out otherwise
    when the same capture is asked for again, and the first one's stands.
    """

    hold_id: UUID
    amount_minor: int
    fee_minor: int = 0
    merchant_id: UUID | None = None
    lines: tuple[Line, ...] = ()
    fee_named: bool = True


def capture(connection: Connection, ask: CaptureAsk, *, occasion: Occasion) -> CaptureView:
    """Spend a hold, in whole or in part, at a shop; the rest goes back to its lots.

    The same capture twice returns the first. A hold that has expired is authorised anew, under its own reference
    with ":late" behind it.

    Raises:
        InsufficientFunds: more than the hold, or nothing left for a late capture; nothing was changed.
        Conflict: the hold was captured with another amount, or another fee than is named.
        IllegalTransition: the hold was released.
        NotFound: no such hold, or no shop is named.
    """
    (hold,), wallets = lock_wallets_and_holds(connection, [ask.hold_id], occasion)
    if hold.state is HoldState.CAPTURED:
        return _same_capture(connection, hold, ask)
    if hold.state is HoldState.EXPIRED:
        late = HoldAsk(
            hold.wallet_id,
            ask.amount_minor,
            hold.purpose,
            f"{hold.reference}{LATE}",
            hold.merchant_id,
        )
        anew = place_hold(connection, late, occasion=occasion)
        again = replace(ask, hold_id=anew.id)
        return capture(connection, again, occasion=occasion)
    holds.next_state(hold.state, HoldEvent.CAPTURE)
    _check_capture(hold, ask)
    shares.check(ask.amount_minor, ask.lines, hold.currency)
    spent, rest = _spend(connection, hold, ask.amount_minor, occasion)
    done = _write_capture(connection, hold, ask, occasion)
    shares.write(connection, done, ask.lines)
    purse = occasion.purse(hold.wallet_id)
    book(
        connection,
        [
            occasion.transaction(
                spending.capture(purse, spent, done.fee_minor, done.merchant_id),
                kind="captured",
                book_id=hold.wallet_id,
                fact_id=hold.id,
            )
        ],
    )
    book_released(connection, rest, wallets, occasion)
    return done


def consume(
    connection: Connection, hold_ids: Sequence[UUID], *, occasion: Occasion
) -> list[HoldView]:
    """Capture open holds in full without booking it: their owner books where the money goes.

    Raises IllegalTransition when one is not open, NotFound when one does not exist.
    """
    locked, _ = lock_wallets_and_holds(connection, hold_ids, occasion)
    outcomes = [
        (hold.id, holds.next_state(hold.state, HoldEvent.CAPTURE), hold.amount_minor)
        for hold in locked
    ]
    allocations = selectors.allocations(connection, hold_ids)
    connection.execute(
        SQL.capture_allocations,
        _allocation_amounts(part for one in allocations.values() for part in one),
    )
    resolve_holds(connection, outcomes, occasion)
    return locked


def _same_capture(connection: Connection, hold: HoldView, ask: CaptureAsk) -> CaptureView:
    first = selectors.capture_of_hold(connection, hold.id)
    if first is None:
        raise Conflict("The hold was not captured by a shop.", hold_id=hold.id)
    same_fee = not ask.fee_named or first.fee_minor == ask.fee_minor
    if first.amount_minor != ask.amount_minor or not same_fee:
        raise Conflict(
            f"The hold was already captured, at {first.amount}; a hold is captured once.",
            hold_id=hold.id,
            captured_minor=first.amount_minor,
        )
    return first


def _check_capture(hold: HoldView, ask: CaptureAsk) -> None:
    if ask.amount_minor <= 0 or not 0 <= ask.fee_minor <= ask.amount_minor:
        raise Refused(
            "A capture must be above zero and its fee no more than the capture; "
            "to give the money back, release the hold.",
            amount_minor=ask.amount_minor,
            fee_minor=ask.fee_minor,
        )
    if ask.amount_minor > hold.amount_minor:
        raise InsufficientFunds(
            f"{Money(ask.amount_minor, hold.currency)} asked for, {hold.amount} held.",
            asked_minor=ask.amount_minor,
            available_minor=hold.amount_minor,
            short_minor=ask.amount_minor - hold.amount_minor,
            currency=hold.currency,
        )
    if (ask.merchant_id or hold.merchant_id) is None:
        raise NotFound("Say at which merchant the money is spent.", hold_id=hold.id)


def _spend(
    connection: Connection, hold: HoldView, amount_minor: int, occasion: Occasion
) -> tuple[int, list[Return]]:
    """Mark what is spent of a hold's lots, first-expiring first; return it and what goes back."""
    allocations = selectors.allocations(connection, [hold.id])[hold.id]
    order = selectors.spending_order(connection, [part.lot_id for part in allocations])
    spent: list[Allocation] = []
    rest: list[Take] = []
    missing = amount_minor
    for part in sorted(allocations, key=lambda part: order[part.lot_id]):
        used = min(part.amount_minor, missing)
        missing -= used
        if used:
            spent.append(Allocation(hold.id, part.lot_id, used))
        if part.amount_minor > used:
            rest.append(Take(part.lot_id, part.amount_minor - used))
    connection.execute(SQL.capture_allocations, _allocation_amounts(spent))
    resolve_holds(connection, [(hold.id, HoldState.CAPTURED, amount_minor)], occasion)
    returns = [Return(hold.id, hold.wallet_id, tuple(rest))] if rest else []
    return amount_minor, returns


def _allocation_amounts(allocations: Iterable[Allocation]) -> dict[str, object]:
    parts = list(allocations)
    return {
        "hold_ids": [part.hold_id for part in parts],
        "lot_ids": [part.lot_id for part in parts],
        "amounts_minor": [part.amount_minor for part in parts],
    }


def _write_capture(
    connection: Connection, hold: HoldView, ask: CaptureAsk, occasion: Occasion
) -> CaptureView:
    merchant_id = ask.merchant_id or hold.merchant_id
    if merchant_id is None:
        raise NotFound("Say at which merchant the money is spent.", hold_id=hold.id)
    done = CaptureView(
        id=named_id("capture", hold.id),
        hold_id=hold.id,
        wallet_id=hold.wallet_id,
        merchant_id=merchant_id,
        currency=hold.currency,
        amount_minor=ask.amount_minor,
        fee_minor=ask.fee_minor,
        refunded_minor=0,
        captured_at=occasion.recorded_at,
    )
    connection.execute(
        SQL.insert_capture,
        {
            "id": done.id,
            "hold_id": done.hold_id,
            "programme_id": occasion.programme_id,
            "wallet_id": done.wallet_id,
            "bucket": bucket_of(done.wallet_id),
            "merchant_id": done.merchant_id,
            "currency": done.currency,
            "amount_minor": done.amount_minor,
            "fee_minor": done.fee_minor,
            "now": occasion.recorded_at,
        },
    )
    return done


# ---- giving back what was spent ------------------------------------------------------------------------------


def return_spent(
    connection: Connection,
    amounts: Sequence[tuple[UUID, UUID, int]],
    *,
    occasion: Occasion,
) -> dict[UUID, int | None]:
    """Put spent money back into the lots it came from, without booking it: its owner books where it comes from.

    `amounts` are (fact id, hold id, amount in minor units), at most what the hold spent and has not yet given
    back. The lots live on for the grace of a refund.

    Returns:
        per fact what of it repaid the owner's debt; None when the account is closed and the money unclaimed.
    """
    locked, wallets = lock_wallets_and_holds(
        connection, [hold_id for _, hold_id, _ in amounts], occasion
    )
    wallet_of = {hold.id: hold.wallet_id for hold in locked}
    allocations = selectors.allocations(connection, list(wallet_of))
    order = selectors.spending_order(
        connection, [part.lot_id for one in allocations.values() for part in one]
    )
    returns: list[Return] = []
    backs: list[Allocation] = []
    for fact_id, hold_id, amount_minor in amounts:
        chosen = _choose_back(allocations[hold_id], amount_minor, order)
        backs += chosen
        takes = tuple(Take(part.lot_id, part.amount_minor) for part in chosen)
        returns.append(Return(fact_id, wallet_of[hold_id], takes))
    connection.execute(SQL.return_allocations, _allocation_amounts(backs))
    return give_back(
        connection,
        returns,
        wallets=wallets,
        occasion=occasion,
        grace_days=lots.REFUND_GRACE_DAYS,
    )


def _choose_back(
    allocations: Sequence[Allocation], amount_minor: int, order: dict[UUID, int]
) -> list[Allocation]:
    """What was spent last comes back first: the member keeps the money that lives longest."""
    chosen: list[Allocation] = []
    missing = amount_minor
    for part in sorted(allocations, key=lambda part: order[part.lot_id], reverse=True):
        back = min(part.captured_minor - part.returned_minor, missing)
        if back > 0:
            chosen.append(Allocation(part.hold_id, part.lot_id, back))
            missing -= back
    if missing:
        raise Refused(
            f"{amount_minor - missing} of {amount_minor} minor units are left to give back.",
            asked_minor=amount_minor,
            left_minor=amount_minor - missing,
        )
    return chosen


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """What comes back of a capture; `reference` is the shop's own id of the refund.

    Either `amount_minor` of the wallet's money, or `lines`: what came back of each line's price, of which the wallet
    gets the line's share.
    """

    capture_id: UUID
    reference: str
    amount_minor: int = 0
    lines: tuple[Line, ...] = ()


def refund_capture(connection: Connection, ask: RefundAsk, *, occasion: Occasion) -> RefundView:
    """Give back to the member a captured amount, or a part; the programme gives its part of the fee back.

    The fee follows the running total, so that after any number of parts all of it has come back; so does the share
    of a line. The same refund twice returns the first. Lines whose share rounds to nothing give nothing back.

    Raises:
        Conflict: the reference stands for another amount.
        Refused: more than was captured and is not yet refunded, or more of a line than it cost; an amount where lines
            were told, or the contrary. In each case nothing was changed.
        NotFound: no such capture.
    """
    capture_seen = selectors.capture_by_id(connection, ask.capture_id)
    if capture_seen is None:
        raise NotFound(f"There is no capture {ask.capture_id}.", capture_id=ask.capture_id)
    lock_wallets_and_holds(connection, [capture_seen.hold_id], occasion)
    spent = selectors.capture_by_id(connection, ask.capture_id) or capture_seen
    first = selectors.refund_by_reference(connection, ask.capture_id, ask.reference)
    refund_id = named_id("refund", spent.id, ask.reference)
    told = shares.back(connection, spent, refund_id, ask.lines) if ask.lines else None
    if told is not None:
        ask = replace(ask, amount_minor=told.amount_minor)
    if first is not None or (told is not None and told.known):
        return _same_refund(first, spent, ask, refund_id)
    if told is None or ask.amount_minor:
        _check_refund(spent, ask)
    if told is None:
        shares.refuse_amounts(connection, spent)
    else:
        shares.write_back(connection, spent, refund_id, told)
    if not ask.amount_minor:
        return _no_refund(spent, ask, refund_id, occasion.recorded_at)
    return _write_refund(connection, spent, ask, occasion)


def _same_refund(
    first: RefundView | None, spent: CaptureView, ask: RefundAsk, refund_id: UUID
) -> RefundView:
    if first is None:
        return _no_refund(spent, ask, refund_id, spent.captured_at)
    if first.amount_minor != ask.amount_minor:
        raise Conflict(
            f"“{ask.reference}” already stands for a refund of "
            f"{Money(first.amount_minor, spent.currency)}.",
            reference=ask.reference,
            amount_minor=first.amount_minor,
        )
    return first


def _no_refund(spent: CaptureView, ask: RefundAsk, refund_id: UUID, at: datetime) -> RefundView:
    """Return a refund of lines whose shares round to nothing."""
    return RefundView(refund_id, spent.id, ask.reference, spent.wallet_id, 0, 0, 0, at)


def _check_refund(spent: CaptureView, ask: RefundAsk) -> None:
    left_minor = spent.amount_minor - spent.refunded_minor
    if not 0 < ask.amount_minor <= left_minor:
        raise Refused(
            f"{Money(ask.amount_minor, spent.currency)} cannot be refunded: {spent.amount} was taken "
            f"from the wallet and {Money(left_minor, spent.currency)} of it is not yet refunded.",
            asked_minor=ask.amount_minor,
            left_minor=left_minor,
        )


def _write_refund(
    connection: Connection, spent: CaptureView, ask: RefundAsk, occasion: Occasion
) -> RefundView:
    refund_id = named_id("refund", spent.id, ask.reference)
    repaid = return_spent(
        connection, [(refund_id, spent.hold_id, ask.amount_minor)], occasion=occasion
    )[refund_id]
    done = RefundView(
        id=refund_id,
        capture_id=spent.id,
        reference=ask.reference,
        wallet_id=spent.wallet_id,
        amount_minor=ask.amount_minor,
        fee_minor=_fee_back(spent, ask.amount_minor),
        repaid_minor=repaid or 0,
        refunded_at=occasion.recorded_at,
    )
    connection.execute(
        SQL.insert_refund,
        {
            "id": done.id,
            "capture_id": done.capture_id,
            "reference": done.reference,
            "wallet_id": done.wallet_id,
            "bucket": bucket_of(done.wallet_id),
            "currency": spent.currency,
            "amount_minor": done.amount_minor,
            "fee_minor": done.fee_minor,
            "repaid_minor": done.repaid_minor,
            "now": occasion.recorded_at,
        },
    )
    purse, amount, fee = occasion.purse(done.wallet_id), done.amount_minor, done.fee_minor
    legs = (
        spending.refund_to_nobody(purse, amount, fee, spent.merchant_id)
        if repaid is None
        else spending.refund_of_cagnotte_paid_order(purse, amount, fee, spent.merchant_id, repaid)
    )
    book(
        connection,
        [occasion.transaction(legs, kind="refunded", book_id=done.wallet_id, fact_id=done.id)],
    )
    return done


def _fee_back(spent: CaptureView, amount_minor: int) -> int:
    def fee_of(refunded_minor: int) -> int:
        return divide(spent.fee_minor * refunded_minor, spent.amount_minor, Rounding.HALF_UP)

    return fee_of(spent.refunded_minor + amount_minor) - fee_of(spent.refunded_minor)
