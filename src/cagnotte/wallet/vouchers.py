"""Vouchers: issue them, use them at shops, refund what they paid, and close them.

As in `services`, each function locks first and then reads, writes rows and ledger together in the caller's database
transaction, and doing the same thing twice returns what was done the first time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from cagnotte.domain import lots, voucher_codes, vouchers
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Leg, Occasion
from cagnotte.domain.chart import Account
from cagnotte.domain.errors import (
    Conflict,
    InsufficientFunds,
    NotFound,
    Refused,
    VoucherRefused,
)
from cagnotte.domain.holds import HoldPurpose
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.money import Money
from cagnotte.domain.transactions import Transaction
from cagnotte.domain.vouchers import (
    Basket,
    Terms,
    Unusable,
    VoucherEvent,
    VoucherOrigin,
    VoucherState,
    refund_event,
    use_event,
)
from cagnotte.ledger import selectors as ledger
from cagnotte.wallet import captures, selectors, voucher_views
from cagnotte.wallet.movements import Connection, WalletState, book, lock_wallets
from cagnotte.wallet.services import HoldAsk, place_hold
from cagnotte.wallet.voucher_views import SQL, UseKind, UseView, VoucherRefundView, VoucherView

CLOSED_AT_ONCE_MAX = 1_000
"""Vouchers closed in one database transaction."""

USED: UseKind = "used"
DOUBLE_PAID: UseKind = "double_paid"
DOUBLE_UNPAID: UseKind = "double_unpaid"

OVER = (VoucherState.EXPIRED, VoucherState.VOID)
"""States of a voucher on which nothing stands any more."""


# ---- issuing --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VoucherAsk:
    """A voucher that a member buys; `reference` is the caller's own, unique in its programme.

    gains: who has what is left after its last day; None = the member.
    """

    wallet_id: UUID
    reference: str
    terms: Terms
    gains: Account | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A voucher that a reward is released as; see `VoucherAsk`."""

    wallet_id: UUID
    purchase_id: UUID
    reference: str
    terms: Terms
    gains: Account | None = None


def voucher_id_of(programme_id: UUID, origin: VoucherOrigin, reference: str) -> UUID:
    """Return the id of the voucher that a reference stands for."""
    return named_id("voucher", programme_id, origin, reference)


def issue(connection: Connection, ask: VoucherAsk, *, occasion: Occasion) -> VoucherView:
    """Turn available money into a voucher, or return the one that its reference already has.

    Raises:
        InsufficientFunds: less can be spent. Refused: the wallet is frozen or closed.
        Conflict: the reference stands for another wallet or other terms. In each case nothing was changed.
        NotFound: the wallet is not of this programme.
    """
    lock_wallets(connection, [ask.wallet_id], programme_id=occasion.programme_id)
    first = voucher_views.voucher_of_reference(
        connection, occasion.programme_id, VoucherOrigin.WALLET, ask.reference
    )
    if first is not None:
        return _same(first, ask)
    amount_minor = ask.terms.amount_minor
    held = HoldAsk(ask.wallet_id, amount_minor, HoldPurpose.VOUCHER, ask.reference)
    hold = place_hold(connection, held, occasion=occasion)
    captures.consume(connection, [hold.id], occasion=occasion)
    voucher_id = voucher_id_of(occasion.programme_id, VoucherOrigin.WALLET, ask.reference)
    new = _New(voucher_id, ask.wallet_id, ask.reference, ask.terms, ask.gains, hold_id=hold.id)
    _insert(connection, [new], VoucherOrigin.WALLET, occasion)
    legs = spending.voucher_bought(occasion.purse(ask.wallet_id), amount_minor)
    book(connection, [_booked(legs, "voucher_issued", ask.wallet_id, voucher_id, occasion)])
    return voucher_views.voucher(connection, occasion.programme_id, voucher_id)


def _same(first: VoucherView, ask: VoucherAsk) -> VoucherView:
    if (first.wallet_id, first.terms) != (ask.wallet_id, ask.terms):
        raise Conflict(
            f"“{ask.reference}” already stands for another voucher, over {first.amount}; "
            "a new voucher takes a new reference.",
            reference=ask.reference,
            voucher_id=first.id,
        )
    return first


