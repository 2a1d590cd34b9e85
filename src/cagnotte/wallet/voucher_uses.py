"""Vouchers at shops: what orders take of them, and what comes back with an order that is returned.

Each function locks first and then reads, writes rows and ledger together in the caller's database transaction, and
doing the same thing twice returns what was done the first time.
"""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from cagnotte.domain import vouchers
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import Conflict, InsufficientFunds, NotFound, Refused, VoucherRefused
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.money import Money
from cagnotte.domain.vouchers import Basket, Unusable, VoucherState, refund_event, use_event
from cagnotte.wallet import voucher_ends, voucher_views
from cagnotte.wallet.movements import Connection, WalletState, book
from cagnotte.wallet.voucher_ends import Rest
from cagnotte.wallet.voucher_rows import OVER, booked, change, fields, lock_one
from cagnotte.wallet.voucher_views import SQL, UseKind, UseView, VoucherRefundView, VoucherView

USED: UseKind = "used"
DOUBLE_PAID: UseKind = "double_paid"
DOUBLE_UNPAID: UseKind = "double_unpaid"


@dataclass(frozen=True, slots=True)
class UseAsk:
    """An order that a voucher shall help to pay.

    Attributes:
        order_ref: the shop's own name of the order; a voucher pays an order once.
        basket_minor: what the order comes to. amount_minor: what the voucher shall pay of it; None = what it can.
        used_on: the day a till without a line took it; None = now.
    """

    voucher_id: UUID
    merchant_id: UUID
    order_ref: str
    basket_minor: int
    amount_minor: int | None = None
    used_on: date | None = None


def use(connection: Connection, ask: UseAsk, *, occasion: Occasion) -> UseView:
    """Pay an order, or a part of it, with a voucher.

    What a voucher of single use does not give leaves it at once, as after its last day.

    Raises:
        VoucherRefused: it cannot be used for this order, with the code of the reason.
        InsufficientFunds: it holds less. Refused: more than the order comes to.
        Conflict: it paid this order before, another amount. NotFound: it is of another programme.
        In each case nothing was changed.
    """
    voucher, wallets = lock_one(connection, ask.voucher_id, occasion)
    first = voucher_views.use_of_order(connection, voucher.id, ask.merchant_id, ask.order_ref)
    if first is not None:
        return _same_use(first, ask)
    reason = _why_not(voucher, ask, occasion)
    if reason is None and wallets[voucher.wallet_id].frozen:
        reason = Unusable.WALLET_FROZEN, "The wallet behind the voucher is frozen."
    if reason is not None:
        raise VoucherRefused(reason[1], reason=reason[0], voucher_id=voucher.id)
    return _use(connection, voucher, ask, wallets, occasion)


def _same_use(first: UseView, ask: UseAsk) -> UseView:
    if ask.amount_minor not in (None, first.amount_minor):
        raise Conflict(
            f"The voucher already paid {first.amount} of order “{ask.order_ref}”; it pays an order once.",
            order_ref=ask.order_ref,
            amount_minor=first.amount_minor,
        )
    return first


def _why_not(voucher: VoucherView, ask: UseAsk, occasion: Occasion) -> vouchers.Reason | None:
    on = ask.used_on or occasion.occurred_on
    basket = Basket(ask.merchant_id, occasion.currency, ask.basket_minor, on)
    return vouchers.why_not(voucher.terms, voucher.state, voucher.open_minor, basket)


def _use(
    connection: Connection,
    voucher: VoucherView,
    ask: UseAsk,
    wallets: dict[UUID, WalletState],
    occasion: Occasion,
) -> UseView:
    amount_minor = _amount(voucher, ask)
    left_minor = voucher.open_minor - amount_minor
    if not voucher.terms.partial_use:
        left_minor = 0
    state = vouchers.next_state(voucher.state, use_event(left_minor))
    done = _write_use(connection, voucher, ask, amount_minor, USED, occasion)
    change(connection, voucher, state, used=amount_minor)
    legs = spending.voucher_used(occasion.purse(voucher.wallet_id), amount_minor, ask.merchant_id)
    book(connection, [booked(legs, "voucher_used", voucher.wallet_id, done.id, occasion)])
    rest_minor = voucher.open_minor - amount_minor - left_minor
    if rest_minor:
        rest = [Rest(voucher, rest_minor, done.id, to_member=voucher.breakage_account is None)]
        voucher_ends.let_go(connection, rest, wallets, occasion, kind="voucher_rest")
        voucher_ends.count_gone(connection, rest, {voucher.id: state})
    return done


