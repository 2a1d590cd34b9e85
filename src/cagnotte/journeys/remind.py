"""Members are reminded, once a day for each programme: of money that will expire, of money that waits, of higher rates.

Each reminder has a key of its own, so that a day that is done twice, or was left out, reminds of everything once.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import psycopg

from cagnotte.catalog import favourites
from cagnotte.domain.money import decimals_of
from cagnotte.identity.models import Party
from cagnotte.journeys import find_shops
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.notices import letters, telling
from cagnotte.notices.telling import News
from cagnotte.platform.sql import load

SQL = load("notices")

Connection = psycopg.Connection[Any]

WARNED_DAYS = (7, 30, 60)
"""So many days before its last one, members are told that money will expire; of late ones, only the nearest."""

IDLE_DAYS = 30
"""Money that lies for so long is worth a word."""

LEAST_UNITS = 5
"""Of the currency (5.00 €): less is not worth a word."""

TOLD_AT_ONCE = 2_000


def run(connection: Connection, run: ProgrammeRun) -> int:
    """Remind a programme's members of what is due today; return how many notices were made. Commits by itself."""
    count = 0
    chunk: list[News] = []
    due = [*_expiring(connection, run), *_idle(connection, run)]
    connection.commit()
    for one in due:
        chunk.append(one)
        if len(chunk) == TOLD_AT_ONCE:
            count += _tell(connection, chunk, run)
            chunk = []
    count += _tell(connection, chunk, run)
    with connection.transaction():
        count += telling.tell_all(connection, _rises(connection, run), now=run.now)
    telling.tidy(connection, now=run.now)
    letters.tidy(connection, now=run.now)
    return count


def _tell(connection: Connection, chunk: list[News], run: ProgrammeRun) -> int:
    with connection.transaction():
        return telling.tell_all(connection, chunk, now=run.now)


def _expiring(connection: Connection, run: ProgrammeRun) -> Iterator[News]:
    until = run.today + timedelta(days=max(WARNED_DAYS))
    values = {"programme_id": run.id, "today": run.today, "until": until}
    for wallet_id, expires_on, amount_minor in connection.execute(SQL.expiring, values):
        days = _warned(expires_on, run.today)
        facts = {
            "amount_minor": amount_minor,
            "currency": run.programme.currency,
            "expires_on": expires_on,
            "days": days,
        }
        yield News(run.id, wallet_id, "expiring", f"{expires_on}/{days}", facts, run.now)


def _warned(expires_on: date, today: date) -> int:
    """Return which of the warnings it is time for."""
    left = (expires_on - today).days
    return next(days for days in WARNED_DAYS if left <= days)


def _idle(connection: Connection, run: ProgrammeRun) -> Iterator[News]:
    currency = run.programme.currency
    values = {
        "programme_id": run.id,
        "today": run.today,
        "since": run.today - timedelta(days=IDLE_DAYS),
        "least_minor": LEAST_UNITS * 10 ** decimals_of(currency),
    }
    quarter = f"{run.today.year}-Q{(run.today.month + 2) // 3}"
    for wallet_id, amount_minor in connection.execute(SQL.idle_money, values):
        facts = {"amount_minor": amount_minor, "currency": currency}
        yield News(run.id, wallet_id, "reminder", quarter, facts, run.now)


def _rises(connection: Connection, run: ProgrammeRun) -> list[News]:
    """Return who is to be told that a shop gives more; it is noted with it, in one database transaction."""
    book = find_shops.best_of(connection, run.programme, now=run.now)
    alerts = favourites.due_alerts(connection, run.id, book, now=run.now)
    shops = Party.objects.in_bulk({one.merchant_id for one in alerts})
    return [
        News(
            run.id,
            one.wallet_id,
            "favourite",
            one.key,
            {
                "shop": shops[one.merchant_id].name or shops[one.merchant_id].ref,
                "shop_ref": shops[one.merchant_id].ref,
                "given": asdict(one.given),
                "before": asdict(one.before) if one.before else None,
                "currency": run.programme.currency,
            },
            run.now,
        )
        for one in alerts
    ]
