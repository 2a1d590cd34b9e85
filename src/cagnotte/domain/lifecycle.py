"""The life of a purchase on two axes that are never mixed: validation and settlement.

`TRANSITIONS` is code, test oracle and diagram at once. Settlement is derived from amounts, never stored.
"""

import enum
from dataclasses import dataclass
from datetime import date, timedelta

from cagnotte.domain.contracts import Release, ReleaseFrom, ReleaseSettlement
from cagnotte.domain.errors import IllegalTransition
from cagnotte.domain.purchases import Validation

PENDING, CONFIRMED, DECLINED = Validation.PENDING, Validation.CONFIRMED, Validation.DECLINED


class Event(enum.StrEnum):
    """What can be said about a purchase after it was tracked."""

    CONFIRM = "confirm"
    DECLINE = "decline"
    REOPEN = "reopen"
    """The source takes its word back: pending again."""
    AMEND = "amend"
    """Other amounts or lines, or a return; the state stays."""
    HAPPEN = "happen"
    """What its contract's release waits for has happened: delivered, trip taken."""


TRANSITIONS: dict[tuple[Validation, Event], Validation] = {
    (PENDING, Event.CONFIRM): CONFIRMED,
    (PENDING, Event.DECLINE): DECLINED,
    (PENDING, Event.REOPEN): PENDING,
    (PENDING, Event.AMEND): PENDING,
    (CONFIRMED, Event.CONFIRM): CONFIRMED,
    (CONFIRMED, Event.DECLINE): DECLINED,
    (CONFIRMED, Event.REOPEN): PENDING,
    (CONFIRMED, Event.AMEND): CONFIRMED,
    (DECLINED, Event.CONFIRM): CONFIRMED,
    (DECLINED, Event.DECLINE): DECLINED,
    (DECLINED, Event.REOPEN): PENDING,
    (DECLINED, Event.AMEND): DECLINED,
    (PENDING, Event.HAPPEN): PENDING,
    (CONFIRMED, Event.HAPPEN): CONFIRMED,
    (DECLINED, Event.HAPPEN): DECLINED,
}
"""Where each event leads; a pair that is absent is refused. An amended declined purchase keeps the new facts."""

EVENT_FOR: dict[Validation, Event] = {
    PENDING: Event.REOPEN,
    CONFIRMED: Event.CONFIRM,
    DECLINED: Event.DECLINE,
}
"""The event by which a source's message brings a purchase to a validation state."""

REASON_CODES = frozenset(
    {
        "returned",
        "cancelled",
        "order_amended",
        "duplicate_order",
        "out_of_stock",
        "invalid_payment",
        "bad_debt",
        "booking_cancelled",
        "terms_not_met",
        "unauthorised_coupon",
        "paid_with_gift_card",
        "excluded_product",
        "not_new_customer",
        "other_referrer",
        "offline_completion",
        "claim_too_late",
        "merchant_insolvent",
        "compliance",
        "self_referral",
        "fraud",
        "other",
    }
)
"""Why a purchase can be declined; the words of the field, one list for every source."""

BLOCKS = frozenset({"fraud", "claim", "insolvency"})
"""What keeps a confirmed reward from being released."""


class Settlement(enum.StrEnum):
    """Where the funder's payment stands."""

    OPEN = "open"
    BILLED = "billed"
    PART_PAID = "part_paid"
    PAID = "paid"
    OVERPAID = "overpaid"
    WRITTEN_OFF = "written_off"


def next_state(state: Validation, event: Event) -> Validation:
    """Return where `event` leads from `state`. Raises IllegalTransition when it leads nowhere."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(
            f"A {state} purchase cannot take “{event}”; confirm it or open it again first.",
            state=state,
            event=event,
        ) from None


def settlement_of(
    *, commission_minor: int, billed_minor: int, paid_minor: int, written_off_minor: int
) -> Settlement:
    """Derive the settlement of one funder's part from its amounts, all in minor units."""
    covered = paid_minor + written_off_minor
    if covered > commission_minor:
        return Settlement.OVERPAID
    if billed_minor or covered:
        if covered == commission_minor:
            return Settlement.PAID if paid_minor else Settlement.WRITTEN_OFF
        return Settlement.PART_PAID if covered else Settlement.BILLED
    return Settlement.PAID if commission_minor == 0 else Settlement.OPEN


@dataclass(frozen=True, slots=True)
class Moments:
    """The dates a release can be counted from; None = has not happened."""

    purchased_on: date
    confirmed_on: date | None = None
    event_on: date | None = None


def release_date(release: Release, moments: Moments) -> date | None:
    """Return the day from which a confirmed reward may be available, or None while its start has not happened.

    Only the delay is judged here; settlement and blocks are judged on the day (`may_release`).
    """
    start = {
        ReleaseFrom.PURCHASED: moments.purchased_on,
        ReleaseFrom.CONFIRMED: moments.confirmed_on,
        ReleaseFrom.EVENT: moments.event_on,
    }[release.start]
    if start is None or moments.confirmed_on is None:
        return None
    return max(start + timedelta(days=release.days), moments.confirmed_on)


def answer_date(auto_confirm_days: int | None, purchased_on: date) -> date | None:
    """Return the last day on which a funder may answer; silence after it confirms. None = it may take for ever."""
    return None if auto_confirm_days is None else purchased_on + timedelta(days=auto_confirm_days)


def settlement_allows(required: ReleaseSettlement, settlement: Settlement) -> bool:
    """Tell whether a funder's settlement has reached what its contract requires for a release."""
    if required is ReleaseSettlement.NONE:
        return True
    done = settlement in (Settlement.PAID, Settlement.OVERPAID, Settlement.WRITTEN_OFF)
    return done or (
        required is ReleaseSettlement.BILLED
        and settlement in (Settlement.BILLED, Settlement.PART_PAID)
    )
