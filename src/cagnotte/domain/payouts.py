"""Payouts: who is paid how much, who is not and why, and the life of a payout.

Pure: the facts come in as `Candidate`s, the programme's rules as a `PayoutPolicy`.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from cagnotte.domain.errors import IllegalTransition
from cagnotte.domain.money import Money


class PayoutState(enum.StrEnum):
    """Where a payout stands."""

    REQUESTED = "requested"
    """Asked for; the money is held."""
    APPROVED = "approved"
    """Cleared to be sent; the money is held."""
    SENT = "sent"
    """In a file for the bank. Without an answer it stays sent, and is never sent under another reference."""
    SETTLED = "settled"
    """The bank has debited the programme's account."""
    REJECTED = "rejected"
    """Refused before settlement; the member has the money back."""
    RETURNED = "returned"
    """Sent back by the member's bank after settlement; the member has the money back."""
    CANCELLED = "cancelled"
    """Called off before it was sent; the member has the money back."""


class PayoutEvent(enum.StrEnum):
    """What can happen to a payout."""

    APPROVE = "approve"
    SEND = "send"
    SETTLE = "settle"
    REJECT = "reject"
    RETURN = "return"
    CANCEL = "cancel"


TRANSITIONS: dict[tuple[PayoutState, PayoutEvent], PayoutState] = {
    (PayoutState.REQUESTED, PayoutEvent.APPROVE): PayoutState.APPROVED,
    (PayoutState.REQUESTED, PayoutEvent.CANCEL): PayoutState.CANCELLED,
    (PayoutState.APPROVED, PayoutEvent.SEND): PayoutState.SENT,
    (PayoutState.APPROVED, PayoutEvent.CANCEL): PayoutState.CANCELLED,
    (PayoutState.SENT, PayoutEvent.SETTLE): PayoutState.SETTLED,
    (PayoutState.SENT, PayoutEvent.REJECT): PayoutState.REJECTED,
    (PayoutState.SETTLED, PayoutEvent.RETURN): PayoutState.RETURNED,
}
"""Every step a payout can make."""

UNDER_WAY = (PayoutState.REQUESTED, PayoutState.APPROVED, PayoutState.SENT)
"""States from which something is still expected."""


def next_state(state: PayoutState, event: PayoutEvent) -> PayoutState:
    """Return the state after an event. Raises IllegalTransition, with the state and the event."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(
            f"A payout that is {state} cannot take the step “{event}”.", state=state, event=event
        ) from None


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """Where a member wants the money: the kind of way (such as "sepa") and since when it stands like this.

    usable_from: when the first payout may go there, as it was told to the member; None = as the programme's rules say.
    """

    id: UUID
    kind: str
    changed_at: datetime
    usable_from: datetime | None = None

    def payable_at(self, hold_hours: int) -> datetime:
        """Return from when on payouts go there, where a programme waits `hold_hours` after a change."""
        return self.usable_from or self.changed_at + timedelta(hours=hold_hours)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What decides about one wallet's payout; amounts in minor units of the policy's currency.

    Attributes:
        available_minor: what can be paid out, expired lots left out.
        owing_minor: what the member has to give back; above zero only when nothing is available.
        blocks: reasons that stop every payout of this wallet, such as "fraud".
    """

    wallet_id: UUID
    available_minor: int
    owing_minor: int = 0
    method: MethodFacts | None = None
    frozen: bool = False
    closed: bool = False
    blocks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PayoutPolicy:
    """A programme's rules for payouts; amounts in minor units of `currency`.

    Attributes:
        threshold_minor: the smallest amount that is paid out.
        fee_minor: kept back from each payout.
        maximum_minor: the largest single payout; the rest waits for the next run. None = no limit.
        method_kinds: the ways this programme pays.
        method_change_hold_hours: no payout so soon after the method changed; gives the member time to notice a
            change somebody else made.
    """

    currency: str
    threshold_minor: int
    fee_minor: int = 0
    maximum_minor: int | None = None
    method_kinds: frozenset[str] = frozenset({"sepa"})
    method_change_hold_hours: int = 72


@dataclass(frozen=True, slots=True)
class PlannedPayout:
    """One payout to make: `amount_minor` leaves the wallet, `fee_minor` of it stays with the programme."""

    wallet_id: UUID
    method_id: UUID
    amount_minor: int
    fee_minor: int

    @property
    def transfer_minor(self) -> int:
        """What arrives at the member's bank."""
        return self.amount_minor - self.fee_minor


