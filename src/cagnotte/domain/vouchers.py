"""The life of a voucher: money of a member that stands on a code, and what may become of it.

What a voucher was issued for is at any time the sum of what was used, what it still holds, and what left it
otherwise: expired, given back to the member, or taken back with the reward it came from.
"""

import enum
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from cagnotte.domain.errors import IllegalTransition, InvalidInput
from cagnotte.domain.money import Money

SYNC_DAYS = 14
"""A signed voucher stays open so long after its last day: a till without a line tells later of what it took."""

VALID_DAYS_MAX = 3_650
"""Longest life of a voucher: ten years."""


class VoucherState(enum.StrEnum):
    """Where a voucher stands."""

    ISSUED = "issued"
    """All of it can be used."""
    PART_USED = "part_used"
    """Some of it was used, and some is left."""
    USED = "used"
    """Nothing is left; an order that comes back puts its part on it again."""
    EXPIRED = "expired"
    """Its last day is over; what was left has gone where its terms say."""
    VOID = "void"
    """Called off, or taken back with the reward it came from; what was left is the member's or the funder's again."""


class VoucherEvent(enum.StrEnum):
    """What can happen to a voucher."""

    USE_PART = "use_part"
    USE_WHOLE = "use_whole"
    REFUND_PART = "refund_part"
    REFUND_WHOLE = "refund_whole"
    EXPIRE = "expire"
    VOID = "void"


TRANSITIONS: dict[tuple[VoucherState, VoucherEvent], VoucherState] = {
    (VoucherState.ISSUED, VoucherEvent.USE_PART): VoucherState.PART_USED,
    (VoucherState.ISSUED, VoucherEvent.USE_WHOLE): VoucherState.USED,
    (VoucherState.ISSUED, VoucherEvent.EXPIRE): VoucherState.EXPIRED,
    (VoucherState.ISSUED, VoucherEvent.VOID): VoucherState.VOID,
    (VoucherState.PART_USED, VoucherEvent.USE_PART): VoucherState.PART_USED,
    (VoucherState.PART_USED, VoucherEvent.USE_WHOLE): VoucherState.USED,
    (VoucherState.PART_USED, VoucherEvent.REFUND_PART): VoucherState.PART_USED,
    (VoucherState.PART_USED, VoucherEvent.REFUND_WHOLE): VoucherState.ISSUED,
    (VoucherState.PART_USED, VoucherEvent.EXPIRE): VoucherState.EXPIRED,
    (VoucherState.PART_USED, VoucherEvent.VOID): VoucherState.VOID,
    (VoucherState.USED, VoucherEvent.REFUND_PART): VoucherState.PART_USED,
    (VoucherState.USED, VoucherEvent.REFUND_WHOLE): VoucherState.ISSUED,
}
"""Every step a voucher can make. What comes back once it has expired or is void is the member's money at once."""


def next_state(state: VoucherState, event: VoucherEvent) -> VoucherState:
    """Return the state after an event. Raises IllegalTransition, with the state and the event."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(
            f"A voucher that is {state} cannot take the step “{event}”.", state=state, event=event
        ) from None


class VoucherOrigin(enum.StrEnum):
    """Where a voucher's money came from."""

    WALLET = "wallet"
    """The member bought it with available money."""
    REWARD = "reward"
    """An offer gave it instead of money."""


class AtShop(enum.StrEnum):
    """How far a shop's own software knows a voucher."""

    TELLING = "telling"
    """It is to be told, and nobody knows yet whether the shop takes it."""
    TOLD = "told"
    """The shop takes it; what orders take of it is read back."""
    REFUSED = "refused"
    """The shop does not take it; the money went back."""
    CALLING_OFF = "calling_off"
    """It is to be ended there; then what is left of it goes back."""
    ENDED = "ended"
    """Nobody can use it there any more, and what was used is booked."""


