"""What every movement of a wallet's money does: lock, change lots, post to the ledger.

Locks are always taken in the same order, each sorted by id: wallets, holds, lots, balances. All of it happens
in the caller's database transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain import lots
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Leg, Occasion, Purse
from cagnotte.domain.errors import Conflict, NotFound
from cagnotte.domain.holds import HoldState
from cagnotte.domain.ids import derived_id, named_id
from cagnotte.domain.lots import LotView, Take
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import selectors as ledger_selectors
from cagnotte.ledger import services as ledger
from cagnotte.platform.sql import load
from cagnotte.wallet import selectors
from cagnotte.wallet.selectors import HoldView

SQL = load("wallet")

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class WalletState:
    """What decides whether a wallet may spend."""

    id: UUID
    frozen: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class Return:
    """Money that comes back to the lots it was taken from, because of one fact."""

    fact_id: UUID
    wallet_id: UUID
    takes: tuple[Take, ...]

    @property
    def amount_minor(self) -> int:
        """All that comes back, what repays a debt included."""
        return sum(part.amount_minor for part in self.takes)


def occasion(
    connection: Connection, *, programme_id: UUID, currency: str, now: datetime, on: date
) -> Occasion:
    """Return the dates under which the movements of one command are booked.

    `now` is the recording time, `on` the day it happens in the programme's time zone.
    """
    return Occasion(
        programme_id=programme_id,
        currency=currency,
        occurred_on=on,
        effective_on=ledger.first_open_day(connection, programme_id, on),
        recorded_at=now,
    )


def lock_wallets(
    connection: Connection, wallet_ids: Iterable[UUID], *, programme_id: UUID
) -> dict[UUID, WalletState]:
    """Lock wallets, in the order of their ids, and return their states.

    Raises NotFound when one of them is not of this programme.
    """
    asked = set(wallet_ids)
    rows = connection.execute(
        SQL.lock_wallets, {"wallet_ids": list(asked), "programme_id": programme_id}
    ).fetchall()
    found = {row[0]: WalletState(row[0], row[1], row[2] is not None) for row in rows}
    missing = asked - found.keys()
    if missing:
        raise NotFound(
            f"{len(missing)} wallet(s) do not exist in this programme, {min(missing)} among them.",
            wallet_ids=sorted(missing),
        )
    return found


def lock_wallets_and_holds(
    connection: Connection, hold_ids: Sequence[UUID], occasion: Occasion
) -> tuple[list[HoldView], dict[UUID, WalletState]]:
    """Lock the wallets of holds, then the holds; the order every spender takes.

    Raises NotFound when a hold does not exist, or its wallet is not of this programme.
    """
    seen = selectors.holds_by_id(connection, hold_ids)
    missing = set(hold_ids) - {hold.id for hold in seen}
    if missing:
        raise NotFound(f"There is no hold {min(missing)}.", hold_ids=sorted(missing))
    wallets = lock_wallets(
        connection, {hold.wallet_id for hold in seen}, programme_id=occasion.programme_id
    )
    return selectors.lock_holds(connection, hold_ids), wallets


def lock_spendable_lots(
    connection: Connection, wallet_ids: Iterable[UUID], occasion: Occasion
) -> dict[UUID, list[LotView]]:
    """Lock what the wallets (locked before) can spend on the occasion's day, by wallet."""
    rows = connection.execute(
        SQL.lock_spendable_lots,
        {
            "wallet_ids": list(wallet_ids),
            "currency": occasion.currency,
            "day": occasion.occurred_on,
        },
    )
    found: dict[UUID, list[LotView]] = defaultdict(list)
    for *lot, wallet_id in rows:
        found[wallet_id].append(LotView(*lot))
    return found


def take_out(connection: Connection, takes: Sequence[Take]) -> None:
    """Take amounts out of lots that are locked."""
    if takes:
        connection.execute(SQL.take_from_lots, _amounts(takes))


