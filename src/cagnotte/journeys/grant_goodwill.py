"""Goodwill: the programme gives a member money of its own, because something went wrong that no purchase mends.

It is available at once, what the member owes is repaid first, and it expires to nobody but the programme that gave it.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.bookings import spending
from cagnotte.domain.errors import Conflict, InvalidInput, Refused
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.lots import split_credit
from cagnotte.domain.money import Money
from cagnotte.domain.periods import add_months
from cagnotte.journeys.breakage import gainer
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger import selectors as ledger
from cagnotte.platform import sql
from cagnotte.wallet import movements

Connection = psycopg.Connection[Any]
SQL = sql.load("goodwill")

ORIGIN = "goodwill"
"""Origin of the lots made here, and the kind of their transactions."""

AMOUNT_MAX_MINOR = 50_000
"""The most that one grant may come to: a slip of the hand must not empty the till."""


@dataclass(frozen=True, slots=True)
class Goodwill:
    """What is granted. reference: the grant's own name in its programme; the same is granted once.

    merchant_id: the shop it is about, whose contract says how long money lives; None = it never expires.
    """

    wallet_id: UUID
    amount_minor: int
    reference: str
    merchant_id: UUID | None = None


def grant(connection: Connection, run: ProgrammeRun, order: Goodwill) -> UUID:
    """Grant goodwill in the caller's database transaction; return its lot. The same again changes nothing.

    Raises:
        InvalidInput: the amount is not above zero, or beyond what one grant may come to.
        Refused: the account is closed.
        Conflict: the reference stands for another grant. In each case nothing was changed.
        NotFound: the wallet is not of this programme.
    """
    currency = run.programme.currency
    if not 0 < order.amount_minor <= AMOUNT_MAX_MINOR:
        raise InvalidInput(
            f"Goodwill is above zero and at most {Money(AMOUNT_MAX_MINOR, currency)} at once.",
            amount_minor=order.amount_minor,
        )
    fact_id = named_id(ORIGIN, run.id, order.reference)
    lot_id = named_id("lot", ORIGIN, fact_id)
    wallets = movements.lock_wallets(connection, [order.wallet_id], programme_id=run.id)
    if _is_granted(connection, order, lot_id):
        return lot_id
    if wallets[order.wallet_id].closed:
        raise Refused("The account is closed.", wallet_id=order.wallet_id)
    occasion = movements.occasion(
        connection, programme_id=run.id, currency=currency, now=run.now, on=run.today
    )
    balances = ledger.lock_member_balances(connection, [order.wallet_id], run.id, currency)
    held = balances.get(order.wallet_id)
    repaid, _ = split_credit(order.amount_minor, held.owing if held else 0)
    _write_lot(connection, run, order, lot_id, order.amount_minor - repaid)
    transaction = occasion.transaction(
        spending.goodwill(occasion.purse(order.wallet_id), order.amount_minor, repaid),
        kind=ORIGIN,
        book_id=order.wallet_id,
        fact_id=fact_id,
    )
    movements.book(connection, [transaction])
    return lot_id


def _is_granted(connection: Connection, order: Goodwill, lot_id: UUID) -> bool:
    """Tell whether it was granted before. Raises Conflict when it was another grant."""
    row = connection.execute(SQL.granted, {"id": lot_id}).fetchone()
    if row is None:
        return False
    wallet_id, amount_minor = row
    # What was put in grows less where money that came back was split off into a lot of its own; it never grows.
    if wallet_id != order.wallet_id or amount_minor > order.amount_minor:
        raise Conflict(
            f"“{order.reference}” was granted already, to another member or over another amount.",
            reference=order.reference,
        )
    return True


def _write_lot(
    connection: Connection, run: ProgrammeRun, order: Goodwill, lot_id: UUID, kept_minor: int
) -> None:
    account = gainer(run, None, self_funded=True)
    connection.execute(
        SQL.insert_lot,
        {
            "id": lot_id,
            "wallet_id": order.wallet_id,
            "bucket": bucket_of(order.wallet_id),
            "origin": ORIGIN,
            "currency": run.programme.currency,
            "amount_minor": order.amount_minor,
            "remaining_minor": kept_minor,
            "today": run.today,
            "expires_on": _last_day(run, order.merchant_id),
            "gainer": json.dumps({"kind": account.kind, "owner_id": str(account.owner_id)}),
        },
    )


def _last_day(run: ProgrammeRun, merchant_id: UUID | None) -> date | None:
    """Return the last day of the money: as money of the shop's purchases that is released today."""
    if merchant_id is None:
        return None
    contract = catalog.contract_of_shop(run.id, run.party_names[merchant_id][1], run.today)
    if contract is None or not contract.lot_months:
        return None
    return add_months(run.today, contract.lot_months)
