"""Writing clicks, and saying whose visits are."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from cagnotte.domain import ids
from cagnotte.identity import keys
from cagnotte.platform import sql
from cagnotte.tracking.models import Click

Connection = psycopg.Connection[Any]

SQL = sql.load("tracking")

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Base32 after Crockford, in small letters: some networks change the case of what they carry, and none its digits."""

DELETED_AT_ONCE = 10_000
"""Clicks deleted by one statement, so that no lock is held for long."""

REF_LENGTH = 16
"""Characters of a reference: 80 bits, which nobody guesses, and short enough for every network."""


@dataclass(frozen=True, slots=True)
class NewClick:
    """A click that is about to be written.

    Attributes:
        offer: reference and version of the offer whose link was followed.
        promise, promised: what was promised, as JSON and in words (`tracking.promises`).
        path: of the page at the shop, "" for its front page. via: the account whose link is taken, "" for our own.
        rival_at: when another publisher had brought the visitor to the shop, where the link tells.
        wallet_id: of the member who is signed in; None for whoever is not, whose visit may be claimed all the same.
    """

    programme_id: UUID
    merchant_id: UUID
    visit_id: UUID
    clicked_at: datetime
    offer: tuple[str, int]
    promise: str = "{}"
    promised: str = ""
    device: Click.Device = Click.Device.WEB
    consent: Click.Consent = Click.Consent.UNASKED
    origin: str = ""
    path: str = ""
    via: str = ""
    rival_at: datetime | None = None
    wallet_id: UUID | None = None


class Clicked(NamedTuple):
    """A click as written: its id and its reference."""

    id: UUID
    ref: str


def new_ref() -> str:
    """Draw a reference."""
    drawn = secrets.randbits(5 * REF_LENGTH)
    return "".join([ALPHABET[drawn >> 5 * place & 31] for place in range(REF_LENGTH)])


def record_click(connection: Connection, click: NewClick, *, ref: str | None = None) -> Clicked:
    """Write a click, as the member's who is signed in or claimed its visit, by one statement; the caller commits.

    ref: drawn before with `new_ref`, for a link that must hold it before the click is written.
    """
    ref = ref or new_ref()
    click_id = ids.derived_id(click.clicked_at, "click", ref)
    facts = {
        "id": click_id,
        "ref": ref,
        "programme_id": click.programme_id,
        "bucket": ids.bucket_of(click.wallet_id or click.visit_id),
        "wallet_id": click.wallet_id,
        "merchant_id": click.merchant_id,
        "visit_id": click.visit_id,
        "clicked_at": click.clicked_at,
        "offer_ref": click.offer[0],
        "offer_version": click.offer[1],
        "promise": click.promise,
        "promised": click.promised,
        "device": click.device.value,
        "consent": click.consent.value,
        "origin": click.origin,
        "path": click.path,
        "via": click.via,
        "rival_at": click.rival_at,
    }
    # A cursor of the driver's own kind, whatever the connection makes by default: the server plans the statement once.
    with psycopg.Cursor(connection) as cursor:
        cursor.execute(SQL.insert_click, facts, prepare=True)
    return Clicked(click_id, ref)


def claim_visit(
    connection: Connection, *, programme_id: UUID, visit_id: UUID, wallet_id: UUID, now: datetime
) -> bool:
    """Say that a visit is a member's, who has signed in during it; its clicks are theirs, those before too.

    Returns False when it is another member's already: whoever shares a browser gets a visit of their own then.
    """
    facts = {
        "programme_id": programme_id,
        "visit_id": visit_id,
        "wallet_id": wallet_id,
        "bucket": ids.bucket_of(wallet_id),
        "now": now,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(SQL.claim_visit, facts)
        return cursor.fetchone() == (wallet_id,)


class Measured(NamedTuple):
    """A merchant's reporting: nine of ten of so many purchases were known within so many days."""

    merchant_id: UUID
    days: int
    purchases: int


def save_reporting(
    connection: Connection, programme_id: UUID, measured: Sequence[Measured], *, now: datetime
) -> None:
    """Keep how fast merchants' purchases come to be known, in place of what was measured before."""
    facts = {
        "programme_id": programme_id,
        "merchant_ids": [one.merchant_id for one in measured],
        "days": [one.days for one in measured],
        "purchases": [one.purchases for one in measured],
        "now": now,
    }
    connection.execute(SQL.save_reporting, facts)


class Forgotten(NamedTuple):
    """What was deleted of a member: clicks, claims of visits, keys."""

    clicks: int
    visits: int
    keys: int


def forget_member(connection: Connection, programme_id: UUID, wallet_id: UUID) -> Forgotten:
    """Delete a member's clicks, visits and keys, at their wish; the caller commits.

    Purchases stay with what decided them: a kind of trace and a moment, which are part of the books.
    """
    facts = {"programme_id": programme_id, "wallet_id": wallet_id}
    clicks = connection.execute(SQL.delete_clicks_of, facts).rowcount
    visits = connection.execute(SQL.delete_claims_of, facts).rowcount
    return Forgotten(clicks, visits, keys.forget(connection, programme_id, wallet_id))


def forget_clicks(connection: Connection, programme_id: UUID, *, before: datetime) -> int:
    """Delete clicks from before a moment, in portions that are committed one by one; return how many."""
    facts = {"programme_id": programme_id, "before": before, "count": DELETED_AT_ONCE}
    total = 0
    while True:
        with connection.transaction():
            deleted = connection.execute(SQL.delete_clicks, facts).rowcount
        total += deleted
        if deleted < DELETED_AT_ONCE:
            return total
