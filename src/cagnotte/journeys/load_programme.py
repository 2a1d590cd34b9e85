"""Load a programme file: what members see, parties, contracts, offers, sources, payout rules and opening balances."""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import psycopg
from django.db import connection as django_connection
from django.db import transaction

from cagnotte.catalog import descriptors, storefronts
from cagnotte.catalog import services as catalog
from cagnotte.catalog.programme_file import ParsedProgramme, parse
from cagnotte.catalog.programme_file.connected_sources import ConnectedSection
from cagnotte.catalog.programme_file.schema import PayoutsSection
from cagnotte.catalog.programme_file.sources import SourceSection
from cagnotte.catalog.services import Change
from cagnotte.domain.chart import shared_accounts
from cagnotte.domain.errors import NotFound
from cagnotte.identity import selectors as known
from cagnotte.identity import services as identity
from cagnotte.identity.models import Programme
from cagnotte.identity.services import PartyFacts
from cagnotte.inbox import accounts
from cagnotte.inbox import services as inbox
from cagnotte.inbox.accounts import AccountFacts
from cagnotte.journeys import sandbox, take_over
from cagnotte.journeys.take_over import TakenOver
from cagnotte.ledger import services as ledger
from cagnotte.payouts import selectors as payout_rules
from cagnotte.payouts import services as payouts
from cagnotte.payouts.selectors import PayoutRules
from cagnotte.purchases import services as purchases


class Counted(NamedTuple):
    """How many were new, and how many changed."""

    new: int = 0
    changed: int = 0


NOTHING = Counted()


@dataclass(slots=True)
class Loaded:
    """What a load did.

    kinds, pages: of shops. sources: how many changed. storefront, payouts, duplicates: whether the programme's look,
    the rules of payouts, and those of orders that several sources tell of, changed.
    """

    programme: Programme
    today: date
    parties: Counted = NOTHING
    categories: Counted = NOTHING
    descriptors: Counted = NOTHING
    kinds: Counted = NOTHING
    pages: Counted = NOTHING
    storefront: bool = False
    contracts: list[Change] = field(default_factory=list)
    offers: list[Change] = field(default_factory=list)
    sources: int = 0
    payouts: bool = False
    duplicates: bool = False
    opening: TakenOver = field(default_factory=TakenOver)

    @property
    def changed_nothing(self) -> bool:
        """Whether everything stood already."""
        counts = (
            *self.parties,
            *self.categories,
            *self.descriptors,
            *self.kinds,
            *self.pages,
            self.storefront,
            self.sources,
            self.payouts,
            self.duplicates,
            self.opening.new,
        )
        return not (self.contracts or self.offers or any(counts))


def run(path: Path, *, now: datetime) -> Loaded:
    """Load a programme file whole, or nothing. The same file again changes nothing.

    Raises:
        ProgrammeFileInvalid: with every error of the file.
        Conflict: the programme's currency or time zone is another one.
    """
    return load(parse(path), now=now)


@transaction.atomic
def load(parsed: ParsedProgramme, *, now: datetime) -> Loaded:
    """Load what `parse` has read. Raises Conflict as `run`."""
    section, made = parsed.file.programme, parsed.definitions
    programme = identity.save_programme(
        slug=section.slug,
        name=section.name,
        currency=section.currency,
        timezone=section.timezone,
        now=now,
    )
    today = now.astimezone(ZoneInfo(programme.timezone)).date()
    loaded = Loaded(programme, today)
    loaded.parties = Counted(
        *identity.save_parties(programme.id, (PartyFacts(*party) for party in made.parties))
    )
    loaded.categories = Counted(
        *catalog.save_categories(
            programme.id, ((node.ref, node.parent, node.name) for node in made.categories)
        )
    )
    loaded.descriptors = Counted(
        *descriptors.save_descriptors(programme.id, made.descriptors, now=now)
    )
    _save_shown(parsed, loaded, now)
    loaded.contracts = catalog.save_versions(
        catalog.CONTRACTS, programme.id, made.contracts, now=now, today=today
    )
    loaded.offers = catalog.save_versions(
        catalog.OFFERS, programme.id, made.offers, now=now, today=today
    )
    loaded.sources = _save_sources(parsed, programme)
    loaded.duplicates = inbox.save_tolerance(programme.id, parsed.file.duplicates.tolerance)
    django_connection.ensure_connection()
    # The set-based parts work on the driver's connection, inside the same database transaction.
    connection = cast("psycopg.Connection[Any]", django_connection.connection)
    _open_accounts(connection, programme)
    _save_payouts_and_opening(connection, parsed, loaded, now)
    sandbox.follow(programme, now=now)
    return loaded


