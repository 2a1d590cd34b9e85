"""Paying at a checkout with the cagnotte: hold, then capture or release; refund when the order comes back.

A shop names its orders itself: doing the same thing twice under one name returns what was done the first time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import NotFound, SpendingLimited
from cagnotte.domain.holds import HoldPurpose
from cagnotte.domain.money import Money
from cagnotte.journeys import spending_rules
from cagnotte.journeys.spending_rules import Purse
from cagnotte.wallet import captures, pay_codes, selectors
from cagnotte.wallet import services as wallet
from cagnotte.wallet.captures import LATE, CaptureAsk, RefundAsk
from cagnotte.wallet.movements import Connection, lock_wallets
from cagnotte.wallet.movements import occasion as occasion_of
from cagnotte.wallet.selectors import CaptureView, HoldView, RefundView
from cagnotte.wallet.services import HoldAsk
from cagnotte.wallet.shares import Line

HOLD_MINUTES = 30
"""How long an order may take from its hold to its capture, unless the shop says otherwise."""

HOLD_MINUTES_MAX = 24 * 60
"""Longest hold that shops may ask for over the interface: members' money is not kept from them for days."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where and when: a shop of a programme, the clock, and the day in the programme's time zone."""

    programme_id: UUID
    merchant_id: UUID
    currency: str
    now: datetime
    on: date

    def purse(self, wallet_id: UUID) -> Purse:
        """Return whose money is spent here."""
        return Purse(self.programme_id, wallet_id, self.merchant_id, self.currency, self.on)

    def reference(self, order: str) -> str:
        """Return the hold's own name: two shops may number their orders alike."""
        return f"{self.merchant_id}/{order}"

    @staticmethod
    def order(reference: str) -> str:
        """Return the order that a hold's name stands for."""
        return reference.partition("/")[2].removesuffix(LATE)


def hold(  # noqa: PLR0913 - what an order asks for
    connection: Connection,
    checkout: Checkout,
    *,
    wallet_id: UUID,
    order: str,
    amount_minor: int,
    minutes: int = HOLD_MINUTES,
    order_total_minor: int | None = None,
) -> HoldView:
    """Reserve money for an order; it goes back by itself after `minutes`.

    order_total_minor: what the order comes to, where the shop tells it; the cagnotte never pays more.

    Raises:
        InsufficientFunds: less can be spent. Refused: the wallet is frozen or closed.
        SpendingLimited: the shop's contract does not let an order, or a day, take so much.
        Conflict: the order has a hold of another wallet or amount. In each case nothing was changed.
    """
    contract = spending_rules.contract_of(checkout.programme_id, checkout.merchant_id, checkout.on)
    with connection.transaction():
        lock_wallets(connection, [wallet_id], programme_id=checkout.programme_id)
        if _find(connection, checkout, order) is None:
            spending_rules.check(
                connection,
                spending_rules.spending_of(contract),
                checkout.purse(wallet_id),
                amount_minor,
                order_total_minor,
            )
        return wallet.place_hold(
            connection,
            HoldAsk(
                wallet_id,
                amount_minor,
                HoldPurpose.REDEEM,
                checkout.reference(order),
                checkout.merchant_id,
                checkout.now + timedelta(minutes=minutes),
            ),
            occasion=_occasion(connection, checkout),
        )


def hold_by_code(  # noqa: PLR0913 - what an order asks for
    connection: Connection,
    checkout: Checkout,
    *,
    code: str,
    order: str,
    amount_minor: int,
    minutes: int = HOLD_MINUTES,
    order_total_minor: int | None = None,
) -> HoldView:
    """Reserve money for an order of the member who shows a pay code at the till; the code is used up by it.

    The same order again returns its hold. Raises as `hold`, NotFound for a code that does not exist or is over,
    Conflict for one that paid another order, SpendingLimited when it allows less. Nothing was changed then.
    """
    with connection.transaction():
        reference = checkout.reference(order)
        taken = pay_codes.take(
            connection, checkout.programme_id, code, reference=reference, now=checkout.now
        )
        if taken.maximum_minor is not None and amount_minor > taken.maximum_minor:
            most = Money(taken.maximum_minor, checkout.currency)
            raise SpendingLimited(
                f"This code pays {most} at most.",
                reason="code_max",
                allowed_minor=taken.maximum_minor,
            )
        return hold(
            connection,
            checkout,
            wallet_id=taken.wallet_id,
            order=order,
            amount_minor=amount_minor,
            minutes=minutes,
            order_total_minor=order_total_minor,
        )