class Unusable(enum.StrEnum):
    """Why a voucher cannot be used now."""

    VOID = "void"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    USED = "used"
    OTHER_SHOP = "other_shop"
    OTHER_CURRENCY = "other_currency"
    BASKET_TOO_SMALL = "basket_too_small"
    WALLET_FROZEN = "wallet_frozen"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a voucher is worth, and where and when; amounts in minor units of `currency`.

    Attributes:
        minimum_basket_minor: what the order must come to, in full.
        valid_from, valid_until: its first and last day in the programme's time zone, both included.
        partial_use: what an order does not need stays on it; else the rest leaves it with its first use.
        merchant_id: the one shop that takes it; None = every shop of the programme.
        signed: it can be checked without a line, and so cannot be called off.
    """

    currency: str
    amount_minor: int
    valid_from: date
    valid_until: date
    minimum_basket_minor: int = 0
    partial_use: bool = True
    merchant_id: UUID | None = None
    signed: bool = False

    def __post_init__(self) -> None:
        if self.amount_minor <= 0 or self.minimum_basket_minor < 0:
            raise InvalidInput(
                "A voucher is worth more than nothing, and its minimum basket is not below zero.",
                amount_minor=self.amount_minor,
                minimum_basket_minor=self.minimum_basket_minor,
            )
        if not 0 <= (self.valid_until - self.valid_from).days <= VALID_DAYS_MAX:
            raise InvalidInput(
                f"A voucher's last day lies between its first day and {VALID_DAYS_MAX} days later.",
                valid_from=self.valid_from,
                valid_until=self.valid_until,
            )
        if self.signed and self.partial_use:
            raise InvalidInput(
                "A signed voucher is used once: a till without a line cannot know what is left of it."
            )

    @property
    def closes_on(self) -> date:
        """The day from which what is left goes where it goes after its last day."""
        grace = timedelta(days=SYNC_DAYS if self.signed else 0)
        # `date.max` is as good as never, and nothing comes after it.
        return self.valid_until + min(grace + timedelta(days=1), date.max - self.valid_until)


@dataclass(frozen=True, slots=True)
class Basket:
    """An order that a voucher shall help to pay: its whole amount in minor units, where, and on which day."""

    merchant_id: UUID
    currency: str
    total_minor: int
    on: date


Reason = tuple[Unusable, str]


def why_not(terms: Terms, state: VoucherState, open_minor: int, basket: Basket) -> Reason | None:
    """Return the first reason, code and sentence, why a voucher cannot be used for an order; None when it can."""
    return _why_ever(terms, state, open_minor, basket.on) or _why_here(terms, basket)


def _why_ever(terms: Terms, state: VoucherState, open_minor: int, on: date) -> Reason | None:
    if state is VoucherState.VOID:
        return Unusable.VOID, "The voucher was called off."
    if state is VoucherState.EXPIRED or on > terms.valid_until:
        return Unusable.EXPIRED, f"The voucher could be used until {terms.valid_until:%Y-%m-%d}."
    if on < terms.valid_from:
        return Unusable.NOT_YET, f"The voucher can be used from {terms.valid_from:%Y-%m-%d} on."
    if not open_minor:
        return Unusable.USED, "The voucher is used up."
    return None


def _why_here(terms: Terms, basket: Basket) -> Reason | None:
    if terms.merchant_id not in (None, basket.merchant_id):
        return Unusable.OTHER_SHOP, "The voucher is for another shop."
    if terms.currency != basket.currency:
        return Unusable.OTHER_CURRENCY, f"The voucher is in {terms.currency}."
    missing_minor = terms.minimum_basket_minor - basket.total_minor
    if missing_minor > 0:
        missing = Money(missing_minor, terms.currency)
        minimum = Money(terms.minimum_basket_minor, terms.currency)
        return (
            Unusable.BASKET_TOO_SMALL,
            f"The voucher is for orders of {minimum} or more; {missing} are missing.",
        )
    return None


def use_event(open_after_minor: int) -> VoucherEvent:
    """Return the step of a use that leaves so much on the voucher."""
    return VoucherEvent.USE_PART if open_after_minor else VoucherEvent.USE_WHOLE


def refund_event(used_after_minor: int) -> VoucherEvent:
    """Return the step of a refund after which so much of the voucher is still used."""
    return VoucherEvent.REFUND_PART if used_after_minor else VoucherEvent.REFUND_WHOLE
