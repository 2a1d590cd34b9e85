"""Members who said so are paid without asking: once so much is available, or on a day of each month.

Each wallet takes the road of a member who asks (`ask_payout`), in a database transaction of its own with the note
that its rule was carried out: interrupted, the next run goes on where this one ended, and no rule pays twice a day.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from cagnotte.domain.errors import InvalidInput, NotFound, PayoutRefused, Refused
from cagnotte.domain.money import Money
from cagnotte.identity.models import Programme
from cagnotte.journeys import ask_payout
from cagnotte.journeys.ask_payout import Desk
from cagnotte.payouts import auto_rules, selectors
from cagnotte.payouts.auto_rules import RuleView, When
from cagnotte.payouts.selectors import Connection, PayoutView
from cagnotte.wallet.movements import lock_wallets

RULES_AT_ONCE_MAX = 1_000
"""Rules that are looked for at once."""

REFUSED = "refused"
"""Outcome where no rule for payouts stood against it, but the wallet."""


@dataclass(slots=True)
class AutoPaid:
    """What one run did. refused: how often for which reason; those rules are looked at again."""

    payouts: int = 0
    total_minor: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def choose(connection: Connection, desk: Desk, *, wallet_id: UUID, when: When) -> RuleView:
    """Turn a member's rule on, over the one there was; commits by itself.

    Raises:
        InvalidInput: it asks for less than the programme pays out.
        NotFound: no payout settings, or no such wallet. In each case nothing was changed.
    """
    with connection.transaction():
        rules = selectors.rules(connection, desk.programme_id)
        lock_wallets(connection, [wallet_id], programme_id=desk.programme_id)
        if when.above_minor is not None and when.above_minor < rules.threshold_minor:
            least = Money(rules.threshold_minor, rules.currency)
            raise InvalidInput(
                f"The programme pays out from {least} on.", least_minor=rules.threshold_minor
            )
        auto_rules.save(
            connection,
            programme_id=desk.programme_id,
            wallet_id=wallet_id,
            when=when,
            now=desk.now,
            on=desk.on,
        )
        rule = auto_rules.rule_of(connection, wallet_id)
        if rule is None:
            raise NotFound("The rule is gone.", wallet_id=wallet_id)
        return rule


def rest(connection: Connection, desk: Desk, *, wallet_id: UUID) -> bool:
    """Turn a member's rule off; return whether it was on. Commits by itself."""
    with connection.transaction():
        return auto_rules.rest(
            connection,
            programme_id=desk.programme_id,
            wallet_id=wallet_id,
            now=desk.now,
            on=desk.on,
        )


def run(connection: Connection, programme: Programme, *, today: date, now: datetime) -> AutoPaid:
    """Carry out all rules of a programme that are due; commits wallet by wallet.

    Run as often as one likes: a rule is carried out once on a day, a monthly one once since its latest day, unless what
    stood against it passes by itself. A programme without payout settings has none due.
    """
    done = AutoPaid()
    desk = Desk(programme.id, now, today)
    while True:
        with connection.transaction():
            wallet_ids = auto_rules.due(
                connection,
                programme_id=programme.id,
                currency=programme.currency,
                on=today,
                at_most=RULES_AT_ONCE_MAX,
            )
        for wallet_id in wallet_ids:
            _carry_out(connection, desk, wallet_id, done)
        if len(wallet_ids) < RULES_AT_ONCE_MAX:
            return done


def _carry_out(connection: Connection, desk: Desk, wallet_id: UUID, done: AutoPaid) -> None:
    with connection.transaction():
        lock_wallets(connection, [wallet_id], programme_id=desk.programme_id)
        if not auto_rules.take_up(connection, wallet_id=wallet_id, on=desk.on):
            return
        made, why_not = _ask(connection, desk, wallet_id)
        if made is None:
            auto_rules.note(connection, wallet_id=wallet_id, on=desk.on, outcome=why_not)
    if made is None:
        done.refused[why_not] += 1
    else:
        done.payouts += 1
        done.total_minor += made.amount_minor


def _ask(connection: Connection, desk: Desk, wallet_id: UUID) -> tuple[PayoutView | None, str]:
    """Ask as the member would; what is refused takes nothing else back."""
    try:
        with connection.transaction():
            token = f"auto/{desk.on}"
            return ask_payout.ask(connection, desk, wallet_id=wallet_id, token=token), ""
    except PayoutRefused as refusal:
        return None, str(refusal.facts.get("reason", REFUSED))
    except (Refused, NotFound):
        return None, REFUSED