def give_back(
    connection: Connection,
    returns: Sequence[Return],
    *,
    wallets: dict[UUID, WalletState],
    occasion: Occasion,
    grace_days: int,
) -> dict[UUID, int | None]:
    """Put money back into the lots it came from, after repaying what its owner owes.

    Money of a lot that would expire within the grace becomes a lot of its own with a later last day, so that the
    rest of that lot lives no longer than it should.

    Returns:
        per fact what it repaid of the owner's debt, or None when the account is closed: that money goes to no
        lot, it is unclaimed.
    """
    takes = [part for back in returns for part in back.takes]
    rows = connection.execute(SQL.lock_lots, {"lot_ids": [part.lot_id for part in takes]})
    views = {row[0]: LotView(*row[:4]) for row in rows}
    owing = _owing(connection, [back.wallet_id for back in returns], occasion)
    repaid: dict[UUID, int | None] = {}
    adds: list[Take] = []
    splits: list[tuple[UUID, UUID, int, date | None]] = []
    for back in returns:
        if wallets[back.wallet_id].closed:
            repaid[back.fact_id] = None
            continue
        debt, _ = lots.split_credit(back.amount_minor, owing[back.wallet_id])
        owing[back.wallet_id] -= debt
        repaid[back.fact_id] = debt
        for part in lots.skip(_soonest_first(back.takes, views), debt):
            expires_on = lots.expiry_after_return(
                views[part.lot_id].expires_on,
                returned_on=occasion.occurred_on,
                grace_days=grace_days,
            )
            if expires_on == views[part.lot_id].expires_on:
                adds.append(part)
            else:
                new_id = named_id("lot", "split", back.fact_id, part.lot_id)
                splits.append((part.lot_id, new_id, part.amount_minor, expires_on))
    _write_back(connection, adds, splits)
    return repaid


def _owing(
    connection: Connection, wallet_ids: Iterable[UUID], occasion: Occasion
) -> dict[UUID, int]:
    balances = ledger_selectors.lock_member_balances(
        connection, set(wallet_ids), occasion.programme_id, occasion.currency
    )
    return {wallet_id: balance.owing for wallet_id, balance in balances.items()}


def _soonest_first(takes: Iterable[Take], views: dict[UUID, LotView]) -> list[Take]:
    """What expires soonest repays a debt first, so that the member keeps what lives longest."""
    return sorted(takes, key=lambda part: lots.spending_order(views[part.lot_id]))


def _write_back(
    connection: Connection, adds: list[Take], splits: list[tuple[UUID, UUID, int, date | None]]
) -> None:
    if adds:
        connection.execute(SQL.give_back_to_lots, _amounts(adds))
    if splits:
        lot_ids, new_ids, amounts, expire_on = zip(*splits, strict=True)
        connection.execute(
            SQL.split_lots,
            {
                "lot_ids": list(lot_ids),
                "new_ids": list(new_ids),
                "amounts_minor": list(amounts),
                "expire_on": list(expire_on),
            },
        )


def _amounts(takes: Sequence[Take]) -> dict[str, object]:
    return {
        "lot_ids": [part.lot_id for part in takes],
        "amounts_minor": [part.amount_minor for part in takes],
    }


def book(connection: Connection, transactions: Iterable[Transaction | None]) -> int:
    """Post transactions as one batch, those that move nothing left out; return how many were written.

    Raises:
        Conflict: one of them already stands with other content; the caller's transaction must be undone.
        InsufficientFunds, PeriodClosed, LedgerError: as `ledger.services.post`.
    """
    posted = sorted((one for one in transactions if one is not None), key=lambda one: one.id)
    if not posted:
        return 0
    first = posted[0]
    # Equal facts at an equal time give an equal batch: a replay is recognised, never booked twice.
    batch_id = derived_id(first.recorded_at, "batch", len(posted), *(one.id for one in posted))
    result = ledger.post(connection, posted, batch_id=batch_id)
    if result.conflicts:
        raise Conflict(
            f"{len(result.conflicts)} transaction(s) already stand in the ledger with other content, "
            f"{result.conflicts[0]} among them.",
            transaction_ids=result.conflicts,
        )
    return result.new


def resolve_holds(
    connection: Connection, outcomes: Sequence[tuple[UUID, HoldState, int]], occasion: Occasion
) -> None:
    """Write how holds ended: (hold, its last state, what of it was captured in minor units)."""
    connection.execute(
        SQL.resolve_holds,
        {
            "hold_ids": [hold_id for hold_id, _, _ in outcomes],
            "states": [state.value for _, state, _ in outcomes],
            "captured_minors": [captured for _, _, captured in outcomes],
            "now": occasion.recorded_at,
        },
    )


def book_released(
    connection: Connection,
    returns: Sequence[Return],
    wallets: dict[UUID, WalletState],
    occasion: Occasion,
) -> None:
    """Put what holds did not spend back into its lots, after repaying what its owner owes, and book it."""
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
