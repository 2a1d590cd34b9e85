"""A member asks to be paid; an operator approves it, or calls it off.

What is asked for is held at once, so that it cannot be spent meanwhile; approved, it goes out with the next run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from cagnotte.domain import payouts as domain
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import NotFound, PayoutRefused
from cagnotte.domain.payouts import PayoutEvent, PayoutState, PlannedPayout
from cagnotte.payouts import selectors, services
from cagnotte.payouts.selectors import Connection, PayoutRules, PayoutView
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
    connection: Connection, desk: Desk, *, wallet_id: UUID, amount_minor: int | None = None
) -> PayoutView:
    """Ask for a payout of an amount, or of all that is available; commits by itself.

    Raises:
        PayoutRefused: the programme's rules stand against it, in a sentence, with the code of the reason.
        InsufficientFunds: less is available. In each case nothing was changed.
        NotFound: no payout settings, or no such wallet.
    """
    with connection.transaction():
        rules = selectors.rules(connection, desk.programme_id)
        lock_wallets(connection, [wallet_id], programme_id=desk.programme_id)
        planned = _planned(connection, rules, desk, wallet_id, amount_minor)
        made = services.create(
            connection,
            [planned],
            occasion=_occasion(connection, rules, desk),
            state=PayoutState.REQUESTED,
        )
        for _, refusal in made.refused:
            raise refusal
        return made.payouts[0]


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
    if isinstance(outcome, PlannedPayout):
        return outcome
    raise PayoutRefused(outcome.sentence, reason=outcome.code, wallet_id=wallet_id)


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
