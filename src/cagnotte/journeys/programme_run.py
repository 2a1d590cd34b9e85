"""What a run of any journey over purchases needs to know of its programme, read once.

Rules change by whole loads of the programme file, so a rulebook is kept per edition: the set of contract and
offer versions that was known at a moment. Decisions are made again under the edition they were made under.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.bookings.earning import Owners, PartAmounts
from cagnotte.domain.contracts import Contract
from cagnotte.domain.errors import NotFound
from cagnotte.domain.periods import effective_on
from cagnotte.domain.rating.decision import Decision
from cagnotte.domain.rating.rulebook import Rulebook
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Programme
from cagnotte.ledger import selectors as ledger

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(slots=True)
class ProgrammeRun:
    """A programme as one run sees it. `now` is the run's clock, read once at the edge.

    parties: (kind, ref) → id. closed_until: last day of closed books, None when none are.
    """

    programme: Programme
    now: datetime
    zone: ZoneInfo
    parties: dict[tuple[str, str], UUID]
    party_names: dict[UUID, tuple[str, str]]
    categories: dict[str, str | None]
    closed_until: date | None
    editions: list[datetime]
    _rulebooks: dict[datetime, Rulebook] = field(default_factory=dict)
    _contracts: dict[tuple[str, int], Contract] = field(default_factory=dict)

    @classmethod
    def open(cls, connection: Connection, slug: str | None, now: datetime) -> "ProgrammeRun":
        """Read what stays the same during a run. Raises NotFound when there is no such programme."""
        programme = identity.programme(slug)
        parties = identity.parties(programme.id)
        return cls(
            programme=programme,
            now=now,
            zone=ZoneInfo(programme.timezone),
            parties=parties,
            party_names={party_id: key for key, party_id in parties.items()},
            categories=catalog.category_parents(programme.id),
            closed_until=ledger.closed_until(connection, programme.id),
            editions=catalog.editions(programme.id),
        )

    def at(self, now: datetime) -> "ProgrammeRun":
        """Return the same programme at another moment, as long as nobody has changed its rules since."""
        return replace(self, now=now)

    @property
    def id(self) -> UUID:
        """The programme's id."""
        return self.programme.id

    @property
    def today(self) -> date:
        """The run's day in the programme's time zone."""
        return self.now.astimezone(self.zone).date()

    def rules_at(self, moment: datetime | None = None) -> Rulebook:
        """Return the rules known at a moment (default: now). Equal editions share one rulebook."""
        moment = moment or self.now
        edition = max((start for start in self.editions if start <= moment), default=None)
        if edition is None:
            raise NotFound(
                f"“{self.programme.slug}” has no contracts or offers as of {moment:%Y-%m-%d %H:%M}; load them with "
                "`cagnotte programme load`, or set the clock right if they were loaded later than that."
            )
        if edition not in self._rulebooks:
            self._rulebooks[edition] = Rulebook(
                catalog.contracts(self.id, known_at=edition),
                catalog.offers(self.id, known_at=edition),
                self.categories,
            )
        return self._rulebooks[edition]

    def budgets(self) -> dict[str, int]:
        """Return the budget of each offer that has one, by reference, as of now."""
        offers = catalog.offers(self.id)
        return {
            offer.ref: offer.limits.budget_minor
            for offer in offers
            if offer.limits.budget_minor is not None
        }

    def contract(self, key: tuple[str, int]) -> Contract:
        """Return one version of a contract, by (ref, version)."""
        if key not in self._contracts:
            self._contracts.update(catalog.contracts_by_version(self.id, [key]))
        return self._contracts[key]

    def policy_of(self, decision: Decision) -> Contract | None:
        """Return the contract whose rules of release, return and expiry a decision follows."""
        for key in decision.contracts:
            if key[0] == decision.policy_contract:
                return self.contract(key)
        return None

    def parts_of(self, decision: Decision) -> tuple[PartAmounts, ...]:
        """Return a decision's parts with the funders' ids."""
        return tuple(
            PartAmounts(
                part.funder_kind,
                self.id
                if part.funder_kind == "programme"
                else self.parties[part.funder_kind, part.funder],
                part.commission_minor,
                part.reward_minor,
                part.share_minor,
                part.margin_minor,
            )
            for part in decision.parts
        )

    def owners(self, wallet_id: UUID, merchant_id: UUID, currency: str) -> Owners:
        """Return who owns the accounts of a purchase."""
        return Owners(self.id, wallet_id, merchant_id, currency)

    def effective_on(self, day: date) -> date:
        """Return the first open day of the books at or after `day`."""
        return effective_on(day, self.closed_until)
