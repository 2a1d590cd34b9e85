"""What time does to claims: dates come, answers do not, and purchases arrive after all.

Each claim is a database transaction of its own, so that an answer that is given meanwhile is never overtaken. Doing it
again the same day changes nothing.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.claims import documents, services
from cagnotte.claims.selectors import SQL
from cagnotte.claims.services import PROGRAMME
from cagnotte.domain import claims as rules
from cagnotte.domain.claims import ClaimEvent, ClaimState
from cagnotte.journeys.answer_claim import accept_by_itself
from cagnotte.journeys.claim import moment, tell_step
from cagnotte.journeys.programme_run import ProgrammeRun

Connection = psycopg.Connection[Any]

AT_ONCE = 500
"""Claims looked up at a time."""

BY_TIME = tuple(state for state in ClaimState if rules.on_time(state))
"""States that end by themselves."""

_TOLD = {
    ClaimEvent.UNLOCK: "unlocked",
    ClaimEvent.EXPIRE: "expired",
}
"""Which steps of time the member is told of."""


@dataclass(slots=True)
class Tended:
    """How many claims were settled by a purchase, went on by time, and drafts that were dropped."""

    settled: int = 0
    stepped: int = 0
    dropped: int = 0


def tend(connection: Connection, run: ProgrammeRun) -> Tended:
    """Settle what has arrived, then let the programme's day take its steps. Commits as it goes."""
    done = Tended()
    for claim_id, purchase_id in _settled(connection, run):
        done.settled += _settle(connection, run, claim_id, purchase_id)
    while claims := _overdue(connection, run, BY_TIME):
        for claim_id in claims:
            done.stepped += _step(connection, run, claim_id)
    tried: set[UUID] = set()
    while drafts := set(_overdue(connection, run, (ClaimState.DRAFT,))) - tried:
        tried |= drafts
        for claim_id in sorted(drafts):
            done.dropped += _drop(connection, run, claim_id)
    return done


def _settled(connection: Connection, run: ProgrammeRun) -> list[tuple[UUID, UUID]]:
    asked = {
        "programme_id": run.id,
        "states": [state.value for state in rules.RESOLVABLE],
        "count": AT_ONCE,
    }
    with connection.transaction():
        return connection.execute(SQL.settled, asked).fetchall()


def _settle(connection: Connection, run: ProgrammeRun, claim_id: UUID, purchase_id: UUID) -> bool:
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id)
        if claim.state not in rules.RESOLVABLE:
            return False
        accept_by_itself(connection, run, claim, purchase_id)
        return True


def _overdue(
    connection: Connection, run: ProgrammeRun, states: tuple[ClaimState, ...]
) -> list[UUID]:
    asked = {
        "programme_id": run.id,
        "states": [state.value for state in states],
        "today": run.today,
        "count": AT_ONCE,
    }
    with connection.transaction():
        return [claim_id for (claim_id,) in connection.execute(SQL.overdue, asked)]


def _step(connection: Connection, run: ProgrammeRun, claim_id: UUID) -> bool:
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id)
        event = rules.on_time(claim.state)
        if event is None or claim.due_on is None or claim.due_on > run.today:
            return False
        after = services.step(connection, claim, event, by=PROGRAMME, when=moment(run))
        if event in _TOLD:
            tell_step(connection, run, after, _TOLD[event])
        return True


def _drop(connection: Connection, run: ProgrammeRun, claim_id: UUID) -> bool:
    """Drop a draft with its proofs; return whether it is gone. One with a file that cannot be deleted stays."""
    with connection.transaction():
        claim = services.lock(connection, run.id, claim_id)
        gone = services.drop(connection, claim)
        # Before the commit: no file is left that no row tells of. The draft that stays is tried again the next night.
        kept = [document_id for document_id in gone if not documents.delete(document_id)]
        dropped = claim.is_draft and not kept
        if kept:
            raise psycopg.Rollback
    return dropped
