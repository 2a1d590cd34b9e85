"""Holds: place them, release them, let them expire. What spends and refunds them is in `captures`.

Each function locks first and then reads, writes lots and ledger together, and runs in the caller's database
transaction. Doing the same thing twice returns what was done the first time; doing another thing under the same
name is a Conflict. One hold and ten thousand take the same road.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cagnotte.domain import holds, lots
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import CagnotteError, Conflict, Refused
from cagnotte.domain.holds import HoldEvent, HoldPurpose, HoldState
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.lots import Take
from cagnotte.wallet import selectors
from cagnotte.wallet.movements import (
    SQL,
    Connection,
    Return,
    WalletState,
    book,
    book_released,
    lock_spendable_lots,
    lock_wallets,
    lock_wallets_and_holds,
    resolve_holds,
    take_out,
)
from cagnotte.wallet.selectors import Allocation, HoldView

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


def place_holds(
    connection: Connection,
    asks: Sequence[HoldAsk],
    *,
    occasion: Occasion,
    of_closed: bool = False,
) -> Placed:
    """Reserve money of many wallets, all for one purpose; what one wallet cannot give stops no other.

    of_closed: closed accounts may give too; for their last payouts alone.
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
            _check_may_spend(wallets[ask.wallet_id], ask, of_closed=of_closed)
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


def _check_may_spend(wallet: WalletState, ask: HoldAsk, *, of_closed: bool) -> None:
    if wallet.closed and not of_closed:
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
    locked, wallets = lock_wallets_and_holds(connection, hold_ids, occasion)
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
    resolve_holds(connection, [(hold.id, states[hold.id], 0) for hold in going], occasion)
    book_released(connection, returns, wallets, occasion)
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
        locked, _ = lock_wallets_and_holds(connection, overdue, occasion)
        still_open = [hold.id for hold in locked if hold.state is HoldState.OPEN]
        release(connection, still_open, occasion=occasion, event=HoldEvent.EXPIRE)
    return len(overdue)
