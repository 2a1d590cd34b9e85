"""A member leaves: what can be paid is paid, the rest is kept for them, nothing is lost.

What is left and available becomes a last payout, whatever the programme's minimum; without a bank account that
can be paid it moves to the unclaimed, and stays owed. What the member still owes is given up. Rewards that are
not available yet follow their course; closing the account again moves what has become available since.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from cagnotte.domain import payouts as domain
from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import NotFound, Refused
from cagnotte.domain.holds import HoldPurpose
from cagnotte.domain.ids import derived_id
from cagnotte.domain.lots import take_up_to
from cagnotte.domain.money import Money
from cagnotte.domain.payouts import Candidate, PlannedPayout
from cagnotte.journeys.expire import expire_lots
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger.selectors import MemberBalances
from cagnotte.payouts import selectors as payout_selectors
from cagnotte.payouts import services as payout_services
from cagnotte.platform import outbox
from cagnotte.wallet import movements
from cagnotte.wallet import selectors as wallet_selectors
from cagnotte.wallet.movements import SQL, Connection, book, lock_wallets


@dataclass(frozen=True, slots=True)
class Closing:
    """Whose account, the clock, and the day in the programme's time zone."""

    programme_id: UUID
    wallet_id: UUID
    currency: str
    now: datetime
    on: date


@dataclass(frozen=True, slots=True)
class ClosedAccount:
    """Where the money of a closed account went; amounts in minor units.

    Attributes:
        was_closed: it was closed before; only what became available since has moved.
        payout_minor: in a last payout, sent with the next run. unclaimed_minor: kept for its owner.
        expired_minor: was past its last day. given_up_minor: owed, and no longer expected.
        waiting_minor: rewards not available yet; they follow their course.
    """

    was_closed: bool
    payout_minor: int
    unclaimed_minor: int
    expired_minor: int
    given_up_minor: int
    waiting_minor: int


def run(connection: Connection, order: Closing) -> ClosedAccount:
    """Close an account; commits by itself. Doing it again moves what has come in since, or nothing.

    Raises:
        Refused: money is held for an order or a payout under way; nothing was changed.
        NotFound: the wallet is not of this programme.
    """
    with connection.transaction():
        occasion = movements.occasion(
            connection,
            programme_id=order.programme_id,
            currency=order.currency,
            now=order.now,
            on=order.on,
        )
        state = lock_wallets(connection, [order.wallet_id], programme_id=order.programme_id)[
            order.wallet_id
        ]
        if not state.closed:
            _refuse_while_held(connection, order)
        expired = expire_lots(connection, [order.wallet_id], occasion=occasion)
        balances = _balances(connection, order)
        paid_minor = 0 if state.closed else _last_payout(connection, order, occasion, balances)
        unclaimed_minor = _to_unclaimed(connection, order, occasion)
        given_up_minor = _give_up(connection, order, occasion, balances.owing)
        connection.execute(SQL.close_wallet, {"wallet_id": order.wallet_id, "now": order.now})
        if not state.closed:
            outbox.tell(
                connection,
                topic="member.closed",
                programme_id=order.programme_id,
                keys=[order.wallet_id],
                at=order.now,
            )
    return ClosedAccount(
        was_closed=state.closed,
        payout_minor=paid_minor,
        unclaimed_minor=unclaimed_minor,
        expired_minor=sum(amount_minor for amount_minor, _ in expired),
        given_up_minor=given_up_minor,
        waiting_minor=balances.pending + balances.confirmed,
    )


def _refuse_while_held(connection: Connection, order: Closing) -> None:
    held = wallet_selectors.open_holds(connection, order.wallet_id)
    if not held:
        return
    total = Money(sum(hold.amount_minor for hold in held), order.currency)
    what = "a payout under way" if held[0].purpose is HoldPurpose.PAYOUT else "an open order"
    raise Refused(
        f"{total} is held for {what}; close the account once it is paid or given up.",
        hold_ids=[hold.id for hold in held],
    )


def _balances(connection: Connection, order: Closing) -> MemberBalances:
    found = ledger.lock_member_balances(
        connection, [order.wallet_id], order.programme_id, order.currency
    )
    return found[order.wallet_id]


def _last_payout(
    connection: Connection, order: Closing, occasion: Occasion, balances: MemberBalances
) -> int:
    """Hold all that is available for a payout the next run sends; 0 when it cannot be paid."""
    try:
        rules = payout_selectors.rules(connection, order.programme_id)
    except NotFound:
        return 0
    candidate = Candidate(
        order.wallet_id,
        balances.available,
        method=payout_selectors.method_of_wallet(connection, order.wallet_id),
    )
    # The minimum spares small transfers while more comes in; here nothing more does.
    policy = replace(rules.policy, threshold_minor=1, maximum_minor=None)
    planned = domain.decide(candidate, policy, order.now)
    if not isinstance(planned, PlannedPayout):
        return 0
    made = payout_services.create(connection, [planned], occasion=occasion)
    return sum(payout.amount_minor for payout in made.payouts)


def _to_unclaimed(connection: Connection, order: Closing, occasion: Occasion) -> int:
    lots = movements.lock_spendable_lots(connection, [order.wallet_id], occasion)
    views = lots.get(order.wallet_id, [])
    left_minor = sum(lot.remaining_minor for lot in views)
    if left_minor:
        movements.take_out(connection, take_up_to(views, left_minor))
        purse = occasion.purse(order.wallet_id)
        _book(connection, order, occasion, "unclaimed", spending.to_unclaimed(purse, left_minor))
    return left_minor


def _give_up(connection: Connection, order: Closing, occasion: Occasion, owing_minor: int) -> int:
    legs = spending.give_up_owing(occasion.purse(order.wallet_id), owing_minor)
    _book(connection, order, occasion, "owing_given_up", legs)
    return owing_minor


def _book(
    connection: Connection,
    order: Closing,
    occasion: Occasion,
    kind: str,
    legs: list[spending.Leg],
) -> None:
    fact_id = derived_id(order.now, order.programme_id, "closing", order.wallet_id)
    book(
        connection,
        [occasion.transaction(legs, kind=kind, book_id=order.wallet_id, fact_id=fact_id)],
    )
