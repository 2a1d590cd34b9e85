"""Spending: place a hold, capture it, release it, refund what it paid.

Each function locks first and then reads, writes lots and ledger together, and runs in the caller's database
transaction. Doing the same thing twice returns what was done the first time; doing another thing under the same
name is a Conflict. One hold and ten thousand take the same road.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cagnotte.domain import holds, lots
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Leg, Occasion, Purse
from cagnotte.domain.errors import CagnotteError, Conflict, InsufficientFunds, NotFound, Refused
from cagnotte.domain.holds import HoldEvent, HoldPurpose, HoldState
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.lots import Take
from cagnotte.domain.money import Money, Rounding, divide
from cagnotte.wallet import selectors
from cagnotte.wallet.movements import (
    SQL,
    Connection,
    Return,
    WalletState,
    book,
    give_back,
    lock_spendable_lots,
    lock_wallets,
    take_out,
)
from cagnotte.wallet.selectors import Allocation, CaptureView, HoldView, RefundView

LATE = ":late"
"""Ends the reference of the hold that a late capture makes anew."""

OVERDUE_AT_ONCE_MAX = 2_000
"""Overdue holds resolved in one database transaction."""


@dataclass(frozen=True, slots=True)
class HoldAsk:
    """What is asked of a wallet; `reference` is the caller's own, unique in programme and purpose."""

    wallet_id: UUID
    amount_minor: int
    purpose: HoldPurpose
    reference: str
    merchant_id: UUID | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The outcome per reference: a hold, new or from an earlier call, or the reason against it."""

    holds: dict[str, HoldView]
    refused: dict[str, CagnotteError]


# ---- placing --------------------------------------------------------------------------------------------------


def place_hold(connection: Connection, ask: HoldAsk, *, occasion: Occasion) -> HoldView:
    """Reserve money of one wallet, or return the hold that its reference already has.

    Raises:
        InsufficientFunds: less can be spent; nothing was changed.
        Refused: the wallet is frozen or closed.
        Conflict: the reference stands for another wallet or amount.
        NotFound: the wallet is not of this programme.
    """
    placed = place_holds(connection, [ask], occasion=occasion)
    if ask.reference in placed.refused:
        raise placed.refused[ask.reference]
    return placed.holds[ask.reference]


def place_holds(connection: Connection, asks: Sequence[HoldAsk], *, occasion: Occasion) -> Placed:
    """Reserve money of many wallets, all for one purpose; what one wallet cannot give stops no other.

    Raises NotFound when a wallet is not of this programme; what else is refused is in the result.
    """
    if not asks:
        return Placed({}, {})
    wallets = lock_wallets(
        connection, (ask.wallet_id for ask in asks), programme_id=occasion.programme_id
    )
    known = selectors.holds_by_reference(
        connection,
        programme_id=occasion.programme_id,
        purpose=asks[0].purpose,
        references=[ask.reference for ask in asks],
    )
    available = lock_spendable_lots(connection, wallets, occasion)
    placed = Placed({}, {})
    allocations: list[Allocation] = []
    made: list[HoldView] = []
    for ask in asks:
        try:
            first = known.get(ask.reference) or placed.holds.get(ask.reference)
            if first is not None:
                placed.holds[ask.reference] = _same(first, ask, occasion.currency)
                continue
            _check_may_spend(wallets[ask.wallet_id], ask)
            hold = _new_hold(ask, occasion)
            views = available.get(ask.wallet_id, [])
            takes = lots.take(views, ask.amount_minor, currency=occasion.currency)
            available[ask.wallet_id] = lots.after(views, takes)
            allocations += [Allocation(hold.id, part.lot_id, part.amount_minor) for part in takes]
            made.append(hold)
            placed.holds[ask.reference] = hold
        except Refused as refusal:
            placed.refused[ask.reference] = refusal
    _write_holds(connection, made, allocations, occasion)
    return placed


def _same(first: HoldView, ask: HoldAsk, currency: str) -> HoldView:
    if (first.wallet_id, first.amount_minor, first.currency) != (
        ask.wallet_id,
        ask.amount_minor,
        currency,
    ):
        raise Conflict(
            f"“{ask.reference}” already stands for a hold of {first.amount} on "
            f"{'this' if first.wallet_id == ask.wallet_id else 'another'} wallet; "
            "a new order takes a new reference.",
            reference=ask.reference,
            hold_id=first.id,
        )
    return first


def _check_may_spend(wallet: WalletState, ask: HoldAsk) -> None:
    if wallet.closed:
        raise Refused("The account is closed.", wallet_id=wallet.id)
    if wallet.frozen:
        raise Refused("The wallet is frozen; it earns, but cannot spend.", wallet_id=wallet.id)
    if ask.amount_minor <= 0:
        raise Refused("The amount of a hold must be above zero.", amount_minor=ask.amount_minor)


def _new_hold(ask: HoldAsk, occasion: Occasion) -> HoldView:
    return HoldView(
        id=named_id("hold", occasion.programme_id, ask.purpose, ask.reference),
        wallet_id=ask.wallet_id,
        purpose=ask.purpose,
        reference=ask.reference,
        currency=occasion.currency,
        amount_minor=ask.amount_minor,
        captured_minor=0,
        state=HoldState.OPEN,
        merchant_id=ask.merchant_id,
        expires_at=ask.expires_at,
        created_at=occasion.recorded_at,
        resolved_at=None,
    )


def _write_holds(
    connection: Connection,
    made: Sequence[HoldView],
    allocations: Sequence[Allocation],
    occasion: Occasion,
) -> None:
    if not made:
        return
    wallet_of = {hold.id: hold.wallet_id for hold in made}
    take_out(connection, [Take(part.lot_id, part.amount_minor) for part in allocations])
    connection.execute(
        SQL.insert_holds,
        {
            "programme_id": occasion.programme_id,
            "currency": occasion.currency,
            "now": occasion.recorded_at,
            "ids": [hold.id for hold in made],
            "wallet_ids": [hold.wallet_id for hold in made],
            "buckets": [bucket_of(hold.wallet_id) for hold in made],
            "amounts_minor": [hold.amount_minor for hold in made],
            "purposes": [hold.purpose.value for hold in made],
            "references": [hold.reference for hold in made],
            "merchant_ids": [hold.merchant_id for hold in made],
            "expire_at": [hold.expires_at for hold in made],
        },
    )
    connection.execute(
        SQL.insert_allocations,
        {
            "hold_ids": [part.hold_id for part in allocations],
            "lot_ids": [part.lot_id for part in allocations],
            "wallet_ids": [wallet_of[part.hold_id] for part in allocations],
            "buckets": [bucket_of(wallet_of[part.hold_id]) for part in allocations],
            "amounts_minor": [part.amount_minor for part in allocations],
        },
    )
    book(
        connection,
        [
            occasion.transaction(
                spending.hold(occasion.purse(hold.wallet_id), hold.amount_minor),
                kind="held",
                book_id=hold.wallet_id,
                fact_id=hold.id,
            )
            for hold in made
        ],
    )


# ---- giving up ------------------------------------------------------------------------------------------------


def release(
    connection: Connection,
    hold_ids: Sequence[UUID],
    *,
    occasion: Occasion,
    event: HoldEvent = HoldEvent.RELEASE,
) -> list[HoldView]:
    """Give open holds up: the money goes back to its lots, after repaying what its owner owes.

    Holds that were given up before are returned as they are.

    Raises:
        IllegalTransition: one of them was captured; nothing was changed.
        NotFound: one of them does not exist.
    """
    locked, wallets = _lock_holds(connection, hold_ids, occasion)
    given_up = (HoldState.RELEASED, HoldState.EXPIRED)
    going = [hold for hold in locked if hold.state not in given_up]
    states = {hold.id: holds.next_state(hold.state, event) for hold in going}
    allocations = selectors.allocations(connection, [hold.id for hold in going])
    returns = [
        Return(
            hold.id,
            hold.wallet_id,
            tuple(Take(part.lot_id, part.amount_minor) for part in allocations[hold.id]),
        )
        for hold in going
    ]
    _resolve(connection, [(hold.id, states[hold.id], 0) for hold in going], occasion)
    _book_released(connection, returns, wallets, occasion)
    return selectors.holds_by_id(connection, hold_ids)


def expire_holds(connection: Connection, *, occasion: Occasion) -> int:
    """Give up the holds nobody captured in time, some at once; return how many, 0 when none is left."""
    rows = connection.execute(
        SQL.overdue_holds,
        {
            "programme_id": occasion.programme_id,
            "now": occasion.recorded_at,
            "at_most": OVERDUE_AT_ONCE_MAX,
        },
    ).fetchall()
    overdue = [hold_id for (hold_id,) in rows]
    if overdue:
        # Captured meanwhile? Then it is looked at again next time, without the others waiting for it.
        locked, _ = _lock_holds(connection, overdue, occasion)
        still_open = [hold.id for hold in locked if hold.state is HoldState.OPEN]
        release(connection, still_open, occasion=occasion, event=HoldEvent.EXPIRE)
    return len(overdue)


def _lock_holds(
    connection: Connection, hold_ids: Sequence[UUID], occasion: Occasion
) -> tuple[list[HoldView], dict[UUID, WalletState]]:
    """Lock the wallets of holds, then the holds; the order every spender takes."""
    seen = selectors.holds_by_id(connection, hold_ids)
    missing = set(hold_ids) - {hold.id for hold in seen}
    if missing:
        raise NotFound(f"There is no hold {min(missing)}.", hold_ids=sorted(missing))
    wallets = lock_wallets(
        connection, {hold.wallet_id for hold in seen}, programme_id=occasion.programme_id
    )
    return selectors.lock_holds(connection, hold_ids), wallets


def _resolve(
    connection: Connection, outcomes: Sequence[tuple[UUID, HoldState, int]], occasion: Occasion
) -> None:
    connection.execute(
        SQL.resolve_holds,
        {
            "hold_ids": [hold_id for hold_id, _, _ in outcomes],
            "states": [state.value for _, state, _ in outcomes],
            "captured_minors": [captured for _, _, captured in outcomes],
            "now": occasion.recorded_at,
        },
    )


def _book_released(
    connection: Connection,
    returns: Sequence[Return],
    wallets: dict[UUID, WalletState],
    occasion: Occasion,
) -> None:
    if not returns:
        return
    repaid = give_back(
        connection,
        returns,
        wallets=wallets,
        occasion=occasion,
        grace_days=lots.RELEASE_GRACE_DAYS,
    )
    book(
        connection,
        [
            occasion.transaction(
                _release_legs(
                    occasion.purse(back.wallet_id), back.amount_minor, repaid[back.fact_id]
                ),
                kind="hold_released",
                book_id=back.wallet_id,
                fact_id=back.fact_id,
            )
            for back in returns
        ],
    )


def _release_legs(purse: Purse, amount_minor: int, repaid_minor: int | None) -> list[Leg]:
    if repaid_minor is None:
        return spending.held_to_unclaimed(purse, amount_minor)
    return spending.release_hold(purse, amount_minor, repaid_minor)


# ---- capturing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaptureAsk:
    """What a shop takes of a hold; `fee_minor` of it is the programme's."""

    hold_id: UUID
    amount_minor: int
    fee_minor: int = 0
    merchant_id: UUID | None = None


