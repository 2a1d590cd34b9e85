"""Vouchers at checkouts: bought from the cagnotte, checked, used, refunded, called off; signed ones without a line too.

As with holds, whoever asks names things: the same reference is the same voucher, the same order the same use.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cagnotte.domain import vouchers as domain
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.chart import Account
from cagnotte.domain.contracts import Contract, DoubleUse, VoucherRest
from cagnotte.domain.errors import NotFound, SpendingLimited
from cagnotte.domain.signed_vouchers import VERSION
from cagnotte.domain.vouchers import Basket, Reason, Terms
from cagnotte.journeys.spending_rules import contract_of, spending_of
from cagnotte.wallet import voucher_ends, voucher_keys, voucher_uses, voucher_views
from cagnotte.wallet import vouchers as wallet
from cagnotte.wallet.movements import Connection
from cagnotte.wallet.movements import occasion as occasion_of
from cagnotte.wallet.voucher_uses import UseAsk
from cagnotte.wallet.voucher_views import UseView, VoucherRefundView, VoucherView
from cagnotte.wallet.vouchers import VoucherAsk


@dataclass(frozen=True, slots=True)
class Counter:
    """In which programme, the clock, and the day in the programme's time zone."""

    programme_id: UUID
    currency: str
    now: datetime
    on: date


@dataclass(frozen=True, slots=True)
class Checked:
    """A voucher, and why it cannot be used for an order: code and sentence, None when it can.

    usable_minor: what it would pay of the order.
    """

    voucher: VoucherView
    why_not: Reason | None
    usable_minor: int


def issue(
    connection: Connection, counter: Counter, *, wallet_id: UUID, reference: str, terms: Terms
) -> VoucherView:
    """Turn available money of a wallet into a voucher; commits by itself. Its code: `code_of`.

    Raises:
        InsufficientFunds: less can be spent. Refused: the wallet is frozen or closed.
        SpendingLimited: the shop it is for takes no money from the cagnotte.
        Conflict: the reference stands for another voucher. In each case nothing was changed.
    """
    contract = None
    if terms.merchant_id is not None:
        contract = contract_of(counter.programme_id, terms.merchant_id, counter.on)
    if not spending_of(contract).accepted:
        raise SpendingLimited(
            "This shop takes no money from the cagnotte.", reason="not_accepted", allowed_minor=0
        )
    with connection.transaction():
        ask = VoucherAsk(wallet_id, reference, terms, _gains(counter, contract))
        return wallet.issue(connection, ask, occasion=_occasion(connection, counter))


def _gains(counter: Counter, contract: Contract | None) -> Account | None:
    """Return who has what is left after a voucher's last day: the member, unless its shop's contract says otherwise."""
    if contract is None or contract.spending.expired_vouchers is not VoucherRest.BREAKAGE:
        return None
    programme_id, currency = counter.programme_id, counter.currency
    if contract.breakage_to == "funder":
        return Account("funder.due", contract.funder_id, programme_id, currency)
    return Account("programme.breakage", programme_id, programme_id, currency)


def code_of(voucher: VoucherView) -> str:
    """Return a voucher's code, for its owner alone."""
    return voucher_views.code_of(voucher.id)


def signed(connection: Connection, counter: Counter, voucher: VoucherView) -> str:
    """Return the text of a signed voucher that a till can check without a line; commits by itself."""
    with connection.transaction():
        return voucher_keys.signed(connection, voucher, now=counter.now)


def find(connection: Connection, programme_id: UUID, code: str) -> VoucherView:
    """Return the voucher of a code as it was typed, or of a signed text.

    Raises InvalidInput when it cannot be either, or its signature is wrong; NotFound when the programme has none such.
    """
    if not code.strip().startswith(f"{VERSION}."):
        return voucher_views.voucher_of_code(connection, programme_id, code)
    keys = {key.id: key.key for key in voucher_keys.public_keys(connection, programme_id)}
    says = voucher_keys.verify(code, keys)
    return voucher_views.voucher(connection, programme_id, says.voucher_id)


def check(
    counter: Counter, voucher: VoucherView, *, merchant_id: UUID, basket_minor: int
) -> Checked:
    """Say whether a voucher can be used for an order of so many minor units, and how much of it; nothing is locked."""
    basket = Basket(merchant_id, counter.currency, basket_minor, counter.on)
    reason = domain.why_not(voucher.terms, voucher.state, voucher.open_minor, basket)
    return Checked(voucher, reason, 0 if reason else min(voucher.open_minor, basket_minor))


def use(connection: Connection, counter: Counter, ask: UseAsk) -> UseView:
    """Pay an order with a voucher; commits by itself. Raises as `wallet.voucher_uses.use`."""
    with connection.transaction():
        return voucher_uses.use(connection, ask, occasion=_occasion(connection, counter))


def tell_later(connection: Connection, counter: Counter, ask: UseAsk) -> UseView:
    """Book what a till took of a signed voucher without a line; commits by itself.

    Used before elsewhere, it is on record as used twice, and its shop's contract says who bears it.
    Raises as `wallet.voucher_uses.told_later`.
    """
    contract = contract_of(counter.programme_id, ask.merchant_id, counter.on)
    shop_bears = spending_of(contract).double_use is DoubleUse.SHOP
    with connection.transaction():
        occasion = _occasion(connection, counter)
        return voucher_uses.told_later(connection, ask, shop_bears=shop_bears, occasion=occasion)


def refund(
    connection: Connection, counter: Counter, *, use_id: UUID, reference: str, amount_minor: int
) -> VoucherRefundView:
    """Take back what a voucher paid, or a part; commits by itself. Raises as `wallet.voucher_uses.refund`."""
    with connection.transaction():
        found = voucher_views.use_by_id(connection, use_id)
        if found is None or found.programme_id != counter.programme_id:
            raise NotFound("There is no such use of a voucher in this programme.", use_id=use_id)
        occasion = _occasion(connection, counter)
        return voucher_uses.refund(connection, use_id, reference, amount_minor, occasion=occasion)


def void(connection: Connection, counter: Counter, *, voucher_id: UUID) -> VoucherView:
    """Call a voucher off: its rest is the member's again; commits by itself. Raises as `wallet.voucher_ends.void`."""
    with connection.transaction():
        return voucher_ends.void(connection, voucher_id, occasion=_occasion(connection, counter))


def _occasion(connection: Connection, counter: Counter) -> Occasion:
    return occasion_of(
        connection,
        programme_id=counter.programme_id,
        currency=counter.currency,
        now=counter.now,
        on=counter.on,
    )
