"""Take over from another system: members' opening balances, booked once against opening equity.

A row that is loaded again unchanged books nothing. A restated row (what was pending there is available now) books
the difference. Money already made available is the member's, and is never taken back by a file.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from cagnotte.catalog.programme_file.schema import OpeningRow, OpeningSection
from cagnotte.domain import ids
from cagnotte.domain.bookings.spending import Leg, Occasion
from cagnotte.domain.chart import Account
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Programme
from cagnotte.journeys.records import chunks
from cagnotte.ledger import selectors as balances
from cagnotte.ledger import services as ledger
from cagnotte.platform import sql
from cagnotte.wallet import movements

SQL = sql.load("take_over")

Connection = psycopg.Connection[Any]

ORIGIN = "opening"
"""Origin of lots made here, and the kind of their transactions."""

OPENING_COLUMNS = (
    'id, programme_id, member_ref, "row", version, wallet_id, bucket, opened_on, pending_minor, confirmed_minor, '
    "available_minor, available_on, expires_on, recorded_at"
)
LOT_COLUMNS = (
    "id, wallet_id, bucket, origin, currency, amount_minor, remaining_minor, expired_minor, available_on, expires_on, "
    "breakage_to, breakage_account"
)


class Brought(NamedTuple):
    """What one row says the member brings; amounts in minor units."""

    opened_on: date
    pending_minor: int
    confirmed_minor: int
    available_minor: int
    available_on: date
    expires_on: date | None


NOTHING = Brought(date.min, 0, 0, 0, date.min, None)


class Row(NamedTuple):
    """One row of the file, named among its member's."""

    member_ref: str
    name: str
    brought: Brought


class Refusal(NamedTuple):
    """A row that was not booked, and why."""

    member_ref: str
    row: str
    sentence: str


@dataclass(slots=True)
class TakenOver:
    """What became of the rows. Sums are what was booked by this run, in minor units.

    waiting: members of rows who are not enrolled yet; load the file again once they are.
    """

    new: int = 0
    restated: int = 0
    unchanged: int = 0
    pending_minor: int = 0
    confirmed_minor: int = 0
    available_minor: int = 0
    waiting: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Booking:
    """A row to be booked: what stood before, and the version this becomes."""

    row: Row
    before: Brought
    version: int
    wallet_id: UUID
    fact_id: UUID

    @property
    def gained_minor(self) -> int:
        """What becomes available by it."""
        return self.row.brought.available_minor - self.before.available_minor


def run(
    connection: Connection, *, programme: Programme, opening: OpeningSection, now: datetime
) -> TakenOver:
    """Book opening balances inside the caller's transaction. The same rows again change nothing.

    Raises PeriodClosed never: a day in a closed period is booked on the first open one.
    """
    taken = TakenOver()
    members = identity.member_index(connection, programme.id)
    occasion = movements.occasion(
        connection, programme_id=programme.id, currency=programme.currency, now=now, on=opening.on
    )
    for chunk in chunks(named_rows(opening)):
        enrolled = [row for row in chunk if row.member_ref in members]
        taken.waiting += sorted({row.member_ref for row in chunk if row.member_ref not in members})
        bookings = _to_book(connection, programme.id, enrolled, members, taken)
        if bookings:
            _book(connection, bookings, occasion)
    return taken


def named_rows(opening: OpeningSection) -> Iterator[Row]:
    """Give the rows with their names: the one written, else their position among the member's rows, from 1."""
    positions: Counter[str] = Counter()
    for row in opening.members:
        positions[row.member] += 1
        yield Row(row.member, row.row or str(positions[row.member]), _brought(row, opening.on))


def _brought(row: OpeningRow, on: date) -> Brought:
    return Brought(
        opened_on=on,
        pending_minor=row.pending,
        confirmed_minor=row.confirmed,
        available_minor=row.available,
        available_on=row.available_on or on,
        expires_on=row.expires_on,
    )


def _to_book(
    connection: Connection,
    programme_id: UUID,
    rows: Sequence[Row],
    members: Mapping[str, tuple[UUID, UUID]],
    taken: TakenOver,
) -> list[_Booking]:
    """Compare rows with what stands; count them, and return those that change something."""
    standing = _standing(connection, programme_id, rows)
    bookings = []
    for row in rows:
        version, before = standing.get((row.member_ref, row.name), (0, NOTHING))
        if version and _same_money(before, row.brought):
            taken.unchanged += 1
            continue
        refusal = _refusal(before, row.brought) if version else None
        if refusal:
            taken.refused.append(Refusal(row.member_ref, row.name, refusal))
            continue
        taken.restated += version > 0
        taken.new += version == 0
        taken.pending_minor += row.brought.pending_minor - before.pending_minor
        taken.confirmed_minor += row.brought.confirmed_minor - before.confirmed_minor
        taken.available_minor += row.brought.available_minor - before.available_minor
        fact_id = ids.named_id(programme_id, ORIGIN, row.member_ref, row.name, version + 1)
        wallet_id = members[row.member_ref][0]
        bookings.append(_Booking(row, before, version + 1, wallet_id, fact_id))
    return bookings


