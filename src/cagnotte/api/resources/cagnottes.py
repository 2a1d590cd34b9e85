"""Cagnottes: what a member holds, by state and by lot, now or as of a day, and what moved it."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, member_of, publishable, secret
from cagnotte.api.errors import MemberTokenInvalid
from cagnotte.api.shapes import Amount, amount, nothing, read_id
from cagnotte.domain.chart import Account
from cagnotte.domain.ids import public_id
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Wallet
from cagnotte.ledger import selectors as ledger
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.wallet import selectors as wallets

router = Router(tags=["Cagnottes"])

STATES = ("pending", "confirmed", "available", "held", "owing")


class Cagnotte(Schema):
    """What a member holds; every amount is zero or more."""

    id: str = Field(examples=["wal_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["cagnotte"] = "cagnotte"
    as_of: date | None = Field(description="The day asked for; null = now.")
    state: Literal["open", "frozen", "closed"]
    pending: Amount = Field(description="Earned, not confirmed by the shop yet.")
    confirmed: Amount = Field(description="Confirmed, and waiting for its delay.")
    available: Amount = Field(description="To spend or to be paid.")
    held: Amount = Field(description="Reserved for an order or a payout under way.")
    owing: Amount = Field(
        description="What a return took back after it was spent; the next rewards repay it."
    )
    spendable: Amount = Field(description="Available, less what is owed; zero while more is owed.")


class Change(Schema):
    """What one movement did to one state; less than zero where money left it."""

    state: str
    amount: Amount


class Movement(Schema):
    """One entry of a cagnotte's book."""

    id: str = Field(examples=["mov_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["movement"] = "movement"
    kind: str = Field(description="What happened: see the reference of bookings.")
    occurred_on: date
    effective_on: date
    recorded_at: datetime
    changes: list[Change]


class Movements(pages.Page):
    """A page of movements."""

    data: list[Movement]


class Lot(Schema):
    """Money that became available together and expires together."""

    id: str = Field(examples=["lot_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["lot"] = "lot"
    remaining: Amount
    available_on: date
    expires_on: date | None = Field(
        description="The last day it can be spent; null = never expires."
    )


class Lots(pages.Page):
    """All lots with something left, in the order in which they are spent."""

    data: list[Lot]


AsOf = Annotated[date | None, Query(description="What counted up to this day; without it, now.")]


@router.get("/cagnottes/{cagnotte_id}", response=Cagnotte, auth=secret("cagnottes:read"))
def get_cagnotte(request: ApiRequest, cagnotte_id: str, as_of: AsOf = None) -> Cagnotte:
    """Return what a member holds, by state."""
    return cagnotte_of(request, _wallet(request, cagnotte_id), as_of)


@router.get("/cagnottes/{cagnotte_id}/movements", response=Movements, auth=secret("cagnottes:read"))
def list_movements(
    request: ApiRequest, cagnotte_id: str, limit: pages.Limit = 20, cursor: pages.Cursor = None
) -> Movements:
    """Return what changed a cagnotte, newest first."""
    wallet, key = _wallet(request, cagnotte_id), request.key
    rows = ledger.movements(
        shared_connection(),
        wallet.id,
        key.programme_id,
        key.currency,
        count=limit + 1,
        before=pages.place_id(cursor, of=f"movements.{wallet.id.hex}"),
    )
    cut = pages.page(
        rows, limit, of=f"movements.{wallet.id.hex}", key=lambda row: [row.transaction_id]
    )
    return Movements(data=[_movement(row) for row in cut.rows], **cut.rest)


@router.get("/cagnottes/{cagnotte_id}/lots", response=Lots, auth=secret("cagnottes:read"))
def list_lots(request: ApiRequest, cagnotte_id: str) -> Lots:
    """Return all lots with something left, the one that is spent next first."""
    wallet, currency = _wallet(request, cagnotte_id), request.key.currency
    lots = wallets.lots_of_wallet(shared_connection(), wallet.id, currency)
    return Lots(
        data=[
            Lot(
                id=public_id("lot", lot.id),
                remaining=amount(lot.remaining_minor, currency),
                available_on=lot.available_on,
                expires_on=lot.expires_on,
            )
            for lot in lots
        ],
        has_more=False,
        next_cursor=None,
    )


@router.get("/me/cagnotte", response=Cagnotte, auth=publishable("catalog:read"))
def get_my_cagnotte(request: ApiRequest) -> Cagnotte:
    """Return what the member of the header Cagnotte-Member holds; for widgets in that member's browser."""
    member_id = member_of(request)
    if member_id is None:
        raise MemberTokenInvalid("Send the member's token in the header Cagnotte-Member.")
    member = identity.member(request.key.programme_id, member_id)
    if member is None:
        raise MemberTokenInvalid
    return cagnotte_of(request, member.wallet, None)


def cagnotte_of(request: ApiRequest, wallet: Wallet, as_of: date | None) -> Cagnotte:
    """Render what a wallet holds."""
    currency, states = request.key.currency, _states(request, wallet.id, as_of)
    return Cagnotte(
        id=public_id("wal", wallet.id),
        as_of=as_of,
        state="closed" if wallet.closed_at else "frozen" if wallet.frozen else "open",
        pending=amount(states["pending"], currency),
        confirmed=amount(states["confirmed"], currency),
        available=amount(states["available"], currency),
        held=amount(states["held"], currency),
        owing=amount(states["owing"], currency),
        spendable=amount(max(states["available"] - states["owing"], 0), currency),
    )


def _states(request: ApiRequest, wallet_id: UUID, as_of: date | None) -> dict[str, int]:
    connection, key = shared_connection(), request.key
    if as_of is None:
        found = ledger.member_balances(connection, [wallet_id], key.programme_id, key.currency)
        return {state: getattr(found[wallet_id], state) for state in STATES}
    return {
        state: ledger.balance(
            connection,
            Account(f"member.{state}", wallet_id, key.programme_id, key.currency),
            as_of_effective=as_of,
        )
        for state in STATES
    }


def _wallet(request: ApiRequest, cagnotte_id: str) -> Wallet:
    found = identity.wallet(request.key.programme_id, read_id("wal", cagnotte_id, "cagnotte"))
    if found is None:
        raise nothing(cagnotte_id, "cagnotte")
    return found


def _movement(row: ledger.Movement) -> Movement:
    return Movement(
        id=public_id("mov", row.transaction_id),
        kind=row.kind,
        occurred_on=row.occurred_on,
        effective_on=row.effective_on,
        recorded_at=row.recorded_at,
        changes=[
            Change(state=state, amount=amount(minor, row.currency))
            for state, minor in row.changes.items()
        ],
    )
