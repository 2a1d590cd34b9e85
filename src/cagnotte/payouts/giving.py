"""Gifts to charities: the organisations a programme names, and what members gave them.

A gift leaves the cagnotte at once and cannot be taken back; the programme owes it until it is passed on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from cagnotte.domain.bookings import spending
from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import Conflict, NotFound, Refused
from cagnotte.domain.holds import HoldPurpose
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.payouts.selectors import Connection
from cagnotte.platform.sql import load
from cagnotte.wallet import captures
from cagnotte.wallet.movements import book, lock_wallets
from cagnotte.wallet.services import HoldAsk, place_hold

SQL = load("giving")


@dataclass(frozen=True, slots=True)
class CharityFacts:
    """A charity as the programme names it. cause: what it does, in a sentence, by language."""

    ref: str
    name: str
    cause: dict[str, str]
    site: str = ""


@dataclass(frozen=True, slots=True)
class CharityView:
    """A charity; one that is not active takes no new gifts."""

    id: UUID
    ref: str
    name: str
    cause: dict[str, str]
    site: str
    active: bool


@dataclass(frozen=True, slots=True)
class DonationView:
    """A gift. passed_on: the day on which the charity was paid, None while the programme owes it."""

    id: UUID
    charity_id: UUID
    charity: str
    currency: str
    amount_minor: int
    given_at: datetime
    passed_on: date | None


@dataclass(frozen=True, slots=True)
class Owed:
    """What a programme owes to a charity: how many gifts, and their sum in minor units."""

    charity_id: UUID
    ref: str
    name: str
    gifts: int
    amount_minor: int


# ---- charities ------------------------------------------------------------------------------------------------


def charity_id_of(programme_id: UUID, ref: str) -> UUID:
    """Return the id of the charity that a programme knows by a name."""
    return named_id("charity", programme_id, ref)


def save_charities(
    connection: Connection, programme_id: UUID, facts: Sequence[CharityFacts]
) -> int:
    """Save all charities of a programme; those that are not named any more take no new gifts. Return how many rest."""
    connection.execute(
        SQL.save_charities,
        {
            "programme_id": programme_id,
            "ids": [charity_id_of(programme_id, one.ref) for one in facts],
            "refs": [one.ref for one in facts],
            "names": [one.name for one in facts],
            "causes": [orjson.dumps(one.cause).decode() for one in facts],
            "sites": [one.site for one in facts],
        },
    )
    values = {"programme_id": programme_id, "refs": [one.ref for one in facts]}
    return connection.execute(SQL.rest_other_charities, values).rowcount


def charities(connection: Connection, programme_id: UUID) -> list[CharityView]:
    """Return the charities of a programme, by name, those that take no new gifts included."""
    rows = connection.execute(SQL.charities, {"programme_id": programme_id})
    return [
        CharityView(charity_id, ref, name, orjson.loads(cause), site, active)
        for charity_id, ref, name, cause, site, active in rows
    ]


def charity(connection: Connection, programme_id: UUID, ref: str) -> CharityView:
    """Return a charity. Raises NotFound."""
    for one in charities(connection, programme_id):
        if one.ref == ref:
            return one
    raise NotFound(f"There is no charity “{ref}” in this programme.", ref=ref)


# ---- gifts ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gift:
    """What a member gives; `token` is the giver's own: the same token is the same gift."""

    wallet_id: UUID
    charity: CharityView
    amount_minor: int
    token: str