def taken_by_code(
    connection: Connection, programme_id: UUID, wallet_id: UUID, code_id: UUID
) -> HoldView | None:
    """Return the hold that a wallet's pay code was used for; None while it was not."""
    found = pay_codes.code_of_wallet(connection, programme_id, wallet_id, code_id)
    if found is None or not found.taken_for:
        return None
    known = selectors.holds_by_reference(
        connection,
        programme_id=programme_id,
        purpose=HoldPurpose.REDEEM,
        references=[found.taken_for],
    )
    return known.get(found.taken_for)


def capture(
    connection: Connection,
    checkout: Checkout,
    *,
    order: str,
    amount_minor: int,
    fee_minor: int | None = 0,
    lines: Sequence[Line] = (),
) -> CaptureView:
    """Spend what an order holds, in whole or in part; the rest goes back.

    fee_minor: kept by the programme; None = as the shop's contract says on the day of the first capture. lines: what
    the order's lines cost; what is spent is then shared out over them for good, and refunds tell lines.

    Raises:
        InsufficientFunds: more than is held, or a hold that expired and whose money is spent.
        Conflict: captured before with another amount, or another fee than is named.
        IllegalTransition: the hold was released.
        NotFound: the order has no hold. In each case nothing was changed.
    """
    fee_named = fee_minor is not None
    if fee_minor is None:
        contract = spending_rules.contract_of(
            checkout.programme_id, checkout.merchant_id, checkout.on
        )
        fee_minor = spending_rules.fee_of(contract, amount_minor)
    with connection.transaction():
        held = _held(connection, checkout, order)
        ask = CaptureAsk(
            held.id, amount_minor, fee_minor, checkout.merchant_id, tuple(lines), fee_named
        )
        return captures.capture(connection, ask, occasion=_occasion(connection, checkout))


def release(connection: Connection, checkout: Checkout, *, order: str) -> HoldView:
    """Give an order's money back unspent.

    Raises IllegalTransition when it was captured (refund it instead), NotFound when the order has no hold.
    """
    with connection.transaction():
        held = _held(connection, checkout, order)
        (released,) = wallet.release(
            connection, [held.id], occasion=_occasion(connection, checkout)
        )
        return released


def refund(
    connection: Connection,
    checkout: Checkout,
    *,
    order: str,
    refund_id: str,
    amount_minor: int = 0,
    lines: Sequence[Line] = (),
) -> RefundView:
    """Give back to the member what an order took from the wallet, or a part of it.

    Either an amount, or what came back of lines that the capture told: each gives back exactly its share.

    Raises:
        Refused: more than was taken and is not refunded yet. Conflict: the refund stands with another amount.
        NotFound: the order took nothing from a wallet. In each case nothing was changed.
    """
    with connection.transaction():
        spent = capture_of(connection, checkout, order)
        ask = RefundAsk(spent.id, refund_id, amount_minor, tuple(lines))
        return captures.refund_capture(connection, ask, occasion=_occasion(connection, checkout))


def taken(connection: Connection, checkout: Checkout, order: str) -> CaptureView | None:
    """Return what an order took from a wallet so far, None while it took nothing."""
    try:
        return capture_of(connection, checkout, order)
    except NotFound:
        return None


def capture_of(connection: Connection, checkout: Checkout, order: str) -> CaptureView:
    """Return what an order took from a wallet, in time or late. Raises NotFound when it took nothing."""
    held = _held(connection, checkout, order)
    spent = selectors.capture_of_hold(connection, held.id)
    if spent is None:
        late = _find(connection, checkout, order, LATE)
        spent = selectors.capture_of_hold(connection, late.id) if late else None
    if spent is None:
        raise NotFound(f"Order “{order}” has taken nothing from a wallet.", order=order)
    return spent


def _occasion(connection: Connection, checkout: Checkout) -> Occasion:
    return occasion_of(
        connection,
        programme_id=checkout.programme_id,
        currency=checkout.currency,
        now=checkout.now,
        on=checkout.on,
    )


def _held(connection: Connection, checkout: Checkout, order: str) -> HoldView:
    found = _find(connection, checkout, order)
    if found is None:
        raise NotFound(f"Order “{order}” has no hold at this shop.", order=order)
    return found


def _find(
    connection: Connection, checkout: Checkout, order: str, suffix: str = ""
) -> HoldView | None:
    reference = checkout.reference(order) + suffix
    known = selectors.holds_by_reference(
        connection,
        programme_id=checkout.programme_id,
        purpose=HoldPurpose.REDEEM,
        references=[reference],
    )
    return known.get(reference)
