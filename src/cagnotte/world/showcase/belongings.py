"""What the two whom one can sign in as have beside their purchases: favourites, a friend, a claim, a gift, notices."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from cagnotte.catalog import favourites
from cagnotte.claims.services import Order
from cagnotte.growth import referrals
from cagnotte.identity.models import Member, Party, Programme
from cagnotte.identity.services import party_id_of
from cagnotte.journeys import claim, tell_events, tell_members
from cagnotte.journeys import give as giving
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.visits import Outcome, visits
from cagnotte.journeys.vouchers import Counter
from cagnotte.ledger import seals
from cagnotte.notices import centre
from cagnotte.platform import database

Connection = psycopg.Connection[Any]

KEPT = ("escale", "librairie-plume", "rose-des-sables", "the-d-orage")
GIFT_MINOR = 500
NEWS_KEPT = 3
"""Notices that wait to be read; the others were."""

CHARITIES = """
charities:
  - ref: hedgerow
    name: Haies vives
    cause: {en: Plants hedges where fields have none., fr: Replante des haies là où les champs n’en ont plus.}
  - ref: readers
    name: Bibliothèque sans murs
    cause: {en: Brings books to where no library is., fr: Apporte des livres là où il n’y a pas de bibliothèque.}
  - ref: harbour
    name: Port d’attache
    cause: {en: A roof for the first nights., fr: Un toit pour les premières nuits.}
"""


def give(programme: Programme, folder: Path, *, now: datetime) -> None:
    """Give the two what they have."""
    found = Member.objects.filter(programme=programme, ref__in=("C100001", "C100002"))
    camille, sam = found.select_related("wallet").order_by("ref")
    for ref in KEPT:
        favourites.add(
            programme_id=programme.id,
            wallet_id=camille.wallet_id,
            merchant_id=party_id_of(programme.id, Party.Kind.MERCHANT, ref),
            best=None,
            now=now - timedelta(days=40),
            alert=True,
        )
    with database.connect() as connection:
        code = referrals.code_of(camille.wallet, now=now)
        referrals.note_friend(
            connection,
            programme_id=programme.id,
            code=code,
            friend_wallet_id=sam.wallet_id,
            # A code counts while a cagnotte is new.
            now=sam.wallet.opened_at + timedelta(hours=1),
        )
        connection.commit()
        _give_away(connection, programme, camille, folder, now)
        _claim(connection, camille, now)
        _tell(connection, [camille, sam], now)
        seals.seal(connection, now=now)


def _give_away(
    connection: Connection,
    programme: Programme,
    member: Member,
    folder: Path,
    now: datetime,
) -> None:
    path = folder / "charities.yaml"
    path.write_text(CHARITIES, encoding="utf-8")
    giving.load(connection, programme.id, path)
    on = now.astimezone(ZoneInfo(programme.timezone)).date()
    counter = Counter(programme.id, programme.currency, now, on)
    giving.give(
        connection,
        counter,
        wallet_id=member.wallet_id,
        charity="hedgerow",
        amount_minor=GIFT_MINOR,
        token="showcase",  # noqa: S106 - tells this gift from others
    )


def _claim(connection: Connection, member: Member, now: datetime) -> None:
    """Claim what came of the first visit that led to nothing and is old enough."""
    run = ProgrammeRun.open(connection, member.programme.slug, now)
    seen = visits(connection, run, member.wallet_id)
    missing = next((one for one in seen if one.outcome is Outcome.NOTHING), None)
    if missing is None:
        return
    begun = claim.begin_about_visit(connection, run, member.wallet_id, missing.click.ref)
    order = Order("AB-20417", missing.day, 8990, note="The shop has confirmed it by mail.")
    claim.tell(connection, run, member.wallet_id, begun, order)
    claim.submit(connection, run, member.wallet_id, begun)


def _tell(connection: Connection, members: list[Member], now: datetime) -> None:
    """Tell them of their year, and have them read all but the last news."""
    while tell_events.tell(connection, now=now):
        pass
    tell_members.tell(connection, now=now)
    for member in members:
        told = centre.page(connection, member.wallet_id, count=NEWS_KEPT + 1)
        if len(told) > NEWS_KEPT:
            centre.read_all(connection, member.wallet_id, up_to=told[NEWS_KEPT].number, now=now)
    connection.commit()
