"""What becomes available after an account was closed is paid to its owner, or kept aside, before it could expire."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.journeys import close_account
from cagnotte.journeys.close_account import Closing
from cagnotte.journeys.failures import set_aside
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.wallet.movements import SQL

Connection = psycopg.Connection[Any]

WALLETS_AT_ONCE_MAX = 1_000
"""Closed wallets that are looked up at a time; each is settled in a database transaction of its own."""

_BEFORE_ALL = UUID(int=0)


@dataclass(slots=True)
class Tended:
    """What became of the money of closed accounts, in minor units.

    wallets: how many had some. payout_minor: in last payouts. unclaimed_minor: kept for their owners. renounced_minor:
    given up by members who were erased. failed: wallets that are left to the next night.
    """

    wallets: int = 0
    payout_minor: int = 0
    unclaimed_minor: int = 0
    renounced_minor: int = 0
    failed: int = 0


def tend(connection: Connection, run: ProgrammeRun, *, on: date | None = None) -> Tended:
    """Close again each closed account that holds available money; commits by itself. A second run finds nothing.

    on: the day in the programme's time zone; None is today. An account that fails keeps no other waiting.
    """
    result = Tended()
    for wallet_id in _wallets(connection, run):
        currency = run.programme.currency
        order = Closing(run.id, wallet_id, currency, run.now, on or run.today)
        try:
            closed = close_account.run(connection, order)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are not kept waiting
            set_aside(connection, error, "a closed cagnotte waits", wallet=str(wallet_id))
            result.failed += 1
            continue
        result.wallets += 1
        result.payout_minor += closed.payout_minor
        result.unclaimed_minor += closed.unclaimed_minor
        result.renounced_minor += closed.renounced_minor
    return result


def _wallets(connection: Connection, run: ProgrammeRun) -> list[UUID]:
    """Return all closed wallets that hold available money, in the order of their ids."""
    found: list[UUID] = []
    while True:
        values = {
            "programme_id": run.id,
            "currency": run.programme.currency,
            "after": found[-1] if found else _BEFORE_ALL,
            "at_most": WALLETS_AT_ONCE_MAX,
        }
        with connection.transaction():
            rows = connection.execute(SQL.closed_wallets_with_lots, values).fetchall()
        found += [wallet_id for (wallet_id,) in rows]
        if len(rows) < WALLETS_AT_ONCE_MAX:
            return found
