"""Reading vouchers, their uses and refunds, as values; and their codes, which stand nowhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import psycopg

from cagnotte.domain import voucher_codes
from cagnotte.domain.errors import NotFound
from cagnotte.domain.money import Money
from cagnotte.domain.vouchers import SYNC_DAYS, Terms, VoucherOrigin, VoucherState
from cagnotte.platform import secrets_box
from cagnotte.platform.sql import load

SQL = load("vouchers")

Connection = psycopg.Connection[Any]


UseKind = Literal["used", "double_paid", "double_unpaid"]
"""Whether a shop is paid for a use, and by whom; see `wallet.models.VoucherUse`."""


@dataclass(frozen=True, slots=True)
class VoucherView:
    """A voucher; amounts in minor units of its terms' currency, see `wallet.models.Voucher`."""

    id: UUID
    programme_id: UUID
    wallet_id: UUID
    origin: VoucherOrigin
    reference: str
    state: VoucherState
    terms: Terms
    used_minor: int
    returned_minor: int
    expired_minor: int
    taken_minor: int
    hold_id: UUID | None
    purchase_id: UUID | None
    last4: str
    breakage_account: dict[str, str] | None
    created_at: datetime

    @property
    def open_minor(self) -> int:
        """What it still holds."""
        gone = self.used_minor + self.returned_minor + self.expired_minor + self.taken_minor
        return self.terms.amount_minor - gone

    @property
    def amount(self) -> Money:
        """What it was issued for."""
        return Money(self.terms.amount_minor, self.terms.currency)

    @property
    def open(self) -> Money:
        """What it still holds, as money."""
        return Money(self.open_minor, self.terms.currency)


@dataclass(frozen=True, slots=True)
class UseView:
    """What a voucher paid of an order."""

    id: UUID
    voucher_id: UUID
    programme_id: UUID
    wallet_id: UUID
    merchant_id: UUID
    order_ref: str
    currency: str
    amount_minor: int
    refunded_minor: int
    kind: UseKind
    used_on: date
    recorded_at: datetime

    @property
    def amount(self) -> Money:
        """What it paid."""
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class VoucherRefundView:
    """What came back of a use: on the voucher, or to the member, of which some repaid a debt."""

    id: UUID
    use_id: UUID
    reference: str
    wallet_id: UUID
    amount_minor: int
    to_voucher: bool
    repaid_minor: int
    refunded_at: datetime


# ---- codes ----------------------------------------------------------------------------------------------------


def code_of(voucher_id: UUID) -> str:
    """Return the code of a voucher: drawn from its id by a key that the database does not hold."""
    drawn = int(secrets_box.fingerprint(f"the code of voucher {voucher_id}"), 16)
    return voucher_codes.code_of(drawn >> (256 - voucher_codes.CODE_BITS))


def code_hash(code: str) -> str:
    """Return the keyed hash by which a code, as `voucher_codes.read` gives it, is found."""
    return secrets_box.fingerprint(f"voucher code {code}")


# ---- vouchers -------------------------------------------------------------------------------------------------


def vouchers_by_id(connection: Connection, ids: Iterable[UUID]) -> list[VoucherView]:
    """Return vouchers in the order of their ids; those that do not exist are left out."""
    rows = connection.execute(SQL.vouchers_by_id, {"ids": list(ids)})
    return [_voucher(row) for row in rows]


def lock_vouchers(connection: Connection, ids: Iterable[UUID]) -> list[VoucherView]:
    """Lock vouchers in the order of their ids and return them; their wallets and holds are locked before."""
    rows = connection.execute(SQL.lock_vouchers, {"ids": list(ids)})
    return [_voucher(row) for row in rows]


def voucher(connection: Connection, programme_id: UUID, voucher_id: UUID) -> VoucherView:
    """Return a voucher of a programme. Raises NotFound."""
    found = vouchers_by_id(connection, [voucher_id])
    if not found or found[0].programme_id != programme_id:
        raise NotFound("There is no such voucher in this programme.", voucher_id=voucher_id)
    return found[0]


def voucher_of_code(connection: Connection, programme_id: UUID, typed: str) -> VoucherView:
    """Return the voucher of a code as a person typed it.

    Raises InvalidInput when it cannot be a code, NotFound when no voucher of the programme has it.
    """
    values = {"programme_id": programme_id, "code_hash": code_hash(voucher_codes.read(typed))}
    row = connection.execute(SQL.voucher_of_code, values).fetchone()
    if row is None:
        raise NotFound("No voucher of this programme has that code.")
    return vouchers_by_id(connection, [row[0]])[0]


