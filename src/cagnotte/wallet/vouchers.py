"""Vouchers: issued out of a member's money, or given as a reward. How they are used and end stands beside it.

As in `services`, each function locks first and then reads, writes rows and ledger together in the caller's database
transaction, and doing the same thing twice returns what was done the first time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cagnotte.domain import voucher_codes
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.chart import Account
from cagnotte.domain.errors import Conflict
from cagnotte.domain.holds import HoldPurpose
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.transactions import Transaction
from cagnotte.domain.vouchers import Terms, VoucherOrigin
from cagnotte.wallet import captures, voucher_views
from cagnotte.wallet.movements import Connection, book, lock_wallets
from cagnotte.wallet.services import HoldAsk, place_hold
from cagnotte.wallet.voucher_rows import booked, gainer
from cagnotte.wallet.voucher_views import SQL, VoucherView


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
    book(connection, [booked(legs, "voucher_issued", ask.wallet_id, voucher_id, occasion)])
    return voucher_views.voucher(connection, occasion.programme_id, voucher_id)


def _same(first: VoucherView, ask: VoucherAsk) -> VoucherView:
    if (first.wallet_id, first.terms) != (ask.wallet_id, ask.terms):
        raise Conflict(
            f"“{ask.reference}” already stands for another voucher, over {first.amount}; "
            "a new voucher takes a new reference.",
            reference=ask.reference,
            voucher_id=first.id,
            amount_minor=first.terms.amount_minor,
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
        booked(
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
            "gainers": [gainer(one.gains) for one in new],
        },
    )
