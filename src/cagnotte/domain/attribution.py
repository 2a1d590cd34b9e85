"""Attribution: whose purchase it is, and why; or why it is nobody's.

A purchase arrives with traces of a member: a click, a member number given at the till, a code shown on a
telephone, a paying card, a personal promo code, a receipt handed in later, an e-mail address. `choose` weighs
them by the numbered rules below; the page and the tests carry the same numbers.

    1. Kinds of trace are weighed in the policy's order; the first kind with one fitting trace decides.
    2. Among clicks the last one before the purchase decides, within the window, its end included. A receipt
       counts for a window after the purchase.
    3. A click after the purchase does not fit, nor a receipt before it, apart from a small difference of clocks.
    4. Clicks at the same moment: the one whose reference sorts last, so that every machine chooses alike.
    5. Other traces of one kind that lead to different members decide nothing; the next kind is asked.
    6. A member whose account is closed or blocked cannot be chosen.
    7. A trace that leads to no member, such as a mistyped number, is passed over.
    8. When nothing fits, the purchase is kept without a member, with the reason nearest to success.
    9. An exception of the policy lets one kind decide over another that comes first, where both could.
    10. A click that came while another publisher's visit was fresh does not count, where the policy stands down.

Whichever kind decides, the last fitting click of the same member says which day was clicked on.

See docs/explanation/attribution.md.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from cagnotte.domain.errors import InvalidInput


class Trace(enum.StrEnum):
    """What ties a purchase to a member."""

    MEMBER_NUMBER = "member_number"
    """Given at checkout: the member's own word."""
    QR_CODE = "qr_code"
    """Shown on the member's telephone and read at the till."""
    CARD = "card"
    """A paying card that the member has linked."""
    PROMO_CODE = "promo_code"
    """A code that was given to this member alone."""
    CLICK = "click"
    """A click on a link of ours before the purchase."""
    RECEIPT = "receipt"
    """Photographed or typed in by the member after the purchase."""
    EMAIL = "email"
    """The hash of an e-mail address that is the member's."""


class Standing(enum.StrEnum):
    """Whether a member may earn."""

    OPEN = "open"
    CLOSED = "closed"
    BLOCKED = "blocked"


class Reason(enum.StrEnum):
    """Why a trace, or a whole purchase, was not attributed; the nearest to success first."""

    AMBIGUOUS = "ambiguous"
    """Traces of one kind lead to different members."""
    MEMBER_CLOSED = "member_closed"
    MEMBER_BLOCKED = "member_blocked"
    STOOD_DOWN = "stood_down"
    """Another publisher had brought the visitor to the shop shortly before the click."""
    OUTSIDE_WINDOW = "outside_window"
    """The click was too long before the purchase, or the receipt came too long after it."""
    AFTER_PURCHASE = "after_purchase"
    UNKNOWN_MEMBER = "unknown_member"
    """The number, card, code or address is nobody's here."""
    KIND_NOT_ACCEPTED = "kind_not_accepted"
    """The policy does not weigh this kind of trace."""
    EARLIER_CLICK = "earlier_click"
    """A later click decided."""
    LOWER_KIND = "lower_kind"
    """A kind of trace that comes first decided."""
    NO_CANDIDATE = "no_candidate"
    """There was no trace at all."""


class Candidate(NamedTuple):
    """One trace: its kind, its own reference, the wallet it leads to (None: nobody), when it was made.

    at: the moment of a click or of the handing in of a receipt, aware; other kinds need none. standing: of the
    member it leads to. rival_at: of a click, when another publisher had last brought the visitor to the shop.
    """

    kind: Trace
    ref: str
    wallet_id: UUID | None
    at: datetime | None = None
    standing: Standing = Standing.OPEN
    rival_at: datetime | None = None


PRECEDENCE = (
    Trace.MEMBER_NUMBER,
    Trace.QR_CODE,
    Trace.CARD,
    Trace.PROMO_CODE,
    Trace.CLICK,
    Trace.RECEIPT,
    Trace.EMAIL,
)
"""The usual order: what the member did at checkout, the last click, what was claimed later, what looks alike."""


