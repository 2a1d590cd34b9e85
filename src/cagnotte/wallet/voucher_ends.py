"""The end of vouchers: called off, or their days are over; and where what is left of them goes.

Each function locks first and then reads, and writes rows and ledger together in the caller's database transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from cagnotte.domain import lots, vouchers
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.chart import Account
from cagnotte.domain.errors import Refused
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.vouchers import VoucherEvent, VoucherState
from cagnotte.ledger import selectors as ledger
from cagnotte.wallet import captures, voucher_views
from cagnotte.wallet.movements import Connection, WalletState, book
from cagnotte.wallet.voucher_rows import OVER, booked, change, gainer, lock, lock_one
from cagnotte.wallet.voucher_views import SQL, VoucherView

CLOSED_AT_ONCE_MAX = 1_000
"""Vouchers closed in one database transaction."""


def void(connection: Connection, voucher_id: UUID, *, occasion: Occasion) -> VoucherView:
    """Call a voucher off: what it still holds is the member's money again. Called off before, it stays as it is.

    Raises:
        IllegalTransition: it is used up or expired.
        Refused: it is signed, and a till without a line may have taken it. In each case nothing was changed.
        NotFound: it is of another programme.
    """
    voucher, wallets = lock_one(connection, voucher_id, occasion)
    if voucher.state is VoucherState.VOID:
        return voucher
    if voucher.terms.signed:
        raise Refused(
            "A signed voucher cannot be called off, for a till without a line would not know; "
            f"what is left comes back on {voucher.terms.closes_on:%Y-%m-%d}.",
            voucher_id=voucher.id,
        )
    state = vouchers.next_state(voucher.state, VoucherEvent.VOID)
    rest = [Rest(voucher, voucher.open_minor, voucher.id, to_member=True)]
    let_go(connection, rest, wallets, occasion, kind="voucher_void")
    count_gone(connection, rest, {voucher.id: state})
    return voucher_views.voucher(connection, occasion.programme_id, voucher_id)


@dataclass(slots=True)
class ClosedVouchers:
    """What became of vouchers whose days are over; amounts in minor units. gained: by the kind of account."""

    vouchers: int = 0
    returned_minor: int = 0
    gained: dict[str, int] = field(default_factory=dict)


def close_overdue(connection: Connection, *, occasion: Occasion) -> ClosedVouchers:
    """Close vouchers whose days are over, some at once; none is left when none was closed."""
    overdue = voucher_views.vouchers_to_close(
        connection,
        programme_id=occasion.programme_id,
        currency=occasion.currency,
        day=occasion.occurred_on,
        at_most=CLOSED_AT_ONCE_MAX,
    )
    if not overdue:
        return ClosedVouchers()
    locked, wallets = lock(connection, overdue, occasion)
    # Used or called off meanwhile? Then there is nothing left to close.
    going = [one for one in locked if one.state not in OVER and one.open_minor]
    rests = [
        Rest(one, one.open_minor, one.id, to_member=one.breakage_account is None) for one in going
    ]
    let_go(connection, rests, wallets, occasion, kind="voucher_expired")
    states = {one.id: vouchers.next_state(one.state, VoucherEvent.EXPIRE) for one in going}
    count_gone(connection, rests, states)
    done = ClosedVouchers(len(overdue))
    for rest in rests:
        if rest.to_member:
            done.returned_minor += rest.amount_minor
        else:
            kind = rest.gains.kind
            done.gained[kind] = done.gained.get(kind, 0) + rest.amount_minor
    return done


# ---- what leaves a voucher ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rest:
    """Money that leaves a voucher because of one fact: for its member, or for who gains by an expiry."""

    voucher: VoucherView
    amount_minor: int
    fact_id: UUID
    to_member: bool

    @property
    def gains(self) -> Account:
        """The account that was fixed with the voucher; the programme's breakage where none was."""
        fixed = self.voucher.breakage_account
        programme_id, currency = self.voucher.programme_id, self.voucher.terms.currency
        if fixed is None:
            return Account("programme.breakage", programme_id, programme_id, currency)
        return Account(fixed["kind"], UUID(fixed["owner_id"]), programme_id, currency)