def _amount(voucher: VoucherView, ask: UseAsk) -> int:
    """Return what a voucher pays of an order: what is asked, else what it can."""
    most_minor = min(voucher.open_minor, ask.basket_minor)
    amount_minor = most_minor if ask.amount_minor is None else ask.amount_minor
    currency = voucher.terms.currency
    if amount_minor <= 0 or amount_minor > ask.basket_minor:
        raise Refused(
            "A voucher pays more than nothing, and no more than the order comes to.",
            amount_minor=amount_minor,
            basket_minor=ask.basket_minor,
        )
    if amount_minor > voucher.open_minor:
        raise InsufficientFunds(
            f"{Money(amount_minor, currency)} asked for, {voucher.open} on the voucher.",
            asked_minor=amount_minor,
            available_minor=voucher.open_minor,
            short_minor=amount_minor - voucher.open_minor,
            currency=currency,
        )
    return amount_minor


def _write_use(
    connection: Connection,
    voucher: VoucherView,
    ask: UseAsk,
    amount_minor: int,
    kind: UseKind,
    occasion: Occasion,
) -> UseView:
    done = UseView(
        id=named_id("voucher-use", voucher.id, ask.merchant_id, ask.order_ref),
        voucher_id=voucher.id,
        programme_id=voucher.programme_id,
        wallet_id=voucher.wallet_id,
        merchant_id=ask.merchant_id,
        order_ref=ask.order_ref,
        currency=voucher.terms.currency,
        amount_minor=amount_minor,
        refunded_minor=0,
        kind=kind,
        used_on=ask.used_on or occasion.occurred_on,
        recorded_at=occasion.recorded_at,
    )
    connection.execute(SQL.insert_use, {**fields(done), "bucket": bucket_of(done.wallet_id)})
    return done


def told_later(
    connection: Connection,
    ask: UseAsk,
    *,
    shop_bears: bool,
    occasion: Occasion,
    by_software: bool = False,
) -> UseView:
    """Book what a till without a line took of a signed voucher, on the day it took it (`used_on`).

    by_software: a shop's own software took it, which knows the voucher; then it need not be signed. A voucher that
    holds less by then, because it was used elsewhere, was used twice: the shop is paid at the programme's loss, or not
    paid when `shop_bears`; either way it is on record.

    Raises:
        VoucherRefused: it could not be used on that day, or for that order, at all.
        Refused: it is no signed voucher, or more is asked than it was issued for. Conflict, NotFound: as `use`.
    """
    voucher, wallets = lock_one(connection, ask.voucher_id, occasion)
    first = voucher_views.use_of_order(connection, voucher.id, ask.merchant_id, ask.order_ref)
    if first is not None:
        return _same_use(first, ask)
    if not (voucher.terms.signed or by_software):
        raise Refused("Only a signed voucher can be taken without a line.", voucher_id=voucher.id)
    # Whether it had been used elsewhere, the till could not know; all the rest it could.
    as_seen = replace(ask, used_on=ask.used_on or occasion.occurred_on)
    basket = Basket(
        ask.merchant_id, occasion.currency, ask.basket_minor, as_seen.used_on or date.min
    )
    reason = vouchers.why_not(
        voucher.terms, VoucherState.ISSUED, voucher.terms.amount_minor, basket
    )
    if reason is not None:
        raise VoucherRefused(reason[1], reason=reason[0], voucher_id=voucher.id)
    whole = replace(voucher, used_minor=0, returned_minor=0, expired_minor=0, taken_minor=0)
    amount_minor = _amount(whole, ask)
    if voucher.state not in OVER and voucher.open_minor >= amount_minor:
        return _use(connection, voucher, as_seen, wallets, occasion)
    kind = DOUBLE_UNPAID if shop_bears else DOUBLE_PAID
    done = _write_use(connection, voucher, as_seen, amount_minor, kind, occasion)
    if kind == DOUBLE_PAID:
        purse = occasion.purse(voucher.wallet_id)
        legs = spending.voucher_used_twice(purse, amount_minor, ask.merchant_id)
        book(connection, [booked(legs, "voucher_used_twice", voucher.wallet_id, done.id, occasion)])
    return done


