"""Taking back what was released: from the reward's own lots, from what expired of them, then by policy."""

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


@dataclass(slots=True)
class _Lot:
    wallet_id: UUID
    purchase_id: UUID | None
    view: LotView
    remaining_minor: int
    expired_minor: int
    gainer: dict[str, str]
    touched: bool = False


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
    """The locked lots of some wallets, from which money is taken back one restatement after the other."""

    def __init__(self, programme_id: UUID) -> None:
        self._programme_id = programme_id
        self._lots: dict[UUID, _Lot] = {}

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
        self, row: "Rewarded", amount_minor: int, policy: ClawbackPolicy | None
    ) -> Clawback:
        """Take X back for a purchase and say where it came from; held money is never touched."""
        if not amount_minor:
            return Clawback()
        own = [lot for lot in self._lots.values() if lot.purchase_id == row.id]
        own_minor = self._take(own, amount_minor)
        expired = self._take_expired(own, row.currency, amount_minor - own_minor)
        rest = amount_minor - own_minor - sum(amount for _, amount in expired)
        if policy is ClawbackPolicy.SKIP:
            return Clawback(own_minor=own_minor, expired=expired, losses_minor=rest)
        others = [lot for lot in self._lots.values() if lot.wallet_id == row.wallet_id]
        other_minor = self._take(others, rest)
        rest -= other_minor
        if policy is ClawbackPolicy.TAKE_AVAILABLE:
            return Clawback(own_minor, other_minor, expired, losses_minor=rest)
        return Clawback(own_minor, other_minor, expired, owing_minor=rest)

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

    def write(self, connection: psycopg.Connection[Any], query: LiteralString) -> None:
        """Write the lots that gave something."""
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