def voucher_of_reference(
    connection: Connection, programme_id: UUID, origin: VoucherOrigin, reference: str
) -> VoucherView | None:
    """Return the voucher that a reference stands for, if any."""
    values = {"programme_id": programme_id, "origin": origin.value, "reference": reference}
    row = connection.execute(SQL.voucher_of_reference, values).fetchone()
    return vouchers_by_id(connection, [row[0]])[0] if row else None


def vouchers_page(
    connection: Connection,
    programme_id: UUID,
    *,
    wallet_id: UUID | None = None,
    before: UUID | None = None,
    at_most: int,
) -> list[VoucherView]:
    """Return vouchers, newest first: of one wallet or of all, those after `before`, the last of the page before."""
    values = {
        "programme_id": programme_id,
        "wallet_id": wallet_id,
        "before": before,
        "at_most": at_most,
    }
    ids = [row[0] for row in connection.execute(SQL.vouchers_page, values)]
    found = {one.id: one for one in vouchers_by_id(connection, ids)}
    return [found[voucher_id] for voucher_id in ids]


def open_vouchers(connection: Connection, programme_id: UUID, wallet_id: UUID) -> list[VoucherView]:
    """Return the vouchers of a wallet that still hold something, those that end first in front."""
    values = {"programme_id": programme_id, "wallet_id": wallet_id}
    ids = [row[0] for row in connection.execute(SQL.open_vouchers, values)]
    found = {one.id: one for one in vouchers_by_id(connection, ids)}
    return [found[voucher_id] for voucher_id in ids]


def vouchers_to_close(
    connection: Connection, *, programme_id: UUID, currency: str, day: date, at_most: int
) -> list[UUID]:
    """Return vouchers that hold something although their days are over, the oldest first."""
    values = {
        "programme_id": programme_id,
        "currency": currency,
        "day": day,
        "at_most": at_most,
        "grace_days": SYNC_DAYS,
    }
    return [row[0] for row in connection.execute(SQL.vouchers_to_close, values)]


# ---- uses and refunds -----------------------------------------------------------------------------------------


def use_of_order(
    connection: Connection, voucher_id: UUID, merchant_id: UUID, order_ref: str
) -> UseView | None:
    """Return what a voucher paid of an order, if it did."""
    values = {"voucher_id": voucher_id, "merchant_id": merchant_id, "order_ref": order_ref}
    row = connection.execute(SQL.use_of_order, values).fetchone()
    return UseView(*row) if row else None


def use_by_id(connection: Connection, use_id: UUID) -> UseView | None:
    """Return a use."""
    row = connection.execute(SQL.use_by_id, {"id": use_id}).fetchone()
    return UseView(*row) if row else None


def uses_of_voucher(connection: Connection, voucher_id: UUID) -> list[UseView]:
    """Return what a voucher paid, oldest first."""
    return [
        UseView(*row) for row in connection.execute(SQL.uses_of_voucher, {"voucher_id": voucher_id})
    ]


def double_uses(connection: Connection, programme_id: UUID, *, at_most: int) -> list[UseView]:
    """Return signed vouchers that were taken although they had been used, newest first."""
    values = {"programme_id": programme_id, "at_most": at_most}
    return [UseView(*row) for row in connection.execute(SQL.double_uses, values)]


def refund_of_use(connection: Connection, use_id: UUID, reference: str) -> VoucherRefundView | None:
    """Return the refund of a use that a reference stands for."""
    row = connection.execute(
        SQL.refund_of_use, {"use_id": use_id, "reference": reference}
    ).fetchone()
    return VoucherRefundView(*row) if row else None


def _voucher(row: Sequence[Any]) -> VoucherView:
    (
        voucher_id, programme_id, wallet_id, origin, reference, state, currency, amount_minor, used_minor,
        returned_minor, expired_minor, taken_minor, valid_from, valid_until, minimum_basket_minor, partial_use,
        merchant_id, signed, hold_id, purchase_id, last4, breakage_account, created_at,
    ) = row  # fmt: skip
    return VoucherView(
        id=voucher_id,
        programme_id=programme_id,
        wallet_id=wallet_id,
        origin=VoucherOrigin(origin),
        reference=reference,
        state=VoucherState(state),
        terms=Terms(
            currency=currency,
            amount_minor=amount_minor,
            valid_from=valid_from,
            valid_until=valid_until,
            minimum_basket_minor=minimum_basket_minor,
            partial_use=partial_use,
            merchant_id=merchant_id,
            signed=signed,
        ),
        used_minor=used_minor,
        returned_minor=returned_minor,
        expired_minor=expired_minor,
        taken_minor=taken_minor,
        hold_id=hold_id,
        purchase_id=purchase_id,
        last4=last4,
        breakage_account=breakage_account,
        created_at=created_at,
    )
