"""A shop answers for one purchase: confirmed, declined, or so much of it came back. Any source may have told of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.errors import Conflict, InvalidInput, NotFound
from cagnotte.domain.lifecycle import Event
from cagnotte.domain.purchases import Returned, Validation, with_returns
from cagnotte.journeys import restate
from cagnotte.journeys.arrivals import in_one_transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, PurchaseRow, lock_by_id, state_change
from cagnotte.journeys.kept_runs import KeptRun
from cagnotte.journeys.recording import Recording
from cagnotte.journeys.take_purchases import SLOT
from cagnotte.platform.sql import load
from cagnotte.purchases import selectors

Connection = psycopg.Connection[Any]
INGEST = load("ingest")

_REPEATS = {Event.CONFIRM: Validation.CONFIRMED, Event.DECLINE: Validation.DECLINED}


def confirm(connection: Connection, kept: KeptRun, purchase_id: UUID) -> bool:
    """Confirm a purchase; return False when it is already. Raises NotFound, IllegalTransition."""
    return _apply(connection, kept, purchase_id, Event.CONFIRM, "")


def decline(connection: Connection, kept: KeptRun, purchase_id: UUID, reason: str) -> bool:
    """Decline a purchase, with one of the reasons of the life cycle; return False when it is already.

    Raises NotFound, IllegalTransition.
    """
    return _apply(connection, kept, purchase_id, Event.DECLINE, reason)


def take_back(
    connection: Connection, kept: KeptRun, purchase_id: UUID, returned: Sequence[Returned]
) -> bool:
    """Say all that came back of a purchase so far; return False when that was known.

    Raises NotFound, InvalidInput for more than was bought, Conflict where its own source tells returns.
    """
    return _apply(connection, kept, purchase_id, Event.AMEND, "", returned)


def _apply(
    connection: Connection,
    kept: KeptRun,
    purchase_id: UUID,
    event: Event,
    reason: str,
    returned: Sequence[Returned] = (),
) -> bool:
    if purchase_id not in selectors.shown(connection, kept.run.id, [purchase_id]):
        raise NotFound("There is no such purchase.")

    def work() -> bool:
        budgets = Budgets(connection, kept.run.id, kept.budgets, SLOT)
        budgets.load()
        row = lock_by_id(connection, [purchase_id])[purchase_id]
        connection.execute(INGEST.lock_wallets, {"wallet_ids": [row.wallet_id]})
        if event is Event.AMEND:
            change = _amendment(connection, kept, row, returned)
        elif Validation(row.validation) is _REPEATS[event]:
            change = None
        else:
            change = state_change(row, event, reason)
        if change is None:
            return False
        recording = Recording()
        restate.apply(connection, kept.run, [change], recording, budgets)
        recording.write(connection)
        budgets.save()
        if budgets:
            budgets.give_back()
        return True

    return in_one_transaction(connection, work)


def _amendment(
    connection: Connection, kept: KeptRun, row: PurchaseRow, returned: Sequence[Returned]
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