def capture(connection: Connection, ask: CaptureAsk, *, occasion: Occasion) -> CaptureView:
    """Spend a hold, in whole or in part, at a shop; the rest goes back to its lots.

    The same capture twice returns the first. A hold that has expired is authorised anew, under its own reference
    with ":late" behind it.

    Raises:
        InsufficientFunds: more than the hold, or nothing left for a late capture; nothing was changed.
        Conflict: the hold was captured with another amount.
        IllegalTransition: the hold was released.
        NotFound: no such hold, or no shop is named.
    """
    (hold,), wallets = _lock_holds(connection, [ask.hold_id], occasion)
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
        again = CaptureAsk(anew.id, ask.amount_minor, ask.fee_minor, ask.merchant_id)
        return capture(connection, again, occasion=occasion)
    holds.next_state(hold.state, HoldEvent.CAPTURE)
    _check_capture(hold, ask)
    spent, rest = _spend(connection, hold, ask.amount_minor, occasion)
    done = _write_capture(connection, hold, ask, occasion)
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
    _book_released(connection, rest, wallets, occasion)
    return done


def consume(
    connection: Connection, hold_ids: Sequence[UUID], *, occasion: Occasion
) -> list[HoldView]:
    """Capture open holds in full without booking it: their owner books where the money goes.

    Raises IllegalTransition when one is not open, NotFound when one does not exist.
    """
    locked, _ = _lock_holds(connection, hold_ids, occasion)
    outcomes = [
        (hold.id, holds.next_state(hold.state, HoldEvent.CAPTURE), hold.amount_minor)
        for hold in locked
    ]
    allocations = selectors.allocations(connection, hold_ids)
    connection.execute(
        SQL.capture_allocations,
        _allocation_amounts(part for one in allocations.values() for part in one),
    )
    _resolve(connection, outcomes, occasion)
    return locked


