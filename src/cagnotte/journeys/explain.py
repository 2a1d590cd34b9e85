"""Why this amount: everything that led to a purchase's reward, and a member's balance as of any day."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.chart import Account
from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import parse_public_id, public_id
from cagnotte.domain.purchases import Purchase
from cagnotte.domain.rating.decision import Decision, from_data
from cagnotte.domain.rating.rulebook import Rulebook
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Programme
from cagnotte.ledger import selectors as ledger
from cagnotte.platform.sql import load
from cagnotte.purchases import selectors as purchases
from cagnotte.rewards.sentences.attributed import attributed_told
from cagnotte.rewards.sentences.explaining import explain
from cagnotte.rewards.sentences.missed import misses_told
from cagnotte.rewards.sentences.told import Audience, Told

SQL = load("explain")
Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class VersionTold:
    """One version of a purchase: what happened, when it was recorded, and which source said it; "" where none did."""

    number: int
    recorded_at: datetime
    event: str
    validation: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class EntryTold:
    """One ledger entry behind an amount; the amount is debit positive, in minor units."""

    transaction: str
    effective_on: date
    account: str
    owner: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class LotTold:
    """Money made available from a purchase."""

    available_on: date
    expires_on: date | None
    amount_minor: int
    remaining_minor: int
    expired_minor: int


@dataclass(frozen=True, slots=True)
class Why:
    """All that explains a purchase's reward, oldest first. missed: those of the sentences that say why not more."""

    purchase_id: UUID
    member_ref: str
    purchase: Purchase
    validation: str
    reason: str
    release_on: date | None
    reward_minor: int
    released_minor: int
    decision: Decision
    sentences: list[str]
    missed: list[str]
    versions: list[VersionTold]
    entries: list[EntryTold]
    lots: list[LotTold]


def why(
    connection: Connection,
    programme: Programme,
    key: str,
    audience: Audience = "operator",
) -> Why:
    """Explain a purchase, named by its id (pur_…), "merchant/order", or its order reference alone.

    audience: "member" leaves out commissions, contracts and segments.

    Raises NotFound when there is none, or several that fit.
    """
    purchase_id = find_purchase(connection, programme, key)
    row = connection.execute(
        SQL.purchase, {"id": purchase_id, "programme_id": programme.id}
    ).fetchone()
    if row is None:
        raise NotFound(f"“{programme.slug}” knows no purchase {key}.", key=key)
    member_ref, validation, reason, release_on, amount, released, decision_text = row
    decision = from_data(orjson.loads(decision_text))
    purchase = purchases.latest_purchases(connection, [purchase_id], ZoneInfo(programme.timezone))[
        purchase_id
    ]
    offers = catalog.offers_by_version(
        programme.id, {(award.offer, award.version) for award in decision.awards}
    )
    parties = identity.party_names(programme.id)
    # Names of today for offers that were missed; those that gave something keep the name they had then.
    names = {
        **catalog.offer_names(programme.id),
        **{ref: offer.name for (ref, _), offer in offers.items()},
    }
    told = explain(
        decision,
        parties=parties,
        offers=names,
        audience=audience,
        clicked_on=_clicked_on(programme.id, purchase),
    )
    return Why(
        purchase_id=purchase_id,
        member_ref=member_ref,
        purchase=purchase,
        validation=validation,
        reason=reason,
        release_on=release_on,
        reward_minor=amount,
        released_minor=released,
        decision=decision,
        sentences=told + _attributed(connection, programme, purchase_id, audience),
        missed=misses_told(Told(decision, parties, names, audience)),
        versions=[
            VersionTold(*version)
            for version in connection.execute(SQL.versions, {"id": purchase_id})
        ],
        entries=[
            EntryTold(*entry) for entry in connection.execute(SQL.entries, {"id": purchase_id})
        ],
        lots=[LotTold(*lot) for lot in connection.execute(SQL.lots, {"id": purchase_id})],
    )