def donate(connection: Connection, gift: Gift, *, occasion: Occasion) -> DonationView:
    """Turn available money into a gift, or return the one that its token stands for.

    Raises:
        InsufficientFunds: less can be spent. Refused: the wallet is frozen or closed, or the charity takes no gifts.
        Conflict: the token stands for another gift. In each case nothing was changed.
    """
    lock_wallets(connection, [gift.wallet_id], programme_id=occasion.programme_id)
    reference = f"{gift.wallet_id}/{gift.token}"
    donation_id = named_id("donation", occasion.programme_id, reference)
    first = _find(connection, occasion.programme_id, gift.wallet_id, donation_id)
    if first is not None:
        return _same(first, gift)
    if not gift.charity.active:
        raise Refused(f"{gift.charity.name} takes no new gifts here.", ref=gift.charity.ref)
    asked = HoldAsk(gift.wallet_id, gift.amount_minor, HoldPurpose.DONATION, reference)
    hold = place_hold(connection, asked, occasion=occasion)
    captures.consume(connection, [hold.id], occasion=occasion)
    connection.execute(
        SQL.insert_donation,
        {
            "id": donation_id,
            "programme_id": occasion.programme_id,
            "wallet_id": gift.wallet_id,
            "bucket": bucket_of(gift.wallet_id),
            "hold_id": hold.id,
            "charity_id": gift.charity.id,
            "currency": occasion.currency,
            "amount_minor": gift.amount_minor,
            "now": occasion.recorded_at,
        },
    )
    legs = spending.donated(occasion.purse(gift.wallet_id), gift.amount_minor)
    given = occasion.transaction(legs, kind="donated", book_id=gift.wallet_id, fact_id=donation_id)
    book(connection, [given])
    return donation(connection, occasion.programme_id, gift.wallet_id, donation_id)


def _same(first: DonationView, gift: Gift) -> DonationView:
    if (first.charity_id, first.amount_minor) != (gift.charity.id, gift.amount_minor):
        raise Conflict(
            "This form was sent before, for another gift; start again for a new one.",
            donation_id=first.id,
            amount_minor=first.amount_minor,
        )
    return first


def _find(
    connection: Connection, programme_id: UUID, wallet_id: UUID, donation_id: UUID
) -> DonationView | None:
    values = {"programme_id": programme_id, "wallet_id": wallet_id, "id": donation_id}
    row = connection.execute(SQL.donation, values).fetchone()
    return DonationView(*row) if row else None


def donation(
    connection: Connection, programme_id: UUID, wallet_id: UUID, donation_id: UUID
) -> DonationView:
    """Return a gift of a wallet. Raises NotFound when it made none of this id."""
    found = _find(connection, programme_id, wallet_id, donation_id)
    if found is None:
        raise NotFound("There is no such gift.", donation_id=donation_id)
    return found


def donations_of(connection: Connection, wallet_id: UUID, *, at_most: int) -> list[DonationView]:
    """Return what a wallet gave, newest first."""
    values = {"wallet_id": wallet_id, "at_most": at_most}
    return [DonationView(*row) for row in connection.execute(SQL.donations_of_wallet, values)]


# ---- passing on -----------------------------------------------------------------------------------------------


def owed(connection: Connection, programme_id: UUID) -> list[Owed]:
    """Return what the programme owes to each charity that has gifts waiting, by name."""
    rows = connection.execute(SQL.owed_to_charities, {"programme_id": programme_id})
    return [Owed(*row) for row in rows]


def pass_on(
    connection: Connection, charity: CharityView, *, until: datetime, occasion: Occasion
) -> tuple[int, int]:
    """Book that a charity was paid all gifts made up to a moment; return how many and their sum, zeros when none."""
    values: dict[str, Any] = {"charity_id": charity.id, "until": until}
    gifts = connection.execute(SQL.lock_owed_donations, values).fetchall()
    total_minor = sum(amount_minor for _, amount_minor in gifts)
    if not gifts:
        return 0, 0
    ids = [donation_id for donation_id, _ in gifts]
    connection.execute(SQL.pass_on, {"ids": ids, "on": occasion.occurred_on})
    # The book of money between companies is the programme's own.
    purse, book_id = occasion.purse(occasion.programme_id), occasion.programme_id
    fact_id = named_id("donations passed on", *ids)
    book(
        connection,
        [
            occasion.transaction(legs, kind=kind, book_id=book_id, fact_id=fact_id)
            for kind, legs in (
                ("donations_passed_on", spending.donations_passed_on(purse, total_minor)),
                ("donations_settled", spending.payout_settled(purse, total_minor)),
            )
        ],
    )
    return len(gifts), total_minor