class Override(enum.StrEnum):
    """One kind of trace that decides over another where both could, whichever comes first in the policy."""

    MEMBER_NUMBER_OVER_CLICK = "member_number_over_click"
    QR_CODE_OVER_CLICK = "qr_code_over_click"
    CARD_OVER_CLICK = "card_over_click"
    PROMO_CODE_OVER_CLICK = "promo_code_over_click"
    RECEIPT_OVER_CLICK = "receipt_over_click"
    CLICK_OVER_MEMBER_NUMBER = "click_over_member_number"
    CLICK_OVER_CARD = "click_over_card"
    CLICK_OVER_PROMO_CODE = "click_over_promo_code"

    @property
    def kinds(self) -> tuple[Trace, Trace]:
        """The kind that decides, and the one it decides over."""
        winner, _, loser = self.partition("_over_")
        return Trace(winner), Trace(loser)


@dataclass(frozen=True, slots=True)
class Policy:
    """How a contract attributes: which kinds of trace, in which order, and for how long they count.

    click_window: how long before the purchase a click may lie. receipt_window: how long after it a receipt may be
    handed in. clock_tolerance: how far either may seem to lie on the wrong side when clocks differ. exceptions: kinds
    that decide over others. stand_down: a click does not count when another publisher had brought the visitor to the
    shop so shortly before it; nothing = every click counts.
    Raises InvalidInput when it contradicts itself.
    """

    precedence: tuple[Trace, ...] = PRECEDENCE
    click_window: timedelta = timedelta(days=30)
    receipt_window: timedelta = timedelta(days=14)
    clock_tolerance: timedelta = timedelta(minutes=5)
    exceptions: tuple[Override, ...] = ()
    stand_down: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if len(set(self.precedence)) < len(self.precedence):
            raise InvalidInput("Each kind of trace may be listed once.")
        lengths = (self.click_window, self.receipt_window, self.clock_tolerance, self.stand_down)
        if min(lengths) < timedelta(0):
            raise InvalidInput("Windows and the tolerance of clocks are not negative.")
        self._check_exceptions()

    def _check_exceptions(self) -> None:
        pairs = [exception.kinds for exception in self.exceptions]
        for exception, (winner, loser) in zip(self.exceptions, pairs, strict=True):
            if not {winner, loser} <= set(self.precedence):
                raise InvalidInput(
                    f"The exception “{exception}” names a kind that is not accepted."
                )
            if (loser, winner) in pairs:
                raise InvalidInput(f"The exception “{exception}” and its contrary are both named.")


USUAL = Policy()
"""Where no contract says otherwise."""


class Attribution(NamedTuple):
    """Whose purchase it is: the wallet, the trace that decided, and the others with why they did not.

    clicked_at: the last fitting click of that member, also where another kind decided; None without one. A contract
    may bind the offers of that day.
    """

    wallet_id: UUID
    kind: Trace
    ref: str
    clicked_at: datetime | None
    passed_over: tuple[tuple[str, Reason], ...]


class Unattributed(NamedTuple):
    """Nobody's purchase: the reason nearest to success, and each trace with its own."""

    reason: Reason
    passed_over: tuple[tuple[str, Reason], ...]


