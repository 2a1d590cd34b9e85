"""The rows that a set of restatements updates: purchases, rewards and their parts, each table in one statement."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.domain.bookings.earning import Standing
from cagnotte.domain.contracts import Contract, Release
from cagnotte.domain.lifecycle import Event, Moments, answer_date, release_date
from cagnotte.domain.purchases import Validation
from cagnotte.domain.rating.decision import Decision
from cagnotte.journeys.changes import Change, PurchaseRow
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.sql import load

Connection = psycopg.Connection[Any]
SQL = load("restate")


class RestatedRows:
    """The updates of a set of changes, as one array per column."""

    def __init__(self, run: ProgrammeRun) -> None:
        self.run = run
        self.purchases: list[tuple[Any, ...]] = []
        self.rewards: list[tuple[Any, ...]] = []
        self.parts: list[tuple[Any, ...]] = []
        self.vouchered: dict[UUID, int] = {}
        """Of L, what stands as vouchers, by purchase; set before its rows are added."""

    def add(
        self,
        change: Change,
        version_id: UUID,
        decision: Decision,
        standings: tuple[Standing, Standing],
        policy: Contract | None,
    ) -> None:
        """Note the rows of one change, from what stood to what stands now; those that stay are left alone."""
        before, after = standings
        row, purchase = change.row, change.purchase
        amount = purchase.amount_minor if purchase else None
        self.purchases.append(
            (row.id, str(change.validation), change.reason, row.version + 1, amount, change.content_hash,
             change.reported_at, change.file_id, *_dates(self.run, change, after, policy),
             purchase.occurred_at if purchase else None, purchase.occurred_on if purchase else None)
        )  # fmt: skip
        if purchase or _amounts(before) != _amounts(after):
            base = decision.base_minor if purchase else None
            vouchers = decision.voucher_minor if purchase else None
            self.rewards.append(
                (row.id, base, *_amounts(after), vouchers, version_id if purchase else None,
                 self.vouchered[row.id])
            )  # fmt: skip
        self._add_parts(row, decision, before, after)

    def _add_parts(
        self, row: PurchaseRow, decision: Decision, before: Standing, after: Standing
    ) -> None:
        contracts = {(part.funder_kind, part.funder): part.contract for part in decision.parts}
        for position, part in enumerate(after.parts):
            if position < len(before.parts) and before.parts[position] == part:
                continue
            _, ref = self.run.party_names.get(part.funder_id, ("programme", ""))
            key = contracts.get((part.funder_kind, ref))
            contract_id = self.run.contract(key).id if key else None
            self.parts.append(
                (row.id, row.bucket, position, part.funder_kind, part.funder_id, contract_id, *part[2:])
            )  # fmt: skip

    def write(self, connection: Connection) -> None:
        """Write all updates, each table in one statement."""
        names = "ids validations reasons versions amounts hashes reported files confirmed release answer event at days"
        connection.execute(SQL.update_purchases, _columns(names, self.purchases))
        if self.rewards:
            names = "ids bases amounts released kept vouchers decisions vouchered"
            connection.execute(SQL.update_rewards, _columns(names, self.rewards))
        if self.parts:
            names = (
                "ids buckets positions kinds funders contracts commissions rewards shares margins"
            )
            connection.execute(SQL.save_parts, _columns(names, self.parts))


def _amounts(standing: Standing) -> tuple[int, int, int]:
    """R, L and K."""
    return standing.reward_minor, standing.released_minor, standing.kept_minor


def _columns(names: str, rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return dict(zip(names.split(), map(list, zip(*rows, strict=True)), strict=True))


class _Dates(NamedTuple):
    """The days a purchase carries after a change; release_on is empty while nothing is to be released.

    What a member keeps of a declined purchase stands as confirmed, and is released like it.
    """

    confirmed_on: date | None
    release_on: date | None
    answer_by: date | None
    event_on: date | None


def _dates(run: ProgrammeRun, change: Change, after: Standing, policy: Contract | None) -> _Dates:
    row = change.row
    day = change.purchase.occurred_on if change.purchase else row.occurred_on
    event_on = run.today if change.event is Event.HAPPEN else row.event_on
    if after.validation is not Validation.CONFIRMED:
        days = policy.auto_confirm_days if policy else None
        waits = change.validation is Validation.PENDING
        return _Dates(None, None, answer_date(days, day) if waits else None, event_on)
    confirmed_on = row.confirmed_on or run.today
    release_on = None
    if after.reward_minor > after.released_minor:
        release = policy.release if policy else Release(days=0)
        release_on = release_date(release, Moments(day, confirmed_on, event_on))
    return _Dates(confirmed_on, release_on, None, event_on)
