"""Programmes as a process keeps them from call to call, so that a call need not read rules that did not change."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.identity import selectors as identity
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.sql import load
from cagnotte.purchases.lines import Known

Connection = psycopg.Connection[Any]
SQL = load("runs")

PROGRAMMES_MAX = 64
"""Programmes kept; beyond, all are forgotten and read again as they are asked for."""

PRODUCTS_MAX = 50_000
ANSWERS_MAX = 1_000
ANSWER_BYTES_MAX = 16_000
"""How much is remembered of a programme."""

GOOD_FOR = timedelta(seconds=60)
"""How old an answer may be that was given before, here and wherever else it is kept."""

FRESH = timedelta(seconds=5)
"""How long a call that only asks goes on with what was read before without asking whether it still holds."""


class Answered(NamedTuple):
    """An answer that was given, and when it was found out."""

    at: datetime
    content: bytes


@dataclass(frozen=True, slots=True)
class Remembered:
    """What calls that only ask have found out under rules that still hold.

    products: what the catalogue knows of articles; forgotten whenever the rules are asked for. answers: by all that
    they depend on beside the programme; each is good for `GOOD_FOR`.
    """

    products: dict[str, Known] = field(default_factory=dict)
    answers: dict[tuple[object, ...], Answered] = field(default_factory=dict)

    def answer(self, key: tuple[object, ...], now: datetime) -> Answered | None:
        """Return an answer that is still good, None where there is none."""
        found = self.answers.get(key)
        return found if found and now - found.at < GOOD_FOR else None

    def keep(self, key: tuple[object, ...], answer: Answered) -> None:
        """Remember an answer, if it is small; all are forgotten when there are too many."""
        if len(answer.content) > ANSWER_BYTES_MAX:
            return
        if len(self.answers) >= ANSWERS_MAX:
            self.answers.clear()
        self.answers[key] = answer


class KeptRun(NamedTuple):
    """A programme as it was read. state: by which a later one is told from it. names: for sentences."""

    state: str
    asked_at: datetime
    run: ProgrammeRun
    budgets: dict[str, int]
    offer_names: dict[str, str]
    party_names: dict[tuple[str, str], str]
    remembered: Remembered

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether its rules were asked for a moment ago."""
        return abs(now - self.asked_at) < FRESH

    def at(self, now: datetime) -> "KeptRun":
        """Return the same at another moment."""
        return self._replace(run=self.run.at(now))


class KeptRuns:
    """The programmes of a process. Threads share them: whatever of them is filled later is filled alike by all."""

    def __init__(self) -> None:
        self._kept: dict[UUID, KeptRun] = {}
        self._lock = threading.Lock()

    def of(
        self,
        connection: Connection,
        programme_id: UUID,
        slug: str,
        now: datetime,
        *,
        stale_ok: bool = False,
    ) -> KeptRun:
        """Return a programme with the rules that hold now; stale_ok: or held some seconds ago. Raises NotFound."""
        kept = self._kept.get(programme_id)
        if kept and stale_ok and kept.is_fresh(now):
            return kept.at(now)
        with self._lock:
            kept = self._kept.get(programme_id)
            # Whoever waited here for another's look need not look again.
            if kept and stale_ok and kept.is_fresh(now):
                return kept.at(now)
            state = _state(connection, programme_id)
            if kept is None or kept.state != state:
                if len(self._kept) >= PROGRAMMES_MAX:
                    self._kept.clear()
                kept = _read(connection, slug, state, now)
            kept = kept._replace(
                asked_at=now, remembered=Remembered(answers=kept.remembered.answers)
            )
            self._kept[programme_id] = kept
        return kept.at(now)

    def forget(self) -> None:
        """Forget all; for tests and benches, which change databases under a process."""
        with self._lock:
            self._kept.clear()


RUNS = KeptRuns()
"""Those of this process."""


def _state(connection: Connection, programme_id: UUID) -> str:
    row = connection.execute(SQL.state_of_rules, {"programme_id": programme_id}).fetchone()
    return str(row[0]) if row else ""


def _read(connection: Connection, slug: str, state: str, now: datetime) -> KeptRun:
    run = ProgrammeRun.open(connection, slug, now)
    return KeptRun(
        state=state,
        asked_at=now,
        run=run,
        budgets=run.budgets(),
        offer_names=catalog.offer_names(run.id),
        party_names=identity.party_names(run.id),
        remembered=Remembered(),
    )
