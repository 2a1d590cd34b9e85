"""Rows of vouchers: locked before they are read, changed, and booked. What issuing, using and ending share."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from cagnotte.domain.bookings.spending import Leg, Occasion
from cagnotte.domain.chart import Account
from cagnotte.domain.errors import NotFound
from cagnotte.domain.transactions import Transaction
from cagnotte.domain.vouchers import VoucherState
from cagnotte.wallet import selectors, voucher_views
from cagnotte.wallet.movements import Connection, WalletState, lock_wallets
from cagnotte.wallet.voucher_views import SQL, UseView, VoucherRefundView, VoucherView

OVER = (VoucherState.EXPIRED, VoucherState.VOID)
"""States of a voucher on which nothing stands any more."""


def lock_one(
    connection: Connection, voucher_id: UUID, occasion: Occasion
) -> tuple[VoucherView, dict[UUID, WalletState]]:
    """Lock one voucher as `lock` does, and return it."""
    (voucher,), wallets = lock(connection, [voucher_id], occasion)
    return voucher, wallets


def lock(
    connection: Connection, voucher_ids: Sequence[UUID], occasion: Occasion
) -> tuple[list[VoucherView], dict[UUID, WalletState]]:
    """Lock the wallets of vouchers, the holds they were bought with, then the vouchers. Raises NotFound."""
    seen = voucher_views.vouchers_by_id(connection, voucher_ids)
    if len(seen) < len(set(voucher_ids)):
        raise NotFound("There is no such voucher in this programme.", voucher_ids=voucher_ids)
    wallets = lock_wallets(
        connection, {one.wallet_id for one in seen}, programme_id=occasion.programme_id
    )
    selectors.lock_holds(connection, [one.hold_id for one in seen if one.hold_id is not None])
    return voucher_views.lock_vouchers(connection, voucher_ids), wallets


def change(
    connection: Connection,
    voucher: VoucherView,
    state: VoucherState,
    *,
    used: int = 0,
    returned: int = 0,
    expired: int = 0,
) -> None:
    """Write a voucher's state, and what is added to where its money went; its row is locked."""
    connection.execute(
        SQL.change_vouchers,
        {
            "ids": [voucher.id],
            "states": [state.value],
            "used": [used],
            "returned": [returned],
            "expired": [expired],
        },
    )


def booked(
    legs: list[Leg], kind: str, wallet_id: UUID, fact_id: UUID, occasion: Occasion
) -> Transaction | None:
    """Return the transaction of a fact about a voucher; None when it moves nothing."""
    return occasion.transaction(legs, kind=kind, book_id=wallet_id, fact_id=fact_id)


def fields(view: UseView | VoucherRefundView) -> dict[str, Any]:
    """Return a row's values by their names."""
    return {name: getattr(view, name) for name in view.__slots__}


def gainer(gains: Account | None) -> Jsonb | None:
    """Write who gains by a voucher's expiry; None = its member."""
    return Jsonb({"kind": gains.kind, "owner_id": str(gains.owner_id)}) if gains else None
