"""What members owe and have not repaid in time is given up: row 10 of the bookings.

A clawback that found no money left a debt. Every later credit repays it, the oldest first; what is left of it after
the period that its contract names (`give_up_owing_days`) is the programme's loss.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.bookings import spending
from cagnotte.ledger import selectors as ledger
from cagnotte.platform.sql import load
from cagnotte.wallet.movements import book, lock_wallets
from cagnotte.wallet.movements import occasion as occasion_of

Connection = psycopg.Connection[Any]
SQL = load("give_up_owing")

WALLETS_AT_ONCE_MAX = 2_000
"""Wallets whose debts are looked at in one database transaction."""

_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """How many debts were given up, and how much they came to in minor units."""

    debts: int = 0
    amount_minor: int = 0


def run(
    connection: Connection, *, programme_id: UUID, currency: str, now: datetime, on: date
) -> GivenUp:
    """Give up what was due by the day before `on`; commits by itself. A second run finds nothing."""
    debts = amount_minor = 0
    after = _BEFORE_ALL
    while True:
        with connection.transaction():
            query = {
                "programme_id": programme_id,
                "currency": currency,
                "after": after,
                "at_most": WALLETS_AT_ONCE_MAX,
            }
            wallets = [wallet_id for (wallet_id,) in connection.execute(SQL.wallets_owing, query)]
            if not wallets:
                return GivenUp(debts, amount_minor)
            occasion = occasion_of(
                connection, programme_id=programme_id, currency=currency, now=now, on=on
            )
            given_up = _give_up(connection, wallets, occasion)
        debts += len(given_up)
        amount_minor += sum(given_up)
        after = wallets[-1]


def _give_up(connection: Connection, wallets: list[UUID], occasion: spending.Occasion) -> list[int]:
    """Give up the overdue debts of some wallets, one ledger transaction each; return their amounts."""
    lock_wallets(connection, wallets, programme_id=occasion.programme_id)
    ledger.lock_member_balances(connection, wallets, occasion.programme_id, occasion.currency)
    overdue = connection.execute(
        SQL.overdue_debts,
        {
            "programme_id": occasion.programme_id,
            "currency": occasion.currency,
            "wallet_ids": wallets,
            "day": occasion.occurred_on,
        },
    ).fetchall()
    book(
        connection,
        [
            occasion.transaction(
                spending.give_up_owing(occasion.purse(wallet_id), left_minor),
                kind="owing_given_up",
                book_id=wallet_id,
                fact_id=fact_id,
            )
            for wallet_id, fact_id, left_minor in overdue
        ],
    )
    return [left_minor for _, _, left_minor in overdue]
