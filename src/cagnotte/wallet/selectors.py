"""Reading holds, captures, refunds and lots, as values."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain import lots
from cagnotte.domain.errors import NotFound
from cagnotte.domain.holds import HoldPurpose, HoldState
from cagnotte.domain.lots import LotView
from cagnotte.domain.money import Money
from cagnotte.platform.sql import load

SQL = load("wallet")

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold; amounts in minor units of its currency."""

    id: UUID
    wallet_id: UUID
    purpose: HoldPurpose
    reference: str
    currency: str
    amount_minor: int
    captured_minor: int
    state: HoldState
    merchant_id: UUID | None
    expires_at: datetime | None
    created_at: datetime
    resolved_at: datetime | None

    @property
    def amount(self) -> Money:
        """What was reserved."""
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a hold reserves of one lot, what of it was spent, and what of that came back."""

    hold_id: UUID
    lot_id: UUID
    amount_minor: int
    captured_minor: int = 0
    returned_minor: int = 0


@dataclass(frozen=True, slots=True)
class CaptureView:
    """What a hold paid at a shop, and what of it was refunded so far."""

    id: UUID
    hold_id: UUID
    wallet_id: UUID
    merchant_id: UUID
    currency: str
    amount_minor: int
    fee_minor: int
    refunded_minor: int
    captured_at: datetime

    @property
    def amount(self) -> Money:
        """What the wallet paid."""
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class RefundView:
    """What came back of a capture, and what of it repaid a debt."""

    id: UUID
    capture_id: UUID
    reference: str
    wallet_id: UUID
    amount_minor: int
    fee_minor: int
    repaid_minor: int
    refunded_at: datetime


def holds_by_reference(
    connection: Connection, *, programme_id: UUID, purpose: HoldPurpose, references: Sequence[str]
) -> dict[str, HoldView]:
    """Return the holds that some references already have."""
    rows = connection.execute(
        SQL.holds_by_reference,
        {
            "programme_id": programme_id,
            "purpose": purpose.value,
            "references": list(references),
        },
    )
    return {hold.reference: hold for hold in map(_hold, rows)}


def holds_by_id(connection: Connection, hold_ids: Iterable[UUID]) -> list[HoldView]:
    """Return holds in the order of their ids; those that do not exist are left out."""
    rows = connection.execute(SQL.holds_by_id, {"hold_ids": list(hold_ids)})
    return [_hold(row) for row in rows]


def hold_for_order(connection: Connection, programme_id: UUID, hold_id: UUID) -> HoldView | None:
    """Return a hold that a programme's shop placed for an order, None when there is none of this id."""
    values = {"programme_id": programme_id, "id": hold_id}
    row = connection.execute(SQL.hold_for_order, values).fetchone()
    return _hold(row) if row else None


def lock_holds(connection: Connection, hold_ids: Iterable[UUID]) -> list[HoldView]:
    """Lock holds in the order of their ids and return them; their wallets are locked before."""
    rows = connection.execute(SQL.lock_holds, {"hold_ids": list(hold_ids)})
    return [_hold(row) for row in rows]


def open_holds(connection: Connection, wallet_id: UUID) -> list[HoldView]:
    """Return what is reserved of a wallet now, oldest first."""
    rows = connection.execute(SQL.open_holds_of_wallet, {"wallet_id": wallet_id})
    return [_hold(row) for row in rows]


def allocations(connection: Connection, hold_ids: Sequence[UUID]) -> dict[UUID, list[Allocation]]:
    """Return the lots behind holds, by hold."""
    rows = connection.execute(SQL.allocations_of_holds, {"hold_ids": list(hold_ids)})
    found: dict[UUID, list[Allocation]] = defaultdict(list)
    for row in rows:
        part = Allocation(*row)
        found[part.hold_id].append(part)
    return found


def capture_of_hold(connection: Connection, hold_id: UUID) -> CaptureView | None:
    """Return the capture of a hold, if a shop captured it."""
    row = connection.execute(SQL.capture_of_hold, {"hold_id": hold_id}).fetchone()
    return CaptureView(*row) if row else None


def capture_by_id(connection: Connection, capture_id: UUID) -> CaptureView | None:
    """Return a capture."""
    row = connection.execute(SQL.capture_by_id, {"capture_id": capture_id}).fetchone()
    return CaptureView(*row) if row else None


def refund_by_reference(
    connection: Connection, capture_id: UUID, reference: str
) -> RefundView | None:
    """Return the refund of a capture that a reference stands for."""
    row = connection.execute(
        SQL.refund_by_reference, {"capture_id": capture_id, "reference": reference}
    ).fetchone()
    return RefundView(*row) if row else None


def refunds_of_capture(connection: Connection, capture_id: UUID) -> list[RefundView]:
    """Return what came back of a capture, oldest first."""
    rows = connection.execute(SQL.refunds_of_capture, {"capture_id": capture_id})
    return [RefundView(*row) for row in rows]


def holds_page(
    connection: Connection,
    programme_id: UUID,
    *,
    wallet_id: UUID | None = None,
    before: UUID | None = None,
    at_most: int,
) -> list[HoldView]:
    """Return holds for orders, newest first: of one wallet or of all, those after `before`, the last one seen."""
    values = {
        "programme_id": programme_id,
        "wallet_id": wallet_id,
        "before": before,
        "at_most": at_most,
    }
    ids = [row[0] for row in connection.execute(SQL.holds_page, values)]
    found = {hold.id: hold for hold in holds_by_id(connection, ids)}
    return [found[hold_id] for hold_id in ids]


def spent_at_shop(
    connection: Connection,
    *,
    programme_id: UUID,
    wallet_id: UUID,
    merchant_id: UUID,
    currency: str,
    day: date,
) -> int:
    """Return what a wallet spent at a shop since a day began or holds for it, less what came back, in minor units."""
    values = {
        "programme_id": programme_id,
        "wallet_id": wallet_id,
        "merchant_id": merchant_id,
        "currency": currency,
        "day": day,
    }
    row = connection.execute(SQL.spent_at_shop, values).fetchone()
    return int(row[0]) if row else 0


def lots_of_wallet(connection: Connection, wallet_id: UUID, currency: str) -> list[LotView]:
    """Return what a wallet holds, in the order in which it is spent."""
    rows = connection.execute(SQL.lots_of_wallet, {"wallet_id": wallet_id, "currency": currency})
    return [LotView(*row[:4]) for row in rows]


def spending_order(connection: Connection, lot_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Lock lots in the order of their ids; return each one's place in the order of spending."""
    rows = connection.execute(SQL.lock_lots, {"lot_ids": list(lot_ids)})
    views = [LotView(*row[:4]) for row in rows]
    return {lot.id: place for place, lot in enumerate(lots.first_expiring(views))}


def wallet_of_member(connection: Connection, programme_id: UUID, ref: str) -> UUID:
    """Return the wallet of the member with this number. Raises NotFound."""
    row = connection.execute(
        SQL.wallet_of_member, {"programme_id": programme_id, "ref": ref}
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no member “{ref}” in this programme.", ref=ref)
    wallet_id: UUID = row[0]
    return wallet_id


def member_refs(connection: Connection, wallet_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the member numbers behind wallets, to show them."""
    rows = connection.execute(SQL.member_refs, {"wallet_ids": list(wallet_ids)})
    return {wallet_id: str(ref) for wallet_id, ref in rows}


def _hold(row: Sequence[Any]) -> HoldView:
    view = HoldView(*row)
    return replace(view, purpose=HoldPurpose(view.purpose), state=HoldState(view.state))
