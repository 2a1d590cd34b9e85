"""Once a day, after an hour of a programme's own clock, what is due is released and what is over expires."""

import time
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from cagnotte.domain.errors import CagnotteError
from cagnotte.identity.services import programme_id_of
from cagnotte.journeys import nightly
from cagnotte.journeys.nightly import SQL, Nights
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
