"""Paying at a checkout with the cagnotte: hold, then capture or release; refund when the order comes back.

A shop names its orders itself: doing the same thing twice under one name returns what was done the first time.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import NotFound
from cagnotte.domain.holds import HoldPurpose
from cagnotte.wallet import captures, selectors
from cagnotte.wallet import services as wallet
from cagnotte.wallet.captures import LATE, CaptureAsk, RefundAsk
from cagnotte.wallet.movements import Connection
from cagnotte.wallet.movements import occasion as occasion_of
from cagnotte.wallet.selectors import CaptureView, HoldView, RefundView
from cagnotte.wallet.services import HoldAsk

HOLD_MINUTES = 30
"""How long an order may take from its hold to its capture, unless the shop says otherwise."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where and when: a shop of a programme, the clock, and the day in the programme's time zone."""

    programme_id: UUID
    merchant_id: UUID
    currency: str
    now: datetime
    on: date

    def reference(self, order: str) -> str:
        """Return the hold's own name: two shops may number their orders alike."""
        return f"{self.merchant_id}/{order}"


def hold(
    connection: Connection,
    checkout: Checkout,
    *,
    wallet_id: UUID,
    order: str,
    amount_minor: int,
    minutes: int = HOLD_MINUTES,
) -> HoldView:
    """Reserve money for an order; it goes back by itself after `minutes`.

    Raises:
        InsufficientFunds: less can be spent. Refused: the wallet is frozen or closed.
        Conflict: the order has a hold of another wallet or amount. In each case nothing was changed.
    """
    with connection.transaction():
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


def capture(
    connection: Connection,
    checkout: Checkout,
    *,
    order: str,
    amount_minor: int,
    fee_minor: int = 0,
) -> CaptureView:
    """Spend what an order holds, in whole or in part; the rest goes back.

    Raises:
        InsufficientFunds: more than is held, or a hold that expired and whose money is spent.
        Conflict: captured before with another amount. IllegalTransition: the hold was released.
        NotFound: the order has no hold. In each case nothing was changed.
    """
    with connection.transaction():
        held = _held(connection, checkout, order)
        ask = CaptureAsk(held.id, amount_minor, fee_minor, checkout.merchant_id)
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
    connection: Connection, checkout: Checkout, *, order: str, refund_id: str, amount_minor: int
) -> RefundView:
    """Give back to the member what an order took from the wallet, or a part of it.

    Raises:
        Refused: more than was taken and is not refunded yet. Conflict: the refund stands with another amount.
        NotFound: the order took nothing from a wallet. In each case nothing was changed.
    """
    with connection.transaction():
        held = _held(connection, checkout, order)
        spent = selectors.capture_of_hold(connection, held.id)
        if spent is None:
            late = _find(connection, checkout, order, LATE)
            spent = selectors.capture_of_hold(connection, late.id) if late else None
        if spent is None:
            raise NotFound(f"Order “{order}” has taken nothing from a wallet.", order=order)
        ask = RefundAsk(spent.id, refund_id, amount_minor)
        return captures.refund_capture(connection, ask, occasion=_occasion(connection, checkout))


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
