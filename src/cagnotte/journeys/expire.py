"""What nobody did in time: holds nobody captured, vouchers and lots nobody spent, debts nobody repaid.

Each lot goes to the account that was fixed with it. Wallets are taken some at a time, each time in one database
transaction; what a run that was interrupted has done stays done, and the next run does the rest.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Occasion, Purse
from cagnotte.domain.chart import Account
from cagnotte.journeys import give_up_owing
from cagnotte.wallet import services as wallet
from cagnotte.wallet import voucher_ends
from cagnotte.wallet.movements import SQL, Connection, book, lock_wallets
from cagnotte.wallet.movements import occasion as occasion_of

WALLETS_AT_ONCE_MAX = 2_000
"""Wallets whose lots expire in one database transaction."""

Progress = Callable[[int], None]
"""Told how many lots have expired so far."""

_BEFORE_ALL = UUID(int=0)


@dataclass(slots=True)
class ExpireResult:
    """What expired; amounts in minor units. `gained_minor` is by the kind of account that gained.

    debts, given_up_minor: what members owed for longer than their contracts' period. vouchers: those whose days were
    over; returned_minor: what of them went back to their members, the rest is in gained_minor.
    """

    holds: int = 0
    wallets: int = 0
    lots: int = 0
    amount_minor: int = 0
    gained_minor: Counter[str] = field(default_factory=Counter)
    debts: int = 0
    given_up_minor: int = 0
    vouchers: int = 0
    returned_minor: int = 0

    def add(self, expired: list[tuple[int, str]], wallets: int) -> None:
        """Count the lots of one database transaction."""
        self.wallets += wallets
        self.lots += len(expired)
        for amount_minor, kind in expired:
            self.amount_minor += amount_minor
            self.gained_minor[kind] += amount_minor


@dataclass(frozen=True, slots=True)
class Expiry:
    """In which programme and currency, the clock, and the day: what could be spent until the day before expires."""

    programme_id: UUID
    currency: str
    now: datetime
    on: date


def run(connection: Connection, order: Expiry, *, progress: Progress | None = None) -> ExpireResult:
    """Expire holds, then vouchers, then lots, then debts, of all wallets of a programme; commits by itself.

    A second run finds nothing.
    """
    result = ExpireResult()
    while True:
        with connection.transaction():
            done = wallet.expire_holds(connection, occasion=_occasion(connection, order))
        if not done:
            break
        result.holds += done
    _close_vouchers(connection, order, result)
    _expire_all_lots(connection, order, result, progress)
    given_up = give_up_owing.run(
        connection,
        programme_id=order.programme_id,
        currency=order.currency,
        now=order.now,
        on=order.on,
    )
    result.debts, result.given_up_minor = given_up.debts, given_up.amount_minor
    return result


class Overdue(NamedTuple):
    """A programme with holds that were not captured in time, its currency and time zone."""

    programme_id: UUID
    currency: str
    timezone: str


def overdue(connection: Connection, *, now: datetime) -> list[Overdue]:
    """Return the programmes with holds to give back, by id."""
    with connection.transaction():
        found = connection.execute(SQL.programmes_with_overdue_holds, {"now": now}).fetchall()
    return [Overdue(*row) for row in found]


def give_back_overdue(connection: Connection, programme: Overdue, *, now: datetime) -> int:
    """Give back what orders held and did not capture in time, in one programme; return how many holds.

    A database transaction of its own, of so many holds at once. The night's run does the same; members should not wait
    for it.
    """
    today = now.astimezone(ZoneInfo(programme.timezone)).date()
    order = Expiry(programme.programme_id, programme.currency, now, today)
    with connection.transaction():
        return wallet.expire_holds(connection, occasion=_occasion(connection, order))


def _close_vouchers(connection: Connection, order: Expiry, result: ExpireResult) -> None:
    while True:
        with connection.transaction():
            done = voucher_ends.close_overdue(connection, occasion=_occasion(connection, order))
        if not done.vouchers:
            return
        result.vouchers += done.vouchers
        result.returned_minor += done.returned_minor
        result.gained_minor.update(done.gained)


def _expire_all_lots(
    connection: Connection, order: Expiry, result: ExpireResult, progress: Progress | None
) -> None:
    after = _BEFORE_ALL
    while True:
        with connection.transaction():
            found = _wallets_after(connection, order, after)
            if not found:
                return
            expired = expire_lots(connection, found, occasion=_occasion(connection, order))
        result.add(expired, len(found))
        after = found[-1]
        if progress:
            progress(result.lots)


def _occasion(connection: Connection, order: Expiry) -> Occasion:
    return occasion_of(
        connection,
        programme_id=order.programme_id,
        currency=order.currency,
        now=order.now,
        on=order.on,
    )


def _wallets_after(connection: Connection, order: Expiry, after: UUID) -> list[UUID]:
    rows = connection.execute(
        SQL.wallets_with_expired_lots,
        {
            "programme_id": order.programme_id,
            "currency": order.currency,
            "day": order.on,
            "after": after,
            "at_most": WALLETS_AT_ONCE_MAX,
        },
    )
    return [wallet_id for (wallet_id,) in rows]


def expire_lots(
    connection: Connection, wallet_ids: Iterable[UUID], *, occasion: Occasion
) -> list[tuple[int, str]]:
    """Expire what some wallets could have spent until the day before; one ledger transaction per lot.

    Runs in the caller's database transaction. Returns per lot the amount and the kind of account that gained.
    """
    wallets = lock_wallets(connection, wallet_ids, programme_id=occasion.programme_id)
    lots = connection.execute(
        SQL.lock_expired_lots,
        {
            "wallet_ids": list(wallets),
            "currency": occasion.currency,
            "day": occasion.occurred_on,
        },
    ).fetchall()
    return _to_gainers(connection, lots, occasion, "expired")


def give_up_lots(connection: Connection, wallet_id: UUID, *, occasion: Occasion) -> int:
    """Book all lots of a wallet (locked before) as given up by its owner, whatever their last day; return their sum.

    As expiry: each goes to the account that was fixed with it. Runs in the caller's database transaction.
    """
    values = {"wallet_id": wallet_id, "currency": occasion.currency}
    lots = connection.execute(SQL.lock_open_lots, values).fetchall()
    return sum(amount for amount, _ in _to_gainers(connection, lots, occasion, "given_up"))


def _to_gainers(
    connection: Connection, lots: Sequence[Sequence[Any]], occasion: Occasion, kind: str
) -> list[tuple[int, str]]:
    """Move what locked lots hold to the accounts fixed with them; return per lot the amount and that account's kind."""
    connection.execute(SQL.expire_lots, {"lot_ids": [lot[0] for lot in lots]})
    expired: list[tuple[int, str]] = []
    transactions = []
    for lot_id, wallet_id, remaining_minor, _, frozen in lots:
        purse = occasion.purse(wallet_id)
        gains = gaining_account(purse, frozen)
        expired.append((remaining_minor, gains.kind))
        transactions.append(
            occasion.transaction(
                spending.expire(purse, remaining_minor, gains),
                kind=kind,
                book_id=wallet_id,
                fact_id=lot_id,
            )
        )
    book(connection, transactions)
    return expired


def gaining_account(purse: Purse, frozen: dict[str, Any]) -> Account:
    """Return the account that gains by a lot's expiry, as it was fixed with the lot: its kind and its owner.

    A lot of which nothing was fixed, such as one brought in from another system, goes to the programme.
    """
    if not frozen:
        return purse.programme("breakage")
    return Account(
        str(frozen["kind"]), UUID(str(frozen["owner_id"])), purse.programme_id, purse.currency
    )
