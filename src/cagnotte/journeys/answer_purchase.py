"""A shop answers for one purchase: confirmed, declined, or so much of it came back. Any source may have told of it.

What was answered is kept as a message like every other, also where it changes nothing.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.errors import Conflict, InvalidInput, NotFound
from cagnotte.domain.lifecycle import Event
from cagnotte.domain.purchases import Returned, Validation, with_returns
from cagnotte.journeys import restate
from cagnotte.journeys.arrivals import ArrivedMessages, in_one_transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, PurchaseRow, lock_by_id, state_change
from cagnotte.journeys.kept_runs import KeptRun
from cagnotte.journeys.recording import Recording
from cagnotte.journeys.take_purchases import SLOT, source_of
from cagnotte.platform.sql import load
from cagnotte.purchases import selectors

Connection = psycopg.Connection[Any]
INGEST = load("ingest")

_REPEATS = {Event.CONFIRM: Validation.CONFIRMED, Event.DECLINE: Validation.DECLINED}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a purchase.

    event_id: what the message is called; never the same for two. event: confirm, decline or amend. reason: of a
    decline, one of those of the life cycle. returned: of an amendment, all that came back so far.
    """

    event_id: str
    event: Event
    reason: str = ""
    returned: tuple[Returned, ...] = ()

    row_number = 1
    """Its place among the messages that came with it: it came alone."""

    @property
    def raw(self) -> str:
        """What was said, as it is kept."""
        told = {
            "event": self.event,
            "reason": self.reason,
            "returned": list(map(tuple, self.returned)),
        }
        return orjson.dumps({name: value for name, value in told.items() if value}).decode()


def answer(connection: Connection, kept: KeptRun, purchase_id: UUID, said: Answer) -> bool:
    """Confirm, decline or amend a purchase; return False when it stands like that already.

    Raises NotFound, IllegalTransition; for returns InvalidInput when it is more than was bought, Conflict where the
    order's own source tells them.
    """
    if purchase_id not in selectors.shown(connection, kept.run.id, [purchase_id]):
        raise NotFound("There is no such purchase.")
    arrived = ArrivedMessages(source_of(kept.run.id), [said.event_id])

    def work() -> bool:
        budgets = Budgets(connection, kept.run.id, kept.budgets, SLOT)
        budgets.load()
        row = lock_by_id(connection, [purchase_id])[purchase_id]
        connection.execute(INGEST.lock_wallets, {"wallet_ids": [row.wallet_id]})
        change = _change(connection, kept, row, said)
        recording = Recording()
        content = hashlib.blake2b(said.raw.encode(), digest_size=16).digest()
        outcome = "changed" if change else "unchanged"
        arrived.observe(said, row.id, outcome, content, kept.run.now, recording)
        changes = [change] if change else []
        restate.apply(connection, kept.run, changes, recording, budgets)
        recording.write(connection)
        budgets.save()
        if budgets:
            budgets.give_back()
        return change is not None

    return in_one_transaction(connection, work)


def _change(connection: Connection, kept: KeptRun, row: PurchaseRow, said: Answer) -> Change | None:
    """Return the change an answer makes, None for a repeat. Raises as `answer`."""
    if said.event is Event.AMEND:
        return _amendment(connection, kept, row, said.returned)
    if Validation(row.validation) is _REPEATS[said.event]:
        return None
    return state_change(row, said.event, said.reason)


def _amendment(
    connection: Connection, kept: KeptRun, row: PurchaseRow, returned: tuple[Returned, ...]
) -> Change | None:
    """Return the change that returns make, None when they are known."""
    appended = selectors.sources_that_append(connection, [row.id])
    if appended:
        raise Conflict(
            f"The returns of order {row.order_ref} are told by its own source, “{appended[row.id]}”."
        )
    before = selectors.latest_purchases(connection, [row.id], kept.run.zone)[row.id]
    lines = {line.number for line in before.lines}
    for place, one in enumerate(returned):
        if one.number and one.number not in lines:
            raise InvalidInput(
                f"The order has no line {one.number}.", pointer=f"#/lines/{place}/number"
            )
    after, placed = with_returns(before, returned)
    if not placed:
        raise InvalidInput("More is returned than was bought.", pointer="#/lines")
    if after == before:
        return None
    return Change(row, Event.AMEND, Validation(row.validation), row.reason, purchase=after)