def _attributed(
    connection: Connection, programme: Programme, purchase_id: UUID, audience: Audience
) -> list[str]:
    """Say whose a purchase is and why, where a connected source told of it and that had to be found out."""
    row = connection.execute(SQL.attribution, {"id": purchase_id}).fetchone()
    if row is None:
        return []
    return attributed_told(
        orjson.loads(row[0]), zone=ZoneInfo(programme.timezone), audience=audience
    )


def _clicked_on(programme_id: UUID, purchase: Purchase) -> date | None:
    """Return the day of the click where it binds, as the shop's contract on the day of the purchase says."""
    if purchase.clicked_at is None:
        return None
    rules = Rulebook(catalog.contracts(programme_id), (), {})
    place = (purchase.merchant, purchase.channel, purchase.country)
    if not rules.context(*place, purchase.occurred_on).by_click:
        return None
    return purchase.clicked_at.astimezone(purchase.occurred_at.tzinfo).date()


def find_purchase(connection: Connection, programme: Programme, key: str) -> UUID:
    """Return the purchase of that name: its id (pur_…), "merchant/order", or its order reference alone.

    Raises NotFound when there is none, or several that fit.
    """
    if key.startswith("pur_"):
        try:
            return parse_public_id("pur", key)
        except ValueError as error:
            raise NotFound(f"{error}.", key=key) from error
    # An order reference may hold slashes of its own, so each rest after a slash may be one.
    parts = key.split("/")
    order_refs = ["/".join(parts[start:]) for start in range(len(parts))]
    rows = connection.execute(
        SQL.find, {"programme_id": programme.id, "key": key, "order_refs": order_refs}
    ).fetchall()
    if len(rows) == 1:
        return UUID(str(rows[0][0]))
    if not rows:
        raise NotFound(f"“{programme.slug}” knows no purchase {key}.", key=key)
    names = ", ".join(sorted({f"{name} ({public_id('pur', found)})" for found, name in rows}))
    raise NotFound(f"Several purchases are called {key}: {names}. Name one of them.", key=key)


@dataclass(frozen=True, slots=True)
class BalanceTold:
    """What a member holds on a day, in minor units, and the lots it is made of (today's view alone)."""

    member_ref: str
    wallet_id: UUID
    currency: str
    as_of: date | None
    states: dict[str, int]
    lots: list[LotTold]


def wallet_of(connection: Connection, programme: Programme, member_ref: str) -> UUID:
    """Return the wallet of the member with that number. Raises NotFound."""
    row = connection.execute(
        SQL.member, {"programme_id": programme.id, "ref": member_ref}
    ).fetchone()
    if row is None:
        raise NotFound(f"“{programme.slug}” has no member “{member_ref}”.", member=member_ref)
    wallet_id: UUID = row[0]
    return wallet_id


def balance(
    connection: Connection, programme: Programme, member_ref: str, as_of: date | None
) -> BalanceTold:
    """Tell a member's balance, now or at the end of a day (effective view). Raises NotFound."""
    wallet_id = wallet_of(connection, programme, member_ref)
    states = {
        state: ledger.balance(
            connection,
            Account(f"member.{state}", wallet_id, programme.id, programme.currency),
            as_of_effective=as_of,
        )
        for state in ("pending", "confirmed", "available", "held", "owing")
    }
    lots = [LotTold(*lot) for lot in connection.execute(SQL.open_lots, {"wallet_id": wallet_id})]
    return BalanceTold(
        member_ref, wallet_id, programme.currency, as_of, states, [] if as_of else lots
    )


def last_movements(
    connection: Connection, programme: Programme, member_ref: str, *, count: int
) -> list[ledger.Movement]:
    """Tell what last changed in a member's wallet, newest first. Raises NotFound."""
    wallet_id = wallet_of(connection, programme, member_ref)
    return ledger.movements(connection, wallet_id, programme.id, programme.currency, count=count)
