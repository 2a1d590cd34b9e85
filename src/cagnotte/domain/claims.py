"""Claims: a member says that cashback is missing or wrong. Their life, their deadlines, and the checks before them.

Pure: what is known comes in as `Facts`, what the shop asks for as `Terms`. A claim never changes a reward by itself:
either the shop's purchase arrives, or the operator grants goodwill out of the programme's own money.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from cagnotte.domain.errors import IllegalTransition
from cagnotte.domain.working_days import add_working_days

ANSWER_WORKING_DAYS = 5
"""So many working days the programme has for whatever it must do next."""

MEMBER_DAYS = 14
"""How long a question to the member is left open."""

SHOP_DAYS = 45
"""How long a shop or network is waited for."""

APPEAL_DAYS = 30
"""How long a member may object to an answer; after it the case is closed."""

DRAFT_DAYS = 30
"""How long a claim that was begun and not sent is kept."""


class ClaimKind(enum.StrEnum):
    """What is wrong."""

    MISSING = "missing"
    """Bought, and nothing is to be seen."""
    WRONG_AMOUNT = "wrong_amount"
    """It is there, and less than expected."""
    REFUSED = "refused"
    """It was declined, although the member kept the order."""
    WRONG_FACTS = "wrong_facts"
    """It stands under another shop or date."""


class ClaimState(enum.StrEnum):
    """Where a claim stands."""

    DRAFT = "draft"
    """Begun; nobody but the member sees it."""
    CHECKING = "checking"
    """Sent; our own facts are being looked at."""
    WAITING = "waiting"
    """Too early: the purchase may still arrive by itself until a date."""
    OPEN = "open"
    """The programme has to look at it."""
    ASKED_MEMBER = "asked_member"
    """The programme has a question to the member."""
    SENT_TO_SHOP = "sent_to_shop"
    """The shop or its network has been asked."""
    ACCEPTED = "accepted"
    """The member was right: the purchase is there, or goodwill was granted."""
    DECLINED = "declined"
    """The answer is no, with a reason."""
    EXPIRED = "expired"
    """The member did not answer a question in time."""
    APPEALED = "appealed"
    """The member objects to the answer; somebody looks at it again."""
    WITHDRAWN = "withdrawn"
    """Taken back by the member."""
    CLOSED = "closed"
    """Over for good."""


class ClaimEvent(enum.StrEnum):
    """What can happen to a claim."""

    SUBMIT = "submit"
    PASS = "pass"  # noqa: S105 - the checks are passed; no word of passing a door
    WAIT = "wait"
    UNLOCK = "unlock"
    """The date until which it waited has come."""
    ASK = "ask"
    REPLY = "reply"
    SEND = "send"
    LAPSE = "lapse"
    """The shop did not answer in time: the programme has to decide without it."""
    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    CLOSE = "close"


S, E = ClaimState, ClaimEvent

TRANSITIONS: dict[tuple[ClaimState, ClaimEvent], ClaimState] = {
    (S.DRAFT, E.SUBMIT): S.CHECKING,
    (S.CHECKING, E.PASS): S.OPEN,
    (S.CHECKING, E.WAIT): S.WAITING,
    (S.WAITING, E.UNLOCK): S.OPEN,
    (S.WAITING, E.ACCEPT): S.ACCEPTED,
    (S.WAITING, E.WITHDRAW): S.WITHDRAWN,
    (S.OPEN, E.ASK): S.ASKED_MEMBER,
    (S.OPEN, E.SEND): S.SENT_TO_SHOP,
    (S.OPEN, E.ACCEPT): S.ACCEPTED,
    (S.OPEN, E.DECLINE): S.DECLINED,
    (S.OPEN, E.WITHDRAW): S.WITHDRAWN,
    (S.ASKED_MEMBER, E.REPLY): S.OPEN,
    (S.ASKED_MEMBER, E.EXPIRE): S.EXPIRED,
    (S.ASKED_MEMBER, E.ACCEPT): S.ACCEPTED,
    (S.ASKED_MEMBER, E.DECLINE): S.DECLINED,
    (S.ASKED_MEMBER, E.WITHDRAW): S.WITHDRAWN,
    (S.SENT_TO_SHOP, E.ASK): S.ASKED_MEMBER,
    (S.SENT_TO_SHOP, E.LAPSE): S.OPEN,
    (S.SENT_TO_SHOP, E.ACCEPT): S.ACCEPTED,
    (S.SENT_TO_SHOP, E.DECLINE): S.DECLINED,
    (S.SENT_TO_SHOP, E.WITHDRAW): S.WITHDRAWN,
    (S.ACCEPTED, E.CLOSE): S.CLOSED,
    (S.DECLINED, E.APPEAL): S.APPEALED,
    (S.DECLINED, E.ACCEPT): S.ACCEPTED,
    (S.DECLINED, E.CLOSE): S.CLOSED,
    (S.EXPIRED, E.APPEAL): S.APPEALED,
    (S.EXPIRED, E.ACCEPT): S.ACCEPTED,
    (S.EXPIRED, E.CLOSE): S.CLOSED,
    (S.APPEALED, E.ASK): S.ASKED_MEMBER,
    (S.APPEALED, E.SEND): S.SENT_TO_SHOP,
    (S.APPEALED, E.ACCEPT): S.ACCEPTED,
    (S.APPEALED, E.DECLINE): S.CLOSED,
    (S.APPEALED, E.WITHDRAW): S.WITHDRAWN,
}
"""Where each event leads; a pair that is absent is refused."""

del S, E

UNDER_WAY = (
    ClaimState.CHECKING,
    ClaimState.WAITING,
    ClaimState.OPEN,
    ClaimState.ASKED_MEMBER,
    ClaimState.SENT_TO_SHOP,
    ClaimState.APPEALED,
)
"""States in which somebody still has something to do, or time has."""

RESOLVABLE = (*UNDER_WAY[1:], ClaimState.DECLINED, ClaimState.EXPIRED)
"""States in which a purchase that arrives after all settles the claim."""


class Actor(enum.StrEnum):
    """Who has to act next."""

    MEMBER = "member"
    PROGRAMME = "programme"
    SHOP = "shop"
    TIME = "time"
    """Nobody: a date has to come."""
    NOBODY = "nobody"


_NEXT = {
    ClaimState.DRAFT: Actor.MEMBER,
    ClaimState.CHECKING: Actor.PROGRAMME,
    ClaimState.WAITING: Actor.TIME,
    ClaimState.OPEN: Actor.PROGRAMME,
    ClaimState.ASKED_MEMBER: Actor.MEMBER,
    ClaimState.SENT_TO_SHOP: Actor.SHOP,
    ClaimState.APPEALED: Actor.PROGRAMME,
}


CLAIM_REASONS = (
    "order_not_found",
    "other_site",
    "coupon_not_allowed",
    "excluded_product",
    "order_returned",
    "not_paid_in_full",
    "terms_not_met",
    "too_late",
    "proof_missing",
    "amount_is_right",
    "shop_refused",
    "other",
)
"""Why a claim can be declined; each has a sentence of its own for the member."""


_DAYS = {
    ClaimState.DRAFT: DRAFT_DAYS,
    ClaimState.ASKED_MEMBER: MEMBER_DAYS,
    ClaimState.SENT_TO_SHOP: SHOP_DAYS,
    ClaimState.ACCEPTED: APPEAL_DAYS,
    ClaimState.DECLINED: APPEAL_DAYS,
    ClaimState.EXPIRED: APPEAL_DAYS,
}


def who_acts(state: ClaimState) -> Actor:
    """Return who has to act next."""
    return _NEXT.get(state, Actor.NOBODY)


def next_state(state: ClaimState, event: ClaimEvent) -> ClaimState:
    """Return where an event leads. Raises IllegalTransition, with the state and the event."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(
            f"A claim that is {state} cannot take the step “{event}”.", state=state, event=event
        ) from None


