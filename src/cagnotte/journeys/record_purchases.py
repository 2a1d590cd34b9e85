"""Purchases are sent one by one, and told at once what became of them.

The same road as a file's: a call is a chunk of one, or of the few that arrived together. What has been answered is
committed. A message that comes again, by its event id, changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.errors import CagnotteError, NoSlot
from cagnotte.journeys.arrivals import ArrivedMessages, in_one_transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.orders import Chunk, Intake
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.behind import Behind
from cagnotte.platform.sql import load
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.models import Source
from cagnotte.purchases.reading.texts import OrderText
from cagnotte.purchases.reports import ReportReader

Connection = psycopg.Connection[Any]
SQL = load("ingest")

BATCH_MAX = 50
"""Messages that share one database transaction at most."""

FEW = BATCH_MAX
"""So few messages go down one pipeline by INSERT; more are worth the round trips of COPY."""

FIRST_SLOT, LAST_SLOT = 101, 164
"""The slices of budgets kept for recorders, apart from those of the writers of files."""


class Sent(NamedTuple):
    """A message about one order. event_id: what its source calls the message; a repeat carries the same."""

    event_id: str
    order: OrderText


class Taken(NamedTuple):
    """What became of a message: new, changed, unchanged, stale, repeated or rejected, the last with its error."""

    outcome: str
    error: CagnotteError | None = None


REPEATED = Taken("repeated")


class PurchaseRecorder:
    """Takes messages of one source, one batch after the other, on a connection of its own that it keeps.

    Reads the rules and the catalogue once: open a new one when they change.
    line_names: what the texts of an order's lines mean, in their order.

    Raises NoSlot when as many recorders as the programme's budgets can serve are open already.
    """

    def __init__(self, connection: Connection, run: ProgrammeRun, source: Source) -> None:
        self._connection = connection
        self._run = run
        self._source_id = source.id
        mapping = Mapping.from_data({"ref": source.ref, "kind": source.kind, **source.mapping})
        self.line_names = tuple(mapping.line_fields) or ("amount",)
        self._reader = ReportReader(
            mapping,
            self.line_names,
            products=catalog.products(connection, run.id),
            zone=run.zone,
            currency=run.programme.currency,
            now=run.now,
        )
        self._budgets = Budgets(connection, run.id, run.budgets(), _free_slot(connection, run))
        connection.execute(SQL.plan_for_session)
        connection.commit()

    def record(self, sent: Sequence[Sent], *, now: datetime) -> list[Taken]:
        """Take messages in their order, in one database transaction; return what became of each.

        All are taken or, when an error is raised, none; a rejected one does not hold up the others.
        """
        # The same event twice in a batch is one message, and its repeat.
        first: dict[str, Sent] = {}
        for message in sent:
            first.setdefault(message.event_id, message)
        arrived = ArrivedMessages(self._source_id, list(first))
        self._reader.set_clock(now)
        intake = Intake(self._run.at(now), arrived, self._reader, grouped=False)
        orders = [
            message.order._replace(row_number=number)
            for number, message in enumerate(first.values(), start=1)
        ]

        def take() -> Chunk:
            chunk = Chunk(self._connection, intake, self._budgets, Behind(None))
            if len(orders) <= FEW:
                chunk.take_few(list(orders))
            else:
                chunk.take(list(orders))
            return chunk

        chunk = in_one_transaction(self._connection, take, pipelined=len(orders) <= FEW)
        rejected = {row.row_number: row.error for row in chunk.rejected}
        answers = {
            event_id: Taken("rejected", rejected[number])
            if number in rejected
            else Taken(chunk.outcomes.get(number, "repeated"))
            for number, event_id in enumerate(first, start=1)
        }
        return [
            answers[message.event_id] if message is first[message.event_id] else REPEATED
            for message in sent
        ]

    def close(self) -> None:
        """Give back what is left of budgets, and the slot. The connection stays open."""
        with self._connection.transaction():
            self._budgets.give_back()
        self._connection.execute(SQL.free_slots)
        self._connection.commit()


def _free_slot(connection: Connection, run: ProgrammeRun) -> int:
    row = connection.execute(
        SQL.take_slot, {"programme_id": str(run.id), "first": FIRST_SLOT, "last": LAST_SLOT}
    ).fetchone()
    if row is None:
        raise NoSlot(
            f"All {LAST_SLOT - FIRST_SLOT + 1} recorders of “{run.programme.slug}” are in use; close some."
        )
    return int(row[0])
