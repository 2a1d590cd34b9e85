"""Debts that clawbacks left and nobody repaid: given up after the period of the contract they came from."""

from datetime import UTC, date, datetime

import pytest

from cagnotte.journeys import give_up_owing
from tests.journeys.world import World, corner

DUE = date(2026, 3, 12)
DEBT_DAY = date(2026, 3, 20)
LAST_DAY = date(2026, 4, 19)
"""Thirty days after the debt."""


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def spend_all(world: World, **orders: str) -> None:
    """Earn 5 % of some orders, have it released, and spend all of it."""
    world.now = at(DUE)
    for order, amount in orders.items():
        world.buy(order, amount, status="confirmed")
    world.mature(DUE)
    world.spend("S", world.member("1")["available"])


def decline(world: World, order: str, on: date = DEBT_DAY) -> None:
    world.now = at(on)
    world.answer(f"{order},decline,returned,,,")


def night(world: World, on: date) -> None:
    world.now = at(on)
    world.expire(on)


@pytest.fixture
def patient(empty_world: World) -> World:
    """The corner shop, which waits thirty days for what members owe."""
    empty_world.load(corner("give_up_owing_days: 30"))
    return empty_world


def test_a_debt_is_given_up_after_the_contracts_period_and_not_before(patient: World) -> None:
    spend_all(patient, A1="20.00")
    decline(patient, "A1")
    night(patient, LAST_DAY)
    assert patient.member("1") == {"owing": 100}

    night(patient, date(2026, 4, 20))

    assert patient.member("1") == {}
    assert patient.books() == {"programme.losses": 100, "merchant.clearing": -100}
    before = patient.rows("SELECT count(*) FROM ledger_entry")
    night(patient, date(2026, 5, 20))
    assert patient.rows("SELECT count(*) FROM ledger_entry") == before


def test_without_a_period_it_is_waited_for_for_ever(world: World) -> None:
    spend_all(world, A1="20.00")
    decline(world, "A1")
    night(world, date(2036, 4, 20))
    assert world.member("1") == {"owing": 100}


def test_repayments_go_to_the_oldest_debt(patient: World) -> None:
    spend_all(patient, A1="20.00", A2="10.00")
    decline(patient, "A1")
    decline(patient, "A2", date(2026, 3, 30))
    assert patient.member("1") == {"owing": 150}
    patient.now = at(date(2026, 4, 1))
    patient.buy("A3", "24.00", status="confirmed")
    patient.mature(date(2026, 4, 1))
    assert patient.member("1") == {"owing": 30}

    # The first debt is repaid; of the second, thirty cents are left, and its period is not over.
    night(patient, date(2026, 4, 25))
    assert patient.member("1") == {"owing": 30}
    night(patient, date(2026, 4, 30))
    assert patient.member("1") == {}
    assert patient.books()["programme.losses"] == 30


def test_an_older_debt_of_a_patient_contract_outlives_a_later_one(world: World) -> None:
    world.now = at(date(2026, 3, 2))
    world.load(corner("give_up_owing_days: 10"))
    world.now = at(DUE)
    world.buy("A2", "10.00", status="confirmed", at="2026-03-04T10:00:00")
    world.mature(date(2026, 4, 5))
    spend_all(world, A1="20.00")
    decline(world, "A1", date(2026, 4, 6))
    decline(world, "A2", date(2026, 4, 7))
    assert world.member("1") == {"owing": 150}

    # Again and again: what was given up of the later debt never counts against the earlier one.
    for day in (date(2026, 4, 18), date(2026, 4, 19), date(2027, 4, 19)):
        night(world, day)
        assert world.member("1") == {"owing": 100}
    assert world.books()["programme.losses"] == 50


def test_members_are_taken_some_at_a_time(patient: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(give_up_owing, "WALLETS_AT_ONCE_MAX", 1)
    patient.now = at(DUE)
    for member in "123":
        patient.buy(f"A{member}", "20.00", status="confirmed", member=member)
    patient.mature(DUE)
    for member in "123":
        patient.spend(f"S{member}", 100, member=member)
        decline(patient, f"A{member}", DEBT_DAY)
    night(patient, date(2026, 4, 20))
    assert patient.books()["programme.losses"] == 300