def may(state: ClaimState, event: ClaimEvent) -> bool:
    """Tell whether an event leads anywhere from a state."""
    return (state, event) in TRANSITIONS


def due_on(state: ClaimState, today: date, *, until: date | None = None) -> date | None:
    """Return the day by which the next step is due, counted from the day the state was reached; None = there is none.

    until: of a claim that waits, the first day on which it goes on.
    """
    if state is ClaimState.WAITING:
        return until
    if state in (ClaimState.CHECKING, ClaimState.OPEN, ClaimState.APPEALED):
        return add_working_days(today, ANSWER_WORKING_DAYS)
    days = _DAYS.get(state)
    return None if days is None else today + timedelta(days=days)


def on_time(state: ClaimState) -> ClaimEvent | None:
    """Return what happens to a claim by itself once its day is over, or None where a person has to act."""
    return {
        ClaimState.WAITING: ClaimEvent.UNLOCK,
        ClaimState.ASKED_MEMBER: ClaimEvent.EXPIRE,
        ClaimState.SENT_TO_SHOP: ClaimEvent.LAPSE,
        ClaimState.ACCEPTED: ClaimEvent.CLOSE,
        ClaimState.DECLINED: ClaimEvent.CLOSE,
        ClaimState.EXPIRED: ClaimEvent.CLOSE,
    }.get(state)


# ---- checks ---------------------------------------------------------------------------------------------------


class CheckName(enum.StrEnum):
    """What is looked at before a claim is let through, in the order in which it is shown."""

    SHOP_ACCEPTS = "shop_accepts"
    NOT_CLAIMED = "not_claimed"
    NOT_KNOWN = "not_known"
    IS_DECLINED = "is_declined"
    IN_WINDOW = "in_window"
    NOT_TOO_LATE = "not_too_late"
    NOT_TOO_EARLY = "not_too_early"
    OUR_VISIT = "our_visit"
    COUPON = "coupon"
    DEVICE = "device"
    NOT_ANOTHERS = "not_anothers"