def give(
    connection: Connection, given: Sequence[Given], *, occasion: Occasion
) -> list[Transaction]:
    """Write vouchers that rewards are released as, and return their transactions; wallets are locked before."""
    new = [
        _New(
            voucher_id_of(occasion.programme_id, VoucherOrigin.REWARD, one.reference),
            one.wallet_id,
            one.reference,
            one.terms,
            one.gains,
            purchase_id=one.purchase_id,
        )
        for one in given
    ]
    _insert(connection, new, VoucherOrigin.REWARD, occasion)
    made = (
        _booked(
            spending.voucher_given(occasion.purse(one.wallet_id), one.terms.amount_minor),
            "voucher_issued",
            one.wallet_id,
            one.id,
            occasion,
        )
        for one in new
    )
    return [one for one in made if one is not None]


@dataclass(frozen=True, slots=True)
class _New:
    """A voucher to be written."""

    id: UUID
    wallet_id: UUID
    reference: str
    terms: Terms
    gains: Account | None
    hold_id: UUID | None = None
    purchase_id: UUID | None = None


def _insert(
    connection: Connection, new: Sequence[_New], origin: VoucherOrigin, occasion: Occasion
) -> None:
    if not new:
        return
    codes = [voucher_views.code_of(one.id) for one in new]
    connection.execute(
        SQL.insert_vouchers,
        {
            "programme_id": occasion.programme_id,
            "currency": occasion.currency,
            "origin": origin.value,
            "now": occasion.recorded_at,
            "ids": [one.id for one in new],
            "wallet_ids": [one.wallet_id for one in new],
            "buckets": [bucket_of(one.wallet_id) for one in new],
            "amounts_minor": [one.terms.amount_minor for one in new],
            "references": [one.reference for one in new],
            "hold_ids": [one.hold_id for one in new],
            "purchase_ids": [one.purchase_id for one in new],
            "hashes": [voucher_views.code_hash(code) for code in codes],
            "last4s": [voucher_codes.last4(code) for code in codes],
            "minimums": [one.terms.minimum_basket_minor for one in new],
            "first_days": [one.terms.valid_from for one in new],
            "last_days": [one.terms.valid_until for one in new],
            "closing_days": [one.terms.closes_on for one in new],
            "partial": [one.terms.partial_use for one in new],
            "merchant_ids": [one.terms.merchant_id for one in new],
            "signed": [one.terms.signed for one in new],
            "gainers": [_gainer(one.gains) for one in new],
        },
    )


def _gainer(gains: Account | None) -> Jsonb | None:
    return Jsonb({"kind": gains.kind, "owner_id": str(gains.owner_id)}) if gains else None


# ---- using ----------------------------------------------------------------------------------------------------


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
    voucher, wallets = _lock_one(connection, ask.voucher_id, occasion)
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
    _change(connection, voucher, state, used=amount_minor)
    legs = spending.voucher_used(occasion.purse(voucher.wallet_id), amount_minor, ask.merchant_id)
    book(connection, [_booked(legs, "voucher_used", voucher.wallet_id, done.id, occasion)])
    rest_minor = voucher.open_minor - amount_minor - left_minor
    if rest_minor:
        rest = [_Rest(voucher, rest_minor, done.id, to_member=voucher.breakage_account is None)]
        _let_go(connection, rest, wallets, occasion, kind="voucher_rest")
        _count_gone(connection, rest, {voucher.id: state})
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
    connection.execute(SQL.insert_use, {**_fields(done), "bucket": bucket_of(done.wallet_id)})
    return done


def told_later(
    connection: Connection, ask: UseAsk, *, shop_bears: bool, occasion: Occasion
) -> UseView:
    """Book what a till without a line took of a signed voucher, on the day it took it (`used_on`).

    A voucher that holds less by then, because it was used elsewhere, was used twice: the shop is paid at the
    programme's loss, or not paid when `shop_bears`; either way it is on record.

    Raises:
        VoucherRefused: it could not be used on that day, or for that order, at all.
        Refused: it is no signed voucher, or more is asked than it was issued for. Conflict, NotFound: as `use`.
    """
    voucher, wallets = _lock_one(connection, ask.voucher_id, occasion)
    first = voucher_views.use_of_order(connection, voucher.id, ask.merchant_id, ask.order_ref)
    if first is not None:
        return _same_use(first, ask)
    if not voucher.terms.signed:
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
        book(
            connection, [_booked(legs, "voucher_used_twice", voucher.wallet_id, done.id, occasion)]
        )
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
    voucher, wallets = _lock_one(connection, seen.voucher_id, occasion)
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
    values = {**_fields(done), "bucket": bucket_of(done.wallet_id), "currency": paid.currency}
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
        _change(connection, voucher, state, used=-amount_minor)
        legs = spending.voucher_order_refunded(purse, amount_minor, paid.merchant_id)
    else:
        back = _Rest(voucher, amount_minor, done.id, to_member=True)
        repaid_minor = _to_members(connection, [back], wallets, occasion)[done.id]
        _change(connection, voucher, voucher.state, used=-amount_minor, returned=amount_minor)
        legs = spending.voucher_order_refunded_to_member(
            purse, amount_minor, repaid_minor, paid.merchant_id
        )
    book(connection, [_booked(legs, "voucher_refunded", done.wallet_id, done.id, occasion)])
    return replace(done, repaid_minor=repaid_minor or 0)


