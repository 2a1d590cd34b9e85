"""The sandbox of a programme: the same rules and a ledger of its own, for keys of mode "test".

A sandbox is a programme like any other (`Programme.sandbox_of` names the live one), so whatever is true of programmes
is true of it, and nothing that is tried there can reach the live books. Connected sources are not copied: what they
send is real. Neither are members. Payouts go out from an account that no bank has, so that a bank file written by
mistake pays nobody.

A ledger is never emptied: starting anew means another sandbox, which the test keys open from then on.
"""

import dataclasses
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from django.db import transaction

from cagnotte.catalog import selectors as catalog_selectors
from cagnotte.catalog import services as catalog
from cagnotte.catalog import storefronts
from cagnotte.catalog.models import Category
from cagnotte.catalog.models import Contract as ContractRow
from cagnotte.catalog.models import Offer as OfferRow
from cagnotte.domain.chart import shared_accounts
from cagnotte.domain.errors import NotFound, Refused
from cagnotte.identity import selectors as known
from cagnotte.identity import services as identity
from cagnotte.identity.models import ApiKey, Party, Programme
from cagnotte.identity.services import PartyFacts
from cagnotte.inbox.models import Account
from cagnotte.ledger import services as ledger
from cagnotte.payouts import selectors as payout_rules
from cagnotte.payouts import services as payouts
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.purchases import services as purchases
from cagnotte.purchases.models import Source

NO_ACCOUNT = ("FR7630006000011234567890189", "AGRIFRPP")
"""The IBAN that textbooks show, and a BIC: no bank pays from it."""

SLUG_LENGTH_MAX = 50


def sandbox_of(programme_id: UUID) -> Programme | None:
    """Return a programme's present sandbox, None when it has none."""
    return Programme.objects.filter(sandbox_of=programme_id).order_by("created_at", "slug").last()


@transaction.atomic
def make(programme: Programme, *, now: datetime) -> Programme:
    """Return a programme's sandbox, made if it has none, with the rules of now.

    Raises Refused when the programme is a sandbox itself.
    """
    if programme.sandbox_of is not None:
        raise Refused(f"“{programme.slug}” is a sandbox; it has none of its own.")
    # Two who make it at once do so in turn.
    Programme.objects.select_for_update(no_key=True).get(id=programme.id)
    sandbox = sandbox_of(programme.id) or _created(programme, now=now)
    _follow(programme, sandbox, now=now)
    return sandbox


@transaction.atomic
def start_anew(programme: Programme, *, now: datetime) -> Programme:
    """Give a programme an empty sandbox; its test keys open it at once. What was in the one before stays unseen.

    Raises NotFound when there is no sandbox yet.
    """
    Programme.objects.select_for_update(no_key=True).get(id=programme.id)
    before = sandbox_of(programme.id)
    if before is None:
        raise NotFound(f"“{programme.slug}” has no sandbox yet.", slug=programme.slug)
    fresh = _created(programme, now=now)
    _follow(programme, fresh, now=now)
    ApiKey.objects.filter(programme=before).update(programme=fresh)
    return fresh


def follow(programme: Programme, *, now: datetime) -> None:
    """Bring a programme's sandbox, if it has one, to the rules that were just loaded."""
    sandbox = sandbox_of(programme.id)
    if sandbox is not None:
        _follow(programme, sandbox, now=now)


def _created(programme: Programme, *, now: datetime) -> Programme:
    count = Programme.objects.filter(sandbox_of=programme.id).count()
    ending = "-sandbox" if count == 0 else f"-sandbox-{count + 1}"
    sandbox = identity.save_programme(
        slug=programme.slug[: SLUG_LENGTH_MAX - len(ending)] + ending,
        name=f"{programme.name} (sandbox)"[:200],
        currency=programme.currency,
        timezone=programme.timezone,
        now=now,
    )
    if sandbox.sandbox_of not in (None, programme.id):
        raise Refused(f"“{sandbox.slug}” is another programme's sandbox.")
    sandbox.sandbox_of = programme.id
    sandbox.save(update_fields=["sandbox_of"])
    return sandbox


def _follow(programme: Programme, sandbox: Programme, *, now: datetime) -> None:
    connection = shared_connection()
    today = now.astimezone(ZoneInfo(programme.timezone)).date()
    identity.save_parties(
        sandbox.id,
        [
            PartyFacts(row.kind, row.ref, row.name, row.country, row.site, tuple(row.hosts))
            for row in Party.objects.filter(programme=programme)
        ],
    )
    rows = Category.objects.filter(programme=programme).values_list("ref", "parent_ref", "name")
    catalog.save_categories(sandbox.id, rows)
    storefronts.copy_storefront(programme.id, sandbox.id, now=now)
    connection.execute(
        catalog.SQL.copy_products, {"programme_id": programme.id, "to_id": sandbox.id}
    )
    _copy_versions(programme.id, sandbox.id, now=now, today=today)
    _copy_sources(programme.id, sandbox.id)
    _copy_payout_rules(connection, programme.id, sandbox)
    owners = [(kind, party_id) for (kind, _), party_id in known.parties(sandbox.id).items()]
    ledger.open_accounts(connection, shared_accounts(sandbox.id, sandbox.currency, owners))


def _copy_versions(from_id: UUID, to_id: UUID, *, now: datetime, today: Any) -> None:
    contracts = [
        dataclasses.replace(
            one, funder_id=identity.party_id_of(to_id, one.funder_kind.value, one.funder)
        )
        for one in _standing(catalog.CONTRACTS, ContractRow, from_id)
    ]
    catalog.save_versions(catalog.CONTRACTS, to_id, contracts, now=now, today=today)
    offers = list(_standing(catalog.OFFERS, OfferRow, from_id))
    catalog.save_versions(catalog.OFFERS, to_id, offers, now=now, today=today)


def _standing(kind: Any, model: type[ContractRow | OfferRow], programme_id: UUID) -> list[Any]:
    """Return the definitions that were loaded last and not removed since."""
    rows = catalog_selectors.version_rows(model, programme_id)
    return [kind.decode(row.definition) for row in rows if row.closed_at is None]


def _copy_sources(from_id: UUID, to_id: UUID) -> None:
    connected = set(Account.objects.filter(programme_id=from_id).values_list("ref", flat=True))
    for row in Source.objects.filter(programme_id=from_id).exclude(ref__in=connected):
        purchases.save_source(programme_id=to_id, ref=row.ref, kind=row.kind, mapping=row.mapping)


def _copy_payout_rules(
    connection: psycopg.Connection[Any], from_id: UUID, sandbox: Programme
) -> None:
    try:
        rules = payout_rules.rules(connection, from_id)
    except NotFound:
        return
    iban, bic = NO_ACCOUNT
    payouts.save_settings(
        connection,
        dataclasses.replace(
            rules,
            programme_id=sandbox.id,
            debtor_name=sandbox.name[:70],
            debtor_iban=iban,
            debtor_bic=bic,
        ),
    )
