"""The life of a hold: money of a member that is reserved, and what may become of it."""

import enum

from cagnotte.domain.errors import IllegalTransition


class HoldState(enum.StrEnum):
    """Where a hold stands."""

    OPEN = "open"
    """The money is reserved: out of available, in held."""
    CAPTURED = "captured"
    """Spent, in whole or in part; what was not spent went back."""
    RELEASED = "released"
    """Given up by whoever asked for it; all went back."""
    EXPIRED = "expired"
    """Nobody captured it in time; all went back."""


class HoldEvent(enum.StrEnum):
    """What can happen to a hold."""

    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"


class HoldPurpose(enum.StrEnum):
    """What the money is reserved for. A reference is unique within programme and purpose."""

    REDEEM = "redeem"
    """An order at a merchant's checkout."""
    PAYOUT = "payout"
    """A transfer to the member's bank."""
    VOUCHER = "voucher"
    """A voucher bought from the wallet."""
    DONATION = "donation"
    """A gift to a good cause."""


TRANSITIONS: dict[tuple[HoldState, HoldEvent], HoldState] = {
    (HoldState.OPEN, HoldEvent.CAPTURE): HoldState.CAPTURED,
    (HoldState.OPEN, HoldEvent.RELEASE): HoldState.RELEASED,
    (HoldState.OPEN, HoldEvent.EXPIRE): HoldState.EXPIRED,
}
"""Every step a hold can make. There is no way back: a late capture is a new hold."""


def next_state(state: HoldState, event: HoldEvent) -> HoldState:
    """Return the state after an event. Raises IllegalTransition, with the state and the event."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(
            f"A hold that is {state} cannot take the step “{event}”.", state=state, event=event
        ) from None