def _same_capture(connection: Connection, hold: HoldView, ask: CaptureAsk) -> CaptureView:
    first = selectors.capture_of_hold(connection, hold.id)
    if first is None:
        raise Conflict("The hold was not captured by a shop.", hold_id=hold.id)
    if (first.amount_minor, first.fee_minor) != (ask.amount_minor, ask.fee_minor):
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
    _resolve(connection, [(hold.id, HoldState.CAPTURED, amount_minor)], occasion)
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


# ---- giving back what was spent ---------------------------------------------------------------------------------


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
    locked, wallets = _lock_holds(connection, [hold_id for _, hold_id, _ in amounts], occasion)
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
    """What comes back of a capture; `reference` is the shop's own id of the refund."""

    capture_id: UUID
    reference: str
    amount_minor: int


def refund_capture(connection: Connection, ask: RefundAsk, *, occasion: Occasion) -> RefundView:
    """Give back to the member a captured amount, or a part; the programme gives its part of the fee back.

    The fee follows the running total, so that after any number of parts all of it has come back. The same
    refund twice returns the first.

    Raises:
        Conflict: the reference stands for another amount.
        Refused: more than was captured and is not yet refunded; nothing was changed.
        NotFound: no such capture.
    """
    capture_seen = selectors.capture_by_id(connection, ask.capture_id)
    if capture_seen is None:
        raise NotFound(f"There is no capture {ask.capture_id}.", capture_id=ask.capture_id)
    _lock_holds(connection, [capture_seen.hold_id], occasion)
    spent = selectors.capture_by_id(connection, ask.capture_id) or capture_seen
    first = selectors.refund_by_reference(connection, ask.capture_id, ask.reference)
    if first is not None:
        if first.amount_minor != ask.amount_minor:
            raise Conflict(
                f"“{ask.reference}” already stands for a refund of "
                f"{Money(first.amount_minor, spent.currency)}.",
                reference=ask.reference,
                amount_minor=first.amount_minor,
            )
        return first
    _check_refund(spent, ask)
    return _write_refund(connection, spent, ask, occasion)


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
