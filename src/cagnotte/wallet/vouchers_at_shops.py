"""Vouchers as shops' own software knows them: what is to be told, what was, and when a shop is asked again.

What is written here moves no money. Whoever tells or reads a voucher at a shop holds it alone (`alone`), outside of
database transactions, for calls take long.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cagnotte.domain.vouchers import AtShop
from cagnotte.platform import secrets_box
from cagnotte.platform.sql import load
from cagnotte.wallet.movements import Connection

SQL = load("vouchers_at_shops")

AT_ONCE_MAX = 200
"""Vouchers that one round of the worker tells, and reads."""


@dataclass(frozen=True, slots=True)
class AtShopView:
    """How a shop's software knows a voucher; see `wallet.models.VoucherAtShop`. connection: the name files use."""

    voucher_id: UUID
    programme_id: UUID
    account_id: UUID
    connection: str
    form: str
    customer: str
    state: AtShop
    native_id: str
    code: str
    starts_at: datetime
    ends_at: datetime
    attempts: int
    last_error: str
    told_at: datetime | None
    read_at: datetime | None


def at_shops(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, AtShopView]:
    """Return how shops know vouchers, by voucher; those that are at no shop are left out."""
    rows = connection.execute(SQL.at_shops, {"ids": list(ids)}).fetchall()
    return {row[0]: _view(row) for row in rows}


def at_shop(connection: Connection, voucher_id: UUID) -> AtShopView | None:
    """Return how a shop knows a voucher, None when it is at no shop."""
    return at_shops(connection, [voucher_id]).get(voucher_id)


def _view(row: tuple[Any, ...]) -> AtShopView:
    voucher_id, programme_id, account_id, ref, form, customer, state, native_id, code, *rest = row
    return AtShopView(
        voucher_id,
        programme_id,
        account_id,
        ref,
        form,
        _unsealed(customer),
        AtShop(state),
        native_id,
        _unsealed(code),
        *rest,
    )


def _unsealed(text: str) -> str:
    return secrets_box.unseal(text) if text else ""


def _sealed(text: str) -> str:
    return secrets_box.seal(text) if text else ""


# ---- what is to be done ----


@dataclass(frozen=True, slots=True)
class ToTell:
    """A voucher that a shop is to be told of; as in `AtShopView`."""

    voucher_id: UUID
    programme_id: UUID
    account_id: UUID
    form: str
    customer: str
    starts_at: datetime
    ends_at: datetime


def want(connection: Connection, ask: ToTell, *, now: datetime) -> None:
    """Note that a shop is to be told of a voucher; noted before, it stays as it was."""
    values = {name: getattr(ask, name) for name in ask.__slots__}
    sealed = _sealed(values.pop("customer"))
    connection.execute(SQL.insert_at_shop, {**values, "sealed_customer": sealed, "now": now})


def call_off(connection: Connection, voucher_id: UUID, *, now: datetime) -> bool:
    """Note that a voucher is to be ended at its shop; false when the shop does not know it, or no more."""
    values = {"voucher_id": voucher_id, "now": now}
    return connection.execute(SQL.call_off_at_shop, values).fetchone() is not None


def due(
    connection: Connection, *, now: datetime, account_id: UUID | None = None
) -> list[tuple[UUID, UUID]]:
    """Return vouchers that shops are to be told of, or that are to be ended there, each behind its account.

    Those that wait longest come first.
    """
    values = {"now": now, "account_id": account_id, "at_most": AT_ONCE_MAX}
    return [(row[0], row[1]) for row in connection.execute(SQL.due_at_shops, values)]


def to_read(
    connection: Connection, *, now: datetime, account_id: UUID | None = None
) -> dict[UUID, list[UUID]]:
    """Return vouchers whose shops are to be asked about them, by account."""
    values = {"now": now, "account_id": account_id, "at_most": AT_ONCE_MAX}
    found: dict[UUID, list[UUID]] = {}
    for account, voucher_id in connection.execute(SQL.to_read_at_shops, values):
        found.setdefault(account, []).append(voucher_id)
    return found


@contextmanager
def alone(connection: Connection, name: UUID) -> Iterator[bool]:
    """Tell whether this process may tell or read a voucher, or an account's; no other may until this ends."""
    connection.commit()
    with connection.transaction():
        row = connection.execute(SQL.try_to_tell, {"name": str(name)}).fetchone()
    if row != (True,):
        yield False
        return
    try:
        yield True
    finally:
        if not connection.closed:
            with connection.transaction():
                connection.execute(SQL.stop_telling, {"name": str(name)})


# ---- what was done ----


@dataclass(frozen=True, slots=True)
class Told:
    """What a shop said of a voucher that it takes. over: there is nothing to be read of it. code: "" = ours."""

    native_id: str
    code: str
    next_at: datetime
    over: bool = False


def note_told(connection: Connection, voucher_id: UUID, told: Told, *, now: datetime) -> None:
    """Note that a shop takes a voucher."""
    connection.execute(
        SQL.note_told,
        {
            "voucher_id": voucher_id,
            "native_id": told.native_id,
            "sealed_code": _sealed(told.code),
            "next_at": told.next_at,
            "over": told.over,
            "now": now,
        },
    )


def note_end(connection: Connection, voucher_id: UUID, state: AtShop, error: str = "") -> None:
    """Note that nobody can use a voucher at its shop, or that the shop refused it, and why."""
    values = {"voucher_id": voucher_id, "state": state.value, "error": error}
    connection.execute(SQL.note_end, values)


def note_failure(
    connection: Connection, ids: Iterable[UUID], error: str, *, next_at: datetime, failed: bool
) -> None:
    """Note why a shop could not be asked, and when it is again. failed: it did not merely ask to be called later."""
    values = {"ids": list(ids), "error": error, "next_at": next_at, "failed": int(failed)}
    connection.execute(SQL.note_failure, values)


def note_read(
    connection: Connection,
    voucher_id: UUID,
    *,
    now: datetime,
    next_at: datetime,
    over: bool,
    error: str = "",
) -> None:
    """Note that all uses of a voucher up to `now` are booked, but for what `error` says."""
    connection.execute(
        SQL.note_read,
        {
            "voucher_id": voucher_id,
            "now": now,
            "next_at": next_at,
            "over": over,
            "error": error,
        },
    )