def let_go(
    connection: Connection,
    rests: Sequence[Rest],
    wallets: dict[UUID, WalletState],
    occasion: Occasion,
    *,
    kind: str,
) -> None:
    """Move what leaves vouchers to where it goes, and book it."""
    repaid = to_members(connection, [rest for rest in rests if rest.to_member], wallets, occasion)
    transactions = []
    for rest in rests:
        purse = occasion.purse(rest.voucher.wallet_id)
        legs = (
            spending.voucher_rest_to_member(purse, rest.amount_minor, repaid[rest.fact_id])
            if rest.to_member
            else spending.voucher_rest_expired(purse, rest.amount_minor, rest.gains)
        )
        transactions.append(booked(legs, kind, purse.wallet_id, rest.fact_id, occasion))
    book(connection, transactions)


def to_members(
    connection: Connection,
    rests: Sequence[Rest],
    wallets: dict[UUID, WalletState],
    occasion: Occasion,
) -> dict[UUID, int | None]:
    """Give money back: to the lots it was bought with, or as a lot of the purchase that earned the voucher.

    Returns per fact what repaid a debt, None when the account is closed.
    """
    bought = [
        (rest.fact_id, rest.voucher.hold_id, rest.amount_minor)
        for rest in rests
        if rest.voucher.hold_id is not None
    ]
    repaid: dict[UUID, int | None] = {}
    if bought:
        repaid |= captures.return_spent(connection, bought, occasion=occasion)
    earned = [rest for rest in rests if rest.voucher.hold_id is None]
    if earned:
        repaid |= _as_lots(
            connection, earned, wallets, occasion, _owing(rests, repaid, connection, occasion)
        )
    return repaid


def _owing(
    rests: Sequence[Rest],
    repaid: dict[UUID, int | None],
    connection: Connection,
    occasion: Occasion,
) -> dict[UUID, int]:
    """Return what each wallet owes once `repaid`, which is not booked yet, is taken off."""
    wallet_ids = {rest.voucher.wallet_id for rest in rests}
    balances = ledger.lock_member_balances(
        connection, wallet_ids, occasion.programme_id, occasion.currency
    )
    owing = {wallet_id: balance.owing for wallet_id, balance in balances.items()}
    for rest in rests:
        owing[rest.voucher.wallet_id] -= repaid.get(rest.fact_id) or 0
    return owing


def _as_lots(
    connection: Connection,
    rests: Sequence[Rest],
    wallets: dict[UUID, WalletState],
    occasion: Occasion,
    owing: dict[UUID, int],
) -> dict[UUID, int | None]:
    repaid: dict[UUID, int | None] = {}
    made: list[tuple[Rest, int]] = []
    for rest in rests:
        wallet_id = rest.voucher.wallet_id
        if wallets[wallet_id].closed:
            repaid[rest.fact_id] = None
            continue
        debt_minor, left_minor = lots.split_credit(rest.amount_minor, owing[wallet_id])
        owing[wallet_id] -= debt_minor
        repaid[rest.fact_id] = debt_minor
        made.append((rest, left_minor))
    if made:
        connection.execute(SQL.insert_lots, _lot_columns(made, occasion))
    return repaid


def _lot_columns(made: Sequence[tuple[Rest, int]], occasion: Occasion) -> dict[str, Any]:
    """Return lots that live for the grace of a refund, or for as long as their voucher would have."""
    grace = occasion.occurred_on + timedelta(days=lots.REFUND_GRACE_DAYS)
    return {
        "currency": occasion.currency,
        "on": occasion.occurred_on,
        "ids": [named_id("lot", "voucher", rest.fact_id) for rest, _ in made],
        "wallet_ids": [rest.voucher.wallet_id for rest, _ in made],
        "buckets": [bucket_of(rest.voucher.wallet_id) for rest, _ in made],
        "purchase_ids": [rest.voucher.purchase_id for rest, _ in made],
        "amounts_minor": [rest.amount_minor for rest, _ in made],
        "remaining": [left_minor for _, left_minor in made],
        "expire_on": [max(grace, rest.voucher.terms.valid_until) for rest, _ in made],
        "gainers": [gainer(rest.gains) for rest, _ in made],
    }


def count_gone(
    connection: Connection, rests: Iterable[Rest], states: dict[UUID, VoucherState]
) -> None:
    """Write what left vouchers, and the states they are in now."""
    for rest in rests:
        gone = {"returned" if rest.to_member else "expired": rest.amount_minor}
        change(connection, rest.voucher, states[rest.voucher.id], **gone)