def _save_shown(parsed: ParsedProgramme, loaded: Loaded, now: datetime) -> None:
    programme_id, shown = loaded.programme.id, parsed.shown
    loaded.storefront = storefronts.save_storefront(programme_id, shown.storefront)
    loaded.kinds = Counted(*storefronts.save_kinds(programme_id, shown.kinds))
    loaded.pages = Counted(*storefronts.save_pages(programme_id, shown.pages, now=now))


def _save_sources(parsed: ParsedProgramme, programme: Programme) -> int:
    """Write the sources. One that the file no longer names stays, for purchases came from it; a connected one rests."""
    connected = [one for one in parsed.file.sources if isinstance(one, ConnectedSection)]
    resting = accounts.disconnect_others(programme.id, [section.ref for section in connected])
    return resting + sum(_save_source(section, programme) for section in parsed.file.sources)


def _save_source(section: SourceSection | ConnectedSection, programme: Programme) -> bool:
    """Write one source; return whether anything changed. Raises Conflict when its name belongs to another kind."""
    purchases.check_kind(programme_id=programme.id, ref=section.ref, kind=section.kind)
    changed = purchases.save_source(
        programme_id=programme.id,
        ref=section.ref,
        kind=section.kind,
        mapping=section.mapping(timezone=programme.timezone),
    )
    if isinstance(section, ConnectedSection):
        account_id = purchases.source_id_of(programme.id, section.ref)
        changed |= accounts.connect(programme.id, account_id, _account_facts(section, programme))
    return changed


def _account_facts(section: ConnectedSection, programme: Programme) -> AccountFacts:
    return AccountFacts(
        ref=section.ref,
        plugin=section.plugin,
        settings=section.all_settings(),
        merchants=section.merchants,
        merchant=section.merchant or "",
        timezone=section.timezone or programme.timezone,
        rank=section.rank,
        poll_every_minutes=section.poll_every_minutes,
        silent_after_hours=section.silent_after_hours,
    )


def _open_accounts(connection: psycopg.Connection[Any], programme: Programme) -> None:
    """Open what many purchases will book on, so that two imports never wait for each other at an account's birth."""
    owners = [(kind, party_id) for (kind, _), party_id in known.parties(programme.id).items()]
    ledger.open_accounts(connection, shared_accounts(programme.id, programme.currency, owners))


def _save_payouts_and_opening(
    connection: psycopg.Connection[Any], parsed: ParsedProgramme, loaded: Loaded, now: datetime
) -> None:
    if parsed.file.payouts:
        loaded.payouts = _save_payouts(connection, loaded.programme, parsed.file.payouts)
    if parsed.file.opening_balances:
        loaded.opening = take_over.run(
            connection,
            programme=loaded.programme,
            opening=parsed.file.opening_balances,
            now=now,
        )


def _save_payouts(
    connection: psycopg.Connection[Any], programme: Programme, section: PayoutsSection
) -> bool:
    try:
        standing = payout_rules.rules(connection, programme.id)
    except NotFound:
        standing = None
    wanted = PayoutRules(
        programme_id=programme.id,
        currency=programme.currency,
        rail="sepa",
        debtor_name=section.debtor_name,
        debtor_iban=section.iban,
        debtor_bic=section.bic or "",
        threshold_minor=section.threshold,
        fee_minor=section.fee,
        maximum_minor=section.maximum,
        method_change_hold_hours=24 * section.hold_days_after_change,
        execution_days=section.execution_days,
        transfer_text=section.transfer_text,
        settles_on_report=section.settles_on_report,
    )
    return payouts.save_settings(connection, wanted) != standing
