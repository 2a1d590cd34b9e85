"""What a few new orders need, read in one go: two queries that are sent together and answered together."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.rating.decision import MemberFacts
from cagnotte.domain.rating.rulebook import Rulebook
from cagnotte.journeys.arrivals import Arrived
from cagnotte.journeys.new_purchases import MemberRow
from cagnotte.journeys.recording import array_text, quoted
from cagnotte.ledger import services as ledger
from cagnotte.platform.sql import load
from cagnotte.purchases.reports import Report

Connection = psycopg.Connection[Any]
SQL = load("ingest")


@dataclass(slots=True)
class Context:
    """The answers to come. undisturbed: nothing is known yet of any of these orders; known once they are fetched."""

    connection: Connection
    standing: psycopg.Cursor[Any]
    counters: psycopg.Cursor[Any]
    undisturbed: bool = False

    def fetched(self) -> tuple[dict[str, MemberRow], dict[UUID, MemberFacts], set[UUID]]:
        """Return members by number, what is known of them by wallet, and which wallets are closed."""
        members: dict[str, MemberRow] = {}
        closed: set[UUID] = set()
        for known, ref, wallet, member, bucket, segments, is_closed, accounts in self.standing:
            self.undisturbed = not known
            members[ref] = MemberRow(wallet, member, bucket, frozenset(segments))
            if is_closed:
                closed.add(wallet)
            if accounts:
                ledger.note_open(self.connection, accounts)
        facts = {row.wallet_id: MemberFacts(row.segments, {}) for row in members.values()}
        for wallet, name, period, amount_minor, count in self.counters:
            facts[wallet].counters[name, period] = (amount_minor, count)
        return members, facts, closed


def read(
    connection: Connection,
    programme_id: UUID,
    rules: Rulebook,
    arrived: Arrived,
    reports: list[Report],
) -> Context:
    """Ask for everything, locking purchases, then wallets; in a pipeline nothing is waited for.

    The counters are asked for after the wallets are locked, by a statement of their own, which sees what the last
    holder of the locks has committed.
    """
    refs = array_text([quoted(ref) for ref in sorted({report.member for report in reports})])
    first_day = min((report.purchase.occurred_on for report in reports), default=date.max)
    windows = rules.counter_windows
    standing = connection.execute(
        SQL.lock_few,
        {
            "programme_id": programme_id,
            "source_id": arrived.source_id,
            "keys": array_text(
                [f'"\\\\x{arrived.delivery_key(report).hex()}"' for report in reports]
            ),
            "native_ids": array_text([quoted(report.native_id) for report in reports]),
            "refs": refs,
        },
    )
    counters = connection.execute(
        SQL.counters_of,
        {
            "programme_id": programme_id,
            "refs": refs,
            "names": array_text([quoted(name) for name in windows]),
            "since": array_text(
                [window.first_counted(first_day).isoformat() for window in windows.values()]
            ),
        },
    )
    return Context(connection, standing, counters)
