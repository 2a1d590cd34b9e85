"""Taking back what was released: from vouchers, from the reward's own lots, from what expired, then by policy."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString, Protocol
from uuid import UUID

import psycopg

from cagnotte.domain.bookings.earning import Clawback
from cagnotte.domain.chart import Account
from cagnotte.domain.contracts import ClawbackPolicy
from cagnotte.domain.lots import LotView, take_up_to
from cagnotte.domain.vouchers import VoucherState


@dataclass(slots=True)
class _Lot:
    wallet_id: UUID
    purchase_id: UUID | None
    view: LotView
    remaining_minor: int
    expired_minor: int
    gainer: dict[str, str]
    touched: bool = False


@dataclass(slots=True)
class _Voucher:
    wallet_id: UUID
    purchase_id: UUID
    open_minor: int
    expired_minor: int
    taken_minor: int
    used_minor: int
    valid_until: date
    gainer: dict[str, str] | None
    state: str
    touched: bool = False

    @property
    def state_after(self) -> str:
        """A voucher on which nothing is left is used up, or void when nothing of it was used."""
        if self.state in ("expired", "void") or self.open_minor:
            return self.state
        return VoucherState.USED if self.used_minor else VoucherState.VOID


class Rewarded(Protocol):
    """A purchase that money is taken back from."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def wallet_id(self) -> UUID:
        """Whose it is."""

    @property
    def currency(self) -> str:
        """Of its amounts."""


class WalletLots:
    """The locked lots and vouchers of some wallets, from which money is taken back one restatement after the other."""

    def __init__(self, programme_id: UUID) -> None:
        self._programme_id = programme_id
        self._lots: dict[UUID, _Lot] = {}
        self._vouchers: dict[UUID, _Voucher] = {}

    def read_vouchers(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take the rows of the query `vouchers_of_purchases`."""
        for voucher_id, *row in rows:
            self._vouchers[voucher_id] = _Voucher(*row)

    def read(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take the rows of the query `lots`."""
        for (
            lot_id,
            wallet_id,
            purchase_id,
            remaining,
            expired,
            expires_on,
            available_on,
            gainer,
        ) in rows:
            view = LotView(lot_id, remaining, expires_on, available_on or date.min)
            self._lots[lot_id] = _Lot(wallet_id, purchase_id, view, remaining, expired, gainer)

    def take_back(
        self,
        row: "Rewarded",
        amount_minor: int,
        policy: ClawbackPolicy | None,
        vouchers_minor: int = 0,
    ) -> Clawback:
        """Take X back for a purchase and say where it came from; held money is never touched.

        vouchers_minor: of the vouchers that the reward gave, what it would no longer give.
        """
        if not amount_minor:
            return Clawback()
        own = [lot for lot in self._lots.values() if lot.purchase_id == row.id]
        vouchers = [one for one in self._vouchers.values() if one.purchase_id == row.id]
        voucher_minor = self._take_vouchers(vouchers, min(vouchers_minor, amount_minor))
        own_minor = self._take(own, amount_minor - voucher_minor)
        rest = amount_minor - voucher_minor - own_minor
        expired = self._take_expired(own, row.currency, rest)
        rest -= sum(amount for _, amount in expired)
        if vouchers and rest:
            expired_vouchers = self._take_expired_vouchers(vouchers, row.currency, rest)
            rest -= sum(amount for _, amount in expired_vouchers)
            expired += expired_vouchers
        taken = Clawback(own_minor=own_minor, expired=expired, voucher_minor=voucher_minor)
        if policy is ClawbackPolicy.SKIP:
            return taken._replace(losses_minor=rest)
        others = [lot for lot in self._lots.values() if lot.wallet_id == row.wallet_id]
        other_minor = self._take(others, rest)
        rest -= other_minor
        if policy is ClawbackPolicy.TAKE_AVAILABLE:
            return taken._replace(other_minor=other_minor, losses_minor=rest)
        return taken._replace(other_minor=other_minor, owing_minor=rest)

    def _take_vouchers(self, vouchers: list[_Voucher], amount_minor: int) -> int:
        """Take up to an amount of what vouchers still hold, first-ending first; return what was there."""
        taken = 0
        for voucher in sorted(vouchers, key=lambda one: one.valid_until):
            part = min(voucher.open_minor, amount_minor - taken)
            if part > 0:
                voucher.open_minor -= part
                voucher.taken_minor += part
                voucher.touched = True
                taken += part
        return taken

    def _take_expired_vouchers(
        self, vouchers: list[_Voucher], currency: str, amount_minor: int
    ) -> tuple[tuple[Account, int], ...]:
        """Take from whoever gained by the end of the reward's own vouchers."""
        taken = []
        for voucher in vouchers:
            part = min(voucher.expired_minor, amount_minor)
            if part > 0:
                voucher.expired_minor -= part
                voucher.taken_minor += part
                voucher.touched = True
                amount_minor -= part
                taken.append((self._gainer(voucher, currency), part))
        return tuple(taken)

    def _gainer(self, voucher: _Voucher, currency: str) -> Account:
        if voucher.gainer is None:
            return Account("programme.breakage", self._programme_id, self._programme_id, currency)
        owner = UUID(voucher.gainer["owner_id"])
        return Account(voucher.gainer["kind"], owner, self._programme_id, currency)

    def _take(self, lots: list[_Lot], amount_minor: int) -> int:
        """Take up to an amount, first-expiring first; return what was there."""
        if amount_minor <= 0:
            return 0
        views = [
            LotView(lot.view.id, lot.remaining_minor, lot.view.expires_on, lot.view.available_on)
            for lot in lots
        ]
        takes = take_up_to(views, amount_minor)
        for take in takes:
            lot = self._lots[take.lot_id]
            lot.remaining_minor -= take.amount_minor
            lot.touched = True
        return sum(take.amount_minor for take in takes)

    def _take_expired(
        self, own: list[_Lot], currency: str, amount_minor: int
    ) -> tuple[tuple[Account, int], ...]:
        """Take from whoever gained by the expiry of the reward's own lots."""
        taken = []
        for lot in sorted(own, key=lambda each: each.view.id):
            part = min(lot.expired_minor, amount_minor)
            if part > 0:
                lot.expired_minor -= part
                lot.touched = True
                amount_minor -= part
                owner = UUID(lot.gainer["owner_id"])
                taken.append(
                    (Account(lot.gainer["kind"], owner, self._programme_id, currency), part)
                )
        return tuple(taken)

    def write(
        self,
        connection: psycopg.Connection[Any],
        query: LiteralString,
        vouchers_query: LiteralString,
    ) -> None:
        """Write the lots and vouchers that gave something."""
        given = [(key, one) for key, one in sorted(self._vouchers.items()) if one.touched]
        if given:
            connection.execute(
                vouchers_query,
                {
                    "ids": [voucher_id for voucher_id, _ in given],
                    "taken": [one.taken_minor for _, one in given],
                    "expired": [one.expired_minor for _, one in given],
                    "states": [one.state_after for _, one in given],
                },
            )
        touched = [(lot_id, lot) for lot_id, lot in sorted(self._lots.items()) if lot.touched]
        if touched:
            connection.execute(
                query,
                {
                    "ids": [lot_id for lot_id, _ in touched],
                    "remaining": [lot.remaining_minor for _, lot in touched],
                    "expired": [lot.expired_minor for _, lot in touched],
                },
            )