class Result(enum.StrEnum):
    """What a check found."""

    FINE = "fine"
    NOTE = "note"
    """It may be why; the claim goes on."""
    WAIT = "wait"
    """The claim goes on by itself from a date."""
    STOP = "stop"
    """The claim cannot be made."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a shop asks of claims, and what its contract allows.

    Attributes:
        after_days, within_days: after a purchase, from which and until which day it can be claimed. Before, it may
            still arrive by itself: where the shop names no day, nine of ten of its purchases are known by then.
        click_days: how long after a visit a purchase counts for it.
        coupons: codes, lower-cased, that an order may use and still earn; None = any.
    """

    accepted: bool
    after_days: int
    within_days: int
    click_days: int = 30
    coupons: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of what is claimed; None = not known yet, and what hangs on it is not judged.

    Attributes:
        visited_on: the day of the visit.
        other_site: another site had brought the visitor shortly before, and the contract then stands down.
        ordered_on: the day of the order.
        is_known: a purchase of this order stands in the member's own cagnotte.
        is_anothers: it stands in somebody else's; never told to the member.
        is_claimed: another claim of the member is about the same.
        is_declined: of a purchase that is there, whether it was declined.
    """

    kind: ClaimKind
    today: date
    visited_on: date | None = None
    other_site: bool = False
    by_phone: bool = False
    ordered_on: date | None = None
    coupon: str = ""
    is_known: bool = False
    is_anothers: bool = False
    is_claimed: bool = False
    is_declined: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found. day: the date its sentence names. for_member: shown to the member."""

    name: CheckName
    result: Result
    day: date | None = None
    for_member: bool = True


def checks(facts: Facts, terms: Terms) -> list[Check]:
    """Look at a claim in the light of our own facts; return every check that could be made."""
    found = [
        Check(CheckName.SHOP_ACCEPTS, _unless(terms.accepted, Result.STOP)),
        Check(CheckName.NOT_CLAIMED, _unless(not facts.is_claimed, Result.STOP)),
    ]
    if facts.kind is ClaimKind.MISSING:
        found += [
            Check(CheckName.NOT_KNOWN, _unless(not facts.is_known, Result.STOP)),
            *_of_times(facts, terms),
            *_of_the_way(facts, terms),
        ]
    else:
        if facts.kind is ClaimKind.REFUSED:
            found.append(Check(CheckName.IS_DECLINED, _unless(facts.is_declined, Result.STOP)))
        found += _not_too_late(facts, terms)
    return found


def _of_times(facts: Facts, terms: Terms) -> Iterator[Check]:
    if facts.visited_on and facts.ordered_on:
        last = facts.visited_on + timedelta(days=terms.click_days)
        is_inside = facts.visited_on <= facts.ordered_on <= last
        yield Check(CheckName.IN_WINDOW, _unless(is_inside, Result.STOP), last)
    yield from _not_too_late(facts, terms)
    unlocks = unlocks_on(facts, terms)
    if unlocks is not None:
        is_time = facts.today >= unlocks
        yield Check(CheckName.NOT_TOO_EARLY, _unless(is_time, Result.WAIT), unlocks)


def _not_too_late(facts: Facts, terms: Terms) -> Iterator[Check]:
    if facts.ordered_on is not None:
        last = facts.ordered_on + timedelta(days=terms.within_days)
        yield Check(CheckName.NOT_TOO_LATE, _unless(facts.today <= last, Result.STOP), last)


def _of_the_way(facts: Facts, terms: Terms) -> Iterator[Check]:
    if facts.visited_on is not None:
        yield Check(CheckName.OUR_VISIT, _unless(not facts.other_site, Result.NOTE))
    if facts.coupon:
        is_allowed = terms.coupons is None or facts.coupon.strip().lower() in terms.coupons
        yield Check(CheckName.COUPON, _unless(is_allowed, Result.STOP))
    if facts.by_phone:
        yield Check(CheckName.DEVICE, Result.NOTE)
    if facts.is_anothers:
        yield Check(CheckName.NOT_ANOTHERS, Result.NOTE, for_member=False)


def _unless(fine: bool, otherwise: Result) -> Result:  # noqa: FBT001 - the condition itself
    return Result.FINE if fine else otherwise


def unlocks_on(facts: Facts, terms: Terms) -> date | None:
    """Return the first day on which a missing purchase can be claimed; None while neither visit nor order is known.

    It never lies after the last day on which the shop looks into it.
    """
    bought_on = facts.ordered_on or facts.visited_on
    if bought_on is None:
        return None
    return bought_on + timedelta(days=min(terms.after_days, terms.within_days))


def verdict(found: list[Check]) -> Result:
    """Return what all checks together say: the gravest result; notes do not count."""
    results = {check.result for check in found}
    for grave in (Result.STOP, Result.WAIT):
        if grave in results:
            return grave
    return Result.FINE