def choose(
    candidates: Iterable[Candidate], purchased_at: datetime, policy: Policy | None = None
) -> Attribution | Unattributed:
    """Decide whose a purchase is by rules 1–10 of this module.

    The order of the candidates does not matter. Raises InvalidInput for a click or receipt without its moment.
    """
    policy = policy or USUAL
    passed_over: list[tuple[str, Reason]] = []
    fitting: dict[Trace, list[Candidate]] = {kind: [] for kind in policy.precedence}
    for candidate in sorted(candidates, key=lambda one: (one.kind, one.ref)):
        reason = _misfit(candidate, purchased_at, policy)
        if reason is None:
            fitting[candidate.kind].append(candidate)
        else:
            passed_over.append((candidate.ref, reason))
    deciding = {kind: _of_one_kind(found)[0] for kind, found in fitting.items()}
    winner = _first(deciding, policy)
    asked_in_vain = True
    for kind, found in fitting.items():
        if winner is None or kind is winner.kind or (asked_in_vain and not deciding[kind]):
            passed_over += _of_one_kind(found)[1]
        else:
            passed_over += [(one.ref, Reason.LOWER_KIND) for one in found]
        asked_in_vain = asked_in_vain and not deciding[kind]
    if winner is None or winner.wallet_id is None:
        reasons = [reason for _, reason in passed_over] or [Reason.NO_CANDIDATE]
        return Unattributed(min(reasons, key=list(Reason).index), tuple(passed_over))
    clicks = [one.at for one in fitting.get(Trace.CLICK, ()) if one.wallet_id == winner.wallet_id]
    clicked_at = max(filter(None, clicks), default=None)
    return Attribution(winner.wallet_id, winner.kind, winner.ref, clicked_at, tuple(passed_over))


def _first(deciding: Mapping[Trace, Candidate | None], policy: Policy) -> Candidate | None:
    """Return the trace of the first kind that has one to decide, or of the kind that is excepted over it."""
    first = next((deciding[kind] for kind in policy.precedence if deciding[kind]), None)
    for exception in policy.exceptions:
        stronger, weaker = exception.kinds
        if first is not None and first.kind is weaker and deciding[stronger]:
            return deciding[stronger]
    return first


def _misfit(candidate: Candidate, purchased_at: datetime, policy: Policy) -> Reason | None:
    """Why a trace cannot decide, whatever the others say; None when it may."""
    if candidate.kind not in policy.precedence:
        return Reason.KIND_NOT_ACCEPTED
    if candidate.wallet_id is None:
        return Reason.UNKNOWN_MEMBER
    return _untimely(candidate, purchased_at, policy) or _BARRED.get(candidate.standing)


def _untimely(candidate: Candidate, purchased_at: datetime, policy: Policy) -> Reason | None:
    """Why a click or receipt comes at the wrong time; None when it does not, and for other kinds."""
    if candidate.kind not in _TIMED:
        return None
    if candidate.at is None:
        raise InvalidInput(
            f"The {candidate.kind} “{candidate.ref}” has no moment.", ref=candidate.ref
        )
    before = purchased_at - candidate.at
    if candidate.kind is Trace.RECEIPT:
        fits = -policy.receipt_window <= before <= policy.clock_tolerance
        return None if fits else Reason.OUTSIDE_WINDOW
    if -before > policy.clock_tolerance:
        return Reason.AFTER_PURCHASE
    if _stands_down(candidate, policy):
        return Reason.STOOD_DOWN
    return Reason.OUTSIDE_WINDOW if before > policy.click_window else None


def _stands_down(click: Candidate, policy: Policy) -> bool:
    """Whether another publisher's visit was still fresh when the click was made."""
    if click.rival_at is None or click.at is None or not policy.stand_down:
        return False
    return click.at - click.rival_at <= policy.stand_down


_TIMED = frozenset({Trace.CLICK, Trace.RECEIPT})
_BARRED = {Standing.CLOSED: Reason.MEMBER_CLOSED, Standing.BLOCKED: Reason.MEMBER_BLOCKED}


def _of_one_kind(found: Sequence[Candidate]) -> tuple[Candidate | None, list[tuple[str, Reason]]]:
    """Return the trace of one kind that decides, if any, and why the others do not."""
    if not found:
        return None, []
    if found[0].kind is Trace.CLICK:
        winner = max(found, key=lambda one: (one.at, one.ref))
        return winner, [(one.ref, Reason.EARLIER_CLICK) for one in found if one is not winner]
    if len({one.wallet_id for one in found}) > 1:
        return None, [(one.ref, Reason.AMBIGUOUS) for one in found]
    return found[0], []
