"""A member asks to be paid; an operator approves it, or calls it off.

What is asked for is held at once, so that it cannot be spent meanwhile; approved, it goes out with the next run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from cagnotte.domain import payouts as domain
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import Conflict, NotFound, PayoutRefused
from cagnotte.domain.money import Money
from cagnotte.domain.payouts import PayoutEvent, PayoutState, PlannedPayout, RefusalCode
from cagnotte.payouts import selectors, services
from cagnotte.payouts.selectors import Connection, MethodView, PayoutRules, PayoutView
from cagnotte.payouts.steps import Step, Stepped, take_step
from cagnotte.wallet.movements import lock_wallets
from cagnotte.wallet.movements import occasion as occasion_of


@dataclass(frozen=True, slots=True)
class Desk:
    """In which programme, the clock, and the day in the programme's time zone."""

    programme_id: UUID
    now: datetime
    on: date


def ask(
    connection: Connection,
    desk: Desk,
    *,
    wallet_id: UUID,
    amount_minor: int | None = None,
    token: str | None = None,
) -> PayoutView:
    """Ask for a payout of an amount, or of all that is available and one payout pays; commits by itself.

    token: whoever asks again with the same one gets the payout of the first time, and no second.

    Raises:
        PayoutRefused: the programme's rules stand against it, in a sentence, with the code of the reason; above
            what one payout pays, with `maximum_minor`.
        InsufficientFunds: less is available. In each case nothing was changed.
        Conflict: the token stands for a payout of another amount.
        NotFound: no payout settings, or no such wallet.
    """
    with connection.transaction():
        rules = selectors.rules(connection, desk.programme_id)
        lock_wallets(connection, [wallet_id], programme_id=desk.programme_id)
        first = _first(connection, desk, wallet_id, amount_minor, token)
        if first is not None:
            return first
        planned = _planned(connection, rules, desk, wallet_id, amount_minor)
        made = services.create(
            connection,
            [planned],
            occasion=_occasion(connection, rules, desk),
            state=PayoutState.REQUESTED,
            token=token,
        )
        for _, refusal in made.refused:
            raise refusal
        return made.payouts[0]


def _first(
    connection: Connection,
    desk: Desk,
    wallet_id: UUID,
    amount_minor: int | None,
    token: str | None,
) -> PayoutView | None:
    """Return the payout that was asked for under a token before. Raises Conflict when it is another amount."""
    if token is None:
        return None
    payout_id = services.asked_id(desk.programme_id, wallet_id, token)
    first = selectors.payout_of_programme(connection, desk.programme_id, payout_id)
    if first is not None and amount_minor not in (None, first.amount_minor):
        raise Conflict(
            f"A payout of {Money(first.amount_minor, first.currency)} was asked for already; "
            "start again for another one.",
            payout_id=first.id,
            amount_minor=first.amount_minor,
        )
    return first


@dataclass(frozen=True, slots=True)
class Outlook:
    """What asking for a payout would come to now.

    Attributes:
        account: where the money would go, None when nowhere.
        refusal: why nothing can be paid now, None when all that is available can be.
        under_way: payouts that were asked for and have not arrived.
    """

    rules: PayoutRules
    candidate: domain.Candidate
    account: MethodView | None
    refusal: domain.Refusal | None
    under_way: tuple[PayoutView, ...]

    @property
    def available_minor(self) -> int:
        """What could be paid out."""
        return self.candidate.available_minor

    @property
    def most_minor(self) -> int:
        """The largest amount that can be asked for at once."""
        most, available = self.rules.maximum_minor, self.available_minor
        return available if most is None else min(available, most)

    @property
    def usable_from(self) -> datetime | None:
        """From when on payouts go to the account on file; None without one."""
        method = self.candidate.method
        return method.payable_at(self.rules.method_change_hold_hours) if method else None


def outlook(connection: Connection, desk: Desk, *, wallet_id: UUID) -> Outlook:
    """Say what asking for a payout would come to. Raises NotFound: no payout settings, or no such wallet."""
    rules = selectors.rules(connection, desk.programme_id)
    candidate = selectors.candidate(connection, wallet_id=wallet_id, rules=rules, on=desk.on)
    decided = domain.decide(candidate, rules.policy, desk.now)
    return Outlook(
        rules=rules,
        candidate=candidate,
        account=selectors.account_of_wallet(connection, wallet_id),
        refusal=decided if isinstance(decided, domain.Refusal) else None,
        under_way=tuple(selectors.payouts_under_way(connection, wallet_id)),
    )


def _planned(
    connection: Connection,
    rules: PayoutRules,
    desk: Desk,
    wallet_id: UUID,
    amount_minor: int | None,
) -> PlannedPayout:
    candidate = selectors.candidate(connection, wallet_id=wallet_id, rules=rules, on=desk.on)
    if amount_minor is not None:
        # The rules look at what is asked for; whether that much is there, the hold finds out.
        candidate = replace(candidate, available_minor=amount_minor)
    outcome = domain.decide(candidate, rules.policy, desk.now)
    if isinstance(outcome, domain.Refusal):
        raise PayoutRefused(outcome.sentence, reason=outcome.code, wallet_id=wallet_id)
    if amount_minor is not None and amount_minor > outcome.amount_minor:
        # The maximum may have been lowered since the amount was shown: another one was never agreed to.
        most = Money(outcome.amount_minor, rules.currency)
        raise PayoutRefused(
            f"{Money(amount_minor, rules.currency)} asked for, and one payout pays {most} at most.",
            reason=RefusalCode.ABOVE_MAXIMUM,
            wallet_id=wallet_id,
            maximum_minor=outcome.amount_minor,
        )
    return outcome


def approve(connection: Connection, desk: Desk, references: Sequence[str], *, by: str) -> Stepped:
    """Approve payouts by their references; they go out with the next run. Commits by itself.

    Those that cannot take the step are in the result with the reason. Raises NotFound for an unknown reference.
    """
    return _step(connection, desk, PayoutEvent.APPROVE, references, by=by)


def cancel(
    connection: Connection, desk: Desk, references: Sequence[str], *, by: str, reason: str
) -> Stepped:
    """Call payouts off: the money is the member's again. Commits by itself.

    Those already in a batch, or beyond, are in the result with the reason. Raises NotFound for an unknown
    reference.
    """
    return _step(connection, desk, PayoutEvent.CANCEL, references, by=by, reason=reason)


def _step(
    connection: Connection,
    desk: Desk,
    event: PayoutEvent,
    references: Sequence[str],
    *,
    by: str,
    reason: str = "",
) -> Stepped:
    with connection.transaction():
        rules = selectors.rules(connection, desk.programme_id)
        found = selectors.payouts_by_reference(connection, desk.programme_id, references)
        missing = [reference for reference in references if reference not in found]
        if missing:
            raise NotFound(f"No payout bears the reference “{missing[0]}”.", references=missing)
        return take_step(
            connection,
            event,
            [Step(payout.id, reason=reason) for payout in found.values()],
            occasion=_occasion(connection, rules, desk),
            source=by,
        )


def _occasion(connection: Connection, rules: PayoutRules, desk: Desk) -> Occasion:
    return occasion_of(
        connection,
        programme_id=rules.programme_id,
        currency=rules.currency,
        now=desk.now,
        on=desk.on,
    )
