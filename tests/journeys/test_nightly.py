"""Once a day, after an hour of a programme's own clock, what is due is released and what is over expires."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.db import OperationalError as DjangoOperationalError

from cagnotte.domain.errors import CagnotteError
from cagnotte.identity.models import Programme
from cagnotte.identity.services import programme_id_of
from cagnotte.journeys import close_account, nightly
from cagnotte.journeys.close_account import Closing
from cagnotte.journeys.nightly import SQL, STEPS, Nights, Step
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger import seals
from cagnotte.platform.database import connect
from tests.journeys.world import World

ONE_AT_NIGHT = datetime(2026, 3, 12, 0, 30, tzinfo=UTC)
"""In Paris it is half past one."""

THREE_AT_NIGHT = ONE_AT_NIGHT + timedelta(hours=2)
CORNER = programme_id_of("corner")
EXPIRED = datetime(2027, 3, 13, 3, tzinfo=UTC)


@pytest.fixture
def due(world: World) -> World:
    """A shop where 1.00 € may be released on the twelfth of March, and lives for a year."""
    world.buy("A1", "20.00", status="confirmed")
    return world


def night(nights: Nights, now: datetime) -> int:
    with connect() as connection:
        return nights.do_due(connection, now=now)


def test_it_waits_for_its_hour(due: World) -> None:
    nights = Nights()

    assert night(nights, ONE_AT_NIGHT) == 0
    assert due.member("1") == {"confirmed": 100}
    assert night(nights, THREE_AT_NIGHT) == 1
    assert due.member("1") == {"available": 100}


def test_it_is_done_once_a_day(due: World) -> None:
    nights = Nights()

    assert [night(nights, THREE_AT_NIGHT + timedelta(hours=hours)) for hours in (0, 1, 20, 24)] == [
        1,
        0,
        0,
        1,
    ]


def test_another_worker_that_does_the_same_night_again_changes_nothing(due: World) -> None:
    night(Nights(), THREE_AT_NIGHT)
    before = due.digest()

    assert night(Nights(), THREE_AT_NIGHT) == 1
    assert due.digest() == before


def test_a_programme_whose_night_another_is_doing_is_left_to_it(due: World) -> None:
    nights = Nights()
    with connect() as other:
        other.execute(SQL.begin_night, {"programme_id": CORNER})
        other.commit()

        assert night(nights, THREE_AT_NIGHT) == 0
        assert due.member("1") == {"confirmed": 100}

    assert night(nights, THREE_AT_NIGHT) == 1


def test_what_nobody_spent_in_time_expires(due: World) -> None:
    night(Nights(), THREE_AT_NIGHT)
    night(Nights(), EXPIRED)

    assert due.member("1") == {}
    assert due.faults() == []


def test_what_becomes_available_to_a_closed_account_is_kept_and_never_expires(due: World) -> None:
    ((wallet_id,),) = due.rows("SELECT wallet_id FROM identity_member WHERE ref = '1'")
    with connect() as connection:
        close_account.run(connection, Closing(CORNER, wallet_id, "EUR", due.now, due.now.date()))

    night(Nights(), THREE_AT_NIGHT)
    assert due.member("1") == {}
    assert due.books()["programme.unclaimed"] == 100
    night(Nights(), EXPIRED)
    assert due.books()["programme.unclaimed"] == 100
    assert due.faults() == []


def test_the_day_is_sealed(due: World) -> None:
    """By whichever night finds that nothing of it is still being written, elsewhere on the server too."""
    for _ in range(200):
        night(Nights(), THREE_AT_NIGHT)
        with connect() as connection:
            sealed = {head.programme_id for head in seals.heads(connection)}
        if sealed:
            break
        time.sleep(0.05)

    assert sealed == {CORNER}


def test_it_can_be_switched_off(due: World) -> None:
    assert night(Nights(hour=None), THREE_AT_NIGHT) == 0
    assert due.member("1") == {"confirmed": 100}


def test_a_programme_without_rules_keeps_no_other_waiting_and_is_tried_again(
    due: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights = Nights()
    with connect() as connection:
        make_programme_without_rules(connection)
        assert nights.do_due(connection, now=THREE_AT_NIGHT) == 2

    def fails(*_: object) -> None:
        raise CagnotteError("No.")

    monkeypatch.setattr(nightly, "STEPS", (nightly.Step("fails", fails),))
    later = THREE_AT_NIGHT + timedelta(days=1)
    assert night(nights, later) == 0
    monkeypatch.undo()
    assert night(nights, later + timedelta(minutes=59)) == 0
    assert night(nights, later + timedelta(hours=1)) == 2
    assert nights.done[CORNER] == date(2026, 3, 13)


def make_programme_without_rules(connection: psycopg.Connection[object]) -> None:
    connection.execute(
        "INSERT INTO identity_programme (id, slug, name, currency, timezone, created_at)"
        " VALUES (gen_random_uuid(), 'aa', 'Empty', 'EUR', 'Europe/Paris', now())"
    )
    connection.commit()


# ---- what goes wrong ----------------------------------------------------------------------------------------------

Fault = Callable[[psycopg.Connection[object]], object]


def key_error(_connection: psycopg.Connection[object]) -> None:
    raise KeyError("unknown")


def permission_error(_connection: psycopg.Connection[object]) -> None:
    raise PermissionError("proof")


def unique_violation(connection: psycopg.Connection[object]) -> None:
    """Leaves the database transaction failed, as a step does that runs into a constraint."""
    connection.execute("INSERT INTO identity_programme SELECT * FROM identity_programme")


def lock_not_available(_connection: psycopg.Connection[object]) -> None:
    raise psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")


def sentence(_connection: psycopg.Connection[object]) -> None:
    raise CagnotteError("No.")


FAULTS = (key_error, permission_error, unique_violation, lock_not_available, sentence)


class Diary:
    """The steps of the night, noted as they begin; `aa`, the first by its name, runs into a fault in one of them."""

    def __init__(self, at: str, fault: Fault) -> None:
        self.at, self.fault = at, fault
        self.begun: list[tuple[str, str]] = []

    def steps(self) -> tuple[Step, ...]:
        return tuple(step._replace(do=self._noting(step)) for step in STEPS)

    def of(self, slug: str) -> list[str]:
        return [name for programme, name in self.begun if programme == slug]

    def _noting(self, step: Step) -> Callable[[psycopg.Connection[object], ProgrammeRun], object]:
        def do(connection: psycopg.Connection[object], run: ProgrammeRun) -> object:
            self.begun.append((run.programme.slug, step.name))
            if (run.programme.slug, step.name) == ("aa", self.at):
                self.fault(connection)
            return step.do(connection, run)

        return do


def diary(monkeypatch: pytest.MonkeyPatch, at: str, fault: Fault) -> Diary:
    with connect() as connection:
        make_programme_without_rules(connection)
    found = Diary(at, fault)
    monkeypatch.setattr(nightly, "STEPS", found.steps())
    return found


ALL = [step.name for step in STEPS]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_step_that_fails_keeps_neither_later_ones_nor_other_programmes_from_their_night(
    due: World, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    told, nights = diary(monkeypatch, "claims", fault), Nights()

    assert night(nights, THREE_AT_NIGHT) == 1
    assert (told.of("aa"), told.of("corner")) == (ALL, ALL)
    assert due.member("1") == {"available": 100}
    assert nights.done == {CORNER: date(2026, 3, 12)}

    told.begun.clear()
    assert night(nights, THREE_AT_NIGHT + timedelta(minutes=59)) == 0
    assert told.begun == []
    told.at = "nothing"
    assert night(nights, THREE_AT_NIGHT + timedelta(hours=1)) == 1
    assert (told.of("aa"), told.of("corner")) == (ALL, [])


def test_what_takes_for_good_waits_for_the_release(
    due: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = diary(monkeypatch, "mature", key_error)

    assert night(Nights(), THREE_AT_NIGHT) == 1
    assert told.of("aa") == ["mature", "claims", "remind", "seal"]
    assert told.of("corner") == ALL


def test_automatic_payouts_do_not_wait_for_what_expires(
    due: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = diary(monkeypatch, "expire", unique_violation)

    assert night(Nights(), THREE_AT_NIGHT) == 1
    assert told.of("aa") == ALL


def test_a_programme_whose_clock_cannot_be_read_keeps_no_other_waiting(due: World) -> None:
    with connect() as connection:
        make_programme_without_rules(connection)
    Programme.objects.filter(slug="aa").update(timezone="Nowhere/Never")
    nights = Nights()

    assert night(nights, THREE_AT_NIGHT) == 1
    assert due.member("1") == {"available": 100}
    assert nights.done == {CORNER: date(2026, 3, 12)}


@pytest.mark.parametrize(
    "away",
    [
        psycopg.OperationalError("the connection is lost"),
        psycopg.errors.AdminShutdown("terminating connection due to administrator command"),
        DjangoOperationalError("the connection is lost"),
    ],
)
def test_a_database_that_is_away_ends_the_round_and_leaves_nobody_alone(
    due: World, monkeypatch: pytest.MonkeyPatch, away: Exception
) -> None:
    def gone(_connection: psycopg.Connection[object]) -> None:
        if isinstance(away, DjangoOperationalError):
            raise away from psycopg.OperationalError("the connection is lost")
        raise away

    told, nights = diary(monkeypatch, "expire", gone), Nights()

    with pytest.raises(type(away)):
        night(nights, THREE_AT_NIGHT)
    assert told.begun[-1] == ("aa", "expire")
    assert (nights.done, nights.left_alone) == ({}, {})
    assert due.member("1") == {"confirmed": 100}
    told.at = "nothing"
    assert night(nights, THREE_AT_NIGHT) == 2
