"""A member leaves: what can be paid is paid, the rest is kept for them, nothing is lost.

What is left and available becomes a last payout, whatever the programme's minimum; without a bank account that
can be paid it moves to the unclaimed, and stays owed (`pay_unclaimed` is the way out). What the member still owes is
given up. Rewards that are not available yet follow their course; closing the account again does the same with what has
become available since, and each night does so by itself (`tend_closed`). What an erased member gave up, nobody is paid.
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
from cagnotte.domain.payouts import PlannedPayout, RefusalCode
from cagnotte.identity.erasure import PSEUDONYM
from cagnotte.journeys.expire import expire_lots, give_up_lots
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger.selectors import MemberBalances
from cagnotte.notices import telling
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
        renounced_minor: of an erased member, who gave it up; it goes where it would go by expiry.
    """

    was_closed: bool
    payout_minor: int
    unclaimed_minor: int
    expired_minor: int
    given_up_minor: int
    waiting_minor: int
    renounced_minor: int = 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What closing an account would do with what is available.

    Attributes:
        payout: the last payout, None when there is none.
        reason: why there is none, None where the programme has not said how it pays.
        usable_from: from when on payouts go to the account on file, None without one.
    """

    payout: PlannedPayout | None = None
    reason: RefusalCode | None = None
    usable_from: datetime | None = None


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
        renounced_minor = _renounced(connection, order, occasion)
        paid_minor = _last_payout(connection, order, occasion)
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
            telling.tell_of_change(
                connection,
                programme_id=order.programme_id,
                wallet_id=order.wallet_id,
                what="account_closed",
                now=order.now,
            )
    return ClosedAccount(
        was_closed=state.closed,
        payout_minor=paid_minor,
        unclaimed_minor=unclaimed_minor,
        expired_minor=sum(amount_minor for amount_minor, _ in expired),
        given_up_minor=given_up_minor,
        waiting_minor=balances.pending + balances.confirmed,
        renounced_minor=renounced_minor,
    )


def outlook(connection: Connection, order: Closing) -> Outlook:
    """Say what closing would do with what is available; nothing is changed. Raises NotFound as `run`."""
    try:
        rules = payout_selectors.rules(connection, order.programme_id)
    except NotFound:
        return Outlook()
    found = payout_selectors.candidate(
        connection, wallet_id=order.wallet_id, rules=rules, on=order.on
    )
    # The minimum spares small transfers while more comes in; here nothing more does.
    policy = replace(rules.policy, threshold_minor=1, maximum_minor=None)
    decided = domain.decide(replace(found, closed=False), policy, order.now)
    usable_from = found.method.payable_at(rules.method_change_hold_hours) if found.method else None
    if isinstance(decided, PlannedPayout):
        return Outlook(payout=decided, usable_from=usable_from)
    return Outlook(reason=decided.code, usable_from=usable_from)


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


def _renounced(connection: Connection, order: Closing, occasion: Occasion) -> int:
    """Book what became available to an erased member as given up; return how much, 0 for anybody else."""
    values = {"wallet_id": order.wallet_id, "pseudonym": PSEUDONYM}
    row = connection.execute(SQL.is_erased, values).fetchone()
    if row is None or not row[0]:
        return 0
    return give_up_lots(connection, order.wallet_id, occasion=occasion)


def _last_payout(connection: Connection, order: Closing, occasion: Occasion) -> int:
    """Hold all that is available for a payout the next run sends; 0 when it cannot be paid."""
    planned = outlook(connection, order).payout
    if planned is None:
        return 0
    made = payout_services.create(connection, [planned], occasion=occasion, of_closed=True)
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