def _standing(
    connection: Connection, programme_id: UUID, rows: Sequence[Row]
) -> dict[tuple[str, str], tuple[int, Brought]]:
    refs = sorted({row.member_ref for row in rows})
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(SQL.standing_openings, {"programme_id": programme_id, "member_refs": refs})
        return {(ref, name): (version, Brought(*facts)) for ref, name, version, *facts in cursor}


def _same_money(before: Brought, after: Brought) -> bool:
    """The opening day is no money: a file whose day was corrected books nothing again."""
    return before[1:] == after[1:]


def _refusal(before: Brought, after: Brought) -> str | None:
    """Say why a row cannot be restated this way, None when it can."""
    if after.available_minor < before.available_minor:
        return (
            "The row made more money available when it was first loaded; what a member can spend is not taken back "
            "by a file. Put the former amount back, or correct the member's balance by hand."
        )
    is_unchanged = after.available_minor == before.available_minor
    if is_unchanged and after.available_minor and after[4:] != before[4:]:
        return "The money is available already; its dates can no longer be changed by the file."
    return None


# ---- booking ----------------------------------------------------------------------------------------------------


def _book(connection: Connection, bookings: list[_Booking], occasion: Occasion) -> None:
    """Write the rows' versions, their lots and their transactions, under the wallets' locks."""
    wallets = sorted({booking.wallet_id for booking in bookings})
    movements.lock_wallets(connection, wallets, programme_id=occasion.programme_id)
    held = balances.lock_member_balances(
        connection, wallets, occasion.programme_id, occasion.currency
    )
    owing = defaultdict(int, {wallet_id: found.owing for wallet_id, found in held.items()})
    transactions = []
    lots: list[tuple[object, ...]] = []
    for booking in bookings:
        # What a member owes is repaid first, as by every credit to the available balance.
        repaid = min(booking.gained_minor, owing[booking.wallet_id])
        owing[booking.wallet_id] -= repaid
        transaction = occasion.transaction(
            _legs(booking, repaid, occasion),
            kind=ORIGIN,
            book_id=booking.wallet_id,
            fact_id=booking.fact_id,
        )
        if transaction:
            transactions.append(transaction)
        if booking.gained_minor:
            lots.append(_lot(booking, repaid, occasion))
    sql.copy_rows(
        connection,
        "catalog_openingbalance",
        OPENING_COLUMNS,
        [_stored(booking, occasion) for booking in bookings],
    )
    sql.copy_rows(connection, "rewards_lot", LOT_COLUMNS, lots)
    batch_id = ids.derived_id(
        occasion.recorded_at, occasion.programme_id, ORIGIN, bookings[0].fact_id
    )
    ledger.post(connection, transactions, batch_id=batch_id)


def _legs(booking: _Booking, repaid_minor: int, occasion: Occasion) -> list[Leg]:
    """Opening equity → what the member gains in each state; what is owed is repaid out of the available part."""
    purse = occasion.purse(booking.wallet_id)
    before, after = booking.before, booking.row.brought
    gains = {
        "pending": after.pending_minor - before.pending_minor,
        "confirmed": after.confirmed_minor - before.confirmed_minor,
        "available": booking.gained_minor - repaid_minor,
        "owing": repaid_minor,
    }
    equity = Account(
        "opening.equity", occasion.programme_id, occasion.programme_id, occasion.currency
    )
    return [
        (equity, sum(gains.values())),
        *((purse.member(state), -minor) for state, minor in gains.items()),
    ]


def _lot(booking: _Booking, repaid_minor: int, occasion: Occasion) -> tuple[object, ...]:
    gainer = occasion.purse(booking.wallet_id).programme("breakage")
    brought = booking.row.brought
    return (
        ids.derived_id(occasion.recorded_at, booking.fact_id, "lot"),
        booking.wallet_id,
        ids.bucket_of(booking.wallet_id),
        ORIGIN,
        occasion.currency,
        booking.gained_minor,
        booking.gained_minor - repaid_minor,
        0,
        brought.available_on,
        brought.expires_on,
        "programme",
        json.dumps({"kind": gainer.kind, "owner_id": str(gainer.owner_id)}),
    )


def _stored(booking: _Booking, occasion: Occasion) -> tuple[object, ...]:
    return (
        booking.fact_id,
        occasion.programme_id,
        booking.row.member_ref,
        booking.row.name,
        booking.version,
        booking.wallet_id,
        ids.bucket_of(booking.wallet_id),
        *booking.row.brought,
        occasion.recorded_at,
    )