# ---- refunding ------------------------------------------------------------------------------------------------


def refund(
    connection: Connection, use_id: UUID, reference: str, amount_minor: int, *, occasion: Occasion
) -> VoucherRefundView:
    """Take back what a voucher paid of an order, or a part: it stands on the voucher again, or is the member's money.

    The latter when the voucher is over. The same refund twice returns the first.

    Raises:
        Conflict: the reference stands for another amount.
        Refused: more than was paid and is not refunded yet. In each case nothing was changed. NotFound: no such use.
    """
    seen = voucher_views.use_by_id(connection, use_id)
    if seen is None:
        raise NotFound(f"There is no use {use_id} of a voucher.", use_id=use_id)
    voucher, wallets = lock_one(connection, seen.voucher_id, occasion)
    paid = voucher_views.use_by_id(connection, use_id) or seen
    first = voucher_views.refund_of_use(connection, use_id, reference)
    if first is not None:
        if first.amount_minor != amount_minor:
            stands = Money(first.amount_minor, paid.currency)
            raise Conflict(
                f"“{reference}” already stands for a refund of {stands}.",
                reference=reference,
                amount_minor=first.amount_minor,
            )
        return first
    _check_refund(paid, amount_minor)
    done = VoucherRefundView(
        id=named_id("voucher-refund", use_id, reference),
        use_id=use_id,
        reference=reference,
        wallet_id=paid.wallet_id,
        amount_minor=amount_minor,
        to_voucher=_lives(voucher, occasion.occurred_on) and paid.kind == USED,
        repaid_minor=0,
        refunded_at=occasion.recorded_at,
    )
    done = _write_refund(connection, voucher, paid, done, (wallets, occasion))
    values = {**fields(done), "bucket": bucket_of(done.wallet_id), "currency": paid.currency}
    connection.execute(SQL.insert_voucher_refund, values)
    return done


def _check_refund(paid: UseView, amount_minor: int) -> None:
    left_minor = 0 if paid.kind == DOUBLE_UNPAID else paid.amount_minor - paid.refunded_minor
    if not 0 < amount_minor <= left_minor:
        raise Refused(
            f"{Money(amount_minor, paid.currency)} cannot be refunded: the voucher paid {paid.amount} "
            f"and {Money(left_minor, paid.currency)} of it is not yet refunded.",
            asked_minor=amount_minor,
            left_minor=left_minor,
        )


def _lives(voucher: VoucherView, on: date) -> bool:
    """Tell whether what comes back could be used on the voucher again."""
    return voucher.state not in OVER and on <= voucher.terms.valid_until


def _write_refund(
    connection: Connection,
    voucher: VoucherView,
    paid: UseView,
    done: VoucherRefundView,
    place: tuple[dict[UUID, WalletState], Occasion],
) -> VoucherRefundView:
    """Move the money of a refund and book it; return it with what it repaid."""
    wallets, occasion = place
    purse, amount_minor = occasion.purse(voucher.wallet_id), done.amount_minor
    repaid_minor: int | None = 0
    if paid.kind == DOUBLE_PAID:
        legs = spending.voucher_used_twice(purse, -amount_minor, paid.merchant_id)
    elif done.to_voucher:
        state = vouchers.next_state(voucher.state, refund_event(voucher.used_minor - amount_minor))
        change(connection, voucher, state, used=-amount_minor)
        legs = spending.voucher_order_refunded(purse, amount_minor, paid.merchant_id)
    else:
        back = Rest(voucher, amount_minor, done.id, to_member=True)
        repaid_minor = voucher_ends.to_members(connection, [back], wallets, occasion)[done.id]
        change(connection, voucher, voucher.state, used=-amount_minor, returned=amount_minor)
        legs = spending.voucher_order_refunded_to_member(
            purse, amount_minor, repaid_minor, paid.merchant_id
        )
    book(connection, [booked(legs, "voucher_refunded", done.wallet_id, done.id, occasion)])
    return replace(done, repaid_minor=repaid_minor or 0)