class RefusalCode(enum.StrEnum):
    """Why a wallet is not paid."""

    ACCOUNT_CLOSED = "account_closed"
    WALLET_FROZEN = "wallet_frozen"
    BLOCKED = "blocked"
    OWING = "owing"
    BELOW_MINIMUM = "below_minimum"
    NOTHING_AFTER_FEE = "nothing_after_fee"
    ABOVE_MAXIMUM = "above_maximum"
    """Only where an amount was named; nobody is paid less than they agreed to."""
    NO_METHOD = "no_method"
    METHOD_NOT_OFFERED = "method_not_offered"
    METHOD_TOO_RECENT = "method_too_recent"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a wallet is not paid, as a code and as the sentence to show; its money stays where it is."""

    wallet_id: UUID
    code: RefusalCode
    sentence: str
    available_minor: int


@dataclass(frozen=True, slots=True)
class PayoutPlan:
    """Who is paid and who is not, in the order of the candidates."""

    currency: str
    payouts: tuple[PlannedPayout, ...] = ()
    refusals: tuple[Refusal, ...] = field(default=())

    @property
    def total_minor(self) -> int:
        """What leaves the wallets, fees included."""
        return sum(payout.amount_minor for payout in self.payouts)

    @property
    def transfer_minor(self) -> int:
        """What arrives at the members' banks."""
        return sum(payout.transfer_minor for payout in self.payouts)


def plan(candidates: Iterable[Candidate], policy: PayoutPolicy, at: datetime) -> PayoutPlan:
    """Decide for each candidate at the moment `at` (aware): a payout, or the first reason against it."""
    payouts: list[PlannedPayout] = []
    refusals: list[Refusal] = []
    for candidate in candidates:
        outcome = decide(candidate, policy, at)
        if isinstance(outcome, PlannedPayout):
            payouts.append(outcome)
        else:
            refusals.append(outcome)
    return PayoutPlan(policy.currency, tuple(payouts), tuple(refusals))


def decide(candidate: Candidate, policy: PayoutPolicy, at: datetime) -> PlannedPayout | Refusal:
    """Decide for one candidate; see `plan`."""
    refused = _refuse_wallet(candidate, policy) or _refuse_amount(candidate, policy)
    if refused is None:
        refused = _refuse_method(candidate, policy, at)
    if refused is not None or candidate.method is None:
        code, sentence = refused or _NO_METHOD
        return Refusal(candidate.wallet_id, code, sentence, candidate.available_minor)
    amount_minor = candidate.available_minor
    if policy.maximum_minor is not None:
        amount_minor = min(amount_minor, policy.maximum_minor)
    return PlannedPayout(candidate.wallet_id, candidate.method.id, amount_minor, policy.fee_minor)


_Reason = tuple[RefusalCode, str]

_NO_METHOD: _Reason = (RefusalCode.NO_METHOD, "No bank account is on file.")


def _refuse_wallet(candidate: Candidate, policy: PayoutPolicy) -> _Reason | None:
    if candidate.closed:
        return RefusalCode.ACCOUNT_CLOSED, "The account is closed."
    if candidate.frozen:
        return RefusalCode.WALLET_FROZEN, "The wallet is frozen; it earns, but pays nothing out."
    if candidate.blocks:
        return RefusalCode.BLOCKED, f"Payouts are blocked: {', '.join(sorted(candidate.blocks))}."
    if candidate.owing_minor > 0:
        owing = Money(candidate.owing_minor, policy.currency)
        return RefusalCode.OWING, f"{owing} has to be recovered first, from what comes in next."
    return None


def _refuse_amount(candidate: Candidate, policy: PayoutPolicy) -> _Reason | None:
    available = Money(candidate.available_minor, policy.currency)
    threshold = Money(policy.threshold_minor, policy.currency)
    if available < threshold or not available:
        return (
            RefusalCode.BELOW_MINIMUM,
            f"{available} available, {threshold - available} short of the {threshold} minimum.",
        )
    if candidate.available_minor <= policy.fee_minor:
        fee = Money(policy.fee_minor, policy.currency)
        return RefusalCode.NOTHING_AFTER_FEE, f"{available} available, and the fee is {fee}."
    return None


def _refuse_method(candidate: Candidate, policy: PayoutPolicy, at: datetime) -> _Reason | None:
    method = candidate.method
    if method is None:
        return _NO_METHOD
    if method.kind not in policy.method_kinds:
        return (
            RefusalCode.METHOD_NOT_OFFERED,
            f"The member chose “{method.kind}”, which this programme does not pay by.",
        )
    payable_at = method.payable_at(policy.method_change_hold_hours)
    if at < payable_at:
        sentence = (
            f"The bank account was changed less than {policy.method_change_hold_hours} hours ago; "
            f"payable from {payable_at:%Y-%m-%d %H:%M}."
        )
        return RefusalCode.METHOD_TOO_RECENT, sentence
    return None