# ---- closing --------------------------------------------------------------------------------------------------


def void(connection: Connection, voucher_id: UUID, *, occasion: Occasion) -> VoucherView:
    """Call a voucher off: what it still holds is the member's money again. Called off before, it stays as it is.

    Raises:
        IllegalTransition: it is used up or expired.
        Refused: it is signed, and a till without a line may have taken it. In each case nothing was changed.
        NotFound: it is of another programme.
    """
    voucher, wallets = _lock_one(connection, voucher_id, occasion)
    if voucher.state is VoucherState.VOID:
        return voucher
    if voucher.terms.signed:
        raise Refused(
            "A signed voucher cannot be called off, for a till without a line would not know; "
            f"what is left comes back on {voucher.terms.closes_on:%Y-%m-%d}.",
            voucher_id=voucher.id,
        )
    state = vouchers.next_state(voucher.state, VoucherEvent.VOID)
    rest = [_Rest(voucher, voucher.open_minor, voucher.id, to_member=True)]
    _let_go(connection, rest, wallets, occasion, kind="voucher_void")
    _count_gone(connection, rest, {voucher.id: state})
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
    locked, wallets = _lock(connection, overdue, occasion)
    # Used or called off meanwhile? Then there is nothing left to close.
    going = [one for one in locked if one.state not in OVER and one.open_minor]
    rests = [
        _Rest(one, one.open_minor, one.id, to_member=one.breakage_account is None) for one in going
    ]
    _let_go(connection, rests, wallets, occasion, kind="voucher_expired")
    states = {one.id: vouchers.next_state(one.state, VoucherEvent.EXPIRE) for one in going}
    _count_gone(connection, rests, states)
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
class _Rest:
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


def _let_go(
    connection: Connection,
    rests: Sequence[_Rest],
    wallets: dict[UUID, WalletState],
    occasion: Occasion,
    *,
    kind: str,
) -> None:
    """Move what leaves vouchers to where it goes, and book it."""
    repaid = _to_members(connection, [rest for rest in rests if rest.to_member], wallets, occasion)
    transactions = []
    for rest in rests:
        purse = occasion.purse(rest.voucher.wallet_id)
        legs = (
            spending.voucher_rest_to_member(purse, rest.amount_minor, repaid[rest.fact_id])
            if rest.to_member
            else spending.voucher_rest_expired(purse, rest.amount_minor, rest.gains)
        )
        transactions.append(_booked(legs, kind, purse.wallet_id, rest.fact_id, occasion))
    book(connection, transactions)


def _to_members(
    connection: Connection,
    rests: Sequence[_Rest],
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
    rests: Sequence[_Rest],
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
    rests: Sequence[_Rest],
    wallets: dict[UUID, WalletState],
    occasion: Occasion,
    owing: dict[UUID, int],
) -> dict[UUID, int | None]:
    repaid: dict[UUID, int | None] = {}
    made: list[tuple[_Rest, int]] = []
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


def _lot_columns(made: Sequence[tuple[_Rest, int]], occasion: Occasion) -> dict[str, Any]:
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
        "gainers": [_gainer(rest.gains) for rest, _ in made],
    }


def _count_gone(
    connection: Connection, rests: Iterable[_Rest], states: dict[UUID, VoucherState]
) -> None:
    for rest in rests:
        gone = {"returned" if rest.to_member else "expired": rest.amount_minor}
        _change(connection, rest.voucher, states[rest.voucher.id], **gone)


# ---- shared ---------------------------------------------------------------------------------------------------


def _lock_one(
    connection: Connection, voucher_id: UUID, occasion: Occasion
) -> tuple[VoucherView, dict[UUID, WalletState]]:
    (voucher,), wallets = _lock(connection, [voucher_id], occasion)
    return voucher, wallets


def _lock(
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


def _change(
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


def _booked(
    legs: list[Leg], kind: str, wallet_id: UUID, fact_id: UUID, occasion: Occasion
) -> Transaction | None:
    return occasion.transaction(legs, kind=kind, book_id=wallet_id, fact_id=fact_id)


def _fields(view: UseView | VoucherRefundView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in view.__slots__}
